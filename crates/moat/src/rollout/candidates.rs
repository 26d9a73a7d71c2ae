//! The images of a repository, as far as they can be deployed.

use crate::image::Digest;
use crate::moment::Moment;
use crate::spec::Architecture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

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

/// What ECR and registries call the manifests of images: single ones, and indexes of several platforms.
const IMAGES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// What they call the configurations of images. An artifact has another, which is how it says what it is.
const CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

impl Candidate {
    /// Whether it is a container image: no signature, attestation, referrer or other artifact.
    pub fn is_image(&self) -> bool {
        self.media_type.as_deref().is_none_or(|kind| IMAGES.contains(&kind))
            && self.artifact_type.as_deref().is_none_or(is_config)
    }

    /// Why tasks of this architecture cannot run it; `None` when they can, or when nobody looked into it.
    pub fn objection(&self, architecture: Architecture) -> Option<String> {
        let platforms = self.platforms.as_ref()?;
        let wanted = match architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        };
        let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == wanted;
        if platforms.iter().any(fits) {
            return None;
        }
        let offered: BTreeSet<String> = platforms.iter().map(ToString::to_string).collect();
        let offered = if offered.is_empty() { "nothing".into() } else { Vec::from_iter(offered).join(", ") };
        Some(format!("the image runs on {offered}, but the service's tasks are linux/{wanted}; build it for that too"))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// Whether this is the media type of an image's configuration.
pub(super) fn is_config(media_type: &str) -> bool {
    CONFIGS.contains(&media_type)
}

/// What a tag is that people do not give to images; `None` when they do.
///
/// Signatures of cosign and the referrers of registries without that API are tagged with the digest that they belong to:
/// `sha256-….sig`, `sha256-….att`, `sha256-…` (OCI Distribution Specification, "Referrers tag schema").
pub fn not_for_people(tag: &str) -> Option<&'static str> {
    if tag.starts_with(KEEP_PREFIX) {
        return Some("moat's own, which keeps an image from being deleted");
    }
    let rest = tag.strip_prefix("sha256-")?;
    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    if digits < 32 {
        return None;
    }
    match &rest[digits..] {
        ".sig" => Some("a signature"),
        ".att" => Some("an attestation"),
        ".sbom" => Some("a bill of materials"),
        "" => Some("a list of referrers"),
        suffix => suffix.starts_with(['.', '-']).then_some("something attached to an image"),
    }
}

/// The platforms in an index, from the text of its manifest (`BatchGetImage`). `None` when it is not an index: then its
/// configuration says it, see [`platform_of_config`].
///
/// buildx adds attestations to an index, with the platform `unknown/unknown`. They do not run.
pub fn platforms_of_index(manifest: &str) -> Option<Vec<Platform>> {
    #[derive(Deserialize)]
    struct Index {
        manifests: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        platform: Option<Platform>,
    }
    let index: Index = serde_json::from_str(manifest).ok()?;
    let known = |platform: &Platform| platform.os != "unknown";
    let platforms: Vec<Platform> =
        index.manifests.into_iter().filter_map(|entry| entry.platform).filter(known).collect();
    // An index may leave the platforms out. Then nothing is known.
    (!platforms.is_empty()).then_some(platforms)
}

/// The digest of a single image's configuration, from the text of its manifest.
pub fn config_of(manifest: &str) -> Option<Digest> {
    #[derive(Deserialize)]
    struct Manifest {
        config: Config,
    }
    #[derive(Deserialize)]
    struct Config {
        digest: Digest,
    }
    serde_json::from_str::<Manifest>(manifest).ok().map(|manifest| manifest.config.digest)
}

/// The platform of a single image, from the text of its configuration (`GetDownloadUrlForLayer` with [`config_of`]).
pub fn platform_of_config(config: &str) -> Option<Platform> {
    serde_json::from_str(config).ok()
}

#[cfg(test)]
#[path = "candidates_tests.rs"]
mod tests;
