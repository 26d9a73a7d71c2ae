//! Everything that exists in the account, and how it goes on by itself.

use crate::bucket::Bucket;
use crate::chance::Chance;
use crate::egress::Remembered;
use crate::fault::{Fault, Faults};
use crate::rollout::Ground;
use crate::rules::Rules;
use crate::shelf::{HasId, Parts, Shelf, Tags};
use crate::tokens::Tokens;
use moat::cidr::Cidr;
use moat::ids::{AllocationId, AssociationId, RouteTableId, SecurityGroupId, SubnetId, VpcId};
use moat::ingress::observed as ingress;
use moat::network::observed::{
    EgressOnlyInternetGateway, EndpointState, InternetGateway, Ipv6Range, NatState, Route, Subnet, Target,
};
use moat::rule::Rule;
use moat::service::observed as service;
use moat::spec::{LoadBalancerKind, Scheme};
use moat::teardown::{Interface, Stranger};
use std::collections::{BTreeMap, BTreeSet};

/// The account. Only [`crate::World`] hands it out.
pub struct State {
    pub now: u64,
    pub chance: Chance,
    pub rules: Rules,
    pub faults: Faults,
    /// How many calls were made.
    pub calls: u64,
    /// The numbers of those that do something, rather than read.
    pub acts: Vec<u64>,
    /// The faults that struck.
    pub struck: Vec<Fault>,
    pub log: Vec<String>,
    /// When somebody else opened something last. moat cannot know before it looks again.
    pub(crate) opened: Option<u64>,
    pub region: String,
    pub zones: Vec<String>,
    pub(crate) vpcs: Shelf<Vpc>,
    pub(crate) subnets: Shelf<Subnet>,
    pub(crate) internet_gateways: Shelf<InternetGateway>,
    pub(crate) egress_only_gateways: Shelf<EgressOnlyInternetGateway>,
    /// When an IPv6 range of a VPC or a subnet is associated, by the id of that.
    pub(crate) associating: Vec<(u64, String)>,
    pub(crate) addresses: Shelf<Address>,
    pub(crate) nat_gateways: Shelf<NatGateway>,
    pub(crate) tables: Shelf<Table>,
    /// Gateway endpoints.
    pub(crate) endpoints: Shelf<Endpoint>,
    pub(crate) interface_endpoints: Shelf<InterfaceEndpoint>,
    pub(crate) endpoint_calls: Bucket,
    /// What each name of an endpoint service led to, and when it did last.
    pub(crate) remembered: Remembered,
    /// Whether moat is to blame when tasks lose their way out.
    pub(crate) is_watched: bool,
    pub(crate) groups: Shelf<Group>,
    pub(crate) balancers: Shelf<Balancer>,
    pub(crate) targets: Shelf<TargetGroup>,
    pub(crate) listeners: Shelf<Listener>,
    pub(crate) clusters: Shelf<Cluster>,
    pub(crate) log_groups: Shelf<service::LogGroup>,
    pub(crate) revisions: Shelf<Revision>,
    /// Deregistered ones.
    pub(crate) inactive: Shelf<Revision>,
    /// How many revisions each family ever had: a number is never given twice.
    pub(crate) registered: BTreeMap<String, u32>,
    pub(crate) services: Shelf<EcsService>,
    /// When ECS was first used in this account, where its role had to be made.
    pub(crate) ecs_used: Option<u64>,
    /// Network interfaces of others.
    pub(crate) interfaces: Shelf<Interface>,
    /// Those that stay for a while after what they belonged to, and until when.
    pub(crate) lingering: Vec<(u64, Interface)>,
    /// What others have in a VPC that the fake knows by name alone.
    pub(crate) strangers: Vec<(VpcId, Stranger)>,
    /// VPCs of others, in which moat is a guest.
    pub(crate) landlords: Vec<VpcId>,
    /// Scalable targets of Application Auto Scaling, by the service's name.
    pub(crate) scalings: BTreeMap<String, Scaling>,
    /// Digests in ECR, by image with its tag.
    pub(crate) images: BTreeMap<String, String>,
    /// The prefixes of ECR's pull through cache rules.
    pub(crate) cached: Vec<String>,
    pub(crate) tokens: Tokens,
    pub(crate) parameters: BTreeMap<String, String>,
    /// When each execution that no longer runs ended.
    pub(crate) ended: BTreeMap<String, u64>,
    /// What rollouts deal with.
    pub ground: Ground,
}

