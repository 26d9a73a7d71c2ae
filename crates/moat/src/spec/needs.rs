//! What the services of a network need of its endpoints.

use super::{LoadBalancerKind, NetworkSpec, Secret, ServiceSpec};
use crate::name::Name;
use crate::plan::Problem;
use crate::proof::names;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A service of AWS that tasks reach through an interface endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EndpointService {
    #[serde(rename = "ecr.api")]
    EcrApi,
    #[serde(rename = "ecr.dkr")]
    EcrDkr,
    #[serde(rename = "logs")]
    Logs,
    #[serde(rename = "secretsmanager")]
    SecretsManager,
    #[serde(rename = "ssm")]
    Ssm,
    #[serde(rename = "kms")]
    Kms,
    #[serde(rename = "ssmmessages")]
    SsmMessages,
    #[serde(rename = "sts")]
    Sts,
}

impl EndpointService {
    /// What every service on Fargate needs: its image's manifest and token, and where to log. The layers come from S3
    /// ("Amazon ECR interface VPC endpoints", ECR guide).
    pub const BASE: [Self; 3] = [Self::EcrApi, Self::EcrDkr, Self::Logs];

    /// What some services need besides.
    pub const BEYOND: [Self; 5] = [Self::SecretsManager, Self::Ssm, Self::Kms, Self::SsmMessages, Self::Sts];

    /// The end of the endpoint service's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcrApi => "ecr.api",
            Self::EcrDkr => "ecr.dkr",
            Self::Logs => "logs",
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::SsmMessages => "ssmmessages",
            Self::Sts => "sts",
        }
    }

    /// `com.amazonaws.us-east-1.ecr.api`
    pub fn name_in(self, region: &str) -> String {
        format!("com.amazonaws.{region}.{self}")
    }

    /// Whether images come through it.
    pub const fn is_registry(self) -> bool {
        matches!(self, Self::EcrApi | Self::EcrDkr)
    }
}

impl fmt::Display for EndpointService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The endpoints in `region` that a service needs beyond [`EndpointService::BASE`]: those of the stores of its secrets, and
/// of ECS Exec. An endpoint answers for its own region alone, so what is in another one asks for none.
pub fn needs(service: &ServiceSpec, region: &str) -> BTreeSet<EndpointService> {
    let here = names::of_spec(service, region).into_iter().filter(|need| need.region == region);
    let services = here.filter_map(|need| need.what.interface());
    services.filter(|service| !EndpointService::BASE.contains(service)).collect()
}

/// What all the services of a network need of it together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Needs {
    /// Beyond [`EndpointService::BASE`].
    #[serde(default)]
    pub services: BTreeSet<EndpointService>,
    /// The accounts in whose ECR registries the images are.
    #[serde(default)]
    pub registries: BTreeSet<String>,
    /// Whether a load balancer of theirs is one that the Internet reaches.
    #[serde(default)]
    pub is_internet_facing: bool,
    /// Whether one is an application load balancer that is internal, and so in the private subnets of two zones at least.
    #[serde(default)]
    pub is_internal_application: bool,
    /// Whether these are the needs of every service that is recorded for the network. Nothing is taken away before.
    #[serde(default)]
    pub is_complete: bool,
}

impl Needs {
    /// Of all the services of a network in this region. There may be none yet.
    pub fn of<'a>(services: impl IntoIterator<Item = &'a ServiceSpec>, region: &str) -> Self {
        let mut all = Self { is_complete: true, ..Self::default() };
        for service in services {
            all.services.extend(needs(service, region));
            let registry = service.image.ecr().filter(|ecr| ecr.region == region);
            all.registries.extend(registry.map(|ecr| ecr.account));
            let Some(door) = service.own_load_balancer() else { continue };
            all.is_internet_facing |= !door.is_internal();
            all.is_internal_application |= door.is_internal() && door.kind == LoadBalancerKind::Application;
        }
        all
    }

    /// Of the services among these recorded specs that live in the network. One that cannot be read may need anything, so
    /// then nothing is taken away.
    pub fn recorded<'a>(network: &Name, region: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let read: Vec<Option<ServiceSpec>> = texts.into_iter().map(|text| serde_json::from_str(text).ok()).collect();
        let is_complete = read.iter().all(Option::is_some);
        let ours = read.iter().flatten().filter(|service| service.network == *network);
        Self { is_complete, ..Self::of(ours, region) }
    }

    /// Every endpoint there should be.
    pub fn endpoints(&self) -> BTreeSet<EndpointService> {
        EndpointService::BASE.into_iter().chain(self.services.iter().copied()).collect()
    }
}

/// Why the images of these services cannot be pulled, or their secrets not be read, in a network in `region` that reaches
/// AWS's services alone.
///
/// An interface endpoint answers for its own region, and a registry that is not ECR is on the Internet. What other ways
/// out there are in a network of others, only the network itself can tell: the proof judges it.
pub fn out_of_reach(network: &NetworkSpec, region: &str, services: &[ServiceSpec]) -> Vec<Problem> {
    if !network.egress.is_endpoints_only() || network.existing.is_some() {
        return Vec::new();
    }
    let beyond = |service| {
        let image = image_beyond(network, region, service);
        image.into_iter().chain(secrets_beyond(network, region, service))
    };
    services.iter().flat_map(beyond).map(|message| Problem::at("/network/egress", message)).collect()
}

fn image_beyond(network: &NetworkSpec, region: &str, service: &ServiceSpec) -> Option<String> {
    let where_it_is = match service.image.ecr() {
        Some(ecr) if ecr.region == region => return None,
        Some(ecr) => format!("is in {}, and the endpoints of network {} are in {region}", ecr.region, network.name),
        None => format!("is not in ECR, and network {} has no way to the Internet", network.name),
    };
    Some(format!(
        "image {} of service {} {where_it_is}. Copy it to ECR in {region}, or add \"nat\" to the network's egress",
        service.image, service.name
    ))
}

fn secrets_beyond(network: &NetworkSpec, region: &str, service: &ServiceSpec) -> Vec<String> {
    let named = service.secrets.iter().map(|(name, secret)| (format!("secret {name}"), secret));
    let credentials = service.registry_credentials.iter().map(|secret| ("secret of the registry".to_owned(), secret));
    let elsewhere = named.chain(credentials).filter(|(_, secret)| secret.region() != region);
    let told = |(what, secret): (String, &Secret)| {
        format!(
            "{what} of service {} is in {}, and the endpoints of network {} are in {region}. Keep it in {region}, or add \"nat\" to the network's egress",
            service.name,
            secret.region(),
            network.name
        )
    };
    elsewhere.map(told).collect()
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;
