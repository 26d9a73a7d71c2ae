//! Looks at the repository that a service is made from, before the service is provisioned.

use super::cloud::Hands;
use super::request::Inspection;
use crate::error::Failure;
use crate::image::{Digest, Image};
use crate::rollout::Lookup;
use crate::rollout::registry::{Findings, inspect as judge};

/// What the repository's rules mean for the service.
pub async fn inspect(cloud: &impl Hands, inspection: &Inspection) -> Result<Findings, Failure> {
    let Inspection { service: spec, release, running } = inspection;
    let Some(repository) = spec.image.ecr() else { return Ok(Findings::default()) };
    let rules = cloud.rules(&repository).await?;
    let running: Option<Digest> = running.as_ref().and_then(Image::digest);
    // Without a policy nothing is deleted, and it does not matter what else is there.
    let candidates = match &rules.lifecycle {
        Ok(Some(_)) if running.is_some() => cloud.candidates(&repository, &Lookup::Tagged).await?,
        _ => Vec::new(),
    };
    Ok(judge(spec, release, running.as_ref(), &rules, &candidates, cloud.now()))
}