/// A transit gateway of others, by which subnets in a VPC of theirs reach the Internet.
pub(crate) const TRANSIT: &str = "tgw-of-others";

#[derive(Debug, Clone)]
pub(crate) struct Vpc {
    pub id: VpcId,
    pub cidr: Cidr,
    pub dns_support: bool,
    pub dns_hostnames: bool,
    pub ipv6: Vec<Ipv6Range>,
}

#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub id: AllocationId,
    pub ip: String,
}

#[derive(Debug, Clone)]
pub(crate) struct NatGateway {
    pub id: moat::ids::NatGatewayId,
    pub vpc: VpcId,
    /// None for a regional one, which has a route table of its own instead, and addresses that are not the account's.
    pub subnet: Option<SubnetId>,
    pub allocation: Option<AllocationId>,
    pub table: Option<RouteTableId>,
    pub state: NatState,
    pub born: u64,
    /// When somebody deleted it.
    pub ended: Option<u64>,
    /// When the state changes by itself, and into what.
    pub next: Option<(u64, NatState)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub id: RouteTableId,
    pub vpc: VpcId,
    pub is_main: bool,
    pub associations: Parts<(AssociationId, SubnetId)>,
    pub routes: Parts<(String, Target)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub id: moat::ids::VpcEndpointId,
    pub vpc: VpcId,
    pub tables: Parts<RouteTableId>,
    pub policy: String,
}

#[derive(Debug, Clone)]
pub(crate) struct InterfaceEndpoint {
    pub id: moat::ids::VpcEndpointId,
    pub vpc: VpcId,
    /// `ecr.api`
    pub service: String,
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    pub private_dns: bool,
    pub policy: String,
    pub state: EndpointState,
    pub born: u64,
    /// When the state changes by itself, and into what.
    pub next: Option<(u64, EndpointState)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub id: SecurityGroupId,
    pub name: String,
    pub vpc: VpcId,
    pub rules: Parts<Rule>,
}

#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    pub arn: String,
    pub name: String,
    pub kind: LoadBalancerKind,
    pub scheme: Scheme,
    /// `ipv4` or `dualstack`.
    pub address_type: String,
    pub subnets: BTreeSet<SubnetId>,
    pub groups: BTreeSet<SecurityGroupId>,
    pub attributes: BTreeMap<String, String>,
    pub web_acl: Option<String>,
    pub born: u64,
    pub active_at: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct TargetGroup {
    pub arn: String,
    pub name: String,
    pub vpc: VpcId,
    pub protocol: String,
    pub health_check: ingress::HealthCheck,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub arn: String,
    pub balancer: String,
    pub port: u16,
    pub protocol: String,
    pub forwards_to: Option<String>,
    /// To HTTPS on port 443, for good.
    pub redirects: bool,
    pub certificate: Option<String>,
    pub additional_certificates: BTreeSet<String>,
    pub policy: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub rules: Vec<ingress::ListenerRule>,
    /// From when on ECS knows what the listener forwards to: it asks ELB, which may lag (C8).
    pub known_to_ecs: u64,
}

