//! The way out: reads the order, finds what there is to take down, and makes one look or one pass over a part of it.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod find;
mod request;

use moat::error::Failure;
use moat::pass::{look, pass};
use moat::plan::Bindings;
use moat::stage::{Cloud, Stage};
use moat::teardown::Report;
use moat::teardown::TeardownFacts;
use moat::teardown::ingress::IngressTeardown;
use moat::teardown::network::NetworkTeardown;
use moat::teardown::record::RecordTeardown;
use moat::teardown::service::ServiceTeardown;
use moat_aws::scaling::Autoscaling;
use moat_aws::teardown::{IngressTeardownCloud, NetworkTeardownCloud, RecordTeardownCloud, ServiceTeardownCloud};
use moat_lambda::{Reply, parse, serve};
use request::{Ask, Mode, Part, Request};
use serde_json::{Value, json};

/// AWS, as each part of a teardown uses it.
#[derive(Debug)]
struct Clouds {
    service: ServiceTeardownCloud,
    ingress: IngressTeardownCloud,
    network: NetworkTeardownCloud,
    record: RecordTeardownCloud,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let clouds = &Clouds {
        service: ServiceTeardownCloud::new(&config, Autoscaling::from_env(&config)?),
        ingress: IngressTeardownCloud::new(&config),
        network: NetworkTeardownCloud::new(&config),
        record: RecordTeardownCloud::new(&config),
    };
    serve(|event| async move {
        match event.get("do").is_some() {
            true => answer(clouds, parse(event)?).await,
            false => work(clouds, parse(event)?).await,
        }
    })
    .await
}

async fn answer(clouds: &Clouds, ask: Ask) -> Result<Value, Failure> {
    match ask {
        Ask::Check { input } => find::check(&input),
        Ask::Find { order } => find::find(clouds, &order).await,
        Ask::Conclude { owner, services, ended } => Ok(json!(Report::of(&owner, services.len(), ended))),
    }
}

async fn work(clouds: &Clouds, request: Request) -> Result<Value, Failure> {
    let Request { mode, part, given, before } = request;
    match part {
        Part::Service(spec) => run::<ServiceTeardown, _>(&clouds.service, mode, &spec, &given, &before).await,
        Part::Ingress(spec) => run::<IngressTeardown, _>(&clouds.ingress, mode, &spec, &given, &before).await,
        Part::Network(spec) => run::<NetworkTeardown, _>(&clouds.network, mode, &spec, &given, &before).await,
        Part::Record(spec) => run::<RecordTeardown, _>(&clouds.record, mode, &spec, &given, &before).await,
    }
}

async fn run<S, C>(cloud: &C, mode: Mode, spec: &S::Spec, given: &Bindings, before: &Bindings) -> Result<Value, Failure>
where
    S: Stage<Facts = TeardownFacts>,
    C: Cloud<S>,
{
    let reply = match mode {
        Mode::Look => Reply::Look(look::<S, C>(cloud, spec).await?),
        Mode::Pass => Reply::Pass(pass::<S, C>(cloud, spec, given, before).await?),
    };
    Ok(json!(reply))
}
