//! Follows an execution, and those that it starts, until it is over.

use crate::aws::Aws;
use crate::ended::Ended;
use crate::follow::{self, Ending, Lane, News};
use crate::screen::{Screen, Shown};
use aws_sdk_sfn::types::ExecutionStatus;
use moat::error::Failure;
use moat::rollout::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long AWS may be out of reach before following is given up.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long AWS gets to tell a nested execution by itself before it is searched for.
const TELLING: f64 = 6.0;
/// How often it is searched for: an execution that could not be started is never found.
const TRIES: u32 = 15;
/// After this silence it is asked whether the execution still runs at all.
const SILENCE: Duration = Duration::from_secs(15);
/// How much less often is looked at an execution that waits for a time or for a person.
const HELD: u32 = 5;
/// How often the live lines are drawn anew.
const FRAME: Duration = Duration::from_millis(200);

/// How following ended.
pub enum Watched {
    Over(Over),
    /// Not over when the time to follow was up.
    Running,
}

pub struct Over {
    pub ending: Ending,
    /// The lane and state in which the failure began: `network, state Pass`.
    pub place: Option<String>,
    /// Seconds.
    pub took: f64,
    /// What people and programs were told of rollouts, in order.
    pub reports: Vec<Report>,
}

pub struct Watch<'a> {
    aws: &'a Aws,
    screen: Screen,
    lanes: Vec<Followed>,
    /// Executions that turned out not to be ours.
    strangers: BTreeSet<String>,
    /// The failures that were told, as error and message.
    failures: BTreeSet<(String, String)>,
    /// The machines that a lane can start.
    machines: BTreeMap<usize, BTreeSet<String>>,
}

struct Followed {
    execution: String,
    /// The lane that started it and the state there.
    parent: Option<(usize, Option<String>)>,
    lane: Lane,
    /// When nested executions were asked for, in seconds since 1970.
    nested: Vec<f64>,
    /// How often children have been searched for in vain since one was last asked for.
    tries: u32,
    /// It is over and was read to its end, or it may not be read.
    is_closed: bool,
}

impl Followed {
    fn new(execution: String, parent: Option<(usize, Option<String>)>) -> Self {
        Self { execution, parent, lane: Lane::default(), nested: Vec::new(), tries: 0, is_closed: false }
    }

    /// `network` for what a settle works on; else the machine's own name.
    fn label(&self) -> String {
        let what = self.lane.input.get("what").and_then(|what| what.as_str());
        let machine = || self.execution.rsplit(':').nth(1).unwrap_or_default().trim_start_matches("moat-");
        what.unwrap_or_else(machine).to_owned()
    }
}

impl<'a> Watch<'a> {
    pub fn new(aws: &'a Aws, execution: &str) -> Self {
        Self {
            aws,
            screen: Screen::new(now()),
            lanes: vec![Followed::new(execution.to_owned(), None)],
            strangers: BTreeSet::new(),
            failures: BTreeSet::new(),
            machines: BTreeMap::new(),
        }
    }

    /// Elapsed times count from `begun`, seconds since 1970.
    pub fn since(mut self, begun: f64) -> Self {
        self.screen = Screen::new(begun);
        self
    }

