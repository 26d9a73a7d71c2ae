//! What is done about drift: what others changed behind moat's back.

use super::rollout::Approval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What `moat-remediate` does when what exists is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DriftSpec {
    /// How far it repairs by itself. What is beyond that is reported.
    #[serde(default)]
    pub repair: Repair,
    /// Whether a person is asked about what is beyond that.
    #[serde(default)]
    pub approval: Approval,
}

impl DriftSpec {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How far drift is repaired without asking. Each grade includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Repair {
    /// Not at all: everything is reported.
    None,
    /// What is missing is put back, and a way in from the Internet is closed. No traffic is cut.
    #[default]
    Safe,
    /// Also what replaces something or may cut traffic.
    Disruptive,
    /// Also what removes something.
    Destructive,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        })
    }
}
