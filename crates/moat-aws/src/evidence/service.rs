//! An ECS service: where its tasks run, and what its task definition makes them need.

use super::Reader;
use crate::answer::{Answer, present};
use aws_sdk_ecs::types::{self as aws, AssignPublicIp, AwsVpcConfiguration, LogDriver};
use moat::error::{Failure, Kind};
use moat::proof::facts::{Need, Placement, Role, What};
use moat::proof::names;
use moat::proof::order::Order;
use moat::proof::planned::Tasks;

impl Reader {
    /// The tasks of a service, as ECS runs them.
    pub(super) async fn tasks(&self, order: &Order) -> Result<Tasks, Failure> {
        let Order { cluster, service, vpc: _ } = order;
        let refuse = |message: String| Failure::new(Kind::Refused, message);
        let answer = self.ecs.describe_services().cluster(cluster).services(service).send().await;
        let answer = answer.find(format!("describe {order}"))?;
        // A deleted service is shown as INACTIVE for a while.
        let found = answer.into_iter().flat_map(|answer| answer.services.unwrap_or_default());
        let found = found.into_iter().find(|service| service.status() != Some("INACTIVE"));
        let found = found.ok_or_else(|| refuse(format!("there is no {order} in {} of this account", self.region)))?;
        let vpc = network(&found).ok_or_else(|| {
            refuse(format!(
                "{order} gives its tasks no network interfaces of their own (awsvpc), so nothing can be proven of them"
            ))
        })?;
        let definition = present(found.task_definition(), format!("describe {order}"), "task definition")?;
        let answer = self.ecs.describe_task_definition().task_definition(definition).send().await;
        let answer = answer.read(format!("describe task definition {definition}"))?;
        let definition = present(answer.task_definition(), "describe task definition", "task definition")?;
        let name = found.service_name().unwrap_or(service);
        Ok(Tasks {
            placement: Placement {
                name: if name == cluster { name.strip_prefix("moat-").unwrap_or(name) } else { name }.to_owned(),
                subnets: vpc.subnets().iter().map(|id| id.as_str().into()).collect(),
                groups: vpc.security_groups().iter().map(|id| id.as_str().into()).collect(),
                assigns_public_ip: vpc.assign_public_ip() == Some(&AssignPublicIp::Enabled),
                port: port(&found, definition),
                target_groups: target_groups(&found),
            },
            needs: needs(&found, definition, &self.region),
            role: role(definition),
        })
    }
}

/// Where a deployment controller of somebody else decides, it is the task sets that run in a network.
fn network(found: &aws::Service) -> Option<&AwsVpcConfiguration> {
    let sets = found.task_sets().iter().filter_map(|set| set.network_configuration());
    found.network_configuration().into_iter().chain(sets).find_map(|network| network.awsvpc_configuration())
}

fn target_groups(found: &aws::Service) -> Vec<moat::ids::TargetGroupArn> {
    let own = found.load_balancers().iter();
    let all = own.chain(found.task_sets().iter().flat_map(|set| set.load_balancers()));
    // A blue/green deployment shifts traffic between two groups.
    let alternates = all.clone().filter_map(|one| one.advanced_configuration()?.alternate_target_group_arn());
    let mut arns: Vec<_> = all.filter_map(|one| one.target_group_arn()).chain(alternates).map(Into::into).collect();
    arns.sort();
    arns.dedup();
    arns
}

/// The port that requests go to, or the first one that a container has.
fn port(found: &aws::Service, definition: &aws::TaskDefinition) -> u16 {
    let sets = found.task_sets().iter().flat_map(|set| set.load_balancers());
    let balanced = found.load_balancers().iter().chain(sets).find_map(|one| one.container_port());
    let mapped = definition.container_definitions().iter().flat_map(|container| container.port_mappings());
    let port = balanced.or_else(|| mapped.into_iter().find_map(|mapping| mapping.container_port()));
    port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

/// What ECS fetches before a task starts, and where it sends what the task says.
fn needs(found: &aws::Service, definition: &aws::TaskDefinition, region: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    for container in definition.container_definitions() {
        needs.extend(container.image().into_iter().flat_map(|image| names::of_image_text(image, region)));
        needs.extend(container.secrets().iter().map(|secret| names::of_secret(secret.value_from(), region)));
        let credentials = container.repository_credentials().map(|found| found.credentials_parameter());
        needs.extend(credentials.map(|arn| names::of_secret(arn, region)));
        needs.extend(container.log_configuration().into_iter().flat_map(|logs| of_logs(logs, region)));
    }
    if found.enable_execute_command() {
        needs.push(Need { what: What::SsmMessages, region: region.to_owned() });
    }
    needs.sort();
    needs.dedup();
    needs
}

fn of_logs(logs: &aws::LogConfiguration, region: &str) -> Vec<Need> {
    let secrets = logs.secret_options().iter().map(|secret| names::of_secret(secret.value_from(), region));
    let mut needs: Vec<Need> = secrets.collect();
    if *logs.log_driver() == LogDriver::Awslogs {
        let region = logs.options().and_then(|options| options.get("awslogs-region")).map_or(region, String::as_str);
        needs.push(Need { what: What::Logs, region: region.to_owned() });
    }
    needs
}

/// The execution role by its name. What it may do is not read: it depends on the resources of each action.
fn role(definition: &aws::TaskDefinition) -> Role {
    let name = definition.execution_role_arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
    Role { name: name.to_owned(), ..Role::default() }
}
