//! What `moat-teardown` does: lock, look at everything, then services, network and parameters in this order, unlock.

use crate::call::Hand;
use crate::execution::{LOCKED, Until, again, settle, take};
use crate::parameters::Store;
use crate::world::World;
use moat::error::{Failure, Kind};
use moat::name::Name;
use moat::parameters;
use moat::pass::{Everything, Look, look};
use moat::plan::{Bindings, Problem};
use moat::spec::Mode;
use moat::stage::{Cloud, Stage};
use moat::tags::Owner;
use moat::teardown::ingress::{IngressTeardown, IngressTeardownSpec};
use moat::teardown::network::{NetworkTeardown, NetworkTeardownSpec, obstacle};
use moat::teardown::record::{RecordTeardown, RecordTeardownSpec};
use moat::teardown::report::Ended;
use moat::teardown::service::{ServiceTeardown, ServiceTeardownSpec};
use moat::teardown::{Order, Report, TeardownFacts, tenants};
use std::collections::BTreeSet;
use std::fmt::Display;

/// How an execution of `moat-teardown` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Removed(Report),
    /// What would go, a line each. Nothing was changed.
    Planned(Vec<String>),
    Failed(Failure),
    Killed,
}

/// One run of `moat-teardown`.
pub struct Teardown {
    hand: Hand,
    order: Order,
}

/// All that is looked at before anything is removed.
#[derive(Default)]
struct Survey {
    steps: Vec<String>,
    problems: Vec<Problem>,
}

impl Survey {
    fn add(&mut self, look: Look<TeardownFacts>) {
        self.steps.extend(look.steps.into_iter().map(|step| step.step));
        self.problems.extend(look.problems);
    }
}

impl Teardown {
    pub fn new(world: &World, name: &str, order: &Order) -> Self {
        Self { hand: Hand::new(world, name), order: order.clone() }
    }

    pub async fn run(self) -> End {
        let (world, name) = (self.hand.world.clone(), self.hand.execution.clone());
        let end = self.hand.mortal(self.tear_down()).await.unwrap_or(End::Killed);
        world.change(|state| {
            state.ended.insert(name.clone(), state.now);
            let line = format!("[{:>8} ms, {name}] ended: {end:?}", state.now);
            state.log.push(line);
        });
        end
    }

    async fn tear_down(&self) -> End {
        let mut locked = Vec::new();
        let result = self.locked(&mut locked).await;
        if result.is_err() {
            self.hand.world.clock().sleep(self.hand.world.read(|state| state.rules.quiet())).await;
        }
        let unlocked = self.unlock(&locked).await;
        match result.and_then(|end| unlocked.map(|()| end)) {
            Ok(end) => end,
            Err(failure) => End::Failed(failure),
        }
    }

    /// The owner is locked before its services are listed, so none is added meanwhile: a provision locks the network too.
    async fn locked(&self, locked: &mut Vec<Owner>) -> Result<End, Failure> {
        let Order { owner, with_services, mode, .. } = &self.order;
        self.lock(owner, locked).await?;
        let services = match owner {
            Owner::Service(name) => BTreeSet::from([name.clone()]),
            Owner::Network(name) => {
                let found = self.services_in(name).await?;
                if let Some(service) = found.first().filter(|_| !with_services) {
                    return Err(Failure::new(Kind::Refused, obstacle::lives_in(name, service).to_string()));
                }
                for service in &found {
                    self.lock(&Owner::Service(service.clone()), locked).await?;
                }
                found
            }
        };
        let survey = self.survey(&services).await?;
        if !survey.problems.is_empty() {
            let lines: Vec<String> = survey.problems.iter().map(ToString::to_string).collect();
            return Err(Failure::new(Kind::Refused, lines.join("\n")));
        }
        if *mode == Mode::Plan {
            return Ok(End::Planned(survey.steps));
        }
        self.remove(&services).await.map(End::Removed)
    }

    /// The services that are recorded for the network, and those that the network shows.
    async fn services_in(&self, network: &Name) -> Result<BTreeSet<Name>, Failure> {
        let recorded = again(&self.hand, async |hand| {
            hand.look("list recorded services", |state| {
                let named = |(key, value): (&String, &String)| {
                    Some((Name::new(key.strip_prefix("/moat/services/")?).ok()?, value.clone()))
                };
                state.parameters.iter().filter_map(named).collect()
            })
            .await
        })
        .await?;
        let spec = self.network(network, &BTreeSet::new());
        let seen = again(&self.hand, async |hand| Cloud::<NetworkTeardown>::observe(hand, &spec).await).await?;
        Ok(tenants::of(network, &recorded, seen.tenants.into_iter().map(|(service, _)| service)))
    }

