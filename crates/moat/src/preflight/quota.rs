//! The account's quotas: what is needed, used and allowed (C10).

use super::account::Account;
use super::asked::Asked;
use super::finding::Finding;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many there are in each place: the region, a zone, a VPC, a load balancer.
pub type Counts = BTreeMap<String, u32>;

/// The quotas that a network and its services count against.
///
/// Codes and names are those of Service Quotas ("Amazon VPC quotas", "Quotas for your Application Load Balancers", "Quotas
/// for your Network Load Balancers", "AWS Fargate service quotas").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Quota {
    Vpcs,
    InternetGateways,
    EgressOnlyInternetGateways,
    Addresses,
    NatGateways,
    GatewayEndpoints,
    InterfaceEndpoints,
    SecurityGroups,
    ApplicationLoadBalancers,
    NetworkLoadBalancers,
    ListenerRules,
    FargateVcpus,
}

impl Quota {
    pub const ALL: [Self; 12] = [
        Self::Vpcs,
        Self::InternetGateways,
        Self::EgressOnlyInternetGateways,
        Self::Addresses,
        Self::NatGateways,
        Self::GatewayEndpoints,
        Self::InterfaceEndpoints,
        Self::SecurityGroups,
        Self::ApplicationLoadBalancers,
        Self::NetworkLoadBalancers,
        Self::ListenerRules,
        Self::FargateVcpus,
    ];

    /// The service, the code and the name under which Service Quotas has it.
    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Vpcs => ("vpc", "L-F678F1CE", "VPCs per Region"),
            Self::InternetGateways => ("vpc", "L-A4707A72", "Internet gateways per Region"),
            Self::EgressOnlyInternetGateways => ("vpc", "L-45FE3B85", "Egress-only internet gateways per Region"),
            Self::Addresses => ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs"),
            Self::NatGateways => ("vpc", "L-FE5A380F", "NAT gateways per Availability Zone"),
            Self::GatewayEndpoints => ("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region"),
            Self::InterfaceEndpoints => ("vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC"),
            Self::SecurityGroups => ("vpc", "L-E79EC296", "VPC security groups per Region"),
            Self::ApplicationLoadBalancers => {
                ("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region")
            }
            Self::NetworkLoadBalancers => ("elasticloadbalancing", "L-69A177A2", "Network Load Balancers per Region"),
            Self::ListenerRules => ("elasticloadbalancing", "L-7EED9B64", "Rules per Application Load Balancer"),
            Self::FargateVcpus => ("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count"),
        }
    }

    pub const fn service(self) -> &'static str {
        self.row().0
    }

    pub const fn code(self) -> &'static str {
        self.row().1
    }

    pub const fn name(self) -> &'static str {
        self.row().2
    }

    /// Whether what is used can be counted. Only CloudWatch knows the vCPUs of all tasks of an account.
    pub const fn is_counted(self) -> bool {
        !matches!(self, Self::FargateVcpus)
    }
}

/// Whether everything new fits. One warning names all that could not be read.
pub(super) fn check(asked: &Asked, account: &Account) -> Vec<Finding> {
    let zones = account.zones.as_ref().and_then(|zones| zones.as_ref().ok());
    let has_fargate = zones.into_iter().flatten().filter(|zone| zone.has_fargate());
    let zones: Vec<String> = has_fargate.map(|zone| zone.name.clone()).collect();
    let needs = asked.needs(&account.region, &zones);
    let mut unread = Unread::default();
    let mut findings = Vec::new();
    for (quota, places) in &needs {
        let limit = unread.of(*quota, account.limits.get(quota));
        let nothing = Ok(Counts::new());
        let used = if quota.is_counted() { account.used.get(quota) } else { Some(&nothing) };
        let used = unread.of(*quota, used);
        let (Some(limit), Some(used)) = (limit, used) else { continue };
        findings.extend(places.iter().filter_map(|(place, need)| {
            let used = used.get(place).copied().unwrap_or_default();
            (used.saturating_add(*need) > *limit).then(|| short(*quota, place, *need, used, *limit))
        }));
    }
    findings.extend(unread.finding());
    findings
}

fn short(quota: Quota, place: &str, need: u32, used: u32, limit: u32) -> Finding {
    let (service, code, name) = quota.row();
    let used_now = if quota.is_counted() { format!("{used} used") } else { "what runs already not counted".into() };
    let what = format!("the quota \"{name}\" is too low in {place}: {need} more needed, {used_now}, {limit} allowed");
    let wanted = used.saturating_add(need);
    let remedy = format!(
        "Remove what nobody uses, or ask for more and start again when AWS has agreed: aws service-quotas \
         request-service-quota-increase --service-code {service} --quota-code {code} --desired-value {wanted}"
    );
    Finding::stop(what, remedy)
}

/// Quotas of which a part could not be read, and why.
#[derive(Default)]
struct Unread {
    quotas: BTreeSet<Quota>,
    reasons: BTreeSet<String>,
}

impl Unread {
    fn of<'a, T>(&mut self, quota: Quota, fact: Option<&'a Result<T, String>>) -> Option<&'a T> {
        let why = match fact {
            Some(Ok(value)) => return Some(value),
            Some(Err(why)) => why.clone(),
            None => "AWS did not name it".to_owned(),
        };
        self.quotas.insert(quota);
        self.reasons.insert(why);
        None
    }

    fn finding(self) -> Option<Finding> {
        let Self { quotas, reasons } = self;
        let names: Vec<&str> = quotas.into_iter().map(Quota::name).collect();
        let reasons = Vec::from_iter(reasons).join("; ");
        let what =
            format!("moat could not tell whether the account's quotas suffice ({reasons}): {}", names.join(", "));
        let remedy = "If one is short, a create fails with Moat.Quota, and nothing is undone";
        (!names.is_empty()).then(|| Finding::warn(what, remedy))
    }
}
