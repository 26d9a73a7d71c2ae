//! From JSON to specs, with every problem found at once.

use super::reader::{Reader, below, not_an_object};
use super::*;
use crate::cidr;
use crate::parameters;
use crate::plan::Problem;
use serde_json::Value;

/// What an execution is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub network: Option<NetworkSpec>,
    pub service: Option<ServiceSpec>,
    pub mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Change what needs changing.
    #[default]
    Apply,
    /// Change nothing, answer with the steps.
    Plan,
}

/// The retention times that CloudWatch Logs knows ("PutRetentionPolicy", CloudWatch Logs API).
const RETENTION_DAYS: [u32; 23] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, 0];

/// Reads and checks the input of an execution. Pure: what needs an AWS account to be known is checked by the stages.
pub fn read(value: &Value) -> Result<Input, Vec<Problem>> {
    let mut problems = Vec::new();
    if !value.is_object() {
        return Err(vec![not_an_object("", value)]);
    }
    let mut input = None;
    if let Some(mut fields) = Reader::open("", value, &["$schema", "network", "service", "mode"], &mut problems) {
        let network = fields.object("network", NETWORK_FIELDS, None, |r| Some(network(r)));
        let service = fields.object("service", SERVICE_FIELDS, None, |r| Some(service(r)));
        input = Some((network, service, fields.optional("mode", Mode::Apply)));
    }
    let absent = |name: &str| value.get(name).is_none_or(Value::is_null);
    if absent("network") && absent("service") {
        problems.push(Problem::at("", "names neither a network nor a service; give at least one of the two documents"));
    }
    let Some((network, service, mode)) = input.filter(|_| problems.is_empty()) else { return Err(problems) };
    if let (Some(network), Some(service)) = (&network, &service)
        && network.name != service.network
    {
        let message =
            format!("the service is for network {}, but the network here is {}", service.network, network.name);
        problems.push(Problem::at("/service/network", message));
    }
    problems.extend(network.as_ref().and_then(|spec| too_large("/network", spec)));
    problems.extend(service.as_ref().and_then(|spec| too_large("/service", spec)));
    problems.extend(service.as_ref().and_then(unrecordable));
    if problems.is_empty() { Ok(Input { network, service, mode }) } else { Err(problems) }
}

/// SSM takes `{{…}}` for a reference to another parameter, and no value that has one.
fn unrecordable(spec: &ServiceSpec) -> Option<Problem> {
    let has_reference = |text: &String| text.contains("{{");
    let environment = spec.environment.iter().find(|(_, value)| has_reference(value));
    let pointer = match environment {
        Some((name, _)) => below(&below("/service", "environment"), name),
        None => below("/service/command", &spec.command.iter().position(has_reference)?.to_string()),
    };
    Some(Problem::at(pointer, "has {{ in it, which the SSM parameter that records it does not take"))
}

fn too_large(pointer: &str, spec: &impl Serialize) -> Option<Problem> {
    let size = serde_json::to_string(spec).map_or(0, |text| text.len());
    (size > parameters::MAX_SIZE).then(|| {
        let message = format!(
            "is {size} bytes long; it is recorded in an SSM parameter, which holds {} at most. \
             Move large values out of \"environment\"",
            parameters::MAX_SIZE
        );
        Problem::at(pointer, message)
    })
}

const NETWORK_FIELDS: &[&str] = &["name", "cidr", "zones", "egress", "drift"];

fn network(fields: &mut Reader<'_>) -> Option<NetworkSpec> {
    let name = fields.required("name");
    let cidr = fields.optional("cidr", NetworkSpec::default_cidr());
    let zones = fields.optional("zones", NetworkSpec::default_zones());
    let egress = fields.object("egress", &["nat"], Egress::default(), |egress| {
        Some(Egress { nat: egress.optional("nat", Nat::default()) })
    });
    fields.check("cidr", cidr, |cidr| match cidr {
        cidr if cidr.prefix() < 16 => Some(format!("{cidr} is too large: AWS allows a VPC /16 at most")),
        cidr if cidr::slots(cidr) == 0 => {
            Some(format!("{cidr} is too small: two zones with two subnets of at least /27 need /25 or larger"))
        }
        cidr if !cidr.is_private() => Some(format!(
            "{cidr} is not private address space; use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
        )),
        cidr => {
            let room = cidr::slots(cidr);
            (zones > room && zones <= 8)
                .then(|| format!("{cidr} is too small for {zones} zones: it has room for {room}; use a larger range"))
        }
    });
    fields.check("zones", zones, |zones| match zones {
        0 | 1 => Some(format!("is {zones}, but a load balancer needs subnets in at least 2 zones")),
        2..=8 => None,
        _ => Some(format!("is {zones}, but moat spreads a network over at most 8")),
    });
    let drift = drift(fields);
    Some(NetworkSpec { name: name?, cidr, zones, egress, drift })
}

const SERVICE_FIELDS: &[&str] = &[
    "name",
    "network",
    "image",
    "port",
    "cpu",
    "memory",
    "tasks",
    "architecture",
    "command",
    "environment",
    "loadBalancer",
    "logs",
    "track",
    "rollout",
    "drift",
];

