//! Listeners and their rules.

use crate::answer::{Answer, Refused, refuse};
use crate::network::known;
use crate::state::{Listener, State};
use moat::ingress::listener::{self, Protocol, WantedListener};
use moat::spec::LoadBalancerKind;
use moat::stage::Done;
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};

pub fn create(
    state: &mut State,
    owner: &Owner,
    balancer: &str,
    target: Option<&str>,
    wanted: &WantedListener,
) -> Answer {
    possible(state, balancer, target, wanted)?;
    let same_port = |listener: &&Listener| listener.balancer == balancer && listener.port == wanted.port;
    let settings = Settings::of(wanted, target);
    if let Some(other) = state.listeners.there().find(same_port) {
        if Settings::found(other) == settings {
            return Ok(Done::Made(other.arn.clone()));
        }
        return refuse("DuplicateListener", format!("{} listens on that port", other.arn));
    }
    let of = balancer.replace(":loadbalancer/", ":listener/");
    let arn = state.id(&format!("{of}/"));
    let (seen, known_to_ecs) = (state.seen_from(), state.seen_from());
    let Settings { protocol, forwards_to, redirects, certificate, policy } = settings;
    let attributes = match wanted.protocol {
        Protocol::Tcp => [("tcp.idle_timeout.seconds".to_owned(), "350".to_owned())].into(),
        _ => BTreeMap::new(),
    };
    let listener = Listener {
        arn: arn.clone(),
        balancer: balancer.to_owned(),
        port: wanted.port,
        protocol,
        forwards_to,
        redirects,
        certificate,
        additional_certificates: BTreeSet::new(),
        policy,
        attributes,
        rules: Vec::new(),
        known_to_ecs,
    };
    state.listeners.put(listener, owner.tags(&wanted.logical()), seen, seen);
    Ok(Done::Made(arn))
}

/// What a call can set.
#[derive(PartialEq, Eq)]
struct Settings {
    protocol: String,
    forwards_to: Option<String>,
    redirects: bool,
    certificate: Option<String>,
    policy: Option<String>,
}

impl Settings {
    fn of(wanted: &WantedListener, target: Option<&str>) -> Self {
        Self {
            protocol: wanted.protocol.as_str().into(),
            forwards_to: target.filter(|_| wanted.answer == listener::Answer::Forward).map(str::to_owned),
            redirects: wanted.answer == listener::Answer::Redirect,
            certificate: wanted.tls.as_ref().map(|tls| tls.certificate.clone()),
            policy: wanted.tls.as_ref().map(|tls| tls.policy.clone()),
        }
    }

    fn found(found: &Listener) -> Self {
        Self {
            protocol: found.protocol.clone(),
            forwards_to: found.forwards_to.clone(),
            redirects: found.redirects,
            certificate: found.certificate.clone(),
            policy: found.policy.clone(),
        }
    }
}

/// Each type of load balancer has its protocols, each protocol its target groups, and TLS a certificate of the region.
fn possible(state: &State, balancer: &str, target: Option<&str>, wanted: &WantedListener) -> Result<(), Refused> {
    let found = known(state.balancers.usable(balancer, state.now), "LoadBalancerNotFound", balancer)?;
    let is_network = found.kind == LoadBalancerKind::Network;
    let is_for_network = matches!(wanted.protocol, Protocol::Tcp | Protocol::Tls);
    if is_network != is_for_network || is_network && wanted.answer == listener::Answer::Redirect {
        return refuse(
            "ValidationError",
            format!("{wanted} is nothing for a load balancer of type {}", found.kind.as_str()),
        );
    }
    if let Some(target) = target.filter(|_| wanted.answer == listener::Answer::Forward) {
        let target = known(state.targets.usable(target, state.now), "TargetGroupNotFound", target)?;
        if (target.protocol == "TCP") != is_network {
            return refuse("IncompatibleProtocols", format!("{} speaks {}", target.arn, target.protocol));
        }
    }
    let needs_certificate = matches!(wanted.protocol, Protocol::Https | Protocol::Tls);
    match &wanted.tls {
        None if needs_certificate => refuse("ValidationError", "a certificate must be specified"),
        Some(_) if !needs_certificate => refuse("ValidationError", "a certificate can be for HTTPS or TLS only"),
        Some(tls) if !tls.certificate.starts_with("arn:aws:acm:us-east-1:") => {
            refuse("CertificateNotFound", format!("certificate {} not found", tls.certificate))
        }
        _ => Ok(()),
    }
}

pub fn set(state: &mut State, arn: &str, target: Option<&str>, wanted: &WantedListener) -> Answer {
    let Some(balancer) = state.listeners.get(arn).map(|listener| listener.balancer.clone()) else {
        return refuse("ListenerNotFound", arn);
    };
    possible(state, &balancer, target, wanted)?;
    let Some(listener) = state.listeners.get_mut(arn) else { return refuse("ListenerNotFound", arn) };
    let Settings { protocol, forwards_to, redirects, certificate, policy } = Settings::of(wanted, target);
    (listener.protocol, listener.forwards_to, listener.redirects) = (protocol, forwards_to, redirects);
    (listener.certificate, listener.policy) = (certificate, policy);
    Ok(Done::Changed)
}

pub fn add_certificates(state: &mut State, arn: &str, certificates: &[String]) -> Answer {
    let Some(listener) = state.listeners.get_mut(arn) else { return refuse("ListenerNotFound", arn) };
    if listener.certificate.is_none() {
        return refuse("UnsupportedProtocol", format!("a {} listener has no certificates", listener.protocol));
    }
    if let Some(elsewhere) = certificates.iter().find(|arn| !arn.starts_with("arn:aws:acm:us-east-1:")) {
        return refuse("CertificateNotFound", format!("certificate {elsewhere} not found"));
    }
    listener.additional_certificates.extend(certificates.iter().cloned());
    Ok(Done::Changed)
}

pub fn set_attributes(state: &mut State, arn: &str, attributes: &[(&'static str, String)]) -> Answer {
    let Some(listener) = state.listeners.get_mut(arn) else { return refuse("ListenerNotFound", arn) };
    if listener.protocol != "TCP" {
        return refuse(
            "InvalidConfigurationRequest",
            format!("a {} listener has no such attribute", listener.protocol),
        );
    }
    listener.attributes.extend(attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    Ok(Done::Changed)
}

pub fn delete(state: &mut State, arn: &str) -> Answer {
    let until = state.seen_from();
    match state.listeners.remove(|listener| listener.arn == arn, until) {
        true => Ok(Done::Changed),
        false => refuse("ListenerNotFound", arn),
    }
}
