//! Rolls services to the images that they track: finds them, decides, deploys, follows, concludes. The state machine
//! `moat-rollout` calls it, and does the waiting.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::rollout::flow::answer;
use moat_aws::parameters::Parameters;
use moat_aws::rollout::RolloutCloud;
use moat_lambda::{parse, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let (cloud, parameters) = (&RolloutCloud::new(&config), &Parameters::new(&config));
    serve(|event| async move {
        let request = parse(event)?;
        let reply = answer(cloud, parameters, request).await?;
        tracing::info!(%reply, "done");
        Ok(reply)
    })
    .await
}
