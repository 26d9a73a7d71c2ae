//! Looks at the repository that a service is made from, before the service is provisioned.

use super::cloud::Hands;
use super::request::Inspection;
use crate::error::Failure;
use crate::image::{Digest, Ecr, Image, Version};
use crate::preflight::{Severity, check_image};
use crate::rollout::registry::{Findings, inspect as judge};
use crate::rollout::{Candidate, Lookup};
use crate::spec::ServiceSpec;

/// What the repository's rules mean for the service, and whether its tasks can run the image.
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
    let mut findings = judge(spec, release, running.as_ref(), &rules, &candidates, cloud.now());
    let image = match image(cloud, spec, &repository).await {
        Err(failure) if failure.kind.is_retryable() => return Err(failure),
        found => found.map_err(|failure| failure.message),
    };
    match check_image(spec, &image) {
        Some(finding) if finding.severity == Severity::Stop => findings.problems.push(finding.problem()),
        finding => findings.warnings.extend(finding.map(|finding| finding.to_string())),
    }
    Ok(findings)
}

/// The image that is asked for, with what it runs on; `None` where there is none.
async fn image(cloud: &impl Hands, spec: &ServiceSpec, repository: &Ecr) -> Result<Option<Candidate>, Failure> {
    let lookup = match &spec.image.version {
        Version::Tag(tag) => Lookup::Tag(tag.clone()),
        Version::Digest(digest) => Digest::new(digest).map_or(Lookup::Nothing, Lookup::Digest),
    };
    let Some(found) = cloud.candidates(repository, &lookup).await?.pop() else { return Ok(None) };
    let platforms = cloud.platforms(repository, &found).await?;
    Ok(Some(Candidate { platforms, ..found }))
}
