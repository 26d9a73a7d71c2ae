//! Good networks, to break one thing in each.

use moat::cidr::Cidr;
use moat::ids::{SecurityGroupId, SubnetId};
use moat::network::observed::NatState;
use moat::proof::facts::*;
use moat::proof::ranges::Range;
use moat::rule::{Direction, Peer, Rule};

pub const REGION: &str = "us-east-1";

pub fn range(text: &str) -> Range {
    Range::new(text).unwrap()
}

pub fn route(destination: &str, target: Target) -> Route {
    let destination = match destination.strip_prefix("pl-") {
        Some(_) => Destination::List(destination.into()),
        None => Destination::Range(range(destination)),
    };
    Route { destination, target, is_active: true, is_propagated: false }
}

pub fn subnet(id: &str, name: &str, zone: &str, cidr: &str) -> Subnet {
    Subnet { id: id.into(), name: name.into(), zone: zone.into(), ranges: vec![range(cidr)], gives_public_ips: false }
}

pub fn entry(number: u16, direction: Direction, allows: bool, cidr: &str, ports: Option<(u16, u16)>) -> Entry {
    let protocol = if ports.is_some() { "6" } else { "-1" };
    Entry { number, direction, allows, protocol: protocol.into(), range: range(cidr), ports }
}

/// What AWS gives a new VPC: everything both ways.
pub fn open_acl(id: &str, subnets: &[&str]) -> Acl {
    let entries = vec![
        entry(100, Direction::Egress, true, "0.0.0.0/0", None),
        entry(100, Direction::Ingress, true, "0.0.0.0/0", None),
    ];
    Acl { id: id.into(), subnets: ids(subnets), entries }
}

pub fn ids(subnets: &[&str]) -> Vec<SubnetId> {
    subnets.iter().map(|id| SubnetId::from(*id)).collect()
}

pub fn cidr(text: &str) -> Peer {
    Peer::Cidr(Cidr::new(text).unwrap())
}

pub fn group(id: &str, rules: Vec<Rule>) -> Group {
    Group { id: id.into(), rules }
}

pub fn need(what: What) -> Need {
    Need { what, region: REGION.into() }
}

/// Two zones; tasks in the private subnets; an application load balancer in the public ones; no way out yet.
fn bare() -> Evidence {
    let public = ["subnet-pa", "subnet-pb"];
    let private = ["subnet-a", "subnet-b"];
    let load_balancer_group = SecurityGroupId::from("sg-lb");
    Evidence {
        region: REGION.into(),
        vpc: Vpc {
            id: "vpc-1".into(),
            ranges: vec![range("10.0.0.0/16")],
            dns_support: true,
            dns_hostnames: true,
            other_resolvers: vec![],
        },
        subnets: vec![
            subnet("subnet-pa", "public-a", "us-east-1a", "10.0.0.0/20"),
            subnet("subnet-pb", "public-b", "us-east-1b", "10.0.16.0/20"),
            subnet("subnet-a", "private-a", "us-east-1a", "10.0.128.0/20"),
            subnet("subnet-b", "private-b", "us-east-1b", "10.0.144.0/20"),
        ],
        tables: vec![
            table("rtb-main", true, &[], vec![]),
            table("rtb-p", false, &public, vec![route("0.0.0.0/0", Target::InternetGateway("igw-1".into()))]),
            table("rtb-a", false, &["subnet-a"], vec![]),
            table("rtb-b", false, &["subnet-b"], vec![]),
        ],
        internet_gateways: vec![InternetGateway { id: "igw-1".into(), is_attached: true }],
        nat_gateways: vec![],
        endpoints: vec![],
        acls: vec![open_acl("acl-public", &public), open_acl("acl-private", &private)],
        groups: vec![
            group(
                "sg-lb",
                vec![
                    Rule::tcp(Direction::Ingress, 443, cidr("0.0.0.0/0")),
                    Rule::tcp(Direction::Egress, 8080, Peer::Group("sg-tasks".into())),
                ],
            ),
            group(
                "sg-tasks",
                vec![Rule::tcp(Direction::Ingress, 8080, Peer::Group(load_balancer_group.clone())), Rule::all_out()],
            ),
        ],
        prefix_lists: vec![PrefixList {
            id: "pl-s3".into(),
            name: "com.amazonaws.us-east-1.s3".into(),
            ranges: vec![range("3.5.0.0/19"), range("52.216.0.0/15")],
        }],
        load_balancers: vec![LoadBalancer {
            arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/moat-web/50dc6c".into(),
            name: "moat-web".into(),
            is_internet_facing: true,
            subnets: ids(&public),
            groups: vec![load_balancer_group],
            listeners: vec![Listener { port: 443, protocol: "HTTPS".into(), target_groups: vec!["tg-1".into()] }],
        }],
        target_groups: vec![TargetGroup { arn: "tg-1".into(), health_check_port: None, keeps_client_addresses: false }],
        service: Placement {
            name: "web".into(),
            subnets: ids(&private),
            groups: vec!["sg-tasks".into()],
            assigns_public_ip: false,
            port: 8080,
            target_groups: vec!["tg-1".into()],
        },
        interfaces: vec![],
        needs: [What::EcrApi, What::EcrDkr, What::Layers, What::Logs].map(need).into(),
        role: role(),
    }
}

