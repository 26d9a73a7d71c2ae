//! One world from one seed: how it begins, what goes wrong in it, and what must hold in the end.

use futures_util::future::join_all;
use moat::ingress::Ingress;
use moat::network::Network;
use moat::pass::{Look, look};
use moat::service::Service;
use moat::spec::{Nat, NetworkSpec, ServiceSpec};
use crate::{Asked, Chance, End, Execution, Fault, Faults, Rules, World};
use std::fmt::Write as _;

pub const IMAGE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest";

/// A network `main` with the service `web` in it.
///
/// # Panics
/// Never: the documents are constants.
pub fn asked(zones: u8, nat: Nat) -> Asked {
    let network = serde_json::json!({ "name": "main", "zones": zones, "egress": { "nat": nat } });
    let service = serde_json::json!({ "name": "web", "network": "main", "image": IMAGE, "port": 8080, "tasks": 2 });
    let network: NetworkSpec = serde_json::from_value(network).expect("a constant document");
    let service: ServiceSpec = serde_json::from_value(service).expect("a constant document");
    Asked { network, service }
}

/// A digest that says nothing but which one it is.
pub fn digest(number: u64) -> String {
    format!("sha256:{number:064x}")
}

/// An empty account that has the image.
pub fn empty(seed: u64) -> World {
    let world = World::new(seed);
    world.push(IMAGE, &digest(1));
    world
}

/// An account in which a provision of this has ended well.
///
/// # Panics
/// When it has not.
pub fn settled(seed: u64, asked: &Asked) -> World {
    let world = empty(seed);
    let end = world.run(Execution::new(&world, "first", asked).run());
    assert_eq!(end, End::Settled, "{}", world.story());
    world
}

/// Everything that `without` can take away.
pub const RESOURCES: [&str; 29] = [
    "internet-gateway",
    "subnet public-a",
    "subnet public-b",
    "subnet private-a",
    "subnet private-b",
    "elastic-ip a",
    "elastic-ip b",
    "nat-gateway a",
    "nat-gateway b",
    "route-table public",
    "route-table private-a",
    "route-table private-b",
    "default route of route-table public",
    "default route of route-table private-a",
    "default route of route-table private-b",
    "vpc-endpoint s3",
    "security-group load-balancer",
    "security-group tasks",
    "load-balancer",
    "target-group",
    "listener http",
    "cluster",
    "log-group",
    "task-definition",
    "service",
    "nat-gateway c",
    "subnet private-c",
    "route-table private-c",
    "elastic-ip c",
];

/// What a run was like, for the counts at the end.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub worlds: u64,
    pub executions: u64,
    pub calls: u64,
    pub faults: u64,
    pub killed: u64,
    pub failed: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let Self { worlds, executions, calls, faults, killed, failed } = other;
        self.worlds += worlds;
        self.executions += executions;
        self.calls += calls;
        self.faults += faults;
        self.killed += killed;
        self.failed += failed;
    }
}

/// A world from a seed, with what is asked of it.
pub struct Trial {
    pub world: World,
    pub asked: Asked,
    chance: Chance,
    pub tally: Tally,
}

