//! What `moat-provision` does: lock, stages in their order, unlock. It follows the state machine's flow.

use crate::call::Hand;
use crate::parameters::Store;
use crate::world::World;
use futures_util::future::try_join;
use moat::error::{Failure, Kind};
use moat::ingress::{Ingress, IngressSpec};
use moat::network::{Network, NetworkStageSpec};
use moat::parameters;
use moat::pass::{self, Choice, Everything, Outcome, Report};
use moat::plan::Bindings;
use moat::rollout::Release;
use moat::service::{Service, ServiceStageSpec};
use moat::spec::{EndpointService, Needs, NetworkSpec, ServiceSpec};
use moat::stage::{Cloud, Stage};
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub network: NetworkSpec,
    pub service: ServiceSpec,
    /// What other services of the network need of its endpoints.
    pub needs: BTreeSet<EndpointService>,
}

impl Asked {
    /// What the network stage plans from, with the needs of the one service.
    pub fn network(&self) -> NetworkStageSpec {
        let mut needs = Needs::of([&self.service], "us-east-1");
        needs.services.extend(&self.needs);
        NetworkStageSpec { network: self.network.clone(), needs }
    }

    pub fn ingress(&self, given: &Bindings) -> IngressSpec {
        IngressSpec { network: self.network.clone(), service: self.service.clone(), given: given.clone() }
    }

    pub fn service(&self, given: &Bindings) -> ServiceStageSpec {
        ServiceStageSpec {
            network: self.network.clone(),
            service: self.service.clone(),
            given: given.clone(),
            region: "us-east-1".into(),
            release: Release::default(),
            tried: None,
            keeps_image: false,
            execution_role: "arn:aws:iam::123456789012:role/moat-execution".into(),
        }
    }

    pub(crate) fn owners(&self) -> [Owner; 2] {
        [Owner::Network(self.network.name.clone()), Owner::Service(self.service.name.clone())]
    }
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Settled,
    Failed(Failure),
    /// It stopped in the middle and left its lock.
    Killed,
}

/// One run of `moat-provision`.
pub struct Execution {
    hand: Hand,
    asked: Asked,
}

/// Passes of one stage until the machine gives up.
const BUDGET: u32 = 120;
/// Passes with setbacks and without a change, in a row, until the machine gives up (C1, C8: about a minute).
const SETBACKS: u32 = 12;
/// How often the same step is taken until the machine gives up.
const TAKEN: u32 = 12;
/// Seconds until a failed Lambda is started again, and how often.
const RETRY: (u64, u32) = (10, 8);
/// Seconds between two tries to take a lock, and how many.
pub(crate) const LOCKED: (u64, u32) = (10, 400);

impl Execution {
    pub fn new(world: &World, name: &str, asked: &Asked) -> Self {
        Self { hand: Hand::new(world, name), asked: asked.clone() }
    }

    pub async fn run(self) -> End {
        let world = self.hand.world.clone();
        let name = self.hand.execution.clone();
        let end = self.hand.mortal(self.provision()).await.unwrap_or(End::Killed);
        world.change(|state| {
            state.ended.insert(name.clone(), state.now);
            let line = format!("[{:>8} ms, {name}] ended: {end:?}", state.now);
            state.log.push(line);
        });
        end
    }

    async fn provision(&self) -> End {
        if let Err(failure) = self.lock().await {
            return End::Failed(failure);
        }
        let result = self.stages().await;
        if result.is_err() {
            // What was just made must be visible to whoever comes next.
            self.hand.world.clock().sleep(self.hand.world.read(|state| state.rules.quiet())).await;
        }
        let unlocked = self.unlock().await;
        match result.and(unlocked) {
            Ok(()) => End::Settled,
            Err(failure) => End::Failed(failure),
        }
    }

    async fn stages(&self) -> Result<(), Failure> {
        let (hand, asked) = (&self.hand, &self.asked);
        let (nothing, all_of_it) = (Bindings::default(), &Everything);
        let (mut network, mut door) = (Vec::new(), Vec::new());
        let net = asked.network();
        let ready = settle::<Network>(hand, all_of_it, &net, &nothing, &nothing, Until::Ready, &mut network).await?;
        let given = ready.bindings;
        let spec = asked.ingress(&given);
        let ready = settle::<Ingress>(hand, all_of_it, &spec, &given, &nothing, Until::Ready, &mut door).await?;
        let mut all = given.clone();
        all.extend(&ready.bindings);
        let inside = async {
            settle::<Network>(hand, all_of_it, &net, &nothing, &given, Until::Settled, &mut network).await?;
            let spec = asked.service(&all);
            settle::<Service>(hand, all_of_it, &spec, &all, &nothing, Until::Settled, &mut network).await
        };
        let door = settle::<Ingress>(hand, all_of_it, &spec, &given, &ready.bindings, Until::Settled, &mut door);
        try_join(inside, door).await.map(|_| ())
    }

