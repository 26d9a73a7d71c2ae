//! The service stage on AWS.

mod apply;
mod image;
mod observe;
mod task_definition;

use crate::scaling::Autoscaling;
use aws_config::SdkConfig;
use moat::error::Failure;
use moat::plan::Bindings;
use moat::service::{Observed, Service, ServiceStageSpec, ServiceStep};
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

/// ECS, ECR, CloudWatch Logs and Application Auto Scaling, as the service stage uses them.
#[derive(Debug, Clone)]
pub struct ServiceCloud {
    ecs: aws_sdk_ecs::Client,
    ecs_once: aws_sdk_ecs::Client,
    ecr: aws_sdk_ecr::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    scaling: Autoscaling,
    /// For images in another region.
    config: SdkConfig,
}

impl ServiceCloud {
    pub fn new(config: &SdkConfig, scaling: Autoscaling) -> Self {
        Self {
            scaling,
            ecs: aws_sdk_ecs::Client::new(config),
            ecs_once: aws_sdk_ecs::Client::new(&crate::config::once(config)),
            ecr: aws_sdk_ecr::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            config: config.clone(),
        }
    }

    /// From clients that a test made.
    pub fn of(
        ecs: aws_sdk_ecs::Client,
        ecr: aws_sdk_ecr::Client,
        logs: aws_sdk_cloudwatchlogs::Client,
        scaling: Autoscaling,
        config: SdkConfig,
    ) -> Self {
        Self { ecs_once: ecs.clone(), ecs, ecr, logs, scaling, config }
    }
}

fn owner(spec: &ServiceStageSpec) -> Owner {
    Owner::Service(spec.service.name.clone())
}

impl Cloud<Service> for ServiceCloud {
    async fn observe(&self, spec: &ServiceStageSpec) -> Result<Observed, Failure> {
        self.observe_service(spec, &owner(spec)).await
    }

    async fn apply(&self, spec: &ServiceStageSpec, step: &ServiceStep, bindings: &Bindings) -> Result<Done, Failure> {
        self.apply_step(spec, &owner(spec), step, bindings).await
    }
}
