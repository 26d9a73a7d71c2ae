//! The network stage on AWS.

mod apply;
mod endpoints;
mod existing;
mod nat_gateway;
mod observe;

pub(crate) use observe::nat_state;

use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use futures_util::future::try_join;
use moat::error::Failure;
use moat::network::{Network, NetworkStageSpec, NetworkStep, Observed};
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

/// EC2, as the network stage uses it.
#[derive(Debug, Clone)]
pub struct NetworkCloud {
    /// Repeats a call that got no answer: for reading, and for what carries a client token.
    ec2: Client,
    /// Calls once: for everything else.
    once: Client,
    region: String,
}

impl NetworkCloud {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            ec2: Client::new(config),
            once: Client::new(&crate::config::once(config)),
            region: crate::config::region(config),
        }
    }

    /// From clients that a test made.
    pub fn of(ec2: Client, region: &str) -> Self {
        Self { once: ec2.clone(), ec2, region: region.to_owned() }
    }
}

fn owner(spec: &NetworkStageSpec) -> Owner {
    Owner::Network(spec.network.name.clone())
}

impl Cloud<Network> for NetworkCloud {
    async fn observe(&self, spec: &NetworkStageSpec) -> Result<Observed, Failure> {
        let owner = owner(spec);
        let made = self.observe_network(&owner, spec.network.ipv6);
        let Some(network) = &spec.network.existing else { return made.await };
        let has_endpoints = spec.network.egress.has_endpoints();
        let existing = self.observe_existing(&owner, network, has_endpoints);
        let (made, existing) = try_join(made, existing).await?;
        let account = existing.vpc.as_ref().and_then(|vpc| vpc.owner.clone()).filter(|_| has_endpoints);
        Ok(Observed { account: made.account.clone().or(account), existing: Some(existing), ..made })
    }

    async fn apply(&self, spec: &NetworkStageSpec, step: &NetworkStep, bindings: &Bindings) -> Result<Done, Failure> {
        self.apply_step(&owner(spec), step, bindings).await
    }
}
