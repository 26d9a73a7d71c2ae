//! What is recorded of an owner: its documents, what rollouts decided, and what drift remembers.

use crate::Eyes;
use moat::drift::ruling::Standing;
use moat::drift::{Memory, Order};
use moat::error::{Failure, Kind};
use moat::moment::Moment;
use moat::name::Name;
use moat::network::NetworkStageSpec;
use moat::parameters;
use moat::plan::Bindings;
use moat::rollout::Release;
use moat::service::ServiceStageSpec;
use moat::spec::{DriftSpec, Needs, NetworkSpec, ServiceSpec};
use moat::tags::Owner;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The documents of an owner.
#[derive(Debug, Clone)]
pub struct Record {
    pub network: NetworkSpec,
    /// What all services of the network need, where the owner is a network.
    pub needs: Needs,
    /// None where the owner is a network.
    pub service: Option<ServiceSpec>,
    pub release: Release,
    pub memory: Memory,
}

impl Record {
    fn drift(&self) -> DriftSpec {
        self.service.as_ref().map_or(self.network.drift, |service| service.drift)
    }

    /// What the owner is judged by.
    pub fn standing<'a>(&'a self, order: &'a Order, now: Moment) -> Standing<'a> {
        Standing { drift: self.drift(), memory: &self.memory, yes: order.approve.as_deref(), now }
    }

    pub fn stage_of_network(&self) -> NetworkStageSpec {
        NetworkStageSpec { network: self.network.clone(), needs: self.needs.clone() }
    }

    /// The service as a repair wants it: no other image than the one that was deployed.
    pub fn stage(&self, eyes: &Eyes, service: &ServiceSpec, given: &Bindings) -> ServiceStageSpec {
        ServiceStageSpec {
            network: self.network.clone(),
            service: service.clone(),
            given: given.clone(),
            region: eyes.region.clone(),
            release: self.release.clone(),
            tried: None,
            keeps_image: true,
            execution_role: eyes.execution_role.clone(),
        }
    }
}

/// Reads the records of these owners, ten parameters at a time. An owner whose record cannot be read has a failure of
/// its own, and the others are read all the same.
///
/// # Errors
/// When SSM does not answer.
pub async fn read(eyes: &Eyes, owners: &[Owner]) -> Result<Vec<Result<Record, Failure>>, Failure> {
    let mut texts = eyes.records.texts(&owners.iter().flat_map(names).collect::<Vec<_>>()).await?;
    let networks: Vec<String> = owners.iter().filter_map(|owner| network_of(owner, &texts)).map(spec_of).collect();
    let unread: Vec<String> = networks.into_iter().filter(|name| !texts.contains_key(name)).collect();
    let unread: std::collections::BTreeSet<String> = unread.into_iter().collect();
    texts.extend(eyes.records.texts(&unread.into_iter().collect::<Vec<_>>()).await?);
    let mut records: Vec<Result<Record, Failure>> = owners.iter().map(|owner| record(owner, &texts)).collect();
    let depends = |network: &NetworkSpec| network.egress.has_endpoints() || network.existing.is_some();
    let asks = |record: &Record| record.service.is_none() && depends(&record.network);
    if records.iter().flatten().any(asks) {
        let services = eyes.records.specs("/moat/services/").await?;
        for record in records.iter_mut().flatten().filter(|record| asks(record)) {
            let texts = services.values().map(String::as_str);
            record.needs = Needs::recorded(&record.network.name, &eyes.region, texts);
        }
    }
    Ok(records)
}

fn names(owner: &Owner) -> Vec<String> {
    let mut names = vec![parameters::spec(owner), parameters::drift(owner)];
    if let Owner::Service(name) = owner {
        names.push(parameters::release(name));
    }
    names
}

fn spec_of(network: Name) -> String {
    parameters::spec(&Owner::Network(network))
}

fn network_of(owner: &Owner, texts: &BTreeMap<String, String>) -> Option<Name> {
    match owner {
        Owner::Network(name) => Some(name.clone()),
        Owner::Service(_) => document::<ServiceSpec>(owner, texts).ok().map(|spec| spec.network),
    }
}

fn record(owner: &Owner, texts: &BTreeMap<String, String>) -> Result<Record, Failure> {
    let memory = Memory::read(texts.get(&parameters::drift(owner)).map(String::as_str));
    match owner {
        Owner::Network(_) => {
            let network = document(owner, texts)?;
            Ok(Record { network, needs: Needs::default(), service: None, release: Release::default(), memory })
        }
        Owner::Service(name) => {
            let service: ServiceSpec = document(owner, texts)?;
            let network = document(&Owner::Network(service.network.clone()), texts)?;
            let parameter = parameters::release(name);
            let release = texts.get(&parameter).map(|text| Release::read(text)).transpose().map_err(|error| {
                let message = format!(
                    "the release record {parameter} cannot be read: {error}. It may hold a quarantine, so mend it"
                );
                Failure::new(Kind::Unexpected, message)
            })?;
            Ok(Record {
                network,
                needs: Needs::default(),
                service: Some(service),
                release: release.unwrap_or_default(),
                memory,
            })
        }
    }
}

fn document<T: DeserializeOwned>(owner: &Owner, texts: &BTreeMap<String, String>) -> Result<T, Failure> {
    let parameter = parameters::spec(owner);
    let Some(text) = texts.get(&parameter) else {
        let message =
            format!("no {owner} is recorded in {parameter}, so nothing tells what it should be. Provision it again");
        return Err(Failure::new(Kind::Unexpected, message));
    };
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the recorded spec in {parameter} cannot be read: {error}. Provision it again");
        Failure::new(Kind::Unexpected, message)
    })
}
