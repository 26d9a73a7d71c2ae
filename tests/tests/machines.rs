//! The state machines as graphs, and what they and the Rust code must agree on.

mod infra;

use infra::{Scope, all_strings, between, list, machines, scopes, states, strings, successors};
use moat::error::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Errors of Lambda and of Step Functions that say nothing about what was asked, only that it was not answered.
const UNANSWERED: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.SdkClientException",
    "StepFunctions.ThrottlingException",
];

/// After one of these a Lambda may have created something that cannot be seen yet.
const PERHAPS_DONE: &[&str] =
    &["Lambda.ServiceException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"];

fn reachable<'a>(scope: &Scope<'a>, from: &'a str, without: Option<&str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if Some(name) == without || !seen.insert(name) {
            continue;
        }
        let state = scope.states.get(name).unwrap_or_else(|| panic!("{}: there is no state {name}", scope.name));
        open.extend(successors(state));
    }
    seen
}

fn ends(state: &Value) -> bool {
    state["End"] == true || state["Type"] == "Fail" || state["Type"] == "Succeed"
}

fn all_tasks() -> Vec<(String, Value)> {
    let machines = machines();
    let all = machines.iter().flat_map(|(name, machine)| states(name, machine));
    all.filter(|(_, state)| state["Type"] == "Task").map(|(name, state)| (name, state.clone())).collect()
}

fn retriers(state: &Value) -> Vec<(Vec<&str>, &Value)> {
    list(&state["Retry"]).iter().map(|retrier| (strings(&retrier["ErrorEquals"]), retrier)).collect()
}

#[test]
fn every_state_can_be_reached() {
    for (name, machine) in machines() {
        for scope in scopes(name, &machine) {
            let all: BTreeSet<&str> = scope.states.keys().map(String::as_str).collect();
            assert_eq!(all, reachable(&scope, scope.start, None), "{}", scope.name);
        }
    }
}

#[test]
fn from_every_state_there_is_a_way_to_an_end() {
    for (name, machine) in machines() {
        for scope in scopes(name, &machine) {
            for state in scope.states.keys() {
                let after = reachable(&scope, state, None);
                assert!(after.iter().any(|name| ends(&scope.states[*name])), "{}: {state}", scope.name);
            }
        }
    }
}

#[test]
fn every_state_either_ends_or_goes_on() {
    for (name, machine) in machines() {
        for (state_name, state) in states(name, &machine) {
            let goes_on = state.get("Next").is_some() || state.get("Default").is_some();
            assert_ne!(ends(state), goes_on, "{name}: {state_name}");
        }
    }
}

#[test]
fn every_task_has_a_timeout_a_retry_and_a_catch_for_everything() {
    for (name, state) in all_tasks() {
        assert!(state["TimeoutSeconds"].as_u64().is_some_and(|seconds| seconds > 0), "{name} has no timeout");
        assert!(!list(&state["Retry"]).is_empty(), "{name} has no retry");
        let caught = list(&state["Catch"]).last().map(|catch| strings(&catch["ErrorEquals"]));
        assert_eq!(caught, Some(vec!["States.ALL"]), "{name} lets errors through");
    }
}

#[test]
fn a_machine_says_what_it_is_for_and_ends_by_itself() {
    for (name, machine) in machines() {
        assert!(machine["Comment"].as_str().is_some_and(|comment| comment.ends_with('.')), "{name} has no comment");
        assert!(machine["TimeoutSeconds"].is_u64(), "{name} has no timeout");
        assert_eq!(machine["QueryLanguage"], "JSONata", "{name}");
    }
}

#[test]
fn error_names_are_those_of_the_code() {
    let known: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
    for (name, machine) in machines() {
        let mut found = Vec::new();
        all_strings(&machine, &mut found);
        for text in found {
            for rest in text.split("Moat.").skip(1) {
                let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
                // 'Moat.' alone is the prefix that tells our errors from others.
                assert!(word.is_empty() || known.contains(&&*format!("Moat.{word}")), "{name}: Moat.{word}");
            }
        }
    }
}

