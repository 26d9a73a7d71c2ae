use super::*;
use crate::rollout::samples::{at, digest, image};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

fn policy(rules: Value) -> String {
    json!({ "rules": rules }).to_string()
}

fn rule(priority: u64, selection: Value) -> Value {
    json!({"rulePriority": priority, "selection": selection, "action": {"type": "expire"}})
}

/// `a` runs as `latest`, `b` ran before and lost the tag, `c` is older.
fn repository() -> Vec<Candidate> {
    vec![image('a', at(-DAY), &["latest", "1.2"]), image('b', at(-3 * DAY), &["1.1"]), image('c', at(-9 * DAY), &[])]
}

fn needed() -> Vec<Needed> {
    let needed = |digit, what: &str| Needed { digest: digest(digit), what: what.into() };
    vec![needed('a', "the running image"), needed('b', "the previous image"), needed('c', "the image before")]
}

fn told(rules: Value, moving: Option<&str>) -> String {
    warnings(&policy(rules), &repository(), &needed(), moving, at(0)).join("\n")
}

#[test]
fn i13_an_image_that_the_policy_would_delete_now_or_soon_is_told() {
    let untagged =
        json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7});
    insta::assert_snapshot!(told(json!([rule(1, untagged)]), Some("latest")), @"rule 1 of the repository's lifecycle policy (untagged images, 7 days after their push) deletes the image before (sha256:cccccccccccc). A task that starts after that cannot pull it. Let the rule keep more");
    let few = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2});
    insta::assert_snapshot!(told(json!([rule(5, few)]), Some("latest")), @r"
    rule 5 of the repository's lifecycle policy (all images, but for the newest 2) deletes the previous image (sha256:bbbbbbbbbbbb) once tag latest moves on. A task that starts after that cannot pull it. Let the rule keep more
    rule 5 of the repository's lifecycle policy (all images, but for the newest 2) deletes the image before (sha256:cccccccccccc). A task that starts after that cannot pull it. Let the rule keep more
    ");
}

#[test]
fn i13_an_image_that_has_only_the_moving_tag_is_told_before_the_tag_moves() {
    let images = vec![image('a', at(0), &["latest"])];
    let untagged = json!({"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1});
    let warn = |number: u64| {
        let mut rule = rule(1, untagged.clone());
        rule["selection"]["countNumber"] = json!(number);
        warnings(&policy(json!([rule])), &images, &needed(), Some("latest"), at(0))
    };
    assert_eq!(warn(1), Vec::<String>::new());
    let old = json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14});
    let told = warnings(&policy(json!([rule(1, old)])), &images, &needed(), Some("latest"), at(0)).join("\n");
    insta::assert_snapshot!(told, @"rule 1 of the repository's lifecycle policy (untagged images, 14 days after their push) deletes the running image (sha256:aaaaaaaaaaaa) once tag latest moves on. A task that starts after that cannot pull it. Let the rule keep more");
}

#[test]
fn i13_a_rule_of_higher_priority_keeps_what_fits_it_from_those_after_it() {
    let keep = rule(
        1,
        json!({"tagStatus": "tagged", "tagPrefixList": ["1."], "countType": "imageCountMoreThan", "countNumber": 100}),
    );
    let all =
        rule(9, json!({"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 2}));
    let told = told(json!([all, keep]), Some("latest"));
    assert!(told.contains("the image before") && told.lines().count() == 1, "{told}");
}

#[test]
fn i13_patterns_must_all_be_met() {
    let selection = |patterns: Value| {
        json!([rule(
            1,
            json!({"tagStatus": "tagged", "tagPatternList": patterns, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 0})
        )])
    };
    assert_eq!(told(selection(json!(["late*", "1.*"])), None).lines().count(), 1);
    assert_eq!(told(selection(json!(["late*", "2.*"])), None), "");
    assert_eq!(told(selection(json!(["1.*"])), None).lines().count(), 2);
}

#[test]
fn i13_a_policy_that_cannot_be_read_is_told_and_none_is_no_danger() {
    assert_eq!(warnings("{}", &repository(), &needed(), None, at(0)).len(), 1);
    assert_eq!(told(json!([]), Some("latest")), "");
    let unknown = json!({"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 30});
    assert_eq!(told(json!([rule(1, unknown)]), None).lines().count(), 3);
}
