//! Reads what a provision will need of the account, all side by side, and makes the roles that AWS's services need.
//!
//! Whatever cannot be read becomes a fact that says why. What the provision does not need is not read.

mod certificate;
mod networks;
mod quotas;
mod roles;
mod used;

use crate::secrets::SecretsCloud;
use aws_config::SdkConfig;
use moat::preflight::{Account, Asked, Fact};
use moat::service::access::{Found, named};
use std::collections::BTreeMap;

/// EC2, ELB, IAM, ACM and Service Quotas, as the preflight uses them.
#[derive(Debug, Clone)]
pub struct Preflight {
    region: String,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    iam: aws_sdk_iam::Client,
    acm: aws_sdk_acm::Client,
    quotas: aws_sdk_servicequotas::Client,
    secrets: SecretsCloud,
    /// The number of the account.
    account: String,
}

impl Preflight {
    /// `execution_role` is the ARN of the role with which ECS reads secrets.
    pub fn new(config: &SdkConfig, execution_role: &str) -> Self {
        Self {
            region: crate::config::region(config),
            ec2: aws_sdk_ec2::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            acm: aws_sdk_acm::Client::new(config),
            quotas: aws_sdk_servicequotas::Client::new(config),
            secrets: SecretsCloud::new(config, execution_role),
            account: execution_role.split(':').nth(4).unwrap_or_default().to_owned(),
        }
    }

    /// The facts for what is asked: none where there is nothing to do.
    pub async fn account(&self, asked: &Asked) -> Account {
        if asked.is_still() {
            return Account { region: self.region.clone(), ..Account::default() };
        }
        let wanted = asked.quotas();
        let (limits, roles, certificates, zones, (used, taken), secrets) = tokio::join!(
            self.limits(&wanted),
            self.linked_roles(asked.linked_roles()),
            self.certificates(asked),
            self.zones(),
            self.networks(asked, &wanted),
            self.secrets(asked),
        );
        Account {
            region: self.region.clone(),
            id: self.account.clone(),
            limits,
            used,
            roles,
            zones: Some(zones),
            taken,
            certificates,
            secrets,
            now: Some(crate::clock::now()),
        }
    }

    async fn secrets(&self, asked: &Asked) -> Option<Fact<BTreeMap<String, Found>>> {
        let service = asked.service.as_ref().filter(|service| !named(service).is_empty())?;
        Some(self.secrets.found(service).await.map_err(|failure| failure.message))
    }
}
