//! Roles that AWS defines and its services need: made before what needs them (C6).
//!
//! AWS makes them by itself with the first cluster and the first load balancer of an account, but then the call that
//! needed the role may fail with "Unable to assume the service linked role", since roles take seconds to spread.

use super::account::Account;
use super::finding::Finding;
use serde::{Deserialize, Serialize};

/// Source: "Using service-linked roles", Amazon ECS and Elastic Load Balancing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LinkedRole {
    #[serde(rename = "ecs.amazonaws.com")]
    Ecs,
    #[serde(rename = "elasticloadbalancing.amazonaws.com")]
    ElasticLoadBalancing,
}

impl LinkedRole {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ecs => "AWSServiceRoleForECS",
            Self::ElasticLoadBalancing => "AWSServiceRoleForElasticLoadBalancing",
        }
    }

    /// Whose role it is.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Ecs => "ecs.amazonaws.com",
            Self::ElasticLoadBalancing => "elasticloadbalancing.amazonaws.com",
        }
    }

    /// The step that makes it, in words.
    pub fn step(self) -> String {
        format!("create service-linked role {}", self.name())
    }
}

/// The roles that are known not to exist.
pub(super) fn missing(account: &Account) -> Vec<LinkedRole> {
    let absent = account.roles.iter().filter(|(_, exists)| **exists == Ok(false));
    absent.map(|(role, _)| *role).collect()
}

pub(super) fn check(account: &Account) -> Vec<Finding> {
    let unread = account.roles.iter().filter_map(|(role, exists)| Some((role, exists.as_ref().err()?)));
    let finding = |(role, why): (&LinkedRole, &String)| {
        let what = format!("moat could not tell whether the role {} exists ({why})", role.name());
        let remedy = format!(
            "If a create fails for want of it: aws iam create-service-linked-role --aws-service-name {}",
            role.service()
        );
        Finding::warn(what, remedy)
    };
    unread.map(finding).collect()
}
