//! An ECS service that rolls over time, with all the ends that a rolling deployment has.
//!
//! Sources: "Amazon ECS service deployments" and "How the deployment circuit breaker detects failures", ECS Developer
//! Guide. Where there is nothing to go back to, a deployment that failed stays the primary one.

use moat::image::Digest;
use moat::rollout::outcome::{Deployment, RolloutState, Seen, Service, ServiceDeployment, Started, Status, Task};
use std::collections::BTreeMap;

/// What becomes of a deployment of an image, and after how many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It completes.
    Good(u64),
    /// The circuit breaker trips.
    Breaker(u64),
    /// An alarm goes off.
    Alarm(u64),
    /// A lifecycle hook says no.
    Hook(u64),
    /// Neither comes nor fails.
    Stalls,
}

#[derive(Debug, Clone)]
pub struct Revision {
    pub arn: String,
    pub number: u32,
    pub digest: Digest,
    /// The tag by which the image was found.
    pub tag: Option<String>,
    /// What other people changed in it, such as a sidecar.
    pub extras: Vec<String>,
    pub is_active: bool,
    pub at: u64,
}

/// A deployment in the service's list, and the service deployment that it is part of.
#[derive(Debug, Clone)]
struct Entry {
    id: String,
    revision: String,
    began: u64,
    state: RolloutState,
    reason: Option<String>,
    /// The service deployment that this is, or that this takes back.
    record: usize,
    /// It is ECS's way back.
    undoes: bool,
    is_listed: bool,
}

/// A service deployment.
#[derive(Debug, Clone)]
pub struct Record {
    pub arn: String,
    pub revision: String,
    pub began: u64,
    pub status: Status,
    reason: Option<String>,
    alarms: Vec<String>,
    has_breaker_tripped: bool,
    /// Who called `UpdateService`.
    pub by: String,
}

/// How long ECS takes to go back.
const BACK: u64 = 30_000;
/// How long ECS takes to deploy no tasks.
const EMPTY: u64 = 5_000;

#[derive(Debug, Clone)]
pub struct Ecs {
    pub revisions: Vec<Revision>,
    entries: Vec<Entry>,
    pub records: Vec<Record>,
    pub desired: u32,
    /// Whether it answers about service deployments at all.
    pub has_service_deployments: bool,
    pub fates: BTreeMap<Digest, Fate>,
    pub usual: Fate,
    /// A target group or its listener is gone.
    pub is_closed: bool,
    pub is_gone: bool,
}

impl Default for Ecs {
    fn default() -> Self {
        Self {
            revisions: Vec::new(),
            entries: Vec::new(),
            records: Vec::new(),
            desired: 2,
            has_service_deployments: true,
            fates: BTreeMap::new(),
            usual: Fate::Good(60_000),
            is_closed: false,
            is_gone: false,
        }
    }
}

impl Ecs {
    /// Registers a revision, and answers its ARN.
    pub fn register(&mut self, digest: &Digest, tag: Option<&str>, extras: Vec<String>, now: u64) -> String {
        let number = self.revisions.iter().map(|revision| revision.number).max().unwrap_or(0) + 1;
        let arn = format!("arn:aws:ecs:us-east-1:123456789012:task-definition/moat-web:{number}");
        let tag = tag.map(str::to_owned);
        self.revisions.push(Revision {
            arn: arn.clone(),
            number,
            digest: digest.clone(),
            tag,
            extras,
            is_active: true,
            at: now,
        });
        arn
    }

    /// `UpdateService` with a revision. Answers the id of the deployment: the one that there is, where the service has
    /// that revision already, since then nothing changes and no deployment begins.
    pub fn update(&mut self, revision: &str, by: &str, now: u64) -> String {
        self.advance(now);
        if let Some(primary) = self.primary().map(|at| &self.entries[at])
            && primary.revision == revision
        {
            return primary.id.clone();
        }
        if let Some(primary) = self.primary()
            && self.entries[primary].state == RolloutState::InProgress
        {
            let record = self.entries[primary].record;
            if self.entries[primary].undoes {
                self.records[record].status = Status::RollbackFailed;
            } else {
                self.records[record].status = Status::Stopped;
            }
        }
        let number = self.records.len();
        self.records.push(Record {
            arn: format!("arn:aws:ecs:us-east-1:123456789012:service-deployment/moat-web/moat-web/{number}"),
            revision: revision.to_owned(),
            began: now,
            status: Status::InProgress,
            reason: None,
            alarms: Vec::new(),
            has_breaker_tripped: false,
            by: by.to_owned(),
        });
        self.begin(revision, number, None, now)
    }

