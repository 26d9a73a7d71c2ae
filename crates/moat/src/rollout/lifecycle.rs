//! Whether a repository's lifecycle policy would delete an image that is needed (I13).

use super::candidates::Candidate;
use crate::image::Digest;
use crate::moment::Moment;

/// An image that must stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    pub digest: Digest,
    /// `the running image` or `the previous image`.
    pub what: String,
}

/// One warning for each needed image that the policy would delete now, or as soon as the tracked tag moves on.
///
/// `policy` is the text of `GetLifecyclePolicy`; `moving` the tag that moves, where the service tracks one.
pub fn warnings(
    _policy: &str,
    _candidates: &[Candidate],
    _needed: &[Needed],
    _moving: Option<&str>,
    _now: Moment,
) -> Vec<String> {
    todo!()
}
