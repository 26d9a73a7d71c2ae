//! A first provision, and an account that has room for it.

use super::*;
use crate::spec::ServiceSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const REGION: &str = "eu-west-1";

/// Everything new that a first provision of a network in two zones and a service makes.
pub fn first(nat: &str) -> Asked {
    let gateways: &[&str] = if nat == "single" { &["a"] } else { &["a", "b"] };
    let named = |kind: &str| gateways.iter().map(|letter| format!("{kind} {letter}")).collect::<Vec<_>>();
    let network: Vec<String> =
        ["vpc", "internet-gateway", "internet-gateway attachment", "subnet public-a", "vpc-endpoint s3"]
            .map(str::to_owned)
            .into_iter()
            .chain(named("elastic-ip"))
            .chain(named("nat-gateway"))
            .collect();
    let look = |makes: Value| json!({"steps": [{"step": "something", "hazard": "safe"}], "makes": makes});
    let asked = json!({
        "network": {"name": "main", "egress": {"nat": nat}},
        "service": {"name": "web", "network": "main", "image": "nginx:1"},
        "looks": {
            "network": look(json!(network)),
            "ingress": look(json!(["security-group load-balancer", "security-group tasks", "load-balancer", "target-group", "listener"])),
            "service": look(json!(["cluster", "log-group", "task-definition", "service"])),
        },
    });
    serde_json::from_value(asked).unwrap()
}

/// The same documents, when everything is there.
pub fn second() -> Asked {
    let first = first("single");
    Asked { looks: Looks::default(), ..first }
}

pub fn service() -> ServiceSpec {
    first("single").service.unwrap()
}

/// An account with the usual quotas in which nothing is used.
pub fn roomy() -> Account {
    let zone =
        |letter: char, number: u8| zones::Zone { name: format!("{REGION}{letter}"), id: format!("euw1-az{number}") };
    Account {
        region: REGION.into(),
        id: "123456789012".into(),
        limits: Quota::ALL.map(|quota| (quota, Ok(5))).into(),
        used: Quota::ALL.map(|quota| (quota, Ok(BTreeMap::new()))).into(),
        roles: [(LinkedRole::Ecs, Ok(true)), (LinkedRole::ElasticLoadBalancing, Ok(true))].into(),
        zones: Some(Ok(vec![zone('a', 2), zone('b', 1), zone('c', 3)])),
        taken: Some(Ok(Vec::new())),
        certificates: BTreeMap::new(),
        secrets: None,
        now: None,
    }
}

/// That account, with so many used in one place.
pub fn used(quota: Quota, place: &str, count: u32) -> Account {
    let mut account = roomy();
    account.used.insert(quota, Ok([(place.to_owned(), count)].into()));
    account
}
