//! What people and later stages are told about a service's door.

use super::desired::{Group, IngressSpec};
use super::listener::{self, Protocol};
use super::observed::{Listener, LoadBalancerState, Observed};
use crate::spec::LoadBalancerSpec;
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
    let own = observed.load_balancer.as_ref().filter(|found| found.is_ours && spec.own_door().is_some());
    let host = observed.host.as_ref();
    let shared = host.and_then(|host| host.load_balancer.as_ref()).filter(|found| found.is_ours);
    let balancer = own.or(shared);
    let listeners = host.map_or(&observed.listeners, |host| &host.listeners);
    IngressFacts {
        url: balancer.and_then(|found| address(spec, observed, &found.dns_name)),
        load_balancer: balancer.map(|found| found.arn.0.clone()),
        target_group: observed.target_group.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone()),
        load_balancer_group: observed.id_of(Group::LoadBalancer).map(|id| id.0),
        tasks_group: observed.group(Group::Tasks).map(|group| group.id.0.clone()),
        ports: balancer.map(|_| listeners.iter().map(|found| found.port).collect()).unwrap_or_default(),
        is_internal: balancer.is_some_and(|found| !found.is_internet_facing),
        is_active: balancer.is_some_and(|found| found.state == LoadBalancerState::Active),
    }
}

fn address(spec: &IngressSpec, observed: &Observed, host: &str) -> Option<String> {
    if let Some(door) = spec.door().filter(|door| door.shared.is_some()) {
        return shared_address(door, observed.host.as_ref()?.main()?, host);
    }
    let main = listener::listeners(spec.door()?).into_iter().next()?;
    Some(match main.protocol {
        Protocol::Http => format!("http://{host}"),
        Protocol::Https => format!("https://{host}"),
        Protocol::Tcp | Protocol::Tls => format!("{host}:{}", main.port),
    })
}

/// The first host without wildcards, or else the load balancer's own, with what the first path begins with.
fn shared_address(door: &LoadBalancerSpec, main: &Listener, own: &str) -> Option<String> {
    let host = door.hosts.iter().find(|host| !host.contains(['*', '?'])).map_or(own, String::as_str);
    let path = door.paths.first().and_then(|path| path.split(['*', '?']).next()).unwrap_or_default();
    Some(format!("{}://{host}{path}", main.protocol.to_lowercase()))
}
