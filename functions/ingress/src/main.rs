//! The ingress stage: one look or one pass.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::error::Failure;
use moat::ingress::{Ingress, IngressSpec};
use moat::pass::look;
use moat_aws::ingress::IngressCloud;
use moat_lambda::{Reply, Request, StageRequest, parse, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let cloud = &IngressCloud::new(&moat_aws::config::load().await);
    serve(|event| async move {
        match parse(event)? {
            Request::Look(r) => look::<Ingress, _>(cloud, &spec(&r)?).await.map(Reply::Look),
            Request::Pass(r) => r.pass::<Ingress, _>(cloud, &spec(&r)?).await.map(Reply::Pass),
        }
    })
    .await
}

fn spec(request: &StageRequest) -> Result<IngressSpec, Failure> {
    let StageRequest { network, given, .. } = request;
    Ok(IngressSpec { network: network.clone(), service: request.service()?, given: given.clone() })
}
