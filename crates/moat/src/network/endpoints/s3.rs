//! The gateway endpoint of S3. Image layers come from there, and this way they do not cross a NAT gateway. Gateway
//! endpoints cost nothing, so every network has it, on every private route table.

use super::Policy;
use crate::name::Logical;
use crate::network::found::Found;
use crate::network::observed::{Endpoint, Observed};
use crate::network::step::NetworkStep;
use crate::plan::Plan;
use crate::spec::Egress;

/// What its policy should be; `None` for AWS's own, which lets everything through.
///
/// Beside a NAT gateway a narrower one would protect nothing: the same bucket is reached over the Internet. Where the
/// endpoints are the only way out, it is the one hole through which data could leave for anybody's account.
pub fn policy(egress: Egress) -> Option<Policy> {
    egress.is_endpoints_only().then_some(Policy::OwnAndLayers)
}

/// On these private route tables.
pub fn plan(
    egress: Egress,
    tables: Vec<Logical>,
    observed: &Observed,
    found: &Found<'_>,
    plan: &mut Plan<NetworkStep>,
) {
    let policy = policy(egress);
    let Some(endpoint) = found.endpoint else {
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
    for table in tables {
        if found.table(&table).is_none_or(|ours| !endpoint.tables.contains(&ours.id)) {
            plan.step(NetworkStep::AddToS3Endpoint { endpoint: endpoint.id.clone(), table });
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