#[test]
fn what_was_refused_is_never_retried() {
    let kinds: BTreeMap<&str, Kind> = Kind::ALL.into_iter().map(|kind| (kind.name(), kind)).collect();
    for (name, state) in all_tasks() {
        for error in retriers(&state).into_iter().flat_map(|(errors, _)| errors) {
            match kinds.get(error) {
                Some(kind) => assert!(kind.is_retryable(), "{name} retries {error}"),
                // What is told twice does no harm.
                None if is_told(&state) => assert_eq!(error, "States.TaskFailed", "{name}"),
                None => assert!(UNANSWERED.contains(&error), "{name} retries {error}"),
            }
            assert!(error != Kind::Locked.name() || name == "Take lock", "{name} waits for a lock");
        }
    }
}

#[test]
fn what_will_get_better_is_retried_wherever_a_lambda_is_called() {
    for (name, state) in all_tasks().into_iter().filter(|(_, state)| calls_lambda(state)) {
        let retried: BTreeSet<&str> = retriers(&state).into_iter().flat_map(|(errors, _)| errors).collect();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_retryable() && *kind != Kind::Locked) {
            assert!(retried.contains(kind.name()), "{name} does not retry {kind}");
        }
    }
}

#[test]
fn a_pass_whose_answer_was_lost_is_not_made_again_before_its_work_can_be_seen() {
    for (name, state) in all_tasks() {
        for (errors, retrier) in retriers(&state) {
            if errors.iter().any(|error| PERHAPS_DONE.contains(error)) {
                assert!(retrier["IntervalSeconds"].as_u64() >= Some(5), "{name}: {retrier}");
                assert_eq!(retrier["JitterStrategy"], "NONE", "{name}: jitter would shorten the wait: {retrier}");
            } else if !errors.contains(&Kind::Locked.name()) {
                assert_eq!(retrier["JitterStrategy"], "FULL", "{name}: {retrier}");
                assert!(retrier["BackoffRate"].as_f64() > Some(1.0), "{name}: {retrier}");
            }
        }
    }
}

#[test]
fn another_execution_is_waited_for_some_ten_minutes() {
    let lock = &machines()["provision"]["States"]["Take lock"];
    let locked = retriers(lock).into_iter().find(|(errors, _)| errors.contains(&Kind::Locked.name()));
    let (_, retrier) = locked.expect("a retrier for the lock");
    let seconds = retrier["IntervalSeconds"].as_u64().unwrap() * retrier["MaxAttempts"].as_u64().unwrap();
    assert!((300..=900).contains(&seconds), "{seconds} s");
    assert!(retrier["IntervalSeconds"].as_u64() >= Some(10), "each attempt costs a state transition");
}

#[test]
fn no_failure_after_the_lock_ends_without_releasing_it() {
    for (name, failed) in [("provision", "Provision failed"), ("teardown", "Teardown failed")] {
        let machine = &machines()[name];
        let scope = &scopes(name, machine)[0];
        let without = reachable(scope, "Take lock", Some("Put the failure in words"));
        assert!(!without.contains(failed), "{name}: there is a way around the lock's release");
        let held = list(&scope.states["Lock taken?"]["Choices"]);
        assert_eq!(held[0]["Next"], "Release lock after failure");
        let release = &scope.states["Release lock after failure"];
        assert_eq!(successors(release), [failed, failed], "{name}: its own failure must not hide the first one");
        assert!(release["Catch"][0].get("Assign").is_none(), "{name}: its own failure must not hide the first one");
    }
}

#[test]
fn d11_no_owner_is_left_locked_by_who_looked_after_it() {
    let machine = &machines()["remediate"];
    let all = scopes("remediate", machine);
    let mend = all.iter().find(|scope| scope.start == "Begin with owner").unwrap();
    // Either the Lambda gave the lock back together with its answer, or nobody knows and it is given back here.
    let without = reachable(mend, "Take lock and look", Some("Release lock after failure"));
    let ended: Vec<&str> = without.iter().copied().filter(|name| ends(&mend.states[*name])).collect();
    assert_eq!(ended, ["Owner looked after"]);
    for asks in ["Take lock and look", "Look again"] {
        assert_eq!(mend.states[asks]["Catch"][0]["Next"], "Put the trouble in words", "{asks}");
    }
    let release = &mend.states["Release lock after failure"];
    assert_eq!(successors(release), ["Owner not looked after", "Owner not looked after"]);
    for scope in &all[1..] {
        assert!(scope.states.values().all(|state| state["Type"] != "Fail"), "{}: others would be stopped", scope.name);
    }
}

