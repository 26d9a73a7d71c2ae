//! The spec's keeper: checks it, locks its names, records it, and publishes what came of it.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod check;
mod record;
mod request;

use moat_aws::parameters::Parameters;
use moat_aws::records::Records;
use moat_lambda::{parse, serve};
use request::Request;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let (parameters, records) = (&Parameters::new(&config), &Records::new(&config));
    let region = &moat_aws::config::region(&config);
    serve(|event| async move {
        match parse(event)? {
            Request::Check { input } => check::check(parameters, records, region, &input).await,
            Request::Lock { execution, owners } => {
                for owner in &owners {
                    parameters.lock(owner, &execution).await?;
                }
                Ok(json!({}))
            }
            Request::Record { record, found } => record::record(parameters, &record.with(found)).await,
            Request::Publish { service, url } => {
                parameters.publish_url(&service, &url).await?;
                Ok(json!({}))
            }
            Request::Unlock { execution, owners } => {
                let mut released = Vec::new();
                for owner in &owners {
                    if parameters.unlock(owner, &execution).await? {
                        released.push(moat::parameters::lock(owner));
                    }
                }
                Ok::<Value, moat::error::Failure>(json!({ "released": released }))
            }
        }
    })
    .await
}
