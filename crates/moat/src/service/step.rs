//! The changes that the service stage can make.

use super::desired;
use super::observed::TaskDefinition;
use crate::ids::TaskDefinitionArn;
use crate::ingress::desired as ingress;
use crate::name::Logical;
use crate::plan::{Hazard, Step};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceStep {
    CreateCluster {
        name: String,
    },
    CreateLogGroup {
        name: String,
    },
    /// `drops` says whether lines that are kept now are deleted by it.
    SetRetention {
        name: String,
        days: u32,
        drops: bool,
    },
    RegisterTaskDefinition {
        definition: Box<TaskDefinition>,
    },
    /// `listener` leads to the tasks, where anything does.
    CreateService {
        tasks: u32,
        subnets: Vec<Logical>,
        listener: Option<Logical>,
    },
    UpdateService {
        changes: Vec<Change>,
        subnets: Vec<Logical>,
    },
}

/// One thing about an existing service that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    TaskDefinition,
    /// Subnets or security groups.
    Network,
    /// Tasks were given public IPs. This closes a hole.
    PublicIp,
    Deployment,
    Grace(u32),
    /// ECS Exec on or off. It begins with the tasks that start after it, so new ones are started.
    Exec(bool),
    Tasks(u32),
    /// The target group, and the listener that leads to it.
    TargetGroup(Logical),
    NoTargetGroup,
    /// A new deployment of the same revision, since ECS has given up on the one before.
    Anew,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TaskDefinition => f.write_str("the new task-definition"),
            Self::Network => f.write_str("the private subnets and security-group tasks"),
            Self::PublicIp => f.write_str("no public IPs"),
            Self::Deployment => f.write_str("circuit breaker with rollback, 100 to 200 % of tasks"),
            Self::Grace(seconds) => write!(f, "{seconds} s of health-check grace"),
            Self::Exec(true) => f.write_str("ECS Exec on"),
            Self::Exec(false) => f.write_str("ECS Exec off"),
            Self::Tasks(tasks) => write!(f, "{tasks} tasks"),
            Self::TargetGroup(_) => f.write_str("target-group"),
            Self::NoTargetGroup => f.write_str("no target-group"),
            Self::Anew => f.write_str("a new deployment"),
        }
    }
}

impl Change {
    /// ECS starts new tasks for most changes, and stops the old ones ("UpdateService", ECS API).
    const fn hazard(&self) -> Hazard {
        match self {
            Self::TaskDefinition | Self::Network | Self::Exec(_) | Self::Tasks(_) | Self::Anew => Hazard::Disruptive,
            Self::TargetGroup(_) | Self::NoTargetGroup => Hazard::Disruptive,
            // New tasks start for this one, too; but until then they can be reached from the Internet.
            Self::PublicIp => Hazard::Safe,
            Self::Deployment | Self::Grace(_) => Hazard::Safe,
        }
    }
}

impl ServiceStep {
    /// The revision to run, where one is known in the pass.
    pub fn revision(bindings: &crate::plan::Bindings) -> Option<TaskDefinitionArn> {
        bindings.get(&desired::task_definition()).map(TaskDefinitionArn::from)
    }
}

impl Step for ServiceStep {
    fn makes(&self) -> Option<Logical> {
        match self {
            Self::CreateCluster { .. } => Some(desired::cluster()),
            Self::CreateLogGroup { .. } => Some(desired::log_group()),
            Self::RegisterTaskDefinition { .. } => Some(desired::task_definition()),
            Self::CreateService { .. } => Some(desired::service()),
            _ => None,
        }
    }

    fn needs(&self) -> Vec<Logical> {
        let placed = |subnets: &[Logical]| {
            [ingress::Group::Tasks.logical()].into_iter().chain(subnets.iter().cloned()).collect::<Vec<_>>()
        };
        match self {
            Self::CreateCluster { .. } | Self::CreateLogGroup { .. } | Self::RegisterTaskDefinition { .. } => vec![],
            Self::SetRetention { .. } => vec![desired::log_group()],
            Self::CreateService { subnets, listener, .. } => {
                let mut needs = placed(subnets);
                // ECS refuses a service whose target group no listener names (C8), and tasks need their log group.
                needs.extend(listener.iter().flat_map(|listener| [ingress::target_group(), listener.clone()]));
                needs.extend([desired::task_definition(), desired::cluster(), desired::log_group()]);
                needs
            }
            Self::UpdateService { subnets, changes } => {
                let mut needs = placed(subnets);
                if changes.contains(&Change::TaskDefinition) {
                    needs.push(desired::task_definition());
                }
                for change in changes {
                    if let Change::TargetGroup(listener) = change {
                        needs.extend([ingress::target_group(), listener.clone()]);
                    }
                }
                needs
            }
        }
    }

    fn hazard(&self) -> Hazard {
        match self {
            Self::UpdateService { changes, .. } => {
                // The call that takes public IPs away names subnets and groups, too.
                let closes = changes.contains(&Change::PublicIp);
                let others = changes.iter().filter(|change| !(closes && **change == Change::Network));
                others.map(|change| change.hazard()).max().unwrap_or(Hazard::Safe)
            }
            Self::SetRetention { drops: true, .. } => Hazard::Destructive,
            _ => Hazard::Safe,
        }
    }
}

impl fmt::Display for ServiceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[Logical]| names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::CreateCluster { name } => write!(f, "create cluster {name}"),
            Self::CreateLogGroup { name } => write!(f, "create log-group {name}"),
            Self::SetRetention { name, days, .. } => write!(f, "keep logs of {name} for {days} days"),
            Self::RegisterTaskDefinition { definition } => write!(
                f,
                "register task-definition {} with {} CPU units and {} MiB",
                definition.image, definition.cpu, definition.memory
            ),
            Self::CreateService { tasks, subnets, .. } => {
                write!(f, "create service with {tasks} tasks and no public IPs in {}", names(subnets))
            }
            Self::UpdateService { changes, .. } => {
                let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
                write!(f, "update service to {}", changes.join(", "))
            }
        }
    }
}
