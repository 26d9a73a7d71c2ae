//! One thing that is not as it should be, in words: what was expected, what was found, and the step that would mend it.

use super::proven::PROOF;
use crate::moment::Moment;
use crate::name::Logical;
use crate::plan::{Hazard, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a stage says of one of its steps: what the step is about, what should be and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub resource: Logical,
    /// Which part of the resource: a route, a rule, a setting. `existence` where all of it is missing.
    pub field: String,
    pub expected: String,
    pub found: String,
    /// Whether this is a way in from the Internet that nobody asked for.
    pub is_hole: bool,
    pub changed_by: Option<ChangedBy>,
}

/// The field of a resource that is not there at all.
pub const EXISTENCE: &str = "existence";
/// What is found of something that is not there.
pub const ABSENT: &str = "it is not there";

impl Difference {
    pub fn of(
        resource: impl Into<Logical>,
        field: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            resource: resource.into(),
            field: field.into(),
            expected: expected.into(),
            found: found.into(),
            is_hole: false,
            changed_by: None,
        }
    }

    /// A resource that is not there.
    pub fn missing(resource: impl Into<Logical>, expected: impl Into<String>) -> Self {
        Self::of(resource, EXISTENCE, expected, ABSENT)
    }

    /// The same, as a way in from the Internet.
    #[must_use]
    pub fn hole_if(self, is_hole: bool) -> Self {
        Self { is_hole, ..self }
    }

    #[must_use]
    pub fn by(self, changed_by: Option<ChangedBy>) -> Self {
        Self { changed_by, ..self }
    }
}

/// Who changed something last, where the resource itself tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedBy {
    /// ARN of a user or a role.
    pub who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
}

/// Drift in one field of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The logical name of the resource: `route-table private-a`.
    #[schemars(with = "String")]
    pub resource: Logical,
    /// Which part of it: a route, a rule, a setting.
    pub field: String,
    pub expected: String,
    pub found: String,
    /// The step that would mend it; none where moat cannot, and `found` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<Hazard>,
    /// Whether it is a way in from the Internet that nobody asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hole: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<ChangedBy>,
}

impl Finding {
    pub(super) fn of(difference: Difference, step: String, hazard: Hazard) -> Self {
        let Difference { resource, field, expected, found, is_hole, changed_by } = difference;
        let (step, hazard) = (Some(step), Some(hazard));
        Self { resource, field, expected, found, step, hazard, is_hole, changed_by }
    }

    /// What no step mends: a contradiction, or something of ours that exists twice and is in use twice.
    pub(crate) fn beyond(stage: &str, problem: &Problem) -> Self {
        Self {
            resource: Logical::from(stage),
            field: problem.pointer.clone().unwrap_or_else(|| "contradiction".into()),
            expected: "what the recorded spec says".into(),
            found: problem.message.clone(),
            step: None,
            hazard: None,
            is_hole: false,
            changed_by: None,
        }
    }

    /// The field that it is about, the same from run to run.
    pub fn key(&self) -> String {
        format!("{}: {}", self.resource, self.field)
    }

    /// The key's place in a record: keys are as long as rules and routes are, and eight bytes of their hash are enough.
    pub fn slot(&self) -> String {
        fingerprint([self.key().as_str()]).chars().take(16).collect()
    }

    /// A short hash of everything that it says, but for who did it.
    pub fn mark(&self) -> String {
        let step = self.step.as_deref().unwrap_or_default();
        fingerprint([self.resource.as_str(), &self.field, &self.expected, &self.found, step])
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, field, expected, found, .. } = self;
        match field.as_str() {
            _ if resource.as_str() == PROOF => write!(f, "{expected} does not hold: {found}")?,
            EXISTENCE => write!(f, "{resource} should be {expected}, but {found}")?,
            field if found == ABSENT => write!(f, "{resource}, {field}: should be {expected}, but {found}")?,
            field => write!(f, "{resource}, {field}: should be {expected}, but is {found}")?,
        }
        if let Some(ChangedBy { who, at }) = &self.changed_by {
            write!(f, " (changed last by {who}")?;
            if let Some(at) = at {
                write!(f, " at {}", at.up_to_second())?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// 16 bytes of SHA-256 over the parts, in hexadecimal. The same parts always give the same text.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
