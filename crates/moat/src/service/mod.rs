//! The service stage: cluster, logs, task definition, and the ECS service in the private subnets.

pub mod access;
pub mod desired;
pub mod facts;
mod finding;
pub mod observed;
pub mod plan;
pub mod step;

pub use desired::ServiceStageSpec;
pub use facts::ServiceFacts;
pub use observed::Observed;
pub use step::ServiceStep;

use crate::drift::{Difference, Inspected};
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Problem, Refusal};
use crate::stage::Stage;
use std::collections::BTreeSet;

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct Service;

impl Stage for Service {
    type Spec = ServiceStageSpec;
    type Observed = Observed;
    type Step = ServiceStep;
    type Facts = ServiceFacts;

    const NAME: &'static str = "service";

    fn plan(spec: &ServiceStageSpec, observed: &Observed) -> Result<Plan<ServiceStep>, Refusal> {
        plan::plan(spec, observed)
    }

    fn bindings(spec: &ServiceStageSpec, observed: &Observed) -> Bindings {
        plan::bindings(spec, observed)
    }

    fn milestones(_: &ServiceStageSpec) -> Vec<Logical> {
        vec![desired::service()]
    }

    fn visible(observed: &Observed) -> BTreeSet<String> {
        observed.ids()
    }

    fn facts(spec: &ServiceStageSpec, observed: &Observed) -> ServiceFacts {
        facts::facts(spec, observed)
    }
}

impl Inspected for Service {
    fn difference(spec: &ServiceStageSpec, observed: &Observed, part: &ServiceStep) -> Difference {
        finding::difference(spec, observed, part)
    }

    fn parts(step: ServiceStep) -> Vec<ServiceStep> {
        finding::parts(step)
    }

    fn together(parts: Vec<ServiceStep>) -> Vec<ServiceStep> {
        finding::together(parts)
    }

    fn under_way(spec: &ServiceStageSpec, observed: &Observed) -> Vec<String> {
        finding::under_way(spec, observed)
    }

    fn stuck(spec: &ServiceStageSpec, observed: &Observed) -> Vec<Problem> {
        finding::stuck(spec, observed)
    }

    fn doubts(_: &Observed) -> Vec<Problem> {
        Vec::new()
    }

    fn at_rest(observed: &Observed) -> Observed {
        finding::at_rest(observed)
    }
}
