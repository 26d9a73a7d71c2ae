//! The trials, by what they are about.

mod corp;
mod drift;
mod faults;
mod inputs;
mod outcomes;
mod provision;
mod rollout;
mod shapes;
mod shared;
mod teardown;
mod together;
mod ways;

use crate::Body;
use moat_tests::local::{ACCOUNT, REGION};
use serde_json::{Value, json};

/// Every trial with its name, in the order in which they run.
pub fn all() -> Vec<(&'static str, Body)> {
    [
        provision::trials(),
        rollout::trials(),
        shapes::trials(),
        shared::trials(),
        corp::trials(),
        outcomes::trials(),
        inputs::trials(),
        together::trials(),
        faults::trials(),
        teardown::trials(),
        drift::trials(),
        ways::trials(),
    ]
    .concat()
}

/// A network and a service with these names, in two zones, with an image that the local ECR has.
fn input(network: &str, service: &str) -> Value {
    json!({
        "network": {"name": network},
        "service": {"name": service, "network": network, "image": image("hello:1"), "port": 8080}
    })
}

fn image(name: &str) -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}")
}

/// Those that have a local AWS of their own.
pub fn alone() -> Vec<(&'static str, Body)> {
    drift::alone()
}
