//! Every sample under `events/provision/` that stands for a shape of network and door, on the local AWS.

use super::image;
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::{Ended, Local};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![("d2_t5_every_sample_is_provisioned_settles_has_no_drift_and_goes_away", |local| {
        Box::pin(every_sample(local))
    })]
}

/// The samples that are not here, each with the reason.
const LEFT_OUT: [(&str, &str); 15] = [
    ("plan", "it changes nothing; other trials look at plans"),
    ("service-only", "its network is another sample's; another trial has it"),
    ("shared", "its load balancer is another sample's; a trial of its own has it"),
    ("drift", "its shape is that of hello; trials of drift have its grades"),
    ("track-versions", "its shape is that of hello; trials of rollouts have its tags"),
    (
        "endpoints",
        "the local AWS shows neither group nor policy nor private DNS of an interface endpoint; moat-fake has it",
    ),
    ("nat-and-endpoints", "likewise"),
    ("regional", "the local AWS has no NAT gateway without a subnet; moat-fake has it"),
    ("dual-stack", "the local AWS has no call that gives a VPC an IPv6 block; moat-fake has it"),
    ("existing", "its VPC is not there; a trial of its own makes one"),
    ("existing-found", "likewise"),
    ("existing-endpoints", "its VPC is not there; moat-fake has it"),
    ("private-registry", "its secret is not there; moat-fake has it"),
    ("secrets", "its role and its secrets are not there; moat-fake has it"),
    ("pull-through", "the local ECR has no pull through cache; moat-fake has it"),
];

async fn every_sample(local: Arc<Local>) {
    let samples = samples();
    let mut tried = 0;
    for (name, document) in samples {
        if let Some((_, why)) = LEFT_OUT.iter().find(|(left_out, _)| *left_out == name) {
            println!("  {name}: left out, {why}");
            continue;
        }
        up_and_down(&local, &name, document).await;
        tried += 1;
    }
    println!("  {tried} samples, {} left out", LEFT_OUT.len());
}

/// The documents by the names of their files.
fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/provision");
    let files =
        std::fs::read_dir(folder).expect("the samples are there").map(|file| file.expect("it can be read").path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    let mut samples: Vec<(String, Value)> = files
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("it can be read");
            let name = file.file_stem().expect("it has a name").to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).expect("it is JSON"))
        })
        .collect();
    samples.sort_by(|(a, _), (b, _)| a.cmp(b));
    samples
}

async fn up_and_down(local: &Local, name: &str, mut document: Value) {
    // Names of this trial's own, and an image that the local ECR has.
    let network = format!("shape-{}", &name[..name.len().min(20)]);
    document["network"]["name"] = json!(network);
    if document["service"].is_object() {
        document["service"]["name"] = json!(network);
        document["service"]["network"] = json!(network);
        document["service"]["image"] = json!(image("hello:1"));
    }
    if document["service"]["loadBalancer"]["certificate"].is_string() {
        document["service"]["loadBalancer"]["certificate"] = json!(local.certificate("web.example.com").await);
    }
    // The web ACL of the sample is not there.
    if let Some(door) = document.pointer_mut("/service/loadBalancer").and_then(Value::as_object_mut) {
        door.remove("wafAcl");
    }
    local.plan(&[], Slowness::default());
    let first = local.provision(&document).await;
    is_settled(name, "the first provision", &first);
    let refused: Vec<_> = local.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(refused.is_empty(), "{name}: IAM refused {refused:?}");

    let second = local.provision(&document).await;
    is_settled(name, "the second provision", &second);
    assert!(second.changes().is_empty(), "{name}: the second provision changed {:#?}", second.changes());
    let drift = local.remediate(&json!({"network": network, "mode": "plan"})).await;
    assert_eq!(drift.output()["findings"], 0, "{name}: {:#}", drift.output());

    let order = json!({"network": network, "confirm": network, "with": "services", "logs": "delete"});
    let gone = local.tear_down(&order).await;
    assert_eq!(gone.output()["billableLeftovers"], 0, "{name}: {}", gone.output());
    assert!(local.network_holdings(&network).await.is_empty(), "{name}: {:?}", local.network_holdings(&network).await);
    assert!(local.service_holdings(&network).await.is_empty(), "{name}: {:?}", local.service_holdings(&network).await);
    println!("  {name}: {} steps, settled, no drift, gone", first.changes().len());
}

fn is_settled(name: &str, what: &str, ended: &Ended) {
    assert!(ended.error.is_empty(), "{name}: {what} ended with {}: {}", ended.error, ended.cause);
    assert_eq!(ended.output()["outcome"], "settled", "{name}: {what}");
}
