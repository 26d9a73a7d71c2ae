use super::*;

fn conditions(hosts: &[&str], paths: &[&str]) -> Conditions {
    let all = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
    Conditions { hosts: all(hosts), paths: all(paths), others: Vec::new() }.sorted()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn what_says_more_is_looked_at_first_whoever_came_first() {
    let order = [
        conditions(&["api.example.com"], &["/v2/users"]),
        conditions(&["api.example.com"], &["/v2/*"]),
        conditions(&["api.example.com"], &["/*"]),
        conditions(&["api.example.com"], &[]),
        conditions(&["*.example.com"], &["/v2/*"]),
        conditions(&["*.example.com"], &[]),
        conditions(&[], &["/api/v2/*"]),
        conditions(&[], &["/api/*"]),
        conditions(&[], &["/*"]),
    ];
    for pair in order.windows(2) {
        assert!(pair[0].band().end <= pair[1].band().start, "{} before {}", pair[0], pair[1]);
    }
    let (first, last) = (conditions(&["a.b"], &[&format!("/{}", "x".repeat(127))]), conditions(&[], &[]));
    assert_eq!((first.band().start, last.band().end - 1), (1, 48_960));
}

#[test]
fn a_priority_is_the_names_own_and_never_one_that_is_taken() {
    let api = conditions(&[], &["/api/*"]);
    let first = api.priority(&name("api"), &BTreeSet::new()).unwrap();
    assert_eq!(api.priority(&name("api"), &BTreeSet::new()), Some(first), "the same wherever it is asked");
    let mut taken = BTreeSet::new();
    for at in 0..SLOTS {
        let priority = api.priority(&name(&format!("s{at}")), &taken).unwrap();
        assert!(api.band().contains(&priority) && taken.insert(priority));
    }
    assert_eq!(api.priority(&name("api"), &taken), None);
}

#[test]
fn only_a_rule_that_leads_where_its_tag_says_is_a_guests() {
    let rule = |service: Option<&str>, target: &str| ListenerRule {
        arn: "arn:rule".into(),
        priority: "7".into(),
        service: service.map(name),
        conditions: Conditions::default(),
        forwards_to: Some(target.into()),
    };
    let target = |service: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/moat-{service}/0f");
    let web = name("web");
    assert_eq!(rule(Some("api"), &target("api")).guest(&web), Some(&name("api")));
    assert_eq!(rule(Some("api"), &target("evil")).guest(&web), None);
    assert_eq!(rule(None, &target("api")).guest(&web), None);
    assert_eq!(rule(Some("web"), &target("web")).guest(&web), None, "its own has no rules");
}
