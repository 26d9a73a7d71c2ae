//! Route tables, their associations and their routes.

use super::known;
use crate::answer::{Answer, Refused, refuse};
use crate::shelf::Parts;
use crate::state::{State, Table};
use moat::cidr::Anywhere;
use moat::ids::{AssociationId, RouteTableId, SubnetId};
use moat::name::Logical;
use moat::network::observed::{NatState, Target};
use moat::network::step::Gateway;
use moat::stage::Done;
use moat::tags::Owner;

pub fn create(state: &mut State, owner: &Owner, vpc: &str, name: &Logical) -> Answer {
    let range = known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?.cidr.to_string();
    let id = RouteTableId(state.id("rtb"));
    let table = Table {
        id: id.clone(),
        vpc: vpc.into(),
        is_main: false,
        associations: Parts::default(),
        routes: Parts::of(vec![(range, Target::Local)]),
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.tables.put(table, owner.tags(name), seen, usable);
    Ok(Done::Made(id.0))
}

pub fn associate(state: &mut State, table: &str, subnet: &str) -> Answer {
    known(state.tables.usable(table, state.now), "InvalidRouteTableID.NotFound", table)?;
    known(state.subnets.usable(subnet, state.now), "InvalidSubnetID.NotFound", subnet)?;
    let has = |table: &&Table| table.associations.there().any(|(_, id)| id.as_str() == subnet);
    if let Some(other) = state.tables.there().find(has) {
        return refuse("Resource.AlreadyAssociated", format!("{subnet} is associated with {}", other.id));
    }
    let (id, seen) = (AssociationId(state.id("rtbassoc")), state.seen_from());
    if let Some(table) = state.tables.get_mut(table) {
        table.associations.put((id, SubnetId::from(subnet)), seen);
    }
    Ok(Done::Changed)
}

/// The association gets a new id.
pub fn reassociate(state: &mut State, association: &AssociationId, table: &str) -> Answer {
    known(state.tables.usable(table, state.now), "InvalidRouteTableID.NotFound", table)?;
    let all = state.tables.there().flat_map(|table| table.associations.there());
    let Some((_, subnet)) = all.into_iter().find(|(id, _)| id == association).cloned() else {
        return refuse("InvalidAssociationID.NotFound", format!("{association} does not exist"));
    };
    let (id, seen) = (AssociationId(state.id("rtbassoc")), state.seen_from());
    for old in state.tables.there_mut() {
        old.associations.remove(|(id, _)| id == association, seen);
    }
    if let Some(table) = state.tables.get_mut(table) {
        table.associations.put((id, subnet), seen);
    }
    Ok(Done::Changed)
}

pub fn create_route(state: &mut State, table: &str, (destination, gateway): (Anywhere, &Gateway), id: &str) -> Answer {
    let target = target(state, table, gateway, id)?;
    let anywhere = destination.to_string();
    let seen = state.seen_from();
    let Some(table) = state.tables.get_mut(table) else { return refuse("InvalidRouteTableID.NotFound", table) };
    if table.routes.there().any(|(destination, _)| *destination == anywhere) {
        return refuse("RouteAlreadyExists", format!("{} has a route to {anywhere}", table.id));
    }
    table.routes.put((anywhere, target), seen);
    Ok(Done::Changed)
}

pub fn replace_route(state: &mut State, table: &str, (destination, gateway): (Anywhere, &Gateway), id: &str) -> Answer {
    let target = target(state, table, gateway, id)?;
    let anywhere = destination.to_string();
    let seen = state.seen_from();
    let Some(table) = state.tables.get_mut(table) else { return refuse("InvalidRouteTableID.NotFound", table) };
    if !table.routes.remove(|(destination, _)| *destination == anywhere, seen) {
        return refuse("InvalidParameterValue", format!("there is no route to {anywhere} in {}", table.id));
    }
    table.routes.put((anywhere, target), seen);
    Ok(Done::Changed)
}

pub fn delete_route(state: &mut State, table: &RouteTableId, destination: &str) -> Answer {
    let seen = state.seen_from();
    let Some(table) = state.tables.get_mut(table.as_str()) else {
        return refuse("InvalidRouteTableID.NotFound", table.as_str());
    };
    if !table.routes.remove(|(to, _)| to == destination, seen) {
        return refuse("InvalidRoute.NotFound", format!("{} has no route to {destination}", table.id));
    }
    Ok(Done::Changed)
}

pub fn delete(state: &mut State, id: &RouteTableId) -> Answer {
    let table = known(state.tables.get(id.as_str()), "InvalidRouteTableID.NotFound", id.as_str())?;
    if table.is_main || table.associations.there().next().is_some() {
        return refuse("DependencyViolation", format!("{id} is in use"));
    }
    let until = state.seen_from();
    state.tables.remove(|table| table.id == *id, until);
    for endpoint in state.endpoints.there_mut() {
        endpoint.tables.remove(|table| table == id, until);
    }
    Ok(Done::Changed)
}

/// The target of a route, if EC2 lets this table lead there.
fn target(state: &State, table: &str, gateway: &Gateway, id: &str) -> Result<Target, Refused> {
    let vpc = &known(state.tables.usable(table, state.now), "InvalidRouteTableID.NotFound", table)?.vpc;
    match gateway {
        Gateway::Internet => {
            let found = known(state.internet_gateways.usable(id, state.now), "InvalidInternetGatewayID.NotFound", id)?;
            if found.vpc.as_ref() != Some(vpc) {
                return refuse("InvalidParameterValue", format!("{table} and {id} belong to different networks"));
            }
            Ok(Target::InternetGateway(id.into()))
        }
        Gateway::Nat(_) => {
            let found = known(state.nat_gateways.usable(id, state.now), "InvalidNatGatewayID.NotFound", id)?;
            if !matches!(found.state, NatState::Pending | NatState::Available) || found.vpc != *vpc {
                return refuse("InvalidNatGatewayID.NotFound", format!("{id} is {:?}", found.state));
            }
            Ok(Target::NatGateway(id.into()))
        }
        Gateway::EgressOnly => {
            let found = known(state.egress_only_gateways.usable(id, state.now), "InvalidGatewayID.NotFound", id)?;
            if found.vpc != *vpc {
                return refuse("InvalidParameterValue", format!("{table} and {id} belong to different networks"));
            }
            Ok(Target::egress_only(&found.id))
        }
    }
}