impl Listener {
    /// Whether it forwards there, by itself or by one of its rules.
    pub fn leads_to(&self, target: &str) -> bool {
        let by_rule = self.rules.iter().filter_map(|rule| rule.forwards_to.as_ref());
        self.forwards_to.as_deref().into_iter().chain(by_rule.map(|arn| arn.as_str())).any(|arn| arn == target)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub arn: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Revision {
    pub arn: String,
    pub family: String,
    pub definition: service::TaskDefinition,
    /// Who registered it, and when.
    pub registered: (String, u64),
}

#[derive(Debug, Clone)]
pub(crate) struct EcsService {
    pub arn: String,
    pub name: String,
    /// `Some` while it drains: until when.
    pub draining: Option<u64>,
    pub revision: String,
    pub network: service::Network,
    pub deployment: moat::service::desired::Deployment,
    pub grace: u32,
    pub exec: bool,
    pub desired: u32,
    pub running: u32,
    pub target_group: Option<String>,
    /// When the current deployment began, and when it completes if tasks can start by then.
    pub began: u64,
    pub completes: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scaling {
    pub least: u32,
    pub most: u32,
    /// When it changed the number of tasks last.
    pub acted: Option<u64>,
}

macro_rules! has_id {
    ($($kind:ty => |$thing:ident| $id:expr),+ $(,)?) => {$(
        impl HasId for $kind {
            fn id(&self) -> &str {
                let $thing = self;
                $id
            }
        }
    )+};
}

has_id! {
    Vpc => |it| it.id.as_str(),
    Subnet => |it| it.id.as_str(),
    InternetGateway => |it| it.id.as_str(),
    EgressOnlyInternetGateway => |it| it.id.as_str(),
    Address => |it| it.id.as_str(),
    NatGateway => |it| it.id.as_str(),
    Table => |it| it.id.as_str(),
    Endpoint => |it| it.id.as_str(),
    InterfaceEndpoint => |it| it.id.as_str(),
    Group => |it| it.id.as_str(),
    Balancer => |it| &it.arn,
    TargetGroup => |it| &it.arn,
    Listener => |it| &it.arn,
    Cluster => |it| &it.arn,
    service::LogGroup => |it| &it.name,
    Revision => |it| &it.arn,
    EcsService => |it| &it.arn,
    Interface => |it| it.id.as_str(),
}

/// How long EC2 shows a NAT gateway after it is deleted.
const DELETED_SHOWN: u64 = 3_600_000;
/// How long ECS waits before it starts tasks again that could not reach their image.
const TASK_RETRY: u64 = 15_000;

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        let region = "us-east-1".to_owned();
        Self {
            now: 0,
            chance: Chance::new(seed),
            rules: Rules::default(),
            faults: Faults::none(),
            calls: 0,
            acts: Vec::new(),
            struck: Vec::new(),
            log: Vec::new(),
            opened: None,
            zones: ["a", "b", "c", "d"].map(|letter| format!("{region}{letter}")).into(),
            region,
            vpcs: Shelf::default(),
            subnets: Shelf::default(),
            internet_gateways: Shelf::default(),
            egress_only_gateways: Shelf::default(),
            associating: Vec::new(),
            addresses: Shelf::default(),
            nat_gateways: Shelf::default(),
            tables: Shelf::default(),
            endpoints: Shelf::default(),
            interface_endpoints: Shelf::default(),
            endpoint_calls: Bucket::default(),
            remembered: Remembered::default(),
            is_watched: false,
            groups: Shelf::default(),
            balancers: Shelf::default(),
            targets: Shelf::default(),
            listeners: Shelf::default(),
            clusters: Shelf::default(),
            log_groups: Shelf::default(),
            revisions: Shelf::default(),
            inactive: Shelf::default(),
            registered: BTreeMap::new(),
            services: Shelf::default(),
            ecs_used: None,
            interfaces: Shelf::default(),
            lingering: Vec::new(),
            strangers: Vec::new(),
            landlords: Vec::new(),
            scalings: BTreeMap::new(),
            images: BTreeMap::new(),
            cached: Vec::new(),
            tokens: Tokens::default(),
            parameters: BTreeMap::new(),
            ended: BTreeMap::new(),
            ground: Ground::default(),
        }
    }

    /// A new id, in an order that says nothing about age.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{:08x}{:04x}", self.chance.next() as u32, self.calls & 0xffff)
    }

    /// From when on something that changes now can be seen.
    pub(crate) fn seen_from(&mut self) -> u64 {
        let is_late = self.rules.lag > 0 && self.chance.percent(self.rules.lagging);
        let lag = if is_late { self.chance.between(1, self.rules.lag) } else { 0 };
        self.now + lag
    }

    pub(crate) fn after(&mut self, (least, most): (u64, u64)) -> u64 {
        self.now + self.chance.between(least, most)
    }

    pub(crate) fn keep_vpc(&mut self, vpc: Vpc, tags: Tags) {
        let (seen, usable) = (self.seen_from(), self.seen_from());
        self.vpcs.put(vpc, tags, seen, usable);
    }

    /// Lets time pass: what AWS does by itself happens.
    pub(crate) fn tick(&mut self, now: u64) {
        self.now = now;
        for gateway in self.nat_gateways.there_mut() {
            while let Some((at, state)) = gateway.next.clone().filter(|(at, _)| *at <= now) {
                gateway.next = (state == NatState::Deleted).then_some((at + DELETED_SHOWN, NatState::Deleted));
                let is_over = gateway.state == NatState::Deleted;
                gateway.state = state;
                if is_over {
                    gateway.next = None;
                    gateway.born = GONE;
                }
            }
        }
        self.nat_gateways.remove(|gateway| gateway.born == GONE, now);
        self.ranges_go_on();
        self.regional_tables_go();
        self.endpoints_go_on();
        self.remember();
        self.leave();
        self.services.remove(|service| service.draining.is_some_and(|until| until <= now), now);
        self.ground.advance(now);
        self.deploy();
        self.scale();
    }

