//! What people and later stages are told about a service's door.

use super::desired::{Group, IngressSpec};
use super::listener::{self, Protocol};
use super::observed::{LoadBalancerState, Observed};
use serde::{Deserialize, Serialize};

/// Parts that do not exist yet are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressFacts {
    /// Where clients connect to: `http://…` or `https://…`, or `…:<port>` of a network load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer_group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_group: Option<String>,
    /// On which ports it listens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Whether it is in the private subnets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_internal: bool,
    pub is_active: bool,
}

pub(super) fn facts(spec: &IngressSpec, observed: &Observed) -> IngressFacts {
    let balancer = observed.load_balancer.as_ref().filter(|found| found.is_ours && spec.door().is_some());
    IngressFacts {
        url: balancer.and_then(|found| address(spec, &found.dns_name)),
        load_balancer: balancer.map(|found| found.arn.0.clone()),
        target_group: observed.target_group.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone()),
        load_balancer_group: observed.group(Group::LoadBalancer).map(|group| group.id.0.clone()),
        tasks_group: observed.group(Group::Tasks).map(|group| group.id.0.clone()),
        ports: balancer.map(|_| observed.listeners.iter().map(|found| found.port).collect()).unwrap_or_default(),
        is_internal: balancer.is_some_and(|found| !found.is_internet_facing),
        is_active: balancer.is_some_and(|found| found.state == LoadBalancerState::Active),
    }
}

fn address(spec: &IngressSpec, host: &str) -> Option<String> {
    let main = listener::listeners(spec.door()?).into_iter().next()?;
    Some(match main.protocol {
        Protocol::Http => format!("http://{host}"),
        Protocol::Https => format!("https://{host}"),
        Protocol::Tcp | Protocol::Tls => format!("{host}:{}", main.port),
    })
}
