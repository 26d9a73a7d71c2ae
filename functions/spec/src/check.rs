//! From the raw input of an execution to what its stages work with.

use crate::request::Record;
use moat::error::{Failure, Kind};
use moat::plan::Problem;
use moat::rollout::Release;
use moat::spec::{Input, NetworkSpec, ServiceSpec};
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use serde_json::{Value, json};

/// Checks the input and adds the recorded network where only a service was given.
///
/// # Errors
/// `Moat.SpecInvalid` with every problem on a line of its own; `Moat.Refused` when the network is not recorded.
pub async fn check(parameters: &Parameters, input: &Value) -> Result<Value, Failure> {
    let Input { network, service, mode } = moat::spec::read(input).map_err(invalid)?;
    let record = Record { network: network.clone(), service: service.clone() };
    let (network, service) = match (network, service) {
        (Some(network), service) => (network, service),
        (None, Some(service)) => (recorded(parameters, &service).await?, Some(service)),
        (None, None) => return Err(invalid(vec![Problem::at("", "names neither a network nor a service")])),
    };
    // Always the network first, so that two executions never wait for each other.
    let mut owners = vec![Owner::Network(network.name.clone())];
    owners.extend(service.iter().map(|service| Owner::Service(service.name.clone())));
    // What rollouts have decided; the provision does not undo it.
    let release = match &service {
        Some(service) => parameters.release(&service.name).await?,
        None => Release::default(),
    };
    Ok(json!({
        "mode": mode, "network": network, "service": service, "release": release, "owners": owners, "record": record,
    }))
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
