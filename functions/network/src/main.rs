//! The network stage: one look or one pass.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::network::Network;
use moat::pass::look;
use moat_aws::network::NetworkCloud;
use moat_lambda::{Reply, Request, parse, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let cloud = &NetworkCloud::new(&moat_aws::config::load().await);
    serve(|event| async move {
        match parse(event)? {
            Request::Look(r) => look::<Network, _>(cloud, &r.network()).await.map(Reply::Look),
            Request::Pass(r) => r.pass::<Network, _>(cloud, &r.network()).await.map(Reply::Pass),
        }
    })
    .await
}