impl Trial {
    /// One of: nothing, all of it, all but some of it, another network's all, half of it.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x6d6f_6174);
        let before = any(&mut chance);
        let mut asked = before.clone();
        let world = match chance.between(0, 4) {
            0 => empty(seed),
            1 => settled(seed, &before),
            2 => (0..chance.between(1, 4)).fold(settled(seed, &before), |world, _| {
                let there: Vec<&str> = RESOURCES.into_iter().filter(|name| is_there(&world, name)).collect();
                let name = chance.one_of(&there);
                world.without(name)
            }),
            3 => {
                let world = settled(seed, &before);
                asked = changed(&before, &mut chance);
                if chance.percent(30) {
                    world.push(IMAGE, &digest(2));
                }
                world
            }
            _ => {
                let fault = if chance.percent(50) { Fault::KilledBefore } else { Fault::KilledAfter };
                let rules = Rules::lagging(&mut chance);
                let world = empty(seed).with(rules, Faults::at(chance.between(0, 250), fault));
                world.run(Execution::new(&world, "first", &before).run());
                asked = if chance.percent(30) { changed(&before, &mut chance) } else { before };
                world
            }
        };
        let rules = Rules::lagging(&mut chance);
        let faults = Faults::some(u32::try_from(chance.between(0, 8)).unwrap_or(0), chance.between(1, 12));
        let quiet = rules.quiet();
        let world = world.with(rules, faults);
        world.wait(quiet);
        Self { world, asked, chance, tally: Tally { worlds: 1, ..Tally::default() } }
    }

    /// Executions with faults, `abreast` at once, and then one in peace.
    ///
    /// # Panics
    /// When the one in peace does not settle everything.
    pub fn run(&mut self, abreast: u64) {
        for round in 0..3 {
            let starts: Vec<u64> = (0..abreast).map(|_| self.chance.between(0, 20_000)).collect();
            let executions = starts.into_iter().enumerate().map(|(at, start)| {
                let execution = Execution::new(&self.world, &format!("{round}-{at}"), &self.asked);
                let clock = self.world.clock().clone();
                async move {
                    clock.sleep(start).await;
                    execution.run().await
                }
            });
            let ends = self.world.run(join_all(executions));
            self.tally.executions += ends.len() as u64;
            self.tally.killed += ends.iter().filter(|end| **end == End::Killed).count() as u64;
            for end in &ends {
                if let End::Failed(failure) = end {
                    assert!(failure.kind.is_retryable(), "nobody is to blame but AWS, yet it ended as {end:?}");
                    self.tally.failed += 1;
                }
            }
            let quiet = self.world.read(|state| state.rules.quiet());
            self.world.wait(quiet);
        }
        self.peace();
    }

    /// One execution to which nothing happens settles everything, and then there is nothing to do.
    ///
    /// # Panics
    /// When it does not.
    pub fn peace(&mut self) {
        self.world.change(|state| {
            self.tally.calls += state.calls;
            self.tally.faults += state.struck.len() as u64;
            state.faults = Faults::none();
        });
        let end = self.world.run(Execution::new(&self.world, "peace", &self.asked).run());
        self.tally.executions += 1;
        assert_eq!(end, End::Settled, "an execution in peace settles everything");
        must_be_settled(&self.world, &self.asked);
    }
}

/// A fresh look finds nothing to do, and everything is there once.
///
/// # Panics
/// When it is not so, with the plan.
pub fn must_be_settled(world: &World, asked: &Asked) {
    let plan = plan(world, asked);
    assert!(plan.is_empty(), "there is nothing to do after a provision, but:\n{plan}");
    let wrong = world.census(asked);
    assert!(wrong.is_empty(), "everything is there once: {}", wrong.join("; "));
}

/// What the three stages would do, a line each; empty when all is settled.
pub fn plan(world: &World, asked: &Asked) -> String {
    let hand = world.hand();
    let mut text = String::new();
    world.run(async {
        let network = look::<Network, _>(&hand, &asked.network).await;
        let Some(network) = say(&mut text, network) else { return };
        let mut given = network.bindings;
        let ingress = look::<Ingress, _>(&hand, &asked.ingress(&given)).await;
        let Some(ingress) = say(&mut text, ingress) else { return };
        given.extend(&ingress.bindings);
        let service = look::<Service, _>(&hand, &asked.service(&given)).await;
        say(&mut text, service);
    });
    text
}

fn say<F>(text: &mut String, look: Result<Look<F>, moat::error::Failure>) -> Option<Look<F>> {
    match look {
        Ok(look) => {
            for step in &look.steps {
                let _ = writeln!(text, "{}", step.step);
            }
            for waiting in &look.waiting {
                let _ = writeln!(text, "wait for {waiting}");
            }
            for problem in &look.problems {
                let _ = writeln!(text, "refuse: {problem}");
            }
            Some(look)
        }
        Err(failure) => {
            let _ = writeln!(text, "{}: {failure}", failure.kind);
            None
        }
    }
}

fn any(chance: &mut Chance) -> Asked {
    let nat = *chance.one_of(&[Nat::Single, Nat::PerZone]);
    asked(*chance.one_of(&[2, 2, 3]), nat)
}

/// The same, but for something that may be changed later.
fn changed(before: &Asked, chance: &mut Chance) -> Asked {
    let mut after = before.clone();
    match chance.between(0, 5) {
        0 | 1 => {
            after.network.egress.nat = match before.network.egress.nat {
                Nat::Single => Nat::PerZone,
                Nat::PerZone => Nat::Single,
            };
        }
        2 => after.network.zones = 3,
        3 => {
            after.network.zones = 3;
            after.network.egress.nat = Nat::PerZone;
        }
        4 => (after.service.port, after.service.tasks) = (9090, 3),
        _ => {
            after.service.cpu = 512;
            after.service.memory = 1024;
            after.service.load_balancer.deregistration_delay = 60;
        }
    }
    after
}

fn is_there(world: &World, name: &str) -> bool {
    let name = name.trim_start_matches("default route of ");
    name == "task-definition" || world.count(name) == 1
}
