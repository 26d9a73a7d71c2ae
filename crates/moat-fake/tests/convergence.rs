//! However a world begins and whatever goes wrong in it, a provision that is repeated ends settled: one of each, no
//! twin, no leak, and at no step a way from the Internet to the tasks.
//!
//! `MOAT_SEED=123` runs one seed alone and prints its story; `MOAT_SEEDS=20000` tries more of them.

use moat::spec::Nat;
use moat_fake::trial::{Tally, Trial, asked, empty, must_be_settled, settled};
use moat_fake::{Asked, End, Execution, Fault, Faults, Rules, World};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

#[test]
fn c5_a_provision_with_faults_at_any_call_ends_settled_when_it_is_repeated() {
    try_seeds("one at a time", 2_000, |trial| trial.run(1));
}

/// C5 without chance: every call of a provision in turn meets every fault, each in a world of its own.
#[test]
fn c5_a_provision_converges_after_any_one_fault_at_any_one_call() {
    try_every_fault_at_every_call("from nothing", || empty(7), &asked(2, Nat::Single));
}

#[test]
fn c13_a_change_converges_after_any_one_fault_at_any_one_call_and_keeps_its_addresses() {
    let more = || settled(8, &asked(2, Nat::Single));
    try_every_fault_at_every_call("a zone and gateways more", more, &asked(3, Nat::PerZone));
    let fewer = || settled(9, &asked(2, Nat::PerZone));
    try_every_fault_at_every_call("gateways fewer", fewer, &asked(2, Nat::Single));
}

fn try_every_fault_at_every_call(what: &str, begin: impl Fn() -> World + Sync, asked: &Asked) {
    let keeps = |world: &World| ["nat-gateway a", "elastic-ip a"].map(|name| world.ids(name));
    let calls = provision(begin(), Faults::none(), asked).0;
    let trials: Vec<(u64, Fault)> = (0..calls).flat_map(|call| Fault::ALL.map(|fault| (call, fault))).collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let started = Instant::now();
    on_all_cores(|| {
        while let Some((call, fault)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let world = begin();
                let before = keeps(&world);
                let (_, world) = provision(world, Faults::at(*call, *fault), asked);
                assert_eq!(world.read(|state| state.struck.clone()), [*fault], "the fault strikes");
                let is_new = before.iter().all(Vec::is_empty);
                assert!(is_new || before == keeps(&world), "{before:?} became {:?}", keeps(&world));
                must_be_settled(&world, asked);
            }));
            if let Err(panic) = result {
                failed.lock().unwrap().push((*call, *fault, message(&*panic).to_owned()));
            }
        }
    });
    println!("{what}: {calls} calls, {} trials in {:.1} s", trials.len(), started.elapsed().as_secs_f32());
    let failed = failed.into_inner().unwrap();
    assert!(calls > 60, "it makes more than {calls} calls");
    if let Some((call, fault, story)) = failed.first() {
        panic!("{what}: {} of {} trials failed, such as {fault:?} at call {call}: {story}", failed.len(), trials.len());
    }
}

/// Executions until one settles, and the calls that they took.
fn provision(world: World, faults: Faults, asked: &Asked) -> (u64, World) {
    let world = world.with(Rules { lag: 4_000, lagging: 30, ..Rules::default() }, faults);
    for round in 0..3 {
        let end = world.run(Execution::new(&world, &format!("number {round}"), asked).run());
        if end == End::Settled {
            break;
        }
        assert!(matches!(&end, End::Killed), "one fault fails no execution: {end:?}\n{}", world.story());
    }
    (world.read(|state| state.calls), world)
}

/// A lost answer to a create call without a token, and a cloud that shows the thing only after the next pass: a twin.
#[test]
fn c5_twins_that_lost_answers_leave_are_found_and_removed() {
    let asked = asked(2, Nat::Single);
    let made = ["delete vpc", "twin of internet-gateway", "twin of route-table", "release elastic-ip"];
    let met = made.map(|_| AtomicU64::new(0));
    let trials: Vec<(u64, u64, Fault)> = (0..12)
        .flat_map(|seed| {
            (0..40).flat_map(move |call| [Fault::LostAnswer, Fault::Late].map(|fault| (seed, call, fault)))
        })
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    on_all_cores(|| {
        while let Some((seed, call, fault)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let rules = Rules { lag: 12_000, lagging: 60, ..Rules::default() };
                let world = empty(*seed).with(rules, Faults::at(*call, *fault));
                let end = world.run(Execution::new(&world, "it", &asked).run());
                assert_eq!(end, End::Settled, "{}", world.story());
                must_be_settled(&world, &asked);
                for (what, met) in made.iter().zip(&met) {
                    met.fetch_add(world.story().matches(what).count() as u64, Ordering::Relaxed);
                }
            }));
            if let Err(panic) = result {
                failed.lock().unwrap().push((*seed, *call, *fault, message(&*panic).to_owned()));
            }
        }
    });
    let failed = failed.into_inner().unwrap();
    if let Some((seed, call, fault, story)) = failed.first() {
        panic!(
            "{} of {} trials failed, such as {fault:?} at call {call} of {seed}: {story}",
            failed.len(),
            trials.len()
        );
    }
    println!("twins: {} trials, {met:?} of {made:?}", trials.len());
    assert!(met.iter().all(|met| met.load(Ordering::Relaxed) > 0), "each kind of twin is met: {met:?} of {made:?}");
}

#[test]
fn c4_two_provisions_at_once_end_with_one_of_each() {
    try_seeds("two at once", 1_000, |trial| trial.run(2));
}

#[test]
fn e3_provisions_among_people_who_change_things_end_settled_when_the_people_stop() {
    try_seeds("among people", 1_000, Trial::run_among_people);
}

/// Tries every seed, on all cores.
fn try_seeds(what: &str, count: u64, run: impl Fn(&mut Trial) + Sync) {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = from_env("MOAT_SEED").map_or((0, from_env("MOAT_SEEDS").unwrap_or(count)), |seed| (seed, 1));
    let (next, tally, failed) = (AtomicU64::new(first), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let started = Instant::now();
    on_all_cores(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                break;
            }
            match try_seed(seed, &run) {
                Ok(one) => tally.lock().unwrap().add(&one),
                Err(story) => failed.lock().unwrap().push((seed, story)),
            }
        }
    });
    let (mut failed, tally) = (failed.into_inner().unwrap(), tally.into_inner().unwrap());
    println!("{what}: {tally:?} in {:.1} s", started.elapsed().as_secs_f32());
    failed.sort();
    if let Some((seed, story)) = failed.first() {
        let seeds: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
        panic!("{} of {count} seeds failed: {seeds:?}\n{story}\nRun it alone with MOAT_SEED={seed}", seeds.len());
    }
}

fn on_all_cores(work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(&work);
        }
    });
}

/// The story of the seed when it fails.
fn try_seed(seed: u64, run: &impl Fn(&mut Trial)) -> Result<Tally, String> {
    let world: Mutex<Option<World>> = Mutex::new(None);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut trial = Trial::new(seed);
        *world.lock().unwrap() = Some(trial.world.clone());
        run(&mut trial);
        trial.tally
    }));
    result.map_err(|panic| {
        let story = world.into_inner().ok().flatten().map(|world| world.story()).unwrap_or_default();
        format!("{story}\nseed {seed}: {}", message(&*panic))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied()).unwrap_or("a panic")
}