fn service(fields: &mut Reader<'_>) -> Option<ServiceSpec> {
    let name = fields.required("name");
    let network = fields.required("network");
    let image: Option<Image> = fields.required("image");
    let port = fields.optional("port", ServiceSpec::default_port());
    let port = fields.check("port", port, |port| (*port == 0).then(|| "is 0, but a port is 1 to 65535".into()));
    let cpu = fields.optional("cpu", ServiceSpec::default_cpu());
    let memory = fields.optional("memory", ServiceSpec::default_memory());
    if let Some(message) = fargate::objection(cpu, memory) {
        fields.report(if fargate::memories(cpu).is_empty() { "cpu" } else { "memory" }, message);
    }
    let tasks = fields.optional("tasks", ServiceSpec::default_tasks());
    let tasks = fields.check("tasks", tasks, |tasks| {
        (*tasks > 1000).then(|| format!("is {tasks}, but ECS runs at most 1000 tasks on Fargate in one service"))
    });
    let architecture = fields.optional("architecture", Architecture::default());
    let command = fields.optional("command", Vec::new());
    let environment: BTreeMap<String, String> = fields.optional("environment", BTreeMap::new());
    for key in environment.keys().filter(|key| key.is_empty() || key.contains('=')) {
        fields.report(&below("environment", key), "an environment variable's name is not empty and has no =");
    }
    let load_balancer = fields.object("loadBalancer", LOAD_BALANCER_FIELDS, LoadBalancerSpec::default(), load_balancer);
    let logs = fields.object("logs", &["retentionDays"], LogsSpec::default(), |logs| {
        let days = logs.optional("retentionDays", LogsSpec::default_retention());
        let retention_days = logs.check("retentionDays", days, |days| {
            let known = RETENTION_DAYS.iter().filter(|known| **known > 0);
            (*days == 0 || !RETENTION_DAYS.contains(days)).then(|| {
                let known: Vec<String> = known.map(u32::to_string).collect();
                format!("is {days}, but CloudWatch Logs keeps logs for {} days", known.join(", "))
            })
        });
        Some(LogsSpec { retention_days })
    });
    let track = read_rollout::track(fields, image.as_ref());
    let rollout = fields.object("rollout", read_rollout::ROLLOUT_FIELDS, RolloutSpec::default(), read_rollout::rollout);
    let drift = drift(fields);
    Some(ServiceSpec {
        name: name?,
        network: network?,
        image: image?,
        port,
        cpu,
        memory,
        tasks,
        architecture,
        command,
        environment,
        load_balancer,
        logs,
        track,
        rollout,
        drift,
    })
}

const LOAD_BALANCER_FIELDS: &[&str] = &["type", "allow", "healthCheck", "deregistrationDelay"];

fn load_balancer(fields: &mut Reader<'_>) -> Option<LoadBalancerSpec> {
    let kind = fields.optional("type", LoadBalancerKind::default());
    let allow = fields.optional("allow", LoadBalancerSpec::anyone());
    let allow = fields.check("allow", allow, |allow| match allow.len() {
        0 => Some("is empty, so nobody could connect; leave it out to allow anyone, or name ranges".into()),
        1..=50 => None,
        many => Some(format!("has {many} ranges, but a security group holds 60 rules; name at most 50")),
    });
    let delay = fields.optional("deregistrationDelay", LoadBalancerSpec::default_deregistration_delay());
    let deregistration_delay = fields.check("deregistrationDelay", delay, |delay| seconds(*delay, 0, 3600));
    let health_check = fields.object("healthCheck", &["path", "interval", "grace"], HealthCheck::default(), |check| {
        let path = check.optional("path", HealthCheck::default_path());
        let path = check.check("path", path, |path: &String| match path {
            path if !path.starts_with('/') => Some(format!("{path:?} must begin with a slash, like /{path}")),
            path if path.len() > 1024 => Some("is longer than the 1024 characters that a target group allows".into()),
            _ => None,
        });
        let interval = check.optional("interval", HealthCheck::default_interval());
        let interval = check.check("interval", interval, |interval| seconds(*interval, 5, 300));
        let grace = check.optional("grace", HealthCheck::default_grace());
        let grace = check.check("grace", grace, |grace| seconds(*grace, 0, 3600));
        Some(HealthCheck { path, interval, grace })
    });
    Some(LoadBalancerSpec { kind, allow, health_check, deregistration_delay })
}

fn drift(fields: &mut Reader<'_>) -> DriftSpec {
    fields.object("drift", &["repair", "approval"], DriftSpec::default(), |drift| {
        let repair = drift.optional("repair", Repair::default());
        Some(DriftSpec { repair, approval: drift.optional("approval", Approval::default()) })
    })
}

pub(super) fn seconds(value: u32, least: u32, most: u32) -> Option<String> {
    (!(least..=most).contains(&value)).then(|| format!("is {value}, but it is {least} to {most} seconds"))
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
