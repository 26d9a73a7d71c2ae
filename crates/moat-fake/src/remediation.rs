//! What `moat-remediate` does: networks first, then services; for each a lock, a look, what may be mended, a second
//! look, and what is remembered.

use crate::call::Hand;
use crate::execution::{Asked, Until, again, settle};
use crate::parameters::Store;
use crate::world::World;
use moat::drift::conclude::Work;
use moat::drift::looks::{self, Ground, Stages};
use moat::drift::ruling::{PATIENCE, Ruling, Standing};
use moat::drift::{Checked, Conclusion, Inspection, Memory, Permit, Verdict, conclude, inspect, rule};
use moat::error::Failure;
use moat::ingress::Ingress;
use moat::lock::Store as _;
use moat::moment::Moment;
use moat::network::Network;
use moat::parameters;
use moat::plan::Bindings;
use moat::service::{Service, ServiceStageSpec};
use moat::spec::DriftSpec;
use moat::tags::Owner;

/// One run of `moat-remediate` over one network and the service in it.
pub struct Remediation {
    hand: Hand,
    asked: Asked,
    yes: Option<String>,
    only_looks: bool,
}

/// How a run ended. An owner is missing when the execution was killed.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub checked: Vec<Checked>,
}

impl Run {
    /// What was said of the network, and of the service.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.checked.iter().map(|checked| checked.verdict).collect()
    }
}

impl Remediation {
    pub fn new(world: &World, name: &str, asked: &Asked) -> Self {
        Self { hand: Hand::new(world, name), asked: asked.clone(), yes: None, only_looks: false }
    }

    /// With a person's yes to this question.
    #[must_use]
    pub fn with_yes(self, question: &str) -> Self {
        Self { yes: Some(question.to_owned()), ..self }
    }

    /// In mode `plan`: it looks and changes nothing.
    #[must_use]
    pub fn only_looking(self) -> Self {
        Self { only_looks: true, ..self }
    }

    pub async fn run(self) -> Run {
        let (world, name) = (self.hand.world.clone(), self.hand.execution.clone());
        let mut run = Run::default();
        for owner in self.asked.owners() {
            let Some(checked) = self.hand.mortal(self.patiently(&owner)).await else { break };
            world.change(|state| state.log.push(format!("[{:>8} ms, {name}] {checked:?}", state.now)));
            run.checked.push(checked);
        }
        world.change(|state| state.ended.insert(name.clone(), state.now));
        run
    }

    /// Whatever goes on there is left to itself until the next run, but for an open door.
    async fn patiently(&self, owner: &Owner) -> Checked {
        let mut checked = self.one(owner).await;
        for _ in 0..PATIENCE {
            let Some(seconds) = checked.retry_after.filter(|_| !self.only_looks) else { break };
            self.hand.world.clock().sleep(u64::from(seconds) * 1000).await;
            checked = self.one(owner).await;
        }
        checked
    }

    async fn one(&self, owner: &Owner) -> Checked {
        let me = &self.hand.execution;
        let lock = parameters::lock(owner);
        let holder = again(&self.hand, async |hand| moat::lock::take(&Store(hand), &lock, me).await).await;
        let held = match holder {
            Ok(holder) => holder.map(|holder| format!("{owner} is held by {holder}")),
            Err(failure) => return Checked::unreadable(owner, &failure),
        };
        let is_held = held.is_some();
        let checked = match self.checked(owner, held).await {
            Ok(checked) => checked,
            Err(failure) => Checked::unreadable(owner, &failure),
        };
        if is_held {
            return checked;
        }
        // What was just made must be visible to whoever comes next.
        if !checked.changes.is_empty() {
            self.hand.world.clock().sleep(self.hand.world.read(|state| state.rules.quiet())).await;
        }
        let given = again(&self.hand, async |hand| moat::lock::give_back(&Store(hand), &lock, me).await).await;
        given.map_or_else(|failure| Checked::unreadable(owner, &failure), |_| checked)
    }

