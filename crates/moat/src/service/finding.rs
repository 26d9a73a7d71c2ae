//! What each step of a service is about, in the words of a drift report, and what is under way there.

use super::desired::{self, Deployment, Failures, ServiceStageSpec};
use super::observed::{Network, Observed, Rollout, Service, ServiceState};
use super::step::{Change, ServiceStep};
use crate::drift::finding::{ABSENT, Difference};
use crate::ingress::desired as ingress;
use crate::name::Logical;
use crate::plan::Problem;

/// Seconds for which an autoscaler is left alone after it has changed the number of tasks.
const SCALING_QUIET: u32 = 300;

/// What was expected and what was found where this step would be taken.
pub fn difference(spec: &ServiceStageSpec, observed: &Observed, step: &ServiceStep) -> Difference {
    match step {
        ServiceStep::CreateCluster { .. } => Difference::missing(desired::cluster(), "there"),
        ServiceStep::CreateLogGroup { .. } => Difference::missing(desired::log_group(), "there"),
        ServiceStep::SetRetention { days, .. } => {
            let found = observed.log_group.as_ref().map(|group| group.retention_days);
            let found = found.map_or_else(
                || ABSENT.to_owned(),
                |days| days.map_or_else(|| "for ever".into(), |days| format!("{days} days")),
            );
            Difference::of(desired::log_group(), "retention", format!("{days} days"), found)
        }
        ServiceStep::RegisterTaskDefinition { .. } => {
            let found = observed.service.as_ref().map_or_else(|| ABSENT.into(), |it| it.task_definition.to_string());
            revision(observed, found)
        }
        ServiceStep::CreateService { tasks, subnets, .. } => {
            Difference::missing(desired::service(), format!("there with {tasks} tasks in {}", names(subnets)))
        }
        ServiceStep::UpdateService { changes, .. } => match observed.service.as_ref() {
            Some(service) => updated(spec, observed, service, changes),
            None => Difference::missing(desired::service(), "there"),
        },
    }
}

/// The step as one step for each change. Public IPs and the network are one call, so they stay together.
pub fn parts(step: ServiceStep) -> Vec<ServiceStep> {
    let ServiceStep::UpdateService { mut changes, subnets } = step else { return vec![step] };
    let mut sets: Vec<Vec<Change>> = Vec::new();
    if changes.contains(&Change::PublicIp) {
        let (placed, others) = changes.into_iter().partition(|c| matches!(c, Change::Network | Change::PublicIp));
        sets.push(placed);
        changes = others;
    }
    sets.extend(changes.into_iter().map(|change| vec![change]));
    sets.into_iter().map(|changes| ServiceStep::UpdateService { changes, subnets: subnets.clone() }).collect()
}

/// One call for all changes: each may start a deployment of its own.
pub fn together(parts: Vec<ServiceStep>) -> Vec<ServiceStep> {
    let mut steps: Vec<ServiceStep> = Vec::new();
    for part in parts {
        match (steps.last_mut(), part) {
            (Some(ServiceStep::UpdateService { changes: all, .. }), ServiceStep::UpdateService { changes, .. }) => {
                all.extend(changes)
            }
            (_, part) => steps.push(part),
        }
    }
    steps
}

/// What a repair would disturb (D3): a deployment, tasks that stop, an autoscaler that has just acted.
///
/// A deployment that takes longer than a rollout may is no reason to wait any more: nobody knows whether it ends.
pub fn under_way(spec: &ServiceStageSpec, observed: &Observed) -> Vec<String> {
    let mut under_way = Vec::new();
    if let Some(service) = &observed.service {
        let is_young = service.age.is_none_or(|age| age <= spec.service.rollout.time_limit);
        if service.state == ServiceState::Draining {
            under_way.push("the deleted service of the same name still stops its tasks".to_owned());
        } else if service.rollout == Rollout::InProgress && is_young {
            under_way.push(format!("a deployment, with {} of {} tasks running", service.running, service.desired));
        }
    }
    if let Some(quiet) = observed.scaling.and_then(|scaling| scaling.quiet).filter(|quiet| *quiet < SCALING_QUIET) {
        under_way.push(format!("the autoscaler changed the number of tasks {quiet} seconds ago"));
    }
    under_way
}

