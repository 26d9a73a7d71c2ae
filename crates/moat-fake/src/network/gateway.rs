//! Elastic IPs and NAT gateways.

use super::known;
use crate::answer::{Answer, refuse, refuse_as};
use crate::shelf::Parts;
use crate::state::{Address, NatGateway, State, Table};
use crate::tokens;
use moat::error::Kind;
use moat::ids::{AllocationId, NatGatewayId, RouteTableId};
use moat::name::Logical;
use moat::network::desired::NatPlace;
use moat::network::observed::{NatState, Target};
use moat::stage::Done;
use moat::tags::Owner;

/// Where a NAT gateway goes; a regional one has neither a subnet nor an address of the account's.
pub struct Place {
    pub vpc: String,
    pub subnet: Option<String>,
    pub allocation: Option<String>,
}

pub fn allocate(state: &mut State, owner: &Owner, name: &Logical) -> Answer {
    let have = state.addresses.there().count();
    if have >= state.rules.addresses {
        return refuse("AddressLimitExceeded", format!("the account has {have} addresses, as many as it may"));
    }
    let id = AllocationId(state.id("eipalloc"));
    let ip = format!("198.51.100.{}", state.addresses.there().count() + 1);
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.addresses.put(Address { id: id.clone(), ip }, owner.tags(name), seen, usable);
    Ok(Done::Made(id.0))
}

/// AWS answers with a gateway at once and finds out later what is wrong: then the gateway fails, with a code.
pub fn create(
    state: &mut State,
    owner: &Owner,
    place: NatPlace,
    Place { vpc, subnet, allocation }: Place,
    predecessor: Option<&NatGatewayId>,
) -> Answer {
    let name = place.gateway();
    let ids = [Some(vpc.as_str()), subnet.as_deref(), allocation.as_deref()];
    let scope = moat::token::scope(&ids.into_iter().flatten().collect::<Vec<_>>());
    let parameters = format!("{subnet:?} {allocation:?}");
    let mut predecessor = predecessor.map(|id| id.0.clone());
    let token = loop {
        let token = tokens::derived(&scope, &name, predecessor.as_deref());
        let Some(made) = state.tokens.made(&token, &parameters)? else { break token };
        let age = u32::try_from((state.now - made.at) / 1_000).unwrap_or(u32::MAX);
        let lives = state.nat_gateways.get(&made.id).is_some_and(|gateway| gateway.state.is_live());
        if !moat::token::is_spent(Some(age)) || lives {
            return Ok(Done::Made(made.id.clone()));
        }
        predecessor = Some(made.id.clone());
    };
    known(state.vpcs.usable(&vpc, state.now), "InvalidVpcID.NotFound", &vpc)?;
    let mut holder = None;
    if let Some(id) = &allocation {
        let address = known(state.addresses.usable(id, state.now), "InvalidAllocationID.NotFound", id)?;
        holder = state.holder(&address.id).map(|holder| format!("{id} is in use by {}", holder.id));
    }
    if let Some(id) = &subnet {
        known(state.subnets.usable(id, state.now), "InvalidSubnet", id)?;
    }
    let has_way = state.internet_gateways.there().any(|g| g.vpc.as_ref().is_some_and(|id| id.as_str() == vpc));
    let fails = match holder {
        Some(holder) => Some(format!("Resource.AlreadyAssociated: {holder}")),
        None if !has_way => Some(format!("Gateway.NotAttached: {vpc} has no Internet gateway attached")),
        None => state.rules.nat_gateway_fails.clone(),
    };
    let next = match fails {
        Some(why) => (state.after((1_000, 5_000)), NatState::Failed(why)),
        None => (state.after(state.rules.nat_gateway), NatState::Available),
    };
    let id = NatGatewayId(state.id("nat"));
    let table = subnet.is_none().then(|| own_table(state, &vpc));
    let gateway = NatGateway {
        id: id.clone(),
        vpc: vpc.into(),
        subnet: subnet.map(Into::into),
        allocation: allocation.map(Into::into),
        table,
        state: NatState::Pending,
        born: state.now,
        ended: None,
        next: Some(next),
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.nat_gateways.put(gateway, owner.tags(&name), seen, usable);
    state.tokens.keep(token, parameters, id.0.clone(), state.now);
    Ok(Done::Made(id.0))
}

/// A regional gateway comes with a route table that leads to the Internet gateway, without tags.
pub(crate) fn own_table(state: &mut State, vpc: &str) -> RouteTableId {
    let id = RouteTableId(state.id("rtb"));
    let internet = state.internet_gateways.there().find(|it| it.vpc.as_ref().is_some_and(|home| home.as_str() == vpc));
    let internet = internet.map(|it| (ANYWHERE.to_owned(), Target::InternetGateway(it.id.clone())));
    let range = state.vpcs.get(vpc).map(|vpc| (vpc.cidr.to_string(), Target::Local));
    let table = Table {
        id: id.clone(),
        vpc: vpc.into(),
        is_main: false,
        associations: Parts::default(),
        routes: Parts::of(range.into_iter().chain(internet).collect()),
    };
    let seen = state.seen_from();
    state.tables.put(table, Default::default(), seen, seen);
    id
}

const ANYWHERE: &str = "0.0.0.0/0";

pub fn delete(state: &mut State, id: &NatGatewayId) -> Answer {
    let deleted = state.after(state.rules.nat_gateway_delete);
    let now = state.now;
    match state.nat_gateways.get_mut(id.as_str()) {
        None => refuse("NatGatewayNotFound", format!("{id} was not found")),
        Some(gateway) if matches!(gateway.state, NatState::Deleting | NatState::Deleted) => Ok(Done::Changed),
        Some(gateway) => {
            // One that failed has nothing to take down.
            let at = if matches!(gateway.state, NatState::Failed(_)) { now + 1_000 } else { deleted };
            (gateway.state, gateway.ended) = (NatState::Deleting, Some(now));
            gateway.next = Some((at, NatState::Deleted));
            Ok(Done::Changed)
        }
    }
}

/// AWS answers `AuthFailure` for an address that a NAT gateway holds, which is a conflict here and not a denial (T4).
pub fn release(state: &mut State, id: &AllocationId) -> Answer {
    known(state.addresses.get(id.as_str()), "InvalidAllocationID.NotFound", id.as_str())?;
    if let Some(holder) = state.holder(id) {
        let message = format!("{id} is in use by {}, and you do not have permission to access it", holder.id);
        return refuse_as(Kind::Conflict, "AuthFailure", message);
    }
    let borrowed = format!("{id} is associated with a network interface");
    let ip = state.addresses.get(id.as_str()).map(|address| address.ip.clone());
    if state.interfaces.there().any(|interface| interface.public_ip.is_some() && interface.public_ip == ip) {
        return refuse("InvalidIPAddress.InUse", borrowed);
    }
    let until = state.seen_from();
    state.addresses.remove(|address| address.id == *id, until);
    Ok(Done::Changed)
}
