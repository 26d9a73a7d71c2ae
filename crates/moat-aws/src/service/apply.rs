//! Does the steps of a service, one AWS call each.

use super::{ServiceCloud, task_definition};
use crate::answer::{Answer, present};
use crate::binding::{bound, made};
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DeploymentCircuitBreaker, DeploymentConfiguration, LaunchType, LoadBalancer,
    NetworkConfiguration, PropagateTags, Tag, ThresholdConfiguration, ThresholdType,
};
use moat::error::{Failure, Kind};
use moat::ingress::desired as ingress;
use moat::name::Logical;
use moat::plan::Bindings;
use moat::service::desired::{self, Failures};
use moat::service::observed::TaskDefinition;
use moat::service::step::Change;
use moat::service::{ServiceStageSpec, ServiceStep};
use moat::stage::Done;
use moat::tags::Owner;

/// The percentage that AWS takes where nobody says any.
pub(super) const USUAL_PERCENT: i32 = 50;

impl ServiceCloud {
    pub(super) async fn apply_step(
        &self,
        spec: &ServiceStageSpec,
        owner: &Owner,
        step: &ServiceStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        match step {
            ServiceStep::CreateCluster { name } => {
                let call = self.ecs_once.create_cluster().cluster_name(name);
                let answer = call.set_tags(Some(tags(owner, &desired::cluster()))).send().await.create(step)?;
                made(answer.map(|answer| answer.cluster.and_then(|cluster| cluster.cluster_arn)), step)
            }
            ServiceStep::CreateLogGroup { name } => {
                let tags = owner.tags(&desired::log_group()).into_iter().collect();
                let call = self.logs.create_log_group().log_group_name(name).set_tags(Some(tags));
                // Its name is its id, so a group that is there already is as good as one that was just made.
                call.send().await.create(step).map(|_| Done::Made(name.clone()))
            }
            ServiceStep::SetRetention { name, days, .. } => {
                let days = i32::try_from(*days).unwrap_or(i32::MAX);
                let call = self.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
                call.send().await.read(step).map(|_| Done::Changed)
            }
            ServiceStep::RegisterTaskDefinition { definition } => self.register(spec, owner, definition, step).await,
            ServiceStep::CreateService { tasks, subnets, .. } => {
                self.create_service(spec, owner, *tasks, subnets, step, bindings).await
            }
            ServiceStep::UpdateService { changes, subnets } => {
                self.update_service(spec, changes, subnets, step, bindings).await
            }
        }
    }

    async fn register(
        &self,
        spec: &ServiceStageSpec,
        owner: &Owner,
        definition: &TaskDefinition,
        step: &ServiceStep,
    ) -> Result<Done, Failure> {
        let call = self.ecs_once.register_task_definition().family(spec.aws_name());
        let call = call.set_tags(Some(tags(owner, &desired::task_definition())));
        let call = task_definition::write(call, spec.service.name.as_str(), definition);
        let call = call.map_err(|error| Failure::new(Kind::Unexpected, format!("could not {step}: {error}")))?;
        let answer = call.send().await.create(step)?;
        made(answer.map(|answer| answer.task_definition.and_then(|definition| definition.task_definition_arn)), step)
    }

    async fn create_service(
        &self,
        spec: &ServiceStageSpec,
        owner: &Owner,
        tasks: u32,
        subnets: &[Logical],
        step: &ServiceStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let door = spec.listener().map(|_| bound(bindings, &ingress::target_group()));
        let door = door.transpose()?.map(|target_group| vec![load_balancer(spec, target_group)]);
        let call = self.ecs_once.create_service().cluster(spec.aws_name()).service_name(spec.aws_name());
        let call = call.task_definition(bound(bindings, &desired::task_definition())?);
        let call = call.desired_count(int(tasks)).launch_type(LaunchType::Fargate);
        let call = call.network_configuration(network(subnets, step, bindings)?);
        // ECS takes a grace only where there is a load balancer ("CreateService", ECS API).
        let call = call.set_load_balancers(door).set_health_check_grace_period_seconds(spec.grace().map(int));
        let call = call.deployment_configuration(deployment(spec, step)?);
        let call = call.enable_ecs_managed_tags(true).propagate_tags(PropagateTags::Service);
        let call = call.set_enable_execute_command(spec.service.exec.then_some(true));
        let answer = call.set_tags(Some(tags(owner, &desired::service()))).send().await.create(step)?;
        made(answer.map(|answer| answer.service.and_then(|service| service.service_arn)), step)
    }

