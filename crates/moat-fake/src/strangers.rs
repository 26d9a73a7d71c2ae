//! What others put in the way of a teardown.

use crate::people::ids_of;
use crate::shelf::{Parts, Tags};
use crate::state::{Endpoint, Group, NatGateway, Scaling, State, Table};
use crate::world::World;
use moat::cidr::Cidr;
use moat::ids::{SecurityGroupId, SubnetId, VpcId};
use moat::network::observed::{NatState, Subnet};
use moat::rule::{Direction, Peer, Rule};
use moat::teardown::{Interface, Stranger};
use std::collections::{BTreeMap, BTreeSet};

/// Things of others that may be inside a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    Instance,
    InstanceWithPublicIp,
    Function,
    Task,
    LoadBalancer,
    Subnet,
    RouteTable,
    SecurityGroup,
    NatGateway,
    Endpoint,
    Peering,
    /// An instance in another VPC that was given the Elastic IP of a NAT gateway that somebody deleted.
    Borrower,
}

impl Foreign {
    pub const ALL: [Self; 12] = [
        Self::Instance,
        Self::InstanceWithPublicIp,
        Self::Function,
        Self::Task,
        Self::LoadBalancer,
        Self::Subnet,
        Self::RouteTable,
        Self::SecurityGroup,
        Self::NatGateway,
        Self::Endpoint,
        Self::Peering,
        Self::Borrower,
    ];
}

impl World {
    /// Puts something of others into the VPC of the network; returns its id.
    ///
    /// # Panics
    /// When there is not exactly one VPC with a private subnet a.
    pub fn put(&self, foreign: Foreign) -> String {
        self.change(|state| put(state, foreign))
    }

    /// Lets a group of others name one of ours.
    pub fn name_group(&self, resource: &str) -> String {
        self.change(|state| {
            let ours = SecurityGroupId(only(state, resource));
            let id = put(state, Foreign::SecurityGroup);
            let rule = Rule::tcp(Direction::Ingress, 5432, Peer::Group(ours));
            let now = state.now;
            state.groups.get_mut(&id).expect("it was put there").rules.put(rule, now);
            id
        })
    }

    /// Starts an instance of others that uses one of our groups.
    pub fn use_group(&self, resource: &str) -> String {
        self.change(|state| {
            let group = SecurityGroupId(only(state, resource));
            let mut interface = interface(state, "interface", "");
            interface.instance = Some("i-0123".into());
            interface.groups = BTreeSet::from([group]);
            keep(state, interface)
        })
    }

    /// Registers a scalable target for a service, if there is one, which keeps at least so many tasks.
    pub fn keep_at_least(&self, service: &str, least: u32) {
        self.change(|state| {
            let name = format!("moat-{service}");
            if state.services.there().any(|there| there.name == name) {
                state.scalings.insert(name, Scaling { least, most: least + 10, acted: None });
            }
        });
    }

    /// Turns on the deletion protection of every load balancer.
    pub fn protect(&self) {
        self.change(|state| {
            for balancer in state.balancers.there_mut() {
                balancer.attributes.insert("deletion_protection.enabled".into(), "true".into());
            }
        });
    }

    /// Starts another service in our cluster.
    ///
    /// # Panics
    /// When there is no service to copy.
    pub fn move_in(&self) -> String {
        self.change(|state| {
            let mut other = state.services.there().next().cloned().expect("there is a service");
            other.arn = format!("arn:aws:ecs:us-east-1:123456789012:service/{}/intruder", other.name);
            other.name = "intruder".into();
            let (arn, now) = (other.arn.clone(), state.now);
            state.services.put(other, Tags::new(), now, now);
            arn
        })
    }

    /// Takes the tags off everything of this name.
    pub fn take_tags_off(&self, resource: &str) {
        self.change(|state| {
            for id in ids_of(state, resource) {
                state.balancers.untag(&id);
                state.targets.untag(&id);
                state.clusters.untag(&id);
                state.log_groups.untag(&id);
                state.services.untag(&id);
            }
        });
    }

    /// Writes a parameter.
    pub fn write(&self, name: &str, value: &str) {
        self.change(|state| state.parameters.insert(name.to_owned(), value.to_owned()));
    }

    /// Takes away what [`World::put`] put there.
    pub fn take_out(&self, id: &str) {
        self.change(|state| {
            let now = state.now;
            state.interfaces.remove(|there| there.id.as_str() == id, now);
            state.groups.remove(|there| there.id.as_str() == id, now);
            state.strangers.retain(|(_, stranger)| stranger.id != id);
        });
    }

    /// Takes a parameter away.
    pub fn forget(&self, name: &str) {
        self.change(|state| state.parameters.remove(name));
    }

    /// Everything that exists, a line each, for comparing the account before and after. Things of these owners are left
    /// out, as far as their tags tell, and so is what AWS changes by itself.
    pub fn inventory(&self, without: &[&str]) -> BTreeSet<String> {
        self.read(|state| crate::inventory::lines(state, without))
    }
}

fn only(state: &State, resource: &str) -> String {
    match ids_of(state, resource).as_slice() {
        [id] => id.clone(),
        ids => panic!("{resource} should exist once, and exists as {ids:?}"),
    }
}

