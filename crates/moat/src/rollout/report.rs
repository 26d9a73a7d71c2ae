//! What people and programs are told about a rollout: the detail of the event `Moat Rollout`, and the text for SNS.

use super::cause::Cause;
use super::decide::Decision;
use super::outcome::{Evidence, Outcome, Running, Undone};
use super::release::{Deployed, Rolling};
use crate::image::Digest;
use crate::moment::Moment;
use crate::name::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        _service: &Name,
        _rolling: &Rolling,
        _from: Option<&Deployed>,
        _outcome: &Outcome,
        _evidence: &Evidence,
        _now: Moment,
    ) -> Self {
        todo!()
    }

    /// A decision that a person should know of; `None` for all others.
    pub fn decided(
        _service: &Name,
        _decision: &Decision,
        _from: Option<&Deployed>,
        _by: &str,
        _execution: &str,
        _now: Moment,
    ) -> Option<Self> {
        todo!()
    }

    /// The subject of the SNS message: ASCII, less than 100 characters.
    pub fn subject(&self) -> String {
        todo!()
    }

    /// The text of the SNS message, for people.
    pub fn text(&self) -> String {
        todo!()
    }
}

/// The JSON Schema of the event's detail, as it is kept in the project.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
