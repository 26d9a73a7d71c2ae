//! The recorded spec and the release record, read together and written by version.

use super::RolloutCloud;
use super::index::{address, spec};
use crate::answer::Answer;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, Tag};
use moat::error::{Failure, Kind};
use moat::name::{Logical, Name};
use moat::parameters;
use moat::rollout::Release;
use moat::rollout::flow::Memory;
use moat::tags::Owner;
use std::collections::BTreeMap;

impl RolloutCloud {
    /// Reads the recorded spec and the release record, in one call.
    pub async fn memory(&self, service: &Name) -> Result<Memory, Failure> {
        let record = parameters::release(service);
        let answer = self.ssm.get_parameters().names(address(service)).names(&record).send().await;
        let answer = answer.read(format!("read the spec and the release record of service {service}"))?;
        let texts: BTreeMap<&str, &str> =
            answer.parameters().iter().filter_map(|p| Some((p.name()?, p.value()?))).collect();
        let release = match texts.get(record.as_str()) {
            None => Release::default(),
            Some(text) => crate::parameters::release(&record, text)?,
        };
        let kept = answer.parameters().iter().find(|parameter| parameter.name() == Some(&record));
        Ok(Memory { spec: spec(service, &texts), release, version: kept.map_or(0, |kept| kept.version()) })
    }

    /// Writes the release record over the version that was read, and answers its new version.
    ///
    /// # Errors
    /// `Moat.Conflict` when somebody else wrote in between. SSM cannot be told to refuse that, so what they wrote is
    /// gone; but it is known, and the next look starts from what is there.
    pub async fn remember(&self, service: &Name, version: i64, release: &Release) -> Result<i64, Failure> {
        let name = parameters::release(service);
        let doing = format!("write parameter {name}");
        let call = self.ssm_once.put_parameter().name(&name).value(release.to_text()).r#type(ParameterType::String);
        let call = call.tier(ParameterTier::IntelligentTiering).overwrite(version > 0);
        // AWS takes no tags when a parameter is overwritten.
        let tags = Owner::Service(service.clone()).tags(&Logical::from("release")).into_iter().filter_map(tag);
        let call = if version > 0 { call } else { call.set_tags(Some(tags.collect())) };
        let written = call.send().await.create(&doing)?.map(|answer| answer.version());
        if written == Some(version + 1) {
            return Ok(version + 1);
        }
        let met = written.map_or("it was there already".to_owned(), |met| format!("it has version {met} now"));
        let message = format!(
            "could not {doing} over version {version}: somebody else wrote it at the same moment ({met}). Only \
             moat-rollout writes it, under the service's lock; look who else does"
        );
        Err(Failure::new(Kind::Conflict, message))
    }
}

fn tag((key, value): (String, String)) -> Option<Tag> {
    Tag::builder().key(key).value(value).build().ok()
}