fn interface(state: &mut State, kind: &str, description: &str) -> Interface {
    let subnet = SubnetId(only(state, "subnet private-a"));
    Interface {
        id: state.id("eni").into(),
        vpc: VpcId(only(state, "vpc")),
        subnet,
        groups: BTreeSet::new(),
        kind: kind.into(),
        description: description.into(),
        requester: Some("999999999999".into()),
        instance: None,
        public_ip: None,
        tags: BTreeMap::from([("Name".to_owned(), "theirs".to_owned())]),
    }
}

fn keep(state: &mut State, interface: Interface) -> String {
    let (id, now) = (interface.id.0.clone(), state.now);
    state.interfaces.put(interface, Tags::new(), now, now);
    id
}

fn put(state: &mut State, foreign: Foreign) -> String {
    match foreign {
        Foreign::Subnet | Foreign::RouteTable | Foreign::SecurityGroup => put_part(state, foreign),
        Foreign::NatGateway | Foreign::Endpoint | Foreign::Peering => put_gateway(state, foreign),
        _ => {
            let interface = interface_for(state, foreign);
            keep(state, interface)
        }
    }
}

fn interface_for(state: &mut State, foreign: Foreign) -> Interface {
    let (kind, description) = match foreign {
        Foreign::Function => ("lambda", "AWS Lambda VPC ENI-billing-1"),
        Foreign::Task => ("interface", "arn:aws:ecs:us-east-1:123456789012:attachment/0a1b"),
        Foreign::LoadBalancer => ("interface", "ELB app/billing/0a1b"),
        _ => ("interface", "Primary network interface"),
    };
    let mut interface = interface(state, kind, description);
    match foreign {
        Foreign::Task => _ = interface.tags.insert("aws:ecs:serviceName".into(), "billing".into()),
        Foreign::LoadBalancer => {
            (interface.requester, interface.public_ip) = (Some("amazon-elb".into()), Some("192.0.2.8".into()));
        }
        Foreign::InstanceWithPublicIp => interface.public_ip = Some("192.0.2.7".into()),
        Foreign::Borrower => {
            (interface.vpc, interface.subnet) = ("vpc-of-others".into(), "subnet-of-others".into());
            // Nobody else can have the address while the gateway is there.
            let (gateway, address, now) = (only(state, "nat-gateway a"), only(state, "elastic-ip a"), state.now);
            state.nat_gateways.remove(|there| there.id.as_str() == gateway, now);
            interface.public_ip = state.addresses.get(&address).map(|address| address.ip.clone());
        }
        _ => {}
    }
    if matches!(foreign, Foreign::Instance | Foreign::InstanceWithPublicIp) {
        interface.instance = Some("i-0123".into());
    }
    interface
}

fn stack() -> Tags {
    Tags::from([("aws:cloudformation:stack-name".to_owned(), "billing".to_owned())])
}

fn put_part(state: &mut State, foreign: Foreign) -> String {
    let (vpc, now) = (VpcId(only(state, "vpc")), state.now);
    if foreign == Foreign::RouteTable {
        let id = state.id("rtb");
        let (associations, routes) = (Parts::default(), Parts::default());
        let table = Table { id: id.as_str().into(), vpc, is_main: false, associations, routes };
        state.tables.put(table, stack(), now, now);
        return id;
    }
    if foreign == Foreign::SecurityGroup {
        let id = state.id("sg");
        let group = Group { id: id.as_str().into(), name: "theirs".into(), vpc, rules: Parts::default() };
        state.groups.put(group, stack(), now, now);
        return id;
    }
    let id = SubnetId(state.id("subnet"));
    let cidr = Cidr::new("10.0.240.0/24").expect("a constant range");
    let zone = "us-east-1a".to_owned();
    let subnet =
        Subnet { id: id.clone(), resource: "theirs".into(), vpc, cidr, zone, gives_public_ips: false, ipv6: None };
    state.subnets.put(subnet, stack(), now, now);
    id.0
}

fn put_gateway(state: &mut State, foreign: Foreign) -> String {
    let (vpc, now) = (VpcId(only(state, "vpc")), state.now);
    if foreign == Foreign::Peering {
        let id = state.id("pcx");
        let (kind, description) = ("VPC peering connection".into(), "to vpc-of-others".into());
        let stranger = Stranger { kind, id: id.clone(), description, tags: BTreeMap::new() };
        state.strangers.push((vpc, stranger));
        return id;
    }
    if foreign == Foreign::Endpoint {
        let id = state.id("vpce");
        let endpoint = Endpoint { id: id.as_str().into(), vpc, tables: Parts::default(), policy: "{}".into() };
        state.endpoints.put(endpoint, stack(), now, now);
        return id;
    }
    let id = state.id("nat");
    let gateway = NatGateway {
        id: id.as_str().into(),
        vpc,
        subnet: Some(SubnetId(only(state, "subnet public-a"))),
        allocation: Some("eipalloc-of-others".into()),
        table: None,
        state: NatState::Available,
        born: now,
        ended: None,
        next: None,
    };
    state.nat_gateways.put(gateway, stack(), now, now);
    id
}
