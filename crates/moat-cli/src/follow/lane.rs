//! One execution: what has happened in it, and what it is doing.

use super::event::{self, Ending, Event, What};
use super::report::{self, Report};
use super::{News, Pause, Status, rollout};
use crate::ended::Ended;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Follows one execution, event by event, in order.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    /// The id of the last event that was heard.
    pub seen: i64,
    pub input: Value,
    pub ending: Option<Ending>,
    /// When it began and when something last happened, in seconds since 1970.
    span: Option<(f64, f64)>,
    /// What went wrong last, and where.
    pub mishap: Option<Mishap>,
    /// The states that are running, by the event in which they began.
    running: BTreeMap<i64, Running>,
    /// For each event the one in which its state began.
    begun: BTreeMap<i64, i64>,
    /// The states that were begun once. A loop tells its states in the first round only.
    told: BTreeSet<String>,
    waiting: Vec<String>,
    next: Option<f64>,
    pause: Option<Pause>,
    /// What people and programs were told of rollouts.
    pub reports: Vec<moat::rollout::Report>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mishap {
    /// `None` where the history does not tell: inside of a Parallel on a local AWS.
    pub state: Option<String>,
    pub ended: Ended,
}

#[derive(Debug, Clone, PartialEq)]
struct Running {
    state: String,
    kind: String,
    since: f64,
    has_failed: bool,
    /// It said what came of it, and so needs no line for its end.
    is_told: bool,
}

