//! What a proof is made from: one snapshot of what decides where packets may go, whoever made it.
//!
//! The reader fills it and decides nothing. What could not be read is left out or `None`, and the proof then says that
//! it does not know, since unreadable is not absent.

use super::ranges::Range;
use crate::ids::{
    InterfaceId, InternetGatewayId, LoadBalancerArn, NatGatewayId, NetworkAclId, PrefixListId, RouteTableId,
    SecurityGroupId, SubnetId, TargetGroupArn, VpcEndpointId, VpcId,
};
use crate::network::observed::NatState;
use crate::rule::{Direction, Rule};
use std::collections::BTreeMap;
use std::fmt;

/// One snapshot of a VPC and of what runs in it, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub region: String,
    pub vpc: Vpc,
    /// All subnets of the VPC.
    pub subnets: Vec<Subnet>,
    /// All route tables of the VPC, and those of its regional NAT gateways.
    pub tables: Vec<RouteTable>,
    pub internet_gateways: Vec<InternetGateway>,
    pub nat_gateways: Vec<NatGateway>,
    pub endpoints: Vec<Endpoint>,
    pub acls: Vec<Acl>,
    /// The groups of the tasks, of the endpoints and of the load balancers.
    pub groups: Vec<Group>,
    pub prefix_lists: Vec<PrefixList>,
    /// Every load balancer of the VPC that forwards to one of the service's target groups.
    pub load_balancers: Vec<LoadBalancer>,
    pub target_groups: Vec<TargetGroup>,
    pub service: Placement,
    /// The network interfaces of the service's tasks; none before it runs.
    pub interfaces: Vec<Interface>,
    pub needs: Vec<Need>,
    pub role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    pub id: VpcId,
    /// IPv4 and IPv6.
    pub ranges: Vec<Range>,
    pub dns_support: bool,
    pub dns_hostnames: bool,
    /// Name servers that the DHCP options name instead of Amazon's; none is the rule.
    pub other_resolvers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    pub id: SubnetId,
    /// Its logical name or its `Name` tag; its id where it has neither.
    pub name: String,
    pub zone: String,
    /// IPv4 and IPv6.
    pub ranges: Vec<Range>,
    /// Whether what is launched here gets a public IP unasked.
    pub gives_public_ips: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    pub id: RouteTableId,
    /// Whether it is in force for subnets with no association of their own.
    pub is_main: bool,
    pub subnets: Vec<SubnetId>,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub destination: Destination,
    pub target: Target,
    /// False for a black hole: its target is gone, and packets end there.
    pub is_active: bool,
    /// Whether a virtual private gateway put it there.
    pub is_propagated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    Range(Range),
    List(PrefixListId),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Local,
    InternetGateway(InternetGatewayId),
    NatGateway(NatGatewayId),
    /// IPv6 only, and outwards only.
    EgressOnlyInternetGateway(String),
    /// A gateway endpoint: S3 or DynamoDB.
    GatewayEndpoint(VpcEndpointId),
    /// An endpoint of a Gateway Load Balancer: a firewall that somebody runs.
    FirewallEndpoint(VpcEndpointId),
    Peering(String),
    TransitGateway(String),
    VirtualPrivateGateway(String),
    /// An instance or a network interface, for instance a NAT instance.
    Interface(String),
    /// What this version does not know.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternetGateway {
    pub id: InternetGatewayId,
    pub is_attached: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatGateway {
    pub id: NatGatewayId,
    pub state: NatState,
    pub is_public: bool,
    pub place: NatPlace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NatPlace {
    Subnet(SubnetId),
    /// A regional gateway stands in no subnet and has a route table of its own ("Regional NAT gateways", VPC guide).
    Regional(RouteTableId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: VpcEndpointId,
    /// `com.amazonaws.us-east-1.ecr.api`
    pub service: String,
    pub state: EndpointState,
    pub kind: EndpointKind,
    pub policy: Policy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointKind {
    /// `tables` are those that AWS lists; what counts are the routes in them.
    Gateway {
        tables: Vec<RouteTableId>,
    },
    Interface {
        subnets: Vec<SubnetId>,
        groups: Vec<SecurityGroupId>,
        private_dns: bool,
    },
    /// Gateway Load Balancer, resource, service network.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointState {
    Available,
    Pending,
    /// As AWS writes it: `failed`, `rejected`, `pendingAcceptance`, `deleting` …
    Other(String),
}

/// An endpoint's policy, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// AWS's default: everything for everyone.
    Full,
    Statements(Vec<Statement>),
    Unread,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub allows: bool,
    /// `ecr:*`; stars and question marks stand for any text and any character.
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// Whether it names a principal other than `*`, or has a condition, or is written with `NotAction` and the like.
    pub is_conditional: bool,
}

/// A network ACL. Entries count in the order of their numbers; what none matches is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    pub id: NetworkAclId,
    pub subnets: Vec<SubnetId>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub number: u16,
    pub direction: Direction,
    pub allows: bool,
    /// A protocol number (`6` is TCP) or `-1` for all, as AWS writes it.
    pub protocol: String,
    pub range: Range,
    /// First and last; `None` for all.
    pub ports: Option<(u16, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: SecurityGroupId,
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixList {
    pub id: PrefixListId,
    /// `com.amazonaws.us-east-1.s3`, or what its owner called it.
    pub name: String,
    pub ranges: Vec<Range>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    pub arn: LoadBalancerArn,
    pub name: String,
    pub is_internet_facing: bool,
    pub subnets: Vec<SubnetId>,
    /// None for a network load balancer that was made without.
    pub groups: Vec<SecurityGroupId>,
    pub listeners: Vec<Listener>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    pub port: u16,
    pub protocol: String,
    /// Of its default action and of all its rules.
    pub target_groups: Vec<TargetGroupArn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub health_check_port: Option<u16>,
    /// `preserve_client_ip.enabled`: tasks then see the clients' addresses, and their group must admit those.
    pub keeps_client_addresses: bool,
}

/// Where ECS runs the service's tasks, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The service's name; empty where there is none yet, and only the network is proven.
    pub name: String,
    pub subnets: Vec<SubnetId>,
    pub groups: Vec<SecurityGroupId>,
    pub assigns_public_ip: bool,
    pub port: u16,
    pub target_groups: Vec<TargetGroupArn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub id: InterfaceId,
    pub subnet: SubnetId,
    pub groups: Vec<SecurityGroupId>,
    pub public_ip: Option<String>,
}

/// Something that a task must reach, on TCP 443.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    pub what: What,
    /// Of the service: an image may live in another region.
    pub region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    EcrApi,
    EcrDkr,
    /// The layers of an ECR image, which lie in S3 ("Amazon ECR interface VPC endpoints", ECR guide).
    Layers,
    Logs,
    SecretsManager,
    Ssm,
    Kms,
    /// ECS Exec.
    SsmMessages,
    Sts,
    /// A registry that is not ECR, by its host.
    Registry(String),
    /// Any public address.
    Internet,
}

/// The execution role, and what is known of its rights. An action that is not listed is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Role {
    pub name: String,
    pub rights: BTreeMap<String, bool>,
}

