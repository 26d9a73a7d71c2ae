//! `Cloud<NetworkTeardown>`: EC2 on the way out, where each thing keeps another from being deleted.

use super::{apply_to_group, groups, is_inside, references, resource};
use crate::answer::{Answer, Verb, refuse};
use crate::call::Hand;
use crate::network::{apply::delete_vpc, endpoint, gateway, ipv6, known, table};
use crate::shelf::{HasId, Shelf, Tags};
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::{EgressOnlyInternetGatewayId, InternetGatewayId, SecurityGroupId, SubnetId, VpcId};
use moat::name::Name;
use moat::network::observed::{EndpointState, NatState, Target};
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::{self, Owner};
use moat::teardown::network::observed::{
    Address, Endpoint, InternetGateway, NatGateway, RouteTable, State as Stand, Subnet,
};
use moat::teardown::network::{NetworkStep, NetworkTeardown, NetworkTeardownSpec, Observed};
use moat::teardown::{Interface, Stranger};
use std::collections::BTreeSet;

impl Cloud<NetworkTeardown> for Hand {
    async fn observe(&self, spec: &NetworkTeardownSpec) -> Result<Observed, Failure> {
        let owner = Owner::Network(spec.network.clone());
        macro_rules! look {
            ($what:literal, $read:expr) => {{
                let owner = owner.clone();
                self.look($what, move |state| $read(state, &owner))
            }};
        }
        let (vpcs, endpoints, nat_gateways, addresses, internet_gateways, exits, subnets, route_tables, groups) = try_join!(
            look!("describe VPCs", vpcs),
            look!("describe VPC endpoints", endpoints),
            look!("describe NAT gateways", nat_gateways),
            look!("describe elastic IPs", addresses),
            look!("describe internet gateways", internet_gateways),
            look!("describe egress-only internet gateways", egress_only_gateways),
            look!("describe subnets", subnets),
            look!("describe route tables", route_tables),
            look!("describe security groups", groups),
        )?;
        let (home, of, in_home, at) = (vpcs.clone(), vpcs.clone(), vpcs.clone(), owner.clone());
        let references = look!("describe security groups by rule", references);
        let abroad = groups.iter().filter(|group| !vpcs.contains(&group.vpc)).map(|group| group.id.clone()).collect();
        let interfaces = self.look("describe network interfaces", move |state| interfaces(state, &home, &abroad));
        let tenants = self.look("describe groups of services", move |state| tenants(state, &of));
        let strangers = self.look("describe what is in the VPCs", move |state| strangers(state, &at, &in_home));
        let (references, interfaces, tenants, strangers) = try_join!(references, interfaces, tenants, strangers)?;
        Ok(Observed {
            vpcs,
            endpoints,
            nat_gateways,
            addresses,
            internet_gateways,
            egress_only_gateways: exits,
            subnets,
            route_tables,
            groups,
            references,
            interfaces,
            tenants,
            strangers,
        })
    }

    async fn apply(&self, _: &NetworkTeardownSpec, step: &NetworkStep, _: &Bindings) -> Result<Done, Failure> {
        let doing = step.clone();
        self.act(Verb::Delete, step, move |state| apply(state, &doing)).await
    }
}

fn vpcs(state: &State, owner: &Owner) -> Vec<VpcId> {
    state.vpcs.seen_of(owner, state.now).map(|kept| kept.thing.id.clone()).collect()
}

fn endpoints(state: &State, owner: &Owner) -> Vec<Endpoint> {
    let ours = state.endpoints.seen_of(owner, state.now);
    let gateways = ours.map(|kept| Endpoint {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        state: Stand::There,
    });
    let ours = state.interface_endpoints.seen_of(owner, state.now);
    let interfaces = ours.map(|kept| Endpoint {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        state: match kept.thing.state {
            EndpointState::Deleting => Stand::Deleting(None),
            EndpointState::Deleted => Stand::Deleted,
            EndpointState::Pending | EndpointState::Available | EndpointState::Failed(_) => Stand::There,
        },
    });
    gateways.chain(interfaces).collect()
}

fn nat_gateways(state: &State, owner: &Owner) -> Vec<NatGateway> {
    let ours = state.nat_gateways.seen_of(owner, state.now);
    ours.map(|kept| NatGateway {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        allocations: kept.thing.allocation.clone().into_iter().collect(),
        is_regional: kept.thing.subnet.is_none(),
        interfaces: kept.thing.subnet.iter().map(|_| State::interface_of(&kept.thing)).collect(),
        state: match kept.thing.state {
            NatState::Pending | NatState::Available | NatState::Failed(_) => Stand::There,
            NatState::Deleting => {
                let since = kept.thing.ended.map(|at| state.now.saturating_sub(at) / 1000);
                Stand::Deleting(since.and_then(|age| u32::try_from(age).ok()))
            }
            NatState::Deleted => Stand::Deleted,
        },
    })
    .collect()
}

