//! How a rollout ended, from the deployment that it started and from what runs (R1).

use super::cause::{Cause, causes};
pub use super::seen::{Deployment, RolloutState, Seen, Service, ServiceDeployment, Status, Task};
use super::words::{counted, shortened};
use crate::image::Digest;
use crate::moment::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Left out where ECS does not say which it is.
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

impl Undone {
    /// `the circuit breaker`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Breaker => "the circuit breaker",
            Self::Alarm => "an alarm",
            Self::Hook => "a lifecycle hook",
            Self::Person => "a person",
            Self::Unsaid => "ECS, which does not say why",
        }
    }
}

/// Judges the rollout that we started. Other deployments, however they ended, have no say (R4).
pub fn judge(started: &Started, seen: &Seen, now: Moment) -> Verdict {
    let Some(service) = seen.service.as_ref().filter(|service| service.is_active) else {
        return Verdict::Ended { outcome: Outcome::Stopped, evidence: evidence(started, seen, &Outcome::Stopped) };
    };
    let has_time = now.seconds_since(started.since) < u64::from(started.time_limit);
    let outcome = match standing(started, seen, service) {
        Standing::Ended(outcome) => outcome,
        Standing::Going(_) | Standing::Done if service.desired == 0 => Outcome::NoTasks,
        Standing::Done => match unlike(started, seen) {
            None => Outcome::Succeeded,
            Some(why) if has_time => return Verdict::Rolling { why },
            Some(_) => Outcome::TimedOut,
        },
        Standing::Going(why) | Standing::Undoing(why) if has_time => {
            return Verdict::Rolling { why: with_cause(why, seen) };
        }
        Standing::Going(_) | Standing::Undoing(_) => Outcome::TimedOut,
    };
    let evidence = evidence(started, seen, &outcome);
    Verdict::Ended { outcome, evidence }
}

/// Whether to set the service's desired count to zero: it failed, there is nothing to go back to, and ECS would go on
/// trying for ever (E5).
pub fn stands_down(outcome: &Outcome, seen: &Seen) -> bool {
    let service = seen.service.as_ref().filter(|service| service.is_active && service.desired > 0);
    let is_bad = |deployment: &Deployment| match deployment.rollout {
        Some(RolloutState::Failed) => true,
        Some(RolloutState::InProgress) => deployment.running == 0,
        Some(RolloutState::Completed) | None => false,
    };
    let is_lost = |service: &Service| !service.deployments.is_empty() && service.deployments.iter().all(is_bad);
    *outcome == Outcome::Failed && service.is_some_and(is_lost)
}

/// Why it takes so long, if tasks have failed to start already.
fn with_cause(why: String, seen: &Seen) -> String {
    match causes(seen.stopped.iter().map(String::as_str)).first() {
        Some(cause) => format!("{why}: {}", cause.cause),
        None => why,
    }
}

/// How ECS says that the rollout stands.
enum Standing {
    Going(String),
    /// It did not go well, and ECS is taking it back.
    Undoing(String),
    /// ECS says that it went well.
    Done,
    Ended(Outcome),
}

fn standing(started: &Started, seen: &Seen, service: &Service) -> Standing {
    match &seen.service_deployment {
        Some(deployment) => by_service_deployment(started, deployment, service),
        None => by_list(started, seen, service),
    }
}

impl Started {
    /// Whether this is the deployment that was started. One of the same revision, which somebody forced, is as good.
    fn is(&self, deployment: &Deployment) -> bool {
        self.deployment.as_ref() == Some(&deployment.id)
            || self.task_definition.as_ref() == Some(&deployment.task_definition)
    }

    /// The deployment that took the place of this one, if another has.
    fn overtaken<'a>(&self, service: &'a Service) -> Option<&'a Deployment> {
        service.primary().filter(|primary| !self.is(primary))
    }

    fn runs(&self, task: &Task) -> bool {
        task.digest.as_ref() == Some(&self.digest) || self.task_definition.as_ref() == Some(&task.task_definition)
    }
}

/// ECS keeps the end of each service deployment, also when the service's own list has forgotten it.
fn by_service_deployment(started: &Started, deployment: &ServiceDeployment, service: &Service) -> Standing {
    let overtaken = started.overtaken(service).map(|primary| Some(primary.id.clone()));
    match deployment.status {
        Status::Pending => Standing::Going("ECS has not begun the deployment yet".into()),
        Status::InProgress => Standing::Going(service.progress()),
        Status::StopRequested => Standing::Undoing("the deployment is being stopped".into()),
        Status::RollbackRequested | Status::RollbackInProgress => Standing::Undoing("ECS is rolling it back".into()),
        Status::RollbackSuccessful => Standing::Ended(Outcome::RolledBack { by: undone(deployment) }),
        Status::RollbackFailed => Standing::Ended(Outcome::Failed),
        Status::Successful => match overtaken {
            Some(by) => Standing::Ended(Outcome::Superseded { by }),
            None => Standing::Done,
        },
        // ECS stops a deployment when a new one begins, and when somebody asks it to.
        Status::Stopped => match overtaken {
            Some(by) => Standing::Ended(Outcome::Superseded { by }),
            None => Standing::Ended(Outcome::Stopped),
        },
    }
}

