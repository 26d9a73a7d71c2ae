//! Proof, from what was observed alone, that tasks are private and can still reach what they need.
//!
//! A plan that is empty says that our resources are as asked. A proof looks at what decides where packets may go, whoever
//! made it. [`prove`] takes one snapshot of [`facts`] and answers two theorems, each with what it rests on or with every
//! fault at once: *privacy* (E2, E3) and *egress* (E1).
//!
//! `facts` is what was read, `lookup` finds in it, `ranges` and `filters` are the arithmetic of addresses and rules; `ways`
//! and `endpoints` follow packets out and back; `egress` and `privacy` conclude; `words`, `witness` and `picture` say it.

mod cause;
mod egress;
mod endpoints;
pub mod facts;
mod filters;
mod hosts;
mod lookup;
pub mod names;
mod picture;
mod privacy;
mod prove;
pub mod ranges;
mod report;
mod trail;
mod ways;
mod witness;
mod words;

pub use egress::Reach;
pub use prove::{Proofs, prove};
pub use report::{Fault, Theorem, Verdict};

use crate::network::observed::{RouteTable, Target};
use serde::{Deserialize, Serialize};

/// What a proof is made from. All of it was read just now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    pub subnets: Vec<Subnet>,
    /// `None` while there is no service yet.
    pub service: Option<Service>,
    /// Every network interface in the security group of the tasks.
    pub interfaces: Vec<Interface>,
}

/// A subnet that tasks run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its logical name, or its id where it has none.
    pub name: String,
    pub id: String,
    pub gives_public_ips: bool,
    /// The table in force: the associated one, or else the VPC's main table. `None` when neither could be found.
    pub table: Option<RouteTable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    pub assigns_public_ip: bool,
    /// The subnets that ECS may start tasks in.
    pub subnets: Vec<String>,
    pub desired: u32,
    pub running: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub id: String,
    pub subnet: String,
    pub public_ip: Option<String>,
}

/// Whether it holds, why, and everything that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proof {
    pub holds: bool,
    pub statements: Vec<String>,
    pub faults: Vec<String>,
}

/// Proves that tasks are private: no public IP, and no route from their subnets to an Internet gateway.
pub fn privacy(snapshot: &Snapshot) -> Proof {
    let mut proof = Proof::default();
    if snapshot.subnets.is_empty() {
        proof.faults.push("no task subnet could be found, so nothing is proven".into());
    }
    for subnet in &snapshot.subnets {
        routes(subnet, &mut proof);
    }
    if let Some(service) = &snapshot.service {
        placement(service, snapshot, &mut proof);
        interfaces(service, &snapshot.interfaces, &mut proof);
    }
    proof.holds = proof.faults.is_empty();
    proof
}

fn routes(subnet: &Subnet, proof: &mut Proof) {
    let Subnet { name, id, gives_public_ips, table } = subnet;
    let Some(table) = table else {
        proof.faults.push(format!("{name} {id} has no route table that could be read"));
        return;
    };
    let holes = table.routes.iter().filter(|route| matches!(route.target, Target::InternetGateway(_)));
    let mut is_closed = true;
    for hole in holes {
        is_closed = false;
        proof.faults.push(format!(
            "{name} {id} is not private: its route table {} leads {} to the Internet gateway {}. Delete that route, or run tasks in another subnet",
            table.id, hole.destination, hole.target
        ));
    }
    if *gives_public_ips {
        is_closed = false;
        proof.faults.push(format!("{name} {id} gives public IPs to what starts in it. Turn that off"));
    }
    if is_closed {
        let default = table.routes.iter().find(|route| route.destination == "0.0.0.0/0" && route.is_active);
        let way_out = default.map_or("nowhere".to_owned(), |route| route.target.to_string());
        proof
            .statements
            .push(format!("{name} {id} reaches out through {way_out} and has no route to an Internet gateway"));
    }
}

fn placement(service: &Service, snapshot: &Snapshot, proof: &mut Proof) {
    if service.assigns_public_ip {
        proof.faults.push(format!("service {} gives its tasks public IPs (assignPublicIp is ENABLED)", service.name));
    } else {
        proof.statements.push(format!(
            "service {} gives its tasks no public IPs (assignPublicIp is DISABLED), {} of {} running",
            service.name, service.running, service.desired
        ));
    }
    let is_known = |id: &&String| snapshot.subnets.iter().any(|subnet| subnet.id == **id);
    for id in service.subnets.iter().filter(|id| !is_known(id)) {
        proof.faults.push(format!(
            "service {} may start tasks in {id}, which is not a private subnet of its network",
            service.name
        ));
    }
}

