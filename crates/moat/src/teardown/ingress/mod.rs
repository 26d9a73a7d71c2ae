//! Takes a service's door down: listeners, load balancer, target group, then the security groups on both sides.

pub mod observed;
pub mod plan;
pub mod step;

pub use observed::Observed;
pub use step::IngressStep;

use super::fact;
use super::facts::{Leftovers, TeardownFacts, count};
use crate::name::{Logical, Name};
use crate::plan::{Bindings, Plan, Refusal};
use crate::stage::Stage;
use crate::tags::Owner;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressTeardownSpec {
    pub service: Name,
    /// Whether it is moat that turned the load balancer's deletion protection on. Only then does moat turn it off.
    #[serde(default)]
    pub is_protection_ours: bool,
    /// All services that are taken down together.
    #[serde(default)]
    pub with: BTreeSet<Name>,
}

impl IngressTeardownSpec {
    /// The name of the load balancer, and of the target group.
    pub fn aws_name(&self) -> String {
        self.service.aws_name()
    }

    pub fn owner(&self) -> Owner {
        Owner::Service(self.service.clone())
    }
}

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct IngressTeardown;

impl Stage for IngressTeardown {
    type Spec = IngressTeardownSpec;
    type Observed = Observed;
    type Step = IngressStep;
    type Facts = TeardownFacts;

    const NAME: &'static str = "teardown of ingress";

    fn plan(spec: &IngressTeardownSpec, observed: &Observed) -> Result<Plan<IngressStep>, Refusal> {
        plan::plan(spec, observed)
    }

    fn bindings(_: &IngressTeardownSpec, observed: &Observed) -> Bindings {
        plan::facts(observed).bindings()
    }

    fn milestones(_: &IngressTeardownSpec) -> Vec<Logical> {
        vec![plan::balancer_gone()]
    }

    fn visible(_: &Observed) -> BTreeSet<String> {
        fact::visible()
    }

    fn facts(spec: &IngressTeardownSpec, observed: &Observed) -> TeardownFacts {
        let load_balancers = count(observed.load_balancer.iter().filter(|found| found.is_ours));
        let leftovers = Leftovers { load_balancers, ..Leftovers::default() };
        TeardownFacts { kept: plan::kept(spec, observed), leftovers }
    }
}