/// A deployment that takes longer than a rollout may. ECS says nothing of whether it will ever end.
pub fn stuck(spec: &ServiceStageSpec, observed: &Observed) -> Vec<Problem> {
    let limit = spec.service.rollout.time_limit;
    let Some(service) = observed.service.as_ref().filter(|it| it.state == ServiceState::Active) else { return vec![] };
    let age = service.age.filter(|age| service.rollout == Rollout::InProgress && *age > limit);
    let message = |_| {
        format!(
            "the deployment of service {} has not ended within {limit} seconds, with {} of {} tasks running. Look at its stopped tasks and at log-group {}",
            spec.aws_name(),
            service.running,
            service.desired,
            spec.log_group_name()
        )
    };
    age.map(|age| Problem::general(message(age))).into_iter().collect()
}

/// How many tasks run, and how many an autoscaler wants, is nobody's drift.
pub fn at_rest(observed: &Observed) -> Observed {
    let mut observed = observed.clone();
    let is_scaled = observed.scaling.is_some();
    if let Some(service) = &mut observed.service {
        (service.age, service.running) = (None, 0);
        service.desired = if is_scaled { 0 } else { service.desired };
    }
    observed.scaling.iter_mut().for_each(|scaling| scaling.quiet = None);
    observed
}

fn updated(spec: &ServiceStageSpec, observed: &Observed, service: &Service, changes: &[Change]) -> Difference {
    let of = |field: &str, expected: String, found: String| Difference::of(desired::service(), field, expected, found);
    let placed = || (spec.network().as_ref().map_or_else(|| "known".into(), place), place(&service.network));
    let [change] = changes else {
        let (expected, found) = placed();
        return of("public IPs", format!("none, in {expected}"), format!("assigned, in {found}")).hole_if(true);
    };
    match change {
        Change::TaskDefinition => revision(observed, service.task_definition.to_string()),
        Change::Network => {
            let (expected, found) = placed();
            of("network", expected, found)
        }
        Change::PublicIp => of("public IPs", "none".into(), "assigned".into()).hole_if(true),
        Change::Deployment => {
            of("deployments", rules(&desired::deployment(spec.service.tasks)), rules(&service.deployment))
        }
        Change::Grace(grace) => of("health-check grace", format!("{grace} s"), format!("{} s", service.grace)),
        Change::Exec(exec) => of("ECS Exec", on(*exec), on(service.exec)),
        Change::Tasks(tasks) => of("tasks", tasks.to_string(), service.desired.to_string()),
        Change::Anew => of("deployment", "one that ECS has not given up on".into(), "given up".into()),
        Change::TargetGroup(_) | Change::NoTargetGroup => {
            let known = spec.given.get(&ingress::target_group()).unwrap_or("target-group");
            let expected = if spec.listener().is_some() { known.to_owned() } else { "none".into() };
            let found = service.target_group.as_ref().map_or_else(|| "none".into(), ToString::to_string);
            of("target group", expected, found)
        }
    }
}

/// Registering a revision is half of it, and running it the other half.
fn revision(observed: &Observed, found: String) -> Difference {
    let expected = "a revision as the recorded spec says";
    Difference::of(desired::service(), "task definition", expected, found).by(observed.registered.clone())
}

fn on(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.into()
}

fn place(network: &Network) -> String {
    let subnets: Vec<&str> = network.subnets.iter().map(|id| id.as_str()).collect();
    let groups: Vec<&str> = network.groups.iter().map(|id| id.as_str()).collect();
    format!("{} with {}", subnets.join(", "), groups.join(", "))
}

fn rules(deployment: &Deployment) -> String {
    let Deployment { minimum_percent, maximum_percent, has_breaker, has_rollback, failures } = deployment;
    let failures = match failures {
        Failures::Usual => String::new(),
        Failures::Count(count) => format!(" after {count} failed tasks"),
        Failures::Other => " after another number of failed tasks".into(),
    };
    let breaker = match (has_breaker, has_rollback) {
        (true, true) => format!("circuit breaker with rollback{failures}"),
        (true, false) => format!("circuit breaker without rollback{failures}"),
        (false, _) => "no circuit breaker".into(),
    };
    format!("{breaker}, {minimum_percent} to {maximum_percent} % of tasks")
}

fn names(names: &[Logical]) -> String {
    names.iter().map(Logical::as_str).collect::<Vec<_>>().join(", ")
}
