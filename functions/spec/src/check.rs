//! From the raw input of an execution to what its stages work with.

use crate::request::Record;
use moat::error::{Failure, Kind};
use moat::plan::Problem;
use moat::rollout::Release;
use moat::spec::{Input, Needs, NetworkSpec, ServiceSpec, without_addresses};
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use moat_aws::records::Records;
use serde_json::{Value, json};

/// Checks the input and adds the recorded network where only a service was given.
///
/// # Errors
/// `Moat.SpecInvalid` with every problem on a line of its own; `Moat.Refused` when the network is not recorded.
pub async fn check(parameters: &Parameters, records: &Records, region: &str, input: &Value) -> Result<Value, Failure> {
    let Input { network, service, mode } = moat::spec::read(input).map_err(invalid)?;
    let record = Record { network: network.clone(), service: service.clone() };
    let (network, service) = match (network, service) {
        (Some(network), service) => (network, service),
        (None, Some(service)) => (recorded(parameters, &service).await?, Some(service)),
        (None, None) => return Err(invalid(vec![Problem::at("", "names neither a network nor a service")])),
    };
    let problems: Vec<Problem> = service.iter().flat_map(|service| without_addresses(&network, service)).collect();
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    // Always the network first, so that two executions never wait for each other.
    let mut owners = vec![Owner::Network(network.name.clone())];
    owners.extend(service.iter().map(|service| Owner::Service(service.name.clone())));
    // What rollouts have decided; the provision does not undo it.
    let release = match &service {
        Some(service) => parameters.release(&service.name).await?,
        None => Release::default(),
    };
    let needs = needs(records, region, &network, service.as_ref()).await?;
    Ok(json!({
        "mode": mode, "network": network, "needs": needs, "service": service, "release": release, "owners": owners, "record": record,
    }))
}

/// What all services of the network need of it, where that makes a difference: those that are recorded, and the one that is asked for now.
///
/// # Errors
/// `Moat.SpecInvalid` where the images or the secrets of some cannot be reached.
async fn needs(
    records: &Records,
    region: &str,
    network: &NetworkSpec,
    service: Option<&ServiceSpec>,
) -> Result<Needs, Failure> {
    if !network.egress.has_endpoints() && network.existing.is_none() {
        return Ok(Needs { is_complete: true, ..Needs::default() });
    }
    let mut texts = records.specs("/moat/services/").await?;
    if let Some(service) = service {
        texts.insert(service.name.clone(), json!(service).to_string());
    }
    let services: Vec<ServiceSpec> = texts.values().filter_map(|text| serde_json::from_str(text).ok()).collect();
    let ours: Vec<ServiceSpec> = services.into_iter().filter(|service| service.network == network.name).collect();
    let problems = moat::spec::out_of_reach(network, region, &ours);
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    Ok(Needs::recorded(&network.name, region, texts.values().map(String::as_str)))
}

fn invalid(problems: Vec<Problem>) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::new(Kind::SpecInvalid, lines.join("\n"))
}

async fn recorded(parameters: &Parameters, service: &ServiceSpec) -> Result<NetworkSpec, Failure> {
    let owner = Owner::Network(service.network.clone());
    let Some(found) = parameters.recorded(&owner).await? else {
        let message = format!(
            "/service/network: no {owner} is recorded in {}. Give its document beside the service's, or name another",
            moat::parameters::spec(&owner)
        );
        return Err(Failure::new(Kind::Refused, message));
    };
    let read = moat::spec::read(&json!({ "network": found })).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let parameter = moat::parameters::spec(&owner);
        Failure::new(Kind::Unexpected, format!("the recorded spec in {parameter} is wrong: {}", lines.join("; ")))
    })?;
    read.network.ok_or_else(|| Failure::new(Kind::Unexpected, format!("{owner} is recorded without a document")))
}
