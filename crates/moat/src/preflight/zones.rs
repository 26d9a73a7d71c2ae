//! Zones that have no Fargate. No API tells, so this is a dated list.

use super::account::Account;
use super::asked::Asked;
use super::finding::Finding;

/// When the list was looked up.
pub const AS_OF: &str = "2026-06";

/// Regions of which only some zones have Fargate, with those that have it, by zone id: zone names differ between accounts.
///
/// Source: "Supported Regions for Amazon ECS on AWS Fargate", Linux containers, Amazon ECS Developer Guide.
const SOME_ONLY: &[(&str, &[&str])] = &[
    ("usw1", &["usw1-az1", "usw1-az3"]),
    ("apne1", &["apne1-az1", "apne1-az2", "apne1-az4"]),
    ("cnn1", &["cnn1-az1", "cnn1-az2"]),
];

/// An availability zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// `us-west-1a`, as this account calls it.
    pub name: String,
    /// `usw1-az1`, the same in every account; empty where it is not told.
    pub id: String,
}

impl Zone {
    pub fn has_fargate(&self) -> bool {
        has_fargate(&self.id)
    }
}

/// Whether tasks can run in the zone with this id. One that the list does not know can.
pub fn has_fargate(id: &str) -> bool {
    let region = id.split('-').next().unwrap_or_default();
    SOME_ONLY.iter().find(|(of, _)| *of == region).is_none_or(|(_, zones)| zones.contains(&id))
}

/// Zones of the network in which no task can run. The network's plan avoids them, but what exists stays where it is.
pub(super) fn check(asked: &Asked, account: &Account) -> Vec<Finding> {
    let zones = match &account.zones {
        None => return Vec::new(),
        Some(Err(why)) => {
            let what = format!("moat could not tell which zones have Fargate ({why})");
            return vec![Finding::warn(what, "Tasks do not start in one that has none")];
        }
        Some(Ok(zones)) => zones,
    };
    let open: Vec<String> = zones.iter().filter(|zone| zone.has_fargate()).map(|zone| zone.name.clone()).collect();
    let placed = asked.placed(&open);
    let without = zones.iter().filter(|zone| !zone.has_fargate());
    let without = without.filter(|zone| placed.iter().any(|(_, name)| *name == zone.name));
    let finding = |zone: &Zone| {
        let what = format!("the network is in {} ({}), which had no Fargate in {AS_OF}", zone.name, zone.id);
        Finding::warn(what, "Tasks run in its other zones only; a network in other zones needs another name")
            .at("/network/zones")
    };
    without.map(finding).collect()
}
