//! The images of a repository, as far as they can be deployed.

use crate::image::Digest;
use crate::moment::Moment;
use crate::spec::Architecture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What tags of our own begin with. They keep an image from being deleted, and never roll anything.
pub const KEEP_PREFIX: &str = "moat-keep-";

/// One entry of `DescribeImages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    pub digest: Digest,
    pub tags: BTreeSet<String>,
    /// `imagePushedAt`. A tag that is added later does not change it.
    pub pushed_at: Moment,
    /// `imageManifestMediaType`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// `artifactMediaType`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// On what it runs, where somebody looked into its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platforms: Option<Vec<Platform>>,
}

/// `linux/arm64`, in the words of the Open Container Initiative.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
}

impl Candidate {
    /// Whether it is a container image: no signature, attestation, referrer or other artifact.
    pub fn is_image(&self) -> bool {
        todo!()
    }

    /// Why tasks of this architecture cannot run it; `None` when they can, or when nobody looked into it.
    pub fn objection(&self, _architecture: Architecture) -> Option<String> {
        todo!()
    }
}

/// Why a tag is not one that people give to images; `None` when it is.
pub fn not_for_people(_tag: &str) -> Option<&'static str> {
    todo!()
}

/// The platforms in an index, from the text of its manifest (`BatchGetImage`). `None` when it is not an index: then its
/// configuration says it, see [`platform_of_config`].
pub fn platforms_of_index(_manifest: &str) -> Option<Vec<Platform>> {
    todo!()
}

/// The digest of a single image's configuration, from the text of its manifest.
pub fn config_of(_manifest: &str) -> Option<Digest> {
    todo!()
}

/// The platform of a single image, from the text of its configuration (`GetDownloadUrlForLayer` with [`config_of`]).
pub fn platform_of_config(_config: &str) -> Option<Platform> {
    todo!()
}
