//! What people and later stages are told about a service's door.

use super::desired::Group;
use super::observed::{LoadBalancerState, Observed};
use serde::{Deserialize, Serialize};

/// Parts that do not exist yet are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressFacts {
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
    pub is_active: bool,
}

pub(super) fn facts(observed: &Observed) -> IngressFacts {
    let balancer = observed.load_balancer.as_ref().filter(|found| found.is_ours);
    IngressFacts {
        url: balancer.map(|found| format!("http://{}", found.dns_name)),
        load_balancer: balancer.map(|found| found.arn.0.clone()),
        target_group: observed.target_group.as_ref().filter(|found| found.is_ours).map(|found| found.arn.0.clone()),
        load_balancer_group: observed.group(Group::LoadBalancer).map(|group| group.id.0.clone()),
        tasks_group: observed.group(Group::Tasks).map(|group| group.id.0.clone()),
        is_active: balancer.is_some_and(|found| found.state == LoadBalancerState::Active),
    }
}