    async fn checked(&self, owner: &Owner, held: Option<String>) -> Result<Checked, Failure> {
        let parameter = parameters::drift(owner);
        let text = again(&self.hand, async |hand| Store(hand).get(&parameter).await).await?;
        let memory = Memory::read(text.as_deref());
        let yes = self.yes.as_deref();
        let standing = Standing { drift: self.drift(owner), memory: &memory, yes, now: self.now() };
        let looks = self.looks(owner, &standing.permit()).await?;
        let is_mine = held.is_none();
        let ruling = held.into_iter().fold(rule(&standing, &looks), Ruling::standing_back);
        let Conclusion { checked, memory: after } = match ruling.permit.as_ref().filter(|_| !self.only_looks) {
            None => conclude(owner, &standing, &ruling, Work::default(), None),
            Some(permit) => {
                let work = self.work(owner, permit).await;
                let standing = Standing { now: self.now(), ..standing };
                let second = self.looks(owner, &standing.permit()).await;
                conclude(owner, &standing, &ruling, work, Some(second.as_deref()))
            }
        };
        if after != memory && is_mine && !self.only_looks {
            let text = after.text();
            again(&self.hand, async |hand| Store(hand).overwrite(&parameter, &text).await).await?;
        }
        Ok(checked)
    }

    async fn looks(&self, owner: &Owner, permit: &Permit) -> Result<Vec<Inspection>, Failure> {
        let (asked, nothing) = (&self.asked, Bindings::default());
        let network =
            again(&self.hand, async |hand| inspect::<Network, _>(hand, &asked.network(), &nothing, permit).await);
        let network = network.await?;
        if matches!(owner, Owner::Network(_)) {
            return Ok(vec![network]);
        }
        let ground = Ground::from(&network);
        let stages =
            Stages { ingress: |known: &Bindings| asked.ingress(known), service: |all: &Bindings| kept(asked, all) };
        again(&self.hand, async |hand| looks::service(hand, hand, &stages, &ground, permit).await)
            .await
            .map(|seen| seen.looks)
    }

    async fn work(&self, owner: &Owner, permit: &Permit) -> Work {
        let mut work = Work::default();
        if let Err(failure) = self.stages(owner, permit, &mut work.changes).await {
            work.trouble = Some(failure);
        }
        work
    }

    async fn stages(&self, owner: &Owner, permit: &Permit, changes: &mut Vec<String>) -> Result<(), Failure> {
        let (hand, asked, nothing) = (&self.hand, &self.asked, Bindings::default());
        if matches!(owner, Owner::Network(_)) {
            settle::<Network>(hand, permit, &asked.network(), &nothing, &nothing, Until::Settled, changes).await?;
            return Ok(());
        }
        let look = again(hand, async |hand| inspect::<Network, _>(hand, &asked.network(), &nothing, permit).await);
        let mut given = look.await?.bindings;
        let spec = asked.ingress(&given);
        let ingress = settle::<Ingress>(hand, permit, &spec, &given, &nothing, Until::Settled, changes).await?;
        given.extend(&ingress.bindings);
        let spec = kept(asked, &given);
        settle::<Service>(hand, permit, &spec, &given, &nothing, Until::Settled, changes).await?;
        Ok(())
    }

    fn drift(&self, owner: &Owner) -> DriftSpec {
        match owner {
            Owner::Network(_) => self.asked.network.drift,
            Owner::Service(_) => self.asked.service.drift,
        }
    }

    fn now(&self) -> Moment {
        Moment::from_millis(i64::try_from(self.hand.world.clock().now()).unwrap_or(i64::MAX))
    }
}

/// The service as a repair wants it: no other image than the one that was deployed.
fn kept(asked: &Asked, all: &Bindings) -> ServiceStageSpec {
    ServiceStageSpec { keeps_image: true, ..asked.service(all) }
}
