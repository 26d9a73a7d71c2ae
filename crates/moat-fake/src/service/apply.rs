//! What each step of a service does, and when ECS refuses it.

use crate::answer::{Answer, Refused, refuse, refuse_as};
use crate::network::{bound, known};
use crate::state::{Cluster, EcsService, Revision, State};
use moat::error::Kind;
use moat::ingress::desired as ingress;
use moat::name::Logical;
use moat::plan::Bindings;
use moat::service::desired;
use moat::service::observed::{LogGroup, Network, TaskDefinition};
use moat::service::step::Change;
use moat::service::{ServiceStageSpec, ServiceStep};
use moat::spec::Secret;
use moat::stage::Done;
use moat::tags::Owner;

pub fn apply(state: &mut State, spec: &ServiceStageSpec, step: &ServiceStep, bindings: &Bindings) -> Answer {
    let owner = &Owner::Service(spec.service.name.clone());
    match step {
        ServiceStep::CreateCluster { name } => create_cluster(state, owner, name),
        ServiceStep::CreateLogGroup { name } => create_log_group(state, owner, name),
        ServiceStep::SetRetention { name, days, .. } => {
            known(state.log_groups.usable(name, state.now), "ResourceNotFoundException", name)?;
            if let Some(group) = state.log_groups.get_mut(name) {
                group.retention_days = Some(*days);
            }
            Ok(Done::Changed)
        }
        ServiceStep::RegisterTaskDefinition { definition } => register(state, owner, spec.aws_name(), definition),
        ServiceStep::CreateService { tasks, subnets, listener } => {
            create_service(state, owner, spec, (*tasks, subnets, listener.is_some()), bindings)
        }
        ServiceStep::UpdateService { changes, subnets } => update_service(state, spec, changes, subnets, bindings),
    }
}

/// Who moat is to ECS.
const MOAT: &str = "arn:aws:sts::123456789012:assumed-role/moat/moat";

/// ECS works with a role that AWS makes when ECS is first used in an account, and that takes a while to spread (C6).
fn assume_role(state: &mut State) -> Result<(), Refused> {
    let Some(spreads) = state.rules.ecs_role else { return Ok(()) };
    let used = *state.ecs_used.get_or_insert(state.now);
    if state.now >= used + spreads {
        return Ok(());
    }
    let message = "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
    refuse_as(Kind::Conflict, "InvalidParameterException", message)
}

fn create_cluster(state: &mut State, owner: &Owner, name: &str) -> Answer {
    assume_role(state)?;
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:cluster/{name}");
    if state.clusters.get(&arn).is_none() {
        let (seen, usable) = (state.seen_from(), state.seen_from());
        let cluster = Cluster { arn: arn.clone(), name: name.to_owned() };
        state.clusters.put(cluster, owner.tags(&desired::cluster()), seen, usable);
    }
    Ok(Done::Made(arn))
}

/// The hands take "exists already" for made, since the name is the id.
fn create_log_group(state: &mut State, owner: &Owner, name: &str) -> Answer {
    if state.log_groups.get(name).is_none() {
        let seen = state.seen_from();
        let group = LogGroup { name: name.to_owned(), is_ours: true, retention_days: None };
        state.log_groups.put(group, owner.tags(&desired::log_group()), seen, state.now);
    }
    Ok(Done::Made(name.to_owned()))
}

fn register(state: &mut State, owner: &Owner, family: String, definition: &TaskDefinition) -> Answer {
    takes(definition)?;
    let number = state.registered.entry(family.clone()).or_default();
    *number += 1;
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{family}:{number}");
    let seen = state.seen_from();
    let revision =
        Revision { arn: arn.clone(), family, definition: definition.clone(), registered: (MOAT.into(), state.now) };
    state.revisions.put(revision, owner.tags(&desired::task_definition()), seen, state.now);
    Ok(Done::Made(arn))
}

/// What ECS refuses to register, and IAM to pass: a secret that is no ARN of one, a variable that has two values, a
/// role that moat's own role may not pass.
fn takes(definition: &TaskDefinition) -> Result<(), Refused> {
    let TaskDefinition { secrets, registry_credentials, environment, task_role, .. } = definition;
    if let Some(name) = secrets.keys().find(|name| environment.contains_key(*name)) {
        let message = format!(
            "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{name}'."
        );
        return refuse("ClientException", message);
    }
    if let Some(secret) = secrets.values().chain(registry_credentials).find(|secret| Secret::new(secret).is_err()) {
        return refuse("ClientException", format!("The secret {secret} is not a valid ARN."));
    }
    match task_role.as_ref().filter(|role| !role.contains(":role/moat-task-")) {
        Some(role) => refuse("AccessDeniedException", format!("not authorized to perform: iam:PassRole on {role}")),
        None => Ok(()),
    }
}

/// ECS Exec works with the container's own role.
fn has_role(state: &State, revision: &str) -> Result<(), Refused> {
    let role = state.revisions.get(revision).and_then(|revision| revision.definition.task_role.as_ref());
    let message = "The service couldn't be updated because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.";
    role.map_or_else(|| refuse("InvalidParameterException", message), |_| Ok(()))
}

