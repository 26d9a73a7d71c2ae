//! However far a provision came and whatever goes wrong in a teardown, a teardown that is repeated ends clean: nothing
//! of the owner is left, nothing of others is touched, and AWS shows nothing to pay for.

mod down;

use down::{all, calm, must_be_gone, neighbours, order, provision, record, settled, try_all};
use futures_util::future::{join, join_all};
use moat::error::Kind;
use moat::spec::Nat;
use moat_fake::trial::{asked, empty};
use moat_fake::{Chance, Execution, Fault, Faults, Foreign, Rules, Teardown, TeardownEnd, World};
use serde_json::json;
use std::collections::BTreeSet;

fn lagging() -> Rules {
    Rules { lag: 4_000, lagging: 30, draining: (60_000, 90_000), lingering: (5_000, 40_000), ..Rules::default() }
}

fn run(world: &World, name: &str) -> TeardownEnd {
    world.run(Teardown::new(world, name, &all()).run())
}

/// Teardowns until one ends well. Only what AWS is to blame for may end one otherwise.
fn until_removed(world: &World) {
    for round in 0..9 {
        match run(world, &format!("down {round}")) {
            TeardownEnd::Removed(report) => {
                assert_eq!(report.billable_leftovers, Some(0), "{report}");
                return;
            }
            TeardownEnd::Killed => {}
            TeardownEnd::Failed(failure) if failure.kind.is_retryable() => {}
            end => panic!("{end:?}\n{}", world.story()),
        }
    }
    panic!("it does not end well\n{}", world.story());
}

/// How many calls a provision makes, and a teardown after it.
fn calls() -> (u64, u64) {
    let world = empty(7).with(lagging(), Faults::none());
    world.run(Execution::new(&world, "up", &asked(2, Nat::PerZone)).run());
    let up = world.read(|state| state.calls);
    let world = world.with(lagging(), Faults::none());
    until_removed(&world);
    (up, world.read(|state| state.calls))
}

#[test]
fn t5_a_provision_that_stopped_after_any_of_its_calls_is_taken_down_to_nothing() {
    let (up, _) = calls();
    let faults = [Fault::KilledAfter, Fault::Late];
    // Every other one is recorded.
    let cases: Vec<(u64, Fault, bool)> =
        (0..up).flat_map(|call| faults.map(|fault| (call, fault, call % 2 == 0))).collect();
    assert!(up > 90, "{up} calls");
    try_all("t5, from every prefix of a provision", &cases, |(call, fault, is_recorded)| {
        let asked = asked(2, Nat::PerZone);
        let world = empty(7).with(lagging(), Faults::at(*call, *fault));
        if *is_recorded {
            record(&world, &asked);
        }
        world.run(Execution::new(&world, "up", &asked).run());
        until_removed(&world);
        calm(&world);
        must_be_gone(&world, &BTreeSet::new());
    });
}

#[test]
fn t5_a_teardown_ends_clean_after_any_one_fault_at_any_one_of_its_calls() {
    let (_, down) = calls();
    // Each call loses its answer and ends its execution, and meets one of all faults in turn.
    let other = |call: u64| Fault::ALL[(call % Fault::ALL.len() as u64) as usize];
    let faults =
        |call| BTreeSet::from([Fault::LostAnswer, Fault::KilledAfter, other(call)].map(|fault| fault as usize));
    let cases: Vec<(u64, Fault)> =
        (0..down).flat_map(|call| faults(call).into_iter().map(move |at| (call, Fault::ALL[at]))).collect();
    assert!(down > 150, "{down} calls");
    try_all("t5, any fault at any call of a teardown", &cases, |(call, fault)| {
        let world = settled(8, &asked(2, Nat::PerZone));
        let before = world.read(|state| state.calls);
        world.keep_at_least("web", 2);
        let world = world.with(lagging(), Faults::at(*call, *fault));
        until_removed(&world);
        assert!(before > 0 && world.read(|state| state.struck.clone()) == [*fault], "the fault strikes");
        calm(&world);
        must_be_gone(&world, &BTreeSet::new());
    });
}

