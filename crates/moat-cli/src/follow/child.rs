//! Which executions were started by another.
//!
//! AWS tells it in the history (`TaskSubmitted`). A local AWS tells it only when the nested execution has ended, so it
//! is searched for among the executions of the machines that the definition can start.

use serde_json::Value;
use std::collections::BTreeSet;

/// The state machines that a definition starts by name, anywhere in it.
pub fn machines(definition: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(definition) = serde_json::from_str(definition) {
        collect(&definition, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let resource = fields.get("Resource").and_then(Value::as_str).unwrap_or_default();
            if resource.contains(":states:startExecution") {
                let given = fields.get("Arguments").or_else(|| fields.get("Parameters"));
                let machine = given.and_then(|given| given.get("StateMachineArn")).and_then(Value::as_str);
                found.extend(machine.filter(|arn| arn.starts_with("arn:")).map(str::to_owned));
            }
            fields.values().for_each(|inner| collect(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

/// Whether an execution with this `input` was started by `parent`, which has `parent_input`.
///
/// An input that names its starter decides it. Otherwise both must be about the same network: while an execution holds
/// the lock of a name no other works on it, so nothing else can have started one in that time.
pub fn matches(parent: &str, parent_input: &Value, input: &Value) -> bool {
    if let Some(starter) = input.get("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID").and_then(Value::as_str) {
        return starter == parent;
    }
    let wanted = |stage: &str, field: &str| parent_input.get(stage)?.get(field)?.as_str();
    let request = input.get("request").unwrap_or(input);
    let given = |stage: &str| request.get(stage)?.get("name")?.as_str();
    let network = wanted("network", "name").or_else(|| wanted("service", "network"));
    let is_same_service = match (wanted("service", "name"), given("service")) {
        (Some(wanted), Some(given)) => wanted == given,
        (None, Some(_)) => false,
        (_, None) => true,
    };
    network.is_some() && network == given("network") && is_same_service
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PARENT: &str = "arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-1";
    const SETTLE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:moat-settle";

    #[test]
    fn machines_are_found_inside_of_branches() {
        let settle = json!({
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
            "Arguments": {"StateMachineArn": SETTLE, "Input": {"StateMachineArn": "arn:not:this"}},
        });
        let definition = json!({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "Settle network", "States": {"Settle network": settle.clone()}},
            {"StartAt": "Settle ingress", "States": {"Settle ingress": settle}},
        ]}}});
        assert_eq!(machines(&definition.to_string()), BTreeSet::from([SETTLE.to_owned()]));
        assert_eq!(machines("no definition"), BTreeSet::new());
    }

    #[test]
    fn a_child_is_known_by_its_starter_or_by_what_it_works_on() {
        let parent =
            json!({"network": {"name": "main"}, "service": {"name": "web", "network": "main", "image": "nginx"}});
        let child = json!({"what": "ingress", "request": {"network": {"name": "main"}, "service": {"name": "web"}}});
        assert!(matches(PARENT, &parent, &child));
        assert!(matches(PARENT, &parent, &json!({"request": {"network": {"name": "main"}, "service": null}})));
        assert!(!matches(PARENT, &parent, &json!({"request": {"network": {"name": "other"}}})));
        assert!(!matches(
            PARENT,
            &parent,
            &json!({"request": {"network": {"name": "main"}, "service": {"name": "api"}}})
        ));
        let mut claimed = child;
        claimed["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"] = "arn:another".into();
        assert!(!matches(PARENT, &parent, &claimed));
        assert!(!matches(PARENT, &json!({}), &json!({})));
    }

    #[test]
    fn a_service_alone_names_its_network() {
        let parent = json!({"service": {"name": "web", "network": "main", "image": "nginx"}});
        assert!(matches(
            PARENT,
            &parent,
            &json!({"request": {"network": {"name": "main"}, "service": {"name": "web"}}})
        ));
    }
}
