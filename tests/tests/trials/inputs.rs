//! Bad inputs: a clear error, every problem at once, and nothing created.

use super::{image, input};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::Local;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("s2_every_bad_input_is_named_by_its_pointer_and_creates_nothing", |l| Box::pin(bad_inputs(l))),
        ("an_image_that_ecr_does_not_have_is_refused_before_anything_is_created", |l| Box::pin(no_image(l))),
        ("more_zones_than_the_region_has_are_refused_before_anything_is_created", |l| Box::pin(no_zones(l))),
        ("a_service_whose_network_is_unknown_is_refused", |l| Box::pin(no_network(l))),
    ]
}

/// Starts the input, and asserts the error's name, what its sentence says, and that no call changed anything.
async fn refused(local: &Local, input: &Value, error: &str, says: &[&str]) {
    local.plan(&[], Slowness::default());
    let ended = local.provision(input).await;
    assert_eq!(ended.error, error, "{input}: {}", ended.cause);
    for text in says {
        assert!(ended.cause.contains(text), "{input}: expected {text:?} in {:?}", ended.cause);
    }
    let changes = local.proxy.changes();
    let changes: Vec<_> = changes.iter().filter(|call| call.operation.service != "ssm").collect();
    assert!(changes.is_empty(), "{input} changed something: {changes:?}");
}

async fn bad_inputs(local: Arc<Local>) {
    let service = |field: &str, value: Value| {
        let mut wanted = input("bad", "bad");
        wanted["service"][field] = value;
        wanted
    };
    let network = |field: &str, value: Value| json!({"network": {"name": "bad", field: value}});
    let invalid = "Moat.SpecInvalid";
    let cases: Vec<(Value, &[&str])> = vec![
        (service("prot", json!(80)), &["/service/prot", "did you mean \"port\"?"]),
        (network("cidr", json!("10.0.0.0/99")), &["/network/cidr"]),
        (json!({"network": {"name": "bad", "cidr": "10.0.0.0/25", "zones": 4}}), &["/network/cidr", "room for 2"]),
        (service("memory", json!(3000)), &["/service/memory", "2048 MiB with 256"]),
        (service("port", json!(0)), &["/service/port"]),
        (service("name", json!("x".repeat(60))), &["/service/name", "at most 27"]),
        (service("name", json!("Web_1")), &["/service/name", "lower-case"]),
        (service("image", json!("ghcr.io/team/web")), &["/service/image", "names no tag"]),
        (service("environment", json!({"BIG": "x".repeat(9000)})), &["/service", "8192"]),
        (service("loadBalancer", json!({"healthCheck": {"path": "up"}})), &["/service/loadBalancer/healthCheck/path"]),
        (json!({}), &["neither a network nor a service"]),
        (json!("web"), &["a string"]),
        (json!([1, 2]), &["a list"]),
        (
            json!({"network": {"name": "B!"}, "service": {"port": 0}}),
            &["/network/name", "/service/port", "/service/image"],
        ),
    ];
    for (input, says) in cases {
        refused(&local, &input, invalid, says).await;
    }
}

async fn no_image(local: Arc<Local>) {
    for (name, says) in [("hello:no-such-tag", "no such image"), ("no-such-repository:1", "no such repository")] {
        let mut wanted = input("imageless", "imageless");
        wanted["service"]["image"] = json!(image(name));
        refused(&local, &wanted, "Moat.Refused", &["/service/image", says]).await;
    }
    assert!(local.network_holdings("imageless").await.is_empty());
}

async fn no_zones(local: Arc<Local>) {
    let wanted = json!({"network": {"name": "zoneless", "zones": 7}});
    refused(&local, &wanted, "Moat.Refused", &["/network/zones", "us-east-1a, us-east-1b, us-east-1c"]).await;
    assert!(local.network_holdings("zoneless").await.is_empty());
}

async fn no_network(local: Arc<Local>) {
    let wanted = json!({"service": {"name": "lost", "network": "nowhere", "image": image("hello:1")}});
    refused(&local, &wanted, "Moat.Refused", &["/service/network", "/moat/networks/nowhere"]).await;
}
