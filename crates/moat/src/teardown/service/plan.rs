//! From what was found of a service to what takes it down.

use super::ServiceTeardownSpec;
use super::observed::{Observed, Revision, Service};
use super::step::{Batch, ServiceStep};
use crate::name::Logical;
use crate::plan::{POLL, Plan, Problem, Refusal, Waiting};
use crate::teardown::fact::{Facts, gone};
use crate::teardown::order::Logs;

/// Draining often takes more than five minutes (hashicorp/terraform#9521).
const DRAINING_POLL: u32 = 15;
/// As many as DeleteTaskDefinitions takes ("DeleteTaskDefinitions", Amazon ECS API).
const BATCH: usize = 10;

pub(super) fn scaling_gone() -> Logical {
    gone("autoscaling")
}

pub(super) fn service_at_zero() -> Logical {
    Logical::from("service at 0 tasks")
}

/// Not even draining.
pub(super) fn service_gone() -> Logical {
    gone("service")
}

pub(super) fn cluster_empty() -> Logical {
    Logical::from("cluster without tasks")
}

pub(super) fn deregistered(batch: &str) -> Logical {
    Logical::new(format!("{batch} deregistered"))
}

/// What takes a service down, in the order of T1.
pub fn plan(spec: &ServiceTeardownSpec, observed: &Observed) -> Result<Plan<ServiceStep>, Refusal> {
    Refusal::unless_none(strangers(spec, observed), ())?;
    let mut plan = Plan::default();
    scaling(spec, observed, &mut plan);
    service(observed, &mut plan);
    revisions(observed, &mut plan);
    cluster(observed, &mut plan);
    log_group(spec, observed, &mut plan);
    Ok(plan)
}

pub(super) fn facts(observed: &Observed) -> Facts {
    let mut facts = Facts::default();
    let service = ours(observed);
    facts.say(scaling_gone(), !is_scaled(observed));
    facts.say(service_at_zero(), service.is_none_or(|service| service.desired == 0));
    facts.say(service_gone(), service.is_none());
    let cluster = observed.cluster.as_ref().filter(|cluster| cluster.is_ours);
    facts.say(cluster_empty(), cluster.is_none_or(|cluster| cluster.tasks == 0));
    for (batch, revisions) in batches(observed) {
        facts.say(deregistered(&batch.name), revisions.iter().all(|revision| !revision.is_active));
    }
    facts
}

fn ours(observed: &Observed) -> Option<&Service> {
    observed.service.as_ref().filter(|service| service.is_ours)
}

fn has_cluster(observed: &Observed) -> bool {
    observed.cluster.as_ref().is_some_and(|cluster| cluster.is_ours)
}

/// A scalable target has the name of the service that it scales, so it is ours when the service or its cluster is.
fn is_scaled(observed: &Observed) -> bool {
    observed.is_scaled && (ours(observed).is_some() || has_cluster(observed))
}

/// AWS deletes no cluster in which something runs.
fn strangers(spec: &ServiceTeardownSpec, observed: &Observed) -> Vec<Problem> {
    let problem = |stranger: &_| {
        Problem::general(format!(
            "{stranger} is in cluster {} and not service {}'s. moat removes nothing of others; move it or stop it, then start again",
            spec.aws_name(),
            spec.service
        ))
    };
    if has_cluster(observed) { observed.strangers.iter().map(problem).collect() } else { Vec::new() }
}

fn scaling(spec: &ServiceTeardownSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    if is_scaled(observed) {
        plan.step(ServiceStep::StopScaling { resource: spec.scaling_resource() });
    }
}

/// ECS deletes no service that is scaled above 0, unless it is forced, which would stop tasks without their grace.
fn service(observed: &Observed, plan: &mut Plan<ServiceStep>) {
    let Some(service) = ours(observed) else { return };
    if service.is_draining {
        plan.wait(Waiting::on(format!("service ({} tasks are stopping)", service.running), DRAINING_POLL));
        return;
    }
    if service.desired > 0 {
        plan.step(ServiceStep::ScaleToZero { arn: service.arn.clone(), tasks: service.desired });
    }
    plan.step(ServiceStep::DeleteService { arn: service.arn.clone() });
}

fn revisions(observed: &Observed, plan: &mut Plan<ServiceStep>) {
    for (batch, revisions) in batches(observed) {
        let active: Vec<_> = revisions.iter().filter(|found| found.is_active).map(|found| found.arn.clone()).collect();
        if !active.is_empty() {
            plan.step(ServiceStep::Deregister { revisions: active, batch: batch.clone() });
        }
        let revisions = revisions.iter().map(|revision| revision.arn.clone()).collect();
        plan.step(ServiceStep::DeleteRevisions { revisions, batch });
    }
}

/// The revisions by ten, the oldest first. Each batch needs that the one before is gone, which is so once that one is
/// not planned any more.
fn batches<'a>(observed: &'a Observed) -> Vec<(Batch, Vec<&'a Revision>)> {
    let mut sorted: Vec<&'a Revision> = observed.revisions.iter().collect();
    sorted.sort_by_key(|revision| (revision.number(), &revision.arn));
    let mut after = None;
    let batch = |revisions: &[&'a Revision]| {
        let name = match revisions {
            [one] => one.short().to_owned(),
            [first, .., last] => format!("{} to {}", first.short(), last.short()),
            [] => String::new(),
        };
        let batch = Batch { name: name.clone(), after: after.replace(name) };
        (batch, revisions.to_vec())
    };
    sorted.chunks(BATCH).map(batch).collect()
}

fn cluster(observed: &Observed, plan: &mut Plan<ServiceStep>) {
    let Some(cluster) = observed.cluster.as_ref().filter(|cluster| cluster.is_ours) else { return };
    plan.step(ServiceStep::DeleteCluster { arn: cluster.arn.clone() });
    if ours(observed).is_none() && cluster.tasks > 0 {
        plan.wait(Waiting::on(format!("{} tasks of the service to stop", cluster.tasks), POLL));
    }
}

fn log_group(spec: &ServiceTeardownSpec, observed: &Observed, plan: &mut Plan<ServiceStep>) {
    let ours = observed.log_group.as_ref().filter(|group| group.is_ours);
    if let Some(group) = ours.filter(|_| spec.logs == Logs::Delete) {
        plan.step(ServiceStep::DeleteLogGroup { name: group.name.clone() });
    }
}

/// What stays, and why.
pub(super) fn kept(spec: &ServiceTeardownSpec, observed: &Observed) -> Vec<String> {
    let foreign = |what: &str| {
        let name = spec.aws_name();
        format!("{what} {name}: it has no moat tags of service {}, so it is somebody else's", spec.service)
    };
    let mut kept = Vec::new();
    if observed.service.as_ref().is_some_and(|service| !service.is_ours) {
        kept.push(foreign("ECS service"));
    }
    if observed.cluster.as_ref().is_some_and(|cluster| !cluster.is_ours) {
        kept.push(foreign("cluster"));
    }
    match &observed.log_group {
        Some(group) if !group.is_ours => {
            let name = &group.name;
            kept.push(format!(
                "log group {name}: it has no moat tags of service {}, so it is somebody else's",
                spec.service
            ));
        }
        Some(group) if spec.logs == Logs::Keep => {
            let name = &group.name;
            kept.push(format!(
                "log-group {name}: it holds what the service wrote. To delete it too, say \"logs\": \"delete\""
            ));
        }
        _ => {}
    }
    kept
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
