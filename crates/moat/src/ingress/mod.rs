//! The ingress stage: the load balancer, which is the only door, and the security groups on both sides of it.

pub mod desired;
pub mod facts;
pub mod observed;
pub mod plan;
pub mod step;

pub use desired::IngressSpec;
pub use facts::IngressFacts;
pub use observed::Observed;
pub use step::IngressStep;

use crate::name::Logical;
use crate::plan::{Bindings, Plan, Refusal};
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
