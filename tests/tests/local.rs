//! The whole, on a local AWS with IAM enforced: as a user would run it, and with what goes wrong on the wire.
//!
//! One local AWS serves all trials, one after the other; each trial has a network and a service of its own, so none
//! sees what another left behind.

mod trials;

use libtest_mimic::{Arguments, Failed, Trial};
use moat_tests::local::Local;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// A trial's body: it panics where something is not as it should be.
type Body = fn(Arc<Local>) -> Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let mut arguments = Arguments::from_args();
    // The proxy's faults are counted over all calls, so trials must not overlap.
    arguments.test_threads = Some(1);
    let stage: Arc<Mutex<Option<Stage>>> = Arc::default();
    let trials = trials::all().into_iter().map(|(name, body)| {
        let stage = Arc::clone(&stage);
        Trial::test(name, move || perform(&stage, body))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The local AWS ends with its stage, before the process does.
    drop(stage.lock().unwrap_or_else(PoisonError::into_inner).take());
    conclusion.exit();
}

/// The runtime and the local AWS, started with the first trial that runs.
struct Stage {
    runtime: tokio::runtime::Runtime,
    local: Arc<Local>,
}

fn perform(stage: &Mutex<Option<Stage>>, body: Body) -> Result<(), Failed> {
    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = stage.get_or_insert_with(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        let local = Arc::new(runtime.block_on(Local::start()));
        Stage { runtime, local }
    });
    stage.runtime.block_on(body(Arc::clone(&stage.local)));
    Ok(())
}
