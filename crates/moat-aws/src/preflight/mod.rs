//! Reads what a provision will need of the account, all side by side, and makes the roles that AWS's services need.
//!
//! Whatever cannot be read becomes a fact that says why. What the provision does not need is not read.

mod certificate;
mod networks;
mod quotas;
mod roles;
mod used;

use aws_config::SdkConfig;
use moat::preflight::{Account, Asked};

/// EC2, ELB, IAM, ACM and Service Quotas, as the preflight uses them.
#[derive(Debug, Clone)]
pub struct Preflight {
    region: String,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    iam: aws_sdk_iam::Client,
    acm: aws_sdk_acm::Client,
    quotas: aws_sdk_servicequotas::Client,
}

impl Preflight {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            region: crate::config::region(config),
            ec2: aws_sdk_ec2::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            acm: aws_sdk_acm::Client::new(config),
            quotas: aws_sdk_servicequotas::Client::new(config),
        }
    }

    /// The facts for what is asked: none where there is nothing to do.
    pub async fn account(&self, asked: &Asked) -> Account {
        if asked.is_still() {
            return Account { region: self.region.clone(), ..Account::default() };
        }
        let wanted = asked.quotas();
        let (limits, roles, certificate, zones, (used, taken)) = tokio::join!(
            self.limits(&wanted),
            self.linked_roles(asked.linked_roles()),
            self.certificate(asked.certificate.as_deref()),
            self.zones(),
            self.networks(asked, &wanted),
        );
        Account {
            region: self.region.clone(),
            limits,
            used,
            roles,
            zones: Some(zones),
            taken,
            certificate,
            now: Some(crate::clock::now()),
        }
    }
}