impl Target {
    /// What an id leads to, by its prefix. Whether a VPC endpoint is a gateway for S3 or DynamoDB, or a firewall, only
    /// the endpoint tells.
    pub fn of_id(id: &str, gateway_endpoints: &[VpcEndpointId]) -> Self {
        match id.split_once('-').map_or("", |(prefix, _)| prefix) {
            _ if id == "local" => Self::Local,
            "igw" => Self::InternetGateway(id.into()),
            "nat" => Self::NatGateway(id.into()),
            "eigw" => Self::EgressOnlyInternetGateway(id.into()),
            "vpce" if gateway_endpoints.iter().any(|known| known.as_str() == id) => Self::GatewayEndpoint(id.into()),
            "vpce" => Self::FirewallEndpoint(id.into()),
            "pcx" => Self::Peering(id.into()),
            "tgw" => Self::TransitGateway(id.into()),
            "vgw" => Self::VirtualPrivateGateway(id.into()),
            "eni" | "i" => Self::Interface(id.into()),
            _ => Self::Other(id.into()),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::List(list) => list.fmt(f),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::InternetGateway(id) => id.fmt(f),
            Self::NatGateway(id) => id.fmt(f),
            Self::GatewayEndpoint(id) | Self::FirewallEndpoint(id) => id.fmt(f),
            Self::EgressOnlyInternetGateway(id)
            | Self::Peering(id)
            | Self::TransitGateway(id)
            | Self::VirtualPrivateGateway(id)
            | Self::Interface(id)
            | Self::Other(id) => f.write_str(id),
        }
    }
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Available => "available",
            Self::Pending => "pending",
            Self::Other(state) => state,
        })
    }
}