#[test]
fn d3_an_open_door_is_looked_at_again_before_the_schedule_does() {
    let machine = &machines()["remediate"];
    let all = scopes("remediate", machine);
    let mend = all.iter().find(|scope| scope.start == "Begin with owner").unwrap();
    let again = &mend.states["Anything to mend?"]["Choices"][1];
    let said = format!("$looks <= {}", moat::drift::ruling::PATIENCE);
    assert!(again["Condition"].as_str().unwrap().contains(&said), "{again}");
    assert_eq!(successors(&mend.states[again["Next"].as_str().unwrap()]), ["Take lock and look"]);
}

#[test]
fn t2_a_teardown_looks_at_everything_before_it_takes_anything_away() {
    let machine = &machines()["teardown"];
    let scope = &scopes("teardown", machine)[0];
    for (from, between) in [("Check order", "Look at each part"), ("Check order", "Anything in the way?")] {
        let around = reachable(scope, from, Some(between));
        assert!(!around.contains("Settle the next part"), "there is a way around {between}");
    }
    let plan = reachable(scope, "Plan reported", None);
    assert_eq!(plan, ["Plan reported"].into(), "a plan changes nothing");
    // One after the other, since each part stands on what comes after it.
    assert_eq!(successors(&scope.states["Settle the next part"]), ["Put the failure in words", "Any part left?"]);
}

#[test]
fn no_round_of_a_rollout_ends_with_its_lock() {
    let machine = &machines()["rollout"];
    let scope = &scopes("rollout", machine)[1];
    assert_eq!(scope.start, "Begin with service");
    for (name, state) in scope.states.iter().filter(|(_, state)| ends(state)) {
        assert_ne!(state["Type"], "Fail", "{name} would stop the rollouts of other services");
    }
    let after = reachable(scope, "Roll", Some("Release lock"));
    let ended: Vec<&str> = after.iter().copied().filter(|name| ends(&scope.states[*name])).collect();
    assert_eq!(ended, ["Service failed"]);
    let after = reachable(scope, "Take lock", Some("Release lock after failure"));
    assert!(!after.contains("Service failed"), "there is a way around the lock's release");
    let release = &scope.states["Release lock after failure"];
    assert_eq!(
        successors(release),
        ["Service failed", "Service failed"],
        "its own failure must not hide the first one"
    );
}

#[test]
fn i3_a_rollout_looks_once_more_after_it_has_given_its_lock_back() {
    let machine = &machines()["rollout"];
    let scope = &scopes("rollout", machine)[1];
    let after = reachable(scope, "Release lock", Some("Look once more"));
    let ended: Vec<&str> = after.iter().copied().filter(|name| ends(&scope.states[*name])).collect();
    // Whoever asks, or waits, takes the lock again. Another execution that has it then looks once more itself.
    assert!(ended.iter().all(|end| ["Service failed", "Service passed over"].contains(end)), "{ended:?}");
}

#[test]
fn an_outcome_that_nobody_could_be_told_is_an_outcome_all_the_same() {
    for (machine, number) in [("rollout", 3), ("remediate", 2)] {
        let definition = &machines()[machine];
        let told: Vec<_> = states(machine, definition).into_iter().filter(|(_, state)| is_told(state)).collect();
        assert_eq!(told.len(), number, "{machine}");
        for (name, state) in told.iter().filter(|(name, _)| name.starts_with("Tell")) {
            let ways: BTreeSet<&str> = successors(state).into_iter().collect();
            assert_eq!(ways.len(), 1, "{machine}: {name}");
        }
    }
}

#[test]
fn a_question_expires_when_the_spec_says_so_and_before_the_task_does() {
    let machine = &machines()["rollout"];
    let scope = &scopes("rollout", machine)[1];
    let ask = &scope.states["Ask people"];
    assert!(ask["HeartbeatSeconds"].as_str().unwrap().contains("$roll.expiresAfter"));
    // The longest that a spec may say.
    assert!(ask["TimeoutSeconds"].as_u64() > Some(604_800));
    let expired =
        list(&ask["Catch"]).iter().find(|catch| strings(&catch["ErrorEquals"]).contains(&"States.HeartbeatTimeout"));
    assert_eq!(expired.unwrap()["Next"], "Take lock");
}

