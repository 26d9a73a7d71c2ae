//! Proof, from what was observed alone, that tasks are private and can still reach what they need.
//!
//! A plan that is empty says that our resources are as asked. A proof looks at what decides where packets may go, whoever
//! made it. [`prove`] takes one snapshot of [`facts`] and answers two theorems, each with what it rests on or with every
//! fault at once: *privacy* (E2, E3) and *egress* (E1).
//!
//! `facts` is what was read, or is `planned`; `names` and `policies` read what is written in it; `lookup` finds in it, `ranges` and `filters` are the arithmetic of addresses and rules; `ways`
//! and `endpoints` follow packets out and back; `egress` and `privacy` conclude; `words`, `witness` and `picture` say it, `answer` to whoever asked with an `order`.

mod answer;
mod cause;
mod egress;
mod endpoints;
pub mod facts;
mod filters;
mod hosts;
mod lookup;
pub mod names;
pub mod order;
mod picture;
pub mod planned;
pub mod policies;
mod privacy;
mod prove;
pub mod ranges;
mod report;
mod trail;
mod ways;
mod witness;
mod words;

pub use answer::{Answer, Proof};
pub use egress::Reach;
pub use prove::{Proofs, prove};
pub use report::{Fault, Theorem, Verdict};

use crate::network::observed::{RouteTable, Target};

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
