use super::*;
use serde_json::json;

fn text(output: &Value) -> String {
    Account::find(output).unwrap().text(65.0, Paint::OFF)
}

fn exit(output: &Value, asks: bool) -> Exit {
    Account::find(output).unwrap().exit(asks)
}

fn drift() -> Value {
    json!({
        "message": "1 way is open to the Internet that should not be! 3 networks and services checked: 1 clean, 1 repaired, 1 reported.",
        "counts": {"clean": 1, "repaired": 1, "reported": 1}, "findings": 3, "repaired": 1, "postponed": 0, "open": 1,
        "checked": [
            {"owner": "network main", "verdict": "repaired", "findings": [
                {"resource": "route-table private-a", "field": "route 0.0.0.0/0", "expected": "nat-gateway a", "found": "it is not there",
                 "step": "create route 0.0.0.0/0 to nat-gateway a in route-table private-a", "hazard": "safe", "fate": "repaired"},
            ]},
            {"owner": "service web", "verdict": "reported", "why": "its spec says \"none\"", "findings": [
                {"resource": "security-group tasks", "field": "rule", "expected": "nothing", "found": "tcp 22 from 0.0.0.0/0",
                 "step": "revoke tcp 22 from 0.0.0.0/0", "hazard": "destructive", "isHole": true, "fate": "reported"},
                {"resource": "subnet private-b", "field": "existence", "expected": "10.0.144.0/20", "found": "it is not there", "fate": "reported"},
            ]},
        ],
        "leftovers": ["elastic-ip eipalloc-1 of network old, 3.65 USD a month"],
    })
}

#[test]
fn d4_a_drift_run_tells_each_finding_with_what_became_of_it() {
    insta::assert_snapshot!(text(&drift()), @r#"
    1 way is open to the Internet that should not be! 3 networks and services checked: 1 clean, 1 repaired, 1 reported. (1 min 5 s)

    network main: repaired
      route-table private-a, route 0.0.0.0/0: should be nat-gateway a, but it is not there
        done: create route 0.0.0.0/0 to nat-gateway a in route-table private-a

    service web: reported
      its spec says "none"
      OPEN TO THE INTERNET: security-group tasks, rule: should be nothing, but is tcp 22 from 0.0.0.0/0
        not done, beyond what moat may do by itself: revoke tcp 22 from 0.0.0.0/0
      subnet private-b should be 10.0.144.0/20, but it is not there
        moat cannot mend that

    Left over (1)
      elastic-ip eipalloc-1 of network old, 3.65 USD a month
    "#);
}

#[test]
fn d2_a_clean_run_is_one_line_and_leaves_nothing_to_do() {
    let clean = json!({"outcome": "clean", "counts": {"clean": 4}, "findings": []});
    insta::assert_snapshot!(text(&clean), @"clean: 4 clean (1 min 5 s)");
    assert_eq!(exit(&clean, true), Exit::Settled);
}

#[test]
fn the_code_tells_what_is_left_only_where_it_is_asked_for_and_a_failed_repair_always() {
    assert_eq!(exit(&drift(), false), Exit::Settled);
    assert_eq!(exit(&drift(), true), Exit::Changes);
    assert_eq!(exit(&json!({"counts": {"repaired": 2}}), true), Exit::Settled);
    assert_eq!(exit(&json!({"outcome": "reported", "findings": ["a"]}), true), Exit::Changes);
    for verdict in BADLY {
        assert_eq!(exit(&json!({"counts": {"clean": 2, verdict: 1}}), false), Exit::Failed);
    }
}

#[test]
fn t5_a_teardown_tells_what_went_what_stays_and_that_nothing_costs() {
    let output = json!({
        "outcome": "removed", "of": "service web", "removed": ["scale service from 2 tasks to 0", "delete service"],
        "kept": ["log-group /moat/web: it holds what the service wrote"],
        "leftovers": {"services": 0, "loadBalancers": 0}, "billableLeftovers": 0,
    });
    insta::assert_snapshot!(text(&output), @r"
    service web: removed (1 min 5 s)

    Removed (2)
      scale service from 2 tasks to 0
      delete service

    Kept (1)
      log-group /moat/web: it holds what the service wrote

    Billable leftovers: 0 (load balancers 0, services 0)
    ");
    assert_eq!(exit(&output, false), Exit::Settled);
}

#[test]
fn t5_what_nobody_counted_is_not_none_and_what_is_left_is_a_failure() {
    let uncounted = json!({"outcome": "removed", "of": "service web", "removed": ["delete service"]});
    assert!(text(&uncounted).ends_with("\nBillable leftovers: unknown, since not everything was counted\n"));
    let left = json!({"outcome": "removed", "of": "network main", "removed": [], "billableLeftovers": 2});
    assert_eq!(exit(&left, false), Exit::Failed);
}

#[test]
fn a_plan_of_a_teardown_says_that_nothing_was_done() {
    let step = json!({"stage": "ingress", "step": "delete load-balancer", "hazard": "destructive"});
    let output = json!({"outcome": "planned", "of": "service web", "steps": ["delete service", step, {"odd": 1}]});
    insta::assert_snapshot!(text(&output), @r#"
    service web: planned (1 min 5 s)

    Steps, none of them taken (3)
      delete service
      - delete load-balancer  (destructive)
      {"odd":1}
    "#);
    assert_eq!(exit(&output, false), Exit::Settled);
}

#[test]
fn an_output_of_another_shape_is_left_to_json() {
    for other in [json!({"odd": true}), json!([]), json!("text"), json!(null), json!({"outcome": 1})] {
        assert!(Account::find(&other).is_none(), "{other}");
    }
}
