//! The preflight of a provision, on this account.

use crate::execution::Asked;
use crate::state::State;
use crate::world::World;
use moat::error::Failure;
use moat::ingress::Ingress;
use moat::network::Network;
use moat::network::observed::NatState;
use moat::pass::look;
use moat::preflight::{self, Account, Counts, Looked, Looks, Quota, Taken, Verdict, Zone};
use moat::service::Service;

/// What an account may have of everything but Elastic IPs, of which [`crate::Rules`] says it.
const PLENTY: u32 = 100;

impl World {
    /// What would be told before a provision of this makes anything: the looks of its stages, and the judgement.
    ///
    /// # Panics
    /// When the account cannot be looked at.
    pub fn preflight(&self, asked: &Asked) -> Verdict {
        let asked = self.run(self.looked(asked)).expect("an account that can be read");
        preflight::preflight(&asked, &self.read(account))
    }

    async fn looked(&self, asked: &Asked) -> Result<preflight::Asked, Failure> {
        let hand = self.hand();
        let network = look::<Network, _>(&hand, &asked.network()).await?;
        let ingress = look::<Ingress, _>(&hand, &asked.ingress(&network.bindings)).await?;
        let mut given = network.bindings.clone();
        given.extend(&ingress.bindings);
        let service = look::<Service, _>(&hand, &asked.service(&given)).await?;
        let facts = (&network.facts).into();
        Ok(preflight::Asked {
            network: asked.network.clone(),
            service: Some(asked.service.clone()),
            looks: Looks {
                network: Looked { facts, ..Looked::from(&network) },
                ingress: Looked::from(&ingress),
                service: Looked::from(&service),
            },
        })
    }
}

fn account(state: &State) -> Account {
    let limit = |quota| match quota {
        Quota::Addresses => u32::try_from(state.rules.addresses).unwrap_or(u32::MAX),
        _ => PLENTY,
    };
    let zone = |(at, name): (usize, &String)| Zone { name: name.clone(), id: format!("use1-az{at}") };
    let taken = |vpc: &crate::state::Vpc| Taken { range: vpc.cidr, by: vpc.id.to_string() };
    Account {
        region: state.region.clone(),
        limits: Quota::ALL.map(|quota| (quota, Ok(limit(quota)))).into(),
        used: Quota::ALL.map(|quota| (quota, Ok(used(state, quota)))).into(),
        zones: Some(Ok(state.zones.iter().enumerate().map(zone).collect())),
        taken: Some(Ok(state.vpcs.there().map(taken).collect())),
        ..Account::default()
    }
}

fn used(state: &State, quota: Quota) -> Counts {
    let mut counts = Counts::new();
    let mut count = |place: &str| *counts.entry(place.to_owned()).or_default() += 1;
    let here = state.region.as_str();
    match quota {
        Quota::Vpcs => state.vpcs.there().for_each(|_| count(here)),
        Quota::InternetGateways => state.internet_gateways.there().for_each(|_| count(here)),
        Quota::EgressOnlyInternetGateways => state.egress_only_gateways.there().for_each(|_| count(here)),
        Quota::Addresses => state.addresses.there().for_each(|_| count(here)),
        Quota::NatGateways => {
            let counted = state.nat_gateways.there().filter(|gateway| gateway.state != NatState::Deleted);
            let subnets = counted.filter_map(|gateway| state.subnets.get(&gateway.subnet.as_ref()?.0));
            subnets.for_each(|subnet| count(&subnet.zone));
        }
        Quota::GatewayEndpoints => state.endpoints.there().for_each(|_| count(here)),
        Quota::SecurityGroups => state.groups.there().for_each(|_| count(here)),
        Quota::ApplicationLoadBalancers => state.balancers.there().for_each(|_| count(here)),
        Quota::InterfaceEndpoints | Quota::NetworkLoadBalancers | Quota::ListenerRules | Quota::FargateVcpus => {}
    }
    counts
}