fn create_service(
    state: &mut State,
    owner: &Owner,
    spec: &ServiceStageSpec,
    (tasks, subnets, has_door): (u32, &[Logical], bool),
    bindings: &Bindings,
) -> Answer {
    assume_role(state)?;
    let name = spec.aws_name();
    let target = has_door.then(|| bound(bindings, &ingress::target_group()));
    let revision = bound(bindings, &desired::task_definition());
    let network = network(state, subnets, bindings)?;
    known(state.clusters.usable(&bound(bindings, &desired::cluster()), state.now), "ClusterNotFoundException", &name)?;
    known(state.revisions.get(&revision), "ClientException", &revision)?;
    if let Some(other) = state.services.there().find(|service| service.name == name) {
        // Both come as InvalidParameterException, so the hands look at the message (C12).
        return match other.draining {
            Some(_) => refuse_as(
                Kind::Conflict,
                "InvalidParameterException",
                "Unable to Start a service that is still Draining.",
            ),
            None if (&other.revision, &other.network, other.desired) == (&revision, &network, tasks) => {
                Ok(Done::Made(other.arn.clone()))
            }
            None => refuse("InvalidParameterException", "Creation of service was not idempotent."),
        };
    }
    target.iter().try_for_each(|target| served(state, target))?;
    if spec.service.exec {
        has_role(state, &revision)?;
    }
    let completes = state.after(state.rules.deployment);
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:service/{name}/{name}");
    let service = EcsService {
        arn: arn.clone(),
        name,
        draining: None,
        revision,
        network,
        deployment: desired::deployment(spec.service.tasks),
        grace: spec.grace().unwrap_or_default(),
        exec: spec.service.exec,
        desired: tasks,
        running: 0,
        target_group: target,
        began: state.now,
        completes: Some(completes),
    };
    let seen = state.seen_from();
    state.services.put(service, owner.tags(&desired::service()), seen, state.now);
    Ok(Done::Made(arn))
}

/// ECS asks ELB which load balancer the target group belongs to: one whose listener names it (C8).
fn served(state: &State, target: &str) -> Result<(), Refused> {
    let names = |listener: &&crate::state::Listener| listener.leads_to(target) && listener.known_to_ecs <= state.now;
    if state.listeners.there().any(|listener| names(&listener)) {
        return Ok(());
    }
    let message = format!("The target group with targetGroupArn {target} does not have an associated load balancer.");
    refuse_as(Kind::Conflict, "InvalidParameterException", message)
}

fn update_service(
    state: &mut State,
    spec: &ServiceStageSpec,
    changes: &[Change],
    subnets: &[Logical],
    bindings: &Bindings,
) -> Answer {
    let (name, network) = (spec.aws_name(), network(state, subnets, bindings)?);
    let moves = changes.iter().any(|change| matches!(change, Change::TargetGroup(_)));
    let target = moves.then(|| bound(bindings, &ingress::target_group()));
    // ECS starts new tasks for these alone ("UpdateService", ECS API).
    let redeploys = |change: &Change| !matches!(change, Change::Deployment | Change::Grace(_));
    let redeploys = changes.iter().any(redeploys);
    target.iter().try_for_each(|target| served(state, target))?;
    let current = || state.services.there().find(|service| service.name == name).map(|it| it.revision.clone());
    let revision = if changes.contains(&Change::TaskDefinition) {
        Some(bound(bindings, &desired::task_definition()))
    } else {
        current()
    };
    if changes.contains(&Change::Exec(true)) {
        has_role(state, &revision.unwrap_or_default())?;
    }
    let completes = state.after(state.rules.deployment);
    let now = state.now;
    let Some(service) = state.services.there_mut().find(|service| service.name == name) else {
        return refuse("ServiceNotFoundException", name);
    };
    if service.draining.is_some() {
        return refuse("ServiceNotActiveException", name);
    }
    for change in changes {
        match change {
            Change::TaskDefinition => service.revision = bound(bindings, &desired::task_definition()),
            Change::Network | Change::PublicIp => service.network = network.clone(),
            Change::Deployment => service.deployment = desired::deployment(spec.service.tasks),
            Change::Grace(seconds) => service.grace = *seconds,
            Change::Exec(exec) => service.exec = *exec,
            Change::Tasks(tasks) => service.desired = *tasks,
            // What follows is a new deployment anyway.
            Change::Anew => {}
            Change::TargetGroup(_) => service.target_group = target.clone(),
            Change::NoTargetGroup => service.target_group = None,
        }
    }
    if redeploys {
        (service.began, service.completes) = (now, Some(completes));
    }
    Ok(Done::Changed)
}

/// Where tasks go. ECS looks at the ids at once.
fn network(state: &State, subnets: &[Logical], bindings: &Bindings) -> Result<Network, Refused> {
    let group = bound(bindings, &ingress::Group::Tasks.logical());
    known(state.groups.usable(&group, state.now), "InvalidGroup.NotFound", &group)?;
    let subnets: Vec<String> = subnets.iter().map(|name| bound(bindings, name)).collect();
    for id in &subnets {
        known(state.subnets.usable(id, state.now), "InvalidSubnetID.NotFound", id)?;
    }
    let subnets = subnets.into_iter().map(Into::into).collect();
    Ok(Network { subnets, groups: [group.into()].into(), assigns_public_ip: false })
}
