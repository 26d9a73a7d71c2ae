//! The engine: observe once, plan once, apply what was planned. No loop, no sleep.
//!
//! A pass that changed something never claims to be settled; only the next one can, by finding nothing to do. Steps
//! that depend on nothing in common run side by side. When a step fails in a way that may pass (a throttle, a lost
//! answer, a resource that is not visible yet), the pass still finishes what it can and reports a *setback*; the next
//! pass observes first, and so learns what really happened.

use crate::error::{Failure, Kind};
use crate::name::Logical;
use crate::plan::{Bindings, Bucket, Hazard, POLL, Plan, Problem, Refusal, Step};
use crate::stage::{Cloud, Done, Stage};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds to leave AWS alone after a setback. Long enough for what was just created to become visible.
pub const SETBACK: u32 = 5;
/// Seconds after a pass that changed things: then only the empty plan is missing.
const SETTLING: u32 = 1;
/// How many steps run at once. EC2's bucket for changes holds 50 and refills at 5 a second.
const ABREAST: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A fresh observation gave an empty plan.
    Settled,
    /// Steps were taken; look again.
    Changed,
    /// Nothing could be done now; look again later.
    Waiting,
}

/// A step as plain data, for replies and reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    pub step: String,
    pub hazard: Hazard,
}

impl Sentence {
    pub fn of(step: &impl Step) -> Self {
        Self { step: step.to_string(), hazard: step.hazard() }
    }
}

/// What a pass did and found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<F> {
    pub outcome: Outcome,
    /// Whether later stages can begin: everything that they build on exists.
    pub is_ready: bool,
    /// The steps taken, in the order in which they were done.
    pub changes: Vec<String>,
    pub waiting: Vec<String>,
    /// Steps that this pass was not to take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Sentence>,
    /// Steps that failed in a way that may pass by itself.
    pub setbacks: Vec<Failure>,
    /// Seconds until it is worth looking again; 0 when settled.
    pub retry_after: u32,
    pub bindings: Bindings,
    pub facts: F,
}

/// What a pass would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look<F> {
    pub steps: Vec<Sentence>,
    /// The logical names that the steps make: what will be new in the account.
    #[serde(default)]
    pub makes: Vec<Logical>,
    pub waiting: Vec<String>,
    /// Why the stage refuses, if it does; then there are no steps.
    pub problems: Vec<Problem>,
    pub bindings: Bindings,
    pub facts: F,
}

/// Which steps of a plan a pass takes. A provision takes all, [`Everything`]; a repair of drift takes some.
pub trait Choice<S: Stage> {
    /// `bound` holds what was given and what was observed.
    fn choose(&self, spec: &S::Spec, observed: &S::Observed, plan: Plan<S::Step>, bound: &Bindings) -> Chosen<S::Step>;
}

/// A plan with the steps that are taken, and what is withheld of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    pub plan: Plan<T>,
    pub withheld: Vec<Sentence>,
}

/// Every step is taken.
#[derive(Debug, Clone, Copy)]
pub struct Everything;

impl<S: Stage> Choice<S> for Everything {
    fn choose(&self, _: &S::Spec, _: &S::Observed, plan: Plan<S::Step>, _: &Bindings) -> Chosen<S::Step> {
        Chosen { plan, withheld: Vec::new() }
    }
}

/// Observes and plans, and changes nothing.
pub async fn look<S: Stage, C: Cloud<S>>(cloud: &C, spec: &S::Spec) -> Result<Look<S::Facts>, Failure> {
    let observed = cloud.observe(spec).await?;
    let (plan, problems) = match S::plan(spec, &observed) {
        // A halt is not told here: it follows on steps that have not been taken yet.
        Ok(plan) => (plan, Vec::new()),
        Err(refusal) => (Default::default(), refusal.problems),
    };
    Ok(Look {
        steps: plan.steps.iter().map(Sentence::of).collect(),
        makes: plan.steps.iter().filter_map(Step::makes).collect(),
        waiting: plan.waiting.into_iter().map(|waiting| waiting.on).collect(),
        problems,
        bindings: S::bindings(spec, &observed),
        facts: S::facts(spec, &observed),
    })
}

