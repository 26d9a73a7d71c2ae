//! Every way to change a service.

use super::{CLOCK, Change, IDENTITY, Nature, SET_ONCE, Walk, Ways};
use crate::state::{Cluster, EcsService, Revision, Scaling, State};
use moat::service::desired::{Deployment, Failures};
use moat::service::observed::{LogGroup, Network, TaskDefinition};

pub fn walk(state: &State, ways: &mut Ways) {
    for kept in state.clusters.kept() {
        let mut walk = Walk::of(ways, &kept.tags);
        let Cluster { arn: _, name: _ } = &kept.thing;
        walk.fixed("arn", IDENTITY);
        walk.fixed("name", SET_ONCE);
        walk.deleted();
    }
    for kept in state.log_groups.kept() {
        log_group(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.services.kept() {
        service(state, &mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.revisions.kept() {
        revision(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
}

fn log_group(walk: &mut Walk<'_>, group: &LogGroup) {
    let LogGroup { name, is_ours: _, retention_days: _ } = group;
    walk.fixed("name", IDENTITY);
    walk.fixed("is_ours", "it is read from the tags");
    walk.deleted();
    for (what, days) in [("shorter", Some(1)), ("longer", Some(3653)), ("for ever", None)] {
        let of = name.clone();
        walk.field(format!("retention_days: {what}"), move |state| {
            state.log_groups.get_mut(&of).into_iter().for_each(|it| it.retention_days = days);
        });
    }
}

fn revision(walk: &mut Walk<'_>, revision: &Revision) {
    let Revision { arn, family: _, definition: _, registered: _ } = revision;
    walk.fixed("arn", IDENTITY);
    walk.fixed("family", SET_ONCE);
    walk.fixed("definition", "AWS cannot change a revision; another one can be registered");
    walk.fixed("registered", CLOCK);
    let of = arn.clone();
    walk.delegated("deregistered", move |state| _ = state.revisions.remove(|it| it.arn == of, state.now));
    let of = arn.clone();
    walk.delegated("another one registered", move |state| _ = register(state, &of, |it| it.cpu = 4096));
}

fn service(state: &State, walk: &mut Walk<'_>, service: &EcsService) {
    let EcsService {
        arn,
        name: _,
        draining: _,
        revision,
        network,
        deployment,
        grace: _,
        exec: _,
        desired: _,
        running: _,
        target_group,
        began: _,
        completes: _,
    } = service;
    walk.fixed("arn", IDENTITY);
    walk.fixed("name", SET_ONCE);
    walk.fixed("draining", "it is what a deleted service does");
    walk.fixed("running", "it is what ECS makes of the desired number");
    walk.fixed("began", CLOCK);
    walk.fixed("completes", CLOCK);
    walk.deleted();
    revisions(walk, arn, revision, state);
    network_of(walk, arn, network, state);
    let Deployment { minimum_percent: _, maximum_percent: _, has_breaker: _, has_rollback: _, failures: _ } =
        deployment;
    let changes: [Change<EcsService>; 8] = [
        ("deployment: minimum_percent", |it| it.deployment.minimum_percent = 0),
        ("deployment: maximum_percent", |it| it.deployment.maximum_percent = 100),
        ("deployment: has_breaker", |it| it.deployment.has_breaker = false),
        ("deployment: has_rollback", |it| it.deployment.has_rollback = false),
        ("deployment: failures", |it| it.deployment.failures = Failures::Usual),
        ("exec", |it| it.exec = !it.exec),
        ("desired: more", |it| (it.desired, it.running) = (7, 7)),
        ("desired: none", |it| (it.desired, it.running) = (0, 0)),
    ];
    let behind_a_door: [Change<EcsService>; 2] =
        [("grace", |it| it.grace = 0), ("target_group", |it| it.target_group = None)];
    let behind_none: [Change<EcsService>; 1] = [("target_group", |it| it.target_group = Some("arn:theirs".into()))];
    let door = if target_group.is_some() { &behind_a_door[..] } else { &behind_none[..] };
    for (what, change) in changes.iter().chain(door) {
        let (of, change) = (arn.clone(), *change);
        walk.field(*what, move |state| state.services.get_mut(&of).into_iter().for_each(change));
    }
    let of = arn.clone();
    walk.delegated("desired: by an autoscaler, within its limits", move |state| scale(state, &of, 5));
    let of = arn.clone();
    walk.field("desired: beyond the limits of an autoscaler", move |state| scale(state, &of, 50));
}

/// An autoscaler from 1 to 10 tasks that has been quiet for long, and this many tasks.
fn scale(state: &mut State, service: &str, tasks: u32) {
    let Some(it) = state.services.get_mut(service) else { return };
    (it.desired, it.running) = (tasks, tasks);
    let name = it.name.clone();
    state.scalings.insert(name, Scaling { least: 1, most: 10, acted: None });
}

/// A running revision that differs in each field of its definition.
fn revisions(walk: &mut Walk<'_>, service: &str, revision: &str, state: &State) {
    let definition = state.revisions.get(revision).map(|it| it.definition.clone());
    let Some(TaskDefinition {
        image: _,
        cpu: _,
        memory: _,
        port: _,
        architecture: _,
        command: _,
        environment: _,
        secrets: _,
        registry_credentials: _,
        labels: _,
        execution_role: _,
        task_role: _,
        log_group: _,
        region: _,
    }) = definition
    else {
        return;
    };
    let image = "deployed by moat-rollout, whose release record says which one is right";
    walk.fixed("definition: image", image);
    walk.fixed("definition: labels", "the label names the tag of the image");
    let changes: [Change<TaskDefinition>; 12] = [
        ("cpu", |it| it.cpu = 4096),
        ("memory", |it| it.memory = 8192),
        ("port", |it| it.port = 9999),
        ("architecture", |it| it.architecture = "ARM64".into()),
        ("command", |it| it.command = vec!["theirs".into()]),
        ("environment", |it| _ = it.environment.insert("THEIRS".into(), "1".into())),
        ("secrets", |it| _ = it.secrets.insert("THEIRS".into(), "arn:aws:ssm:eu-west-1:1:parameter/theirs".into())),
        ("registry_credentials", |it| it.registry_credentials = Some("arn:theirs".into())),
        ("task_role", |it| it.task_role = Some("arn:theirs".into())),
        ("execution_role", |it| it.execution_role = "arn:theirs".into()),
        ("log_group", |it| it.log_group = "/theirs".into()),
        ("region", |it| it.region = "eu-west-1".into()),
    ];
    for (field, change) in changes {
        let (of, from) = (service.to_owned(), revision.to_owned());
        walk.field(format!("revision: another {field}"), move |state| {
            let arn = register(state, &from, change);
            state.services.get_mut(&of).into_iter().for_each(|it| it.revision.clone_from(&arn));
        });
    }
}

fn register(state: &mut State, like: &str, change: impl Fn(&mut TaskDefinition)) -> String {
    let Some(mut revision) = state.revisions.get(like).cloned() else { return String::new() };
    change(&mut revision.definition);
    let number = state.registered.entry(revision.family.clone()).or_default();
    *number += 1;
    revision.arn = format!("{}:{number}", like.rsplit_once(':').map_or(like, |(family, _)| family));
    revision.registered = ("arn:aws:iam::123456789012:user/ann".into(), state.now);
    let (arn, now) = (revision.arn.clone(), state.now);
    state.revisions.put(revision, Default::default(), now, now);
    arn
}

fn network_of(walk: &mut Walk<'_>, service: &str, network: &Network, state: &State) {
    let Network { subnets, groups, assigns_public_ip: _ } = network;
    assert_eq!(groups.len(), 1, "a settled service has one group");
    let mut set = |what: String, change: Box<dyn Fn(&mut Network)>| {
        let of = service.to_owned();
        walk.add(Nature::Field, what, move |state| {
            state.services.get_mut(&of).into_iter().for_each(|it| change(&mut it.network));
        });
    };
    let public = state.subnets.there().find(|it| it.resource.as_str().contains("public")).map(|it| it.id.clone());
    for subnet in subnets {
        let subnet = subnet.clone();
        let what =
            format!("subnets: not in {}", state.subnets.get(subnet.as_str()).map_or("", |it| it.resource.as_str()));
        set(what, Box::new(move |it| _ = it.subnets.remove(&subnet)));
    }
    set("subnets: a public one, too".into(), Box::new(move |it| it.subnets.extend(public.clone())));
    set("groups: another one more".into(), Box::new(|it| _ = it.groups.insert("sg-theirs".into())));
    set("groups: another one".into(), Box::new(|it| it.groups = ["sg-theirs".into()].into()));
    set("assigns_public_ip".into(), Box::new(|it| it.assigns_public_ip = true));
}
