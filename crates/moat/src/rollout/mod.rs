//! A pushed image, and which service it rolls, when, to what end.
//!
//! An event is only a hint to look ([`event`]). What is deployed is decided from what the registry has at that moment
//! ([`candidates`], [`track`]), what the service runs and what became of earlier rollouts ([`release`]): see
//! [`decide`]. The end of a rollout is judged from the deployment that it started ([`outcome`]), and told in plain
//! words ([`cause`], [`report`]).

pub mod candidates;
pub mod cause;
pub mod decide;
pub mod event;
pub mod flow;
pub mod freeze;
pub mod lifecycle;
pub mod outcome;
pub mod provisioned;
pub mod registry;
pub mod release;
pub mod report;
pub mod revisions;
mod seen;
pub mod track;
mod words;

#[cfg(test)]
mod samples;

pub use candidates::{Candidate, Platform};
pub use decide::{Decision, Lookup, Question, decide, lookup};
pub use event::{Command, Order, Push, Trigger, read};
pub use outcome::{Evidence, Outcome, Seen, Started, Verdict, judge};
pub use release::{Deployed, Release, Rolling};
pub use report::Report;
