//! What a rollout costs: seconds from the event to `UpdateService`, calls, and calls for a push that concerns nobody.
//!
//! Run it with `make bench`. It prints a table and asserts nothing: machines are noisy.

use moat_tests::faults::Slowness;
use moat_tests::local::{ACCOUNT, Local, REGION, pushed};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many rollouts are timed, after one that warms the Lambda up.
const ROLLOUTS: usize = 9;

#[tokio::main]
async fn main() {
    // Under `cargo test --workspace` without `--bench` this is built, but there is nothing to test.
    if std::env::var_os("MOAT_BENCH").is_none() {
        return;
    }
    let local = Local::start().await;
    until_update(&local).await;
    nobody(&local).await;
}

fn image(repository: &str) -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:latest")
}

async fn until_update(local: &Local) {
    local.push_image("bench", "latest", "first").await;
    let service = json!({"name": "bench", "network": "bench", "image": image("bench")});
    local.provision(&json!({"network": {"name": "bench"}, "service": service})).await.output();
    let mut times = Vec::new();
    let (mut before, mut all) = (0, 0);
    for round in 0..=ROLLOUTS {
        let digest = local.push_image("bench", "latest", &format!("round {round}")).await;
        let executions = local.rollouts().await;
        local.plan(&[], Slowness::default());
        let began = Instant::now();
        local.post_event("moat.registry", "ECR Image Action", &pushed("bench", "latest", &digest)).await;
        times.push(updated(local, began).await);
        local.end_of(&local.rollouts_since(&executions, 1).await[0]).await.output();
        let calls = local.proxy.calls();
        before = calls.iter().position(|call| call.operation.name == "UpdateService").unwrap_or(calls.len());
        all = calls.len();
    }
    let cold = times.remove(0);
    times.sort();
    let [least, median, most] = [0, times.len() / 2, times.len() - 1].map(|at| times[at].as_secs_f64());
    println!(
        "from PutEvents to UpdateService {median:.2} s (median of {ROLLOUTS}, {least:.2} to {most:.2}); the first {:.2} s",
        cold.as_secs_f64()
    );
    println!("a rollout {all} AWS API calls, {before} of them before UpdateService");
}

/// How long it is until `UpdateService` has been called.
async fn updated(local: &Local, began: Instant) -> Duration {
    while !local.proxy.calls().iter().any(|call| call.operation.name == "UpdateService") {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was updated");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    began.elapsed()
}

async fn nobody(local: &Local) {
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut recorded = 0;
    for number in [1, 100, 1000] {
        while recorded < number {
            // Ten services are made from each repository: more than one push ever concerns in most accounts.
            record(local, &format!("idle-{recorded}"), &format!("team-{}", recorded / 10)).await;
            recorded += 1;
        }
        let mut counts = Vec::new();
        for (repository, tag) in [("unknown", "latest"), ("team-0", "feature")] {
            local.plan(&[], Slowness::default());
            local.pushed(repository, tag, &digest).await.output();
            counts.push(local.proxy.calls().len());
        }
        println!(
            "a push that concerns nobody, {number:4} services recorded: {} calls for a repository that none is made from, {} for a tag that none of ten tracks",
            counts[0], counts[1]
        );
    }
}

/// Records a service that does not exist, as `moat-provision` does.
async fn record(local: &Local, name: &str, repository: &str) {
    let spec: Value = json!({"name": name, "network": "idle", "image": image(repository)});
    for (parameter, value) in [
        (format!("/moat/services/{name}"), spec.to_string()),
        (format!("/moat/images/{ACCOUNT}/{REGION}/{repository}/{name}"), name.to_owned()),
    ] {
        let call = local.ssm.put_parameter().name(parameter).value(value);
        call.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.expect("it can be put");
    }
}
