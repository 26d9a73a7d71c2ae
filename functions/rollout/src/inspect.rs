//! Looks at the repository that a service is made from, before the service is provisioned.

use moat::error::Failure;
use moat::image::{Digest, Image};
use moat::rollout::registry::{Findings, inspect as judge};
use moat::rollout::{Lookup, Release};
use moat::spec::ServiceSpec;
use moat_aws::rollout::{RolloutCloud, now};

/// What the repository's rules mean for the service. `running` is the image that it runs, where it does.
pub async fn inspect(
    cloud: &RolloutCloud,
    spec: &ServiceSpec,
    release: &Release,
    running: Option<&Image>,
) -> Result<Findings, Failure> {
    let Some(repository) = spec.image.ecr() else { return Ok(Findings::default()) };
    let rules = cloud.rules(&repository).await?;
    let running: Option<Digest> = running.and_then(Image::digest);
    // Without a policy nothing is deleted, and it does not matter what else is there.
    let candidates = match &rules.lifecycle {
        Ok(Some(_)) if running.is_some() => cloud.candidates(&repository, &Lookup::Tagged).await?,
        _ => Vec::new(),
    };
    Ok(judge(spec, release, running.as_ref(), &rules, &candidates, now()))
}