/// One pass.
///
/// `given` holds the bindings of earlier stages, and those of the pass before: an id among the latter that cannot be
/// seen yet makes this pass wait, because planning now would create its twin.
///
/// # Errors
/// `Moat.Refused` with every reason; otherwise the kind of the observation or of the first step that failed for good.
pub async fn pass<S: Stage, C: Cloud<S>>(
    cloud: &C,
    spec: &S::Spec,
    given: &Bindings,
    before: &Bindings,
) -> Result<Report<S::Facts>, Failure> {
    pass_of(&Everything, cloud, spec, given, before).await
}

/// One pass that takes the steps of a choice. It is settled when nothing is left but what was withheld.
///
/// # Errors
/// As those of [`pass`].
pub async fn pass_of<S: Stage, C: Cloud<S>>(
    choice: &impl Choice<S>,
    cloud: &C,
    spec: &S::Spec,
    given: &Bindings,
    before: &Bindings,
) -> Result<Report<S::Facts>, Failure> {
    let observed = cloud.observe(spec).await?;
    let unseen = unseen(before, given, &S::visible(&observed));
    let mut bindings = given.clone();
    if !unseen.is_empty() {
        bindings.extend(before);
        return Ok(Report {
            outcome: Outcome::Waiting,
            is_ready: false,
            changes: Vec::new(),
            waiting: unseen,
            withheld: Vec::new(),
            setbacks: Vec::new(),
            retry_after: SETBACK,
            bindings,
            facts: S::facts(spec, &observed),
        });
    }
    let plan = S::plan(spec, &observed).map_err(refused::<S>)?;
    bindings.extend(&S::bindings(spec, &observed));
    let facts = S::facts(spec, &observed);
    let Chosen { plan, withheld } = choice.choose(spec, &observed, plan, &bindings);

    let is_empty = plan.is_empty();
    let mut retry_after = plan.waiting.iter().map(|waiting| waiting.retry_after).min();
    let mut waiting: Vec<String> = plan.waiting.into_iter().map(|waiting| waiting.on).collect();
    let applied = apply::<S, C>(cloud, spec, plan.steps, before, &mut bindings).await?;
    // A halt says what was done before it, so it waits until that is done.
    if !plan.halts.is_empty() && applied.setbacks.is_empty() {
        return Err(refused::<S>(Refusal { problems: plan.halts }));
    }
    if !applied.changes.is_empty() {
        retry_after = Some(retry_after.map_or(SETTLING, |after| if waiting.is_empty() { SETTLING } else { after }));
    }
    if !applied.setbacks.is_empty() {
        retry_after = Some(SETBACK);
    }
    // Whoever is ready goes on at once, and the next pass with it.
    let is_at_rest = applied.rest == 0 && applied.unpaid.is_empty();
    let refill = applied.spent.iter().map(|(bucket, spent)| bucket.seconds(*spent)).max();
    retry_after = refill.max(retry_after).max((applied.rest > 0).then_some(applied.rest));
    waiting.extend(
        applied
            .unpaid
            .into_iter()
            .map(|(bucket, steps)| format!("AWS to take more calls for {}, before {}", bucket.name, counted(steps))),
    );
    waiting.extend(applied.held.into_iter().map(|(missing, steps)| {
        let names: Vec<&str> = missing.iter().map(Logical::as_str).collect();
        format!("{}, before {}", names.join(", "), counted(steps))
    }));
    Ok(Report {
        outcome: match () {
            () if is_empty => Outcome::Settled,
            () if !applied.changes.is_empty() => Outcome::Changed,
            () => Outcome::Waiting,
        },
        // What met a setback may be what the next stage needs: the load balancer's new zone, before tasks run in it (C9).
        is_ready: is_at_rest
            && applied.setbacks.is_empty()
            && S::milestones(spec).iter().all(|name| bindings.has(name)),
        changes: applied.changes,
        waiting,
        withheld,
        setbacks: applied.setbacks,
        retry_after: if is_empty { 0 } else { retry_after.unwrap_or(POLL) },
        bindings,
        facts,
    })
}

fn counted(steps: usize) -> String {
    format!("{steps} more {}", if steps == 1 { "step" } else { "steps" })
}

/// The refusal of a stage as the error that ends an execution.
pub fn refused<S: Stage>(refusal: Refusal) -> Failure {
    Failure::new(Kind::Refused, refusal.to_string())
}