    /// Follows until the execution is over, or for `limit` at most.
    ///
    /// # Errors
    /// When AWS refuses to tell about it, or was out of reach for five minutes. The execution goes on.
    pub async fn run(mut self, limit: Option<Duration>) -> Result<Watched, Failure> {
        let begun = Instant::now();
        let pause = Duration::from_millis(if self.aws.is_local() { 400 } else { 2000 });
        let mut trouble: Option<(Instant, u32)> = None;
        let mut heard = Instant::now();
        loop {
            let seen = self.lanes[0].lane.seen;
            let mut wait = pause;
            match self.poll().await {
                Ok(()) => trouble = None,
                Err(failure) if failure.kind.is_retryable() => {
                    let (since, tries) = trouble.unwrap_or((Instant::now(), 0));
                    if since.elapsed() > PATIENCE {
                        return Err(failure);
                    }
                    wait = pause.saturating_mul(2_u32.saturating_pow(tries.min(5) + 1)).min(Duration::from_secs(30));
                    if tries == 0 {
                        self.screen.remark(now(), &format!("{}; the execution goes on, trying again", failure.message));
                    }
                    trouble = Some((since, tries + 1));
                }
                Err(failure) => return Err(failure),
            }
            if self.lanes[0].lane.seen > seen {
                heard = Instant::now();
            } else if heard.elapsed() > SILENCE && trouble.is_none() {
                heard = Instant::now();
                self.ask().await?;
            }
            if let Some(ending) = self.lanes[0].lane.ending.clone() {
                let (place, took) = (self.place(&ending), self.lanes[0].lane.took());
                let reports = std::mem::take(&mut self.lanes[0].lane.reports);
                return Ok(Watched::Over(Over { ending, place, took, reports }));
            }
            if self.lanes[0].lane.is_held() {
                wait = wait.max(pause * HELD);
            }
            if limit.is_some_and(|limit| begun.elapsed() + wait > limit) {
                return Ok(Watched::Running);
            }
            self.rest(wait).await;
        }
    }

