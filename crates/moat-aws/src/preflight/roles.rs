//! The roles that ECS and ELB work with.

use super::Preflight;
use crate::answer::Answer;
use futures_util::future::join_all;
use moat::error::Failure;
use moat::preflight::{Fact, LinkedRole};
use std::collections::{BTreeMap, BTreeSet};

impl Preflight {
    pub(super) async fn linked_roles(&self, needed: BTreeSet<LinkedRole>) -> BTreeMap<LinkedRole, Fact<bool>> {
        let exists = |role: LinkedRole| async move {
            let answer = self.iam.get_role().role_name(role.name()).send().await;
            (role, answer.find_fact().map(|found| found.is_some()))
        };
        join_all(needed.into_iter().map(exists)).await.into_iter().collect()
    }

    /// Makes the roles, and answers what was done. One that somebody made meanwhile is fine.
    ///
    /// # Errors
    /// Those of IAM. A role cannot be assumed at once everywhere: what needs it is tried again (C6).
    pub async fn make(&self, roles: &[LinkedRole]) -> Result<Vec<String>, Failure> {
        let mut changes = Vec::new();
        for role in roles {
            let answer = self.iam.create_service_linked_role().aws_service_name(role.service()).send().await;
            if answer.create(role.step())?.is_some() {
                tracing::info!("{}", role.step());
                changes.push(role.step());
            }
        }
        Ok(changes)
    }
}