/// What the pass before created and this one cannot see. Ids that came from other stages are not ours to look for.
fn unseen(before: &Bindings, given: &Bindings, visible: &BTreeSet<String>) -> Vec<String> {
    before
        .iter()
        .filter(|(name, id)| !given.has(name) && !visible.contains(*id))
        .map(|(name, id)| format!("{name} {id} to become visible"))
        .collect()
}

struct Applied {
    changes: Vec<String>,
    setbacks: Vec<Failure>,
    /// How many steps lacked what they need to the end of this pass, by the names that were missing.
    held: BTreeMap<Vec<Logical>, usize>,
    /// How many calls were made of those that AWS counts.
    spent: BTreeMap<Bucket, u32>,
    /// How many steps could run but for an empty bucket.
    unpaid: BTreeMap<Bucket, usize>,
    /// Seconds that must pass before the next pass.
    rest: u32,
}

impl Applied {
    fn can_pay(&self, step: &impl Step) -> bool {
        step.bucket().is_none_or(|bucket| self.spent.get(&bucket).is_none_or(|spent| *spent < bucket.holds))
    }
}

/// Runs every step whose needs are bound, side by side, until none is left that can run.
async fn apply<S: Stage, C: Cloud<S>>(
    cloud: &C,
    spec: &S::Spec,
    mut steps: Vec<S::Step>,
    before: &Bindings,
    bindings: &mut Bindings,
) -> Result<Applied, Failure> {
    let mut applied = Applied {
        changes: Vec::new(),
        setbacks: Vec::new(),
        held: BTreeMap::new(),
        spent: BTreeMap::new(),
        unpaid: BTreeMap::new(),
        rest: 0,
    };
    // What a step of this pass makes true was not seen before.
    let seen = bindings.clone();
    let is_met = |need: &Logical, bindings: &Bindings| match need.lasting() {
        Some(fact) => before.has(&fact) && seen.has(&fact),
        None => bindings.has(need),
    };
    let can_run = |step: &S::Step, bindings: &Bindings| step.needs().iter().all(|need| is_met(need, bindings));
    let mut fatal: Option<Failure> = None;
    let mut made: BTreeSet<Logical> = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    loop {
        // After a failure for good nothing new begins, but what is under way is awaited: its id must not be lost.
        while fatal.is_none() && running.len() < ABREAST {
            let Some(at) = steps.iter().position(|step| can_run(step, bindings) && applied.can_pay(step)) else {
                break;
            };
            let step = steps.remove(at);
            if let Some(bucket) = step.bucket() {
                *applied.spent.entry(bucket).or_default() += 1;
            }
            applied.rest = applied.rest.max(step.rest());
            let known = bindings.clone();
            running.push(async move {
                let result = cloud.apply(spec, &step, &known).await;
                (step, result)
            });
        }
        let Some((step, result)) = running.next().await else { break };
        match result {
            Ok(Done::Made(id)) => {
                applied.changes.push(step.to_string());
                if let Some(name) = step.makes() {
                    made.insert(name.clone());
                    bindings.bind(name, id);
                }
            }
            Ok(Done::Changed) => applied.changes.push(step.to_string()),
            Ok(Done::Already) => {
                if step.makes().is_some() {
                    let message = format!("{step}: it exists already but cannot be seen yet");
                    applied.setbacks.push(Failure::new(Kind::Conflict, message));
                } else {
                    applied.changes.push(format!("{step} (it was so already)"));
                }
            }
            Err(failure) if failure.kind.is_retryable() => applied.setbacks.push(failure),
            // AWS decides by the tags of what was made a moment ago, and may not see them yet. If it is denied for
            // good, the next pass is denied too, and makes nothing before.
            Err(failure) if failure.kind == Kind::Denied && step.needs().iter().any(|need| made.contains(need)) => {
                applied.setbacks.push(failure);
            }
            Err(failure) => fatal = fatal.or(Some(failure)),
        }
    }
    if let Some(failure) = fatal {
        return Err(failure);
    }
    for step in &steps {
        if let Some(bucket) = step.bucket().filter(|_| can_run(step, bindings)) {
            *applied.unpaid.entry(bucket).or_default() += 1;
            continue;
        }
        let missing: Vec<Logical> = step.needs().into_iter().filter(|need| !is_met(need, bindings)).collect();
        if missing.iter().filter_map(Logical::lasting).any(|fact| seen.has(&fact)) {
            applied.rest = applied.rest.max(step.patience());
        }
        *applied.held.entry(missing).or_default() += 1;
    }
    Ok(applied)
}
