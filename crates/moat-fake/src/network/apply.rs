//! What each step of a network does, and when EC2 refuses it.

use super::{bound, endpoint, gateway, interface, ipv6, known, table};
use crate::answer::{Answer, Verb, refuse};
use crate::call::Hand;
use crate::shelf::{HasId, Parts};
use crate::state::{Group, State, Table, Vpc};
use moat::cidr::Cidr;
use moat::error::Failure;
use moat::ids::{SubnetId, VpcId};
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired;
use moat::network::endpoints::Policy;
use moat::network::observed::{InternetGateway, Subnet, Target};
use moat::plan::Bindings;
use moat::rule::{Direction, Peer, Rule};
use moat::stage::Done;
use moat::tags::Owner;

pub fn apply(state: &mut State, owner: &Owner, step: &NetworkStep, bindings: &Bindings) -> Answer {
    let id = |name: &Logical| bound(bindings, name);
    let vpc = || bound(bindings, &desired::vpc());
    match step {
        NetworkStep::CreateVpc { cidr } => create_vpc(state, owner, *cidr),
        NetworkStep::EnableDnsSupport => change_vpc(state, &vpc(), |vpc| vpc.dns_support = true),
        NetworkStep::EnableDnsHostnames => {
            if state.vpcs.get(&vpc()).is_some_and(|vpc| !vpc.dns_support) {
                return refuse("InvalidParameterValue", "DNS hostnames need DNS support");
            }
            change_vpc(state, &vpc(), |vpc| vpc.dns_hostnames = true)
        }
        NetworkStep::AssociateIpv6Block => ipv6::associate_block(state, &vpc()),
        NetworkStep::AssociateIpv6Range { subnet, number } => {
            ipv6::associate_range(state, &id(subnet), &id(&desired::ipv6_range(&desired::vpc())), *number)
        }
        NetworkStep::CreateSubnet { subnet, cidr, zone } => create_subnet(state, owner, &vpc(), subnet, *cidr, zone),
        NetworkStep::StopGivingPublicIps { id, .. } => {
            let Some(subnet) = state.subnets.get_mut(id.as_str()) else {
                return refuse("InvalidSubnetID.NotFound", id.as_str());
            };
            subnet.gives_public_ips = false;
            Ok(Done::Changed)
        }
        NetworkStep::CreateInternetGateway => {
            let id = state.id("igw");
            let tags = owner.tags(&desired::internet_gateway());
            let (seen, usable) = (state.seen_from(), state.seen_from());
            state.internet_gateways.put(InternetGateway { id: id.as_str().into(), vpc: None }, tags, seen, usable);
            Ok(Done::Made(id))
        }
        NetworkStep::AttachInternetGateway => attach(state, &id(&desired::internet_gateway()), &vpc()),
        NetworkStep::CreateEgressOnlyGateway => ipv6::create_gateway(state, owner, &vpc()),
        NetworkStep::DeleteEgressOnlyGateway { id, .. } => ipv6::delete_gateway(state, id),
        NetworkStep::AllocateAddress { address } => gateway::allocate(state, owner, address),
        NetworkStep::CreateNatGateway { place, predecessor } => {
            let (subnet, allocation) = (place.subnet().map(|name| id(&name)), place.address().map(|name| id(&name)));
            let at = gateway::Place { vpc: vpc(), subnet, allocation };
            gateway::create(state, owner, *place, at, predecessor.as_ref())
        }
        NetworkStep::CreateRouteTable { table } => table::create(state, owner, &vpc(), table),
        NetworkStep::AssociateRouteTable { table, subnet } => table::associate(state, &id(table), &id(subnet)),
        NetworkStep::MoveAssociation { table, association, .. } => table::reassociate(state, association, &id(table)),
        NetworkStep::CreateRoute { table, destination, gateway } => {
            table::create_route(state, &id(table), (*destination, gateway), &id(&gateway.ready()))
        }
        NetworkStep::ReplaceRoute { table, destination, gateway, .. } => {
            table::replace_route(state, &id(table), (*destination, gateway), &id(&gateway.ready()))
        }
        NetworkStep::DeleteRoute { id, destination, .. } => table::delete_route(state, id, destination),
        NetworkStep::DeleteDefaultRoute { id, destination, .. } => table::delete_route(state, id, destination.as_str()),
        NetworkStep::CreateS3Endpoint { tables, policy } => {
            let tables = tables.iter().map(|table| id(table).into()).collect();
            let policy = policy.as_ref().map(|policy| document(state, policy, bindings));
            endpoint::create(state, owner, &vpc(), tables, policy)
        }
        NetworkStep::LimitS3Endpoint { endpoint, policy } => {
            let policy = document(state, policy, bindings);
            endpoint::set_policy(state, endpoint, policy)
        }
        NetworkStep::Endpoint(step) => interface::apply(state, owner, step, bindings),
        NetworkStep::AddToS3Endpoint { endpoint, table } => endpoint::add(state, endpoint, id(table).into()),
        NetworkStep::ResetEndpointPolicy { endpoint } => endpoint::set_policy(state, endpoint, endpoint::OPEN.into()),
        NetworkStep::EmptyDefaultGroup { .. } => unreachable!("it is two calls, made one after the other"),
        NetworkStep::DeleteNatGateway { id, .. } => gateway::delete(state, id),
        NetworkStep::ReleaseAddress { id, .. } => gateway::release(state, id),
        NetworkStep::DeleteTwinRouteTable { id, .. } => table::delete(state, id),
        NetworkStep::DeleteTwinInternetGateway { id } => {
            if known(state.internet_gateways.get(id.as_str()), "InvalidInternetGatewayID.NotFound", id.as_str())?
                .vpc
                .is_some()
            {
                return refuse("DependencyViolation", format!("{id} is attached"));
            }
            let until = state.seen_from();
            state.internet_gateways.remove(|gateway| gateway.id == *id, until);
            Ok(Done::Changed)
        }
        NetworkStep::DeleteTwinEndpoint { id } => endpoint::delete(state, id),
        NetworkStep::DeleteTwinVpc { id } => delete_vpc(state, id),
    }
}

