//! What a pushed image does to the services that track it.

use super::{image, input};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::Local;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![("a_pushed_image_rolls_the_service_and_the_same_event_again_does_nothing", |l| Box::pin(pushed(l)))]
}

/// A service of this name on an image of its own repository, which has the tag `latest`.
async fn provisioned(local: &Local, name: &str) -> String {
    let first = local.push_image(name, "latest", "first").await;
    local.provision(&tracking(name)).await.output();
    assert_eq!(local.deployed(name).await, first);
    first
}

fn tracking(name: &str) -> Value {
    let mut wanted = input(name, name);
    wanted["service"]["image"] = json!(image(&format!("{name}:latest")));
    wanted
}

fn names(local: &Local) -> Vec<String> {
    local.proxy.calls().iter().map(|call| call.operation.name.clone()).collect()
}

async fn pushed(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let first = provisioned(&local, "walk").await;
    let second = local.push_image("walk", "latest", "second").await;
    local.plan(&[], Slowness::default());
    let ended = local.pushed("walk", "latest", &second).await;
    let calls = names(&local);
    assert_eq!(ended.output()["outcome"], "succeeded", "{}", ended.output);
    assert_eq!(local.deployed("walk").await, second);
    let before = calls.iter().position(|name| name == "UpdateService").expect("it was rolled");
    assert!(before <= 12, "{:?}", &calls[..before]);
    println!("a rollout: {before} calls before UpdateService, {} in all: {calls:?}", calls.len());

    local.plan(&[], Slowness::default());
    let again = local.pushed("walk", "latest", &second).await;
    assert_eq!(again.output()["outcome"], "already-running", "{}", again.output);
    let older = local.pushed("walk", "latest", &first).await;
    assert_eq!(older.output()["outcome"], "already-running", "{}", older.output);
    assert!(!names(&local).contains(&"UpdateService".to_owned()));
    let denied: Vec<_> = local.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(denied.is_empty(), "denied: {denied:?}");
}
