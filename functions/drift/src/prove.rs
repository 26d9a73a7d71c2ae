//! Proves the services that are looked at: what no plan sees, such as an ACL or a route of somebody else.

use crate::Eyes;
use moat::drift::{Ground, Inspection, proven};
use moat::error::{Failure, Kind};
use moat::network::desired;
use moat::proof::order::Order;
use moat::proof::prove;
use moat::spec::ServiceSpec;
use moat_aws::evidence::Around;

/// Proves services of one network, whose VPC is read once. None for a service that does not run there.
pub async fn each(eyes: &Eyes, ground: &Ground, services: &[&ServiceSpec]) -> Vec<Result<Option<Inspection>, Failure>> {
    let around = match around(eyes, ground).await {
        Ok(Some(around)) => around,
        none => return services.iter().map(|_| none.as_ref().map(|_| None).map_err(Clone::clone)).collect(),
    };
    let orders: Vec<Order> = services.iter().map(|service| Order::of(&service.name)).collect();
    let read = eyes.reader.running_in(&around, &orders).await;
    read.into_iter().map(|read| Ok(told_elsewhere(read)?.map(|evidence| proven(&prove(&evidence))))).collect()
}

/// The VPC of a network. None where it is not known.
async fn around(eyes: &Eyes, ground: &Ground) -> Result<Option<Around>, Failure> {
    match ground.bindings.get(&desired::vpc()).filter(|_| !ground.is_refused) {
        Some(vpc) => told_elsewhere(eyes.reader.around(&vpc.into()).await),
        None => Ok(None),
    }
}

/// What is refused here is not there, which the looks tell.
fn told_elsewhere<T>(read: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match read {
        Err(failure) if failure.kind == Kind::Refused => Ok(None),
        read => read.map(Some),
    }
}
