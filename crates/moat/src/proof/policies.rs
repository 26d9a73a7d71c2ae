//! Reads the policy document of an endpoint.

use super::facts::{Policy, Statement};
use serde_json::Value;

/// A policy as AWS shows it. An endpoint that shows none lets everything through: its service knows no policies
/// ("Control access to VPC endpoints using endpoint policies").
pub fn read(document: Option<&str>) -> Policy {
    let Some(text) = document.filter(|text| !text.trim().is_empty()) else { return Policy::Full };
    let Ok(document) = serde_json::from_str::<Value>(text) else { return Policy::Unread };
    let statements = match &document["Statement"] {
        Value::Array(all) => all.iter().map(statement).collect(),
        one @ Value::Object(_) => statement(one).map(|one| vec![one]),
        _ => None,
    };
    match statements {
        Some(all) if all == [everything()] => Policy::Full,
        Some(all) => Policy::Statements(all),
        None => Policy::Unread,
    }
}

fn everything() -> Statement {
    Statement { allows: true, actions: vec!["*".into()], resources: vec!["*".into()], is_conditional: false }
}

fn statement(value: &Value) -> Option<Statement> {
    let allows = match value["Effect"].as_str()? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    let principal = &value["Principal"];
    let is_anyone = *principal == "*" || principal["AWS"] == "*" || principal["AWS"] == serde_json::json!(["*"]);
    let has_condition = value["Condition"].as_object().is_some_and(|condition| !condition.is_empty());
    let (actions, resources) = (texts(&value["Action"]), texts(&value["Resource"]));
    // NotAction, NotResource and NotPrincipal say what a list leaves out, which depends on everything else.
    let is_whole = is_anyone && actions.is_some() && resources.is_some();
    let any = || vec!["*".to_owned()];
    Some(Statement {
        allows,
        actions: actions.unwrap_or_else(any),
        resources: resources.unwrap_or_else(any),
        is_conditional: has_condition || !is_whole,
    })
}

/// One text, or a list of them.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(statements: Value) -> Policy {
        read(Some(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string()))
    }

    #[test]
    fn e1_what_aws_gives_an_endpoint_by_itself_is_full() {
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        assert_eq!(of(json!([open])), Policy::Full);
        assert_eq!(of(open), Policy::Full);
        assert_eq!(read(None), Policy::Full);
    }

    #[test]
    fn e1_statements_are_read_and_what_depends_on_more_is_marked() {
        let all = of(json!([
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["ecr:*"], "Resource": "arn:aws:ecr:*:1:repository/web"},
            {"Effect": "Deny", "Principal": "*", "NotAction": "ecr:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*", "Resource": "*"},
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:x": "true"}}},
        ]));
        let Policy::Statements(all) = all else { panic!("{all:?}") };
        assert_eq!(all[0].actions, ["ecr:*"]);
        assert_eq!(all.iter().map(|one| one.is_conditional).collect::<Vec<_>>(), [false, true, true, true]);
        assert_eq!(all.iter().map(|one| one.allows).collect::<Vec<_>>(), [true, false, true, true]);
    }

    #[test]
    fn what_is_no_policy_was_not_read() {
        assert_eq!(read(Some("{")), Policy::Unread);
        assert_eq!(of(json!([{"Effect": "Perhaps"}])), Policy::Unread);
        assert_eq!(read(Some("[]")), Policy::Unread);
    }
}
