//! What `moat-verify` is asked for by hand: a service of moat by its name, or any service of any cluster.

use crate::ids::VpcId;
use crate::name::Name;
use crate::plan::Problem;
use crate::spec::Reader;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Whose tasks are proven private, and to reach what they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub cluster: String,
    pub service: String,
    /// Where the service is expected; where it really is when nothing is said.
    pub vpc: Option<VpcId>,
}

impl Order {
    /// For a service of moat's own.
    pub fn of(service: &Name) -> Self {
        let name = service.aws_name();
        Self { cluster: name.clone(), service: name, vpc: None }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, service, vpc: _ } = self;
        match service.strip_prefix("moat-") {
            Some(name) if cluster == service => write!(f, "service {name}"),
            _ => write!(f, "service {service} of cluster {cluster}"),
        }
    }
}

/// The input of `moat-verify`, for the JSON Schema and for editors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "moat verify", extend("dependentRequired" = {"vpc": ["cluster"]}))]
pub struct Document {
    /// The address of this schema, for editors. Ignored.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A service of moat by its name; or with `cluster` the name or ARN of any ECS service.
    pub service: String,
    /// The name or ARN of the service's ECS cluster, where moat did not make it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The VPC that the service is expected in. Left out, it is that of the service's subnets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
}

const FIELDS: &[&str] = &["$schema", "service", "cluster", "vpc"];

/// Reads the input, with every problem at once.
///
/// # Errors
/// Each problem, with its JSON pointer. Nothing is read from AWS then.
pub fn read(input: &Value) -> Result<Order, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut order = None;
    if let Some(mut fields) = Reader::open("", input, FIELDS, &mut problems) {
        let service = fields.required::<String>("service");
        let cluster = fields.optional::<Option<String>>("cluster", None);
        let vpc = fields.optional::<Option<String>>("vpc", None);
        for (name, text) in [("service", &service), ("cluster", &cluster)] {
            if let Some(text) = text.as_deref().filter(|text| !is_ecs_name(text)) {
                fields.report(name, format!("{text:?} is neither a name nor an ARN of ECS"));
            }
        }
        if let Some(text) = vpc.as_deref().filter(|text| !is_vpc(text)) {
            fields.report("vpc", format!("{text:?} is not a VPC's id; write it like vpc-0123456789abcdef0"));
        }
        if vpc.is_some() && cluster.is_none() {
            fields.report("cluster", "is required beside \"vpc\": a service of moat's own is found by its name alone");
        }
        order = service.and_then(|service| match cluster {
            Some(cluster) => Some(Order { cluster, service, vpc: vpc.map(VpcId::from) }),
            None => {
                let ours = Name::new(&service).map(|name| Order::of(&name));
                let wrong = |error| {
                    fields.report("service", format!("{error}; a service that moat did not make needs \"cluster\""))
                };
                ours.map_err(wrong).ok()
            }
        });
    }
    order.filter(|_| problems.is_empty()).ok_or(problems)
}

/// Names of clusters and services have letters, digits, hyphens and underscores, at most 255 ("CreateService", ECS API).
fn is_ecs_name(text: &str) -> bool {
    let name = match text.strip_prefix("arn:") {
        Some(rest) if rest.contains(":ecs:") => rest.rsplit('/').next().unwrap_or_default(),
        Some(_) => return false,
        None => text,
    };
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=255).contains(&name.len()) && name.chars().all(is_legal)
}

fn is_vpc(text: &str) -> bool {
    text.strip_prefix("vpc-").is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The JSON Schema of the input, as it is kept in the project.
pub fn schema() -> Value {
    schemars::schema_for!(Document).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_of_moat_is_named_by_its_name_alone_and_any_other_with_its_cluster() {
        let web = read(&json!({"service": "web"})).unwrap();
        assert_eq!((web.cluster.as_str(), web.service.as_str()), ("moat-web", "moat-web"));
        assert_eq!(web.to_string(), "service web");
        let api = read(&json!({"vpc": "vpc-0a1b", "cluster": "prod", "service": "Api_2"})).unwrap();
        assert_eq!(api.to_string(), "service Api_2 of cluster prod");
        assert_eq!(api.vpc, Some("vpc-0a1b".into()));
        assert!(read(&json!({"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod", "service": "api"})).is_ok());
    }

    #[test]
    fn s2_every_problem_is_told_at_once_by_its_pointer() {
        let problems = read(&json!({"service": "Api_2", "vpc": "main", "subnet": "x"})).unwrap_err();
        let mut pointers: Vec<&str> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/cluster", "/service", "/subnet", "/vpc"]);
    }
}