    fn endpoints_go_on(&mut self) {
        let now = self.now;
        for endpoint in self.interface_endpoints.there_mut() {
            if let Some((_, state)) = endpoint.next.take_if(|(at, _)| *at <= now) {
                endpoint.state = state;
            }
        }
        self.interface_endpoints.remove(|endpoint| endpoint.state == EndpointState::Deleted, now);
    }

    /// The route table of a regional gateway is made with it, and goes with it.
    fn regional_tables_go(&mut self) {
        let is_going = |gateway: &&NatGateway| matches!(gateway.state, NatState::Deleting | NatState::Deleted);
        let gateways = self.nat_gateways.ever().filter(is_going);
        let gone: Vec<RouteTableId> = gateways.filter_map(|gateway| gateway.table.clone()).collect();
        self.tables.remove(|table| gone.contains(&table.id), self.now);
    }

    /// Tasks start once they can pull their image and somebody sends them requests.
    fn deploy(&mut self) {
        let now = self.now;
        let due: Vec<String> =
            self.services.there().filter(|s| s.completes.is_some_and(|at| at <= now)).map(|s| s.arn.clone()).collect();
        for arn in due {
            let Some(service) = self.services.get(&arn).cloned() else { continue };
            let can_run = service.network.subnets.iter().all(|subnet| self.lost(subnet, 0).is_empty())
                && service.target_group.as_ref().is_none_or(|target| self.is_served(target));
            let Some(service) = self.services.get_mut(&arn) else { continue };
            if can_run {
                service.completes = None;
                service.running = service.desired;
            } else {
                service.completes = Some(now + TASK_RETRY);
            }
        }
    }

    /// Whether a task in this subnet reaches the Internet through a NAT gateway that works, or by the transit gateway of
    /// others, which leads there.
    pub(crate) fn has_nat(&self, subnet: &SubnetId) -> bool {
        let Some(table) = self.table_in_force(subnet) else { return false };
        let anywhere = Cidr::ANYWHERE.to_string();
        table.routes.there().any(|(destination, target)| {
            let Target::NatGateway(id) = target else {
                return *destination == anywhere && *target == Target::Other(TRANSIT.into());
            };
            let works = |gateway: &NatGateway| gateway.state == NatState::Available;
            *destination == anywhere && self.nat_gateways.get(id.as_str()).is_some_and(works)
        })
    }

    /// Whether a listener forwards to this target group.
    pub(crate) fn is_served(&self, target: &str) -> bool {
        self.listeners.there().any(|listener| listener.leads_to(target))
    }

    /// The table that routes for a subnet: the one it is associated with, or else the VPC's main one.
    pub(crate) fn table_in_force(&self, subnet: &SubnetId) -> Option<&Table> {
        let is_associated = |table: &&Table| table.associations.there().any(|(_, id)| id == subnet);
        let vpc = &self.subnets.get(subnet.as_str())?.vpc;
        let explicit = self.tables.there().find(is_associated);
        explicit.or_else(|| self.tables.there().find(|table| table.is_main && table.vpc == *vpc))
    }

    /// Whether traffic that follows this route arrives: not a black hole.
    pub(crate) fn is_active(&self, target: &Target) -> bool {
        match target {
            // One that is gone; but others have some that the fake knows by the route alone.
            Target::Other(id) if self.egress_only_gateways.ever().any(|gateway| gateway.id.as_str() == id) => {
                self.egress_only_gateways.get(id).is_some()
            }
            Target::Local | Target::Other(_) => true,
            Target::InternetGateway(id) => self.internet_gateways.get(id.as_str()).is_some_and(|g| g.vpc.is_some()),
            Target::NatGateway(id) => self.nat_gateways.get(id.as_str()).is_some_and(|g| g.state.is_live()),
        }
    }

    pub(crate) fn route(&self, (destination, target): &(String, Target)) -> Route {
        Route { destination: destination.clone(), target: target.clone(), is_active: self.is_active(target) }
    }

    /// The gateway that holds this address.
    pub(crate) fn holder(&self, address: &AllocationId) -> Option<&NatGateway> {
        let holds = |gateway: &&NatGateway| {
            gateway.allocation.as_ref() == Some(address)
                && matches!(gateway.state, NatState::Pending | NatState::Available | NatState::Deleting)
        };
        self.nat_gateways.there().find(holds)
    }
}

/// The birth of a gateway that AWS no longer shows.
const GONE: u64 = u64::MAX;