#[test]
fn what_has_settled_does_not_fail_because_its_lock_stays() {
    for (name, end) in [("provision", "Provision settled"), ("teardown", "Teardown concluded")] {
        let release = &machines()[name]["States"]["Release lock"];
        assert_eq!(successors(release), [end, end]);
    }
}

#[test]
fn c10_the_account_is_looked_at_before_anything_is_recorded_or_made_and_what_stops_stops() {
    let machine = &machines()["provision"];
    let scope = &scopes("provision", machine)[0];
    for question in ["Look at account", "Any problems?"] {
        let around = reachable(scope, "Check spec", Some(question));
        for changes in ["Record spec", "Make missing roles", "Begin network", "Settle network alone", "Plan reported"] {
            assert!(scope.states.contains_key(changes) && !around.contains(changes), "{changes} without {question}");
        }
    }
    let refused = &scope.states["Any problems?"]["Choices"][0];
    assert!(refused["Condition"].as_str().unwrap().contains("$accountLook.problems"));
    assert!(refused["Assign"]["failures"][0]["error"]["Cause"].as_str().unwrap().contains("$accountLook.problems"));
}

#[test]
fn c6_roles_are_made_before_all_that_needs_them() {
    let machine = &machines()["provision"];
    let scope = &scopes("provision", machine)[0];
    let around = reachable(scope, "Check spec", Some("Roles missing?"));
    for needs in ["Begin network", "Begin ingress", "Settle side by side"] {
        assert!(scope.states.contains_key(needs) && !around.contains(needs), "{needs}");
    }
    assert_eq!(successors(&scope.states["Make missing roles"]), ["Put the failure in words", "Anything to do?"]);
}

#[test]
fn both_sides_come_to_rest_before_anything_is_decided() {
    let machine = machines().remove("provision").unwrap();
    let parallel = &machine["States"]["Settle side by side"];
    for branch in list(&parallel["Branches"]) {
        let states = branch["States"].as_object().unwrap();
        // A failing branch would stop the other one in the middle of a pass.
        assert!(states.values().all(|state| state["Type"] != "Fail"));
    }
}

#[test]
fn a_wait_is_as_long_as_the_lambda_says() {
    let machines = machines();
    let all = machines.iter().flat_map(|(name, machine)| states(name, machine));
    let waits = all.filter(|(_, state)| state["Type"] == "Wait");
    // But for one, after a failure: what a lost answer made must be visible to the look that comes next.
    let (after_failure, said_by_a_lambda): (BTreeMap<_, _>, BTreeMap<_, _>) = waits
        .map(|(name, state)| {
            (name, state["Seconds"].as_str().or(state["Timestamp"].as_str()).unwrap_or("after a failure").to_owned())
        })
        .partition(|(_, length)| length == "after a failure");
    assert_eq!(after_failure.len(), 1, "{after_failure:?}");
    let lengths = said_by_a_lambda;
    let said = [
        "$following.retryAfter",
        "$roll.decision.at",
        "$reply.retryAfter",
        "$begun.checked.retryAfter",
        "$group.after",
    ];
    assert_eq!(lengths.len(), said.len(), "{lengths:?}");
    for said in said {
        assert!(lengths.values().any(|length| length.contains(said)), "{said}: {lengths:?}");
    }
}

#[test]
fn a_nested_machine_gives_up_before_the_task_that_waits_for_it() {
    let machines = machines();
    let settle = machines["settle"]["TimeoutSeconds"].as_u64().unwrap();
    let is_nested = |state: &Value| state["Resource"].to_string().contains("startExecution.sync");
    let nested = all_tasks().into_iter().filter(|(_, state)| is_nested(state));
    let mut total = 0;
    for (name, state) in nested {
        assert!(state["TimeoutSeconds"].as_u64() > Some(settle), "{name}");
        total += settle;
    }
    assert!(total > 0);
    // The longest way: begin network, begin ingress, then network and service.
    assert!(machines["provision"]["TimeoutSeconds"].as_u64() > Some(4 * settle));
}

