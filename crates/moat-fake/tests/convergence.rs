//! However a world begins and whatever goes wrong in it, a provision that is repeated ends settled: one of each, no
//! twin, no leak, and at no step a way from the Internet to the tasks.
//!
//! `MOAT_SEED=123` runs one seed alone and prints its story; `MOAT_SEEDS=20000` tries more of them.

use moat_fake::World;
use moat_fake::trial::{Tally, Trial};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

#[test]
fn c5_a_provision_with_faults_at_any_call_ends_settled_when_it_is_repeated() {
    try_seeds("one at a time", 2_000, |trial| trial.run(1));
}

#[test]
fn c4_two_provisions_at_once_end_with_one_of_each() {
    try_seeds("two at once", 1_000, |trial| trial.run(2));
}

/// Tries every seed, on all cores.
fn try_seeds(what: &str, count: u64, run: impl Fn(&mut Trial) + Sync) {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = from_env("MOAT_SEED").map_or((0, from_env("MOAT_SEEDS").unwrap_or(count)), |seed| (seed, 1));
    let (next, tally, failed) = (AtomicU64::new(first), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
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
