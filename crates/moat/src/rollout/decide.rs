//! What to do about one service, now.

use super::candidates::{Candidate, not_for_people};
use super::event::{Order, Push};
use super::freeze;
use super::release::{Hold, Quarantine, Release};
use super::track::{Pick, Policy, objection};
use crate::image::Digest;
use crate::moment::Moment;
use crate::spec::{Approval, ServiceSpec};
use serde::{Deserialize, Serialize};

/// Everything that a decision is made from. All of it was read just now, under the service's lock.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub spec: &'a ServiceSpec,
    /// The account that the service is in.
    pub account: &'a str,
    /// What a command asks for; [`Order::Look`] after a push.
    pub order: &'a Order,
    /// The push that made us look, if it was one.
    pub push: Option<&'a Push>,
    /// What [`lookup`] said to read from the registry.
    pub candidates: &'a [Candidate],
    pub release: &'a Release,
    /// The digest in the service's task definition; `None` where that names no digest.
    pub running: Option<&'a Digest>,
    /// The digest that a person said yes to in this execution.
    pub approved: Option<&'a Digest>,
    /// ARN of this execution.
    pub execution: &'a str,
    pub now: Moment,
}

/// What to read from the registry before deciding. One call each, but for `Tagged`, which has pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// `DescribeImages` of this tag.
    Tag(String),
    /// `DescribeImages` of this digest.
    Digest(Digest),
    /// `DescribeImages` of all that have a tag.
    Tagged,
    /// The decision needs nothing from the registry.
    Nothing,
}

/// What to do about one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Decision {
    /// Roll it to this digest.
    Deploy {
        digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// Goes into [`super::Rolling::hold`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<Hold>,
    },
    /// The record says that a rollout has begun, and nobody has told its end. Follow that one, conclude it, then decide.
    Follow { digest: Digest },
    /// Nothing to do.
    AlreadyRunning { digest: Digest },
    /// The push does not concern the service.
    NotTracked { why: String },
    /// It is what the policy picks, but only a person deploys it.
    Quarantined { digest: Digest, why: String },
    /// Give the lock back, wait until then, decide again.
    Later { at: Moment, why: String },
    /// Give the lock back and ask; `expires` is when to drop the question.
    Ask {
        digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        expires: Moment,
        /// One sentence, for a person.
        question: String,
    },
    /// It cannot run or cannot be had. A person should know.
    Refused { why: String },
    /// Nothing to do, for another reason.
    Ignore { why: String },
}

/// What [`decide`] wants to know of the registry.
pub fn lookup(spec: &ServiceSpec, order: &Order, release: &Release, running: Option<&Digest>) -> Lookup {
    if spec.image.ecr().is_none() {
        return Lookup::Nothing;
    }
    match order {
        Order::Digest(digest) => Lookup::Digest(digest.clone()),
        Order::Previous => release.before(running).map_or(Lookup::Nothing, |d| Lookup::Digest(d.digest.clone())),
        Order::Look | Order::Release(_) => match Policy::of(spec) {
            Policy::Tag(tag) => Lookup::Tag(tag),
            Policy::None(_) => Lookup::Nothing,
            _ => Lookup::Tagged,
        },
    }
}

/// The image whose platforms are worth looking up before deciding: the one that would be deployed. One `BatchGetImage`.
pub fn favourite<'a>(question: &Question<'a>) -> Option<&'a Candidate> {
    choose(question).ok()?.image
}

/// Decides. Total: every question has an answer. Which pushes were heard of, in which order and how often, makes no
/// difference to what is deployed in the end.
pub fn decide(question: &Question<'_>) -> Decision {
    if let Some(digest) = unfinished(question) {
        return Decision::Follow { digest };
    }
    let choice = match choose(question) {
        Ok(choice) => choice,
        Err(decision) => return decision,
    };
    if let Some(why) = under_way(question, &choice) {
        return Decision::Ignore { why };
    }
    let objection = choice.image.and_then(|image| image.objection(question.spec.architecture));
    if let Some(why) = objection {
        return Decision::Refused { why: format!("{} cannot be deployed: {why}", choice.name()) };
    }
    if !question.order.is_explicit()
        && let Some(decision) = later(question, &choice).or_else(|| ask(question, &choice))
    {
        return decision;
    }
    let Choice { digest, tag, hold, image: _ } = choice;
    Decision::Deploy { digest, tag, hold }
}

