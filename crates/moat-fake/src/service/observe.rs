//! Reads a service: cluster, log group, image, task definitions and the ECS service.

use crate::call::Hand;
use crate::state::State;
use futures_util::try_join;
use moat::drift::ChangedBy;
use moat::error::Failure;
use moat::image::{Image, Version};
use moat::moment::Moment;
use moat::service::observed::{Cluster, ImageState, LogGroup, Revision, Rollout, Scaling, Service, ServiceState};
use moat::service::{Observed, ServiceStageSpec};
use moat::tags::Owner;

pub async fn observe(hand: &Hand, spec: &ServiceStageSpec, owner: &Owner) -> Result<Observed, Failure> {
    let name = spec.aws_name();
    let (us, named) = (owner.clone(), name.clone());
    let cluster = hand.look("describe cluster", move |state| cluster(state, &us, &named));
    let (us, group) = (owner.clone(), spec.log_group_name());
    let log_group = hand.look("describe log group", move |state| log_group(state, &us, &group));
    let image = spec.service.image.clone();
    let image = hand.look("describe image", move |state| meaning(state, &image));
    let family = name.clone();
    let latest = hand.look("describe task definition", move |state| newest(state, &family));
    let us = owner.clone();
    let service = hand.look("describe service", move |state| service(state, &us, &name));
    let (cluster, log_group, image, latest, service) = try_join!(cluster, log_group, image, latest, service)?;
    let other = service.as_ref().map(|service| service.task_definition.clone());
    let other = other.filter(|arn| latest.as_ref().is_none_or(|latest: &Revision| latest.arn != *arn));
    let running = match other {
        Some(arn) => {
            hand.look("describe the running task definition", move |state| revision(state, arn.as_str())).await?
        }
        None => None,
    };
    let name = spec.aws_name();
    let scaling = hand.look("describe scalable target", move |state| scaling(state, &name)).await?;
    let arn = service.as_ref().map(|service| service.task_definition.0.clone());
    let registered = arn.and_then(|arn| hand.world.read(|state| registered(state, &arn)));
    Ok(Observed { cluster, log_group, image, latest, running, service, scaling, registered })
}

fn scaling(state: &State, name: &str) -> Option<Scaling> {
    let found = state.scalings.get(name)?;
    let quiet = found.acted.and_then(|at| u32::try_from((state.now - at) / 1000).ok());
    Some(Scaling { least: found.least, most: found.most, quiet })
}

/// It comes with the revision, in the same call.
fn registered(state: &State, arn: &str) -> Option<ChangedBy> {
    let (who, at) = &state.revisions.get(arn)?.registered;
    let at = i64::try_from(*at).ok().map(Moment::from_millis);
    Some(ChangedBy { who: who.clone(), at })
}

fn cluster(state: &State, owner: &Owner, name: &str) -> Option<Cluster> {
    let kept = state.clusters.seen(state.now).find(|kept| kept.thing.name == name)?;
    Some(Cluster { arn: kept.thing.arn.clone(), is_ours: owner.owns(&kept.tags) })
}

fn log_group(state: &State, owner: &Owner, name: &str) -> Option<LogGroup> {
    let kept = state.log_groups.seen(state.now).find(|kept| kept.thing.name == name)?;
    Some(LogGroup { is_ours: owner.owns(&kept.tags), ..kept.thing.clone() })
}

fn meaning(state: &State, image: &Image) -> ImageState {
    match (image.ecr(), &image.version) {
        (None, _) | (_, Version::Digest(_)) => ImageState::NotAsked,
        (Some(ecr), Version::Tag(_)) => match state.images.get(&image.to_string()) {
            Some(digest) => ImageState::Digest(digest.clone()),
            None => {
                let rule = state.cached.iter().find(|prefix| ecr.is_cached_under(prefix));
                rule.map_or(ImageState::NoSuchTag, |prefix| ImageState::NotCachedYet(prefix.clone()))
            }
        },
    }
}

/// The newest active revision of a family.
fn newest(state: &State, family: &str) -> Option<Revision> {
    let of_family = state.revisions.seen(state.now).map(|kept| &kept.thing).filter(|found| found.family == family);
    let number = |found: &&crate::state::Revision| found.arn.rsplit(':').next().and_then(|n| n.parse::<u32>().ok());
    of_family.max_by_key(number).map(shown)
}

fn revision(state: &State, arn: &str) -> Option<Revision> {
    // A deregistered revision can still be described by its ARN.
    state.revisions.ever().find(|found| found.arn == arn).map(shown)
}

fn shown(found: &crate::state::Revision) -> Revision {
    Revision::of(found.arn.as_str().into(), found.definition.clone())
}

fn service(state: &State, owner: &Owner, name: &str) -> Option<Service> {
    let kept = state.services.seen(state.now).find(|kept| kept.thing.name == name)?;
    let found = &kept.thing;
    Some(Service {
        arn: found.arn.as_str().into(),
        is_ours: owner.owns(&kept.tags),
        state: if found.draining.is_some() { ServiceState::Draining } else { ServiceState::Active },
        task_definition: found.revision.as_str().into(),
        network: found.network.clone(),
        deployment: found.deployment,
        grace: found.grace,
        exec: found.exec,
        desired: found.desired,
        running: found.running,
        target_group: found.target_group.as_deref().map(Into::into),
        rollout: if found.completes.is_some() { Rollout::InProgress } else { Rollout::Completed },
        undoes: None,
        age: u32::try_from((state.now - found.began) / 1000).ok(),
    })
}
