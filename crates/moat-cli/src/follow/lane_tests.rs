use super::*;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::*;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use serde_json::json;

/// Reads events in the shape of `aws stepfunctions get-execution-history`.
fn history(events: Value) -> Vec<Event> {
    events.as_array().unwrap().iter().map(|event| Event::from(&sdk(event))).collect()
}

fn sdk(event: &Value) -> HistoryEvent {
    let kind = event["type"].as_str().unwrap();
    let built = HistoryEvent::builder()
        .id(event["id"].as_i64().unwrap())
        .previous_event_id(event["previousEventId"].as_i64().unwrap_or(0))
        .timestamp(DateTime::from_secs_f64(event["timestamp"].as_f64().unwrap()))
        .r#type(HistoryEventType::from(kind));
    let text = |details: &str, field: &str| event[details][field].as_str().map(str::to_owned);
    let resource =
        |details: &str| (text(details, "resourceType").unwrap_or_default(), text(details, "resource").unwrap());
    let built = if event.get("stateEnteredEventDetails").is_some() {
        let name = text("stateEnteredEventDetails", "name").unwrap();
        built.state_entered_event_details(StateEnteredEventDetailsBuilder::default().name(name).build().unwrap())
    } else if event.get("stateExitedEventDetails").is_some() {
        let name = text("stateExitedEventDetails", "name").unwrap();
        built.state_exited_event_details(StateExitedEventDetailsBuilder::default().name(name).build().unwrap())
    } else {
        match kind {
            "ExecutionStarted" => built.execution_started_event_details(
                ExecutionStartedEventDetailsBuilder::default()
                    .set_input(text("executionStartedEventDetails", "input"))
                    .build(),
            ),
            "TaskScheduled" => {
                let (kind, resource) = resource("taskScheduledEventDetails");
                let details = TaskScheduledEventDetailsBuilder::default().resource_type(kind).resource(resource);
                built.task_scheduled_event_details(details.region("us-east-1").parameters("{}").build().unwrap())
            }
            "TaskSubmitted" => {
                let (kind, resource) = resource("taskSubmittedEventDetails");
                let details = TaskSubmittedEventDetailsBuilder::default().resource_type(kind).resource(resource);
                let output = text("taskSubmittedEventDetails", "output");
                built.task_submitted_event_details(details.set_output(output).build().unwrap())
            }
            "TaskSucceeded" => {
                let (kind, resource) = resource("taskSucceededEventDetails");
                let details = TaskSucceededEventDetailsBuilder::default().resource_type(kind).resource(resource);
                let output = text("taskSucceededEventDetails", "output");
                built.task_succeeded_event_details(details.set_output(output).build().unwrap())
            }
            "TaskFailed" => {
                let (kind, resource) = resource("taskFailedEventDetails");
                let details = TaskFailedEventDetailsBuilder::default().resource_type(kind).resource(resource);
                let details = details.set_error(text("taskFailedEventDetails", "error"));
                built.task_failed_event_details(
                    details.set_cause(text("taskFailedEventDetails", "cause")).build().unwrap(),
                )
            }
            "ExecutionFailed" => built.execution_failed_event_details(
                ExecutionFailedEventDetailsBuilder::default()
                    .set_error(text("executionFailedEventDetails", "error"))
                    .set_cause(text("executionFailedEventDetails", "cause"))
                    .build(),
            ),
            _ => built,
        }
    };
    built.build().unwrap()
}

fn hear(lane: &mut Lane, events: Value) -> Vec<News> {
    history(events).into_iter().flat_map(|event| lane.hear(event)).collect()
}

const CHILD: &str = "arn:aws:states:us-east-1:123456789012:execution:moat-settle:8f2e";