/// A rollout of an execution that ended before it told the outcome. One that has timed out is looked at once by each
/// execution (R6). A person who says what to deploy waits for none but the one that this order began: a Lambda that is
/// started again would take "the one before" for another.
fn unfinished(question: &Question<'_>) -> Option<Digest> {
    let rolling = question.release.rolling.as_ref()?;
    let is_ours = rolling.execution == question.execution;
    let is_open = match question.order.is_explicit() {
        true => is_ours && !rolling.has_timed_out,
        false => !(is_ours && rolling.has_timed_out),
    };
    is_open.then(|| rolling.digest.clone())
}

/// What has timed out is left to ECS (R6), and is not begun once more beside itself.
fn under_way(question: &Question<'_>, choice: &Choice<'_>) -> Option<String> {
    let rolling = question.release.rolling.as_ref().filter(|_| !question.order.is_explicit())?;
    let is_same = rolling.digest == choice.digest;
    is_same.then(|| format!("the rollout to {} has timed out, and ECS may still be at it", choice.name()))
}

/// What would be deployed if it can run and the time is right.
struct Choice<'a> {
    digest: Digest,
    tag: Option<String>,
    /// `None` for an image that is not in ECR.
    image: Option<&'a Candidate>,
    hold: Option<Hold>,
}

impl Choice<'_> {
    fn name(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{tag} ({})", self.digest.short()),
            None => self.digest.short().to_owned(),
        }
    }
}

fn choose<'a>(question: &Question<'a>) -> Result<Choice<'a>, Decision> {
    match question.order {
        Order::Look => picked(question, question.release),
        // Whether the record has been written yet makes no difference.
        Order::Release(digest) => picked(question, &question.release.released(digest)),
        Order::Digest(digest) => ordered(question, digest, None),
        Order::Previous => match question.release.before(question.running) {
            Some(before) => ordered(question, &before.digest, before.tag.clone()),
            None => Err(Decision::Refused {
                why: format!(
                    "no image of service {} is known to have run well before; name a digest with \"to\"",
                    question.spec.name
                ),
            }),
        },
    }
}

/// What a person orders.
fn ordered<'a>(question: &Question<'a>, digest: &Digest, tag: Option<String>) -> Result<Choice<'a>, Decision> {
    let spec = question.spec;
    if question.running == Some(digest) {
        return Err(Decision::AlreadyRunning { digest: digest.clone() });
    }
    let policy = Policy::of(spec);
    let image = question.candidates.iter().find(|image| image.digest == *digest);
    if spec.image.ecr().is_some() && !image.is_some_and(Candidate::is_image) {
        let why = format!("{} has no image {digest}; it may have been deleted", spec.image.repository);
        return Err(Decision::Refused { why });
    }
    let tags = image.map(|image| &image.tags);
    let taken = tags.and_then(|tags| tags.iter().filter(|tag| policy.takes(tag)).max());
    let is_picked = matches!(&policy, Policy::Tag(_) if taken.is_some());
    let hold = Hold { at: question.now, aside: question.running.cloned() };
    Ok(Choice {
        digest: digest.clone(),
        tag: tag.or_else(|| taken.or_else(|| tags?.iter().find(|tag| not_for_people(tag).is_none())).cloned()),
        image,
        hold: (!is_picked && !matches!(policy, Policy::None(_))).then_some(hold),
    })
}

/// What the policy picks: the first of its images that is not barred, if that is better than what runs.
fn picked<'a>(question: &Question<'a>, release: &Release) -> Result<Choice<'a>, Decision> {
    let spec = question.spec;
    if let Some(why) = question.push.and_then(|push| objection(spec, push, question.account)) {
        return Err(Decision::NotTracked { why });
    }
    let policy = Policy::of(spec);
    if let Policy::None(why) = policy {
        return Err(Decision::NotTracked { why: format!("service {} tracks nothing: {why}", spec.name) });
    }
    let mut barred = None;
    for pick in policy.ranked(question.candidates) {
        let digest = &pick.image.digest;
        if question.running == Some(digest) {
            return Err(barred.unwrap_or_else(|| Decision::AlreadyRunning { digest: digest.clone() }));
        }
        match bar(&policy, release, &pick) {
            Some(why) => barred = barred.or(Some(Decision::Quarantined { digest: digest.clone(), why })),
            None => {
                return match step_back(question, &policy, release, &pick) {
                    Some(why) => Err(barred.unwrap_or(Decision::Ignore { why })),
                    None => {
                        Ok(Choice { digest: digest.clone(), tag: Some(pick.tag), image: Some(pick.image), hold: None })
                    }
                };
            }
        }
    }
    let why = format!("{} has no image with {policy}; it may have been deleted", spec.image.repository);
    Err(barred.unwrap_or(Decision::Ignore { why }))
}

