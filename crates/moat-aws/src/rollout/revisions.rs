//! Old revisions of the task definition, which nobody else clears away.

use super::RolloutCloud;
use super::running::owns;
use crate::answer::Answer;
use aws_sdk_ecs::types::TaskDefinitionStatus;
use moat::error::Failure;
use moat::name::Name;
use moat::rollout::Seen;
use moat::rollout::revisions::{Revision, obsolete};
use std::collections::BTreeSet;

/// How many are deregistered after one rollout. ECS takes one a second, and 20 at once ("Request throttling for the
/// Amazon ECS API"); what is left goes after the next rollout.
const AT_ONCE: usize = 10;

impl RolloutCloud {
    /// Deregisters revisions of ours that nothing uses any more, but for the newest `keep` (R7). Answers their ARNs.
    ///
    /// `named` are the revisions that the release record names. What deployments and tasks use is looked at here, after
    /// the revisions were listed, so that none which came into use since is missed.
    pub async fn clear(&self, service: &Name, named: BTreeSet<String>, keep: u32) -> Result<Vec<String>, Failure> {
        let mut all = self.revisions(service).await?;
        let surplus = all.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        if surplus == 0 {
            return Ok(Vec::new());
        }
        let used = used(&self.in_use(service).await?);
        let in_use: BTreeSet<String> = named.into_iter().chain(used).collect();
        let old: BTreeSet<String> = obsolete(&all, &in_use, keep).into_iter().map(|old| old.arn.clone()).collect();
        let mut gone = Vec::new();
        for revision in all.iter_mut().filter(|revision| old.contains(&revision.arn)).take(AT_ONCE) {
            let (_, tags) = self.revision(&revision.arn).await?;
            revision.is_ours = owns(service, &tags);
            if revision.is_ours {
                let call = self.ecs.deregister_task_definition().task_definition(&revision.arn);
                call.send().await.read(format!("deregister task definition {}", revision.arn))?;
                gone.push(revision.arn.clone());
            }
        }
        Ok(gone)
    }

    /// The active revisions of the service's family, the oldest first. Whose they are is not known yet.
    async fn revisions(&self, service: &Name) -> Result<Vec<Revision>, Failure> {
        let family = service.aws_name();
        // The API knows a prefix only: moat-web is one of moat-web-2.
        let call = self.ecs.list_task_definitions().family_prefix(&family).status(TaskDefinitionStatus::Active);
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let found = found.read(format!("list the task definitions of {family}"))?;
        let mut revisions: Vec<Revision> = found.iter().filter_map(|arn| revision(arn, &family)).collect();
        revisions.sort_by_key(|revision| revision.number);
        Ok(revisions)
    }
}

/// `arn:aws:ecs:…:task-definition/moat-web:12` when it is of this family.
fn revision(arn: &str, family: &str) -> Option<Revision> {
    let (name, number) = arn.rsplit_once('/')?.1.rsplit_once(':')?;
    let number = number.parse().ok()?;
    (name == family).then(|| Revision { arn: arn.to_owned(), number, is_ours: true })
}

fn used(seen: &Seen) -> BTreeSet<String> {
    let deployments = seen.service.iter().flat_map(|service| &service.deployments);
    let deployed = deployments.map(|deployment| deployment.task_definition.clone());
    deployed.chain(seen.tasks.iter().map(|task| task.task_definition.clone())).collect()
}
