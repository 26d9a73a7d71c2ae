//! The images of a repository.

use super::{RolloutCloud, moment};
use crate::answer::Answer;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, TagStatus};
use moat::error::Failure;
use moat::image::{Digest, Ecr};
use moat::rollout::candidates::platforms_of_index;
use moat::rollout::{Candidate, Lookup, Platform};

/// Manifests of one platform. It is written in the configuration, which the API does not hand out.
const SINGLE: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

impl RolloutCloud {
    /// What the decision needs of the registry. A tag, a digest or a repository that is not there has no images.
    pub async fn candidates(&self, repository: &Ecr, lookup: &Lookup) -> Result<Vec<Candidate>, Failure> {
        let call = self.registry(repository).describe_images().registry_id(&repository.account);
        let call = call.repository_name(&repository.repository);
        let call = match lookup {
            Lookup::Nothing => return Ok(Vec::new()),
            Lookup::Tag(tag) => call.image_ids(ImageIdentifier::builder().image_tag(tag).build()),
            Lookup::Digest(digest) => call.image_ids(ImageIdentifier::builder().image_digest(digest.as_str()).build()),
            Lookup::Tagged => call.filter(DescribeImagesFilter::builder().tag_status(TagStatus::Tagged).build()),
        };
        let found = match call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await {
            Err(error) if error.as_service_error().is_some_and(|e| e.is_image_not_found_exception()) => Vec::new(),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_repository_not_found_exception()) => Vec::new(),
            answer => answer.read(format!("describe the images of {repository}"))?,
        };
        Ok(found.iter().filter_map(candidate).collect())
    }

    /// On what an image runs, where its manifest says so.
    pub async fn platforms(&self, repository: &Ecr, image: &Candidate) -> Result<Option<Vec<Platform>>, Failure> {
        if image.media_type.as_deref().is_some_and(|kind| SINGLE.contains(&kind)) {
            return Ok(None);
        }
        let which = ImageIdentifier::builder().image_digest(image.digest.as_str()).build();
        let call = self.registry(repository).batch_get_image().registry_id(&repository.account);
        let answer = call.repository_name(&repository.repository).image_ids(which).send().await;
        let answer = answer.read(format!("read the manifest of {} in {repository}", image.digest.short()))?;
        Ok(answer.images().iter().find_map(|image| platforms_of_index(image.image_manifest()?)))
    }

    /// The client for the region that the repository is in.
    pub(super) fn registry(&self, repository: &Ecr) -> aws_sdk_ecr::Client {
        if self.config.region().is_some_and(|region| region.as_ref() == repository.region) {
            return self.ecr.clone();
        }
        let region = Region::new(repository.region.clone());
        aws_sdk_ecr::Client::from_conf(aws_sdk_ecr::config::Builder::from(&self.config).region(region).build())
    }
}

fn candidate(found: &ImageDetail) -> Option<Candidate> {
    // The manifest's own type says nothing about what is in it; a local AWS repeats it here.
    let artifact = found.artifact_media_type().filter(|kind| found.image_manifest_media_type() != Some(kind));
    Some(Candidate {
        digest: Digest::new(found.image_digest()?).ok()?,
        tags: found.image_tags().iter().cloned().collect(),
        pushed_at: moment(found.image_pushed_at()?)?,
        media_type: found.image_manifest_media_type().map(str::to_owned),
        artifact_type: artifact.map(str::to_owned),
        platforms: None,
    })
}
