//! Decides about one service and, when the decision is to deploy, deploys.

use super::cloud::Hands;
use super::follow::retry_after;
use super::request::Round;
use super::round::{Decided, gather};
use crate::error::Failure;
use crate::image::Digest;
use crate::rollout::release::{Asked, Deployed, Hold, PREVIOUS};
use crate::rollout::{Decision, Order, Release, Report, Rolling, Started, Trigger};
use serde::Serialize;
use serde_json::{Value, json};

/// What the state machine goes by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rolled {
    pub decision: Decision,
    /// What to do next.
    pub next: Next,
    /// The digest that the round was about: the look after it is not to begin with the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<Digest>,
    /// How the round has ended, where nothing is rolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<End>,
    /// The rollout to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Started>,
    /// Seconds until there is something to see of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Seconds until a question is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<u64>,
    /// What the next round is for.
    pub trigger: Trigger,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Next {
    Follow,
    Wait,
    Ask,
    End,
}

/// The end of a round in which nothing is rolled.
#[derive(Debug, Serialize)]
pub struct End {
    pub outcome: &'static str,
    pub message: String,
}

impl End {
    fn of(round: &Round, decision: &Decision) -> Option<Self> {
        let (outcome, message) = match decision {
            Decision::Deploy { .. } | Decision::Follow { .. } | Decision::Later { .. } | Decision::Ask { .. } => {
                return None;
            }
            Decision::AlreadyRunning { digest } => {
                ("already-running", format!("service {} runs {} already", round.service, digest.short()))
            }
            Decision::NotTracked { why } => ("not-tracked", why.clone()),
            Decision::Quarantined { why, .. } => ("quarantined", why.clone()),
            Decision::Refused { why } => ("refused", why.clone()),
            Decision::Ignore { why } => ("ignored", why.clone()),
        };
        Some(Self { outcome, message })
    }
}

/// What people and programs are told.
#[derive(Debug, Serialize)]
pub struct Notice {
    pub subject: String,
    pub text: String,
    pub event: Report,
}

impl From<Report> for Notice {
    fn from(event: Report) -> Self {
        Self { subject: event.subject(), text: event.text(), event }
    }
}

/// Decides, and deploys when that is the decision.
pub async fn roll(cloud: &impl Hands, round: &Round) -> Result<Value, Failure> {
    rolled(cloud, round).await.map(|rolled| json!(rolled))
}

async fn rolled(cloud: &impl Hands, round: &Round) -> Result<Rolled, Failure> {
    let mut decided = match gather(cloud, round).await? {
        Ok(decided) => decided,
        Err(why) => return Ok(ended(round, Decision::Ignore { why })),
    };
    let refusal = round.refusal();
    if round.answer.is_some() || is_released(round) {
        decided.version = cloud.remember(&round.service, decided.version, &decided.release).await?;
    }
    match (refusal, decided.decision.clone()) {
        (Some(why), _) => Ok(ended(round, Decision::Ignore { why })),
        (None, Decision::Deploy { digest, tag, hold }) => deploy(cloud, round, decided, digest, tag, hold).await,
        (None, Decision::Follow { .. }) => follow(cloud, round, decided).await,
        (None, Decision::Ask { .. }) => ask(cloud, round, &decided).await,
        (None, decision) => Ok(decided.told(round, decision)),
    }
}

/// Decides without doing anything. `again` says whether to go one more round: when there is something to deploy that
/// this execution has not been about already.
pub async fn look(cloud: &impl Hands, round: &Round, after: Option<&Digest>) -> Result<Value, Failure> {
    let decision = match gather(cloud, round).await? {
        Ok(decided) => decided.decision,
        Err(why) => Decision::Ignore { why },
    };
    let again = match &decision {
        Decision::Deploy { digest, .. } | Decision::Ask { digest, .. } => Some(digest) != after,
        Decision::Later { .. } => true,
        _ => false,
    };
    Ok(json!({ "again": again, "decision": decision, "trigger": round.next() }))
}

fn ended(round: &Round, decision: Decision) -> Rolled {
    let (next, trigger) = match decision {
        // What was released is recorded by now, and is not released twice.
        Decision::Later { .. } if !is_released(round) => (Next::Wait, round.trigger.clone()),
        Decision::Later { .. } => (Next::Wait, round.next()),
        _ => (Next::End, round.next()),
    };
    let about = match &decision {
        Decision::Deploy { digest, .. } | Decision::Follow { digest } | Decision::Ask { digest, .. } => Some(digest),
        _ => None,
    };
    Rolled {
        about: about.cloned(),
        ended: End::of(round, &decision),
        decision,
        next,
        started: None,
        retry_after: None,
        notice: None,
        expires_after: None,
        trigger,
    }
}

fn is_released(round: &Round) -> bool {
    matches!(round.order(), Order::Release(_))
}

impl<R: Clone> Decided<R> {
    /// A decision that ends the round, with a word to people where they should know of it.
    fn told(&self, round: &Round, decision: Decision) -> Rolled {
        let Self { spec, release, now, .. } = self;
        let (by, execution) = (round.trigger.by(), &round.execution);
        let report = Report::decided(&spec.name, &decision, release.current.as_ref(), &by, execution, *now);
        Rolled { notice: report.map(Notice::from), ..ended(round, decision) }
    }

