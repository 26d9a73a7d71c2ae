//! The gateway endpoint of S3.

use super::known;
use crate::answer::{Answer, refuse};
use crate::shelf::Parts;
use crate::state::{Endpoint, State};
use moat::ids::{RouteTableId, VpcEndpointId};
use moat::network::desired;
use moat::stage::Done;
use moat::tags::Owner;

pub fn create(state: &mut State, owner: &Owner, vpc: &str, tables: Vec<RouteTableId>) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    for table in &tables {
        known(state.tables.usable(table.as_str(), state.now), "InvalidRouteTableID.NotFound", table.as_str())?;
        leads_not_yet(state, table)?;
    }
    let id = VpcEndpointId(state.id("vpce"));
    let (seen, usable) = (state.seen_from(), state.seen_from());
    let endpoint = Endpoint { id: id.clone(), vpc: vpc.into(), tables: Parts::of(tables), policy: OPEN.into() };
    state.endpoints.put(endpoint, owner.tags(&desired::s3_endpoint()), seen, usable);
    Ok(Done::Made(id.0))
}

/// The policy that AWS gives an endpoint that is made without one.
const OPEN: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

pub fn reset_policy(state: &mut State, id: &VpcEndpointId) -> Answer {
    match state.endpoints.get_mut(id.as_str()) {
        None => refuse("InvalidVpcEndpointId.NotFound", id.as_str()),
        Some(endpoint) => {
            endpoint.policy = OPEN.into();
            Ok(Done::Changed)
        }
    }
}

pub fn delete(state: &mut State, id: &VpcEndpointId) -> Answer {
    known(state.endpoints.get(id.as_str()), "InvalidVpcEndpointId.NotFound", id.as_str())?;
    let until = state.seen_from();
    state.endpoints.remove(|endpoint| endpoint.id == *id, until);
    Ok(Done::Changed)
}

pub fn add(state: &mut State, endpoint: &VpcEndpointId, table: RouteTableId) -> Answer {
    known(state.tables.usable(table.as_str(), state.now), "InvalidRouteTableID.NotFound", table.as_str())?;
    known(state.endpoints.usable(endpoint.as_str(), state.now), "InvalidVpcEndpointId.NotFound", endpoint.as_str())?;
    leads_not_yet(state, &table)?;
    let seen = state.seen_from();
    if let Some(endpoint) = state.endpoints.get_mut(endpoint.as_str()) {
        endpoint.tables.put(table, seen);
    }
    Ok(Done::Changed)
}

/// A table has one route to S3, whichever endpoint it belongs to.
fn leads_not_yet(state: &State, table: &RouteTableId) -> Result<(), crate::answer::Refused> {
    match state.endpoints.there().find(|endpoint| endpoint.tables.there().any(|id| id == table)) {
        Some(other) => refuse("RouteAlreadyExists", format!("{table} has the route of {}", other.id)),
        None => Ok(()),
    }
}
