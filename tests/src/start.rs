//! How a Lambda's binary starts: until it asks its Runtime API for the first event, and what it holds by then.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::process::Command;

#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// From exec to the first request, the median.
    pub until_ready: Duration,
    /// Memory that is resident then, the median.
    pub resident_kib: u64,
    /// The binary's size.
    pub bytes: u64,
}

/// Starts the binary `times` times, each time with a Runtime API that never answers.
///
/// # Panics
/// When it cannot be started, or does not ask for an event within ten seconds.
pub async fn start(bootstrap: &Path, times: usize) -> Start {
    let bytes = std::fs::metadata(bootstrap).unwrap_or_else(|error| panic!("{}: {error}", bootstrap.display())).len();
    let mut runs = Vec::new();
    for _ in 0..times {
        runs.push(once(bootstrap).await);
    }
    let median = |at: fn(&(Duration, u64)) -> u128| {
        let mut values: Vec<u128> = runs.iter().map(at).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    let nanos = u64::try_from(median(|run| run.0.as_nanos())).unwrap_or(u64::MAX);
    let resident_kib = u64::try_from(median(|run| run.1.into())).unwrap_or(u64::MAX);
    Start { until_ready: Duration::from_nanos(nanos), resident_kib, bytes }
}

async fn once(bootstrap: &Path) -> (Duration, u64) {
    let api = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of this machine is free");
    let address = api.local_addr().expect("it is bound").to_string();
    let begun = Instant::now();
    let mut child = Command::new(bootstrap)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("MOAT_APPLICATION_AUTO_SCALING", "available"),
            ("MOAT_EXECUTION_ROLE_ARN", "arn:aws:iam::000000000000:role/bench"),
        ])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary can be started");
    let (stream, _) = tokio::time::timeout(Duration::from_secs(10), api.accept())
        .await
        .expect("it asks for an event within ten seconds")
        .expect("it can connect");
    stream.readable().await.expect("it sends a request");
    let until_ready = begun.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().expect("it runs"))).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    child.kill().await.expect("it can be ended");
    (until_ready, resident.unwrap_or_default())
}
