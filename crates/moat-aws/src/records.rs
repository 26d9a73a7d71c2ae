//! What is recorded, many parameters at a time: for runs that look at everything.

use crate::answer::Answer;
use aws_config::SdkConfig;
use aws_sdk_ssm::types::Parameter;
use moat::error::Failure;
use moat::name::Name;
use std::collections::BTreeMap;

/// As many as GetParameters takes ("GetParameters", Systems Manager API).
const GET_PARAMETERS: usize = 10;

/// Systems Manager, for reading alone.
#[derive(Debug, Clone)]
pub struct Records {
    ssm: aws_sdk_ssm::Client,
}

impl Records {
    pub fn new(config: &SdkConfig) -> Self {
        Self { ssm: aws_sdk_ssm::Client::new(config) }
    }

    /// The texts of these parameters, by name. Those that are not there are left out.
    pub async fn texts(&self, names: &[String]) -> Result<BTreeMap<String, String>, Failure> {
        let mut texts = BTreeMap::new();
        for some in names.chunks(GET_PARAMETERS) {
            let answer = self.ssm.get_parameters().set_names(Some(some.to_vec())).send().await;
            let answer = answer.read(format!("read parameters {}", some.join(", ")))?;
            let found = answer.parameters.into_iter().flatten();
            texts.extend(found.filter_map(|found| Some((found.name?, found.value.unwrap_or_default()))));
        }
        Ok(texts)
    }

    /// The text of every spec that is recorded under this path, by the name of its network or service.
    pub async fn specs(&self, path: &str) -> Result<BTreeMap<Name, String>, Failure> {
        let call = self.ssm.get_parameters_by_path().path(path.trim_end_matches('/')).recursive(false);
        let pages = call.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
        let pages = pages.read(format!("list what is recorded under {path}"))?;
        let named = |found: &Parameter| {
            let name = Name::new(found.name()?.strip_prefix(path)?).ok()?;
            Some((name, found.value().unwrap_or_default().to_owned()))
        };
        Ok(pages.iter().flat_map(|page| page.parameters()).filter_map(named).collect())
    }
}
