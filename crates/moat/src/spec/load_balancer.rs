//! The door of a service, as it is asked for.

use super::read_load_balancer::NONE;
use super::{ClientRange, NetworkSpec};
use crate::cidr::Cidr;
use crate::ipv6::Ipv6Cidr;
use crate::name::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The only door: a load balancer in the public subnets, or in the private ones where it is internal.
///
/// Type and scheme of a load balancer cannot be changed later: AWS has no call for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancerSpec {
    /// The name of the service behind whose load balancer this one goes, instead of having one of its own. That service
    /// must be in the same network, and have a load balancer of type "application". What is said of a load balancer is
    /// said there; here, beside `hosts` and `paths`, stand `healthCheck` and `deregistrationDelay` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Name>,
    /// Which requests come to this service: those for one of these hosts. Patterns may have `*` and `?`. Only with
    /// `shared`; hosts and paths are five at most together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub hosts: Vec<String>,
    /// Which requests come to this service: those for one of these paths, such as `/api/*`. Where hosts are named too, a
    /// request must fit one of both. Only with `shared`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub paths: Vec<String>,
    #[serde(default, rename = "type")]
    pub kind: LoadBalancerKind,
    /// Where it can be reached from: the Internet, or the VPC and what is connected with it.
    #[serde(default, skip_serializing_if = "Scheme::is_default")]
    pub scheme: Scheme,
    /// Who may connect. Without it that is anyone, or for an internal one the range of the network; in a VPC that is there
    /// already, all private address space. In a network with IPv6 anyone is anyone by IPv6 too, unless ranges of IPv6 are
    /// named; and the load balancer has IPv6 addresses only where somebody may connect by IPv6.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub allow: Vec<ClientRange>,
    /// ARN of a certificate in AWS Certificate Manager, in the region of the service. With it the load balancer listens
    /// on port 443, HTTPS or, for type "network", TLS; without it on port 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/"))]
    pub certificate: Option<String>,
    /// ARNs of certificates that the listener has beside that one, for other names: a client is shown the one that fits
    /// the name it asks for. Only with a certificate. One that is no longer named stays: clients may count on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 24))]
    pub additional_certificates: Vec<String>,
    /// Whether port 80 answers with a redirect to port 443. Only with a certificate, and not for type "network". When it
    /// is false, nothing listens on port 80.
    #[serde(default = "LoadBalancerSpec::redirects", skip_serializing_if = "LoadBalancerSpec::is_unsaid")]
    pub redirect: bool,
    /// Which versions and ciphers of TLS are spoken: the name of a security policy of Elastic Load Balancing. Without it
    /// that is `ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09`. Only with a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_policy: Option<String>,
    /// Seconds after which a connection is closed on which nothing is sent: 1 to 4000, or 60 to 6000 for type "network",
    /// which has it without a certificate only. When it is not said, whatever is set is left alone; AWS begins with 60,
    /// or 350.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 6000))]
    pub idle_timeout: Option<u32>,
    /// Where each request is logged. When it is not said, whatever is set is left alone. A load balancer of type
    /// "network" logs connections with TLS only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<AccessLogs>,
    /// ARN of a regional web ACL of AWS WAF that each request must pass. Not for type "network". A web ACL that is no
    /// longer asked for stays: to take a protection away is for the person who knows why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^arn:[^:]+:wafv2:[^:]+:[0-9]{12}:regional/webacl/"))]
    pub waf_acl: Option<String>,
    #[serde(default)]
    pub health_check: HealthCheck,
    /// Seconds that a task keeps its open connections after it left the target group.
    #[serde(default = "LoadBalancerSpec::default_deregistration_delay")]
    #[schemars(range(max = 3600))]
    pub deregistration_delay: u32,
}

impl LoadBalancerSpec {
    /// Twenty seconds: AWS's default of 300 makes every rollout five minutes longer.
    pub(super) const fn default_deregistration_delay() -> u32 {
        20
    }

    pub(super) const fn redirects() -> bool {
        true
    }

    const fn is_unsaid(redirect: &bool) -> bool {
        *redirect
    }

    pub fn is_network(&self) -> bool {
        self.kind == LoadBalancerKind::Network
    }

    pub fn is_internal(&self) -> bool {
        self.scheme == Scheme::Internal
    }

