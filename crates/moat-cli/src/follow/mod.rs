//! From the history of an execution to what a person is told. Pure: events in, [`News`] and [`Status`] out.
//!
//! A [`Lane`] is one execution: the one that was started, or one that it started in turn. Lanes run side by side, and
//! so are shown side by side.

mod child;
mod event;
mod lane;
mod report;
mod rollout;

pub use child::{machines, matches};
pub use event::{Ending, Event};
pub use lane::Lane;
pub use report::waiting_for;

use crate::render;
use moat::rollout::Decision;

/// Something to tell, once.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    Begun {
        state: String,
    },
    /// Seconds that it took.
    Done {
        state: String,
        took: f64,
    },
    /// A step that was taken, in the words of the plan.
    Change(String),
    Waiting {
        on: Vec<String>,
        next: u32,
    },
    Setback {
        error: String,
        message: String,
        next: u32,
    },
    /// What a look without changes found.
    Found {
        state: Option<String>,
        steps: usize,
        problems: usize,
    },
    /// What all of it costs, in USD a month, and how long the plan takes, in seconds.
    Priced {
        state: Option<String>,
        monthly: f64,
        seconds: u64,
        problems: usize,
    },
    /// What a round of a rollout decided.
    Decided {
        service: Option<String>,
        decision: Decision,
    },
    /// Why a rollout leaves a service alone.
    PassedOver(String),
    /// What a person said to a question.
    Answered {
        digest: String,
        answer: String,
    },
    /// How ECS stands with a rollout.
    Rolling {
        how: String,
    },
    /// How a rollout ended.
    Concluded {
        outcome: String,
    },
    /// A task failed. The machine may try it again.
    Failed {
        state: Option<String>,
        error: String,
        message: String,
    },
    /// Another execution was started. It gets a lane of its own.
    Child {
        execution: String,
        state: Option<String>,
    },
    /// Another execution is running, and only a search can tell which.
    Nested,
    Over(Ending),
}

/// What a lane is doing right now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// The states that are running, outermost first.
    pub states: Vec<String>,
    /// When the latest of them began, in seconds since 1970.
    pub since: f64,
    pub waiting: Vec<String>,
    /// When the next look is due, in seconds since 1970.
    pub next: Option<f64>,
    pub pause: Option<Pause>,
}

/// What a rollout waits for. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub enum Pause {
    /// ECS is rolling the service.
    Rolling { how: String, next: f64 },
    /// A freeze window, or the minimum interval.
    Held { why: String, until: f64 },
    /// A person's answer.
    Asked { question: String, until: f64 },
}

impl Pause {
    /// Whether this can take hours, in which nothing happens.
    pub const fn is_long(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::Asked { .. })
    }

    fn line(&self, now: f64) -> String {
        let left = |until: f64| render::duration((until - now).ceil());
        match self {
            Self::Rolling { how, next } if *next > now => format!("rolling: {how}, next look in {}", left(*next)),
            Self::Rolling { how, .. } => format!("rolling: {how}, looking"),
            Self::Held { why, until } if *until > now => format!("held for {} more: {why}", left(*until)),
            Self::Held { .. } => "the time to wait is over, deciding again".into(),
            Self::Asked { question, until } if *until > now => {
                format!("waiting for an answer, {} left: {question}", left(*until))
            }
            Self::Asked { question, .. } => format!("nobody has answered in time: {question}"),
        }
    }
}

impl Status {
    /// One line for a moment in time: `waiting for nat-gateway a (pending), next look in 84 s`.
    pub fn line(&self, now: f64) -> String {
        if let Some(pause) = &self.pause {
            return pause.line(now);
        }
        if let (false, Some(next)) = (self.waiting.is_empty(), self.next) {
            let left = (next - now).max(0.0).ceil();
            let look = if left > 0.0 { format!("next look in {left:.0} s") } else { "looking".into() };
            return format!("waiting for {}, {look}", waiting_for(&self.waiting));
        }
        match self.states.as_slice() {
            [] => "starting".into(),
            states => format!("{}, {:.0} s", states.join(" and "), (now - self.since).max(0.0)),
        }
    }
}

/// Leaves out the beginning of what also ended in the same batch: short states then take one line.
pub fn condensed(news: Vec<(f64, News)>) -> Vec<(f64, News)> {
    let done: Vec<String> = news
        .iter()
        .filter_map(|(_, news)| match news {
            News::Done { state, .. }
            | News::Found { state: Some(state), .. }
            | News::Priced { state: Some(state), .. } => Some(state.clone()),
            _ => None,
        })
        .collect();
    let is_told_by_its_end = |news: &News| matches!(news, News::Begun { state } if done.contains(state));
    news.into_iter().filter(|(_, news)| !is_told_by_its_end(news)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_counts_down_to_the_next_look() {
        let status = Status {
            states: vec!["Wait".into()],
            since: 100.0,
            waiting: vec!["nat-gateway a nat-1 (pending)".into()],
            next: Some(190.0),
            pause: None,
        };
        assert_eq!(status.line(100.5), "waiting for nat-gateway a nat-1 (pending), next look in 90 s");
        assert_eq!(status.line(191.0), "waiting for nat-gateway a nat-1 (pending), looking");
    }

    #[test]
    fn a_short_state_is_told_once() {
        let begun = News::Begun { state: "Check spec".into() };
        let done = News::Done { state: "Check spec".into(), took: 0.2 };
        assert_eq!(condensed(vec![(1.0, begun.clone()), (1.2, done.clone())]), [(1.2, done)]);
        assert_eq!(condensed(vec![(1.0, begun.clone())]), [(1.0, begun)]);
    }
}
