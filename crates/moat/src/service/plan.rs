//! From what was asked for and what was found to what must be done.

use super::desired::{self, ServiceStageSpec};
use super::observed::{ImageState, Observed, Revision, Rollout, Service, ServiceState, TaskDefinition};
use super::step::{Change, ServiceStep};
use crate::image::Digest;
use crate::ingress::desired as ingress;
use crate::plan::{Bindings, POLL, Plan, Problem, Refusal, Waiting};
use crate::rollout::provisioned::{self, Running};

/// Seconds until the first tasks can be in service: pull and start about 30, then two health checks.
const DEPLOYMENT_USUAL: u32 = 45;
/// Deleting a service often takes more than five minutes.
const DRAINING_POLL: u32 = 15;

/// The plan of a service, in the order of its parts.
pub fn plan(spec: &ServiceStageSpec, observed: &Observed) -> Result<Plan<ServiceStep>, Refusal> {
    Refusal::unless_none(contradictions(spec, observed), ())?;
    let mut plan = Plan::default();
    cluster(spec, observed, &mut plan);
    log_group(spec, observed, &mut plan);
    task_definition(spec, observed, &mut plan);
    service(spec, observed, &mut plan);
    Ok(plan)
}

fn contradictions(spec: &ServiceStageSpec, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    let image = &spec.service.image;
    match &observed.image {
        ImageState::NotAsked | ImageState::Digest(_) | ImageState::NotCachedYet(_) => {}
        ImageState::NoSuchRepository => problems.push(Problem::at(
            "/service/image",
            format!("{image}: there is no such repository in ECR. Create it and push the image, then start again"),
        )),
        ImageState::NoSuchTag => problems.push(Problem::at(
            "/service/image",
            format!("{image}: the repository is there, but it has no such image. Push it, then start again"),
        )),
        ImageState::Unreadable(why) => problems.push(Problem::at("/service/image", unreadable(spec, why))),
    }
    problems.extend(foreign_role(spec));
    let name = spec.aws_name();
    if observed.cluster.as_ref().is_some_and(|cluster| !cluster.is_ours) {
        problems.push(foreign(spec, "cluster", &name));
    }
    if let Some(group) = observed.log_group.as_ref().filter(|group| !group.is_ours) {
        problems.push(foreign(spec, "log group", &group.name));
    }
    if observed.service.as_ref().is_some_and(|service| !service.is_ours) {
        problems.push(foreign(spec, "ECS service", &name));
    }
    problems
}

/// What ECR must allow. The repository's own policy decides in another account ("Repository policy examples", ECR guide).
fn unreadable(spec: &ServiceStageSpec, why: &str) -> String {
    let image = &spec.service.image;
    let what = format!("{image}: ECR did not let moat look it up ({why}), so moat cannot tell which digest to deploy");
    let elsewhere = image.ecr().filter(|ecr| spec.account().is_some_and(|account| account != ecr.account));
    match (elsewhere, spec.account()) {
        (Some(ecr), Some(account)) => format!(
            "{what}. It is in another account: the policy of repository {} in account {} must allow the principal arn:aws:iam::{account}:root ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:DescribeImages and ecr:GetDownloadUrlForLayer",
            ecr.repository, ecr.account
        ),
        _ => format!("{what}. Allow ecr:DescribeImages on the repository, or name the image by digest"),
    }
}

/// A role can be passed in its own account only ("Granting a user permissions to pass a role", IAM guide).
fn foreign_role(spec: &ServiceStageSpec) -> Option<Problem> {
    let (role, account) = (spec.service.task_role.as_ref()?, spec.account()?);
    let message =
        || format!("{role} is in another account than the tasks, which run in {account}. Make the role there");
    (role.account() != account).then(|| Problem::at("/service/taskRole", message()))
}

fn foreign(spec: &ServiceStageSpec, what: &str, name: &str) -> Problem {
    let message = format!(
        "the {what} {name} exists but has no moat tags of service {}, so it is somebody else's. Give the service another name, or remove that {what}",
        spec.service.name
    );
    Problem::at("/service/name", message)
}

fn cluster(spec: &ServiceStageSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    if observed.cluster.is_none() {
        plan.step(ServiceStep::CreateCluster { name: spec.aws_name() });
    }
}

