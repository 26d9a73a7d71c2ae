//! What a provision costs: calls, seconds against the critical path, and what each Lambda needs to start.
//!
//! Run it with `make bench`. It prints a table and asserts nothing: machines are noisy.

use moat_tests::faults::Slowness;
use moat_tests::local::{ACCOUNT, Local, REGION};
use moat_tests::start::{Start, start};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// AWS's times, from logs of other people's accounts: medians of 10 NAT gateways and 8 load balancers.
const NAT_GATEWAY: Duration = Duration::from_secs(115);
const LOAD_BALANCER: Duration = Duration::from_secs(152);
/// How many seconds of AWS pass in one second here, unless `MOAT_BENCH_SCALE` says otherwise.
const SCALE: u32 = 10;

#[tokio::main]
async fn main() {
    // Under `cargo test --workspace` without `--bench` this is built, but there is nothing to test.
    if std::env::var_os("MOAT_BENCH").is_none() {
        return;
    }
    for name in [
        "moat-spec",
        "moat-preflight",
        "moat-network",
        "moat-ingress",
        "moat-service",
        "moat-verify",
        "moat-rollout",
        "moat-drift",
        "moat-teardown",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.build/lambda").join(name).join("bootstrap");
        let Start { until_ready, resident_kib, bytes } = start(&path, 9).await;
        let (init, memory, size) = (until_ready.as_secs_f64() * 1e3, resident_kib as f64 / 1024.0, bytes as f64 / 1e6);
        println!("{name:14} init {init:5.1} ms (median of 9), memory {memory:5.1} MiB, size {size:5.1} MB");
    }
    let local = Local::start().await;
    calls(&local).await;
    critical_path(&local).await;
}

async fn calls(local: &Local) {
    for (title, mode) in [
        ("plan, empty account", "plan"),
        ("first provision", "apply"),
        ("second provision", "apply"),
        ("plan, settled", "plan"),
    ] {
        local.plan(&[], Slowness::default());
        let ended = local.provision(&input("bench", mode)).await;
        ended.output();
        let (all, changes) = (local.proxy.calls().len(), local.proxy.changes().len());
        println!("{title:20} {all:3} AWS API calls, {} reading, {changes} changing", all - changes);
    }
}

async fn critical_path(local: &Local) {
    let scale = std::env::var("MOAT_BENCH_SCALE").map_or(SCALE, |text| text.parse().expect("a scale of 1 or more"));
    let slow = Slowness { nat_gateway: NAT_GATEWAY / scale, load_balancer: LOAD_BALANCER / scale, hurry: scale - 1 };
    local.plan(&[], slow);
    local.scale_waits(1.0 / f64::from(scale)).await;
    let begun = Instant::now();
    local.provision(&input("path", "apply")).await.output();
    let took = begun.elapsed().as_secs_f64();
    // The load balancer and the NAT gateway are waited for side by side, and on this AWS a service is up at once.
    let path = slow.load_balancer.max(slow.nat_gateway).as_secs_f64();
    println!(
        "wall time {took:.1} s, critical path {path:.1} s, ratio {:.2} (AWS's times divided by {scale})",
        took / path
    );
}

fn input(name: &str, mode: &str) -> Value {
    let image = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello:1");
    json!({"network": {"name": name}, "service": {"name": name, "network": name, "image": image}, "mode": mode})
}
