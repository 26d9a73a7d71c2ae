//! How a rollout ended, from the deployment that it started and from what runs (R1).

use super::cause::Cause;
use crate::image::Digest;
use crate::moment::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rollout that is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    pub digest: Digest,
    /// `ecs-svc/…`: the deployment that `UpdateService` answered as the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// ARN of the service deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_deployment: Option<String>,
    /// ARN of the revision that was registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    pub since: Moment,
    /// Seconds.
    pub time_limit: u32,
}

/// What was found of the service. All of it was read just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `DescribeServices`; `None` when there is no such service, or it is `INACTIVE`.
    pub service: Option<Service>,
    /// `DescribeServiceDeployments` of the one that was started; `None` where that API is missing or knows nothing of it.
    pub service_deployment: Option<ServiceDeployment>,
    /// `ListTasks` with desired status `RUNNING`, described.
    pub tasks: Vec<Task>,
    /// `stoppedReason`, and the containers' `reason`, of tasks that stopped since the rollout began.
    pub stopped: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// `ACTIVE` or `DRAINING`.
    pub is_active: bool,
    pub desired: u32,
    pub running: u32,
    pub deployments: Vec<Deployment>,
    /// The messages of the service's events since the rollout began, the newest first.
    pub events: Vec<String>,
}

/// One entry of a service's `deployments`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    pub id: String,
    /// Its `status` is `PRIMARY`: the one that ECS is heading for.
    pub is_primary: bool,
    pub task_definition: String,
    /// `None` where ECS says nothing about it.
    pub rollout: Option<RolloutState>,
    /// `rolloutStateReason`.
    pub reason: Option<String>,
    pub desired: u32,
    pub running: u32,
    pub failed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

/// A service deployment, which keeps its end where the service's list forgets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeployment {
    pub arn: String,
    pub status: Status,
    /// `statusReason`.
    pub reason: Option<String>,
    /// `rollback.reason`.
    pub rollback: Option<String>,
    /// `deploymentCircuitBreaker.status` is `TRIGGERED`.
    pub has_breaker_tripped: bool,
    /// `alarms.triggeredAlarmNames`.
    pub alarms: Vec<String>,
}

/// `ServiceDeploymentStatus` of the ECS API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    InProgress,
    StopRequested,
    Stopped,
    Successful,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

/// A task that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: String,
    /// `lastStatus` is `RUNNING`.
    pub is_running: bool,
    pub task_definition: String,
    /// `imageDigest` of the container, or else the digest in its `image`.
    pub digest: Option<Digest>,
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The service runs the new image, and nothing else.
    Succeeded,
    /// ECS went back to the old one.
    RolledBack { by: Undone },
    /// Another deployment began before this one had ended. No failure.
    Superseded {
        /// Its id, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A person stopped it, or deleted the service.
    Stopped,
    /// It failed, and nothing was rolled back.
    Failed,
    /// The service wants no tasks, so nothing is known about the image.
    NoTasks,
    /// The time limit has passed and ECS is still at it. moat does nothing about it (R6).
    TimedOut,
}

/// What undid a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Undone {
    /// The circuit breaker: tasks did not start or did not become healthy.
    Breaker,
    /// A CloudWatch alarm of the deployment.
    Alarm,
    /// A lifecycle hook.
    Hook,
    /// Somebody asked for it.
    Person,
    /// ECS does not say.
    Unsaid,
}

/// What speaks for the outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// ARN of the service deployment, or the deployment's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// What the running tasks run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<Running>,
    /// ECS's own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// Why tasks did not start, in plain words, with what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

/// How many running tasks have this image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// `None` where ECS does not say which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    pub tasks: u32,
}

/// Whether it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet. Look again.
    Rolling {
        why: String,
    },
    Ended {
        outcome: Outcome,
        evidence: Evidence,
    },
}

impl Outcome {
    /// The name in reports: `rolled-back`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RolledBack { .. } => "rolled-back",
            Self::Superseded { .. } => "superseded",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::NoTasks => "no-tasks",
            Self::TimedOut => "timed-out",
        }
    }
}

/// Judges the rollout that we started. Other deployments, however they ended, have no say (R4).
pub fn judge(_started: &Started, _seen: &Seen, _now: Moment) -> Verdict {
    todo!()
}

/// Whether to set the service's desired count to zero: it failed, there is nothing to go back to, and ECS would go on
/// trying for ever (E5).
pub fn stands_down(_outcome: &Outcome, _seen: &Seen) -> bool {
    todo!()
}