fn log_group(spec: &ServiceStageSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    let (name, days) = (spec.log_group_name(), spec.service.logs.retention_days);
    if observed.log_group.is_none() {
        plan.step(ServiceStep::CreateLogGroup { name: name.clone() });
    }
    if observed.log_group.as_ref().is_none_or(|group| group.retention_days != Some(days)) {
        // No number of days means for ever.
        let found = observed.log_group.as_ref().map(|group| group.retention_days.unwrap_or(u32::MAX));
        plan.step(ServiceStep::SetRetention { name, days, drops: found.is_some_and(|found| found > days) });
    }
}

fn task_definition(spec: &ServiceStageSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    if current(spec, observed).is_none() {
        plan.step(ServiceStep::RegisterTaskDefinition { definition: Box::new(wanted(spec, observed)) });
    }
}

fn wanted(spec: &ServiceStageSpec, observed: &Observed) -> TaskDefinition {
    match kept(spec, observed) {
        Some((running, _)) => {
            let label = running.found_as.as_ref().unwrap_or(&running.image);
            spec.task_definition_of(running.image.to_string(), label)
        }
        None => spec.task_definition(match &observed.image {
            ImageState::Digest(digest) => Some(digest),
            _ => None,
        }),
    }
}

/// Whether a push may have been missed, so that moat-rollout should look (I5).
pub fn is_behind(spec: &ServiceStageSpec, observed: &Observed) -> bool {
    let Some(running) = running(observed) else { return false };
    provisioned::is_behind(&spec.service, &spec.release, running, means(observed).as_ref())
}

fn running(observed: &Observed) -> Option<&Running> {
    let service = observed.service.as_ref().filter(|service| service.is_ours)?;
    let mut revisions = [&observed.running, &observed.latest].into_iter().flatten();
    revisions.find(|revision| revision.arn == service.task_definition)?.image.as_ref()
}

/// What the document's tag means in the registry.
fn means(observed: &Observed) -> Option<Digest> {
    match &observed.image {
        ImageState::Digest(digest) => Digest::new(digest).ok(),
        _ => None,
    }
}

/// The image that runs and stays, and why, where rollouts have a say in it.
pub(super) fn kept<'a>(spec: &ServiceStageSpec, observed: &'a Observed) -> Option<(&'a Running, String)> {
    let running = running(observed)?;
    let means = means(observed);
    let stays = || {
        let why = provisioned::stays(&spec.service, &spec.release, running).or_else(|| uncached(spec, running));
        why.filter(|_| spec.keeps_image)
    };
    let why = provisioned::kept(&spec.service, &spec.release, running, means.as_ref()).or_else(stays)?;
    Some((running, why))
}

/// An image that was not in the pull through cache yet was deployed by its tag. The digest comes with the next rollout or
/// provision, and is no drift.
fn uncached(spec: &ServiceStageSpec, running: &Running) -> Option<String> {
    let is_same = running.image == spec.service.image && running.image.digest().is_none();
    is_same.then(|| "it was deployed by its tag, before the pull through cache had it".into())
}

/// The revision that says what the spec says: the running one if it does, else the newest.
fn current<'a>(spec: &ServiceStageSpec, observed: &'a Observed) -> Option<&'a Revision> {
    let wanted = wanted(spec, observed);
    // One that is no longer active can be described for as long as a service runs it, and never started again.
    let stays = observed.service.as_ref().is_none_or(|service| service.state == ServiceState::Active);
    let mut revisions = [observed.running.as_ref().filter(|_| stays), observed.latest.as_ref()].into_iter().flatten();
    revisions.find(|revision| revision.definition.as_ref() == Some(&wanted))
}

fn service(spec: &ServiceStageSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    let subnets = spec.private_subnets();
    let Some(service) = &observed.service else {
        plan.step(ServiceStep::CreateService { tasks: spec.service.tasks, subnets, listener: spec.listener() });
        return;
    };
    if service.state == ServiceState::Draining {
        plan.wait(Waiting::on("the deleted service of the same name to stop its tasks (draining)", DRAINING_POLL));
        return;
    }
    if let Some(why) = failed(spec, observed, service) {
        if has_given_up(service) {
            plan.step(ServiceStep::UpdateService { changes: vec![Change::Tasks(0)], subnets });
        }
        plan.halt(why);
        return;
    }
    let changes = changes(spec, observed, service);
    if !changes.is_empty() {
        plan.step(ServiceStep::UpdateService { changes, subnets });
        return;
    }
    match &service.rollout {
        Rollout::Failed(_) => {}
        Rollout::Completed if service.running >= service.desired => {}
        Rollout::Completed => {
            plan.wait(Waiting::on(format!("service ({} of {} tasks running)", service.running, service.desired), POLL));
        }
        Rollout::InProgress => plan.wait(Waiting::usual(
            format!("service (deploying, {} of {} tasks running)", service.running, service.desired),
            DEPLOYMENT_USUAL,
            service.age,
        )),
    }
}