    /// Who may connect by IPv4.
    pub fn allowed(&self, network: &NetworkSpec) -> Vec<Cidr> {
        match self.scheme {
            _ if !self.allow.is_empty() => self.allow.iter().filter_map(|range| range.ipv4()).collect(),
            Scheme::InternetFacing => vec![Cidr::ANYWHERE],
            Scheme::Internal if network.existing.is_some() => Cidr::private(),
            Scheme::Internal => vec![network.cidr],
        }
    }

    /// Who may connect by IPv6 in a network that has it.
    pub fn allowed_by_ipv6(&self) -> ByIpv6 {
        let named: Vec<Ipv6Cidr> = self.allow.iter().filter_map(|range| range.ipv6()).collect();
        match self.scheme {
            _ if !named.is_empty() => ByIpv6::Ranges(named),
            _ if self.allow.contains(&ClientRange::ANYWHERE) => ByIpv6::Ranges(vec![Ipv6Cidr::ANYWHERE]),
            Scheme::Internal if self.allow.is_empty() => ByIpv6::Network,
            Scheme::Internal | Scheme::InternetFacing => ByIpv6::Ranges(Vec::new()),
        }
    }
}

/// Who may connect by IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByIpv6 {
    /// The block of the network's VPC, which nobody knows before it is there.
    Network,
    /// These, or nobody.
    Ranges(Vec<Ipv6Cidr>),
}

impl Default for LoadBalancerSpec {
    fn default() -> Self {
        Self {
            shared: None,
            hosts: Vec::new(),
            paths: Vec::new(),
            kind: LoadBalancerKind::default(),
            scheme: Scheme::default(),
            allow: vec![ClientRange::ANYWHERE],
            certificate: None,
            additional_certificates: Vec::new(),
            redirect: Self::redirects(),
            tls_policy: None,
            idle_timeout: None,
            access_logs: None,
            waf_acl: None,
            health_check: HealthCheck { path: Some(HealthCheck::ROOT.into()), ..HealthCheck::default() },
            deregistration_delay: Self::default_deregistration_delay(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadBalancerKind {
    /// HTTP and HTTPS.
    #[default]
    Application,
    /// Any protocol over TCP, or over TLS that ends at the load balancer.
    Network,
}

impl LoadBalancerKind {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Network => "network",
        }
    }
}

/// Where a load balancer can be reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// In the public subnets, with public addresses.
    #[default]
    InternetFacing,
    /// In the private subnets, with private addresses only.
    Internal,
}

impl Scheme {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InternetFacing => "internet-facing",
            Self::Internal => "internal",
        }
    }
}

/// An S3 bucket whose policy lets Elastic Load Balancing write to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLogs {
    pub bucket: String,
    /// What the names of the log files begin with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// How the load balancer decides that a task is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// What is asked for by HTTP, and is to be answered with 200. Without it an application load balancer asks for `/`,
    /// and a network load balancer opens a connection and asks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^/"), length(max = 1024))]
    pub path: Option<String>,
    /// Seconds between two checks. A task is well after two good ones.
    #[serde(default = "HealthCheck::default_interval")]
    #[schemars(range(min = 5, max = 300))]
    pub interval: u32,
    /// Seconds that a new task may fail its checks before ECS replaces it.
    #[serde(default = "HealthCheck::default_grace")]
    #[schemars(range(max = 3600))]
    pub grace: u32,
}

impl HealthCheck {
    /// The path where none is said.
    pub const ROOT: &str = "/";

    /// 2 checks × 10 s: a task is in service after 20 s. AWS's default of 5 × 30 s takes 150 s.
    pub(super) const fn default_interval() -> u32 {
        10
    }

    pub(super) const fn default_grace() -> u32 {
        60
    }
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self { path: None, interval: Self::default_interval(), grace: Self::default_grace() }
    }
}

/// A load balancer, or the word that says that there is none.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OrNone {
    Not(NoLoadBalancer),
    Is(Box<LoadBalancerSpec>),
}

/// No load balancer: the tasks only reach out.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum NoLoadBalancer {
    None,
}

pub(super) fn some_default() -> Option<LoadBalancerSpec> {
    Some(LoadBalancerSpec::default())
}

pub(super) fn serialize<S: Serializer>(spec: &Option<LoadBalancerSpec>, to: S) -> Result<S::Ok, S::Error> {
    match spec {
        None => NONE.serialize(to),
        Some(spec) => spec.serialize(to),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LoadBalancerSpec>, D::Error> {
    Ok(match OrNone::deserialize(from)? {
        OrNone::Not(NoLoadBalancer::None) => None,
        OrNone::Is(spec) => Some(*spec),
    })
}
