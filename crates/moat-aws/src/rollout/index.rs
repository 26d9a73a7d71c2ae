//! Which services are made from a repository's images.

use super::RolloutCloud;
use crate::answer::Answer;
use moat::image::Ecr;
use moat::name::Name;
use moat::parameters;
use moat::rollout::flow::Found;
use moat::spec::ServiceSpec;
use moat::tags::Owner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many parameters `GetParameters` takes ("GetParameters", Systems Manager API).
const AT_ONCE: usize = 10;

impl RolloutCloud {
    /// The services that the index lists under this repository, with their recorded specs. The index is a hint: the
    /// spec may say something else by now.
    ///
    /// One call where there are none, however many services are recorded.
    pub async fn made_from(&self, repository: &Ecr) -> Result<Vec<Found>, moat::error::Failure> {
        let path = parameters::images(repository);
        let call = self.ssm.get_parameters_by_path().path(&path).recursive(false);
        let pages = call.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
        let pages = pages.read(format!("list parameters under {path}"))?;
        let listed = pages.iter().flat_map(|page| page.parameters());
        let mut names: Vec<Name> = listed.filter_map(|parameter| Name::new(parameter.value()?.trim()).ok()).collect();
        names.sort();
        names.dedup();
        let mut found = Vec::new();
        for names in names.chunks(AT_ONCE) {
            let addresses: Vec<String> = names.iter().map(address).collect();
            let answer = self.ssm.get_parameters().set_names(Some(addresses)).send().await;
            let answer = answer.read("read the recorded specs of services")?;
            let texts: BTreeMap<&str, &str> =
                answer.parameters().iter().filter_map(|p| Some((p.name()?, p.value()?))).collect();
            found.extend(names.iter().map(|name| Found { name: name.clone(), spec: spec(name, &texts) }));
        }
        Ok(found)
    }
}

/// Where a service's spec is recorded.
pub(super) fn address(name: &Name) -> String {
    parameters::spec(&Owner::Service(name.clone()))
}

/// Reads the recorded spec of a service from the parameters that were found.
pub(super) fn spec(name: &Name, texts: &BTreeMap<&str, &str>) -> Result<ServiceSpec, String> {
    let address = address(name);
    let text = texts.get(address.as_str()).ok_or_else(|| format!("no service {name} is recorded in {address}"))?;
    let recorded: Value =
        serde_json::from_str(text).map_err(|error| format!("the spec in {address} is not JSON: {error}"))?;
    let read = moat::spec::read(&json!({ "service": recorded })).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        format!("the spec in {address} is wrong: {}", lines.join("; "))
    })?;
    read.service.filter(|spec| spec.name == *name).ok_or_else(|| format!("the spec in {address} is another service's"))
}
