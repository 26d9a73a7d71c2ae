//! Finds drift and says what may be mended: lists what is recorded, looks, rules, concludes, reports. The state machine
//! `moat-remediate` calls it and does the waiting; the passes of a repair are those of the stages' own Lambdas.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod list;
mod look;
mod mend;
mod prove;
mod record;
mod report;
mod request;

use moat::error::Failure;
use moat_aws::evidence::Reader;
use moat_aws::ingress::IngressCloud;
use moat_aws::leftovers::Leftovers;
use moat_aws::network::NetworkCloud;
use moat_aws::parameters::Parameters;
use moat_aws::records::Records;
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use moat_lambda::{parse, serve};
use request::Request;
use serde_json::{Value, json};

/// AWS, as each part of a look uses it, and where the looks are made.
#[derive(Debug)]
struct Eyes {
    network: NetworkCloud,
    ingress: IngressCloud,
    service: ServiceCloud,
    parameters: Parameters,
    records: Records,
    leftovers: Leftovers,
    reader: Reader,
    region: String,
    /// ARN of the role with which ECS pulls images and writes logs.
    execution_role: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let eyes = &Eyes {
        network: NetworkCloud::new(&config),
        ingress: IngressCloud::new(&config),
        service: ServiceCloud::new(&config, Autoscaling::from_env(&config)?).for_many(),
        parameters: Parameters::new(&config),
        records: Records::new(&config),
        leftovers: Leftovers::new(&config),
        reader: Reader::new(&config),
        region: moat_aws::config::region(&config),
        execution_role: std::env::var("MOAT_EXECUTION_ROLE_ARN")?,
    };
    serve(|event| async move { answer(eyes, parse(event)?).await }).await
}

async fn answer(eyes: &Eyes, request: Request) -> Result<Value, Failure> {
    match request {
        Request::Check { input } => list::check(&input),
        Request::List { order } => list::list(eyes, &order).await,
        Request::Look { group, order, ground } => look::group(eyes, &group, &order, ground).await,
        Request::Begin { owner, order, execution } => mend::begin(eyes, &owner, &order, &execution).await,
        Request::Finish(finished) => mend::finish(eyes, *finished).await,
        Request::Release { owner, execution } => {
            Ok(json!({ "isReleased": eyes.parameters.unlock(&owner, &execution).await? }))
        }
        Request::Report(ended) => report::report(eyes, *ended).await,
    }
}
