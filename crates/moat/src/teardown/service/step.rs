//! The changes that take a service down.

use super::plan::{cluster_empty, deregistered, scaling_gone, service_at_zero, service_gone};
use crate::ids::{ServiceArn, TaskDefinitionArn};
use crate::name::Logical;
use crate::plan::{Hazard, Step};
use crate::teardown::fact::gone;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceStep {
    /// Takes the scalable target away; AWS removes its policies and alarms with it.
    StopScaling {
        resource: String,
    },
    ScaleToZero {
        arn: ServiceArn,
        tasks: u32,
    },
    DeleteService {
        arn: ServiceArn,
    },
    /// At most ten revisions, one call each.
    Deregister {
        revisions: Vec<TaskDefinitionArn>,
        batch: Batch,
    },
    /// At most ten revisions, in one call.
    DeleteRevisions {
        revisions: Vec<TaskDefinitionArn>,
        batch: Batch,
    },
    DeleteCluster {
        arn: String,
    },
    DeleteLogGroup {
        name: String,
    },
}

/// Some revisions that go together: `moat-web:1 to moat-web:10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub name: String,
    /// The batch before it goes first: ECS takes one deregistration a second, and saves up twenty.
    pub after: Option<String>,
}

impl Batch {
    fn needs(&self) -> Vec<Logical> {
        std::iter::once(service_gone()).chain(self.after.iter().map(gone)).collect()
    }
}

impl Step for ServiceStep {
    fn makes(&self) -> Option<Logical> {
        None
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::StopScaling { .. } => vec![],
            // An autoscaler would put the tasks back.
            Self::ScaleToZero { .. } => vec![scaling_gone()],
            Self::DeleteService { .. } => vec![scaling_gone(), service_at_zero()],
            Self::Deregister { batch, .. } => batch.needs(),
            Self::DeleteRevisions { batch, .. } => {
                let mut needs = batch.needs();
                needs.push(deregistered(&batch.name));
                needs
            }
            Self::DeleteCluster { .. } => vec![service_gone(), cluster_empty()],
            Self::DeleteLogGroup { .. } => vec![service_gone(), cluster_empty()],
        }
    }

    fn hazard(&self) -> Hazard {
        Hazard::Destructive
    }
}

impl fmt::Display for ServiceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopScaling { resource } => write!(f, "stop the autoscaling of {resource}"),
            Self::ScaleToZero { arn, tasks } => {
                write!(
                    f,
                    "scale service {} from {tasks} {} to 0",
                    last(arn.as_str()),
                    if *tasks == 1 { "task" } else { "tasks" }
                )
            }
            Self::DeleteService { arn } => write!(f, "delete service {}", last(arn.as_str())),
            Self::Deregister { batch, .. } => write!(f, "deregister task-definition {}", batch.name),
            Self::DeleteRevisions { batch, .. } => write!(f, "delete task-definition {}", batch.name),
            Self::DeleteCluster { arn } => write!(f, "delete cluster {}", last(arn)),
            Self::DeleteLogGroup { name } => write!(f, "delete log-group {name} with all that was logged"),
        }
    }
}

/// The name in an ARN of ECS, which ends with it.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
