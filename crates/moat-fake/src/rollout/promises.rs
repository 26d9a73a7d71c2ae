//! What moat promises at every moment, checked as it acts. A promise that is broken stops the test at that very call.

use super::Ground;
use moat::image::Digest;
use moat::moment::Moment;
use moat::rollout::outcome::Status;
use moat::rollout::{Rolling, freeze, track::Policy};
use moat::spec::Approval;
use serde_json::Value;
use std::collections::BTreeSet;

/// What people ordered and said, and what moat did last.
#[derive(Debug, Default)]
pub struct Promises {
    /// The executions that a person started for one digest.
    pub(super) ordered: BTreeSet<String>,
    /// What a person said yes to.
    pub(super) approved: BTreeSet<Digest>,
    /// When the rollout that moat began last began, by its record.
    last: Option<Moment>,
    /// The revisions whose rollouts were told to have timed out.
    pub(super) timed_out: BTreeSet<String>,
    /// Which executions told the end of a rollout.
    told: BTreeSet<String>,
}

impl Ground {
    /// Checks a call of `UpdateService` with a revision, by an execution.
    pub(super) fn promise_to_update(&mut self, revision: &str, by: &str) -> Result<(), String> {
        let release = self.release();
        let Some(rolling) = release.rolling.filter(|at| at.task_definition.as_deref() == Some(revision)) else {
            return Err(format!("the record does not say that {revision} is rolled"));
        };
        let begins = self.promises.last != Some(rolling.since);
        let before = self.promises.last.replace(rolling.since).filter(|_| begins);
        if self.promises.ordered.contains(by) {
            return Ok(());
        }
        self.promise_to_roll(&rolling, before, revision)
    }

    /// What holds for every rollout that no person ordered.
    fn promise_to_roll(&self, rolling: &Rolling, before: Option<Moment>, revision: &str) -> Result<(), String> {
        let release = self.release();
        let digest = &rolling.digest;
        if release.quarantine.contains_key(digest) {
            return Err(format!("{digest} is in quarantine (R8)"));
        }
        let under_way = self.ecs.records.iter().find(|record| {
            let is_going = matches!(record.status, Status::Pending | Status::InProgress | Status::RollbackInProgress);
            let is_ours = record.by.contains("moat-rollout") && record.revision != revision;
            is_going && is_ours && !self.promises.timed_out.contains(&record.revision)
        });
        if let Some(record) = under_way {
            return Err(format!("{} of {} is still in flight", record.arn, record.by));
        }
        let Some(spec) = self.spec.as_ref() else { return Err("no service is recorded".into()) };
        let rules = &spec.rollout;
        let interval = u64::from(rules.minimum_interval);
        if before.is_some_and(|before| rolling.since.seconds_since(before) < interval) {
            return Err(format!("less than {interval} s after the one before (I11)"));
        }
        if freeze::ends(&rules.freeze, rolling.since).is_some() {
            return Err("a freeze window is on".into());
        }
        let is_asked = rules.approval == Approval::Ask;
        if is_asked && !self.promises.approved.contains(digest) {
            return Err(format!("nobody said yes to {digest} (I12)"));
        }
        match matches!(Policy::of(spec), Policy::None(_)) {
            true => Err("the service tracks nothing".into()),
            false => Ok(()),
        }
    }

    /// Checks a call that sets the desired count to zero.
    pub(super) fn promise_to_stand_down(&self) -> Result<(), String> {
        match self.ecs.runs() {
            Some(revision) => Err(format!("{} can run, and is stood down (E5)", revision.arn)),
            None => Ok(()),
        }
    }

    /// Checks what is told of a rollout against what ECS has on record.
    pub(super) fn promise_to_tell(&mut self, event: &Value, by: &str) -> Result<(), String> {
        let (Some(revision), Some(outcome)) = (event["taskDefinition"].as_str(), event["outcome"].as_str()) else {
            return Ok(());
        };
        self.promises.told.insert(by.to_owned());
        if outcome == "timed-out" {
            self.promises.timed_out.insert(revision.to_owned());
        }
        let Some(record) = self.ecs.records.iter().find(|record| record.revision == revision) else {
            return Err(format!("{revision} was never deployed, and is told to be {outcome}"));
        };
        let is_last = self.ecs.current().is_some_and(|current| current.arn == revision);
        let is_true = match outcome {
            "succeeded" => record.status == Status::Successful,
            // Without service deployments ECS shows a deployment that was stopped as one that failed.
            "failed" => record.status == Status::RollbackFailed || record.status == Status::Stopped,
            // Nor does it then say whose deployment it took back.
            "rolled-back" => record.status == Status::RollbackSuccessful || !self.ecs.has_service_deployments,
            "stopped" => record.status == Status::Stopped,
            "superseded" => !is_last,
            "no-tasks" | "timed-out" => true,
            _ => false,
        };
        if is_true { Ok(()) } else { Err(format!("{record:?} is told to be {outcome} (R1)")) }
    }

    /// Checks the output of an execution: one that told how a rollout ended says so in its output too.
    pub(super) fn promise_to_end(&self, execution: &str, output: &Value) -> Result<(), String> {
        const ENDS: [&str; 7] =
            ["succeeded", "rolled-back", "superseded", "stopped", "failed", "no-tasks", "timed-out"];
        let says_so = output["outcome"].as_str().is_some_and(|outcome| ENDS.contains(&outcome));
        match says_so || !self.promises.told.contains(execution) {
            true => Ok(()),
            false => Err(format!("{execution} told how a rollout ended, and ends with {output} (R1)")),
        }
    }

    /// What the policy picks from the registry, whatever the record says of it.
    pub fn pick(&self) -> Option<Digest> {
        let policy = Policy::of(self.spec.as_ref()?);
        let images = self.registry.describe(&moat::rollout::Lookup::Tagged);
        policy.ranked(&images).first().map(|pick| pick.image.digest.clone())
    }
}
