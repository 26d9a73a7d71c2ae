//! The gateway endpoint of S3. Image layers come from there, and this way they do not cross a NAT gateway. Gateway
//! endpoints cost nothing, so every network that moat makes has it, on every private route table.

use super::{Ground, Policy};
use crate::network::observed::{Endpoint, Observed};
use crate::network::step::NetworkStep;
use crate::plan::Plan;

/// What its policy should be; `None` for AWS's own, which lets everything through.
///
/// Beside another way out a narrower one would protect nothing: the same bucket is reached over the Internet. Where the
/// endpoints are the only way out, it is the one hole through which data could leave for anybody's account.
pub fn policy(ground: &Ground<'_>) -> Option<Policy> {
    ground.is_only_way.then_some(Policy::OwnAndLayers)
}

/// On the route tables of this ground.
pub fn plan(ground: &Ground<'_>, observed: &Observed, endpoint: Option<&Endpoint>, plan: &mut Plan<NetworkStep>) {
    let policy = policy(ground);
    let Some(endpoint) = endpoint else {
        let tables = ground.tables.iter().map(|(table, _)| table.clone()).collect();
        plan.step(NetworkStep::CreateS3Endpoint { tables, policy });
        return;
    };
    if !has_policy(endpoint, policy.as_ref(), observed) {
        let endpoint = endpoint.id.clone();
        plan.step(match policy {
            None => NetworkStep::ResetEndpointPolicy { endpoint },
            Some(policy) => NetworkStep::LimitS3Endpoint { endpoint, policy },
        });
    }
    for (table, id) in &ground.tables {
        if id.is_none_or(|id| !endpoint.tables.contains(id)) {
            plan.step(NetworkStep::AddToS3Endpoint { endpoint: endpoint.id.clone(), table: table.clone() });
        }
    }
}

pub fn has_policy(endpoint: &Endpoint, policy: Option<&Policy>, observed: &Observed) -> bool {
    let account = observed.account.as_deref().unwrap_or_default();
    match policy {
        None => endpoint.is_open(),
        Some(policy) => policy.is(endpoint.policy.as_deref(), account, &observed.region),
    }
}
