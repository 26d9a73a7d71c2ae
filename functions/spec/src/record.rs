//! Writes down what was asked for.

use crate::request::Record;
use moat::error::Failure;
use moat::spec::ServiceSpec;
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use serde_json::{Value, json};

/// Records the documents, and lists the service under the repository of its image. Answers the names of the parameters
/// that changed.
pub async fn record(parameters: &Parameters, record: &Record) -> Result<Value, Failure> {
    let before = match &record.service {
        Some(service) => recorded(parameters, service).await?,
        None => None,
    };
    let mut recorded = Vec::new();
    for (owner, spec) in record.owned() {
        if parameters.record(&owner, &spec).await? {
            recorded.push(moat::parameters::spec(&owner));
        }
    }
    if let Some(service) = &record.service
        && parameters.list(service, before.as_ref()).await?
    {
        recorded.extend(service.image.ecr().map(|ecr| moat::parameters::image(&ecr, &service.name)));
    }
    Ok(json!({ "recorded": recorded }))
}

/// The spec that is recorded now. One that cannot be read is about to be overwritten: at worst the service stays listed
/// under a repository that it is no longer made from, and a rollout sees that.
async fn recorded(parameters: &Parameters, service: &ServiceSpec) -> Result<Option<ServiceSpec>, Failure> {
    let found = parameters.recorded(&Owner::Service(service.name.clone())).await?;
    Ok(found.and_then(|found| serde_json::from_value(found).ok()))
}
