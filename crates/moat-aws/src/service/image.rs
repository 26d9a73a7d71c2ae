//! What an image's tag means in ECR now.

use super::ServiceCloud;
use crate::answer::Answer;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::ImageIdentifier;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use moat::error::{Failure, Kind, Meaning, meaning};
use moat::image::{Ecr, Image, Version};
use moat::service::observed::ImageState;

impl ServiceCloud {
    /// Looks the image up where it lives: its own account and region. Not at all when the registry is not ECR.
    pub(super) async fn image(&self, image: &Image) -> Result<ImageState, Failure> {
        let Some(place) = image.ecr() else { return Ok(ImageState::NotAsked) };
        let is_here = self.config.region().is_some_and(|region| region.as_ref() == place.region);
        let elsewhere = || {
            let config = aws_sdk_ecr::config::Builder::from(&self.config).region(Region::new(place.region.clone()));
            aws_sdk_ecr::Client::from_conf(config.build())
        };
        let ecr = if is_here { self.ecr.clone() } else { elsewhere() };
        let which = match &image.version {
            Version::Tag(tag) => ImageIdentifier::builder().image_tag(tag),
            Version::Digest(digest) => ImageIdentifier::builder().image_digest(digest),
        };
        let call = ecr.describe_images().registry_id(&place.account).repository_name(&place.repository);
        match call.image_ids(which.build()).send().await {
            Ok(answer) => {
                let digest = answer.image_details().iter().find_map(|detail| detail.image_digest());
                Ok(digest.map_or(ImageState::NoSuchTag, |digest| ImageState::Digest(digest.to_owned())))
            }
            Err(error) => match absence(&error) {
                Some(absent @ (ImageState::NoSuchRepository | ImageState::NoSuchTag)) => {
                    Ok(cached_by(&ecr, &place).await?.map_or(absent, ImageState::NotCachedYet))
                }
                Some(state) => Ok(state),
                None => Err(error).read(format!("describe image {image}")),
            },
        }
    }
}

/// The prefix of the pull through cache rule that fetches what the repository has not, where there is one. A registry that
/// does not tell its rules, or knows none, has what it has.
async fn cached_by(ecr: &aws_sdk_ecr::Client, place: &Ecr) -> Result<Option<String>, Failure> {
    let call = ecr.describe_pull_through_cache_rules().registry_id(&place.account);
    let rules = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let rules = match rules.find(format!("describe the pull through cache rules of registry {}", place.account)) {
        Ok(rules) => rules.unwrap_or_default(),
        Err(failure) if matches!(failure.kind, Kind::Denied | Kind::Unexpected) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let prefixes = rules.iter().filter_map(|rule| rule.ecr_repository_prefix());
    // The longest is the narrowest.
    let ours = prefixes.filter(|prefix| place.is_cached_under(prefix)).max_by_key(|prefix| prefix.len());
    Ok(ours.map(str::to_owned))
}

/// The answers that tell something about the image.
fn absence(error: &SdkError<DescribeImagesError>) -> Option<ImageState> {
    let error = error.as_service_error()?;
    if error.is_repository_not_found_exception() {
        return Some(ImageState::NoSuchRepository);
    }
    if error.is_image_not_found_exception() {
        return Some(ImageState::NoSuchTag);
    }
    let is_denied = error.code().map(meaning) == Some(Meaning::Is(Kind::Denied));
    is_denied.then(|| ImageState::Unreadable(error.message().unwrap_or("access denied").to_owned()))
}