fn document(state: &State, policy: &Policy, bindings: &Bindings) -> String {
    policy.document(&bound(bindings, &desired::account()), &state.region).to_string()
}

fn create_vpc(state: &mut State, owner: &Owner, cidr: Cidr) -> Answer {
    let id = VpcId(state.id("vpc"));
    let vpc = Vpc { id: id.clone(), cidr, dns_support: true, dns_hostnames: false, ipv6: Vec::new() };
    state.keep_vpc(vpc, owner.tags(&desired::vpc()));
    let main = Table {
        id: state.id("rtb").into(),
        vpc: id.clone(),
        is_main: true,
        associations: Parts::default(),
        routes: Parts::of(vec![(cidr.to_string(), Target::Local)]),
    };
    let seen = state.seen_from();
    state.tables.put(main, Default::default(), seen, seen);
    let group = moat::ids::SecurityGroupId(state.id("sg"));
    let all = Peer::Group(group.clone());
    let within = Rule { direction: Direction::Ingress, protocol: "-1".into(), ports: None, peer: all };
    let rules = Parts::of(vec![within, Rule::all_out()]);
    let default = Group { id: group, name: "default".into(), vpc: id.clone(), rules };
    let seen = state.seen_from();
    state.groups.put(default, Default::default(), seen, seen);
    Ok(Done::Made(id.0))
}

fn change_vpc(state: &mut State, id: &str, change: impl FnOnce(&mut Vpc)) -> Answer {
    known(state.vpcs.usable(id, state.now), "InvalidVpcID.NotFound", id)?;
    state.vpcs.get_mut(id).map(change);
    Ok(Done::Changed)
}