    /// The record with what runs as the current one, where somebody else deployed it, such as a provision: that is what
    /// to go back to.
    fn with_what_runs(&self) -> Release {
        let Self { running, release, now, .. } = self;
        let Some(digest) = running.digest.clone().filter(|_| running.is_settled) else { return release.clone() };
        let is_known = release.current.as_ref().is_some_and(|current| current.digest == digest);
        if is_known || release.rolling.is_some() || release.quarantine.contains_key(&digest) {
            return release.clone();
        }
        let found = Deployed {
            digest,
            tag: running.tag.clone(),
            at: running.since.unwrap_or(*now),
            by: "what ran when moat-rollout began".into(),
            task_definition: running.arn.clone(),
        };
        let mut next = release.clone();
        next.previous.splice(0..0, next.current.replace(found));
        next.previous.retain(|before| Some(&before.digest) != running.digest.as_ref());
        next.previous.truncate(PREVIOUS);
        next
    }

    fn following(&self, round: &Round, decision: Decision, started: Started) -> Rolled {
        let retry_after = Some(retry_after(&started, self.now));
        Rolled { next: Next::Follow, started: Some(started), retry_after, ..ended(round, decision) }
    }
}

/// Records the question and asks it.
async fn ask<H: Hands>(cloud: &H, round: &Round, decided: &Decided<H::Revision>) -> Result<Rolled, Failure> {
    let rolled = decided.told(round, decided.decision.clone());
    let Decision::Ask { digest, tag, expires, .. } = &decided.decision else { return Ok(rolled) };
    let asked = Asked {
        digest: digest.clone(),
        tag: tag.clone(),
        at: decided.now,
        expires: *expires,
        execution: round.execution.clone(),
        is_approved: false,
    };
    cloud.remember(&round.service, decided.version, &decided.release.asked(&asked)).await?;
    let expires_after = Some(expires.seconds_since(decided.now).max(1));
    Ok(Rolled { next: Next::Ask, expires_after, ..rolled })
}

/// Goes on with a rollout that has begun.
async fn follow<H: Hands>(cloud: &H, round: &Round, decided: Decided<H::Revision>) -> Result<Rolled, Failure> {
    let Some(rolling) = decided.release.rolling.clone() else {
        return Ok(decided.told(round, decided.decision.clone()));
    };
    let mut started = rolling.started(decided.spec.rollout.time_limit);
    let is_ours = rolling.execution == round.execution;
    // The answer of UpdateService was lost, or it was never called: a Lambda died in between.
    let is_unsaid = rolling.deployment.is_none() && rolling.service_deployment.is_none();
    if is_unsaid && decided.running.digest.as_ref() != Some(&rolling.digest) {
        started.service_deployment = cloud.service_deployment_of(&round.service, &started).await?;
        match (&started.service_deployment, is_ours) {
            (Some(_), _) => {}
            (None, true) => {
                let Rolling { digest, tag, hold, .. } = rolling;
                return deploy(cloud, round, decided, digest, tag, hold).await;
            }
            // It never began, so there is no end of it to tell.
            (None, false) => {
                cloud.remember(&round.service, decided.version, &decided.release.forgotten()).await?;
                return Box::pin(rolled(cloud, round)).await;
            }
        }
    }
    // What another execution began and did not finish is for this one to do again, if it is still the best.
    let about = is_ours.then(|| rolling.digest.clone());
    Ok(Rolled { about, ..decided.following(round, Decision::Follow { digest: rolling.digest }, started) })
}

/// Registers, records, updates, in this order: the record names the revision before ECS is told of it, so that a
/// rollout whose execution ends here is found again.
async fn deploy<H: Hands>(
    cloud: &H,
    round: &Round,
    decided: Decided<H::Revision>,
    digest: Digest,
    tag: Option<String>,
    hold: Option<Hold>,
) -> Result<Rolled, Failure> {
    let Decided { spec, running, release, version, now, .. } = &decided;
    if let Some(why) = cloud.closed_door(running).await? {
        let why = format!("{} cannot be deployed: {why}", digest.short());
        return Ok(Rolled { about: Some(digest), ..decided.told(round, Decision::Refused { why }) });
    }
    let image = spec.image.with_digest(digest.as_str());
    let label = tag.as_ref().map_or_else(|| image.clone(), |tag| format!("{}:{tag}", spec.image.repository));
    let revision = match unfinished(release, round, &digest) {
        Some(revision) => revision,
        None => cloud.register(running, &image, &label).await?,
    };
    let rolling = Rolling {
        digest: digest.clone(),
        tag: tag.clone(),
        by: round.trigger.by(),
        execution: round.execution.clone(),
        since: *now,
        deployment: None,
        service_deployment: None,
        task_definition: Some(revision.clone()),
        hold: hold.clone(),
        has_timed_out: false,
    };
    let begun = decided.with_what_runs().begun(&rolling);
    let version = cloud.remember(&round.service, *version, &begun).await?;
    let since = begun.rolling.as_ref().map_or(*now, |rolling| rolling.since);
    let deployment = cloud.update(&round.service, &revision).await?;
    let started = Started { deployment, since, ..rolling.started(spec.rollout.time_limit) };
    cloud.remember(&round.service, version, &begun.following(&started)).await?;
    Ok(decided.following(round, Decision::Deploy { digest, tag, hold }, started))
}

/// The revision that this execution has registered for this digest already.
fn unfinished(release: &Release, round: &Round, digest: &Digest) -> Option<String> {
    let rolling = release.rolling.as_ref()?;
    let is_ours = rolling.execution == round.execution && rolling.digest == *digest;
    rolling.task_definition.clone().filter(|_| is_ours && !rolling.has_timed_out)
}
