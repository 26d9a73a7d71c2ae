//! The ingress stage on AWS.

mod apply;
mod listener;
mod listener_rule;
mod observe;

use crate::together::Together;
use aws_config::SdkConfig;
use moat::error::Failure;
use moat::ingress::{Ingress, IngressSpec, IngressStep, Observed};
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use std::collections::BTreeMap;

/// EC2, Elastic Load Balancing and WAF, as the ingress stage uses them.
#[derive(Debug, Clone)]
pub struct IngressCloud {
    ec2: aws_sdk_ec2::Client,
    ec2_once: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    /// Calls once. Load balancers, target groups and listeners are unique by name or port, so a repeated create makes
    /// no twin, but its answer would be an error that hides what happened.
    elb_once: aws_sdk_elasticloadbalancingv2::Client,
    waf: aws_sdk_wafv2::Client,
    waf_once: aws_sdk_wafv2::Client,
    shared: Shared,
}

/// What looks at several doors ask together. Sources of the numbers: "DescribeLoadBalancers", "DescribeTargetGroups" and
/// "DescribeTags" of the ELB v2 API; "DescribeSecurityGroups" of the EC2 API takes 200 values in a filter.
#[derive(Debug, Clone)]
struct Shared {
    groups: Together<Vec<aws_sdk_ec2::types::SecurityGroup>>,
    load_balancers: Together<aws_sdk_elasticloadbalancingv2::types::LoadBalancer>,
    target_groups: Together<aws_sdk_elasticloadbalancingv2::types::TargetGroup>,
    tags: Together<BTreeMap<String, String>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            groups: Together::new(200),
            load_balancers: Together::new(20),
            target_groups: Together::new(20),
            tags: Together::new(20),
        }
    }
}

impl IngressCloud {
    pub fn new(config: &SdkConfig) -> Self {
        let once = crate::config::once(config);
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            ec2_once: aws_sdk_ec2::Client::new(&once),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            elb_once: aws_sdk_elasticloadbalancingv2::Client::new(&once),
            waf: aws_sdk_wafv2::Client::new(config),
            waf_once: aws_sdk_wafv2::Client::new(&once),
            shared: Shared::default(),
        }
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
