//! What a state does about an error: again, or elsewhere.

use super::template::Template;
use super::{State, Trouble};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Retrier {
    error_equals: Vec<String>,
    interval_seconds: u64,
    backoff_rate: u64,
    #[serde(default = "most")]
    max_delay_seconds: u64,
    max_attempts: u32,
    jitter_strategy: Jitter,
}

const fn most() -> u64 {
    31_622_400
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Jitter {
    Full,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Catcher {
    error_equals: Vec<String>,
    #[serde(default)]
    pub assign: Option<Template>,
    pub next: String,
}

/// How long to wait before trying again.
pub enum Pause {
    /// Exactly so many milliseconds.
    For(u64),
    /// Anything up to so many.
    UpTo(u64),
}

/// How often each retrier of a state has been used in one stay in it.
#[derive(Debug, Default)]
pub struct Tries(Vec<u32>);

impl Tries {
    /// The first retrier that names the error decides; `None` when it has been used up.
    pub fn next(&mut self, state: &State, trouble: &Trouble) -> Option<Pause> {
        self.0.resize(state.retry.len(), 0);
        let at = state.retry.iter().position(|retrier| is_meant(&retrier.error_equals, trouble))?;
        let Retrier { interval_seconds, backoff_rate, max_delay_seconds, max_attempts, jitter_strategy, .. } =
            &state.retry[at];
        let tried = self.0[at];
        if tried == *max_attempts {
            return None;
        }
        self.0[at] += 1;
        let delay = interval_seconds.saturating_mul(backoff_rate.saturating_pow(tried)).min(*max_delay_seconds) * 1000;
        Some(if *jitter_strategy == Jitter::Full { Pause::UpTo(delay) } else { Pause::For(delay) })
    }
}

impl State {
    pub(super) fn catcher(&self, trouble: &Trouble) -> Option<&Catcher> {
        self.catch.iter().find(|catcher| is_meant(&catcher.error_equals, trouble))
    }
}

fn is_meant(names: &[String], trouble: &Trouble) -> bool {
    let is_one = |name: &String| match name.as_str() {
        "States.ALL" => true,
        // Every error but a time-out ("Error names", Amazon States Language).
        "States.TaskFailed" => trouble.error != "States.Timeout",
        name => name == trouble.error,
    };
    names.iter().any(is_one)
}
