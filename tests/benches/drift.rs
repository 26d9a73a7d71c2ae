//! What a run of `moat-remediate` costs that finds nothing, with 1, 10 and 100 services in one network: AWS API calls,
//! seconds, and whether AWS would have asked to slow down.
//!
//! Run it with `make bench`. It prints a table, and asserts that the runs find nothing and that no call is throttled.

use moat_tests::faults::Slowness;
use moat_tests::local::{ACCOUNT, Local, REGION};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

#[tokio::main]
async fn main() {
    // Under `cargo test --workspace` without `--bench` this is built, but there is nothing to test.
    if std::env::var_os("MOAT_BENCH").is_none() {
        return;
    }
    let local = Local::start().await;
    let most: usize = std::env::var("MOAT_BENCH_SERVICES").map_or(100, |text| text.parse().expect("a number"));
    local.provision(&json!({"network": {"name": "bench"}})).await.output();
    measure(&local, 0, None).await;
    let (mut made, mut alone) = (0, None);
    for services in [1, 10, 100].into_iter().filter(|services| *services <= most) {
        // One after the other: a provision holds the lock of the network.
        for at in made..services {
            local.provision(&service(at)).await.output();
        }
        made = services;
        let calls = measure(&local, services, alone).await;
        alone = alone.or(Some(calls));
    }
}

fn service(at: usize) -> Value {
    let image = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello:1");
    json!({"service": {"name": format!("bench-{at}"), "network": "bench", "image": image}})
}

/// One run; how many calls it made.
///
/// Its waits take the time that they would on AWS. Shorter ones, with buckets that fill as much faster, would count the
/// time of the Lambdas as if they were slower than they are, and let tokens come back that nobody has waited for.
async fn measure(local: &Local, services: usize, alone: Option<usize>) -> usize {
    local.scale_waits(1.0).await;
    local.plan(&[], Slowness::default());
    local.proxy.limit();
    let begun = Instant::now();
    let report = local.remediate(&json!({})).await.output().clone();
    let took = begun.elapsed().as_secs_f64();
    local.scale_waits(0.0).await;
    assert_eq!(report["findings"], 0, "{report:#}");
    assert_eq!(report["counts"]["clean"], json!(services + 1), "{report:#}");
    let calls = local.proxy.calls();
    let slowed = calls.iter().filter(|call| call.fault.is_some()).count();
    print!("{services:3} services: {:4} AWS API calls, {took:5.1} s, {slowed} throttled", calls.len());
    if let Some(first) = alone {
        print!(", {:.1} calls for each further service", (calls.len() - first) as f64 / (services - 1) as f64);
    }
    println!();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    calls.iter().for_each(|call| *by_name.entry(call.operation.to_string()).or_default() += 1);
    for (name, number) in by_name {
        println!("      {number:4} {name}");
    }
    for (bucket, share) in local.proxy.lowest() {
        println!("      bucket of {bucket}: down to {:.0} %", share * 100.0);
    }
    assert_eq!(slowed, 0, "AWS asks to slow down");
    calls.len()
}
