//! A task definition, there and back: what moat writes, ECS keeps, and moat reads again must compare equal.

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::register_task_definition::builders::RegisterTaskDefinitionFluentBuilder;
use aws_sdk_ecs::types::{
    self as aws, Compatibility, ContainerDefinition, CpuArchitecture, KeyValuePair, LogConfiguration, LogDriver,
    NetworkMode, OsFamily, PortMapping, RepositoryCredentials, RuntimePlatform, Secret, TransportProtocol,
};
use moat::ids::TaskDefinitionArn;
use moat::rollout::provisioned::Running;
use moat::service::desired::IMAGE_LABEL;
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
        secrets,
        registry_credentials,
        labels,
        execution_role,
        task_role,
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
        .set_secrets(written(secrets)?)
        .set_repository_credentials(credentials(registry_credentials.as_deref())?)
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
        .set_task_role_arn(task_role.clone())
        .runtime_platform(platform.build())
        .container_definitions(container))
}

/// Nothing is sent where there are none, as with all that a definition need not have.
fn written(secrets: &BTreeMap<String, String>) -> Result<Option<Vec<Secret>>, BuildError> {
    let secret = |(name, from): (&String, &String)| Secret::builder().name(name).value_from(from).build();
    let secrets = secrets.iter().map(secret).collect::<Result<Vec<_>, _>>()?;
    Ok((!secrets.is_empty()).then_some(secrets))
}

fn credentials(secret: Option<&str>) -> Result<Option<RepositoryCredentials>, BuildError> {
    secret.map(|secret| RepositoryCredentials::builder().credentials_parameter(secret).build()).transpose()
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
    let ours = found.container_definitions().iter().find(|ours| ours.name() == Some(container));
    let label = |ours: &ContainerDefinition| ours.docker_labels()?.get(IMAGE_LABEL).cloned();
    let image = ours.and_then(|ours| Running::of(ours.image()?, label(ours).as_deref()));
    Some(Revision { arn, definition: definition(found, container), image })
}

/// `None` for a definition with anything that [`write`] never writes.
fn definition(found: &aws::TaskDefinition, name: &str) -> Option<TaskDefinition> {
    let [container] = found.container_definitions() else { return None };
    let [mapping] = container.port_mappings() else { return None };
    let log = container.log_configuration()?;
    let option = |key: &str| log.options().and_then(|options| options.get(key)).cloned();
    let is_ours = container.name() == Some(name)
        && is_plain_task(found)
        && is_plain_container(container)
        && mapping.protocol().is_none_or(|protocol| *protocol == TransportProtocol::Tcp)
        && *log.log_driver() == LogDriver::Awslogs
        && log.secret_options().is_empty()
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
        architecture: platform
            .and_then(|platform| platform.cpu_architecture())
            .map_or("X86_64", |cpu| cpu.as_str())
            .into(),
        command: container.command().to_vec(),
        environment: container.environment().iter().filter_map(pair).collect(),
        secrets: container.secrets().iter().map(|it| (it.name().to_owned(), it.value_from().to_owned())).collect(),
        registry_credentials: container.repository_credentials().map(|it| it.credentials_parameter().to_owned()),
        labels,
        execution_role: found.execution_role_arn().unwrap_or_default().to_owned(),
        task_role: found.task_role_arn().filter(|arn| !arn.is_empty()).map(str::to_owned),
        log_group: option("awslogs-group")?,
        region: option("awslogs-region")?,
    })
}

/// Whether the task has nothing that changes what runs or what it may do, beyond what [`write`] writes.
///
/// Named one by one, since a default that ECS adds some day must not make every definition a foreign one.
fn is_plain_task(found: &aws::TaskDefinition) -> bool {
    let family = found.runtime_platform().and_then(|platform| platform.operating_system_family());
    found.network_mode() == Some(&NetworkMode::Awsvpc)
        && family.is_none_or(|family| *family == OsFamily::Linux)
        && found.volumes().is_empty()
        // Said or not, empty is the same.
        && found.pid_mode().is_none_or(|mode| mode.as_str().is_empty())
        && found.ipc_mode().is_none_or(|mode| mode.as_str().is_empty())
        && found.proxy_configuration().is_none()
        && found.ephemeral_storage().is_none()
}

/// The same for the container.
fn is_plain_container(container: &ContainerDefinition) -> bool {
    let has_own_files = !container.mount_points().is_empty()
        || !container.volumes_from().is_empty()
        || container.readonly_root_filesystem().unwrap_or(false);
    let has_other_variables = !container.environment_files().is_empty();
    let runs_otherwise = !container.entry_point().is_empty()
        || container.user().is_some_and(|user| !user.is_empty())
        || container.working_directory().is_some_and(|directory| !directory.is_empty())
        || container.health_check().is_some()
        || container.firelens_configuration().is_some()
        || container.start_timeout().is_some()
        || container.stop_timeout().is_some()
        || !container.depends_on().is_empty();
    let has_other_limits = container.cpu() != 0
        || container.memory().is_some()
        || container.memory_reservation().is_some()
        || container.privileged().unwrap_or(false)
        || container.linux_parameters().is_some()
        || !container.ulimits().is_empty()
        || !container.system_controls().is_empty();
    !(has_own_files || has_other_variables || runs_otherwise || has_other_limits)
}