    fn begin(&mut self, revision: &str, record: usize, reason: Option<String>, now: u64) -> String {
        let id = format!("ecs-svc/{:019}", self.entries.len());
        self.entries.push(Entry {
            id: id.clone(),
            revision: revision.to_owned(),
            began: now,
            state: RolloutState::InProgress,
            undoes: reason.is_some(),
            reason,
            record,
            is_listed: true,
        });
        id
    }

    /// A person stops the deployment that is under way, and ECS goes back (`StopServiceDeployment`).
    pub fn stop(&mut self, now: u64) {
        self.advance(now);
        let Some(primary) = self.primary().filter(|at| self.entries[*at].state == RolloutState::InProgress) else {
            return;
        };
        let why = "Service deployment stopped by StopServiceDeployment.";
        self.fail(primary, why, now);
    }

    /// A person stops it and leaves it at that.
    pub fn abort(&mut self, now: u64) {
        self.advance(now);
        let Some(primary) = self.primary().filter(|at| self.entries[*at].state == RolloutState::InProgress) else {
            return;
        };
        let record = self.entries[primary].record;
        self.records[record].status = Status::Stopped;
        self.entries[primary].state = RolloutState::Failed;
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: u64) {
        while let Some(at) = self.primary() {
            let entry = self.entries[at].clone();
            if entry.state != RolloutState::InProgress {
                return;
            }
            let fate = match self.desired {
                // There is nothing to wait for.
                0 => Fate::Good(EMPTY),
                _ if entry.undoes => Fate::Good(BACK),
                _ => self.fate(&entry.revision),
            };
            let (Fate::Good(after) | Fate::Breaker(after) | Fate::Alarm(after) | Fate::Hook(after)) = fate else {
                return;
            };
            let then = entry.began + after;
            if then > now {
                return;
            }
            match fate {
                Fate::Good(_) => self.complete(at),
                Fate::Breaker(_) => self.fail(at, "ECS deployment circuit breaker: tasks failed to start.", then),
                Fate::Alarm(_) => self.fail(at, "ECS deployment alarm detected.", then),
                Fate::Hook(_) => self.fail(at, "A lifecycle hook failed.", then),
                Fate::Stalls => {}
            }
        }
    }

    fn fate(&self, revision: &str) -> Fate {
        let digest = self.revision(revision).map(|revision| &revision.digest);
        digest.and_then(|digest| self.fates.get(digest)).copied().unwrap_or(self.usual)
    }

    fn complete(&mut self, at: usize) {
        let Entry { record, undoes, .. } = self.entries[at];
        self.entries[at].state = RolloutState::Completed;
        self.records[record].status = if undoes { Status::RollbackSuccessful } else { Status::Successful };
        for (other, entry) in self.entries.iter_mut().enumerate() {
            entry.is_listed &= other == at;
        }
    }

    /// A deployment fails, and ECS goes back to the last one that completed, if there is one.
    fn fail(&mut self, at: usize, why: &str, now: u64) {
        let record = self.entries[at].record;
        self.entries[at].state = RolloutState::Failed;
        self.entries[at].reason = Some(why.to_owned());
        self.records[record].reason = Some(why.to_owned());
        self.records[record].has_breaker_tripped = why.contains("circuit breaker");
        self.records[record].alarms = if why.contains("alarm") { vec!["too-many-5xx".into()] } else { Vec::new() };
        let good = self.entries.iter().rev().find(|entry| entry.state == RolloutState::Completed);
        let Some((id, revision)) = good.map(|good| (good.id.clone(), good.revision.clone())) else {
            self.records[record].status = Status::RollbackFailed;
            return;
        };
        self.records[record].status = Status::RollbackInProgress;
        let cause = why.trim_end_matches('.').split(": tasks").next().unwrap_or(why);
        self.begin(&revision, record, Some(format!("{cause}: rolling back to deploymentId {id}.")), now);
    }

