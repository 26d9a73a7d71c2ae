//! The ways as a Mermaid flowchart: solid lines carry packets, a crossed line says what is broken.

use super::cause::Cause;
use super::egress::Egress;
use super::lookup::Lookup;
use super::privacy::{Door, Privacy, task_subnets};
use super::report::{Findings, Verdict};
use super::trail::{Exit, Way};
use super::words::name_of;
use crate::ids::SubnetId;
use std::collections::{BTreeMap, BTreeSet};

/// Lines longer than this hide the picture; the sentences say the rest.
const SUBNETS: usize = 24;

pub fn picture(lookup: &Lookup<'_>, privacy: &Privacy, egress: &Egress) -> String {
    let mut chart = Chart::default();
    let tasks = task_subnets(lookup);
    let more = tasks.len().saturating_sub(SUBNETS);
    let tasks: BTreeSet<&SubnetId> = tasks.into_iter().take(SUBNETS).collect();
    for id in &tasks {
        chart.node(id.as_str(), &format!("tasks in {}", lookup.called(id)));
    }
    if more > 0 {
        chart.node("more", &format!("tasks in {more} more subnets"));
    }
    door(lookup, &tasks, &mut chart);
    for ((subnet, ways), needs) in egress.ways.iter().filter(|((subnet, _), _)| tasks.contains(subnet)) {
        for way in ways {
            way_out(lookup, subnet, way, needs, &mut chart);
        }
    }
    broken(&tasks, egress, &mut chart);
    open(&privacy.findings, &tasks, &mut chart);
    chart.text()
}

/// Nodes and lines, each once, in the order of their names.
#[derive(Default)]
struct Chart {
    nodes: BTreeMap<String, String>,
    lines: BTreeMap<(String, String, &'static str), BTreeSet<String>>,
}

impl Chart {
    fn node(&mut self, id: &str, text: &str) -> String {
        let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        self.nodes.entry(id.clone()).or_insert_with(|| text.replace('"', "'"));
        id
    }

    fn line(&mut self, from: &str, to: &str, arrow: &'static str, label: &str) {
        let labels = self.lines.entry((from.to_owned(), to.to_owned(), arrow)).or_default();
        if !label.is_empty() {
            labels.insert(label.replace('"', "'"));
        }
    }

    fn text(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (id, label) in &self.nodes {
            text.push_str(&format!("  {id}[\"{label}\"]\n"));
        }
        for ((from, to, arrow), labels) in &self.lines {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let label = if labels.is_empty() { String::new() } else { format!("|\"{}\"|", labels.join(", ")) };
            text.push_str(&format!("  {from} {arrow}{label} {to}\n"));
        }
        text
    }
}

fn door(lookup: &Lookup<'_>, tasks: &BTreeSet<&SubnetId>, chart: &mut Chart) {
    for balancer in Door::of(lookup).load_balancers {
        let ports: Vec<String> =
            balancer.listeners.iter().map(|one| format!("{} {}", one.protocol, one.port)).collect();
        let node = chart.node(name_of(balancer.arn.as_str()), &format!("load balancer {}", balancer.name));
        let from = if balancer.is_internet_facing {
            chart.node("internet", "the Internet")
        } else {
            chart.node("inside", "inside of the VPC")
        };
        chart.line(&from, &node, "-->", &ports.join(", "));
        for id in tasks {
            let task = chart.node(id.as_str(), "");
            chart.line(&node, &task, "-->", &format!("tcp {}", lookup.evidence.service.port));
        }
    }
}

fn way_out(lookup: &Lookup<'_>, subnet: &SubnetId, way: &Way, needs: &BTreeSet<String>, chart: &mut Chart) {
    let task = chart.node(subnet.as_str(), "");
    let needs = needs.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match way {
        Way::Nat { gateway, stands, exit, .. } => {
            let stands = stands.as_ref().map_or("regional".into(), |id| format!("in {}", lookup.called(id)));
            let nat = chart.node(gateway.as_str(), &format!("NAT gateway {gateway}, {stands}"));
            chart.line(&task, &nat, "-->", &needs);
            let (id, label) = match exit {
                Exit::InternetGateway(_, id) => (id.as_str(), format!("Internet gateway {id}")),
                Exit::GatewayEndpoint(_, id) => (id.as_str(), format!("endpoint {id}")),
            };
            let gateway = chart.node(id, &label);
            chart.line(&nat, &gateway, "-->", "");
            if matches!(exit, Exit::InternetGateway(..)) {
                let internet = chart.node("internet", "the Internet");
                chart.line(&gateway, &internet, "-->", "");
            }
        }
        Way::Direct { gateway, .. } => {
            let gateway = chart.node(gateway.as_str(), &format!("Internet gateway {gateway}"));
            chart.line(&task, &gateway, "-->", &needs);
            let internet = chart.node("internet", "the Internet");
            chart.line(&gateway, &internet, "-->", "");
        }
        Way::GatewayEndpoint { endpoint, .. } | Way::InterfaceEndpoint { endpoint, .. } => {
            let service = lookup.endpoint(endpoint).map_or("", |endpoint| endpoint.service.as_str());
            let endpoint = chart.node(endpoint.as_str(), &format!("endpoint {endpoint}, {service}"));
            chart.line(&task, &endpoint, "-->", &needs);
        }
    }
}

/// What is cut off or not known, from each subnet.
fn broken(tasks: &BTreeSet<&SubnetId>, egress: &Egress, chart: &mut Chart) {
    for reach in egress.reaches.iter().filter(|reach| tasks.contains(&reach.subnet)) {
        let arrow = match reach.verdict {
            Verdict::Holds => continue,
            Verdict::Unknown => "-.->",
            Verdict::Fails => "--x",
        };
        let task = chart.node(reach.subnet.as_str(), "");
        let thing = chart.node(&format!("need {}", reach.to), &reach.to);
        chart.line(&task, &thing, arrow, if reach.verdict == Verdict::Unknown { "not known" } else { "cut off" });
    }
}

/// What opens a way in, or would with one more change.
fn open(findings: &Findings, tasks: &BTreeSet<&SubnetId>, chart: &mut Chart) {
    for cause in findings.faults.keys() {
        let (reason, opened) = match cause {
            Cause::PublicIpAssigned(_) => ("public IPs", None),
            Cause::PublicIp(_, subnet, ip) => (ip.as_str(), Some(subnet)),
            Cause::SubnetGivesPublicIps(subnet) => ("gives public IPs", Some(subnet)),
            Cause::OpenRoute(subnet, ..) => ("route to an Internet gateway", Some(subnet)),
            Cause::Admits(group, _) => (group.as_str(), None),
            Cause::OpenBesideListeners(balancer, group, _) => {
                let (internet, balancer) =
                    (chart.node("internet", "the Internet"), chart.node(name_of(balancer.as_str()), ""));
                chart.line(&internet, &balancer, "-.->", &format!("open: {group}"));
                continue;
            }
            _ => continue,
        };
        for id in tasks.iter().filter(|id| opened.is_none_or(|subnet| subnet == **id)) {
            let (internet, task) = (chart.node("internet", "the Internet"), chart.node(id.as_str(), ""));
            chart.line(&internet, &task, "-.->", &format!("open: {reason}"));
        }
    }
}
