//! Takes a service down in ECS: autoscaling, the service itself, its task definitions, its cluster, its logs if asked.

pub mod observed;
pub mod plan;
pub mod step;

pub use observed::Observed;
pub use step::ServiceStep;

use super::facts::{Leftovers, TeardownFacts, count};
use super::order::Logs;
use super::{fact, service::plan::facts};
use crate::name::{Logical, Name};
use crate::plan::{Bindings, Plan, Refusal};
use crate::stage::Stage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which service, and what becomes of its logs. Nothing else is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTeardownSpec {
    pub service: Name,
    #[serde(default)]
    pub logs: Logs,
}

impl ServiceTeardownSpec {
    /// The name of the cluster, of the service in it, and of the family of its task definitions.
    pub fn aws_name(&self) -> String {
        self.service.aws_name()
    }

    pub fn log_group_name(&self) -> String {
        format!("/moat/{}", self.service)
    }

    /// Under which Application Auto Scaling knows the service ("RegisterScalableTarget", `ResourceId`).
    pub fn scaling_resource(&self) -> String {
        format!("service/{0}/{0}", self.aws_name())
    }
}

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct ServiceTeardown;

impl Stage for ServiceTeardown {
    type Spec = ServiceTeardownSpec;
    type Observed = Observed;
    type Step = ServiceStep;
    type Facts = TeardownFacts;

    const NAME: &'static str = "teardown of service";

    fn plan(spec: &ServiceTeardownSpec, observed: &Observed) -> Result<Plan<ServiceStep>, Refusal> {
        plan::plan(spec, observed)
    }

    fn bindings(_: &ServiceTeardownSpec, observed: &Observed) -> Bindings {
        facts(observed).bindings()
    }

    fn milestones(_: &ServiceTeardownSpec) -> Vec<Logical> {
        vec![plan::service_gone()]
    }

    fn visible(_: &Observed) -> BTreeSet<String> {
        fact::visible()
    }

    fn facts(spec: &ServiceTeardownSpec, observed: &Observed) -> TeardownFacts {
        let services = count(observed.service.iter().filter(|service| service.is_ours));
        let leftovers = Leftovers { services, ..Leftovers::default() };
        TeardownFacts { kept: plan::kept(spec, observed), leftovers }
    }
}
