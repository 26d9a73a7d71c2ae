//! What `moat-teardown` is asked for. The input names what to remove, and repeats the name: there is no way back.

use crate::name::Name;
use crate::plan::Problem;
use crate::spec::{Mode, Reader};
use crate::tags::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What to remove, and how thoroughly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub owner: Owner,
    /// Whether all services in the network go with it.
    pub with_services: bool,
    pub mode: Mode,
    pub logs: Logs,
}

/// What becomes of what the service wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Logs {
    /// The log group stays until its retention empties it, and a service of the same name takes it over.
    #[default]
    Keep,
    /// The log group is deleted with all that is in it.
    Delete,
}

/// What goes together with a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum With {
    /// All services that live in it.
    Services,
}

/// The input of `moat-teardown`, for the JSON Schema and for editors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "moat teardown",
    extend("oneOf" = [{"required": ["service"]}, {"required": ["network"]}]),
    extend("anyOf" = [
        {"required": ["confirm"]},
        {"properties": {"mode": {"const": "plan"}}, "required": ["mode"]},
    ])
)]
pub struct Document {
    /// The address of this schema, for editors. Ignored.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The service to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// The network to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Name>,
    /// The same name once more. Not needed to see a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// `services` removes every service of the network first. Without it, a network in use is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<With>,
    /// What becomes of the logs of the services that are removed.
    #[serde(default)]
    pub logs: Logs,
    /// `plan` removes nothing and answers with the steps.
    #[serde(default)]
    pub mode: Mode,
}

const FIELDS: &[&str] = &["$schema", "service", "network", "confirm", "with", "logs", "mode"];

/// Reads the input of an execution, with every problem at once.
///
/// # Errors
/// Each problem, with its JSON pointer. Nothing is removed then.
pub fn read(input: &Value) -> Result<Order, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut order = None;
    if let Some(mut fields) = Reader::open("", input, FIELDS, &mut problems) {
        let owner = owner(&mut fields);
        let mode = fields.optional("mode", Mode::Apply);
        let with: Option<With> = fields.optional("with", None);
        let with_services = with.is_some();
        let logs = fields.optional("logs", Logs::Keep);
        confirmation(&mut fields, mode);
        let is_network = matches!(owner, Some(Owner::Network(_)));
        if with_services && matches!(owner, Some(Owner::Service(_))) {
            fields.report("with", "can only be said of a network; a service is removed alone");
        }
        if logs == Logs::Delete && is_network && !with_services {
            fields.report("logs", "says what becomes of the logs of services, and a network alone has none");
        }
        order = owner.map(|owner| Order { owner, with_services, mode, logs });
    }
    order.filter(|_| problems.is_empty()).ok_or(problems)
}

fn owner(fields: &mut Reader<'_>) -> Option<Owner> {
    match (fields.value("service").is_some(), fields.value("network").is_some()) {
        (true, false) => fields.required("service").map(Owner::Service),
        (false, true) => fields.required("network").map(Owner::Network),
        (false, false) => {
            fields.report_here("names nothing to remove; give either \"service\" or \"network\"");
            None
        }
        (true, true) => {
            fields.report_here(
                "names both a service and a network; remove the service first, or the network \"with\": \"services\"",
            );
            None
        }
    }
}

/// The name must be repeated exactly. A wrong one is a problem that shows both.
fn confirmation(fields: &mut Reader<'_>, mode: Mode) {
    let named = ["service", "network"].map(|kind| Some((kind, fields.value(kind)?.as_str()?)));
    let ([Some((kind, name)), None] | [None, Some((kind, name))]) = named else { return };
    let given: Option<String> = match (mode, fields.value("confirm").is_some()) {
        (Mode::Plan, false) => return,
        (Mode::Apply, false) => {
            fields.report("confirm", format!("is required, and repeats the name of the {kind}: {name:?}"));
            return;
        }
        (_, true) => fields.required("confirm"),
    };
    if let Some(given) = given.filter(|given| given != name) {
        let message = format!("is {given:?}, but the {kind} to remove is {name:?}; the two must be the same");
        fields.report("confirm", message);
    }
}

/// The JSON Schema of the input, as it is kept in the project.
pub fn schema() -> Value {
    schemars::schema_for!(Document).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(input: Value) -> Vec<String> {
        let problems = read(&input).expect_err("it is wrong");
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_to_remove_is_named_and_confirmed() {
        let order = read(&json!({"service": "web", "confirm": "web"})).unwrap();
        let owner = Owner::Service(Name::new("web").unwrap());
        assert_eq!(order, Order { owner, with_services: false, mode: Mode::Apply, logs: Logs::Keep });
        let order = read(&json!({"network": "main", "confirm": "main", "with": "services", "logs": "delete"})).unwrap();
        assert!(order.with_services && order.logs == Logs::Delete);
        assert_eq!(read(&json!({"network": "main", "mode": "plan"})).unwrap().mode, Mode::Plan);
    }

    #[test]
    fn a_wrong_confirmation_names_both() {
        assert_eq!(
            problems(json!({"service": "web", "confirm": "wbe"})),
            ["/confirm: is \"wbe\", but the service to remove is \"web\"; the two must be the same"]
        );
        assert_eq!(
            problems(json!({"network": "main"})),
            ["/confirm: is required, and repeats the name of the network: \"main\""]
        );
        // A plan that was confirmed wrongly would be read as one for something else.
        assert_eq!(problems(json!({"network": "main", "confirm": "web", "mode": "plan"})).len(), 1);
    }

    #[test]
    fn all_problems_come_at_once_each_with_its_pointer() {
        insta::assert_snapshot!(
            problems(json!({"network": "main", "confirm": "Main", "with": "everything", "logs": "delete", "force": true})).join("\n"),
            @r#"
        /force: there is no such field; the fields here are $schema, service, network, confirm, with, logs, mode
        /with: must be `services`, but it is `everything`
        /confirm: is "Main", but the network to remove is "main"; the two must be the same
        /logs: says what becomes of the logs of services, and a network alone has none
        "#
        );
        assert_eq!(
            problems(json!({"service": "web", "confirm": "web", "with": "services"})),
            ["/with: can only be said of a network; a service is removed alone"]
        );
        assert!(problems(json!({}))[0].starts_with("the input: names nothing to remove"));
        assert!(problems(json!({"service": "web", "network": "main", "confirm": "web"}))[0].contains("names both"));
        assert!(problems(json!({"service": "Web", "confirm": "Web"}))[0].starts_with("/service: "));
        assert!(problems(json!(["web"]))[0].contains("must be a JSON object"));
    }
}
