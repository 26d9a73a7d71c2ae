//! A network of somebody else, in which moat is a guest: it may live there, and change nothing.

use crate::interfaces::ACCOUNT;
use crate::shelf::{Parts, Tags};
use crate::state::{Address, Endpoint, Group, InterfaceEndpoint, NatGateway, State, TRANSIT, Table, Vpc};
use crate::world::World;
use moat::cidr::Cidr;
use moat::ids::{AssociationId, InternetGatewayId, NatGatewayId, RouteTableId, SubnetId, VpcEndpointId, VpcId};
use moat::network::endpoints::Policy;
use moat::network::observed::{EndpointState, InternetGateway, NatState, Subnet, Target};
use moat::rule::{Direction, Peer, Rule};
use moat::spec::EndpointService;
use std::collections::BTreeSet;

/// What somebody else has, by id.
#[derive(Debug, Clone)]
pub struct Landlord {
    pub vpc: VpcId,
    pub internet_gateway: InternetGatewayId,
    /// In two zones, in their order.
    pub public: [SubnetId; 2],
    pub private: [SubnetId; 2],
    pub public_table: RouteTableId,
    /// The main table of the VPC, in force for the private subnets.
    pub private_table: RouteTableId,
    pub nat_gateway: NatGatewayId,
    /// The gateway endpoint of S3, on both tables.
    pub s3: VpcEndpointId,
}

impl World {
    /// Builds a VPC as others do: two zones, a NAT gateway, an endpoint, and none of moat's tags.
    pub fn landlord(&self) -> Landlord {
        self.change(build)
    }

    /// The same without any route from the private subnets to the Internet, and without endpoints; its names work.
    pub fn shut_landlord(&self) -> Landlord {
        let corp = self.landlord();
        self.change(|state| {
            let now = state.now;
            for table in state.tables.there_mut().filter(|table| table.id == corp.private_table) {
                table.routes.remove(|(to, _)| *to == Cidr::ANYWHERE.to_string(), now);
            }
            state.endpoints.remove(|endpoint| endpoint.id == corp.s3, now);
        });
        self.work_names(&corp, true);
        corp
    }

    /// Takes the public subnets away, with their table, the NAT gateway in them and the Internet gateway. The private
    /// ones reach out by a transit gateway, where they reach out at all.
    pub fn without_public_subnets(&self, corp: &Landlord) {
        self.change(|state| {
            let (now, anywhere) = (state.now, Cidr::ANYWHERE.to_string());
            let address = state.nat_gateways.get(corp.nat_gateway.as_str()).and_then(|nat| nat.allocation.clone());
            state.nat_gateways.remove(|gateway| gateway.id == corp.nat_gateway, now);
            state.addresses.remove(|one| Some(&one.id) == address.as_ref(), now);
            state.internet_gateways.remove(|gateway| gateway.id == corp.internet_gateway, now);
            state.subnets.remove(|subnet| corp.public.contains(&subnet.id), now);
            state.tables.remove(|table| table.id == corp.public_table, now);
            for endpoint in state.endpoints.there_mut() {
                endpoint.tables.remove(|table| *table == corp.public_table, now);
            }
            for table in state.tables.there_mut().filter(|table| table.id == corp.private_table) {
                if table.routes.remove(|(to, _)| *to == anywhere, now) {
                    table.routes.put((anywhere.clone(), Target::Other(TRANSIT.into())), now);
                }
            }
        });
    }

    /// Turns the attributes on by which names lead to endpoints, or off.
    pub fn work_names(&self, corp: &Landlord, is_on: bool) {
        self.change(|state| {
            let home = state.vpcs.get_mut(corp.vpc.as_str());
            home.into_iter().for_each(|vpc| (vpc.dns_support, vpc.dns_hostnames) = (true, is_on));
        });
    }

    /// Gives the VPC an interface endpoint of others, as its owner may have one, in its private subnets.
    pub fn others_answer(&self, corp: &Landlord, service: EndpointService, private_dns: bool) {
        self.change(|state| {
            let now = state.now;
            let group = state.groups.there().find(|group| group.vpc == corp.vpc && group.name == "databases");
            let groups = group.map(|group| group.id.clone()).into_iter().collect();
            let endpoint = InterfaceEndpoint {
                id: state.id("vpce").into(),
                vpc: corp.vpc.clone(),
                service: service.to_string(),
                subnets: corp.private.clone().into(),
                groups,
                private_dns,
                policy: Policy::Open.document(ACCOUNT, &state.region).to_string(),
                state: EndpointState::Available,
                born: now,
                next: None,
            };
            state.interface_endpoints.put(endpoint, named(service.as_str()), now, now);
        });
    }

    /// Leads the private subnets, or the public ones, elsewhere.
    pub fn lead(&self, table: &RouteTableId, destination: &str, target: Option<Target>) {
        self.change(|state| {
            let now = state.now;
            state.opened = Some(now);
            let Some(table) = state.tables.get_mut(table.as_str()) else { return };
            table.routes.remove(|(to, _)| to == destination, now);
            if let Some(target) = target {
                table.routes.put((destination.to_owned(), target), now);
            }
        });
    }

    /// Changes a subnet, as its owner may.
    pub fn change_subnet(&self, id: &SubnetId, change: impl FnOnce(&mut Subnet)) {
        self.change(|state| {
            state.opened = Some(state.now);
            state.subnets.get_mut(id.as_str()).map(change);
        });
    }
}