#[test]
fn even_the_longest_settle_fits_into_an_execution_history() {
    let settle = machines().remove("settle").unwrap();
    let far = settle["States"]["Far enough?"].to_string();
    let passes: u64 = far.split("$passes >= ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let attempts: u64 = list(&settle["States"]["Make a pass"]["Retry"])
        .iter()
        .map(|retrier| retrier["MaxAttempts"].as_u64().unwrap())
        .sum();
    // entered, scheduled, started, succeeded, exited; three for each attempt that failed; Choice and Wait two each
    let events = passes * (5 + 3 * attempts + 2 + 2);
    assert!(events < 25_000, "{events} events");
}

#[test]
fn no_variable_of_a_branch_hides_one_outside() {
    // Step Functions refuses such a machine; a local AWS would mix the two up.
    for (name, machine) in machines() {
        let mut taken = BTreeMap::new();
        for scope in scopes(name, &machine) {
            let mut own = BTreeSet::new();
            for state in scope.states.values() {
                let inner = list(&state["Choices"]).iter().chain(list(&state["Catch"]));
                let assigns = std::iter::once(state).chain(inner).filter_map(|part| part["Assign"].as_object());
                own.extend(assigns.flat_map(|assign| assign.keys().cloned()));
            }
            for variable in own {
                let before = taken.insert(variable.clone(), scope.name.clone());
                assert_eq!(before, None, "{}: ${variable}", scope.name);
            }
        }
    }
}

#[test]
fn nothing_is_used_that_a_local_aws_ignores() {
    for (name, machine) in machines() {
        for (state_name, state) in states(name, &machine) {
            let is_distributed = state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED";
            let ignored: &[&str] = match state["Type"].as_str().unwrap() {
                "Parallel" => &["Output", "Assign", "Arguments"],
                "Map" if is_distributed => &["Output", "Assign"],
                "Succeed" => &["Output"],
                _ => &[],
            };
            for field in ignored {
                assert!(state.get(field).is_none(), "{name}: {state_name} has {field}; use a Pass");
            }
        }
    }
}

#[test]
fn state_names_read_as_orders_questions_and_ends() {
    const ORDERS: &str = "Ask Begin Check Conclude Find Follow List Look Make Mend Prove Publish Read Record Release \
                          Report Roll Settle Start Take Tell Wait";
    for (name, machine) in machines() {
        for (state_name, state) in states(name, &machine) {
            let first = state_name.split(' ').next().unwrap();
            let is_past = state_name.split(' ').any(|word| word.ends_with("ed") || word == "went" || word == "was");
            match state["Type"].as_str().unwrap() {
                "Task" | "Wait" | "Parallel" | "Map" => {
                    assert!(ORDERS.split(' ').any(|order| order == first), "{name}: {state_name}");
                }
                "Choice" => assert!(state_name.ends_with('?'), "{name}: {state_name}"),
                "Fail" => assert!(is_past, "{name}: {state_name}"),
                "Pass" => assert_eq!(is_past, ends(state), "{name}: {state_name}"),
                other => panic!("{name}: {state_name} is a {other}"),
            }
            assert!(state_name.len() <= 80, "Step Functions allows 80 characters");
        }
    }
}

#[test]
fn the_template_fills_in_every_name_that_a_machine_leaves_open() {
    let template = infra::template();
    for machine in infra::resources(&template, "AWS::Serverless::StateMachine").values() {
        let file = machine["DefinitionUri"].as_str().unwrap();
        let text = infra::text(&format!("infra/{file}"));
        let given = machine["DefinitionSubstitutions"].as_object();
        let given: BTreeSet<&str> = given.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert_eq!(between(&text, "${", '}'), given, "{file}");
    }
}

/// A notification, or a question.
fn is_told(state: &Value) -> bool {
    ["events:putEvents", "sns:publish"]
        .iter()
        .any(|call| state["Resource"].as_str().is_some_and(|it| it.contains(call)))
}

fn calls_lambda(state: &Value) -> bool {
    state["Resource"] == "arn:aws:states:::lambda:invoke"
}
