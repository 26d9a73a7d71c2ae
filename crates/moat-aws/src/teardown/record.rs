//! What is recorded of an owner, on its way out, and which services are recorded at all.

use crate::answer::Answer;
use aws_config::SdkConfig;
use aws_sdk_ssm::types::{ParameterStringFilter, ResourceTypeForTagging};
use moat::error::{Failure, Kind};
use moat::name::Name;
use moat::parameters;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use moat::teardown::record::{Observed, RecordStep, RecordTeardown, RecordTeardownSpec};
use std::collections::{BTreeMap, BTreeSet};
use tokio::try_join;

/// Where the specs of services are recorded, each under its name.
const SERVICES: &str = "/moat/services/";

/// The Parameter Store, as a teardown uses it.
#[derive(Debug, Clone)]
pub struct RecordTeardownCloud {
    ssm: aws_sdk_ssm::Client,
}

impl RecordTeardownCloud {
    pub fn new(config: &SdkConfig) -> Self {
        Self { ssm: aws_sdk_ssm::Client::new(config) }
    }

    /// The text of every recorded service, whether or not it can be understood.
    pub async fn services(&self) -> Result<BTreeMap<Name, String>, Failure> {
        let call = self.ssm.get_parameters_by_path().path(SERVICES.trim_end_matches('/')).recursive(false);
        let pages = call.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
        let pages = pages.read("list the recorded services")?;
        let found = pages.iter().flat_map(|page| page.parameters());
        let named = found.filter_map(|parameter| {
            let name = Name::new(parameter.name()?.strip_prefix(SERVICES)?).ok()?;
            Some((name, parameter.value().unwrap_or_default().to_owned()))
        });
        Ok(named.collect())
    }

    /// Those with the owner's tag, whatever their names. The filter says so already; the tags are looked at again,
    /// because what is not ours is never touched.
    async fn tagged(&self, owner: &Owner) -> Result<BTreeSet<String>, Failure> {
        let doing = format!("describe parameters of {owner}");
        let by_tag = ParameterStringFilter::builder().key(format!("tag:{}", owner.key())).values(owner.name().as_str());
        let by_tag =
            by_tag.build().map_err(|error| Failure::new(Kind::Unexpected, format!("could not {doing}: {error}")))?;
        let pages = self.ssm.describe_parameters().parameter_filters(by_tag).into_paginator().send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let mut tagged = BTreeSet::new();
        let found = pages.iter().flat_map(|page| page.parameters()).filter_map(|found| found.name());
        for name in found.filter(|name| !parameters::is_lock(name)) {
            if self.is_ours(owner, name).await? {
                tagged.insert(name.to_owned());
            }
        }
        Ok(tagged)
    }

    async fn is_ours(&self, owner: &Owner, name: &str) -> Result<bool, Failure> {
        let call = self.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let answer = match call.resource_id(name).send().await {
            // Deleted since it was listed.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_invalid_resource_id()) => {
                return Ok(false);
            }
            answer => answer.read(format!("list the tags of parameter {name}"))?,
        };
        let tags = answer.tag_list().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
        Ok(owner.owns(&tags.collect()))
    }

    /// Those that have the owner in their names. SSM finds by tags with a delay, and takes no tags when it overwrites.
    async fn named(&self, owner: &Owner) -> Result<BTreeSet<String>, Failure> {
        let names = parameters::of(owner);
        let answer = self.ssm.get_parameters().set_names(Some(names)).send().await;
        let answer = answer.read(format!("read the parameters of {owner}"))?;
        Ok(answer.parameters().iter().filter_map(|found| found.name().map(str::to_owned)).collect())
    }
}

impl Cloud<RecordTeardown> for RecordTeardownCloud {
    async fn observe(&self, spec: &RecordTeardownSpec) -> Result<Observed, Failure> {
        let (tagged, named) = try_join!(self.tagged(&spec.owner), self.named(&spec.owner))?;
        let all = tagged.into_iter().chain(named);
        Ok(Observed { parameters: all.filter(|name| !parameters::is_lock(name)).collect() })
    }

    async fn apply(&self, _: &RecordTeardownSpec, step: &RecordStep, _: &Bindings) -> Result<Done, Failure> {
        let (RecordStep::Delete { parameter } | RecordStep::DeleteSpec { parameter }) = step;
        self.ssm.delete_parameter().name(parameter).send().await.remove(step)?;
        Ok(Done::Changed)
    }
}