fn addresses(state: &State, owner: &Owner) -> Vec<Address> {
    let ours = state.addresses.seen_of(owner, state.now);
    let all = state.network_interfaces();
    ours.map(|kept| {
        let holder = all.iter().find(|interface| interface.public_ip.as_ref() == Some(&kept.thing.ip));
        Address {
            id: kept.thing.id.clone(),
            resource: resource(&kept.tags),
            ip: kept.thing.ip.clone(),
            interface: holder.map(|interface| interface.id.clone()),
        }
    })
    .collect()
}

fn internet_gateways(state: &State, owner: &Owner) -> Vec<InternetGateway> {
    let ours = state.internet_gateways.seen_of(owner, state.now).map(|kept| &kept.thing);
    ours.map(|found| InternetGateway { id: found.id.clone(), vpc: found.vpc.clone() }).collect()
}

fn egress_only_gateways(state: &State, owner: &Owner) -> Vec<EgressOnlyInternetGatewayId> {
    state.egress_only_gateways.seen_of(owner, state.now).map(|kept| kept.thing.id.clone()).collect()
}

fn subnets(state: &State, owner: &Owner) -> Vec<Subnet> {
    let ours = state.subnets.seen_of(owner, state.now);
    ours.map(|kept| Subnet { id: kept.thing.id.clone(), resource: resource(&kept.tags), vpc: kept.thing.vpc.clone() })
        .collect()
}

fn route_tables(state: &State, owner: &Owner) -> Vec<RouteTable> {
    let ours = state.tables.seen_of(owner, state.now);
    ours.map(|kept| RouteTable {
        id: kept.thing.id.clone(),
        resource: resource(&kept.tags),
        vpc: kept.thing.vpc.clone(),
        nat_routes: kept.thing.routes.seen(state.now).filter_map(nat_route).collect(),
        exit_routes: kept.thing.routes.seen(state.now).filter_map(exit_route).collect(),
    })
    .collect()
}

fn nat_route((destination, target): &(String, Target)) -> Option<(String, moat::ids::NatGatewayId)> {
    match target {
        Target::NatGateway(id) => Some((destination.clone(), id.clone())),
        Target::Local | Target::InternetGateway(_) | Target::Other(_) => None,
    }
}

fn exit_route((destination, target): &(String, Target)) -> Option<(String, EgressOnlyInternetGatewayId)> {
    match target {
        Target::Other(id) if id.starts_with("eigw-") => Some((destination.clone(), id.as_str().into())),
        Target::Local | Target::InternetGateway(_) | Target::NatGateway(_) | Target::Other(_) => None,
    }
}

/// Those in our VPCs, and those that use a group of ours in a VPC of others.
fn interfaces(state: &State, vpcs: &[VpcId], abroad: &BTreeSet<SecurityGroupId>) -> Vec<Interface> {
    let uses = |interface: &Interface| interface.groups.iter().any(|group| abroad.contains(group));
    let all = state.network_interfaces().into_iter();
    all.filter(|interface| is_inside(vpcs, &interface.vpc) || uses(interface)).collect()
}

fn service_of(tags: &Tags) -> Option<Name> {
    tags.get(tags::SERVICE).and_then(|name| Name::new(name).ok())
}

fn tenants(state: &State, vpcs: &[VpcId]) -> Vec<(Name, moat::ids::SecurityGroupId)> {
    let inside = state.groups.seen(state.now).filter(|kept| is_inside(vpcs, &kept.thing.vpc));
    inside.filter_map(|kept| Some((service_of(&kept.tags)?, kept.thing.id.clone()))).collect()
}