/// As AWS writes it: chained, with `TaskSubmitted`, and with the states of both branches.
fn two_branches() -> Value {
    let started = json!({"ExecutionArn": CHILD, "SdkHttpMetadata": {"HttpStatusCode": 200}}).to_string();
    json!([
        {"id": 1, "previousEventId": 0, "timestamp": 100.0, "type": "ExecutionStarted",
         "executionStartedEventDetails": {"input": "{\"network\":{\"name\":\"main\"}}", "roleArn": "arn:aws:iam::123456789012:role/x"}},
        {"id": 2, "previousEventId": 0, "timestamp": 100.0, "type": "ParallelStateEntered",
         "stateEnteredEventDetails": {"name": "Settle side by side", "input": "{}"}},
        {"id": 3, "previousEventId": 2, "timestamp": 100.0, "type": "ParallelStateStarted"},
        {"id": 4, "previousEventId": 3, "timestamp": 100.1, "type": "TaskStateEntered",
         "stateEnteredEventDetails": {"name": "Settle network", "input": "{}"}},
        {"id": 5, "previousEventId": 3, "timestamp": 100.1, "type": "TaskStateEntered",
         "stateEnteredEventDetails": {"name": "Prove door", "input": "{}"}},
        {"id": 6, "previousEventId": 4, "timestamp": 100.2, "type": "TaskScheduled",
         "taskScheduledEventDetails": {"resourceType": "states", "resource": "startExecution.sync:2", "region": "us-east-1", "parameters": "{}"}},
        {"id": 7, "previousEventId": 5, "timestamp": 100.2, "type": "TaskScheduled",
         "taskScheduledEventDetails": {"resourceType": "lambda", "resource": "invoke", "region": "us-east-1", "parameters": "{}"}},
        {"id": 8, "previousEventId": 6, "timestamp": 100.3, "type": "TaskStarted"},
        {"id": 9, "previousEventId": 8, "timestamp": 100.4, "type": "TaskSubmitted",
         "taskSubmittedEventDetails": {"resourceType": "states", "resource": "startExecution.sync:2", "output": started}},
    ])
}

#[test]
fn a_nested_execution_is_found_by_the_chain_of_events() {
    let mut lane = Lane::default();
    let news = hear(&mut lane, two_branches());
    assert!(news.contains(&News::Child { execution: CHILD.into(), state: Some("Settle network".into()) }));
    assert_eq!(lane.status().states, ["Settle network", "Prove door"]);
    assert_eq!(lane.input["network"]["name"], "main");
}

#[test]
fn what_was_heard_before_is_not_told_again() {
    let mut lane = Lane::default();
    hear(&mut lane, two_branches());
    assert_eq!(hear(&mut lane, two_branches()), []);
}

#[test]
fn a_parallel_that_ends_takes_its_branches_along() {
    let mut lane = Lane::default();
    hear(&mut lane, two_branches());
    let failed = json!({"errorType": "Moat.Refused", "errorMessage": "subnet private-a is not private"}).to_string();
    let news = hear(
        &mut lane,
        json!([
            {"id": 10, "previousEventId": 7, "timestamp": 101.0, "type": "TaskFailed",
             "taskFailedEventDetails": {"resourceType": "lambda", "resource": "invoke", "error": "Moat.Refused", "cause": failed}},
            {"id": 11, "previousEventId": 9, "timestamp": 101.0, "type": "TaskStateAborted"},
            {"id": 12, "previousEventId": 10, "timestamp": 101.1, "type": "ParallelStateFailed"},
            {"id": 13, "previousEventId": 12, "timestamp": 101.1, "type": "ParallelStateExited",
             "stateExitedEventDetails": {"name": "Settle side by side", "output": "{}"}},
        ]),
    );
    let message = "subnet private-a is not private";
    let failed =
        News::Failed { state: Some("Prove door".into()), error: "Moat.Refused".into(), message: message.into() };
    assert_eq!(news[0], failed);
    assert_eq!(lane.status().states, [""; 0]);
    assert_eq!(lane.mishap.unwrap().state.as_deref(), Some("Prove door"));
}

/// As a local AWS writes it: no chain, no states inside of a Parallel, the child only when it has ended.
#[test]
fn a_local_aws_tells_less_and_that_is_enough() {
    let mut lane = Lane::default();
    let asked = json!({"resourceType": "states", "resource": "arn:aws:states:::states:startExecution.sync:2"});
    let output =
        json!({"ExecutionArn": CHILD, "Status": "SUCCEEDED", "Output": {"outcome": "settled", "changes": ["x"]}});
    let news = hear(
        &mut lane,
        json!([
            {"id": 1, "timestamp": 100.0, "type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}"}},
            {"id": 2, "timestamp": 100.0, "type": "ParallelStateEntered", "stateEnteredEventDetails": {"name": "Both"}},
            {"id": 3, "timestamp": 100.1, "type": "TaskScheduled", "taskScheduledEventDetails": asked},
        ]),
    );
    assert_eq!(news, [News::Begun { state: "Both".into() }, News::Nested]);
    assert_eq!(lane.status().states, ["Both"]);
    let news = hear(
        &mut lane,
        json!([
            {"id": 4, "timestamp": 105.0, "type": "TaskSucceeded",
             "taskSucceededEventDetails": {"resource": "arn:aws:states:::states:startExecution.sync:2", "output": output.to_string()}},
            {"id": 5, "timestamp": 105.0, "type": "ParallelStateExited", "stateExitedEventDetails": {"name": "Both"}},
        ]),
    );
    assert_eq!(
        news,
        [News::Child { execution: CHILD.into(), state: None }, News::Done { state: "Both".into(), took: 5.0 }]
    );
}

