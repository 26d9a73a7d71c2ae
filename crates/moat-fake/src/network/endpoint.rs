//! The gateway endpoint of S3. Each of its calls is paid from the bucket of VPC endpoints.

use super::known;
use crate::answer::{Answer, Refused, refuse};
use crate::shelf::Parts;
use crate::state::{Endpoint, State};
use moat::ids::{RouteTableId, VpcEndpointId};
use moat::network::desired;
use moat::stage::Done;
use moat::tags::Owner;

pub fn create(
    state: &mut State,
    owner: &Owner,
    vpc: &str,
    tables: Vec<RouteTableId>,
    policy: Option<String>,
) -> Answer {
    paid(state)?;
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    for table in &tables {
        known(state.tables.usable(table.as_str(), state.now), "InvalidRouteTableID.NotFound", table.as_str())?;
        leads_not_yet(state, table)?;
    }
    let id = VpcEndpointId(state.id("vpce"));
    let (seen, usable) = (state.seen_from(), state.seen_from());
    let endpoint = Endpoint {
        id: id.clone(),
        vpc: vpc.into(),
        tables: Parts::of(tables),
        policy: policy.unwrap_or_else(|| OPEN.into()),
    };
    state.endpoints.put(endpoint, owner.tags(&desired::s3_endpoint()), seen, usable);
    Ok(Done::Made(id.0))
}

/// The policy that AWS gives an endpoint that is made without one.
pub const OPEN: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

pub fn set_policy(state: &mut State, id: &VpcEndpointId, policy: String) -> Answer {
    paid(state)?;
    match state.endpoints.get_mut(id.as_str()) {
        None => refuse("InvalidVpcEndpointId.NotFound", id.as_str()),
        Some(endpoint) => {
            endpoint.policy = policy;
            Ok(Done::Changed)
        }
    }
}

/// One call for both kinds of endpoint.
pub fn delete(state: &mut State, id: &VpcEndpointId) -> Answer {
    paid(state)?;
    if state.interface_endpoints.get(id.as_str()).is_some() {
        return super::interface::delete(state, id);
    }
    known(state.endpoints.get(id.as_str()), "InvalidVpcEndpointId.NotFound", id.as_str())?;
    let until = state.seen_from();
    state.endpoints.remove(|endpoint| endpoint.id == *id, until);
    Ok(Done::Changed)
}

pub fn add(state: &mut State, endpoint: &VpcEndpointId, table: RouteTableId) -> Answer {
    paid(state)?;
    known(state.tables.usable(table.as_str(), state.now), "InvalidRouteTableID.NotFound", table.as_str())?;
    known(state.endpoints.usable(endpoint.as_str(), state.now), "InvalidVpcEndpointId.NotFound", endpoint.as_str())?;
    leads_not_yet(state, &table)?;
    let seen = state.seen_from();
    if let Some(endpoint) = state.endpoints.get_mut(endpoint.as_str()) {
        endpoint.tables.put(table, seen);
    }
    Ok(Done::Changed)
}

/// EC2 takes few of these calls (C11).
pub fn paid(state: &mut State) -> Result<(), Refused> {
    match state.endpoint_calls.pay(state.now) {
        true => Ok(()),
        false => refuse("RequestLimitExceeded", "Request limit exceeded."),
    }
}

/// A table has one route to S3, whichever endpoint it belongs to.
fn leads_not_yet(state: &State, table: &RouteTableId) -> Result<(), Refused> {
    match state.endpoints.there().find(|endpoint| endpoint.tables.there().any(|id| id == table)) {
        Some(other) => refuse("RouteAlreadyExists", format!("{table} has the route of {}", other.id)),
        None => Ok(()),
    }
}
