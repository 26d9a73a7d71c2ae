//! What a theorem rests on, in sentences: the ways that were followed, and the doors that were found shut.

use super::cause::Cause;
use super::egress::Egress;
use super::facts::LoadBalancer;
use super::lookup::Lookup;
use super::privacy::{Door, Privacy, task_groups, task_subnets};
use super::report::and;
use super::trail::{Exit, Way};
use super::words::Words;
use crate::ids::SubnetId;
use std::collections::{BTreeMap, BTreeSet};

pub fn of_egress(lookup: &Lookup<'_>, egress: &Egress) -> Vec<String> {
    let mut alike: BTreeMap<(&Vec<Way>, &BTreeSet<String>), Vec<&str>> = BTreeMap::new();
    for ((subnet, ways), needs) in &egress.ways {
        alike.entry((ways, needs)).or_default().push(lookup.called(subnet));
    }
    let sentences = alike.into_iter().map(|((ways, needs), subnets)| {
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        let ways: Vec<String> = ways.iter().map(|way| of_way(lookup, way)).collect();
        format!("tasks in {} reach {} {}", and(&subnets), and(&needs), ways.join(", and "))
    });
    sentences.collect()
}

fn of_way(lookup: &Lookup<'_>, way: &Way) -> String {
    let words = Words(lookup);
    match way {
        Way::Nat { table, by, gateway, stands, exit } => {
            let stands = stands.as_ref().map_or("(regional)".into(), |id| format!("in {}", words.subnet(id)));
            let exit = match exit {
                Exit::InternetGateway(table, id) => format!("where {table} leads on to the Internet gateway {id}"),
                Exit::GatewayEndpoint(table, id) => format!("where {table} leads on to the endpoint {id}"),
            };
            format!("through NAT gateway {gateway} {stands}, to which {table} leads {by}, {exit}")
        }
        Way::Direct { table, by, gateway } => {
            format!("through the Internet gateway {gateway}, to which {table} leads {by}, with public IPs of their own")
        }
        Way::GatewayEndpoint { table, by, endpoint } => {
            format!("through the gateway endpoint {endpoint}, to which {table} leads {by}")
        }
        Way::InterfaceEndpoint { endpoint, subnets } => {
            let subnets: Vec<&str> = subnets.iter().map(|id| lookup.called(id)).collect();
            format!("through the interface endpoint {endpoint} in {}, whose private DNS name answers", and(&subnets))
        }
    }
}

pub fn of_privacy(lookup: &Lookup<'_>, privacy: &Privacy) -> Vec<String> {
    let mut sentences = vec![addresses(lookup, privacy)];
    sentences.extend(routes(lookup, privacy));
    sentences.extend(groups(lookup, privacy));
    sentences.extend(Door::of(lookup).load_balancers.into_iter().map(|balancer| door(lookup, balancer)));
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn addresses(lookup: &Lookup<'_>, privacy: &Privacy) -> String {
    let evidence = lookup.evidence;
    let is_spoken_for = |cause: &Cause| matches!(cause, Cause::PublicIpAssigned(_) | Cause::PublicIp(..));
    if evidence.service.name.is_empty() || privacy.findings.faults.keys().any(is_spoken_for) {
        return String::new();
    }
    let seen = match evidence.interfaces.len() {
        0 => "and no network interface of it is seen".to_owned(),
        1 => format!("and its network interface {} has none", evidence.interfaces[0].id),
        many => format!("and none of its {many} network interfaces has one"),
    };
    format!("service {} gives its tasks no public IP (assignPublicIp is DISABLED), {seen}", evidence.service.name)
}

fn routes(lookup: &Lookup<'_>, privacy: &Privacy) -> Option<String> {
    let is_open = |id: &SubnetId| {
        privacy.findings.faults.keys().any(|cause| matches!(cause, Cause::OpenRoute(subnet, ..) if subnet == id))
    };
    let shut: Vec<String> = task_subnets(lookup)
        .into_iter()
        .filter(|id| !is_open(id))
        .filter_map(|id| Some(format!("{} ({})", lookup.called(id), lookup.table_of(id)?.id)))
        .collect();
    let shut: Vec<&str> = shut.iter().map(String::as_str).collect();
    (!shut.is_empty())
        .then(|| format!("no route table in force for tasks leads to an Internet gateway: {}", and(&shut)))
}

fn groups(lookup: &Lookup<'_>, privacy: &Privacy) -> Option<String> {
    let admits = |cause: &Cause| matches!(cause, Cause::Admits(..));
    if privacy.findings.faults.keys().any(admits) {
        return None;
    }
    let groups: Vec<&str> = task_groups(lookup).into_iter().map(|id| id.as_str()).collect();
    if groups.is_empty() {
        return None;
    }
    let door: BTreeSet<&str> = Door::of(lookup)
        .load_balancers
        .iter()
        .flat_map(|balancer| balancer.groups.iter().map(|id| id.as_str()))
        .collect();
    let door: Vec<&str> = door.into_iter().collect();
    let from = if door.is_empty() { String::new() } else { format!("{} of the load balancer, and ", and(&door)) };
    Some(format!("{} of the tasks admits {from}nobody from the Internet", and(&groups)))
}

fn door(lookup: &Lookup<'_>, balancer: &LoadBalancer) -> String {
    let ours = &lookup.evidence.service.target_groups;
    let listeners = balancer.listeners.iter().filter(|one| one.target_groups.iter().any(|group| ours.contains(group)));
    let listeners: Vec<String> = listeners.map(|one| format!("{} {}", one.protocol, one.port)).collect();
    let listeners = and(&listeners.iter().map(String::as_str).collect::<Vec<_>>());
    let port = lookup.evidence.service.port;
    if balancer.is_internet_facing {
        format!(
            "the door is load balancer {}, open to the Internet on {listeners}, which forwards to port {port} of the tasks",
            balancer.name
        )
    } else {
        format!("load balancer {} is internal, and forwards {listeners} to port {port} of the tasks", balancer.name)
    }
}