    async fn lock(&self) -> Result<(), Failure> {
        for owner in self.asked.owners() {
            let mut tries = 0;
            let me = &self.hand.execution;
            while let Err(failure) =
                self.hand.lambda(async |hand| take(hand, &parameters::lock(&owner), me).await).await
            {
                tries += 1;
                if !failure.kind.is_retryable() || tries == LOCKED.1 {
                    return Err(failure);
                }
                self.hand.world.clock().sleep(LOCKED.0 * 1000).await;
            }
        }
        Ok(())
    }

    async fn unlock(&self) -> Result<(), Failure> {
        let me = &self.hand.execution;
        for owner in self.asked.owners() {
            again(&self.hand, async |hand| moat::lock::give_back(&Store(hand), &parameters::lock(&owner), me).await)
                .await?;
        }
        Ok(())
    }
}

pub(crate) async fn take(hand: &Hand, name: &str, me: &str) -> Result<(), Failure> {
    match moat::lock::take(&Store(hand), name, me).await? {
        None => Ok(()),
        Some(holder) => Err(Failure::new(Kind::Locked, format!("{name} is held by {holder}"))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    Ready,
    Settled,
}

/// `moat-settle`: pass, enough?, wait, pass. The report is the last one; the changes of all come after those given.
pub(crate) async fn settle<S>(
    hand: &Hand,
    choice: &impl Choice<S>,
    spec: &S::Spec,
    given: &Bindings,
    before: &Bindings,
    until: Until,
    changes: &mut Vec<String>,
) -> Result<Report<S::Facts>, Failure>
where
    S: Stage,
    S::Step: fmt::Display,
    Hand: Cloud<S>,
{
    let mut before = before.clone();
    let mut in_a_row = 0;
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..BUDGET {
        let report = again(hand, async |hand| pass::pass_of::<S, _>(choice, hand, spec, given, &before).await).await?;
        note(hand, S::NAME, &report);
        changes.extend_from_slice(&report.changes);
        let is_enough = match until {
            Until::Ready => report.is_ready,
            Until::Settled => report.outcome == Outcome::Settled,
        };
        if is_enough {
            return Ok(report);
        }
        in_a_row = if report.setbacks.is_empty() || !report.changes.is_empty() { 0 } else { in_a_row + 1 };
        if in_a_row == SETBACKS
            && let Some(last) = report.setbacks.last()
        {
            return Err(last.clone());
        }
        for step in &report.changes {
            let times = taken.entry(step.clone()).or_default();
            *times += 1;
            if *times == TAKEN {
                return Err(Failure::new(Kind::Unexpected, format!("{step}: taken {TAKEN} times, to no effect")));
            }
        }
        hand.world.clock().sleep(u64::from(report.retry_after) * 1000).await;
        before = report.bindings;
    }
    Err(Failure::new(Kind::Unavailable, format!("{} is still not settled after {BUDGET} passes", S::NAME)))
}

/// The Retry of a state: the same request again.
pub(crate) async fn again<T>(hand: &Hand, work: impl AsyncFn(&Hand) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        match hand.lambda(async |hand| work(hand).await).await {
            Err(failure) if failure.kind.is_retryable() && tries < RETRY.1 => tries += 1,
            result => return result,
        }
        hand.world.clock().sleep(RETRY.0 * 1000).await;
    }
}

fn note<F>(hand: &Hand, stage: &str, report: &Report<F>) {
    hand.world.change(|state| {
        let Report { outcome, is_ready, waiting, setbacks, retry_after, .. } = report;
        let setbacks: Vec<&str> = setbacks.iter().map(|failure| failure.message.as_str()).collect();
        let line = format!(
            "[{:>8} ms, {}] {stage} {outcome:?}, ready: {is_ready}, waits for {waiting:?}, setbacks {setbacks:?}, again in {retry_after} s",
            state.now, hand.execution
        );
        state.log.push(line);
    });
}