fn interfaces(service: &Service, interfaces: &[Interface], proof: &mut Proof) {
    let exposed: Vec<String> = interfaces
        .iter()
        .filter_map(|interface| Some(format!("{} ({})", interface.id, interface.public_ip.as_ref()?)))
        .collect();
    if !exposed.is_empty() {
        proof.faults.push(format!(
            "network interfaces of service {} have public IPs: {}",
            service.name,
            exposed.join(", ")
        ));
        return;
    }
    let ids: Vec<&str> = interfaces.iter().map(|interface| interface.id.as_str()).collect();
    proof.statements.push(match ids.as_slice() {
        [] if service.running > 0 => {
            format!(
                "service {}: AWS shows no network interface of its {} tasks, so none is seen to have a public IP",
                service.name, service.running
            )
        }
        [] => format!("service {} has no network interface yet", service.name),
        [one] => format!("service {}: its network interface {one} has no public IP", service.name),
        many => format!(
            "service {}: none of its {} network interfaces has a public IP: {}",
            service.name,
            many.len(),
            many.join(", ")
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::observed::Route;

    fn route(destination: &str, target: Target) -> Route {
        Route { destination: destination.into(), target, is_active: true }
    }

    fn private() -> Snapshot {
        let routes = vec![route("10.0.0.0/16", Target::Local), route("0.0.0.0/0", Target::NatGateway("nat-1".into()))];
        let table =
            RouteTable { id: "rtb-1".into(), resource: None, vpc: "vpc-1".into(), associations: Vec::new(), routes };
        Snapshot {
            subnets: vec![Subnet {
                name: "subnet private-a".into(),
                id: "subnet-1".into(),
                gives_public_ips: false,
                table: Some(table),
            }],
            service: Some(Service {
                name: "web".into(),
                assigns_public_ip: false,
                subnets: vec!["subnet-1".into()],
                desired: 1,
                running: 1,
            }),
            interfaces: vec![Interface { id: "eni-1".into(), subnet: "subnet-1".into(), public_ip: None }],
        }
    }

    #[test]
    fn e3_a_private_service_is_proven_in_sentences() {
        let proof = privacy(&private());
        assert!(proof.holds);
        insta::assert_snapshot!(proof.statements.join("\n"), @r"
        subnet private-a subnet-1 reaches out through nat-1 and has no route to an Internet gateway
        service web gives its tasks no public IPs (assignPublicIp is DISABLED), 1 of 1 running
        service web: its network interface eni-1 has no public IP
        ");
    }

    #[test]
    fn e2_a_subnet_that_is_called_private_but_leads_to_the_internet_gateway_is_refused() {
        let mut snapshot = private();
        let table = snapshot.subnets[0].table.as_mut().unwrap();
        table.routes[1] = route("0.0.0.0/0", Target::InternetGateway("igw-1".into()));
        let proof = privacy(&snapshot);
        assert!(!proof.holds);
        insta::assert_snapshot!(proof.faults.join("\n"), @"subnet private-a subnet-1 is not private: its route table rtb-1 leads 0.0.0.0/0 to the Internet gateway igw-1. Delete that route, or run tasks in another subnet");
    }

    #[test]
    fn e2_a_service_in_a_public_subnet_is_refused_though_it_assigns_no_public_ip() {
        let mut snapshot = private();
        snapshot.service.as_mut().unwrap().subnets = vec!["subnet-public".into()];
        insta::assert_snapshot!(privacy(&snapshot).faults.join("\n"), @"service web may start tasks in subnet-public, which is not a private subnet of its network");
    }

    #[test]
    fn e3_every_fault_is_told_at_once() {
        let mut snapshot = private();
        snapshot.subnets[0].gives_public_ips = true;
        snapshot.service.as_mut().unwrap().assigns_public_ip = true;
        snapshot.interfaces[0].public_ip = Some("203.0.113.7".into());
        let proof = privacy(&snapshot);
        assert_eq!(proof.faults.len(), 3, "{proof:?}");
    }

    #[test]
    fn nothing_read_proves_nothing() {
        assert!(!privacy(&Snapshot::default()).holds);
        let mut snapshot = private();
        snapshot.subnets[0].table = None;
        assert!(!privacy(&snapshot).holds);
    }

    #[test]
    fn an_ipv6_way_to_the_internet_gateway_counts() {
        let mut snapshot = private();
        let table = snapshot.subnets[0].table.as_mut().unwrap();
        table.routes.push(route("::/0", Target::InternetGateway("igw-1".into())));
        assert!(!privacy(&snapshot).holds);
    }
}
