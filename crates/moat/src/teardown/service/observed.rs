//! What was found of a service in ECS, Application Auto Scaling and CloudWatch Logs.

use crate::ids::{ServiceArn, TaskDefinitionArn};
use crate::teardown::Stranger;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Whether a scalable target is registered for the service.
    pub is_scaled: bool,
    pub cluster: Option<Cluster>,
    /// `None` also when ECS still tells of it as `INACTIVE`, which it does for about an hour.
    pub service: Option<Service>,
    /// Services and tasks in our cluster that are not our service's.
    pub strangers: Vec<Stranger>,
    /// Revisions of the family that carry our tags, those that ECS is deleting left out.
    pub revisions: Vec<Revision>,
    pub log_group: Option<LogGroup>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub arn: String,
    pub is_ours: bool,
    /// Tasks that run or are about to, or to stop: `runningTasksCount` and `pendingTasksCount`.
    pub tasks: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub arn: ServiceArn,
    pub is_ours: bool,
    /// Deleted, but its tasks are still stopping.
    pub is_draining: bool,
    pub desired: u32,
    pub running: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub arn: TaskDefinitionArn,
    /// False once it is deregistered.
    pub is_active: bool,
}

impl Revision {
    /// `moat-web:3`
    pub fn short(&self) -> &str {
        self.arn.as_str().rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn number(&self) -> u32 {
        self.short().rsplit(':').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    pub name: String,
    pub is_ours: bool,
}
