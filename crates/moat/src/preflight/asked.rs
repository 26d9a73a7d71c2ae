//! What a provision would do, from its documents and the looks of its stages.

use super::quota::{Counts, Quota};
use super::roles::LinkedRole;
use crate::name::Logical;
use crate::network::{NetworkFacts, desired};
use crate::pass::{Look, Sentence};
use crate::plan::Bindings;
use crate::price::Spread;
use crate::spec::{LoadBalancerKind, NetworkSpec, ServiceSpec};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What the preflight judges.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    pub network: NetworkSpec,
    #[serde(default)]
    pub service: Option<ServiceSpec>,
    pub looks: Looks,
}

/// What the stages found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Looks {
    pub network: Looked,
    pub ingress: Looked,
    pub service: Looked,
}

/// The parts of one look that matter here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Looked {
    pub steps: Vec<Sentence>,
    pub makes: Vec<Logical>,
    pub waiting: Vec<String>,
    pub bindings: Bindings,
    /// Where the network's subnets are. Other stages have other facts.
    pub facts: Placed,
}

/// Without the facts, which are each stage's own.
impl<F> From<&Look<F>> for Looked {
    fn from(look: &Look<F>) -> Self {
        let Look { steps, makes, waiting, problems: _, bindings, facts: _ } = look;
        let (steps, makes, waiting) = (steps.clone(), makes.clone(), waiting.clone());
        Self { steps, makes, waiting, bindings: bindings.clone(), facts: Placed::default() }
    }
}

impl Looked {
    pub(super) fn is_still(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_empty()
    }
}

/// The zones of subnets that exist.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Placed {
    public_subnets: Vec<InZone>,
    private_subnets: Vec<InZone>,
}

#[derive(Debug, Clone, Deserialize)]
struct InZone {
    name: String,
    zone: String,
}

impl From<&NetworkFacts> for Placed {
    fn from(facts: &NetworkFacts) -> Self {
        let in_zone = |subnet: &crate::network::facts::SubnetFacts| InZone {
            name: subnet.name.clone(),
            zone: subnet.zone.clone(),
        };
        Self {
            public_subnets: facts.public_subnets.iter().map(in_zone).collect(),
            private_subnets: facts.private_subnets.iter().map(in_zone).collect(),
        }
    }
}

/// Where endpoints and groups of a VPC that is still to be made are counted.
const NEW_VPC: &str = "the new VPC";

impl Asked {
    /// Whether there is nothing to do: then nothing can stand in its way.
    pub fn is_still(&self) -> bool {
        let Looks { network, ingress, service } = &self.looks;
        [network, ingress, service].into_iter().all(Looked::is_still)
    }

    /// The things that are new in the account, by logical name.
    fn makes(&self) -> impl Iterator<Item = &str> {
        let Looks { network, ingress, service } = &self.looks;
        [network, ingress, service].into_iter().flat_map(|look| &look.makes).map(Logical::as_str)
    }

    pub(super) fn makes_one(&self, name: &str) -> bool {
        self.makes().any(|made| made == name)
    }

    /// Whether anything has a name of this kind, such as `nat-gateway`.
    pub(super) fn makes_kind(&self, kind: &str) -> bool {
        self.makes().any(|made| of_kind(made, kind).is_some())
    }

    /// How many more of each are needed, and where. What exists already is not counted.
    pub fn needs(&self, region: &str, zones: &[String]) -> BTreeMap<Quota, Counts> {
        let mut needs = BTreeMap::<Quota, Counts>::new();
        let vpc = self.vpc();
        let placed = self.placed(zones);
        let mut need = |quota, place: &str, count: u32| {
            *needs.entry(quota).or_default().entry(place.to_owned()).or_default() += count;
        };
        for made in self.makes() {
            match (self.quota(made), of_kind(made, "nat-gateway")) {
                // One gateway of the whole region has no zone to count in.
                (Some(Quota::NatGateways), Some(letter)) => {
                    let zone = placed.iter().find(|(placed, _)| placed.to_string() == letter);
                    zone.iter().for_each(|(_, zone)| need(Quota::NatGateways, zone, 1));
                }
                (Some(Quota::InterfaceEndpoints), _) => need(Quota::InterfaceEndpoints, vpc, 1),
                (Some(Quota::ListenerRules), _) => {
                    self.shared_load_balancer().iter().for_each(|shared| need(Quota::ListenerRules, shared, 1));
                }
                (Some(Quota::FargateVcpus), _) => need(Quota::FargateVcpus, region, self.vcpus()),
                (Some(quota), _) => need(quota, region, 1),
                (None, _) => {}
            }
        }
        needs
    }

