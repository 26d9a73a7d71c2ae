//! Logs as JSON lines, without times: CloudWatch Logs adds its own. What is in specs and tags is logged, secrets never
//! are, since moat never holds one.

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` sets how much; `info` where it is not set.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let format = tracing_subscriber::fmt().json().without_time().with_target(false);
    // A second start in the same process, as in tests, keeps the first.
    let _already_started = format.with_env_filter(filter).try_init();
}
