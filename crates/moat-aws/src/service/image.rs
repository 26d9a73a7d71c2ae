//! What an image's tag means in ECR now.

use super::ServiceCloud;
use crate::answer::Answer;
use crate::together::Found;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::join_all;
use moat::error::{Failure, Kind, Meaning, meaning};
use moat::image::{Ecr, Image, Version};
use moat::service::observed::ImageState;
use std::collections::BTreeMap;

/// What is known of one image, or why not. A repository that cannot be read says nothing about another.
pub(super) type Known = Result<ImageState, Failure>;

impl ServiceCloud {
    /// Looks the image up where it lives: its own account and region. Not at all when the registry is not ECR.
    pub(super) async fn image(&self, image: &Image) -> Known {
        let Some(place) = image.ecr() else { return Ok(ImageState::NotAsked) };
        let call = async |images: Vec<String>| Ok(self.all_images(&images).await);
        match self.images.ask(&image.to_string(), call).await?.unwrap_or(Ok(ImageState::NoSuchTag))? {
            absent @ (ImageState::NoSuchRepository | ImageState::NoSuchTag) => {
                let prefix = cached_by(&self.registry(&place), &place).await?;
                Ok(prefix.map_or(absent, ImageState::NotCachedYet))
            }
            known => Ok(known),
        }
    }

    /// Those of one repository in one call.
    async fn all_images(&self, names: &[String]) -> Found<Known> {
        let mut by_repository: BTreeMap<String, Vec<Image>> = BTreeMap::new();
        for image in names.iter().filter_map(|name| Image::new(name).ok()) {
            by_repository.entry(image.repository.clone()).or_default().push(image);
        }
        let all = join_all(by_repository.values().map(|images| self.of_repository(images))).await;
        all.into_iter().flatten().collect()
    }

    async fn of_repository(&self, images: &[Image]) -> Found<Known> {
        let known: Vec<Known> = match self.describe(images).await {
            Ok(Some(states)) => states.into_iter().map(Ok).collect(),
            // ECR answers for none when one is missing.
            Ok(None) if images.len() > 1 => join_all(images.iter().map(|image| self.alone(image))).await,
            Ok(None) => vec![Ok(ImageState::NoSuchTag)],
            Err(failure) => vec![Err(failure); images.len()],
        };
        images.iter().map(Image::to_string).zip(known).collect()
    }

    async fn alone(&self, image: &Image) -> Known {
        let states = self.describe(std::slice::from_ref(image)).await?;
        Ok(states.and_then(|mut states| states.pop()).unwrap_or(ImageState::NoSuchTag))
    }

    /// The states of these images of one repository, in their order; `None` when one of them is not there.
    async fn describe(&self, images: &[Image]) -> Result<Option<Vec<ImageState>>, Failure> {
        let Some(place) = images.first().and_then(Image::ecr) else { return Ok(None) };
        let call = self.registry(&place).describe_images().registry_id(&place.account);
        let call = call.repository_name(&place.repository).set_image_ids(Some(images.iter().map(identifier).collect()));
        match call.send().await {
            Ok(answer) => Ok(images.iter().map(|image| state(image, images.len(), answer.image_details())).collect()),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_image_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => match absence(&error) {
                Some(state) => Ok(Some(vec![state; images.len()])),
                None => Err(error).read(format!("describe image {}", list(images))),
            },
        }
    }

    fn registry(&self, place: &Ecr) -> aws_sdk_ecr::Client {
        if self.config.region().is_some_and(|region| region.as_ref() == place.region) {
            return self.ecr.clone();
        }
        let config = aws_sdk_ecr::config::Builder::from(&self.config).region(Region::new(place.region.clone()));
        aws_sdk_ecr::Client::from_conf(config.build())
    }
}

fn list(images: &[Image]) -> String {
    images.iter().map(Image::to_string).collect::<Vec<_>>().join(", ")
}

fn identifier(image: &Image) -> ImageIdentifier {
    match &image.version {
        Version::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        Version::Digest(digest) => ImageIdentifier::builder().image_digest(digest).build(),
    }
}

/// One of so many images that were asked for, among what ECR answered. The answer to one question is about that one.
fn state(image: &Image, asked: usize, found: &[ImageDetail]) -> Option<ImageState> {
    let is_it = |detail: &&ImageDetail| match &image.version {
        _ if asked == 1 => true,
        Version::Tag(tag) => detail.image_tags().contains(tag),
        Version::Digest(digest) => detail.image_digest() == Some(digest.as_str()),
    };
    let digest = found.iter().filter(is_it).find_map(|detail| detail.image_digest());
    digest.map(|digest| ImageState::Digest(digest.to_owned()))
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

/// The answers that tell something about the repository, and so about each of its images.
fn absence(error: &SdkError<DescribeImagesError>) -> Option<ImageState> {
    let error = error.as_service_error()?;
    if error.is_repository_not_found_exception() {
        return Some(ImageState::NoSuchRepository);
    }
    let is_denied = error.code().map(meaning) == Some(Meaning::Is(Kind::Denied));
    is_denied.then(|| ImageState::Unreadable(error.message().unwrap_or("access denied").to_owned()))
}
