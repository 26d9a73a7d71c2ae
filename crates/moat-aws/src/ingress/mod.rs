//! The ingress stage on AWS.

mod apply;
mod observe;

use aws_config::SdkConfig;
use moat::error::Failure;
use moat::ingress::{Ingress, IngressSpec, IngressStep, Observed};
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

/// EC2 and Elastic Load Balancing, as the ingress stage uses them.
#[derive(Debug, Clone)]
pub struct IngressCloud {
    ec2: aws_sdk_ec2::Client,
    ec2_once: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    /// Calls once. Load balancers, target groups and listeners are unique by name or port, so a repeated create makes
    /// no twin, but its answer would be an error that hides what happened.
    elb_once: aws_sdk_elasticloadbalancingv2::Client,
}

impl IngressCloud {
    pub fn new(config: &SdkConfig) -> Self {
        let once = crate::config::once(config);
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            ec2_once: aws_sdk_ec2::Client::new(&once),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            elb_once: aws_sdk_elasticloadbalancingv2::Client::new(&once),
        }
    }

    /// From clients that a test made.
    pub fn of(ec2: aws_sdk_ec2::Client, elb: aws_sdk_elasticloadbalancingv2::Client) -> Self {
        Self { ec2_once: ec2.clone(), ec2, elb_once: elb.clone(), elb }
    }
}

fn owner(spec: &IngressSpec) -> Owner {
    Owner::Service(spec.service.name.clone())
}

impl Cloud<Ingress> for IngressCloud {
    async fn observe(&self, spec: &IngressSpec) -> Result<Observed, Failure> {
        self.observe_ingress(spec, &owner(spec)).await
    }

    async fn apply(&self, spec: &IngressSpec, step: &IngressStep, bindings: &Bindings) -> Result<Done, Failure> {
        self.apply_step(spec, &owner(spec), step, bindings).await
    }
}
