//! A container image as people write it, and whether it lives in ECR.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `registry/repository:tag` or `registry/repository@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = 1))]
pub struct Image {
    /// Everything before the tag or digest.
    pub repository: String,
    pub version: Version,
}

/// Which of the repository's images is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    Tag(String),
    /// `sha256:` and 64 hexadecimal digits.
    Digest(String),
}

/// An Elastic Container Registry repository, read from an image's address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ecr {
    pub account: String,
    pub region: String,
    pub repository: String,
}

impl fmt::Display for Ecr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in registry {} of {}", self.repository, self.account, self.region)
    }
}

impl Ecr {
    /// Whether a pull through cache rule with this prefix fetches what is not there. The prefix `ROOT` is for every
    /// repository ("Creating a pull through cache rule", ECR guide).
    pub fn is_cached_under(&self, prefix: &str) -> bool {
        let rest = self.repository.strip_prefix(prefix.trim_end_matches('/'));
        prefix == "ROOT" || rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    }
}

/// What an image is, whatever it is called: `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
pub struct Digest(String);

impl Digest {
    pub fn new(text: &str) -> Result<Self, String> {
        if is_digest(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("{text:?} is not a digest; it is sha256: and 64 hexadecimal digits"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for a person to tell two apart.
    pub fn short(&self) -> &str {
        &self.0[.."sha256:".len() + 12]
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Image {
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("{text:?} is not an image; write it like registry/repository:tag"));
        }
        if let Some((repository, digest)) = text.split_once('@') {
            Digest::new(digest)?;
            // A tag beside a digest says nothing more: the digest decides.
            let repository = split_tag(repository).map_or(repository, |(repository, _)| repository);
            return Self::of(repository, Version::Digest(digest.to_owned()));
        }
        match split_tag(text) {
            Some((repository, tag)) if is_tag(tag) => Self::of(repository, Version::Tag(tag.to_owned())),
            Some((_, tag)) => Err(format!(
                "{tag:?} is not a tag; it has letters, digits, _ . and -, at most 128, and does not begin with . or -"
            )),
            None => Err(format!("{text:?} names no tag; say which one, such as {text}:latest, or a digest")),
        }
    }

    fn of(repository: &str, version: Version) -> Result<Self, String> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
        if repository.is_empty() || !repository.chars().all(legal) || repository.split('/').any(str::is_empty) {
            return Err(format!("{repository:?} is not a repository; write the image like registry/repository:tag"));
        }
        Ok(Self { repository: repository.to_owned(), version })
    }

    /// The ECR repository that the image is in, or `None` when it is in another registry.
    pub fn ecr(&self) -> Option<Ecr> {
        let (host, repository) = self.repository.split_once('/')?;
        let (account, rest) = host.split_once(".dkr.ecr.")?;
        let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
        let is_account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
        is_account.then(|| Ecr {
            account: account.to_owned(),
            region: region.to_owned(),
            repository: repository.to_owned(),
        })
    }

    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Digest(_) => None,
        }
    }

    pub fn digest(&self) -> Option<Digest> {
        match &self.version {
            Version::Tag(_) => None,
            Version::Digest(digest) => Digest::new(digest).ok(),
        }
    }

    pub fn with_digest(&self, digest: &str) -> String {
        format!("{}@{digest}", self.repository)
    }
}

/// Splits `repository:tag`. A colon before the last slash belongs to the registry's port.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    let (repository, tag) = text.rsplit_once(':')?;
    (!tag.contains('/')).then_some((repository, tag))
}

pub(crate) fn is_tag(tag: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !tag.is_empty() && tag.len() <= 128 && tag.chars().all(legal) && !tag.starts_with(['.', '-'])
}

impl TryFrom<String> for Image {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Image> for String {
    fn from(image: Image) -> Self {
        image.to_string()
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Version::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ecr_image_is_told_from_any_other() {
        let image = Image::new("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.2").unwrap();
        let ecr = image.ecr().unwrap();
        assert_eq!((ecr.account.as_str(), ecr.region.as_str()), ("123456789012", "eu-west-1"));
        assert_eq!((ecr.repository.as_str(), image.tag()), ("team/web", Some("1.2")));
        assert_eq!(Image::new("ghcr.io/team/web:1.2").unwrap().ecr(), None);
        assert_eq!(Image::new("evil.dkr.ecr.eu-west-1.amazonaws.com/web:1").unwrap().ecr(), None);
    }

    #[test]
    fn a_pull_through_cache_has_what_is_below_its_prefix() {
        let ecr =
            Image::new("123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub/library/nginx:1").unwrap().ecr().unwrap();
        let under: Vec<&str> = ["hub", "hub/library", "hub/", "ROOT", "hu", "hub/library/nginx", "other"]
            .into_iter()
            .filter(|prefix| ecr.is_cached_under(prefix))
            .collect();
        assert_eq!(under, ["hub", "hub/library", "hub/", "ROOT"]);
    }

    #[test]
    fn an_image_without_a_tag_is_refused_with_one_that_has() {
        assert!(Image::new("ghcr.io/team/web").unwrap_err().contains("ghcr.io/team/web:latest"));
        assert!(Image::new("localhost:5000/web").unwrap_err().contains("names no tag"));
        assert!(Image::new("web@sha256:12").unwrap_err().contains("64 hexadecimal"));
        assert!(Image::new("web:-x").unwrap_err().contains("not a tag"));
        assert!(Image::new("web :1").is_err());
    }

    #[test]
    fn a_digest_wins_over_a_tag_beside_it() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = Image::new(&format!("ghcr.io/web:1@{digest}")).unwrap();
        assert_eq!(image.to_string(), format!("ghcr.io/web@{digest}"));
    }
}