fn create_subnet(state: &mut State, owner: &Owner, vpc: &str, name: &Logical, cidr: Cidr, zone: &str) -> Answer {
    let home = known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    if !home.cidr.contains(&cidr) {
        return refuse("InvalidSubnet.Range", format!("{cidr} is not in {}", home.cidr));
    }
    if !state.zones.iter().any(|known| known == zone) {
        return refuse("InvalidParameterValue", format!("{zone} is no zone"));
    }
    let overlaps =
        |subnet: &&Subnet| subnet.vpc.as_str() == vpc && (subnet.cidr.contains(&cidr) || cidr.contains(&subnet.cidr));
    if let Some(other) = state.subnets.there().find(overlaps) {
        return refuse("InvalidSubnet.Conflict", format!("{cidr} overlaps {}", other.id));
    }
    let id = SubnetId(state.id("subnet"));
    let subnet = Subnet {
        id: id.clone(),
        resource: name.clone(),
        vpc: vpc.into(),
        cidr,
        zone: zone.to_owned(),
        gives_public_ips: false,
        ipv6: None,
    };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.subnets.put(subnet, owner.tags(name), seen, usable);
    Ok(Done::Made(id.0))
}

fn attach(state: &mut State, gateway: &str, vpc: &str) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    let found =
        known(state.internet_gateways.usable(gateway, state.now), "InvalidInternetGatewayID.NotFound", gateway)?;
    if found.vpc.is_some() {
        return refuse("Resource.AlreadyAssociated", format!("{gateway} is attached already"));
    }
    if let Some(other) = state.internet_gateways.there().find(|g| g.vpc.as_ref().is_some_and(|v| v.as_str() == vpc)) {
        return refuse("InvalidParameterValue", format!("{vpc} already has {} attached", other.id));
    }
    if let Some(found) = state.internet_gateways.get_mut(gateway) {
        found.vpc = Some(vpc.into());
    }
    Ok(Done::Made(gateway.to_owned()))
}

pub(crate) fn delete_vpc(state: &mut State, id: &VpcId) -> Answer {
    known(state.vpcs.get(id.as_str()), "InvalidVpcID.NotFound", id.as_str())?;
    let inside = contents(state, id);
    if !inside.is_empty() {
        return refuse("DependencyViolation", format!("{id} still has {}", inside.join(", ")));
    }
    let until = state.seen_from();
    state.vpcs.remove(|vpc| vpc.id == *id, until);
    state.tables.remove(|table| table.vpc == *id, until);
    state.groups.remove(|group| group.vpc == *id, until);
    Ok(Done::Changed)
}

/// What keeps a VPC from being deleted. Its main table and its default group go with it.
fn contents(state: &State, vpc: &VpcId) -> Vec<String> {
    fn of<'a, T: HasId + 'a>(things: impl Iterator<Item = &'a T>) -> Vec<String> {
        things.map(|thing| thing.id().to_owned()).collect()
    }
    let mut inside = of(state.subnets.there().filter(|subnet| subnet.vpc == *vpc));
    inside.extend(of(state.internet_gateways.there().filter(|gateway| gateway.vpc.as_ref() == Some(vpc))));
    inside.extend(of(state.egress_only_gateways.there().filter(|gateway| gateway.vpc == *vpc)));
    inside.extend(of(state.tables.there().filter(|table| table.vpc == *vpc && !table.is_main)));
    inside.extend(of(state.groups.there().filter(|group| group.vpc == *vpc && group.name != "default")));
    inside.extend(of(state.endpoints.there().filter(|endpoint| endpoint.vpc == *vpc)));
    inside.extend(of(state.interface_endpoints.there().filter(|endpoint| endpoint.vpc == *vpc)));
    inside.extend(of(state.network_interfaces().iter().filter(|interface| interface.vpc == *vpc)));
    inside.extend(state.strangers.iter().filter(|(home, _)| home == vpc).map(|(_, stranger)| stranger.id.clone()));
    inside
}

impl Hand {
    /// Two calls, one for each direction: AWS has no call that empties a group.
    pub(super) async fn empty_default_group(
        &self,
        rules: &[Rule],
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        for direction in [Direction::Ingress, Direction::Egress] {
            let doomed: Vec<Rule> = rules.iter().filter(|rule| rule.direction == direction).cloned().collect();
            let group = bound(bindings, &desired::default_group());
            if !doomed.is_empty() {
                self.act(Verb::Remove, step, move |state| crate::ingress::revoke(state, &group, &doomed)).await?;
            }
        }
        Ok(Done::Changed)
    }
}