#[test]
fn t5_half_a_world_with_faults_is_taken_down_beside_others_that_are_not_touched() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let all_seeds = || (0..from_env("MOAT_SEEDS").unwrap_or(300)).collect();
    let seeds: Vec<u64> = from_env("MOAT_SEED").map_or_else(all_seeds, |seed| vec![seed]);
    try_all("t5, seeds", &seeds, |seed| {
        let mut chance = Chance::new(seed ^ 0x646f_776e);
        let world = empty(*seed);
        provision(&world, "theirs", &neighbours());
        let rest = world.inventory(&[]);
        let asked = asked(*chance.one_of(&[2, 3]), *chance.one_of(&[Nat::Single, Nat::PerZone]));
        let rules = Rules::lagging(&mut chance);
        let faults = match chance.between(0, 2) {
            0 => Faults::none(),
            1 => Faults::some(4, chance.between(1, 8)),
            _ => Faults::at(chance.between(0, 300), Fault::KilledAfter),
        };
        let world = world.with(rules, faults);
        if chance.percent(70) {
            record(&world, &asked);
        }
        world.run(Execution::new(&world, "up", &asked).run());
        if chance.percent(30) {
            world.keep_at_least("web", 2);
        }
        let rules = Rules::lagging(&mut chance);
        let faults = Faults::some(u32::try_from(chance.between(0, 6)).unwrap_or(0), chance.between(1, 10));
        let world = world.with(rules, faults);
        if chance.percent(30) {
            let order = all();
            let late = async {
                world.clock().sleep(5_000).await;
                Teardown::new(&world, "other", &order).run().await
            };
            world.run(join(Teardown::new(&world, "one", &order).run(), late));
        }
        until_removed(&world);
        world.change(|state| state.faults = Faults::none());
        calm(&world);
        until_removed(&world);
        must_be_gone(&world, &rest);
    });
}

#[test]
fn d7_what_others_put_in_the_way_in_the_middle_stops_it_and_once_it_is_gone_it_goes_on() {
    let kinds = [Foreign::Instance, Foreign::Function, Foreign::SecurityGroup, Foreign::Peering];
    let cases: Vec<(u64, Foreign)> = (0..40).flat_map(|at| kinds.map(|foreign| (at * 15_000, foreign))).collect();
    try_all("d7, in the middle", &cases, |(at, foreign)| {
        let world = settled(9, &asked(2, Nat::PerZone));
        let there = world.clone();
        let people = async {
            there.clock().sleep(*at).await;
            (there.count("vpc") == 1 && there.count("subnet private-a") == 1).then(|| there.put(*foreign))
        };
        let order = all();
        let (end, id) = world.run(join(Teardown::new(&world, "down", &order).run(), people));
        match (end, id) {
            // Too late to be in the way.
            (TeardownEnd::Removed(_), None) => return,
            (TeardownEnd::Failed(failure), Some(id)) => {
                assert_eq!(failure.kind, Kind::Refused, "{failure}\n{}", world.story());
                assert!(failure.message.contains(&id), "{failure}");
                world.take_out(&id);
            }
            (end, id) => panic!("{end:?} {id:?}\n{}", world.story()),
        }
        until_removed(&world);
        must_be_gone(&world, &BTreeSet::new());
    });
}

#[test]
fn c4_teardowns_and_provisions_at_once_take_turns() {
    let seeds: Vec<u64> = (0..100).collect();
    try_all("teardown and provision at once", &seeds, |seed| {
        let asked = asked(2, Nat::Single);
        let world = settled(*seed, &asked);
        let order = order(json!({"network": "main", "confirm": "main", "with": "services", "logs": "delete"}));
        let mut chance = Chance::new(*seed);
        let starts: Vec<u64> = (0..3).map(|_| chance.between(0, 200_000)).collect();
        let downs = starts.iter().enumerate().map(|(at, start)| {
            let (world, order) = (&world, &order);
            async move {
                world.clock().sleep(*start).await;
                Teardown::new(world, &format!("down {at}"), order).run().await
            }
        });
        let up = async {
            world.clock().sleep(chance.between(0, 200_000)).await;
            Execution::new(&world, "again", &asked).run().await
        };
        let (downs, up) = world.run(join(join_all(downs), up));
        assert!(downs.iter().all(|end| matches!(end, TeardownEnd::Removed(_))), "{downs:?}\n{}", world.story());
        assert_eq!(up, moat_fake::End::Settled, "{}", world.story());
        until_removed(&world);
        must_be_gone(&world, &BTreeSet::new());
    });
}
