//! Which pushed images a service is rolled to, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which pushed images a service is rolled to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Track {
    Word(TrackWord),
    Semver(TrackSemver),
    Glob(TrackGlob),
    Regex(TrackRegex),
}

impl Track {
    pub const TAG: Self = Self::Word(TrackWord::Tag);
    pub const NONE: Self = Self::Word(TrackWord::None);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrackWord {
    /// Whatever image has the tag of `image`.
    Tag,
    /// None: only a person changes the image.
    None,
}

/// The highest version among the tags: `1.4.2` or `v1.4.2`. What is not a whole version, such as `1.4`, is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackSemver {
    /// The versions that are taken, like `>=1.2, <2`, `^1.2` or `1.4.*`.
    #[schemars(length(min = 1, max = 100))]
    pub semver: String,
    /// Whether `1.5.0-rc.1` is taken too, where the range takes `1.5.0`.
    #[serde(default)]
    pub prereleases: bool,
}

/// The image pushed last among those with a tag like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackGlob {
    /// `*` is any number of characters, `?` is one, `[a-c]` is one of these: `release-*`.
    #[schemars(length(min = 1, max = 128))]
    pub glob: String,
}

/// The image pushed last among those with a tag like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackRegex {
    /// A regular expression: `^build-[0-9]+$`. Without `^` and `$` it may match a part of the tag.
    #[schemars(length(min = 1, max = 200))]
    pub regex: String,
}

/// When and how a service is rolled to an image that it tracks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutSpec {
    /// Whether a person is asked before each rollout.
    #[serde(default)]
    pub approval: Approval,
    /// Seconds until an unanswered question is dropped.
    #[serde(default = "RolloutSpec::default_approval_expires")]
    #[schemars(range(min = 60, max = 604_800))]
    pub approval_expires: u32,
    /// Seconds from the beginning of one rollout to the beginning of the next. Pushes in between become one rollout.
    #[serde(default)]
    #[schemars(range(max = 604_800))]
    pub minimum_interval: u32,
    /// When no rollout begins by itself. When the window closes the newest image is rolled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub freeze: Vec<Freeze>,
    /// How many revisions of the task definition are kept. One that is in use is kept in any case.
    #[serde(default = "RolloutSpec::default_keep_revisions")]
    #[schemars(range(min = 1, max = 100))]
    pub keep_revisions: u32,
    /// Seconds until a rollout that has not ended is reported as `timed-out`.
    #[serde(default = "RolloutSpec::default_time_limit")]
    #[schemars(range(min = 60, max = 21_600))]
    pub time_limit: u32,
    /// From where else images are taken. When the list is not empty it is complete: an image that was replicated from,
    /// or pushed in, an account and region that it lacks is passed over. When it is empty, images that were replicated
    /// from another account are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub sources: Vec<Source>,
}

impl RolloutSpec {
    pub(super) const fn default_approval_expires() -> u32 {
        86_400
    }

    pub(super) const fn default_keep_revisions() -> u32 {
        10
    }

    /// Half an hour: a breaker needs about 14 minutes to trip when tasks cannot start.
    pub(super) const fn default_time_limit() -> u32 {
        1800
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for RolloutSpec {
    fn default() -> Self {
        Self {
            approval: Approval::default(),
            approval_expires: Self::default_approval_expires(),
            minimum_interval: 0,
            freeze: Vec::new(),
            keep_revisions: Self::default_keep_revisions(),
            time_limit: Self::default_time_limit(),
            sources: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Nobody is asked.
    #[default]
    None,
    /// A person says yes to each digest.
    Ask,
}

/// A time in which no rollout begins by itself, again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Freeze {
    /// When it begins, as in crontab: minute, hour, day of the month, month, day of the week. `0 18 * * FRI`.
    pub cron: String,
    /// How many seconds it lasts.
    #[schemars(range(min = 60, max = 2_678_400))]
    pub duration: u32,
    /// The clock that `cron` goes by: a name of the IANA time zone database, like `Europe/Berlin`.
    #[serde(default = "Freeze::utc")]
    pub time_zone: String,
}

impl Freeze {
    pub(super) fn utc() -> String {
        "UTC".into()
    }
}

/// An account and a region in which images are pushed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account: String,
    #[schemars(length(min = 1))]
    pub region: String,
}