    fn network(&self, network: &Name, services: &BTreeSet<Name>) -> NetworkTeardownSpec {
        NetworkTeardownSpec { network: network.clone(), services: services.clone() }
    }

    fn service(&self, service: &Name) -> ServiceTeardownSpec {
        ServiceTeardownSpec { service: service.clone(), logs: self.order.logs }
    }

    fn ingress(service: &Name, with: &BTreeSet<Name>) -> IngressTeardownSpec {
        IngressTeardownSpec { service: service.clone(), is_protection_ours: false, with: with.clone() }
    }

    /// The owners whose parameters go: services first.
    fn owners(&self, services: &BTreeSet<Name>) -> Vec<Owner> {
        let network = Some(self.order.owner.clone()).filter(|owner| matches!(owner, Owner::Network(_)));
        services.iter().cloned().map(Owner::Service).chain(network).collect()
    }

    async fn survey(&self, services: &BTreeSet<Name>) -> Result<Survey, Failure> {
        let mut survey = Survey::default();
        for service in services {
            survey.add(self.look::<ServiceTeardown>(&self.service(service)).await?);
            survey.add(self.look::<IngressTeardown>(&Self::ingress(service, services)).await?);
        }
        if let Owner::Network(name) = &self.order.owner {
            survey.add(self.look::<NetworkTeardown>(&self.network(name, services)).await?);
        }
        for owner in self.owners(services) {
            survey.add(self.look::<RecordTeardown>(&RecordTeardownSpec { owner }).await?);
        }
        Ok(survey)
    }

    async fn look<S>(&self, spec: &S::Spec) -> Result<Look<TeardownFacts>, Failure>
    where
        S: Stage<Facts = TeardownFacts>,
        Hand: Cloud<S>,
    {
        again(&self.hand, async |hand| look::<S, _>(hand, spec).await).await
    }

    async fn remove(&self, services: &BTreeSet<Name>) -> Result<Report, Failure> {
        let mut ended = Vec::new();
        for service in services {
            ended.push(self.settle::<ServiceTeardown>(&self.service(service)).await?);
            ended.push(self.settle::<IngressTeardown>(&Self::ingress(service, services)).await?);
        }
        if let Owner::Network(name) = &self.order.owner {
            ended.push(self.settle::<NetworkTeardown>(&self.network(name, services)).await?);
        }
        for owner in self.owners(services) {
            ended.push(self.settle::<RecordTeardown>(&RecordTeardownSpec { owner }).await?);
        }
        Ok(Report::of(&self.order.owner, services.len(), ended))
    }

    async fn settle<S>(&self, spec: &S::Spec) -> Result<Ended, Failure>
    where
        S: Stage<Facts = TeardownFacts>,
        S::Step: Display,
        Hand: Cloud<S>,
    {
        let nothing = Bindings::default();
        let mut changes = Vec::new();
        let until = Until::Settled;
        let report = settle::<S>(&self.hand, &Everything, spec, &nothing, &nothing, until, &mut changes).await?;
        Ok(Ended { changes, facts: report.facts })
    }

    async fn lock(&self, owner: &Owner, locked: &mut Vec<Owner>) -> Result<(), Failure> {
        locked.push(owner.clone());
        let (name, me) = (parameters::lock(owner), &self.hand.execution);
        let mut tries = 0;
        while let Err(failure) = self.hand.lambda(async |hand| take(hand, &name, me).await).await {
            tries += 1;
            if !failure.kind.is_retryable() || tries == LOCKED.1 {
                return Err(failure);
            }
            self.hand.world.clock().sleep(LOCKED.0 * 1000).await;
        }
        Ok(())
    }

    async fn unlock(&self, owners: &[Owner]) -> Result<(), Failure> {
        let me = &self.hand.execution;
        for owner in owners {
            again(&self.hand, async |hand| moat::lock::give_back(&Store(hand), &parameters::lock(owner), me).await)
                .await?;
        }
        Ok(())
    }
}
