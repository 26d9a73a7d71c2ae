//! One world from one seed: how it begins, what goes wrong in it, and what must hold in the end.

use crate::{Asked, Chance, End, Execution, Fault, Faults, Rules, World};
use futures_util::future::join_all;
use moat::ingress::Ingress;
use moat::network::Network;
use moat::pass::{Look, look};
use moat::service::Service;
use moat::spec::{Egress, Nat, NetworkSpec, ServiceSpec};
use std::fmt::Write as _;

pub const IMAGE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest";

/// A network `main` with the service `web` in it.
///
/// # Panics
/// Never: the documents are constants.
pub fn asked(zones: u8, nat: Nat) -> Asked {
    asked_with(zones, Egress::nat(nat))
}

/// The same, with any way out.
///
/// # Panics
/// Never: the documents are constants.
pub fn asked_with(zones: u8, egress: Egress) -> Asked {
    let network = serde_json::json!({ "name": "main", "zones": zones, "egress": egress });
    let service = serde_json::json!({ "name": "web", "network": "main", "image": IMAGE, "port": 8080, "tasks": 2 });
    let network: NetworkSpec = serde_json::from_value(network).expect("a constant document");
    let service: ServiceSpec = serde_json::from_value(service).expect("a constant document");
    Asked { network, service, needs: Default::default() }
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
    /// Unused twins that were found and removed.
    pub twins: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let Self { worlds, executions, calls, faults, killed, failed, twins } = other;
        self.worlds += worlds;
        self.executions += executions;
        self.calls += calls;
        self.faults += faults;
        self.killed += killed;
        self.failed += failed;
        self.twins += twins;
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

    /// Executions with faults while other people change things at any moment, and then one in peace.
    ///
    /// What people did may make an execution refuse or fail for good; only the last one must not.
    ///
    /// # Panics
    /// When the one in peace does not settle everything.
    pub fn run_among_people(&mut self) {
        for round in 0..3 {
            let deeds: Vec<(u64, usize)> = (0..self.chance.between(1, 3))
                .map(|_| (self.chance.between(0, 300_000), self.chance.between(0, DEEDS.len() as u64 - 1) as usize))
                .collect();
            let people = deeds.into_iter().map(|(at, deed)| {
                let world = self.world.clone();
                async move {
                    world.clock().sleep(at).await;
                    DEEDS[deed](&world);
                }
            });
            let execution = Execution::new(&self.world, &format!("{round}"), &self.asked);
            let (end, _) = self.world.run(futures_util::future::join(execution.run(), join_all(people)));
            self.tally.executions += 1;
            self.tally.killed += u64::from(end == End::Killed);
            self.tally.failed += u64::from(matches!(end, End::Failed(_)));
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
            let is_twin = |line: &&String| line.contains("twin of") || line.contains("release elastic-ip");
            self.tally.twins += state.log.iter().filter(is_twin).count() as u64;
        });
        let end = self.world.run(Execution::new(&self.world, "peace", &self.asked).run());
        self.tally.executions += 1;
        assert_eq!(end, End::Settled, "an execution in peace settles everything");
        must_be_settled(&self.world, &self.asked);
    }
}

/// What people do. Each deed is left out where there is nothing to do it to.
const DEEDS: [fn(&World); 10] = [
    |world| when(world, "route-table private-a", |world, it| world.delete_default_route(it)),
    |world| when(world, "route-table public", |world, it| world.delete_default_route(it)),
    |world| when(world, "route-table private-b", |world, it| world.lead_to_the_internet(it, "0.0.0.0/0")),
    |world| when(world, "route-table private-a", |world, it| world.lead_to_the_internet(it, "0.0.0.0/1")),
    |world| when(world, "subnet private-a", |world, it| world.hand_out_public_ips(it)),
    |world| when(world, "subnet private-b", |world, it| world.move_to_the_main_table(it)),
    World::assign_public_ips,
    |world| world.scale(1),
    |world| world.push(IMAGE, &digest(3)),
    |world| {
        // Something is deleted under moat's hands.
        let there: Vec<&str> = RESOURCES.into_iter().filter(|name| is_there(world, name)).collect();
        if !there.is_empty() {
            let name = world.change(|state| *state.chance.one_of(&there));
            let _ = world.clone().without(name);
        }
    },
];

fn when(world: &World, resource: &str, deed: impl FnOnce(&World, &str)) {
    if world.count(resource) == 1 && world.count("internet-gateway") == 1 {
        deed(world, resource);
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
    must_be_proven(world, asked);
}

/// What is really there, read without a plan and by other code, is private and reaches what it needs (E1, E3).
///
/// # Panics
/// When it is not proven.
pub fn must_be_proven(world: &World, asked: &Asked) {
    let proofs = world.proofs(asked).expect("there is a VPC after a provision");
    assert!(proofs.privacy.holds() && proofs.egress.holds(), "{}{}", proofs.privacy, proofs.egress);
    assert!(!proofs.reaches.is_empty(), "something is reached");
}

/// What the three stages would do, a line each; empty when all is settled.
pub fn plan(world: &World, asked: &Asked) -> String {
    let hand = world.hand();
    let mut text = String::new();
    world.run(async {
        let network = look::<Network, _>(&hand, &asked.network()).await;
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
                Some(Nat::Single) => Some(Nat::PerZone),
                _ => Some(Nat::Single),
            };
        }
        2 => after.network.zones = 3,
        3 => {
            after.network.zones = 3;
            after.network.egress.nat = Some(Nat::PerZone);
        }
        4 => (after.service.port, after.service.tasks) = (9090, 3),
        _ => {
            after.service.cpu = 512;
            after.service.memory = 1024;
            after.service.load_balancer.iter_mut().for_each(|door| door.deregistration_delay = 60);
        }
    }
    after
}

fn is_there(world: &World, name: &str) -> bool {
    let name = name.trim_start_matches("default route of ");
    name == "task-definition" || world.count(name) == 1
}
