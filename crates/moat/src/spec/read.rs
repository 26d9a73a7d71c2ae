//! From JSON to specs, with every problem found at once.

use super::reader::{Reader, below, not_an_object};
use super::*;
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
        let network = fields.object("network", read_network::FIELDS, None, |r| Some(read_network::network(r)));
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
    "secrets",
    "registryCredentials",
    "taskRole",
    "exec",
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
        fields.report_in("environment", key, "an environment variable's name is not empty and has no =");
    }
    let access = read_access::access(fields, image.as_ref(), &environment);
    let load_balancer = read_load_balancer::load_balancer(fields);
    let host = load_balancer.as_ref().and_then(|door| door.shared.as_ref());
    if host.is_some() && host == name.as_ref() {
        fields.report_in(
            "loadBalancer",
            "shared",
            "is the service itself; leave it out for a load balancer of its own",
        );
    }
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
        secrets: access.secrets,
        registry_credentials: access.registry_credentials,
        task_role: access.task_role,
        exec: access.exec,
        load_balancer,
        logs,
        track,
        rollout,
        drift,
    })
}

pub(super) fn drift(fields: &mut Reader<'_>) -> DriftSpec {
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