fn pass(id: i64, at: f64, reply: Value) -> Value {
    let output = json!({"ExecutedVersion": "$LATEST", "Payload": reply, "StatusCode": 200}).to_string();
    json!([{"id": id, "previousEventId": id - 1, "timestamp": at, "type": "TaskSucceeded",
            "taskSucceededEventDetails": {"resourceType": "lambda", "resource": "invoke", "output": output}}])
}

#[test]
fn a_pass_is_told_in_its_own_sentences() {
    let mut lane = Lane::default();
    let wait = json!({"outcome": "waiting", "isReady": true, "changes": [], "waiting": ["nat-gateway a nat-1 (pending)"],
                      "setbacks": [], "retryAfter": 90, "bindings": {}, "facts": {}});
    let mut reply = wait.clone();
    reply["changes"] = json!(["create vpc 10.0.0.0/16", "create nat-gateway a in subnet public-a"]);
    reply["setbacks"] = json!([{"error": "Moat.Conflict", "message": "create route: nat-1 is not there yet"}]);
    assert_eq!(
        hear(&mut lane, pass(1, 100.0, reply)),
        [
            News::Change("create vpc 10.0.0.0/16".into()),
            News::Change("create nat-gateway a in subnet public-a".into()),
            News::Setback {
                error: "Moat.Conflict".into(),
                message: "create route: nat-1 is not there yet".into(),
                next: 90
            },
            News::Waiting { on: vec!["nat-gateway a nat-1 (pending)".into()], next: 90 },
        ]
    );
    assert_eq!(lane.status().line(150.0), "waiting for nat-gateway a nat-1 (pending), next look in 40 s");
    assert_eq!(hear(&mut lane, pass(2, 190.0, wait)), [], "the same wait is not told twice");
}

#[test]
fn a_look_tells_how_much_there_is_to_do() {
    let reply = json!({"steps": [{"step": "create vpc 10.0.0.0/16", "hazard": "safe"}], "waiting": [], "problems": []});
    assert_eq!(hear(&mut Lane::default(), pass(1, 100.0, reply)), [News::Found { state: None, steps: 1, problems: 0 }]);
}

#[test]
fn the_look_at_the_account_tells_the_price_and_the_time() {
    let reply = json!({"findings": [], "problems": [], "warnings": [], "steps": [], "roles": [],
        "cost": {"monthlyUsd": 92.25, "lines": []}, "time": {"seconds": 215, "because": "the NAT gateway"}});
    let priced = News::Priced { state: None, monthly: 92.25, seconds: 215, problems: 0 };
    assert_eq!(hear(&mut Lane::default(), pass(1, 100.0, reply)), [priced]);
}

#[test]
fn a_retried_task_that_keeps_failing_is_told_once() {
    let failed = |id: i64| {
        let cause = json!({"errorType": "Moat.Locked", "errorMessage": "network main is held by web-1"}).to_string();
        json!([
            {"id": id, "timestamp": 1.0, "type": "TaskScheduled", "taskScheduledEventDetails": {"resourceType": "lambda", "resource": "invoke"}},
            {"id": id + 1, "timestamp": 1.0, "type": "TaskFailed",
             "taskFailedEventDetails": {"resource": "invoke", "error": "Moat.Locked", "cause": cause}},
        ])
    };
    let mut lane = Lane::default();
    hear(
        &mut lane,
        json!([{"id": 1, "timestamp": 0.0, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Take lock"}}]),
    );
    assert_eq!(hear(&mut lane, failed(2)).len(), 1);
    assert_eq!(hear(&mut lane, failed(4)).len(), 0);
    assert_eq!(lane.status().states, ["Take lock"]);
}

#[test]
fn a_failed_execution_is_over_with_its_sentence() {
    let mut lane = Lane::default();
    let news = hear(
        &mut lane,
        json!([{"id": 1, "timestamp": 1.0, "type": "ExecutionFailed",
        "executionFailedEventDetails": {"error": "Moat.Refused", "cause": "/network/cidr: the VPC has 10.1.0.0/16"}}]),
    );
    let ended = Ended { error: "Moat.Refused".into(), message: "/network/cidr: the VPC has 10.1.0.0/16".into() };
    assert_eq!(news, [News::Over(Ending::Failed(ended))]);
    assert!(lane.is_over());
}
