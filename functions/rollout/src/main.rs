//! Rolls services to the images that they track: finds them, decides, deploys, follows, concludes. The state machine
//! `moat-rollout` calls it, and does the waiting.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod conclude;
mod find;
mod follow;
mod hold;
mod inspect;
mod request;
mod roll;
mod round;

use moat_aws::parameters::Parameters;
use moat_aws::rollout::RolloutCloud;
use moat_lambda::{parse, serve};
use request::Request;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let (cloud, parameters) = (&RolloutCloud::new(&config), &Parameters::new(&config));
    serve(|event| async move {
        match parse(event)? {
            Request::Inspect(inspection) => Ok(json!(inspect::inspect(cloud, &inspection).await?)),
            Request::Find { input, execution } => find::find(cloud, &input, &execution).await,
            Request::Lock { service, execution, trigger } => {
                hold::lock(parameters, service, &execution, &trigger).await
            }
            Request::Roll(round) => roll::roll(cloud, &round).await,
            Request::Look { round, after } => roll::look(cloud, &round, after.as_ref()).await,
            Request::Follow { service, started } => follow::follow(cloud, &service, started).await,
            Request::Conclude(ended) => conclude::conclude(cloud, &ended).await,
            Request::Unlock { service, execution } => hold::unlock(parameters, service, &execution).await,
        }
    })
    .await
}
