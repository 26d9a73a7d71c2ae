//! The task definitions of a service on their way out, those that were deregistered before included.

use super::service::{ServiceTeardownCloud, tags};
use crate::answer::{Answer, unless_gone};
use crate::ecs::is_absent;
use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use moat::error::Failure;
use moat::ids::TaskDefinitionArn;
use moat::tags::Owner;
use moat::teardown::service::ServiceStep;
use moat::teardown::service::observed::Revision;

/// How many are read at once. ECS takes twenty reads a second ("Request throttling for the Amazon ECS API").
const ABREAST: usize = 4;

impl ServiceTeardownCloud {
    /// Revisions of the family that carry the owner's tags. ECS lists those that it is deleting under a third status,
    /// and may still take one for the second.
    pub(super) async fn revisions(&self, family: &str, owner: &Owner) -> Result<Vec<Revision>, Failure> {
        let mut listed = Vec::new();
        for status in [TaskDefinitionStatus::Active, TaskDefinitionStatus::Inactive] {
            let call = self.ecs.list_task_definitions().family_prefix(family).status(status);
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            listed.extend(found.read(format!("list the task definitions of {family}"))?);
        }
        // The API knows a prefix only: moat-web is one of moat-web-2.
        listed.retain(|arn| family_of(arn) == Some(family));
        listed.sort();
        listed.dedup();
        let read = iter(listed.iter().map(|arn| self.revision(arn, owner))).buffered(ABREAST);
        Ok(read.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    async fn revision(&self, arn: &str, owner: &Owner) -> Result<Option<Revision>, Failure> {
        let call = self.ecs.describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags);
        let answer = match call.send().await {
            Err(error) if is_absent(&error) => return Ok(None),
            answer => answer.read(format!("describe task definition {arn}"))?,
        };
        let status = answer.task_definition().and_then(|found| found.status());
        let is_ours = owner.owns(&tags(answer.tags())) && status != Some(&TaskDefinitionStatus::DeleteInProgress);
        let is_active = status == Some(&TaskDefinitionStatus::Active);
        Ok(is_ours.then(|| Revision { arn: arn.into(), is_active }))
    }

    pub(super) async fn deregister(&self, revisions: &[TaskDefinitionArn], step: &ServiceStep) -> Result<(), Failure> {
        for arn in revisions {
            match self.ecs.deregister_task_definition().task_definition(arn.as_str()).send().await {
                Err(error) if is_absent(&error) => {}
                answer => answer.remove(step)?,
            }
        }
        Ok(())
    }

    /// ECS answers with success, and lists those that it did not delete.
    pub(super) async fn delete_revisions(
        &self,
        revisions: &[TaskDefinitionArn],
        step: &ServiceStep,
    ) -> Result<(), Failure> {
        let arns = revisions.iter().map(|arn| arn.0.clone()).collect();
        let answer = self.ecs.delete_task_definitions().set_task_definitions(Some(arns)).send().await.read(step)?;
        answer.failures().iter().try_for_each(|failure| match failure.reason().unwrap_or_default() {
            "TASK_DEFINITION_NOT_FOUND" | "MISSING" => Ok(()),
            reason => unless_gone(reason, failure.detail().unwrap_or_default(), step),
        })
    }
}

/// `arn:aws:ecs:…:task-definition/moat-web:12`
fn family_of(arn: &str) -> Option<&str> {
    Some(arn.rsplit_once('/')?.1.rsplit_once(':')?.0)
}
