//! What carries moat's tags and belongs to nothing that is recorded. It is told with what it costs, and never touched.

use super::price;
use crate::name::{Logical, Name};
use crate::tags::{self, Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A resource with moat's tags, wherever it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// As describes show it: the bare id in EC2, the ARN elsewhere, the name of a log group.
    pub id: String,
    pub kind: Kind,
    pub owner: Owner,
    pub resource: Logical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Vpc,
    Subnet,
    InternetGateway,
    RouteTable,
    SecurityGroup,
    NatGateway,
    ElasticIp,
    GatewayEndpoint,
    InterfaceEndpoint,
    LoadBalancer,
    TargetGroup,
    Listener,
    Cluster,
    Service,
    Task,
    TaskDefinition,
    LogGroup,
    Other,
}

impl Tagged {
    /// From an ARN and its tags, as the Resource Groups Tagging API lists them. `None` when it is not moat's, or is one
    /// of moat's own parameters.
    pub fn read(arn: &str, tags: &BTreeMap<String, String>) -> Option<Self> {
        let resource = Logical::new(tags.get(tags::RESOURCE).cloned().unwrap_or_default());
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, rest) = (parts.next()?, parts.nth(2)?);
        let (kind, id) = match (service, rest.split_once(['/', ':'])?) {
            ("ssm", _) => return None,
            ("ec2", (kind, id)) => (Kind::of_ec2(kind, &resource), id),
            ("logs", (_, name)) => (Kind::LogGroup, name.trim_end_matches(":*")),
            ("elasticloadbalancing", (kind, _)) => (Kind::of_elb(kind), arn),
            ("ecs", (kind, _)) => (Kind::of_ecs(kind), arn),
            _ => (Kind::Other, arn),
        };
        Self::of(kind, id, tags)
    }

    /// From a describe that was filtered by moat's tags. `None` when it is not moat's.
    pub fn of(kind: Kind, id: impl Into<String>, tags: &BTreeMap<String, String>) -> Option<Self> {
        let named = |key: &str| tags.get(key).and_then(|name| Name::new(name).ok());
        let owner = named(tags::SERVICE).map(Owner::Service).or_else(|| named(tags::NETWORK).map(Owner::Network))?;
        let resource = Logical::new(tags.get(tags::RESOURCE).cloned().unwrap_or_default());
        Some(Self { id: id.into(), kind, owner, resource })
    }
}

impl Kind {
    fn of_ec2(kind: &str, resource: &Logical) -> Self {
        match kind {
            "vpc" => Self::Vpc,
            "subnet" => Self::Subnet,
            "internet-gateway" => Self::InternetGateway,
            "route-table" => Self::RouteTable,
            "security-group" => Self::SecurityGroup,
            "natgateway" => Self::NatGateway,
            "elastic-ip" => Self::ElasticIp,
            // An ARN does not tell the two kinds of endpoint apart; the one of S3 is free.
            "vpc-endpoint" if resource.as_str() == "vpc-endpoint s3" => Self::GatewayEndpoint,
            "vpc-endpoint" => Self::InterfaceEndpoint,
            _ => Self::Other,
        }
    }

    fn of_elb(kind: &str) -> Self {
        match kind {
            "loadbalancer" => Self::LoadBalancer,
            "targetgroup" => Self::TargetGroup,
            "listener" => Self::Listener,
            _ => Self::Other,
        }
    }

    fn of_ecs(kind: &str) -> Self {
        match kind {
            "cluster" => Self::Cluster,
            "service" => Self::Service,
            "task" => Self::Task,
            "task-definition" => Self::TaskDefinition,
            _ => Self::Other,
        }
    }

    /// Whether every one of it is seen by a look at its owner. Tasks and network interfaces inherit their service's
    /// tags, and of revisions only two are looked at.
    const fn is_looked_at(self) -> bool {
        !matches!(self, Self::Task | Self::TaskDefinition | Self::Other)
    }
}

/// Why a resource is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// No spec of its owner is recorded.
    Orphan,
    /// Its owner is recorded, but has no use for it: a copy under another name.
    Stray,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leftover {
    pub id: String,
    pub kind: Kind,
    /// `network main`, `service web`
    pub owner: String,
    #[schemars(with = "String")]
    pub resource: Logical,
    pub why: Why,
    /// US cents a month, without traffic; absent where it depends on what runs in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cents_per_month: Option<u32>,
}

/// What is left over among everything that carries moat's tags.
///
/// `recorded` are the owners with a spec, `seen` the ids that looks at owners saw, for each owner that could be read.
pub fn leftovers(
    recorded: &BTreeSet<Owner>,
    seen: &BTreeMap<Owner, BTreeSet<String>>,
    all: &[Tagged],
) -> Vec<Leftover> {
    let why = |one: &Tagged| {
        if !recorded.contains(&one.owner) {
            return Some(Why::Orphan);
        }
        let is_stray = one.kind.is_looked_at() && seen.get(&one.owner).is_some_and(|seen| !seen.contains(&one.id));
        is_stray.then_some(Why::Stray)
    };
    let left = all.iter().filter_map(|one| Some((one, why(one)?)));
    let mut left: Vec<Leftover> = left
        .map(|(one, why)| Leftover {
            id: one.id.clone(),
            kind: one.kind,
            owner: one.owner.to_string(),
            resource: one.resource.clone(),
            why,
            cents_per_month: price::cents(one.kind),
        })
        .collect();
    left.sort_by(|a, b| (&a.owner, a.kind, &a.id).cmp(&(&b.owner, b.kind, &b.id)));
    left
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, owner, resource, why, cents_per_month, .. } = self;
        write!(f, "{resource} {id} has the tags of {owner}, ")?;
        f.write_str(match why {
            Why::Orphan => "of which no spec is recorded",
            Why::Stray => "which has no use for it",
        })?;
        match cents_per_month {
            None => f.write_str("; what it costs depends on what runs in it"),
            Some(0) => f.write_str("; it costs nothing"),
            Some(cents) => write!(f, "; about {} USD a month", dollars(*cents)),
        }
    }
}

/// `32.85`
pub fn dollars(cents: u32) -> String {
    crate::price::dollars(cents.into())
}

#[cfg(test)]
#[path = "leftover_tests.rs"]
mod tests;