/// All that is in the VPCs and neither the network's, nor a service's, nor made by AWS with the VPC.
fn strangers(state: &State, owner: &Owner, vpcs: &[VpcId]) -> Vec<Stranger> {
    let mut found = Vec::new();
    let mut add = |kind: &str, id: &str, description: &str, tags: &Tags| {
        found.push(Stranger { kind: kind.into(), id: id.into(), description: description.into(), tags: tags.clone() });
    };
    for kept in others(state, &state.subnets, owner, vpcs, |subnet| &subnet.vpc) {
        add("subnet", kept.thing.id(), &kept.thing.cidr.to_string(), &kept.tags);
    }
    // The table of a regional NAT gateway goes with it.
    let of_gateways: Vec<_> = state.nat_gateways.there().filter_map(|gateway| gateway.table.clone()).collect();
    let tables = others(state, &state.tables, owner, vpcs, |table| &table.vpc);
    for kept in tables.filter(|kept| !kept.thing.is_main && !of_gateways.contains(&kept.thing.id)) {
        add("route table", kept.thing.id(), "", &kept.tags);
    }
    let groups = others(state, &state.groups, owner, vpcs, |group| &group.vpc);
    for kept in groups.filter(|kept| kept.thing.name != "default" && service_of(&kept.tags).is_none()) {
        add("security group", kept.thing.id(), &kept.thing.name, &kept.tags);
    }
    for kept in others(state, &state.egress_only_gateways, owner, vpcs, |gateway| &gateway.vpc) {
        add("egress-only internet gateway", kept.thing.id(), "", &kept.tags);
    }
    let gateways = others(state, &state.nat_gateways, owner, vpcs, |gateway| &gateway.vpc);
    for kept in gateways.filter(|kept| kept.thing.state != NatState::Deleted) {
        add("NAT gateway", kept.thing.id(), "", &kept.tags);
    }
    for kept in others(state, &state.endpoints, owner, vpcs, |endpoint| &endpoint.vpc) {
        add("VPC endpoint", kept.thing.id(), "", &kept.tags);
    }
    for kept in others(state, &state.interface_endpoints, owner, vpcs, |endpoint| &endpoint.vpc) {
        add("VPC endpoint", kept.thing.id(), "", &kept.tags);
    }
    found.extend(state.strangers.iter().filter(|(vpc, _)| is_inside(vpcs, vpc)).map(|(_, stranger)| stranger.clone()));
    found
}

fn others<'a, T: HasId + Clone>(
    state: &'a State,
    shelf: &'a Shelf<T>,
    owner: &'a Owner,
    vpcs: &'a [VpcId],
    vpc: impl Fn(&T) -> &VpcId + 'a,
) -> impl Iterator<Item = &'a crate::shelf::Kept<T>> {
    shelf.seen(state.now).filter(move |kept| !owner.owns(&kept.tags) && is_inside(vpcs, vpc(&kept.thing)))
}

fn apply(state: &mut State, step: &NetworkStep) -> Answer {
    match step {
        NetworkStep::DeleteEndpoint { id, .. } => endpoint::delete(state, id),
        NetworkStep::DeleteRoute { id, destination, .. } => table::delete_route(state, id, destination),
        NetworkStep::DeleteNatGateway { id, .. } => gateway::delete(state, id),
        NetworkStep::ReleaseAddress { id, .. } => gateway::release(state, id),
        NetworkStep::DetachInternetGateway { id, vpc } => detach(state, id, vpc),
        NetworkStep::DeleteInternetGateway { id } => delete_internet_gateway(state, id),
        NetworkStep::DeleteEgressOnlyGateway { id } => ipv6::delete_gateway(state, id),
        NetworkStep::DeleteSubnet { id, .. } => delete_subnet(state, id),
        NetworkStep::DeleteRouteTable { id, .. } => table::delete(state, id),
        NetworkStep::Group(step) => apply_to_group(state, step),
        NetworkStep::DeleteVpc { id } => delete_vpc(state, id),
    }
}

/// Refused while anything in the VPC has a public address (T3).
fn detach(state: &mut State, id: &InternetGatewayId, vpc: &VpcId) -> Answer {
    let code = "InvalidInternetGatewayID.NotFound";
    if known(state.internet_gateways.get(id.as_str()), code, id.as_str())?.vpc.as_ref() != Some(vpc) {
        return refuse("Gateway.NotAttached", format!("{id} is not attached to {vpc}"));
    }
    let is_mapped = |interface: &Interface| interface.vpc == *vpc && interface.public_ip.is_some();
    if state.network_interfaces().iter().any(is_mapped) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return refuse("DependencyViolation", message);
    }
    if let Some(gateway) = state.internet_gateways.get_mut(id.as_str()) {
        gateway.vpc = None;
    }
    Ok(Done::Changed)
}

fn delete_internet_gateway(state: &mut State, id: &InternetGatewayId) -> Answer {
    let code = "InvalidInternetGatewayID.NotFound";
    if known(state.internet_gateways.get(id.as_str()), code, id.as_str())?.vpc.is_some() {
        return refuse("DependencyViolation", format!("The internetGateway '{id}' has dependencies"));
    }
    let until = state.seen_from();
    state.internet_gateways.remove(|gateway| gateway.id == *id, until);
    Ok(Done::Changed)
}

/// Refused while a network interface is in it. Its association with a route table goes with it.
fn delete_subnet(state: &mut State, id: &SubnetId) -> Answer {
    known(state.subnets.get(id.as_str()), "InvalidSubnetID.NotFound", id.as_str())?;
    if let Some(interface) = state.network_interfaces().into_iter().find(|interface| interface.subnet == *id) {
        return refuse("DependencyViolation", format!("The subnet '{id}' has dependencies, such as {}", interface.id));
    }
    let until = state.seen_from();
    state.subnets.remove(|subnet| subnet.id == *id, until);
    for table in state.tables.there_mut() {
        table.associations.remove(|(_, subnet)| subnet == id, until);
    }
    Ok(Done::Changed)
}