impl Lane {
    pub fn is_over(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether it waits for a time or for a person, which can take hours.
    pub fn is_held(&self) -> bool {
        self.pause.as_ref().is_some_and(Pause::is_long)
    }

    /// Seconds from the first event to the latest.
    pub fn took(&self) -> f64 {
        self.span.map_or(0.0, |(began, latest)| latest - began)
    }

    /// Takes in the next event. Events that were heard before are ignored.
    pub fn hear(&mut self, event: Event) -> Vec<News> {
        let Event { id, previous, at, what } = event;
        if id <= self.seen {
            return Vec::new();
        }
        self.seen = id;
        self.span = Some((self.span.map_or(at, |(began, _)| began), at));
        let owner = self.begun.get(&previous).copied();
        if let Some(owner) = owner {
            self.begun.insert(id, owner);
        }
        match what {
            What::Started { input } => {
                self.input = input;
                Vec::new()
            }
            What::Entered { state, kind } => self.enter(id, at, state, kind),
            What::Exited { state } => self.exit(at, owner, &state),
            What::Aborted => {
                owner.and_then(|owner| self.running.remove(&owner));
                Vec::new()
            }
            What::Asked { is_nested } => {
                if let Some(running) = self.task(owner) {
                    (running.has_failed, running.is_told) = (false, false);
                }
                if is_nested { vec![News::Nested] } else { Vec::new() }
            }
            What::Submitted { execution } => vec![News::Child { execution, state: self.state(owner) }],
            What::Answered { output } => match event::execution(&output) {
                Some(execution) => vec![News::Child { execution, state: self.state(owner) }],
                None => self.answer(at, owner, &output),
            },
            What::Failed(ended) => self.fail(owner, ended),
            What::Over(ending) => {
                self.running.clear();
                self.ending = Some(ending.clone());
                vec![News::Over(ending)]
            }
            What::Silent => Vec::new(),
        }
    }

    fn enter(&mut self, id: i64, at: f64, state: String, kind: String) -> Vec<News> {
        self.begun.insert(id, id);
        let is_shown = takes_time(&kind) && kind != "Wait" && self.told.insert(state.clone());
        let news = is_shown.then(|| News::Begun { state: state.clone() });
        self.running.insert(id, Running { state, kind, since: at, has_failed: false, is_told: false });
        news.into_iter().collect()
    }

    fn exit(&mut self, at: f64, owner: Option<i64>, state: &str) -> Vec<News> {
        let is_it = |id: &i64| self.running.get(id).is_some_and(|running| running.state == state);
        // In a Map the same state runs more than once; without a chain the latest is as good a guess as any.
        let Some(id) = owner.filter(is_it).or_else(|| self.running.keys().rev().copied().find(is_it)) else {
            return Vec::new();
        };
        // What a Parallel or a Map leaves behind when a branch fails ends with it.
        let ended = if self.running.get(&id).is_some_and(Running::has_branches) {
            let inner = self.running.split_off(&id);
            inner.into_values().next()
        } else {
            self.running.remove(&id)
        };
        let silent = |running: &Running| running.kind == "Wait" || running.has_failed || running.is_told;
        let told = ended.filter(|running| takes_time(&running.kind) && !silent(running));
        told.map(|running| News::Done { state: running.state, took: at - running.since }).into_iter().collect()
    }

    fn answer(&mut self, at: f64, owner: Option<i64>, output: &Value) -> Vec<News> {
        if let Some(reply) = rollout::find(output, at) {
            return self.reply(owner, reply);
        }
        let (look, price, report) = (report::look(output), report::price(output), Report::find(output));
        if let Some(running) = self.task(owner).filter(|_| look.is_some() || price.is_some() || report.is_some()) {
            running.is_told = true;
        }
        if let Some((monthly, seconds, problems)) = price {
            return vec![News::Priced { state: self.state(owner), monthly, seconds, problems }];
        }
        if let Some((steps, problems)) = look {
            return vec![News::Found { state: self.state(owner), steps, problems }];
        }
        let Some(Report { changes, waiting, setbacks, retry_after }) = report else { return Vec::new() };
        let mut news: Vec<News> = changes.into_iter().map(News::Change).collect();
        let setback = |setback: report::Setback| News::Setback {
            error: setback.error,
            message: setback.message,
            next: retry_after,
        };
        news.extend(setbacks.into_iter().map(setback));
        // The same wait again is left to the status line.
        if !waiting.is_empty() && waiting != self.waiting {
            news.push(News::Waiting { on: waiting.clone(), next: retry_after });
        }
        self.waiting = waiting;
        self.next = (retry_after > 0).then_some(at + f64::from(retry_after));
        news
    }

    fn reply(&mut self, owner: Option<i64>, reply: rollout::Reply) -> Vec<News> {
        let rollout::Reply { news, pause, report } = reply;
        // The same standing again is left to the status line.
        let is_known = |known: &Pause| matches!((known, &pause), (Pause::Rolling { how, .. }, Some(Pause::Rolling { how: now, .. })) if how == now);
        let is_told = self.pause.as_ref().is_some_and(is_known);
        if let Some(running) = self.task(owner) {
            running.is_told = true;
        }
        self.pause = pause;
        self.reports.extend(report);
        news.filter(|news| !(is_told && matches!(news, News::Rolling { .. }))).into_iter().collect()
    }

    fn fail(&mut self, owner: Option<i64>, ended: Ended) -> Vec<News> {
        if let Some(running) = self.task(owner) {
            running.has_failed = true;
        }
        let mishap = Mishap { state: self.state(owner), ended };
        if self.mishap.as_ref() == Some(&mishap) {
            return Vec::new();
        }
        self.mishap = Some(mishap.clone());
        let Mishap { state, ended: Ended { error, message } } = mishap;
        vec![News::Failed { state, error, message }]
    }

    /// The task that an event belongs to. Without a chain it is the latest one, unless branches make that a guess.
    fn task(&mut self, owner: Option<i64>) -> Option<&mut Running> {
        let id = self.task_id(owner)?;
        self.running.get_mut(&id)
    }

    fn state(&self, owner: Option<i64>) -> Option<String> {
        self.running.get(&self.task_id(owner)?).map(|running| running.state.clone())
    }

    fn task_id(&self, owner: Option<i64>) -> Option<i64> {
        owner.or_else(|| self.running.iter().next_back().filter(|(_, latest)| latest.kind == "Task").map(|(id, _)| *id))
    }

    /// What to show on the lane's own line: the innermost states that are running.
    pub fn status(&self) -> Status {
        let inner: Vec<&Running> = self.running.values().filter(|running| !running.has_branches()).collect();
        let states = if inner.is_empty() { self.running.values().collect() } else { inner };
        Status {
            since: states.iter().map(|running| running.since).fold(0.0, f64::max),
            states: states.into_iter().map(|running| running.state.clone()).collect(),
            waiting: self.waiting.clone(),
            next: self.next,
            pause: self.pause.clone(),
        }
    }
}

impl Running {
    fn has_branches(&self) -> bool {
        matches!(self.kind.as_str(), "Parallel" | "Map")
    }
}

/// Whether a state of this type can take more than a moment.
fn takes_time(kind: &str) -> bool {
    matches!(kind, "Task" | "Parallel" | "Map" | "Wait")
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
