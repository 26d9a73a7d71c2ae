//! The service stage on AWS.

mod apply;
mod image;
mod observe;
mod task_definition;

use crate::scaling::Autoscaling;
use crate::together::Together;
use aws_config::SdkConfig;
use moat::error::Failure;
use moat::plan::Bindings;
use moat::service::{Observed, Service, ServiceStageSpec, ServiceStep};
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

/// As many as DescribeClusters takes (ECS API).
const CLUSTERS: usize = 100;
/// As many as DescribeImages takes of one repository (ECR API).
const IMAGES: usize = 100;
/// As many as one page of DescribeLogGroups has (CloudWatch Logs API).
const LOG_GROUPS: usize = 50;

/// ECS, ECR, CloudWatch Logs and Application Auto Scaling, as the service stage uses them.
#[derive(Debug, Clone)]
pub struct ServiceCloud {
    ecs: aws_sdk_ecs::Client,
    ecs_once: aws_sdk_ecs::Client,
    ecr: aws_sdk_ecr::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    scaling: Autoscaling,
    clusters: Together<aws_sdk_ecs::types::Cluster>,
    log_groups: Together<aws_sdk_cloudwatchlogs::types::LogGroup>,
    images: Together<image::Known>,
    /// Where many services are looked at together.
    #[cfg(feature = "tagging")]
    many_tags: Option<crate::tags::ManyTags>,
    /// For images in another region.
    config: SdkConfig,
}

impl ServiceCloud {
    pub fn new(config: &SdkConfig, scaling: Autoscaling) -> Self {
        let ecs = aws_sdk_ecs::Client::new(config);
        let (ecr, logs) = (aws_sdk_ecr::Client::new(config), aws_sdk_cloudwatchlogs::Client::new(config));
        let ecs_once = aws_sdk_ecs::Client::new(&crate::config::once(config));
        Self { ecs_once, ..Self::of(ecs, ecr, logs, scaling, config.clone()) }
    }

    /// From clients that a test made.
    pub fn of(
        ecs: aws_sdk_ecs::Client,
        ecr: aws_sdk_ecr::Client,
        logs: aws_sdk_cloudwatchlogs::Client,
        scaling: Autoscaling,
        config: SdkConfig,
    ) -> Self {
        let (clusters, log_groups) = (Together::new(CLUSTERS), Together::new(LOG_GROUPS));
        Self {
            ecs_once: ecs.clone(),
            ecs,
            ecr,
            logs,
            scaling,
            clusters,
            log_groups,
            images: Together::new(IMAGES),
            #[cfg(feature = "tagging")]
            many_tags: None,
            config,
        }
    }

    /// For looks at many services: the tags of their log groups are asked for together.
    #[cfg(feature = "tagging")]
    #[must_use]
    pub fn for_many(self) -> Self {
        Self { many_tags: Some(crate::tags::ManyTags::new(&self.config)), ..self }
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
