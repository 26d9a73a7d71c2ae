//! Which pushes concern a service, and which of a repository's images its policy picks.

use super::candidates::{Candidate, not_for_people};
use super::event::Push;
use crate::image::Ecr;
use crate::moment::Moment;
use crate::plan::Problem;
use crate::spec::rollout::{TrackGlob, TrackRegex, TrackSemver, TrackWord};
use crate::spec::{ServiceSpec, Source, Track};
use semver::{Version, VersionReq};
use std::fmt;

/// `service.track`, read.
#[derive(Debug, Clone)]
pub enum Policy {
    /// The image that has this tag.
    Tag(String),
    /// The highest version, then the latest push.
    Semver {
        range: VersionReq,
        prereleases: bool,
    },
    /// The latest push among the tags that match.
    Glob(glob::Pattern),
    Regex(regex_lite::Regex),
    /// Nothing is tracked, for this reason.
    None(&'static str),
}

/// An image that a policy may pick, and the tag by which it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick<'a> {
    pub image: &'a Candidate,
    pub tag: String,
}

/// Why a push does not concern a service, in words; `None` when it does.
///
/// The repository must be exactly that of the spec's image: one of the same name in another account or region never
/// counts (I10). `account` is the account that the service is in.
pub fn objection(spec: &ServiceSpec, push: &Push, account: &str) -> Option<String> {
    let policy = Policy::of(spec);
    if let Policy::None(why) = policy {
        return Some(format!("service {} tracks nothing: {why}", spec.name));
    }
    if spec.image.ecr().as_ref() != Some(&push.repository) {
        return Some(format!("service {} runs {}, not {}", spec.name, spec.image.repository, push.repository));
    }
    if !policy.takes(&push.tag) {
        return Some(format!("service {} tracks {policy}, and tag {} is not that", spec.name, push.tag));
    }
    foreign(spec, push, account)
}

/// The allow-list. What is pushed in the service's own account needs no permission.
fn foreign(spec: &ServiceSpec, push: &Push, account: &str) -> Option<String> {
    let Ecr { account: registry, region, repository: _ } = &push.repository;
    let pushed = Source { account: registry.clone(), region: region.clone() };
    let allowed = &spec.rollout.sources;
    let (from, is_passed) = match &push.source {
        None => (&pushed, registry == account || allowed.is_empty()),
        Some(source) => (source, source.account == *registry && allowed.is_empty()),
    };
    if is_passed || allowed.contains(from) {
        return None;
    }
    let how = if push.source.is_some() { "was replicated from" } else { "was pushed in" };
    Some(format!(
        "the image {how} account {} in {}, which is not in service.rollout.sources of service {}",
        from.account, from.region, spec.name
    ))
}

impl Policy {
    /// The policy of a service. One that cannot be read tracks nothing: the spec was checked when it was recorded.
    pub fn of(spec: &ServiceSpec) -> Self {
        const UNREADABLE: Policy = Policy::None("its pattern cannot be read");
        if spec.image.ecr().is_none() {
            return Self::None("its image is not in ECR");
        }
        let tag = || match spec.image.tag() {
            Some(tag) => Self::Tag(tag.to_owned()),
            None => Self::None("its image is named by digest"),
        };
        match &spec.track {
            None => tag(),
            Some(Track::Word(TrackWord::Tag)) => tag(),
            Some(Track::Word(TrackWord::None)) => Self::None("its spec says so"),
            Some(Track::Semver(TrackSemver { semver, prereleases })) => {
                VersionReq::parse(semver).map_or(UNREADABLE, |range| Self::Semver { range, prereleases: *prereleases })
            }
            Some(Track::Glob(TrackGlob { glob })) => glob::Pattern::new(glob).map_or(UNREADABLE, Self::Glob),
            Some(Track::Regex(TrackRegex { regex })) => regex_lite::Regex::new(regex).map_or(UNREADABLE, Self::Regex),
        }
    }

