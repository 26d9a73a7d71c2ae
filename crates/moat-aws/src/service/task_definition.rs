//! A task definition, there and back: what moat writes, ECS keeps, and moat reads again must compare equal.

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::register_task_definition::builders::RegisterTaskDefinitionFluentBuilder;
use aws_sdk_ecs::types::{
    self as aws, Compatibility, ContainerDefinition, CpuArchitecture, KeyValuePair, LogConfiguration, LogDriver,
    NetworkMode, OsFamily, PortMapping, RuntimePlatform, TransportProtocol,
};
use moat::ids::TaskDefinitionArn;
use moat::service::observed::{Revision, TaskDefinition};
use std::collections::{BTreeMap, HashMap};

const STREAM_PREFIX: &str = "moat";

/// Fills in the call that registers the definition. The container has the service's name.
pub(super) fn write(
    call: RegisterTaskDefinitionFluentBuilder,
    container: &str,
    definition: &TaskDefinition,
) -> Result<RegisterTaskDefinitionFluentBuilder, BuildError> {
    let TaskDefinition {
        image,
        cpu,
        memory,
        port,
        architecture,
        command,
        environment,
        labels,
        execution_role,
        log_group,
        region,
    } = definition;
    let mapping = PortMapping::builder().container_port(i32::from(*port)).protocol(TransportProtocol::Tcp).build();
    let variables = environment.iter().map(|(name, value)| KeyValuePair::builder().name(name).value(value).build());
    let labels: HashMap<String, String> = labels.clone().into_iter().collect();
    let container = ContainerDefinition::builder()
        .name(container)
        .image(image)
        .essential(true)
        .port_mappings(mapping)
        .set_environment(Some(variables.collect()))
        .set_command((!command.is_empty()).then(|| command.clone()))
        .set_docker_labels(Some(labels))
        .log_configuration(logs(log_group, region)?)
        .build();
    let platform = RuntimePlatform::builder()
        .cpu_architecture(CpuArchitecture::from(architecture.as_str()))
        .operating_system_family(OsFamily::Linux);
    Ok(call
        .cpu(cpu.to_string())
        .memory(memory.to_string())
        .network_mode(NetworkMode::Awsvpc)
        .requires_compatibilities(Compatibility::Fargate)
        .execution_role_arn(execution_role)
        .runtime_platform(platform.build())
        .container_definitions(container))
}

fn logs(group: &str, region: &str) -> Result<LogConfiguration, BuildError> {
    LogConfiguration::builder()
        .log_driver(LogDriver::Awslogs)
        .options("awslogs-group", group)
        .options("awslogs-region", region)
        .options("awslogs-stream-prefix", STREAM_PREFIX)
        .build()
}

/// A revision as ECS describes it.
pub(super) fn read(found: &aws::TaskDefinition, container: &str) -> Option<Revision> {
    let arn = TaskDefinitionArn::from(found.task_definition_arn()?);
    Some(Revision { arn, definition: definition(found, container) })
}

/// `None` for a definition with anything that [`write`] never writes.
fn definition(found: &aws::TaskDefinition, name: &str) -> Option<TaskDefinition> {
    let [container] = found.container_definitions() else { return None };
    let [mapping] = container.port_mappings() else { return None };
    let log = container.log_configuration()?;
    let option = |key: &str| log.options().and_then(|options| options.get(key)).cloned();
    let is_ours = container.name() == Some(name)
        && found.task_role_arn().is_none_or(str::is_empty)
        && found.volumes().is_empty()
        && container.secrets().is_empty()
        && container.mount_points().is_empty()
        && container.entry_point().is_empty()
        && container.repository_credentials().is_none()
        && found.network_mode() == Some(&NetworkMode::Awsvpc)
        && *log.log_driver() == LogDriver::Awslogs
        && option("awslogs-stream-prefix").as_deref() == Some(STREAM_PREFIX)
        && log.options().is_some_and(|options| options.len() == 3);
    if !is_ours {
        return None;
    }
    let pair = |pair: &KeyValuePair| Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().to_owned()));
    let platform = found.runtime_platform();
    let labels: BTreeMap<String, String> = container.docker_labels().cloned().unwrap_or_default().into_iter().collect();
    Some(TaskDefinition {
        image: container.image()?.to_owned(),
        cpu: found.cpu()?.parse().ok()?,
        memory: found.memory()?.parse().ok()?,
        port: u16::try_from(mapping.container_port()?).ok()?,
        // ECS takes X86_64 where nothing is said.
        architecture: platform.and_then(|platform| platform.cpu_architecture()).map_or("X86_64", |cpu| cpu.as_str()).into(),
        command: container.command().to_vec(),
        environment: container.environment().iter().filter_map(pair).collect(),
        labels,
        execution_role: found.execution_role_arn().unwrap_or_default().to_owned(),
        log_group: option("awslogs-group")?,
        region: option("awslogs-region")?,
    })
}
