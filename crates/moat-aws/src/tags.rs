//! Tags of many resources in one call, where a service's own API tells of one resource at a time.

use crate::answer::Answer;
use crate::together::{Found, Together};
use aws_config::SdkConfig;
use aws_sdk_resourcegroupstagging::Client;
use moat::error::Failure;
use std::collections::BTreeMap;

/// As many ARNs as GetResources takes ("GetResources", Resource Groups Tagging API).
const ARNS: usize = 100;

/// The Resource Groups Tagging API, for all who ask at the same time.
///
/// It is no witness against a resource: what was tagged a moment ago may be missing there. Who needs to know that a tag
/// is not there asks the resource's own service.
#[derive(Debug, Clone)]
pub(crate) struct ManyTags {
    client: Client,
    asked: Together<BTreeMap<String, String>>,
}

impl ManyTags {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config), asked: Together::new(ARNS) }
    }

    /// The tags of this resource, where others are asked for as well. Nothing where it is the only one: then its own
    /// service tells as much with as many calls.
    ///
    /// # Errors
    /// As AWS answers.
    pub(crate) async fn of(&self, arn: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        let call = async |arns: Vec<String>| if arns.len() > 1 { self.all(arns).await } else { Ok(Found::new()) };
        self.asked.ask(arn, call).await
    }

    async fn all(&self, arns: Vec<String>) -> Result<Found<BTreeMap<String, String>>, Failure> {
        let doing = format!("list the tags of {}", arns.join(", "));
        let answer = self.client.get_resources().set_resource_arn_list(Some(arns)).send().await.read(doing)?;
        let found = answer.resource_tag_mapping_list.into_iter().flatten().filter_map(|found| {
            let tags = found.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
            Some((found.resource_arn()?.trim_end_matches(":*").to_owned(), tags.collect()))
        });
        Ok(found.collect())
    }
}
