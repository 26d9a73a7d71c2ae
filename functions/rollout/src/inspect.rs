//! Looks at the repository that a service is made from, before the service is provisioned.

use crate::request::Inspection;
use moat::error::Failure;
use moat::image::{Digest, Image};
use moat::rollout::Lookup;
use moat::rollout::registry::{Findings, inspect as judge};
use moat_aws::rollout::{RolloutCloud, now};

/// What the repository's rules mean for the service.
pub async fn inspect(cloud: &RolloutCloud, inspection: &Inspection) -> Result<Findings, Failure> {
    let Inspection { service: spec, release, running } = inspection;
    let Some(repository) = spec.image.ecr() else { return Ok(Findings::default()) };
    let rules = cloud.rules(&repository).await?;
    let running: Option<Digest> = running.as_ref().and_then(Image::digest);
    // Without a policy nothing is deleted, and it does not matter what else is there.
    let candidates = match &rules.lifecycle {
        Ok(Some(_)) if running.is_some() => cloud.candidates(&repository, &Lookup::Tagged).await?,
        _ => Vec::new(),
    };
    Ok(judge(spec, release, running.as_ref(), &rules, &candidates, now()))
}
