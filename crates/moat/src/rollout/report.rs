//! What people and programs are told about a rollout: the detail of the event `Moat Rollout`, and the text for SNS.

use super::cause::Cause;
use super::decide::Decision;
use super::outcome::{Evidence, Outcome, Running, Undone};
use super::release::{Deployed, Rolling};
use super::words::counted;
use crate::image::Digest;
use crate::moment::Moment;
use crate::name::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The source and the detail-type of the event.
pub const SOURCE: &str = "moat";
pub const DETAIL_TYPE: &str = "Moat Rollout";

/// The event's detail. Fields may be added; those that are there keep their meaning as long as `version` is 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Moat Rollout")]
pub struct Report {
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    pub service: Name,
    pub outcome: Word,
    /// What undid it, where `outcome` is `rolled-back`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<Undone>,
    /// What happened, in one sentence.
    pub message: String,
    /// The image that the rollout was to deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
    /// The image that ran when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// Which event or command it was.
    pub by: String,
    /// ARN of the execution.
    pub execution: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Moment>,
    pub at: Moment,
    /// Seconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// ARN of the service deployment, or else the deployment's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// What the running tasks run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<Running>,
    /// What ECS said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// Why tasks did not start, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Until when a question can be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Moment>,
}

/// The seven outcomes of a rollout, and the two decisions that a person should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    Succeeded,
    RolledBack,
    Superseded,
    Stopped,
    Failed,
    NoTasks,
    TimedOut,
    /// A person is asked whether to roll.
    Asked,
    /// The image cannot be deployed.
    Refused,
}

/// One end of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl Report {
    /// The end of a rollout. `from` is what ran before it.
    pub fn ended(
        service: &Name,
        rolling: &Rolling,
        from: Option<&Deployed>,
        outcome: &Outcome,
        evidence: &Evidence,
        now: Moment,
    ) -> Self {
        let to = Target { digest: rolling.digest.clone(), tag: rolling.tag.clone() };
        let from = from.map(Target::of);
        let seconds = now.seconds_since(rolling.since);
        Self {
            version: 1,
            service: service.clone(),
            outcome: Word::of(outcome),
            undone_by: if let Outcome::RolledBack { by } = outcome { Some(*by) } else { None },
            message: sentence(service, &to, from.as_ref(), outcome, seconds),
            to: Some(to),
            from,
            by: rolling.by.clone(),
            execution: rolling.execution.clone(),
            began: Some(rolling.since),
            at: now,
            seconds: Some(seconds),
            deployment: evidence.deployment.clone(),
            task_definition: rolling.task_definition.clone(),
            running: evidence.running.clone(),
            said: evidence.said.clone(),
            causes: evidence.causes.clone(),
            expires: None,
        }
    }

    /// A decision that a person should know of; `None` for all others.
    pub fn decided(
        service: &Name,
        decision: &Decision,
        from: Option<&Deployed>,
        by: &str,
        execution: &str,
        now: Moment,
    ) -> Option<Self> {
        let (outcome, message, to, expires) = match decision {
            Decision::Ask { digest, tag, expires, question } => {
                let to = Target { digest: digest.clone(), tag: tag.clone() };
                (Word::Asked, question.clone(), Some(to), Some(*expires))
            }
            Decision::Refused { why } => (Word::Refused, format!("Service {service}: {why}"), None, None),
            _ => return None,
        };
        Some(Self {
            version: 1,
            service: service.clone(),
            outcome,
            undone_by: None,
            message,
            to,
            from: from.map(Target::of),
            by: by.to_owned(),
            execution: execution.to_owned(),
            began: None,
            at: now,
            seconds: None,
            deployment: None,
            task_definition: None,
            running: Vec::new(),
            said: Vec::new(),
            causes: Vec::new(),
            expires,
        })
    }

    /// The subject of the SNS message: ASCII, less than 100 characters.
    pub fn subject(&self) -> String {
        format!("moat: {} {}", self.service, self.outcome.words())
    }

    /// The text of the SNS message, for people.
    pub fn text(&self) -> String {
        let mut lines = vec![self.message.clone()];
        for Cause { cause, remedy, said } in &self.causes {
            lines.push(format!("\nWhy: {cause}.\nWhat to do: {remedy}.\nECS says: {said}"));
        }
        if self.causes.is_empty() {
            lines.extend(self.said.iter().map(|said| format!("ECS says: {said}")));
        }
        lines.push(String::new());
        let mut line = |name: &str, value: Option<String>| lines.extend(value.map(|value| format!("{name}: {value}")));
        line("To", self.to.as_ref().map(ToString::to_string));
        line("From", self.from.as_ref().map(ToString::to_string));
        line("Running", running(&self.running));
        line("By", Some(self.by.clone()));
        line("Answer before", self.expires.map(|expires| expires.to_string()));
        line("Deployment", self.deployment.clone());
        line("Execution", Some(self.execution.clone()));
        lines.join("\n")
    }
}

