//! The whole, on a local AWS with IAM enforced: as a user would run it, and with what goes wrong on the wire.
//!
//! Each of two local AWS serves one trial after the other; each trial has a network and a service of its own, so none
//! sees what another left behind. A trial that looks at a whole account has a local AWS of its own.

mod infra;
mod trials;

use libtest_mimic::{Arguments, Failed, Trial};
use moat_tests::local::Local;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};

/// A trial's body: it panics where something is not as it should be.
type Body = fn(Arc<Local>) -> Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let mut arguments = Arguments::from_args();
    // A proxy counts its calls, so trials on one local AWS must not overlap. Two fit on a small machine.
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(2).min(2));
    let idle: Arc<Mutex<Vec<Stage>>> = Arc::default();
    let shared = trials::all().into_iter().map(|(name, body)| {
        let idle = Arc::clone(&idle);
        Trial::test(name, move || perform(&idle, body))
    });
    let alone = trials::alone().into_iter().map(|(name, body)| Trial::test(name, move || perform_alone(body)));
    let conclusion = libtest_mimic::run(&arguments, shared.chain(alone).collect());
    // Each local AWS ends with its stage, before the process does.
    idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    conclusion.exit();
}

/// A runtime and a local AWS. A trial takes one that is idle, or starts one, and gives it back unless it fails.
struct Stage {
    runtime: Runtime,
    local: Arc<Local>,
}

impl Stage {
    fn start() -> Self {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be built");
        let local = Arc::new(runtime.block_on(Local::start()));
        Self { runtime, local }
    }
}

fn perform(idle: &Mutex<Vec<Stage>>, body: Body) -> Result<(), Failed> {
    let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let stage = taken.unwrap_or_else(Stage::start);
    stage.runtime.block_on(body(Arc::clone(&stage.local)));
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(stage);
    Ok(())
}

fn perform_alone(body: Body) -> Result<(), Failed> {
    let stage = Stage::start();
    stage.runtime.block_on(body(Arc::clone(&stage.local)));
    Ok(())
}