/// All that others have in VPCs that moat is a guest in, a line each.
pub fn property(state: &State) -> BTreeSet<String> {
    if state.landlords.is_empty() {
        return BTreeSet::new();
    }
    let kinds = [
        "vpcs",
        "subnets",
        "internet_gateways",
        "nat_gateways",
        "tables",
        "endpoints",
        "interface_endpoints",
        "groups",
    ];
    let is_theirs = |line: &String| {
        let is_inside = || state.landlords.iter().any(|vpc| line.contains(vpc.as_str()));
        let is_tagged = line.contains(moat::tags::NETWORK) || line.contains(moat::tags::SERVICE);
        !is_tagged && (line.starts_with("addresses ") || kinds.iter().any(|kind| line.starts_with(kind)) && is_inside())
    };
    crate::inventory::lines(state, &[]).into_iter().filter(is_theirs).collect()
}

fn named(name: &str) -> Tags {
    Tags::from([("Name".to_owned(), name.to_owned()), ("team".to_owned(), "platform".to_owned())])
}

fn build(state: &mut State) -> Landlord {
    let (now, range) = (state.now, Cidr::new("172.16.0.0/16").expect("a constant range"));
    let vpc = VpcId(state.id("vpc"));
    state.landlords.push(vpc.clone());
    let home = Vpc { id: vpc.clone(), cidr: range, dns_support: true, dns_hostnames: false, ipv6: Vec::new() };
    state.vpcs.put(home, named("corp"), now, now);
    let internet_gateway = InternetGatewayId(state.id("igw"));
    let gateway = InternetGateway { id: internet_gateway.clone(), vpc: Some(vpc.clone()) };
    state.internet_gateways.put(gateway, named("corp"), now, now);
    let public = ["0", "1"].map(|at| subnet(state, &vpc, "public", at));
    let private = ["2", "3"].map(|at| subnet(state, &vpc, "private", at));
    let nat_gateway = nat_gateway(state, &vpc, &public[0]);
    let out = |target| Parts::of(vec![(range.to_string(), Target::Local), (Cidr::ANYWHERE.to_string(), target)]);
    let associations = public.each_ref().map(|id| (AssociationId(state.id("rtbassoc")), id.clone()));
    let public_table = Table {
        id: state.id("rtb").into(),
        vpc: vpc.clone(),
        is_main: false,
        associations: Parts::of(associations.into()),
        routes: out(Target::InternetGateway(internet_gateway.clone())),
    };
    let private_table = Table {
        id: state.id("rtb").into(),
        vpc: vpc.clone(),
        is_main: true,
        associations: Parts::default(),
        routes: out(Target::NatGateway(nat_gateway.clone())),
    };
    let tables = [&public_table, &private_table].map(|table| table.id.clone());
    for (table, name) in [(public_table, "corp-public"), (private_table, "corp-private")] {
        state.tables.put(table, named(name), now, now);
    }
    let s3 = furnish(state, &vpc, &tables);
    let [public_table, private_table] = tables;
    Landlord { vpc, internet_gateway, public, private, public_table, private_table, nat_gateway, s3 }
}

fn subnet(state: &mut State, vpc: &VpcId, side: &str, third: &str) -> SubnetId {
    let (id, now) = (SubnetId(state.id("subnet")), state.now);
    let zone = if matches!(third, "0" | "2") { "us-east-1a" } else { "us-east-1b" };
    let subnet = Subnet {
        id: id.clone(),
        // The fake's own mark of what must stay private; it is no tag.
        resource: format!("subnet {side}-of-others-{third}").as_str().into(),
        vpc: vpc.clone(),
        cidr: Cidr::new(&format!("172.16.{third}.0/24")).expect("a constant range"),
        zone: zone.into(),
        gives_public_ips: side == "public",
        ipv6: None,
    };
    state.subnets.put(subnet, named(&format!("corp-{side}-{third}")), now, now);
    id
}

fn nat_gateway(state: &mut State, vpc: &VpcId, subnet: &SubnetId) -> NatGatewayId {
    let (id, now) = (NatGatewayId(state.id("nat")), state.now);
    let address = Address { id: state.id("eipalloc").into(), ip: "198.51.100.7".into() };
    let gateway = NatGateway {
        id: id.clone(),
        vpc: vpc.clone(),
        subnet: Some(subnet.clone()),
        allocation: Some(address.id.clone()),
        table: None,
        state: NatState::Available,
        born: now,
        ended: None,
        next: None,
    };
    state.addresses.put(address, named("corp"), now, now);
    state.nat_gateways.put(gateway, named("corp"), now, now);
    id
}

/// What else there is: the default group with its rules, a group of theirs, an endpoint.
fn furnish(state: &mut State, vpc: &VpcId, tables: &[RouteTableId]) -> VpcEndpointId {
    let now = state.now;
    for (name, tags) in [("default", Tags::new()), ("databases", named("databases"))] {
        let id = moat::ids::SecurityGroupId(state.id("sg"));
        let within =
            Rule { direction: Direction::Ingress, protocol: "-1".into(), ports: None, peer: Peer::Group(id.clone()) };
        let rules = Parts::of(vec![within, Rule::all_out()]);
        state.groups.put(Group { id, name: name.into(), vpc: vpc.clone(), rules }, tags, now, now);
    }
    let id = VpcEndpointId(state.id("vpce"));
    let endpoint =
        Endpoint { id: id.clone(), vpc: vpc.clone(), tables: Parts::of(tables.to_vec()), policy: "{}".into() };
    state.endpoints.put(endpoint, named("s3"), now, now);
    id
}