/// What happened, in one sentence, with the way on where there is one.
fn sentence(service: &Name, to: &Target, from: Option<&Target>, outcome: &Outcome, seconds: u64) -> String {
    let from = from.map_or_else(|| "what ran before".to_owned(), Target::name);
    let (image, to) = (&to.digest, to.name());
    let release = format!("{{\"service\": \"{service}\", \"release\": \"{image}\"}}");
    match outcome {
        Outcome::Succeeded => format!("Service {service} was rolled from {from} to {to} in {seconds} seconds."),
        Outcome::RolledBack { by } => format!(
            "Service {service} was to be rolled to {to}, but {} took it back, and it runs {from} again. {to} is in quarantine: a new image is rolled again, this one only after moat-rollout is started with {release}.",
            by.words()
        ),
        Outcome::Superseded { by } => format!(
            "The rollout of service {service} to {to} was overtaken by another deployment{}. Nothing is wrong.",
            by.as_ref().map(|by| format!(" ({by})")).unwrap_or_default()
        ),
        Outcome::Stopped => format!(
            "The rollout of service {service} to {to} was stopped, or the service was deleted. {to} is rolled again only after moat-rollout is started with {release}."
        ),
        Outcome::Failed => format!(
            "The rollout of service {service} to {to} failed, and ECS did not roll it back. {to} is in quarantine: push an image that works, or mend the cause and start moat-rollout with {release}."
        ),
        Outcome::NoTasks => format!(
            "Service {service} is set to {to}, but it wants no tasks, so nothing is known about that image. It is tried when the service is scaled up."
        ),
        Outcome::TimedOut => format!(
            "The rollout of service {service} to {to} has not ended after {seconds} seconds. ECS is still at it, and moat leaves it alone: the next event or look tells how it ended."
        ),
    }
}

fn running(running: &[Running]) -> Option<String> {
    let one = |Running { digest, tasks }: &Running| {
        let digest = digest.as_ref().map_or("an image that ECS does not name", Digest::short);
        format!("{} with {digest}", counted(*tasks, "task"))
    };
    (!running.is_empty()).then(|| running.iter().map(one).collect::<Vec<_>>().join(", "))
}

impl Word {
    const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::RolledBack { .. } => Self::RolledBack,
            Outcome::Superseded { .. } => Self::Superseded,
            Outcome::Stopped => Self::Stopped,
            Outcome::Failed => Self::Failed,
            Outcome::NoTasks => Self::NoTasks,
            Outcome::TimedOut => Self::TimedOut,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "was rolled to a new image",
            Self::RolledBack => "was rolled back",
            Self::Superseded => "was overtaken by another deployment",
            Self::Stopped => "was stopped while it rolled",
            Self::Failed => "could not be rolled",
            Self::NoTasks => "has a new image but wants no tasks",
            Self::TimedOut => "has not ended its rollout in time",
            Self::Asked => "asks whether to roll to a new image",
            Self::Refused => "cannot be rolled to the new image",
        }
    }
}

impl Target {
    fn of(deployed: &Deployed) -> Self {
        Self { digest: deployed.digest.clone(), tag: deployed.tag.clone() }
    }

    fn name(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{tag} ({})", self.digest.short()),
            None => self.digest.short().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{tag}, {}", self.digest),
            None => self.digest.fmt(f),
        }
    }
}

/// The JSON Schema of the event's detail, as it is kept in the project.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
