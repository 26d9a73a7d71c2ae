//! What the tests of teardowns share.
#![allow(dead_code, reason = "each test binary uses its part")]

use moat::name::Name;
use moat::parameters;
use moat::spec::Nat;
use moat::tags::Owner;
use moat::teardown::{Order, Report, read};
use moat_fake::trial::{asked, empty};
use moat_fake::{Asked, End, Execution, Rules, Teardown, TeardownEnd, World};
use serde_json::{Value, json};
use std::any::Any;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

pub fn order(input: Value) -> Order {
    read(&input).expect("a good order")
}

pub fn service() -> Order {
    order(json!({"service": "web", "confirm": "web"}))
}

pub fn network() -> Order {
    order(json!({"network": "main", "confirm": "main"}))
}

/// Everything, with the logs.
pub fn all() -> Order {
    order(json!({"network": "main", "confirm": "main", "with": "services", "logs": "delete"}))
}

pub fn down(world: &World, order: &Order) -> TeardownEnd {
    world.run(Teardown::new(world, "down", order).run())
}

/// The report of a teardown that ended well.
pub fn removed(world: &World, order: &Order) -> Report {
    match down(world, order) {
        TeardownEnd::Removed(report) => report,
        end => panic!("{end:?}\n{}", world.story()),
    }
}

/// The refusal of a teardown, which must not have changed anything.
pub fn refused(world: &World, order: &Order) -> String {
    let before = world.inventory(&[]);
    let TeardownEnd::Failed(failure) = down(world, order) else { panic!("it is not refused\n{}", world.story()) };
    assert_eq!(failure.kind, moat::error::Kind::Refused, "{failure}");
    let after = world.inventory(&[]);
    assert_eq!(before, after, "a refusal changes nothing");
    failure.message
}

/// The parameters that a provision and the rollouts after it leave.
pub fn record(world: &World, asked: &Asked) {
    let (network, web) = (Owner::Network(asked.network.name.clone()), Owner::Service(asked.service.name.clone()));
    let text = |spec: Value| spec.to_string();
    world.write(&parameters::spec(&network), &text(json!(asked.network)));
    world.write(&parameters::spec(&web), &text(json!(asked.service)));
    for (name, value) in [
        (parameters::drift(&network), "{}"),
        (parameters::drift(&web), "{}"),
        (parameters::release(web.name()), "{}"),
        (parameters::url(web.name()), "http://web"),
    ] {
        world.write(&name, value);
    }
    let image = format!("/moat/images/123456789012/us-east-1/{0}/{0}", web.name());
    world.write(&image, web.name().as_str());
}

/// A network `other` with the service `shop`, which nothing here is about.
pub fn neighbours() -> Asked {
    let mut other = asked(2, Nat::PerZone);
    other.network.name = Name::new("other").expect("a constant name");
    other.service.name = Name::new("shop").expect("a constant name");
    other.service.network = other.network.name.clone();
    other
}

pub fn provision(world: &World, name: &str, asked: &Asked) {
    let end = world.run(Execution::new(world, name, asked).run());
    assert_eq!(end, End::Settled, "{}", world.story());
    record(world, asked);
}

/// A settled world, recorded.
pub fn settled(seed: u64, asked: &Asked) -> World {
    let world = empty(seed);
    provision(&world, "up", asked);
    world
}

/// Lets pass what AWS still does after the last call.
pub fn calm(world: &World) {
    world.wait(Rules::default().quiet() + 20_000);
}

/// Nothing is left of `main` and `web`, and the rest is as it was.
pub fn must_be_gone(world: &World, rest: &std::collections::BTreeSet<String>) {
    let left = world.inventory(&[]);
    let more: Vec<&String> = left.difference(rest).collect();
    let less: Vec<&String> = rest.difference(&left).collect();
    assert!(more.is_empty(), "left behind: {more:#?}\n{}", world.story());
    assert!(less.is_empty(), "taken from others: {less:#?}\n{}", world.story());
}

pub fn on_all_cores(work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(&work);
        }
    });
}

/// Tries every case on all cores, prints how many there were, and fails with the first story of those that failed.
pub fn try_all<C: Debug + Clone + Sync + Send>(what: &str, cases: &[C], run: impl Fn(&C) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let started = Instant::now();
    on_all_cores(|| {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(case))) {
                failed.lock().unwrap().push((case.clone(), message(&*panic).to_owned()));
            }
        }
    });
    println!("{what}: {} cases in {:.1} s", cases.len(), started.elapsed().as_secs_f32());
    let failed = failed.into_inner().unwrap();
    if let Some((case, story)) = failed.first() {
        panic!("{what}: {} of {} cases failed, such as {case:?}: {story}", failed.len(), cases.len());
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied()).unwrap_or("a panic")
}
