//! `Cloud<ServiceTeardown>`: ECS, Application Auto Scaling and CloudWatch Logs on the way out.

use crate::answer::{Answer, Verb, refuse};
use crate::call::Hand;
use crate::state::State;
use futures_util::try_join;
use moat::error::Failure;
use moat::ids::TaskDefinitionArn;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use moat::teardown::Stranger;
use moat::teardown::service::observed::{Cluster, LogGroup, Revision, Service};
use moat::teardown::service::{Observed, ServiceStep, ServiceTeardown, ServiceTeardownSpec};

impl Cloud<ServiceTeardown> for Hand {
    async fn observe(&self, spec: &ServiceTeardownSpec) -> Result<Observed, Failure> {
        let owner = Owner::Service(spec.service.clone());
        let (name, named) = (spec.aws_name(), spec.aws_name());
        let is_scaled = self.look("describe scalable targets", move |state| state.scalings.contains_key(&named));
        let (us, named) = (owner.clone(), name.clone());
        let cluster = self.look("describe cluster", move |state| cluster(state, &us, &named));
        let (us, named) = (owner.clone(), name.clone());
        let service = self.look("describe service", move |state| service(state, &us, &named));
        let named = name.clone();
        let strangers = self.look("list services and tasks", move |state| strangers(state, &named));
        let us = owner.clone();
        let revisions = self.look("describe task definitions", move |state| revisions(state, &us, &name));
        let group = spec.log_group_name();
        let log_group = self.look("describe log group", move |state| log_group(state, &owner, &group));
        let (is_scaled, cluster, service, strangers, revisions, log_group) =
            try_join!(is_scaled, cluster, service, strangers, revisions, log_group)?;
        Ok(Observed { is_scaled, cluster, service, strangers, revisions, log_group })
    }

    async fn apply(&self, spec: &ServiceTeardownSpec, step: &ServiceStep, _: &Bindings) -> Result<Done, Failure> {
        if let ServiceStep::Deregister { revisions, .. } = step {
            for arn in revisions.clone() {
                self.act(Verb::Delete, step, move |state| deregister(state, &arn)).await?;
            }
            return Ok(Done::Changed);
        }
        let (doing, spec) = (step.clone(), spec.clone());
        self.act(Verb::Delete, step, move |state| apply(state, &spec, &doing)).await
    }
}

fn cluster(state: &State, owner: &Owner, name: &str) -> Option<Cluster> {
    let kept = state.clusters.seen(state.now).find(|kept| kept.thing.name == name)?;
    let is_in = |arn: &str| arn.contains(&format!(":service/{name}/"));
    let tasks = state.services.there().filter(|service| is_in(&service.arn)).map(|service| service.running).sum();
    Some(Cluster { arn: kept.thing.arn.clone(), is_ours: owner.owns(&kept.tags), tasks })
}

fn service(state: &State, owner: &Owner, name: &str) -> Option<Service> {
    let kept = state.services.seen(state.now).find(|kept| kept.thing.name == name)?;
    let found = &kept.thing;
    Some(Service {
        arn: found.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        is_draining: found.draining.is_some(),
        desired: found.desired,
        running: found.running,
    })
}

fn strangers(state: &State, cluster: &str) -> Vec<Stranger> {
    let is_in = |arn: &str| arn.contains(&format!(":service/{cluster}/"));
    let others = state.services.seen(state.now).filter(|kept| is_in(&kept.thing.arn) && kept.thing.name != cluster);
    others
        .map(|kept| Stranger {
            kind: "ECS service".into(),
            id: kept.thing.arn.clone(),
            description: String::new(),
            tags: kept.tags.clone(),
        })
        .collect()
}

fn revisions(state: &State, owner: &Owner, family: &str) -> Vec<Revision> {
    let shown = |shelf: &crate::shelf::Shelf<crate::state::Revision>, is_active| -> Vec<Revision> {
        let ours = shelf.seen_of(owner, state.now).filter(|kept| kept.thing.family == family);
        ours.map(|kept| Revision { arn: kept.thing.arn.as_str().into(), is_active }).collect()
    };
    let mut revisions = shown(&state.revisions, true);
    revisions.extend(shown(&state.inactive, false));
    revisions
}

