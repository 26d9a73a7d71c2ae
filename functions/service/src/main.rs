//! The service stage: one look or one pass.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::error::Failure;
use moat::pass::look;
use moat::service::desired::task_definition;
use moat::service::{Service, ServiceStageSpec};
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use moat_lambda::{Reply, Request, StageRequest, parse, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = moat_aws::config::load().await;
    let (region, execution_role) = (moat_aws::config::region(&config), std::env::var("MOAT_EXECUTION_ROLE_ARN")?);
    let spec = &move |request: &StageRequest| {
        let StageRequest { network, given, release, before, permit, .. } = request;
        let (region, execution_role) = (region.clone(), execution_role.clone());
        let service = request.service()?;
        Ok::<_, Failure>(ServiceStageSpec {
            network: network.clone(),
            service,
            given: given.clone(),
            region,
            release: release.clone(),
            tried: before.get(&task_definition()).map(Into::into),
            keeps_image: permit.is_some(),
            execution_role,
        })
    };
    let cloud = &ServiceCloud::new(&config, Autoscaling::from_env(&config)?);
    serve(|event| async move {
        match parse(event)? {
            Request::Look(r) => look::<Service, _>(cloud, &spec(&r)?).await.map(Reply::Look),
            Request::Pass(r) => r.pass::<Service, _>(cloud, &spec(&r)?).await.map(Reply::Pass),
        }
    })
    .await
}