fn undone(deployment: &ServiceDeployment) -> Undone {
    let texts = deployment.rollback.iter().chain(&deployment.reason).map(String::as_str);
    undone_in(texts).unwrap_or(match deployment {
        ServiceDeployment { has_breaker_tripped: true, .. } => Undone::Breaker,
        ServiceDeployment { alarms, .. } if !alarms.is_empty() => Undone::Alarm,
        _ => Undone::Unsaid,
    })
}

/// What ECS's words blame.
fn undone_in<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Undone> {
    const WORDS: [(&str, Undone); 8] = [
        ("circuit breaker", Undone::Breaker),
        ("tasks failed to start", Undone::Breaker),
        ("alarm", Undone::Alarm),
        ("hook", Undone::Hook),
        ("stopservicedeployment", Undone::Person),
        ("stopped by", Undone::Person),
        ("requested", Undone::Person),
        ("user", Undone::Person),
    ];
    let text = texts.collect::<Vec<_>>().join(" ").to_lowercase();
    WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, by)| *by)
}

/// Where there are no service deployments: the service's list, in which ECS keeps a deployment while it has tasks.
fn by_list(started: &Started, seen: &Seen, service: &Service) -> Standing {
    let Some(primary) = service.primary() else { return Standing::Going("ECS shows no primary deployment".into()) };
    if started.is(primary) {
        return match primary.rollout {
            Some(RolloutState::Completed) => Standing::Done,
            Some(RolloutState::Failed) => Standing::Ended(Outcome::Failed),
            None if service.deployments.len() == 1 && primary.running >= service.desired => Standing::Done,
            None | Some(RolloutState::InProgress) => Standing::Going(service.progress()),
        };
    }
    // The execution ended between its record and UpdateService: it is there, or it was never begun.
    if started.deployment.is_none() && started.task_definition.is_none() && unlike(started, seen).is_none() {
        return Standing::Done;
    }
    let Some(by) = taken_back(started, service, primary) else {
        return Standing::Ended(Outcome::Superseded { by: Some(primary.id.clone()) });
    };
    match primary.rollout {
        Some(RolloutState::InProgress) => Standing::Undoing("ECS is rolling it back".into()),
        Some(RolloutState::Failed) => Standing::Ended(Outcome::Failed),
        Some(RolloutState::Completed) | None => Standing::Ended(Outcome::RolledBack { by }),
    }
}

/// What made ECS put another deployment in the place of ours; `None` when it was not ECS.
fn taken_back(started: &Started, service: &Service, primary: &Deployment) -> Option<Undone> {
    let ours = service.deployments.iter().find(|deployment| started.is(deployment));
    let reasons = [ours.and_then(|ours| ours.reason.as_deref()), primary.reason.as_deref()].into_iter().flatten();
    let of_ours = |event: &&str| started.deployment.as_ref().is_some_and(|id| event.contains(id.as_str()));
    let failures =
        service.events.iter().map(String::as_str).filter(of_ours).filter(|e| e.contains("deployment failed"));
    let texts: Vec<&str> = reasons.chain(failures).collect();
    let has_failed = ours.is_some_and(|ours| ours.rollout == Some(RolloutState::Failed))
        || texts
            .iter()
            .any(|text| ["rolling back", "rolled back", "deployment failed"].iter().any(|w| text.contains(w)));
    has_failed.then(|| undone_in(texts.into_iter()).unwrap_or(Undone::Unsaid))
}

/// Why what runs is not, or not only, the new image; `None` when it is (R1). A revision names its image by digest, so a
/// task of the new revision has the new image, whichever of its manifests ECS shows.
fn unlike(started: &Started, seen: &Seen) -> Option<String> {
    let running = seen.tasks.iter().filter(|task| task.is_running);
    let (new, old): (Vec<&Task>, Vec<&Task>) = running.partition(|task| started.runs(task));
    if !old.is_empty() {
        let old = u32::try_from(old.len()).unwrap_or(u32::MAX);
        return Some(format!("{} with another image still there", counted(old, "task")));
    }
    new.is_empty().then(|| "no task with the new image can be seen yet".into())
}

fn evidence(started: &Started, seen: &Seen, outcome: &Outcome) -> Evidence {
    let mut running: BTreeMap<Option<&Digest>, u32> = BTreeMap::new();
    for task in seen.tasks.iter().filter(|task| task.is_running) {
        *running.entry(task.digest.as_ref()).or_default() += 1;
    }
    let deployment = seen.service_deployment.as_ref();
    let ours = seen.service.iter().flat_map(|service| &service.deployments).find(|one| started.is(one));
    let said = [
        deployment.and_then(|deployment| deployment.reason.as_deref()),
        deployment.and_then(|deployment| deployment.rollback.as_deref()),
        ours.and_then(|ours| ours.reason.as_deref()),
    ];
    let said: BTreeSet<String> = said.into_iter().flatten().map(|text| shortened(text, 300)).collect();
    let is_trouble = !matches!(outcome, Outcome::Succeeded | Outcome::NoTasks | Outcome::Superseded { .. });
    let events = seen.service.iter().flat_map(|service| &service.events);
    let texts = seen.stopped.iter().chain(events).map(String::as_str).filter(|_| is_trouble);
    Evidence {
        deployment: deployment.map(|deployment| deployment.arn.clone()).or_else(|| started.deployment.clone()),
        running: running.into_iter().map(|(digest, tasks)| Running { digest: digest.cloned(), tasks }).collect(),
        said: said.into_iter().collect(),
        causes: causes(texts),
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
