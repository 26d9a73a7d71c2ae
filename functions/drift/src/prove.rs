//! Proves the services that are looked at: what no plan sees, such as an ACL or a route of somebody else.

use crate::Eyes;
use moat::drift::{Ground, Inspection, proven};
use moat::error::{Failure, Kind};
use moat::network::desired;
use moat::proof::order::Order;
use moat::proof::prove;
use moat::spec::ServiceSpec;
use moat_aws::evidence::Around;

/// The VPC of a network, read once for all services that are looked at together. None where it is not known.
///
/// # Errors
/// Unreadable is not absent.
pub async fn around(eyes: &Eyes, ground: &Ground) -> Result<Option<Around>, Failure> {
    match ground.bindings.get(&desired::vpc()).filter(|_| !ground.is_refused) {
        Some(vpc) => told_elsewhere(eyes.reader.around(&vpc.into()).await),
        None => Ok(None),
    }
}

/// Both theorems for a service, as a look. None where it does not run there.
///
/// # Errors
/// Unreadable is not absent.
pub async fn proof(eyes: &Eyes, service: &ServiceSpec, around: &Around) -> Result<Option<Inspection>, Failure> {
    let evidence = told_elsewhere(eyes.reader.running_in(around, &Order::of(&service.name)).await)?;
    Ok(evidence.map(|evidence| proven(&prove(&evidence))))
}

/// What is refused here is not there, which the looks tell.
fn told_elsewhere<T>(read: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match read {
        Err(failure) if failure.kind == Kind::Refused => Ok(None),
        read => read.map(Some),
    }
}