    pub fn takes(&self, tag: &str) -> bool {
        if not_for_people(tag).is_some() {
            return false;
        }
        match self {
            Self::Tag(tracked) => tag == tracked,
            Self::Semver { .. } => self.version(tag).is_some(),
            Self::Glob(pattern) => pattern.matches(tag),
            Self::Regex(regex) => regex.is_match(tag),
            Self::None(_) => false,
        }
    }

    /// The version that a tag says, if the policy takes it (I8).
    ///
    /// For a range, cargo takes a pre-release only where the range names one. Here whoever asks for pre-releases gets
    /// those of every version that the range takes.
    pub(super) fn version(&self, tag: &str) -> Option<Version> {
        let Self::Semver { range, prereleases } = self else { return None };
        let version = version(tag)?;
        if version.pre.is_empty() {
            return range.matches(&version).then_some(version);
        }
        let finished = Version::new(version.major, version.minor, version.patch);
        (*prereleases && (range.matches(&version) || range.matches(&finished))).then_some(version)
    }

    /// The images that the policy takes, the one that it prefers first. Signatures and other artifacts are left out.
    ///
    /// The order is that of version, then of push, then of digest; never that of the events (I3).
    pub fn ranked<'a>(&self, candidates: &'a [Candidate]) -> Vec<Pick<'a>> {
        let mut picks: Vec<(Option<Version>, Moment, Pick<'a>)> = candidates
            .iter()
            .filter(|image| image.is_image())
            .filter_map(|image| {
                let (version, tag) =
                    image.tags.iter().filter(|tag| self.takes(tag)).map(|tag| (self.version(tag), tag)).max()?;
                Some((version, image.pushed_at, Pick { image, tag: tag.clone() }))
            })
            .collect();
        picks.sort_by(|a, b| (&b.0, b.1, &b.2.image.digest).cmp(&(&a.0, a.1, &a.2.image.digest)));
        picks.dedup_by(|a, b| a.2.image.digest == b.2.image.digest);
        picks.into_iter().map(|(_, _, pick)| pick).collect()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Semver { range, prereleases: false } => write!(f, "versions {range}"),
            Self::Semver { range, prereleases: true } => write!(f, "versions {range} with pre-releases"),
            Self::Glob(pattern) => write!(f, "tags like {pattern}"),
            Self::Regex(regex) => write!(f, "tags that match {regex}"),
            Self::None(why) => write!(f, "nothing: {why}"),
        }
    }
}

/// Whether tags can be moved in the repository (`imageTagMutability` of `DescribeRepositories`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutability {
    Mutable,
    Immutable,
    /// `MUTABLE_WITH_EXCLUSION`: tags that match one of these cannot be moved. `*` is any number of characters.
    MutableExcept(Vec<String>),
    /// `IMMUTABLE_WITH_EXCLUSION`: only tags that match one of these can be moved.
    ImmutableExcept(Vec<String>),
}

impl Mutability {
    fn can_move(&self, tag: &str) -> bool {
        let matches = |filters: &[String]| filters.iter().any(|filter| wildcard(filter, tag));
        match self {
            Self::Mutable => true,
            Self::Immutable => false,
            Self::MutableExcept(filters) => !matches(filters),
            Self::ImmutableExcept(filters) => matches(filters),
        }
    }
}

/// Whether ECR's `*` pattern fits the whole text.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let literal = pattern.split('*').map(glob::Pattern::escape).collect::<Vec<_>>().join("*");
    glob::Pattern::new(&literal).is_ok_and(|pattern| pattern.matches(text))
}

/// What is wrong with tracking a tag that can never move (I7), told at provision. It is only wrong where the spec says
/// `"track": "tag"` itself.
pub fn immutable(spec: &ServiceSpec, mutability: &Mutability) -> Option<Problem> {
    let tag = spec.image.tag().filter(|_| spec.track == Some(Track::TAG))?;
    if mutability.can_move(tag) {
        return None;
    }
    let message = format!(
        "is \"tag\", but the repository {} does not let tag {tag} move, so nothing would ever be rolled. \
         Track versions or a pattern, such as {{\"semver\": \"*\"}}, or let tags be moved",
        spec.image.repository
    );
    Some(Problem::at("/service/track", message))
}

/// `1.4.2` or `v1.4.2`: a whole version.
pub fn version(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
