//! What is said of a network or a service, and of each finding.

use super::finding::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is to be mended, and nobody has begun.
    Due,
    /// It was mended, and a second look saw that it was.
    Repaired,
    /// It is beyond the grade, or moat cannot mend it.
    Reported,
    /// A person is asked.
    Asked,
    /// Something is under way that a repair would disturb.
    Postponed,
    /// Somebody has put it back twice in a day, so it is left alone.
    TugOfWar,
    /// It was to be mended, and it is still as it was.
    Failed,
}

/// A finding and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    #[serde(flatten)]
    pub finding: Finding,
    pub fate: Fate,
}

/// What is said of a network or a service: the gravest of what became of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it was asked for.
    Clean,
    /// It was not, and it is again.
    Repaired,
    /// Something is not, and moat leaves it to people.
    Reported,
    /// Something is not, and a person is asked.
    Asked,
    /// Something is under way, so nothing was changed.
    Postponed,
    /// Somebody keeps putting something back, so moat leaves it alone.
    TugOfWar,
    /// It could not be looked at, which says nothing about it.
    Unreadable,
    /// Something was to be mended, and is still as it was.
    Failed,
}

impl Verdict {
    pub const ALL: [Self; 8] = [
        Self::Clean,
        Self::Repaired,
        Self::Reported,
        Self::Asked,
        Self::Postponed,
        Self::TugOfWar,
        Self::Unreadable,
        Self::Failed,
    ];

    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Repaired => "repaired",
            Self::Reported => "reported",
            Self::Asked => "asked",
            Self::Postponed => "postponed",
            Self::TugOfWar => "tug-of-war",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }

    /// Of what became of the findings.
    pub fn of(told: &[Told]) -> Self {
        told.iter().map(|told| Self::from(told.fate)).max().unwrap_or(Self::Clean)
    }
}

impl From<Fate> for Verdict {
    /// What is due in a look that changes nothing is reported.
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Due | Fate::Reported => Self::Reported,
            Fate::Repaired => Self::Repaired,
            Fate::Asked => Self::Asked,
            Fate::Postponed => Self::Postponed,
            Fate::TugOfWar => Self::TugOfWar,
            Fate::Failed => Self::Failed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { finding, fate } = self;
        if finding.is_hole {
            f.write_str(if *fate == Fate::Repaired { "Was open to the Internet: " } else { "OPEN TO THE INTERNET: " })?;
        }
        write!(f, "{finding}. ")?;
        let step = finding.step.as_deref().unwrap_or("mend it");
        match (fate, finding.step.is_some()) {
            (Fate::Due, _) => write!(f, "To do: {step}"),
            (Fate::Repaired, _) => write!(f, "Done: {step}"),
            (Fate::Reported, false) => f.write_str("moat cannot mend that"),
            (Fate::Reported, true) => write!(f, "Not done, since it is beyond what moat may do by itself: {step}"),
            (Fate::Asked, _) => write!(f, "Waits for a person's yes: {step}"),
            (Fate::Postponed, _) => write!(f, "Postponed: {step}"),
            (Fate::TugOfWar, _) => {
                write!(f, "Left alone, since somebody has put it back twice in a day (two hands on one wheel): {step}")
            }
            (Fate::Failed, _) => write!(f, "Tried, and it is still so: {step}"),
        }
    }
}
