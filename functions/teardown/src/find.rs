//! From an order to the parts that it takes down.

use crate::Clouds;
use crate::request::Part;
use moat::error::{Failure, Kind};
use moat::name::Name;
use moat::plan::Problem;
use moat::stage::Cloud;
use moat::tags::Owner;
use moat::teardown::ingress::IngressTeardownSpec;
use moat::teardown::network::obstacle::lives_in;
use moat::teardown::network::{NetworkTeardown, NetworkTeardownSpec};
use moat::teardown::record::RecordTeardownSpec;
use moat::teardown::service::ServiceTeardownSpec;
use moat::teardown::{Order, tenants};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Checks the input. Nothing is read from AWS.
///
/// # Errors
/// `Moat.SpecInvalid` with every problem on a line of its own.
pub fn check(input: &Value) -> Result<Value, Failure> {
    let order = moat::teardown::read(input).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Failure::new(Kind::SpecInvalid, lines.join("\n"))
    })?;
    Ok(json!({ "mode": order.mode, "order": order, "owners": [order.owner] }))
}

/// The parts in the order of T1, and whose locks have to be held. Services that are only recorded, or only seen, count.
///
/// # Errors
/// `Moat.Refused` when a network is in use and its services were not ordered to go with it.
pub async fn find(clouds: &Clouds, order: &Order) -> Result<Value, Failure> {
    let services = match &order.owner {
        Owner::Service(name) => BTreeSet::from([name.clone()]),
        Owner::Network(name) => services_in(clouds, name).await?,
    };
    if let (Owner::Network(network), false, false) = (&order.owner, order.with_services, services.is_empty()) {
        let lines: Vec<String> = services.iter().map(|service| lives_in(network, service).to_string()).collect();
        return Err(Failure::new(Kind::Refused, lines.join("\n")));
    }
    // The one that was named first, as a provision locks the network before its service.
    let mut owners = vec![order.owner.clone()];
    let others = services.iter().cloned().map(Owner::Service);
    owners.extend(others.filter(|owner| *owner != order.owner));
    let parts: Vec<Value> =
        parts(order, &services).iter().map(|part| json!({ "of": part.of(), "request": part })).collect();
    Ok(json!({ "services": services, "owners": owners, "parts": parts }))
}

async fn services_in(clouds: &Clouds, network: &Name) -> Result<BTreeSet<Name>, Failure> {
    let recorded = clouds.record.services().await?;
    let spec = NetworkTeardownSpec { network: network.clone(), services: BTreeSet::new() };
    let seen = Cloud::<NetworkTeardown>::observe(&clouds.network, &spec).await?;
    Ok(tenants::of(network, &recorded, seen.tenants.into_iter().map(|(service, _)| service)))
}

/// Services, then the network that they live in, then what is recorded of them all.
fn parts(order: &Order, services: &BTreeSet<Name>) -> Vec<Part> {
    let mut parts = Vec::new();
    for service in services {
        parts.push(Part::Service(ServiceTeardownSpec { service: service.clone(), logs: order.logs }));
        let with = services.clone();
        parts.push(Part::Ingress(IngressTeardownSpec { service: service.clone(), is_protection_ours: false, with }));
    }
    let network = match &order.owner {
        Owner::Network(name) => {
            let spec = NetworkTeardownSpec { network: name.clone(), services: services.clone() };
            parts.push(Part::Network(spec));
            Some(order.owner.clone())
        }
        Owner::Service(_) => None,
    };
    let owners = services.iter().cloned().map(Owner::Service).chain(network);
    parts.extend(owners.map(|owner| Part::Record(RecordTeardownSpec { owner })));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(input: Value) -> Order {
        moat::teardown::read(&input).expect("an order")
    }

    fn words(order: &Order, services: &[&str]) -> Vec<String> {
        let services = services.iter().map(|name| Name::new(name).unwrap()).collect();
        parts(order, &services).iter().map(Part::of).collect()
    }

    #[test]
    fn t1_services_go_before_their_network_and_records_last() {
        let order = order(json!({"network": "main", "confirm": "main", "with": "services"}));
        assert_eq!(
            words(&order, &["api", "web"]),
            [
                "service api",
                "ingress of service api",
                "service web",
                "ingress of service web",
                "network main",
                "record of service api",
                "record of service web",
                "record of network main",
            ]
        );
    }

    #[test]
    fn a_service_goes_alone() {
        let order = order(json!({"service": "web", "confirm": "web"}));
        assert_eq!(words(&order, &["web"]), ["service web", "ingress of service web", "record of service web"]);
    }

    #[test]
    fn s1_a_wrong_order_is_told_with_every_problem() {
        let failure = check(&json!({"service": "web", "confirm": "wbe", "force": true})).unwrap_err();
        assert_eq!(failure.kind, Kind::SpecInvalid);
        assert_eq!(failure.message.lines().count(), 2, "{failure}");
    }
}
