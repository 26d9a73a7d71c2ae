use super::*;
use crate::drift::finding::Difference;
use crate::plan::Hazard;

fn at(hour: i64) -> Moment {
    Moment::from_millis(0).plus_seconds(hour * 3600)
}

fn finding(field: &str) -> Finding {
    Finding::of(Difference::of("route-table private-a", field, "x", "y"), "mend it".into(), Hazard::Safe)
}

#[test]
fn d8_a_field_that_was_mended_twice_within_a_day_is_contested_until_the_first_is_a_day_ago() {
    let (mine, other) = (finding("route 0.0.0.0/0"), finding("route ::/0"));
    let once = Memory::default().with_repaired([&mine, &other], at(0));
    assert!(once.contested(at(1)).is_empty());
    let twice = once.with_repaired([&mine], at(5));
    assert_eq!(twice.contested(at(6)), [mine.slot()].into());
    assert_eq!(twice.contested(at(23)).len(), 1);
    assert!(twice.contested(at(24)).is_empty(), "the first is a day ago");
    let again = twice.with_repaired([&mine], at(25));
    assert_eq!(again.contested(at(26)).len(), 1, "at 5 and at 25");
    let later = again.with_repaired([], at(100));
    assert_eq!(later, Memory::default(), "what is older than a day is forgotten");
}

#[test]
fn a_record_reads_back_and_stays_small_by_forgetting_the_oldest() {
    let mut memory = Memory::default();
    for number in 0..500 {
        let finding = finding(&format!("rule {number}"));
        memory = memory.with_repaired([&finding], Moment::from_millis(number * 1000));
    }
    let asked = Question { id: "0".repeat(32), at: at(0), expires: at(24) };
    let text = memory.with_question(Some(asked.clone())).text();
    assert!(text.len() <= MAX_SIZE && text.len() > MAX_SIZE - 200, "{}", text.len());
    let read = Memory::read(Some(&text));
    assert_eq!(read.text(), text);
    assert_eq!(read.asked, Some(asked));
    let knows =
        |number: i64| read.with_repaired([&finding(&format!("rule {number}"))], at(1)).contested(at(1)).len() == 1;
    assert!(knows(499) && !knows(0), "the youngest is known, the oldest is not");
    assert_eq!(Memory::read(Some("garbage")), Memory::default());
    assert_eq!(Memory::read(None), Memory::default());
}
