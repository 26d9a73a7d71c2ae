//! The ingress stage: the load balancer, which is the only door, and the security groups on both sides of it.

pub mod desired;
pub mod facts;
mod finding;
pub mod observed;
pub mod plan;
pub mod step;

pub use desired::IngressSpec;
pub use facts::IngressFacts;
pub use observed::Observed;
pub use step::IngressStep;

use crate::drift::{Difference, Inspected};
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Problem, Refusal};
use crate::stage::Stage;
use std::collections::BTreeSet;

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct Ingress;

impl Stage for Ingress {
    type Spec = IngressSpec;
    type Observed = Observed;
    type Step = IngressStep;
    type Facts = IngressFacts;

    const NAME: &'static str = "ingress";

    fn plan(spec: &IngressSpec, observed: &Observed) -> Result<Plan<IngressStep>, Refusal> {
        plan::plan(spec, observed)
    }

    fn bindings(_: &IngressSpec, observed: &Observed) -> Bindings {
        observed.bindings()
    }

    /// ECS needs the listener, not an active load balancer (C8).
    fn milestones(_: &IngressSpec) -> Vec<Logical> {
        let groups = desired::Group::ALL.map(desired::Group::logical);
        groups.into_iter().chain([desired::target_group(), desired::listener()]).collect()
    }

    fn visible(observed: &Observed) -> BTreeSet<String> {
        observed.ids()
    }

    fn facts(_: &IngressSpec, observed: &Observed) -> IngressFacts {
        facts::facts(observed)
    }
}

impl Inspected for Ingress {
    fn difference(spec: &IngressSpec, observed: &Observed, part: &IngressStep) -> Difference {
        finding::difference(spec, observed, part)
    }

    fn parts(step: IngressStep) -> Vec<IngressStep> {
        finding::parts(step)
    }

    fn together(parts: Vec<IngressStep>) -> Vec<IngressStep> {
        finding::together(parts)
    }

    /// Whoever changes a service's door holds the service's lock.
    fn under_way(_: &IngressSpec, _: &Observed) -> Vec<String> {
        Vec::new()
    }

    fn stuck(_: &IngressSpec, _: &Observed) -> Vec<Problem> {
        Vec::new()
    }

    fn doubts(_: &Observed) -> Vec<Problem> {
        Vec::new()
    }

    fn at_rest(observed: &Observed) -> Observed {
        let mut observed = observed.clone();
        observed.load_balancer.iter_mut().for_each(|balancer| balancer.age = None);
        observed
    }
}