/// ECS tries no more, and there was nothing to go back to.
const fn has_given_up(service: &Service) -> bool {
    matches!(service.rollout, Rollout::Failed(_))
}

/// Why to stop: ECS gave up on the deployment of the revision that is wanted, or took it back (E5).
///
/// One that was stood down to no tasks has been told already; starting again is trying again.
fn failed(spec: &ServiceStageSpec, observed: &Observed, service: &Service) -> Option<Problem> {
    let wanted = current(spec, observed)?;
    let (what, why) = match (&service.rollout, &service.undoes) {
        (Rollout::Failed(why), _) if service.desired > 0 && service.task_definition == wanted.arn => {
            ("gave up on", format!("{why}. moat set it to 0 tasks"))
        }
        (_, Some(why)) if service.task_definition != wanted.arn && spec.tried.as_ref() == Some(&wanted.arn) => {
            ("took back", format!("{why} What ran before runs again"))
        }
        _ => return None,
    };
    Some(Problem::general(format!(
        "ECS {what} the deployment of {}: {why}. Look at the stopped tasks of service {} and at log-group {}, mend the cause and start again",
        wanted.definition.as_ref().map_or("the new revision", |definition| &definition.image),
        spec.aws_name(),
        spec.log_group_name()
    )))
}

fn changes(spec: &ServiceStageSpec, observed: &Observed, service: &Service) -> Vec<Change> {
    let mut changes = Vec::new();
    if current(spec, observed).is_none_or(|revision| revision.arn != service.task_definition) {
        changes.push(Change::TaskDefinition);
    }
    let network = spec.network();
    if network.as_ref().is_none_or(|n| (&n.subnets, &n.groups) != (&service.network.subnets, &service.network.groups)) {
        changes.push(Change::Network);
    }
    if service.network.assigns_public_ip {
        changes.push(Change::PublicIp);
    }
    if service.deployment != desired::deployment(spec.service.tasks) {
        changes.push(Change::Deployment);
    }
    // ECS takes a grace only where there is a load balancer ("CreateService", ECS API).
    if let Some(grace) = spec.grace().filter(|grace| service.grace != *grace) {
        changes.push(Change::Grace(grace));
    }
    if service.exec != spec.service.exec {
        changes.push(Change::Exec(spec.service.exec));
    }
    let tasks = tasks(spec, observed, service);
    if service.desired != tasks {
        changes.push(Change::Tasks(tasks));
    }
    changes.extend(target_group(spec, service));
    if has_given_up(service) && !changes.is_empty() && !changes.contains(&Change::TaskDefinition) {
        changes.push(Change::Anew);
    }
    changes
}

fn target_group(spec: &ServiceStageSpec, service: &Service) -> Option<Change> {
    let found = service.target_group.as_ref().map(|arn| arn.as_str());
    match spec.listener() {
        None => found.map(|_| Change::NoTargetGroup),
        Some(_) if found == spec.given.get(&ingress::target_group()) => None,
        Some(listener) => Some(Change::TargetGroup(listener)),
    }
}

/// How many tasks there should be. An autoscaler decides that for itself, between its two limits (D1).
fn tasks(spec: &ServiceStageSpec, observed: &Observed, service: &Service) -> u32 {
    match &observed.scaling {
        None => spec.service.tasks,
        Some(scaling) if (scaling.least..=scaling.most).contains(&service.desired) => service.desired,
        Some(scaling) => spec.service.tasks.min(scaling.most).max(scaling.least),
    }
}

pub(super) fn bindings(spec: &ServiceStageSpec, observed: &Observed) -> Bindings {
    let mut bindings = Bindings::default();
    if let Some(cluster) = observed.cluster.as_ref().filter(|cluster| cluster.is_ours) {
        bindings.bind(desired::cluster(), cluster.arn.clone());
    }
    if let Some(group) = &observed.log_group {
        bindings.bind(desired::log_group(), group.name.clone());
    }
    if let Some(revision) = current(spec, observed) {
        bindings.bind(desired::task_definition(), revision.arn.0.clone());
    }
    // One that drains will be gone: the next pass must not wait to see it (C12).
    let stays = |service: &&Service| service.is_ours && service.state == ServiceState::Active;
    if let Some(service) = observed.service.as_ref().filter(stays) {
        bindings.bind(desired::service(), service.arn.0.clone());
    }
    bindings
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
