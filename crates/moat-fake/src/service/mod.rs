//! `Cloud<Service>`: ECS, ECR and CloudWatch Logs as the service stage uses them.

mod apply;
mod observe;

use crate::answer::Verb;
use crate::call::Hand;
use moat::error::Failure;
use moat::plan::Bindings;
use moat::service::{Observed, Service, ServiceStageSpec, ServiceStep};
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

impl Cloud<Service> for Hand {
    async fn observe(&self, spec: &ServiceStageSpec) -> Result<Observed, Failure> {
        observe::observe(self, spec, &Owner::Service(spec.service.name.clone())).await
    }

    async fn apply(&self, spec: &ServiceStageSpec, step: &ServiceStep, bindings: &Bindings) -> Result<Done, Failure> {
        let verb = match step {
            ServiceStep::CreateCluster { .. }
            | ServiceStep::CreateLogGroup { .. }
            | ServiceStep::RegisterTaskDefinition { .. }
            | ServiceStep::CreateService { .. } => Verb::Create,
            ServiceStep::SetRetention { .. } | ServiceStep::UpdateService { .. } => Verb::Change,
        };
        let (doing, spec, bindings) = (step.clone(), spec.clone(), bindings.clone());
        self.act(verb, step, move |state| apply::apply(state, &spec, &doing, &bindings)).await
    }
}
