//! What `moat-remediate` is asked for: everything, one network or one service; to mend, to look, or to do what a person
//! said yes to.

use crate::name::Name;
use crate::plan::Problem;
use crate::spec::{Mode, Reader};
use crate::tags::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whom a run is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every network and every service that is recorded.
    All,
    One(Owner),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub scope: Scope,
    pub mode: Mode,
    /// The id of the question that a person says yes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

/// The input of `moat-remediate`, for the JSON Schema and for editors. `{}` is everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "moat remediate",
    extend("not" = {"required": ["service", "network"]}),
    extend("dependentSchemas" = {"approve": {"anyOf": [{"required": ["service"]}, {"required": ["network"]}]}}),
)]
pub struct Document {
    /// The address of this schema, for editors. Ignored.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Only this network, without its services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Name>,
    /// Only this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// `plan` looks and changes nothing.
    #[serde(default)]
    pub mode: Mode,
    /// The id of an open question, as the report gives it: yes to what it asks, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

const FIELDS: &[&str] = &["$schema", "network", "service", "mode", "approve"];

/// Reads the input of an execution, with every problem at once.
///
/// # Errors
/// Each problem, with its JSON pointer. Nothing is read from AWS then.
pub fn read(input: &Value) -> Result<Order, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut order = None;
    if let Some(mut fields) = Reader::open("", input, FIELDS, &mut problems) {
        let network = fields.optional::<Option<Name>>("network", None).map(Owner::Network);
        let service = fields.optional::<Option<Name>>("service", None).map(Owner::Service);
        let mode = fields.optional("mode", Mode::Apply);
        let approve = fields.optional::<Option<String>>("approve", None);
        if network.is_some() && service.is_some() {
            fields.report_here("names both a network and a service; give one of them, or neither to check everything");
        }
        if approve.is_some() && network.is_none() && service.is_none() {
            fields
                .report("approve", "is a yes to one question; name the network or the service that it was asked about");
        }
        if approve.is_some() && mode == Mode::Plan {
            fields.report("approve", "says that something is to be done, and mode \"plan\" does nothing");
        }
        let scope = network.or(service).map_or(Scope::All, Scope::One);
        order = Some(Order { scope, mode, approve });
    }
    order.filter(|_| problems.is_empty()).ok_or(problems)
}

/// The JSON Schema of the input, as it is kept in the project.
pub fn schema() -> Value {
    schemars::schema_for!(Document).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(input: &Value) -> Vec<String> {
        read(input).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_said_is_everything() {
        assert_eq!(read(&json!({})).unwrap(), Order { scope: Scope::All, mode: Mode::Apply, approve: None });
    }

    #[test]
    fn d6_a_yes_names_its_owner_and_its_question() {
        let order = read(&json!({"service": "web", "approve": "0a1b"})).unwrap();
        assert_eq!(order.scope, Scope::One(Owner::Service(Name::new("web").unwrap())));
        assert_eq!(order.approve.as_deref(), Some("0a1b"));
        assert_eq!(problems(&json!({"approve": "0a1b"})).len(), 1);
        assert_eq!(problems(&json!({"network": "main", "approve": "0a1b", "mode": "plan"})).len(), 1);
    }

    #[test]
    fn s2_every_problem_is_told_at_once_by_its_pointer() {
        let all = problems(&json!({"network": "main", "service": "Web!", "mode": "look", "force": true}));
        for pointer in ["/service", "/mode", "/force"] {
            assert!(all.iter().any(|problem| problem.starts_with(pointer)), "{pointer}: {all:#?}");
        }
        assert!(problems(&json!({"network": "main", "service": "web"}))[0].contains("both"));
    }
}