    /// Sends what changes and nothing else: above all no desired count, unless that is the change (R11).
    async fn update_service(
        &self,
        spec: &ServiceStageSpec,
        changes: &[Change],
        subnets: &[Logical],
        step: &ServiceStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let mut call = self.ecs_once.update_service().cluster(spec.aws_name()).service(spec.aws_name());
        for change in changes {
            call = match change {
                Change::TaskDefinition => call.task_definition(bound(bindings, &desired::task_definition())?),
                Change::Network | Change::PublicIp => call.network_configuration(network(subnets, step, bindings)?),
                Change::Deployment => call.deployment_configuration(deployment(spec, step)?),
                Change::Grace(seconds) => call.health_check_grace_period_seconds(int(*seconds)),
                // By itself it starts no tasks, and those that run stay as they are ("UpdateService", ECS API).
                Change::Exec(exec) => call.enable_execute_command(*exec).force_new_deployment(true),
                Change::Tasks(tasks) => call.desired_count(int(*tasks)),
                Change::Anew => call.force_new_deployment(true),
                Change::TargetGroup(_) => {
                    call.load_balancers(load_balancer(spec, bound(bindings, &ingress::target_group())?))
                }
                // An empty list is what takes them away ("UpdateService", ECS API).
                Change::NoTargetGroup => call.set_load_balancers(Some(Vec::new())),
            };
        }
        call.send().await.read(step).map(|_| Done::Changed)
    }
}

fn network(subnets: &[Logical], step: &ServiceStep, bindings: &Bindings) -> Result<NetworkConfiguration, Failure> {
    let mut vpc = AwsVpcConfiguration::builder().assign_public_ip(AssignPublicIp::Disabled);
    for subnet in subnets {
        vpc = vpc.subnets(bound(bindings, subnet)?);
    }
    let vpc = vpc.security_groups(bound(bindings, &ingress::Group::Tasks.logical())?).build();
    let vpc = vpc.map_err(|error| Failure::new(Kind::Unexpected, format!("could not {step}: {error}")))?;
    present(Some(NetworkConfiguration::builder().awsvpc_configuration(vpc).build()), step, "network")
}

fn load_balancer(spec: &ServiceStageSpec, target_group: &str) -> LoadBalancer {
    LoadBalancer::builder()
        .target_group_arn(target_group)
        .container_name(spec.service.name.as_str())
        .container_port(i32::from(spec.service.port))
        .build()
}

fn deployment(spec: &ServiceStageSpec, step: &ServiceStep) -> Result<DeploymentConfiguration, Failure> {
    let wanted = desired::deployment(spec.service.tasks);
    let threshold = match wanted.failures {
        Failures::Count(count) => ThresholdConfiguration::builder().r#type(ThresholdType::Count).value(int(count)),
        Failures::Usual | Failures::Other => {
            ThresholdConfiguration::builder().r#type(ThresholdType::BoundedPercent).value(USUAL_PERCENT)
        }
    };
    let threshold = threshold.build();
    let threshold = threshold.map_err(|error| Failure::new(Kind::Unexpected, format!("could not {step}: {error}")))?;
    let breaker = DeploymentCircuitBreaker::builder().enable(wanted.has_breaker).rollback(wanted.has_rollback);
    Ok(DeploymentConfiguration::builder()
        .deployment_circuit_breaker(breaker.threshold_configuration(threshold).build())
        .minimum_healthy_percent(wanted.minimum_percent)
        .maximum_percent(wanted.maximum_percent)
        .build())
}

fn tags(owner: &Owner, resource: &Logical) -> Vec<Tag> {
    let tags = owner.tags(resource).into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