fn table(id: &str, is_main: bool, subnets: &[&str], mut routes: Vec<Route>) -> RouteTable {
    routes.insert(0, route("10.0.0.0/16", Target::Local));
    RouteTable { id: id.into(), is_main, subnets: ids(subnets), routes }
}

fn role() -> Role {
    let actions = [What::EcrApi, What::Logs, What::SecretsManager, What::Ssm, What::Kms];
    let rights = actions.iter().flat_map(What::rights).map(|action| ((*action).to_owned(), true)).collect();
    Role { name: "moat-web-execution".into(), rights }
}

pub fn nat_gateway(id: &str, subnet: &str) -> NatGateway {
    NatGateway { id: id.into(), state: NatState::Available, is_public: true, place: NatPlace::Subnet(subnet.into()) }
}

pub fn gateway_endpoint(tables: &[&str]) -> Endpoint {
    Endpoint {
        id: "vpce-s3".into(),
        service: "com.amazonaws.us-east-1.s3".into(),
        state: EndpointState::Available,
        kind: EndpointKind::Gateway { tables: tables.iter().map(|id| (*id).into()).collect() },
        policy: Policy::Full,
    }
}

pub fn interface_endpoint(id: &str, service: &str) -> Endpoint {
    Endpoint {
        id: id.into(),
        service: format!("com.amazonaws.{REGION}.{service}"),
        state: EndpointState::Available,
        kind: EndpointKind::Interface {
            subnets: ids(&["subnet-a", "subnet-b"]),
            groups: vec!["sg-endpoints".into()],
            private_dns: true,
        },
        policy: Policy::Full,
    }
}

/// One NAT gateway in each zone, and S3's gateway endpoint on both private tables.
pub fn with_nat() -> Evidence {
    let mut evidence = bare();
    evidence.nat_gateways = vec![nat_gateway("nat-a", "subnet-pa"), nat_gateway("nat-b", "subnet-pb")];
    evidence.endpoints = vec![gateway_endpoint(&["rtb-a", "rtb-b"])];
    for (table, gateway) in [(2, "nat-a"), (3, "nat-b")] {
        let routes = &mut evidence.tables[table].routes;
        routes.push(route("0.0.0.0/0", Target::NatGateway(gateway.into())));
        routes.push(route("pl-s3", Target::GatewayEndpoint("vpce-s3".into())));
    }
    evidence
}

/// No route to the Internet: interface endpoints, and S3's gateway endpoint on both private tables.
pub fn with_endpoints() -> Evidence {
    let mut evidence = bare();
    evidence.endpoints = vec![
        gateway_endpoint(&["rtb-a", "rtb-b"]),
        interface_endpoint("vpce-api", "ecr.api"),
        interface_endpoint("vpce-dkr", "ecr.dkr"),
        interface_endpoint("vpce-logs", "logs"),
    ];
    for table in [2, 3] {
        evidence.tables[table].routes.push(route("pl-s3", Target::GatewayEndpoint("vpce-s3".into())));
    }
    let from_tasks = Rule::tcp(Direction::Ingress, 443, Peer::Group("sg-tasks".into()));
    evidence.groups.push(group("sg-endpoints", vec![from_tasks]));
    evidence
}