    /// Which quotas anything new counts against: those that are worth reading.
    pub fn quotas(&self) -> BTreeSet<Quota> {
        self.makes().filter_map(|made| self.quota(made)).collect()
    }

    fn quota(&self, made: &str) -> Option<Quota> {
        let kind = made.split_once(' ').map(|(kind, _)| kind);
        Some(match (made, kind) {
            ("vpc", _) => Quota::Vpcs,
            ("internet-gateway", _) => Quota::InternetGateways,
            ("egress-only-internet-gateway", _) => Quota::EgressOnlyInternetGateways,
            ("load-balancer", _) => match self.service.as_ref()?.load_balancer.as_ref()?.kind {
                LoadBalancerKind::Application => Quota::ApplicationLoadBalancers,
                LoadBalancerKind::Network => Quota::NetworkLoadBalancers,
            },
            ("listener-rule", _) => Quota::ListenerRules,
            ("service", _) => Quota::FargateVcpus,
            ("vpc-endpoint s3" | "vpc-endpoint dynamodb", _) => Quota::GatewayEndpoints,
            (_, Some("vpc-endpoint")) => Quota::InterfaceEndpoints,
            (_, Some("elastic-ip")) => Quota::Addresses,
            (_, Some("nat-gateway")) => Quota::NatGateways,
            (_, Some("security-group")) => Quota::SecurityGroups,
            _ => return None,
        })
    }

    /// What all tasks use, in whole vCPUs.
    fn vcpus(&self) -> u32 {
        self.service.as_ref().map_or(0, |service| (service.tasks * service.cpu).div_ceil(1024))
    }

    /// The roles that AWS's own services need for what is new.
    pub fn linked_roles(&self) -> BTreeSet<LinkedRole> {
        let ecs = self.makes_one("cluster") || self.makes_one("service");
        let elb = self.makes_one("load-balancer");
        let needed = [(ecs, LinkedRole::Ecs), (elb, LinkedRole::ElasticLoadBalancing)];
        needed.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, role)| role).collect()
    }

    /// The VPC, by its id where it has one.
    pub fn vpc(&self) -> &str {
        self.looks.network.bindings.get(&desired::vpc()).unwrap_or(NEW_VPC)
    }

    /// The certificates that a listener serves with, each with its field.
    pub fn certificates(&self) -> Vec<(String, &str)> {
        let Some(door) = self.service.as_ref().and_then(ServiceSpec::own_load_balancer) else { return Vec::new() };
        let field = |name: &str| format!("/service/loadBalancer/{name}");
        let main = door.certificate.iter().map(|arn| (field("certificate"), arn.as_str()));
        let others = door.additional_certificates.iter().enumerate();
        main.chain(others.map(|(at, arn)| (field(&format!("additionalCertificates/{at}")), arn.as_str()))).collect()
    }

    /// The load balancer of another service that the service is to be behind, by its name in AWS.
    pub fn shared_load_balancer(&self) -> Option<String> {
        Some(self.service.as_ref()?.load_balancer.as_ref()?.shared.as_ref()?.aws_name())
    }

    /// The subnets of the network: as the spec has them, or as they were found in a VPC of others.
    pub(super) fn spread(&self) -> Spread {
        let Placed { public_subnets, private_subnets } = &self.looks.network.facts;
        match self.network.existing {
            None => Spread::of(&self.network),
            Some(_) => Spread { public: public_subnets.len() as u64, private: private_subnets.len() as u64 },
        }
    }

    /// The zone of each letter: where its subnet is, or else the region's next free one, as the network's plan has it.
    pub fn placed(&self, zones: &[String]) -> Vec<(char, String)> {
        let there = |letter: char| {
            let subnets = &self.looks.network.facts.public_subnets;
            subnets.iter().find(|subnet| subnet.name == format!("public-{letter}")).map(|subnet| subnet.zone.clone())
        };
        let letters = desired::letters(self.network.zones);
        let taken: BTreeSet<String> = letters.filter_map(there).collect();
        let mut free = zones.iter().filter(|zone| !taken.contains(*zone)).cloned();
        let letters = desired::letters(self.network.zones);
        letters.filter_map(|letter| Some((letter, there(letter).or_else(|| free.next())?))).collect()
    }
}

/// What follows the kind in a name: `a` in `nat-gateway a`.
fn of_kind<'a>(name: &'a str, kind: &str) -> Option<&'a str> {
    name.strip_prefix(kind)?.strip_prefix(' ')
}
