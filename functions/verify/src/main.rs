//! Proves, from what is there, that tasks are private.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::error::{Failure, Kind};
use moat::plan::Bindings;
use moat::proof::privacy;
use moat::spec::{NetworkSpec, ServiceSpec};
use moat_aws::verify::Verifier;
use moat_lambda::{parse, serve};
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    network: NetworkSpec,
    #[serde(default)]
    service: Option<ServiceSpec>,
    bindings: Bindings,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let verifier = &Verifier::new(&moat_aws::config::load().await);
    serve(|event| async move {
        let Request { network, service, bindings } = parse(event)?;
        let proof = privacy(&verifier.snapshot(&network, service.as_ref(), &bindings).await?);
        if proof.holds { Ok(proof) } else { Err(Failure::new(Kind::Refused, proof.faults.join("\n"))) }
    })
    .await
}
