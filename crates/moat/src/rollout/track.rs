//! Which pushes concern a service, and which of a repository's images its policy picks.

use super::candidates::Candidate;
use super::event::Push;
use crate::plan::Problem;
use crate::spec::ServiceSpec;
use semver::{Version, VersionReq};

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
pub fn objection(_spec: &ServiceSpec, _push: &Push, _account: &str) -> Option<String> {
    todo!()
}

impl Policy {
    /// The policy of a service whose spec has been read, so that its patterns are right.
    pub fn of(_spec: &ServiceSpec) -> Self {
        todo!()
    }

    pub fn takes(&self, _tag: &str) -> bool {
        todo!()
    }

    /// The images that the policy takes, the one that it prefers first. Signatures and other artifacts are left out.
    pub fn ranked<'a>(&self, _candidates: &'a [Candidate]) -> Vec<Pick<'a>> {
        todo!()
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

/// What is wrong with tracking a tag that can never move (I7), told at provision. It is only wrong where the spec says
/// `"track": "tag"` itself.
pub fn immutable(_spec: &ServiceSpec, _mutability: &Mutability) -> Option<Problem> {
    todo!()
}

/// `1.4.2` or `v1.4.2`: a whole version.
pub fn version(_tag: &str) -> Option<Version> {
    todo!()
}
