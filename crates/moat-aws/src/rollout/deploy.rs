//! The two writes that roll a service, and the one that stands it down.

use super::RolloutCloud;
use super::running::{Current, containers};
use crate::answer::{Answer, present};
use aws_sdk_ecs::types::Tag;
use moat::error::Failure;
use moat::name::Name;
use moat::rollout::flow::Running;

impl RolloutCloud {
    /// Registers the current revision again with another image and nothing else changed, so that what other people
    /// changed stays (R9). Answers its ARN. `image` names a digest, `label` is what people call it.
    ///
    /// `status`, `requiresAttributes`, `compatibilities` and who registered it when are ECS's own to say;
    /// `inferenceAccelerators` it takes no more.
    pub async fn register(&self, running: &Running<Current>, image: &str, label: &str) -> Result<String, Failure> {
        let (Current { definition: now, tags }, service) = (&running.revision, &running.service);
        let doing = format!("register {image} for service {service}");
        let containers = containers(running, image, label)?;
        // AWS refuses tags of its own in requests.
        let tags: Vec<Tag> =
            tags.iter().filter(|tag| tag.key().is_some_and(|key| !key.starts_with("aws:"))).cloned().collect();
        let call = self.ecs_once.register_task_definition();
        let call = call
            .family(now.family().map_or_else(|| service.aws_name(), str::to_owned))
            .set_task_role_arn(now.task_role_arn.clone().filter(|arn| !arn.is_empty()))
            .set_execution_role_arn(now.execution_role_arn.clone())
            .set_network_mode(now.network_mode.clone())
            .set_container_definitions(Some(containers))
            .set_volumes(now.volumes.clone())
            .set_placement_constraints(now.placement_constraints.clone())
            .set_requires_compatibilities(now.requires_compatibilities.clone())
            .set_cpu(now.cpu.clone())
            .set_memory(now.memory.clone())
            .set_pid_mode(now.pid_mode.clone())
            .set_ipc_mode(now.ipc_mode.clone())
            .set_proxy_configuration(now.proxy_configuration.clone())
            .set_ephemeral_storage(now.ephemeral_storage.clone())
            .set_runtime_platform(now.runtime_platform.clone())
            .set_enable_fault_injection(now.enable_fault_injection)
            .set_tags((!tags.is_empty()).then_some(tags));
        let answer = call.send().await.read(&doing)?;
        present(answer.task_definition.and_then(|made| made.task_definition_arn), doing, "ARN")
    }

    /// Points the service at a revision: that and nothing else, above all no desired count (R11). Answers the id of the
    /// deployment that this began.
    pub async fn update(&self, service: &Name, revision: &str) -> Result<Option<String>, Failure> {
        let name = service.aws_name();
        let call = self.ecs_once.update_service().cluster(&name).service(&name).task_definition(revision);
        let answer = call.send().await.read(format!("point service {name} at {revision}"))?;
        let updated = answer.service.unwrap_or_else(|| aws_sdk_ecs::types::Service::builder().build());
        let is_new = |deployment: &&aws_sdk_ecs::types::Deployment| {
            deployment.status() == Some("PRIMARY") && deployment.task_definition() == Some(revision)
        };
        Ok(updated.deployments().iter().find(is_new).and_then(|deployment| deployment.id()).map(str::to_owned))
    }

    /// Sets the desired count to zero: a first deployment has failed, and ECS would start tasks for ever (E5).
    pub async fn stand_down(&self, service: &Name) -> Result<(), Failure> {
        let name = service.aws_name();
        let call = self.ecs_once.update_service().cluster(&name).service(&name).desired_count(0);
        call.send().await.read(format!("stand service {name} down")).map(|_| ())
    }
}
