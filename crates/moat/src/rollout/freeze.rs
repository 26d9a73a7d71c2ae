//! Windows of time in which no rollout begins by itself.

use crate::moment::Moment;
use crate::spec::Freeze;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::tz::TimeZone;

/// How many windows in a row are followed. More than the minutes of a week, so that only a freeze without end is cut off.
const IN_A_ROW: usize = 12_000;
/// Where the search begins that tells whether a pattern ever occurs: a Monday.
const ANY_DAY: Moment = Moment::from_millis(1_767_571_200_000);

/// When the freeze that is on at `now` is over; `None` when there is none. Windows that touch are one.
///
/// A window whose words cannot be read is passed over: the spec was checked when it was recorded.
pub fn ends(windows: &[Freeze], now: Moment) -> Option<Moment> {
    follow(windows, now).map(|(end, _)| end)
}

/// Whether the windows together leave no time for a rollout.
pub(crate) fn is_endless(windows: &[Freeze]) -> bool {
    follow(windows, ANY_DAY).is_some_and(|(_, is_cut_off)| is_cut_off)
}

fn follow(windows: &[Freeze], now: Moment) -> Option<(Moment, bool)> {
    let windows: Vec<Window> = windows.iter().filter_map(Window::of).collect();
    let mut at = now;
    for _ in 0..IN_A_ROW {
        match windows.iter().filter_map(|window| window.end(at)).max() {
            Some(end) => at = end,
            None => return (at > now).then_some((at, false)),
        }
    }
    Some((at, true))
}

struct Window {
    cron: Cron,
    zone: TimeZone,
    seconds: i64,
}

impl Window {
    fn of(freeze: &Freeze) -> Option<Self> {
        let zone = TimeZone::get(&freeze.time_zone).ok()?;
        Some(Self { cron: parse(&freeze.cron).ok()?, zone, seconds: i64::from(freeze.duration) })
    }

    /// When this window is over, if it is on. Of windows of one length, the one that began last ends last.
    fn end(&self, at: Moment) -> Option<Moment> {
        let at_second = Moment::from_millis(at.millis().div_euclid(1000) * 1000);
        let wall: Zoned = at_second.timestamp().to_zoned(self.zone.clone());
        let begin = self.cron.find_previous_occurrence(&wall, true).ok()?;
        let end = Moment::from_millis(begin.timestamp().as_millisecond()).plus_seconds(self.seconds);
        (end > at).then_some(end)
    }
}

fn parse(cron: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(cron).map_err(|error| match error {
        CronError::InvalidPattern(why) | CronError::IllegalCharacters(why) | CronError::ComponentError(why) => why,
        other => other.to_string(),
    })
}

/// What is wrong with the cron expression.
pub fn cron_objection(cron: &str) -> Option<String> {
    match parse(cron) {
        Err(error) => Some(format!(
            "{cron:?} is not a crontab expression ({}); it is minute, hour, day of the month, month and day of the week, like 0 18 * * FRI",
            error.trim_end_matches('.')
        )),
        Ok(cron) => {
            let from = ANY_DAY.timestamp().to_zoned(TimeZone::UTC);
            let never = cron.find_next_occurrence(&from, true).is_err();
            never.then(|| format!("{:?} never happens, since no such day exists", cron.as_str()))
        }
    }
}

/// What is wrong with the name of a time zone.
pub fn zone_objection(name: &str) -> Option<String> {
    TimeZone::get(name).is_err().then(|| {
        format!("{name:?} is not a time zone; use a name of the IANA time zone database, like Europe/Berlin or UTC")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freeze(cron: &str, hours: u32, time_zone: &str) -> Freeze {
        Freeze { cron: cron.into(), duration: hours * 3600, time_zone: time_zone.into() }
    }

    fn end(windows: &[Freeze], now: &str) -> String {
        ends(windows, Moment::new(now).unwrap()).map_or("open".into(), |end| end.to_string())
    }

    #[test]
    fn i11_a_freeze_goes_by_the_clock_of_its_time_zone() {
        let weekend = [freeze("0 18 * * FRI", 60, "Europe/Berlin")];
        // Friday 18:00 in Berlin is 17:00 UTC in winter and 16:00 UTC in summer.
        assert_eq!(end(&weekend, "2026-01-16T16:59:59.999Z"), "open");
        assert_eq!(end(&weekend, "2026-01-16T17:00:00Z"), "2026-01-19T05:00:00Z");
        assert_eq!(end(&weekend, "2026-01-19T04:59:59.999Z"), "2026-01-19T05:00:00Z");
        assert_eq!(end(&weekend, "2026-01-19T05:00:00Z"), "open");
        assert_eq!(end(&weekend, "2026-07-17T16:00:00Z"), "2026-07-20T04:00:00Z");
    }

    #[test]
    fn a_window_that_begins_in_the_hour_that_the_clock_skips_is_there_all_the_same() {
        let night = [freeze("30 2 29 3 *", 1, "Europe/Berlin")];
        assert_ne!(end(&night, "2026-03-29T01:10:00Z"), "open");
    }

    #[test]
    fn windows_that_touch_are_one() {
        let both = [freeze("0 0 * * SAT", 24, "UTC"), freeze("0 0 * * SUN", 24, "UTC")];
        assert_eq!(end(&both, "2026-01-17T12:00:00Z"), "2026-01-19T00:00:00Z");
        assert!(!is_endless(&both));
        assert!(is_endless(&[freeze("0 * * * *", 2, "UTC")]));
        assert!(!is_endless(&[freeze("* * * * 1-5", 1, "UTC")]));
    }

    #[test]
    fn what_is_no_crontab_expression_or_time_zone_is_told() {
        insta::assert_snapshot!(cron_objection("0 25 * * *").unwrap(), @r#""0 25 * * *" is not a crontab expression (Number out of bounds); it is minute, hour, day of the month, month and day of the week, like 0 18 * * FRI"#);
        insta::assert_snapshot!(cron_objection("every friday").unwrap(), @r#""every friday" is not a crontab expression (Pattern must have 5 fields when seconds are disallowed); it is minute, hour, day of the month, month and day of the week, like 0 18 * * FRI"#);
        insta::assert_snapshot!(cron_objection("0 0 30 2 *").unwrap(), @r#""0 0 30 2 *" never happens, since no such day exists"#);
        assert!(cron_objection("0 0 18 * * FRI").is_some(), "seconds");
        assert_eq!(cron_objection("0 18 * * fri"), None);
        insta::assert_snapshot!(zone_objection("Berlin").unwrap(), @r#""Berlin" is not a time zone; use a name of the IANA time zone database, like Europe/Berlin or UTC"#);
        assert_eq!(zone_objection("Europe/Berlin"), None);
    }
}
