//! A service, its registry and its events, for the tests of rollouts.

// Each test file uses a part of it.
#![allow(dead_code)]

use moat::image::Digest;
use moat::spec::ServiceSpec;
use moat_fake::rollout::{Ended, Rollout};
use moat_fake::{World, trial};
use serde_json::{Value, json};

const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web";

pub fn digest(number: u64) -> Digest {
    Digest::new(&trial::digest(number)).unwrap()
}

pub fn spec(more: &Value) -> ServiceSpec {
    let mut document = json!({"name": "web", "network": "main", "image": format!("{REPOSITORY}:latest"), "tasks": 2});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let read = moat::spec::read(&json!({ "service": document }));
    read.unwrap_or_else(|problems| panic!("{problems:?}")).service.unwrap()
}

/// A service that runs digest 1, which has the tag `latest`, since an hour.
pub fn settled(seed: u64, more: &Value) -> World {
    let world = World::new(seed);
    world.change(|state| {
        let ground = &mut state.ground;
        ground.spec = Some(spec(more));
        ground.registry.push(&digest(1), "latest", 0);
        let revision = ground.ecs.register(&digest(1), Some("latest"), Vec::new(), 0);
        ground.ecs.update(&revision, "moat-provision", 0);
    });
    world.wait(3_600_000);
    world
}

pub fn push(world: &World, number: u64) -> Digest {
    world.change(|state| state.ground.registry.push(&digest(number), "latest", state.now));
    digest(number)
}

pub fn event(digest: &Digest) -> Value {
    json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": "123456789012", "region": "us-east-1",
        "time": "2026-03-01T12:00:00Z", "id": "an event", "resources": [], "version": "0",
        "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "web", "image-tag": "latest",
            "image-digest": digest}
    })
}

pub fn run(world: &World, name: &str, input: Value) -> Ended {
    world.run(Rollout::new(world, name, input).run())
}

pub fn pushed(world: &World, number: u64) -> Ended {
    let digest = push(world, number);
    run(world, &format!("push-{number}"), event(&digest))
}

pub fn running(world: &World) -> Digest {
    world.read(|state| state.ground.ecs.current().unwrap().digest.clone())
}

/// How often moat pointed the service at a revision.
pub fn rolls(world: &World) -> usize {
    world.read(|state| state.ground.ecs.records.iter().filter(|record| record.by.contains("moat-rollout")).count())
}

pub fn told(world: &World) -> Vec<Value> {
    world.read(|state| state.ground.told.clone())
}