/// Why only a person deploys this image (R8).
fn bar(policy: &Policy, release: &Release, pick: &Pick<'_>) -> Option<String> {
    let Candidate { digest, pushed_at, .. } = pick.image;
    if let Some(Quarantine { at, why }) = release.quarantine.get(digest) {
        return Some(format!(
            "{} ({}) is in quarantine since {at}: {why}. A new image is rolled again; this one when a person releases it",
            pick.tag,
            digest.short()
        ));
    }
    let Hold { at, aside } = release.hold()?;
    // A tag that moved since then is new, though its image may be old (I6).
    let is_new = *pushed_at > *at || (matches!(policy, Policy::Tag(_)) && aside.as_ref() != Some(digest));
    (!is_new).then(|| {
        format!(
            "a person chose another image at {at}, after {} ({}) was pushed. A newer image is rolled again; this one when a person releases it",
            pick.tag,
            digest.short()
        )
    })
}

/// Why deploying this would be going back (I8): what runs was picked by this policy, and its image is no longer there.
fn step_back(question: &Question<'_>, policy: &Policy, release: &Release, pick: &Pick<'_>) -> Option<String> {
    let is_running = |image: &&Candidate| Some(&image.digest) == question.running;
    let runs = question.candidates.iter().find(is_running);
    if runs.is_some_and(|runs| runs.tags.iter().any(|tag| policy.takes(tag))) {
        return None;
    }
    let current = release.current.as_ref().filter(|current| Some(&current.digest) == question.running)?;
    let tag = current.tag.as_ref().filter(|tag| policy.takes(tag))?;
    let is_older = match policy {
        Policy::Semver { .. } => policy.version(&pick.tag) < policy.version(tag),
        Policy::Glob(_) | Policy::Regex(_) => pick.image.pushed_at <= current.at,
        Policy::Tag(_) | Policy::None(_) => false,
    };
    is_older.then(|| format!("{tag} runs, and the best that the registry has left is the older {}", pick.tag))
}

/// Freeze windows and the minimum interval (I11).
fn later(question: &Question<'_>, choice: &Choice<'_>) -> Option<Decision> {
    let rules = &question.spec.rollout;
    let interval = i64::from(rules.minimum_interval);
    let free = question.release.began.map(|began| began.plus_seconds(interval)).filter(|free| *free > question.now);
    let thawed = freeze::ends(&rules.freeze, question.now);
    let at = free.max(thawed)?;
    let reason = if thawed.is_some_and(|thawed| thawed >= at) {
        "a freeze window is on".to_owned()
    } else {
        format!("the last rollout began less than {interval} seconds ago")
    };
    let why = format!(
        "{reason}, so {} waits until {}; if a newer image comes by then, that one is rolled",
        choice.name(),
        at.up_to_second()
    );
    Some(Decision::Later { at: at.up_to_second(), why })
}

/// The question to a person, unless this digest has been said yes to (I12).
fn ask(question: &Question<'_>, choice: &Choice<'_>) -> Option<Decision> {
    let Question { spec, approved, execution, now, release, .. } = *question;
    if spec.rollout.approval == Approval::None {
        return None;
    }
    let digest = &choice.digest;
    let is_yes = approved == Some(digest);
    let name = choice.name();
    let stale = approved.filter(|_| !is_yes).map(Digest::short);
    let stale = stale.map(|other| format!(" The yes was for {other}, which is no longer what would be rolled"));
    let stale = stale.unwrap_or_default();
    let mut expires = now.plus_seconds(i64::from(spec.rollout.approval_expires)).up_to_second();
    match release.asked.as_ref().filter(|asked| asked.digest == *digest) {
        Some(asked) if asked.is_approved => return None,
        Some(asked) if is_yes && now <= asked.expires => return None,
        Some(asked) if is_yes => {
            let why = format!("the yes to {name} came after the question had expired at {}", asked.expires);
            return Some(Decision::Ignore { why });
        }
        Some(asked) if now <= asked.expires && asked.execution != execution => {
            let until = asked.expires;
            let why = format!("{} has asked about {name} already, and waits until {until}.{stale}", asked.execution);
            return Some(Decision::Ignore { why });
        }
        Some(asked) if now <= asked.expires => expires = asked.expires,
        None if is_yes => return None,
        _ => {}
    }
    let from = question.running.map_or("an unknown image", Digest::short);
    let question = format!("Roll service {} from {from} to {name}?{stale}", spec.name);
    Some(Decision::Ask { digest: digest.clone(), tag: choice.tag.clone(), expires, question })
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
