//! How long a plan will take: the longest way through what waits for what.
//!
//! The network's gateways and the load balancer become ready side by side. Tasks start when the way out is there.

use super::asked::{Asked, Looked};
use serde::Serialize;

/// Medians, in seconds, as measured on AWS: NAT gateways (85 to 125), load balancers (139 to 187), and endpoints, of
/// which there are few measurements (120 to 180).
const NAT_GATEWAY: u32 = 115;
const LOAD_BALANCER: u32 = 152;
const ENDPOINTS: u32 = 150;
/// Everything else of a network and of an ingress: some dozens of calls, and the looks around them.
const CALLS: u32 = 15;
/// Until a task has its network interface and its image, and the container runs.
const TASK_START: u32 = 45;
/// How many good checks make a task well, and what ECS takes to see it and end the deployment.
const CHECKS: u32 = 2;
const STEADY: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Time {
    /// 0 when there is nothing to do.
    pub seconds: u32,
    /// What takes it, as a sentence part.
    pub because: String,
}

pub(super) fn time(asked: &Asked) -> Time {
    if asked.is_still() {
        return Time { seconds: 0, because: "there is nothing to do".into() };
    }
    let tasks = tasks(asked);
    let way_out = longest([nat_gateway(asked), endpoints(asked)]);
    let through: Vec<Part> = way_out.into_iter().chain(tasks).collect();
    let door = load_balancer(asked).into_iter().collect::<Vec<_>>();
    let sum = |parts: &[Part]| parts.iter().map(|part| part.seconds).sum::<u32>();
    let (longer, other) = if sum(&through) >= sum(&door) { (through, door) } else { (door, through) };
    let said = |parts: &[Part]| {
        let parts: Vec<String> = parts.iter().map(|part| format!("{} about {} s", part.what, part.seconds)).collect();
        parts.join(", then ")
    };
    let because = match (longer.is_empty(), other.is_empty()) {
        (true, _) => "nothing in it has to be waited for".to_owned(),
        (false, true) => said(&longer),
        (false, false) => format!("{}; meanwhile {}", said(&longer), said(&other)),
    };
    Time { seconds: CALLS + sum(&longer), because }
}

struct Part {
    what: &'static str,
    seconds: u32,
}

fn longest(parts: [Option<Part>; 2]) -> Option<Part> {
    parts.into_iter().flatten().max_by_key(|part| part.seconds)
}

fn waits(look: &Looked, kind: &str) -> bool {
    look.waiting.iter().any(|waiting| waiting.starts_with(kind))
}

fn nat_gateway(asked: &Asked) -> Option<Part> {
    let is_new = asked.makes_kind("nat-gateway") || waits(&asked.looks.network, "nat-gateway");
    is_new.then_some(Part { what: "the NAT gateway", seconds: NAT_GATEWAY })
}

fn endpoints(asked: &Asked) -> Option<Part> {
    let is_new = asked.quotas().contains(&super::Quota::InterfaceEndpoints);
    is_new.then_some(Part { what: "the endpoints", seconds: ENDPOINTS })
}

fn load_balancer(asked: &Asked) -> Option<Part> {
    let is_new = asked.makes_one("load-balancer") || waits(&asked.looks.ingress, "load-balancer");
    is_new.then_some(Part { what: "the load balancer", seconds: LOAD_BALANCER })
}

/// From the start of the tasks to the end of their deployment.
fn tasks(asked: &Asked) -> Option<Part> {
    let service = asked.service.as_ref().filter(|_| !asked.looks.service.is_still())?;
    let interval = service.load_balancer.as_ref().map_or(0, |door| door.health_check.interval);
    let checks = CHECKS * interval;
    Some(Part { what: "the tasks", seconds: TASK_START + checks + STEADY })
}