    fn primary(&self) -> Option<usize> {
        self.entries.len().checked_sub(1)
    }

    pub fn revision(&self, arn: &str) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.arn == arn)
    }

    /// The revision that the service names.
    pub fn current(&self) -> Option<&Revision> {
        self.primary().and_then(|at| self.revision(&self.entries[at].revision))
    }

    pub fn is_settled(&self) -> bool {
        self.primary().is_some_and(|at| self.entries[at].state == RolloutState::Completed)
    }

    /// Whether a deployment is under way, whoever began it.
    pub fn is_busy(&self) -> bool {
        self.primary().is_some_and(|at| self.entries[at].state == RolloutState::InProgress)
    }

    /// The revisions that deployments or tasks use.
    pub fn in_use(&self) -> Vec<String> {
        let listed = self.entries.iter().filter(|entry| entry.is_listed).map(|entry| entry.revision.clone());
        listed.chain(self.runs().map(|revision| revision.arn.clone())).collect()
    }

    /// What the tasks run: the last revision that completed.
    pub(super) fn runs(&self) -> Option<&Revision> {
        let entry = self.entries.iter().rev().find(|entry| entry.state == RolloutState::Completed)?;
        self.revision(&entry.revision)
    }

    pub(super) fn service_deployment(&self, started: &Started) -> Option<String> {
        let is_of_it = |record: &&Record| Some(&record.revision) == started.task_definition.as_ref();
        self.records.iter().find(is_of_it).map(|record| record.arn.clone()).filter(|_| self.has_service_deployments)
    }

    /// What ECS shows.
    pub(super) fn seen(&self, started: &Started) -> Seen {
        let arn = started.service_deployment.as_ref();
        let record = self.records.iter().find(|record| Some(&record.arn) == arn);
        Seen {
            service: (!self.is_gone).then(|| self.service()),
            service_deployment: record.filter(|_| self.has_service_deployments).map(shown),
            ..Seen::default()
        }
    }

    pub(super) fn tasks(&self, seen: Seen) -> Seen {
        let task = |revision: &Revision| Task {
            id: format!("task-{}", revision.number),
            is_running: true,
            task_definition: revision.arn.clone(),
            digest: Some(revision.digest.clone()),
        };
        let tasks = self.runs().filter(|_| self.desired > 0 && !self.is_gone).map(task);
        let stopped = self.entries.iter().filter(|entry| entry.is_listed && entry.state == RolloutState::Failed);
        let why = "CannotPullContainerError: failed to resolve ref: not found";
        Seen { tasks: tasks.into_iter().collect(), stopped: stopped.map(|_| why.to_owned()).collect(), ..seen }
    }

    fn service(&self) -> Service {
        let last = self.primary();
        let deployments = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_listed);
        let shown = |(at, entry): (usize, &Entry)| Deployment {
            id: entry.id.clone(),
            is_primary: Some(at) == last,
            task_definition: entry.revision.clone(),
            rollout: Some(entry.state),
            reason: entry.reason.clone(),
            desired: self.desired,
            running: if entry.state == RolloutState::Completed { self.desired } else { 0 },
            failed: 0,
        };
        Service {
            is_active: true,
            desired: self.desired,
            running: if self.runs().is_some() { self.desired } else { 0 },
            deployments: deployments.map(shown).collect(),
            events: Vec::new(),
        }
    }
}

fn shown(record: &Record) -> ServiceDeployment {
    ServiceDeployment {
        arn: record.arn.clone(),
        status: record.status,
        reason: record.reason.clone(),
        rollback: None,
        has_breaker_tripped: record.has_breaker_tripped,
        alarms: record.alarms.clone(),
    }
}
