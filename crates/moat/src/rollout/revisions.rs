//! Which old revisions of a task definition may be deregistered (R7).

use std::collections::BTreeSet;

/// One active revision of the service's family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub arn: String,
    /// The number at the end of the ARN.
    pub number: u32,
    /// It has moat's tags. Others are left alone.
    pub is_ours: bool,
}

/// The revisions of ours that may go, the oldest first: neither in use nor among the newest `keep`.
///
/// `in_use` is what any deployment, task or the release record names.
pub fn obsolete<'a>(_all: &'a [Revision], _in_use: &BTreeSet<String>, _keep: u32) -> Vec<&'a Revision> {
    todo!()
}