    async fn rest(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            let lanes = self.lanes.iter().map(|followed| Shown {
                label: followed.label(),
                status: followed.lane.status(),
                is_over: followed.lane.is_over() || followed.is_closed,
            });
            self.screen.show(&lanes.collect::<Vec<_>>(), now());
            tokio::time::sleep(FRAME.min(until.saturating_duration_since(Instant::now()))).await;
        }
    }

    /// Reads what is new in every lane, lanes that appear on the way included, and tells it in order of time.
    async fn poll(&mut self) -> Result<(), Failure> {
        let mut told: Vec<(usize, Vec<(f64, News)>)> = Vec::new();
        let mut at = 0;
        let mut result = Ok(());
        while at < self.lanes.len() {
            if !self.lanes[at].is_closed {
                match self.read(at).await {
                    Ok(news) => told.push((at, news)),
                    Err(failure) if at > 0 && !failure.kind.is_retryable() => self.lanes[at].is_closed = true,
                    // The next lane would only wait for the same.
                    Err(failure) => {
                        result = Err(failure);
                        break;
                    }
                }
            }
            if at + 1 == self.lanes.len() {
                self.search().await;
            }
            at += 1;
        }
        let lines =
            told.into_iter().flat_map(|(at, news)| follow::condensed(news).into_iter().map(move |news| (at, news)));
        let mut lines: Vec<_> = lines.collect();
        // In the same millisecond what was started ends before what started it.
        lines.sort_by(|(lane, (at, _)), (other, (then, _))| at.total_cmp(then).then(other.cmp(lane)));
        for (lane, (at, news)) in lines {
            // A child tells its passes by what came of them.
            if lane > 0 && matches!(news, News::Begun { .. }) || self.is_told(&news) {
                continue;
            }
            self.screen.tell(at, &self.lanes[lane].label(), &news);
        }
        result
    }

    /// Whether this failure was told before: it climbs from a child to what started it.
    fn is_told(&mut self, news: &News) -> bool {
        let News::Failed { error, message, .. } = news else { return false };
        !self.failures.insert((error.clone(), message.clone()))
    }

    async fn read(&mut self, at: usize) -> Result<Vec<(f64, News)>, Failure> {
        let followed = &self.lanes[at];
        let events = self.aws.events_after(&followed.execution, followed.lane.seen).await?;
        let mut news = Vec::new();
        for event in events {
            let moment = event.at;
            for item in self.lanes[at].lane.hear(event) {
                match &item {
                    News::Child { execution, state } => self.open(execution.clone(), at, state.clone()),
                    News::Nested => {
                        self.lanes[at].nested.push(moment);
                        self.lanes[at].tries = 0;
                    }
                    _ => {}
                }
                news.push((moment, item));
            }
        }
        self.lanes[at].is_closed = self.lanes[at].lane.is_over();
        Ok(news)
    }

    fn open(&mut self, execution: String, parent: usize, state: Option<String>) {
        match self.lanes.iter_mut().find(|followed| followed.execution == execution) {
            Some(known) => {
                if let Some((_, known)) = &mut known.parent {
                    *known = known.take().or(state);
                }
            }
            None => self.lanes.push(Followed::new(execution, Some((parent, state)))),
        }
    }

    /// Looks for nested executions that the history does not tell. What cannot be found is simply not shown.
    async fn search(&mut self) {
        let patience = if self.aws.is_local() { 0.0 } else { TELLING };
        for at in 0..self.lanes.len() {
            let children = self
                .lanes
                .iter()
                .filter(|other| other.parent.as_ref().is_some_and(|(parent, _)| *parent == at))
                .count();
            let Some(&asked) = self.lanes[at].nested.get(children) else { continue };
            if self.lanes[at].is_closed || self.lanes[at].tries >= TRIES || now() - asked < patience {
                continue;
            }
            self.lanes[at].tries += 1;
            if !self.machines.contains_key(&at) {
                let machines = self.aws.starts(&self.lanes[at].execution).await.unwrap_or_default();
                self.machines.insert(at, machines);
            }
            for machine in self.machines[&at].clone() {
                // Both times are AWS's own; they may be rounded differently.
                let recent = self.aws.executions_since(&machine, asked - 0.01).await.unwrap_or_default();
                for execution in recent {
                    self.adopt(execution, at).await;
                }
            }
        }
    }

    async fn adopt(&mut self, execution: String, parent: usize) {
        let is_known = self.lanes.iter().any(|followed| followed.execution == execution);
        if is_known || self.strangers.contains(&execution) {
            return;
        }
        let Ok(described) = self.aws.describe(&execution).await else { return };
        let input = described.input().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
        let starter = &self.lanes[parent];
        if follow::matches(&starter.execution, &starter.lane.input, &input) {
            self.open(execution, parent, None);
        } else {
            self.strangers.insert(execution);
        }
    }

    /// Asks whether the execution still runs: its history may have lost the last event.
    async fn ask(&mut self) -> Result<(), Failure> {
        let described = self.aws.describe(&self.lanes[0].execution).await?;
        let ended = || Ended::of(described.error().unwrap_or_default(), described.cause().unwrap_or_default());
        self.lanes[0].lane.ending = match described.status() {
            ExecutionStatus::Succeeded => {
                let output =
                    described.output().and_then(|output| serde_json::from_str(output).ok()).unwrap_or_default();
                Some(Ending::Succeeded { output })
            }
            ExecutionStatus::Failed => Some(Ending::Failed(ended())),
            ExecutionStatus::Aborted => Some(Ending::Aborted(ended())),
            ExecutionStatus::TimedOut => Some(Ending::TimedOut),
            _ => None,
        };
        Ok(())
    }

    /// Where the failure began: in the innermost lane whose last mishap is the one that ended it all.
    fn place(&self, ending: &Ending) -> Option<String> {
        let Ending::Failed(ended) = ending else { return None };
        let is_it = |followed: &&Followed| {
            followed.lane.mishap.as_ref().is_some_and(|mishap| mishap.ended.error == ended.error)
        };
        let followed = self.lanes.iter().rev().find(is_it)?;
        let inner = followed.lane.mishap.as_ref().and_then(|mishap| mishap.state.clone());
        let outer = followed.parent.as_ref().and_then(|(_, state)| state.clone());
        let states: Vec<String> = outer.into_iter().chain(inner).collect();
        if states.is_empty() {
            Some(followed.label())
        } else {
            Some(format!("{}, {}", followed.label(), states.join(" / ")))
        }
    }
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
