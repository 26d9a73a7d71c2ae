//! Every way to change the door of a service.

use super::{CLOCK, Change, IDENTITY, Nature, SET_ONCE, Walk, Ways, is_ours};
use crate::state::{Balancer, Group, Listener, State, TargetGroup};
use moat::cidr::Cidr;
use moat::ingress::attributes;
use moat::ingress::observed::{HealthCheck, ListenerRule};
use moat::ingress::shared::Conditions;
use moat::rule::{Direction, Peer, Rule};
use moat::spec::{LoadBalancerKind, Scheme};

pub fn walk(state: &State, ways: &mut Ways) {
    for kept in state.groups.kept().filter(is_ours) {
        group(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.balancers.kept() {
        balancer(state, &mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.targets.kept() {
        target_group(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
    for kept in state.listeners.kept() {
        listener(&mut Walk::of(ways, &kept.tags), &kept.thing);
    }
}

fn group(walk: &mut Walk<'_>, group: &Group) {
    let Group { id, name: _, vpc: _, rules } = group;
    walk.fixed("id", IDENTITY);
    walk.fixed("name", SET_ONCE);
    walk.fixed("vpc", SET_ONCE);
    walk.deleted();
    for rule in rules.there() {
        let (of, gone) = (id.0.clone(), rule.clone());
        walk.field(format!("rule {rule} removed"), move |state| {
            let now = state.now;
            let it = state.groups.get_mut(&of);
            it.into_iter().for_each(|it| _ = it.rules.remove(|rule| *rule == gone, now));
        });
    }
    for rule in more_rules().into_iter().filter(|rule| rules.there().all(|there| there != rule)) {
        let of = id.0.clone();
        walk.field(format!("rule {rule} added"), move |state| {
            let now = state.now;
            state.groups.get_mut(&of).into_iter().for_each(|it| it.rules.put(rule.clone(), now));
        });
    }
}

fn more_rules() -> [Rule; 8] {
    let anyone = Peer::Cidr(Cidr::ANYWHERE);
    let office = Peer::Cidr(Cidr::new("203.0.113.0/24").unwrap_or(Cidr::ANYWHERE));
    let inside = Peer::Cidr(Cidr::new("10.0.0.0/8").unwrap_or(Cidr::ANYWHERE));
    let all = |direction, peer| Rule { direction, protocol: "-1".into(), ports: None, peer };
    [
        Rule::tcp(Direction::Ingress, 22, anyone),
        Rule::tcp(Direction::Ingress, 443, office.clone()),
        Rule::tcp(Direction::Ingress, 5432, inside),
        all(Direction::Ingress, Peer::Ipv6("::/0".into())),
        all(Direction::Ingress, Peer::PrefixList("pl-theirs".into())),
        all(Direction::Ingress, Peer::Group("sg-theirs".into())),
        all(Direction::Egress, Peer::Ipv6("::/0".into())),
        Rule::tcp(Direction::Egress, 25, office),
    ]
}

/// Attributes that anybody may tune, or that an organisation turns on everywhere (D1), unless the document asks for one.
const TUNED: [(&str, &str); 6] = [
    ("access_logs.s3.enabled", "true"),
    ("connection_logs.s3.enabled", "true"),
    ("deletion_protection.enabled", "true"),
    ("idle_timeout.timeout_seconds", "300"),
    ("routing.http2.enabled", "false"),
    ("zonal_shift.config.enabled", "true"),
];

/// Attributes that the document may ask for, with what AWS sets them to. In a settled world, what is not as AWS made it
/// was asked for.
const ASKED_FOR: [(&str, &str); 4] = [
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("idle_timeout.timeout_seconds", "60"),
];

fn is_asked_for(balancer: &Balancer, key: &str) -> bool {
    let usual = ASKED_FOR.iter().find(|(known, _)| *known == key);
    usual.is_some_and(|(_, usual)| balancer.attributes.get(key).is_some_and(|value| value != usual))
}

fn balancer(state: &State, walk: &mut Walk<'_>, balancer: &Balancer) {
    let Balancer {
        arn,
        name: _,
        kind,
        scheme,
        address_type,
        subnets,
        groups,
        attributes,
        web_acl,
        born: _,
        active_at: _,
    } = balancer;
    let kind = *kind;
    walk.fixed("arn", IDENTITY);
    walk.fixed("name", SET_ONCE);
    walk.fixed("scheme", SET_ONCE);
    walk.fixed("type", SET_ONCE);
    let has_ipv6 = address_type == "dualstack";
    if !has_ipv6 {
        walk.fixed("address type", "AWS gives a load balancer IPv6 addresses only in subnets that have IPv6 ranges");
    }
    walk.fixed("born", CLOCK);
    walk.fixed("active_at", CLOCK);
    walk.deleted();
    let mut set = |nature, what: String, change: Box<dyn Fn(&mut Balancer)>| {
        let of = arn.clone();
        walk.add(nature, what, move |state| state.balancers.get_mut(&of).into_iter().for_each(&change));
    };
    if has_ipv6 {
        set(Nature::Field, "address type: ipv4".into(), Box::new(|it| it.address_type = "ipv4".into()));
    }
    for subnet in subnets {
        let side = if *scheme == Scheme::Internal { "public" } else { "private" };
        let others = state.subnets.there().filter(|it| it.resource.as_str().contains(side));
        let zone = state.subnets.get(subnet.as_str()).map(|it| it.zone.clone());
        let Some(other) = others.into_iter().find(|it| Some(&it.zone) == zone.as_ref()) else { continue };
        let (gone, more) = (subnet.clone(), other.id.clone());
        let usual = if *scheme == Scheme::Internal { "private" } else { "public" };
        let what = format!("subnets: {} instead of a {usual} one", other.resource);
        set(
            Nature::Field,
            what,
            Box::new(move |it| {
                it.subnets.remove(&gone);
                it.subnets.insert(more.clone());
            }),
        );
    }
    assert_eq!(groups.len(), 1, "a settled load balancer has one group");
    set(Nature::Field, "groups: another one more".into(), Box::new(|it| _ = it.groups.insert("sg-theirs".into())));
    set(Nature::Field, "groups: another one".into(), Box::new(|it| it.groups = ["sg-theirs".into()].into()));
    let is_tuned = |key: &str| TUNED.iter().chain(&ASKED_FOR).any(|(known, _)| *known == key);
    for key in attributes.keys().filter(|key| !is_tuned(key) || is_asked_for(balancer, key)) {
        let key = key.clone();
        let is_guarded = attributes::guarded(kind, *scheme, address_type).iter().any(|(guarded, _)| *guarded == key);
        let is_ours =
            ["routing.http.drop_invalid_header_fields.enabled", "load_balancing.cross_zone.enabled"].contains(&&*key);
        assert!(is_guarded || is_ours || is_tuned(&key), "the fake knows {key}, and nobody has said whose it is");
        set(
            Nature::Field,
            format!("attribute {key}"),
            Box::new(move |it| {
                it.attributes.insert(key.clone(), "turned".into());
            }),
        );
    }
    let other = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/theirs/1";
    let nature = if web_acl.is_some() { Nature::Field } else { Nature::Delegated };
    if kind == LoadBalancerKind::Application {
        set(nature, "web_acl: another one".into(), Box::new(move |it| it.web_acl = Some(other.into())));
    }
    if web_acl.is_some() {
        set(nature, "web_acl: none".into(), Box::new(|it| it.web_acl = None));
    }
    for (key, value) in TUNED.into_iter().filter(|(key, _)| !is_asked_for(balancer, key)) {
        set(
            Nature::Delegated,
            format!("attribute {key}"),
            Box::new(move |it| {
                it.attributes.insert(key.into(), value.into());
            }),
        );
    }
}

fn target_group(walk: &mut Walk<'_>, target: &TargetGroup) {
    let TargetGroup { arn, name: _, vpc: _, protocol: _, health_check, attributes } = target;
    walk.fixed("arn", IDENTITY);
    walk.fixed("name", SET_ONCE);
    walk.fixed("vpc", SET_ONCE);
    walk.fixed("protocol", SET_ONCE);
    walk.deleted();
    let mut set = |nature, what: String, change: Box<dyn Fn(&mut TargetGroup)>| {
        let of = arn.clone();
        walk.add(nature, what, move |state| state.targets.get_mut(&of).into_iter().for_each(&change));
    };
    let HealthCheck { path: _, protocol: _, port: _, codes: _, interval: _, timeout: _, healthy: _, unhealthy: _ } =
        health_check;
    let checks: [Change<HealthCheck>; 8] = [
        ("path", |it| it.path = "/theirs".into()),
        ("protocol", |it| it.protocol = "HTTPS".into()),
        ("port", |it| it.port = "9999".into()),
        ("codes", |it| it.codes = "200-499".into()),
        ("interval", |it| it.interval = 299),
        ("timeout", |it| it.timeout = 2),
        ("healthy", |it| it.healthy = 9),
        ("unhealthy", |it| it.unhealthy = 9),
    ];
    for (field, change) in checks {
        set(Nature::Field, format!("health check: {field}"), Box::new(move |it| change(&mut it.health_check)));
    }
    for key in attributes.keys() {
        let key = key.clone();
        let what = format!("attribute {key}");
        set(Nature::Field, what, Box::new(move |it| _ = it.attributes.insert(key.clone(), "299".into())));
    }
    for key in ["stickiness.enabled", "slow_start.duration_seconds"] {
        let what = format!("attribute {key}");
        set(Nature::Delegated, what, Box::new(move |it| _ = it.attributes.insert(key.into(), "true".into())));
    }
}

fn listener(walk: &mut Walk<'_>, listener: &Listener) {
    let Listener {
        arn,
        balancer: _,
        port: _,
        protocol,
        forwards_to: _,
        redirects,
        certificate,
        additional_certificates,
        policy: _,
        attributes,
        rules,
        known_to_ecs: _,
    } = listener;
    walk.fixed("arn", IDENTITY);
    walk.fixed("balancer", SET_ONCE);
    walk.fixed("known_to_ecs", CLOCK);
    walk.deleted();
    let mut set = |nature, what: &str, change: fn(&mut Listener)| {
        let of = arn.clone();
        walk.add(nature, what, move |state| state.listeners.get_mut(&of).into_iter().for_each(change));
    };
    set(Nature::Deleted, "port", |it| it.port = 8443);
    set(Nature::Field, "protocol", |it| {
        it.protocol = if it.protocol == "HTTPS" { "HTTP".into() } else { "HTTPS".into() };
    });
    set(Nature::Field, "forwards_to: another target group", |it| {
        (it.forwards_to, it.redirects) = (Some("arn:theirs".into()), false);
    });
    let what = if *redirects { "redirects: to somewhere else" } else { "forwards_to: a redirect" };
    set(Nature::Field, what, |it| (it.forwards_to, it.redirects) = (None, !it.redirects));
    if protocol.starts_with("HTTP") {
        set(Nature::Field, "rules: one more", |it| {
            it.rules.push(ListenerRule {
                arn: "arn:rule".into(),
                priority: "1".into(),
                service: None,
                conditions: Conditions::default(),
                forwards_to: Some("arn:theirs".into()),
            });
        });
    }
    for rule in rules {
        guest(walk, arn, rule);
    }
    let mut set = |nature, what: &str, change: fn(&mut Listener)| {
        let of = arn.clone();
        walk.add(nature, what, move |state| state.listeners.get_mut(&of).into_iter().for_each(change));
    };
    if certificate.is_some() {
        set(Nature::Field, "certificate: another one", |it| it.certificate = Some("arn:theirs".into()));
        set(Nature::Field, "policy: an old one", |it| it.policy = Some("ELBSecurityPolicy-2016-08".into()));
        set(Nature::Delegated, "additional_certificates: one more", |it| {
            it.additional_certificates.insert("arn:theirs".into());
        });
    }
    if !additional_certificates.is_empty() {
        set(Nature::Field, "additional_certificates: none", |it| it.additional_certificates.clear());
    }
    if let Some(timeout) = attributes.get("tcp.idle_timeout.seconds") {
        let nature = if timeout == "350" { Nature::Delegated } else { Nature::Field };
        set(nature, "attribute tcp.idle_timeout.seconds", |it| {
            it.attributes.insert("tcp.idle_timeout.seconds".into(), "6000".into());
        });
    }
}

/// The rule of a service that is behind this load balancer.
fn guest(walk: &mut Walk<'_>, listener: &str, rule: &ListenerRule) {
    let ListenerRule { arn, priority: _, service, conditions, forwards_to: _ } = rule;
    let Conditions { hosts: _, paths: _, others: _ } = conditions;
    let Some(service) = service.clone() else { return };
    let mut set = |nature, what: &str, change: fn(&mut ListenerRule)| {
        let (of, arn) = (listener.to_owned(), arn.clone());
        walk.add(nature, format!("rule of {service}: {what}"), move |state| {
            let rules = state.listeners.get_mut(&of).into_iter().flat_map(|listener| &mut listener.rules);
            rules.filter(|rule| rule.arn == arn).for_each(change);
        });
    };
    set(Nature::Field, "priority: before all others", |it| it.priority = "1".into());
    set(Nature::Field, "conditions: one path more", |it| it.conditions.paths.push("/more".into()));
    set(Nature::Field, "conditions: of other hosts", |it| it.conditions.hosts = vec!["other.example.com".into()]);
    set(Nature::Field, "conditions: a header too", |it| it.conditions.others.push("http-header".into()));
    set(Nature::Field, "forwards_to: something else", |it| it.forwards_to = None);
    let (of, arn) = (listener.to_owned(), arn.clone());
    walk.add(Nature::Deleted, format!("rule of {service}: deleted"), move |state| {
        let listeners = state.listeners.get_mut(&of).into_iter();
        listeners.for_each(|listener| listener.rules.retain(|rule| rule.arn != arn));
    });
}
