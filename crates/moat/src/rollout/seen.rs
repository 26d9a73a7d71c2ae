//! What ECS shows of a service while it is rolled.

use super::words::counted;
use crate::image::Digest;

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

impl Service {
    pub(super) fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.is_primary)
    }

    /// How far the primary deployment is, in words.
    pub(super) fn progress(&self) -> String {
        let failed: u32 = self.primary().map_or(0, |primary| primary.failed);
        let failed = if failed == 0 { String::new() } else { format!(", {} failed", counted(failed, "task")) };
        let running = self.primary().map_or(0, |primary| primary.running);
        format!("{running} of {} run{failed}", counted(self.desired, "task"))
    }
}
