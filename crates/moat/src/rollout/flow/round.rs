//! What a decision is made from, gathered for one round.

use super::cloud::{Hands, Memory, Running};
use super::request::{Answer, Round, Word};
use crate::error::{Failure, Kind};
use crate::image::Digest;
use crate::moment::Moment;
use crate::rollout::decide::favourite;
use crate::rollout::{Candidate, Command, Decision, Order, Push, Question, Release, Trigger, decide, lookup};
use crate::spec::ServiceSpec;

/// The account in the ARN of an execution: the one that moat and its services are in.
pub fn account(execution: &str) -> &str {
    execution.split(':').nth(4).unwrap_or_default()
}

impl Round {
    pub fn order(&self) -> &Order {
        match &self.trigger {
            Trigger::Command(Command { order, .. }) => order,
            _ => &Order::Look,
        }
    }

    pub fn push(&self) -> Option<&Push> {
        if let Trigger::Push(push) = &self.trigger { Some(push) } else { None }
    }

    /// What the next round is for: the same rules as after a push, whatever was pushed or ordered.
    pub fn next(&self) -> Trigger {
        Trigger::Command(Command { service: self.service.clone(), order: Order::Look })
    }

    /// The digest that a person said yes to.
    fn approved(&self) -> Option<&Digest> {
        self.answer.as_ref()?.said.as_ref().filter(|said| said.answer == Word::Yes).map(|said| &said.digest)
    }

    /// The record after what a person did: answered, or let a digest out of quarantine.
    pub fn noted(&self, release: &Release, now: Moment) -> Release {
        let release = match &self.answer {
            None => release.clone(),
            Some(Answer { digest, said: None }) => release.dropped(digest, &self.execution),
            Some(Answer { said: Some(said), .. }) => release.answered(&said.digest, said.answer == Word::Yes, now),
        };
        if let Order::Release(digest) = self.order() { release.released(digest) } else { release }
    }

    /// Why nothing is decided: the person said no, or nobody answered.
    pub fn refusal(&self) -> Option<String> {
        let answer = self.answer.as_ref()?;
        match &answer.said {
            None => Some(format!("nobody answered in time whether to roll to {}", answer.digest.short())),
            Some(said) if said.answer == Word::No => Some(format!("a person said no to {}", said.digest.short())),
            Some(_) => None,
        }
    }
}

/// A decision and what it was made from.
pub struct Decided<R> {
    pub decision: Decision,
    pub spec: ServiceSpec,
    pub running: Running<R>,
    pub release: Release,
    pub version: i64,
    pub now: Moment,
}

/// Reads what there is to know, and decides. The inner error is a sentence for a service that cannot be decided about.
pub async fn gather<H: Hands>(cloud: &H, round: &Round) -> Result<Result<Decided<H::Revision>, String>, Failure> {
    let Memory { spec, release, version } = cloud.memory(&round.service).await?;
    let spec = match spec {
        Ok(spec) => spec,
        Err(why) if round.push().is_some() => return Ok(Err(why)),
        Err(why) => return Err(Failure::new(Kind::Refused, why)),
    };
    let running = match cloud.running(&round.service).await? {
        Ok(running) => running,
        Err(why) if round.push().is_some() => return Ok(Err(why)),
        Err(why) => return Err(Failure::new(Kind::Refused, why)),
    };
    let now = cloud.now();
    let release = round.noted(&release, now);
    let candidates = candidates(cloud, round, &spec, &release, &running, now).await?;
    let decision = decide(&question(round, &spec, &release, &running, &candidates, now));
    Ok(Ok(Decided { decision, spec, running, release, version, now }))
}

/// What the registry has, with the platforms of the one image that would be deployed.
async fn candidates<H: Hands>(
    cloud: &H,
    round: &Round,
    spec: &ServiceSpec,
    release: &Release,
    running: &Running<H::Revision>,
    now: Moment,
) -> Result<Vec<Candidate>, Failure> {
    let Some(repository) = spec.image.ecr() else { return Ok(Vec::new()) };
    let lookup = lookup(spec, round.order(), release, running.digest.as_ref());
    let mut candidates = cloud.candidates(&repository, &lookup).await?;
    let favourite = favourite(&question(round, spec, release, running, &candidates, now)).cloned();
    if let Some(favourite) = favourite {
        let platforms = cloud.platforms(&repository, &favourite).await?;
        for image in candidates.iter_mut().filter(|image| image.digest == favourite.digest) {
            image.platforms.clone_from(&platforms);
        }
    }
    Ok(candidates)
}

fn question<'a, R>(
    round: &'a Round,
    spec: &'a ServiceSpec,
    release: &'a Release,
    running: &'a Running<R>,
    candidates: &'a [Candidate],
    now: Moment,
) -> Question<'a> {
    Question {
        spec,
        account: account(&round.execution),
        order: round.order(),
        push: round.push(),
        candidates,
        release,
        running: running.digest.as_ref(),
        approved: round.approved(),
        execution: &round.execution,
        now,
    }
}
