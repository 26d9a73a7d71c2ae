//! What a rollout reads and writes: the index of images, the release record, the registry, the ECS service.

mod deploy;
mod hands;
mod index;
mod memory;
mod registry;
mod revisions;
mod rules;
mod running;
mod watch;

pub use running::Current;

use aws_config::SdkConfig;
use aws_smithy_types::DateTime;
use moat::image::{Digest, Image};
use moat::moment::Moment;

/// SSM, ECR, ECS and ELB, as a rollout uses them.
#[derive(Debug, Clone)]
pub struct RolloutCloud {
    ssm: aws_sdk_ssm::Client,
    /// Calls once: a repeated write would look like somebody else's.
    ssm_once: aws_sdk_ssm::Client,
    ecr: aws_sdk_ecr::Client,
    ecs: aws_sdk_ecs::Client,
    /// Calls once: registering and updating take no token.
    ecs_once: aws_sdk_ecs::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    /// For images in another region.
    config: SdkConfig,
}

impl RolloutCloud {
    pub fn new(config: &SdkConfig) -> Self {
        let once = crate::config::once(config);
        Self {
            ssm: aws_sdk_ssm::Client::new(config),
            ssm_once: aws_sdk_ssm::Client::new(&once),
            ecr: aws_sdk_ecr::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            ecs_once: aws_sdk_ecs::Client::new(&once),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            config: config.clone(),
        }
    }
}

fn moment(time: &DateTime) -> Option<Moment> {
    time.to_millis().ok().map(Moment::from_millis)
}

/// The digest in an image that is named by one.
fn digest_of(image: &str) -> Option<Digest> {
    Image::new(image).ok().and_then(|image| image.digest())
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}