fn log_group(state: &State, owner: &Owner, name: &str) -> Option<LogGroup> {
    let kept = state.log_groups.seen(state.now).find(|kept| kept.thing.name == name)?;
    Some(LogGroup { name: name.to_owned(), is_ours: owner.owns(&kept.tags) })
}

fn apply(state: &mut State, spec: &ServiceTeardownSpec, step: &ServiceStep) -> Answer {
    match step {
        ServiceStep::StopScaling { resource } => match state.scalings.remove(&spec.aws_name()) {
            Some(_) => Ok(Done::Changed),
            None => refuse("ObjectNotFoundException", resource),
        },
        ServiceStep::ScaleToZero { arn, .. } => {
            let now = state.now;
            match state.services.get_mut(arn.as_str()) {
                Some(service) if service.draining.is_none() => {
                    (service.desired, service.began, service.completes) = (0, now, None);
                    Ok(Done::Changed)
                }
                Some(_) => refuse("ServiceNotActiveException", arn.as_str()),
                None => refuse("ServiceNotFoundException", arn.as_str()),
            }
        }
        ServiceStep::DeleteService { arn } => delete_service(state, arn.as_str()),
        ServiceStep::Deregister { .. } => unreachable!("it is a call for each revision"),
        ServiceStep::DeleteRevisions { revisions, .. } => delete_revisions(state, revisions),
        ServiceStep::DeleteCluster { arn } => delete_cluster(state, arn, &spec.aws_name()),
        ServiceStep::DeleteLogGroup { name } => {
            let until = state.seen_from();
            match state.log_groups.remove(|group| group.name == *name, until) {
                true => Ok(Done::Changed),
                false => refuse("ResourceNotFoundException", name),
            }
        }
    }
}

fn delete_service(state: &mut State, arn: &str) -> Answer {
    let until = state.after(state.rules.draining);
    match state.services.get_mut(arn) {
        None => refuse("ServiceNotFoundException", arn),
        Some(service) if service.draining.is_some() => Ok(Done::Changed),
        Some(service) if service.desired > 0 => refuse(
            "InvalidParameterException",
            "The service cannot be stopped while the primary deployment is scaled above 0.",
        ),
        Some(service) => {
            (service.draining, service.completes) = (Some(until), None);
            Ok(Done::Changed)
        }
    }
}

fn deregister(state: &mut State, arn: &TaskDefinitionArn) -> Answer {
    let Some(kept) = state.revisions.kept().find(|kept| kept.thing.arn == arn.as_str()).cloned() else {
        // ECS answers with the revision as it is.
        return Ok(Done::Changed);
    };
    // It is one thing whose status changes, so it is listed under one of the two at any time.
    let from = state.seen_from();
    state.revisions.remove(|revision| revision.arn == arn.as_str(), from);
    state.inactive.put(kept.thing, kept.tags, from, state.now);
    Ok(Done::Changed)
}

fn delete_revisions(state: &mut State, revisions: &[TaskDefinitionArn]) -> Answer {
    let is_named = |arn: &str| revisions.iter().any(|named| named.as_str() == arn);
    if let Some(active) = state.revisions.there().find(|revision| is_named(&revision.arn)) {
        return refuse("InvalidParameterException", format!("{} must be INACTIVE", active.arn));
    }
    if revisions.len() > 10 {
        return refuse("InvalidParameterException", "there are more than 10 task definitions");
    }
    let until = state.seen_from();
    state.inactive.remove(|revision| is_named(&revision.arn), until);
    Ok(Done::Changed)
}

fn delete_cluster(state: &mut State, arn: &str, name: &str) -> Answer {
    let inside = |service: &&crate::state::EcsService| service.arn.contains(&format!(":service/{name}/"));
    if let Some(service) = state.services.there().find(inside) {
        return refuse("ClusterContainsServicesException", format!("{} is in {arn}", service.arn));
    }
    let until = state.seen_from();
    match state.clusters.remove(|cluster| cluster.arn == arn, until) {
        true => Ok(Done::Changed),
        false => refuse("ClusterNotFoundException", arn),
    }
}
