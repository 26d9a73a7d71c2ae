//! The ingress stage: the load balancer, which is the only door, and the security groups on both sides of it.

pub mod attributes;
mod contradictions;
pub mod desired;
pub mod facts;
mod finding;
pub mod listener;
pub mod observed;
pub mod plan;
pub mod shared;
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

    fn bindings(spec: &IngressSpec, observed: &Observed) -> Bindings {
        observed.bindings(spec)
    }

    /// ECS needs the listener that leads to the tasks, not an active load balancer (C8).
    fn milestones(spec: &IngressSpec) -> Vec<Logical> {
        let groups = spec.groups().into_iter().map(desired::Group::logical);
        let door = spec.door().map(|door| [desired::target_group(), listener::leading(door)]);
        groups.chain(door.into_iter().flatten()).collect()
    }

    fn visible(observed: &Observed) -> BTreeSet<String> {
        observed.ids()
    }

    fn facts(spec: &IngressSpec, observed: &Observed) -> IngressFacts {
        facts::facts(spec, observed)
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
