//! The contract of a stage, and of the cloud that it is carried out on.

use crate::error::Failure;
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Refusal, Step};
use serde::Serialize;
use std::collections::BTreeSet;
use std::future::Future;

/// A part of the spec that becomes resources: network, ingress or service.
pub trait Stage {
    /// What was asked for.
    type Spec;
    /// What was found.
    type Observed;
    type Step: Step;
    /// What to tell people and later stages about what was found.
    type Facts: Serialize;

    const NAME: &'static str;

    /// What to do. Sync and deterministic: no clock, no randomness, ordered maps only.
    ///
    /// A plan is complete on an empty account: steps name resources that do not exist yet by their logical names.
    fn plan(spec: &Self::Spec, observed: &Self::Observed) -> Result<Plan<Self::Step>, Refusal>;

    /// The ids of what exists and is the one that counts, by logical name, and the facts that steps may need.
    fn bindings(spec: &Self::Spec, observed: &Self::Observed) -> Bindings;

    /// What must be bound before later stages can begin.
    fn milestones(spec: &Self::Spec) -> Vec<Logical>;

    /// Every id in the observation, in use or not. Used to tell "not visible yet" from "there".
    fn visible(observed: &Self::Observed) -> BTreeSet<String>;

    fn facts(spec: &Self::Spec, observed: &Self::Observed) -> Self::Facts;
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It made a thing, with this id.
    Made(String),
    /// It changed or removed something.
    Changed,
    /// AWS says that it was so already. If the step makes something, its id is not known yet.
    Already,
}

/// The two things that can be done to a cloud. `moat-aws` does them to AWS, `moat-fake` to a world in memory.
pub trait Cloud<S: Stage> {
    /// Reads everything that the stage's plan looks at, once. An error means unreadable, which is not absent.
    fn observe(&self, spec: &S::Spec) -> impl Future<Output = Result<S::Observed, Failure>>;

    /// Does one step, once. `bindings` holds every name that the step needs.
    fn apply(&self, spec: &S::Spec, step: &S::Step, bindings: &Bindings)
    -> impl Future<Output = Result<Done, Failure>>;
}
