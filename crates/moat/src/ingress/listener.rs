//! The listeners of a door: which there should be, and whether one that is found is one of them.

use super::observed::{Listener, Observed};
use crate::ids::TargetGroupArn;
use crate::name::Logical;
use crate::spec::{LoadBalancerKind, LoadBalancerSpec};
use std::fmt;

/// The port without TLS.
pub const PLAIN: u16 = 80;
/// The port with TLS.
pub const SECURE: u16 = 443;

/// The security policy where none is asked for: TLS 1.3 and 1.2 with forward secrecy, and key exchange that is safe from
/// quantum computers with clients that know it. It is the one that AWS recommends ("Security policies for your
/// Application Load Balancer", and the same for Network Load Balancers); what the API takes by itself is one of 2016.
pub const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

/// How long a TCP listener keeps a connection on which nothing is sent ("ListenerAttribute", ELB v2 API).
const TCP_IDLE_TIMEOUT: &str = "tcp.idle_timeout.seconds";

/// A listener that there should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedListener {
    pub port: u16,
    pub protocol: Protocol,
    pub answer: Answer,
    pub tls: Option<Tls>,
}

/// What a listener speaks with clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http,
    Https,
    Tcp,
    Tls,
}

/// What a listener does with a connection or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It sends it to the target group.
    Forward,
    /// It sends the client to the same address with HTTPS on port 443, for good (301).
    Redirect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// ARN of a certificate in ACM.
    pub certificate: String,
    pub policy: String,
}

impl Protocol {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

impl WantedListener {
    /// `listener http`, `listener https`, `listener tcp` or `listener tls`.
    pub fn logical(&self) -> Logical {
        Logical::from(format!("listener {}", self.protocol.as_str().to_lowercase()).as_str())
    }

    /// What it answers with, and as whom.
    pub fn settings(&self) -> String {
        let tls = self.tls.as_ref();
        let tls = tls.map_or_else(String::new, |tls| format!(" with {} and {}", tls.certificate, tls.policy));
        let answer = match self.answer {
            Answer::Forward => " to target-group",
            Answer::Redirect => " with a redirect to HTTPS on port 443",
        };
        format!("{tls}{answer}")
    }

    /// Whether this is it, but for its tags.
    pub fn is(&self, found: &Listener, target: Option<&TargetGroupArn>) -> bool {
        let Self { port, protocol, answer, tls } = self;
        let answers = match answer {
            Answer::Forward => found.forwards_to.is_some() && found.forwards_to.as_ref() == target,
            Answer::Redirect => found.redirects,
        };
        let of = |tls: &Option<Tls>| tls.as_ref().map(|tls| (tls.certificate.clone(), tls.policy.clone()));
        let has = found.certificate.clone().zip(found.policy.clone());
        *port == found.port && protocol.as_str() == found.protocol && answers && of(tls) == has
    }
}

/// What a listener does, in the words in which it is asked for.
pub(super) fn found(listener: &Listener) -> String {
    let answer = match (&listener.forwards_to, listener.redirects) {
        (Some(arn), _) => format!(" to {arn}"),
        (None, true) => " with a redirect to HTTPS on port 443".into(),
        (None, false) => " to something else than a target group".into(),
    };
    let tls = [&listener.certificate, &listener.policy].into_iter().flatten().cloned().collect::<Vec<_>>();
    let tls = if tls.is_empty() { String::new() } else { format!(" with {}", tls.join(" and ")) };
    format!("{}{tls}{answer}", listener.protocol)
}

impl fmt::Display for WantedListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on port {}{}", self.logical(), self.port, self.settings())
    }
}

/// All listeners of a load balancer, the one that leads to the tasks first. There are no others: what is not here is a
/// second door.
pub fn listeners(spec: &LoadBalancerSpec) -> Vec<WantedListener> {
    let tls = spec.certificate.as_ref().map(|certificate| Tls {
        certificate: certificate.clone(),
        policy: spec.tls_policy.clone().unwrap_or_else(|| TLS_POLICY.into()),
    });
    let protocol = match (spec.kind, &tls) {
        (LoadBalancerKind::Application, None) => Protocol::Http,
        (LoadBalancerKind::Application, Some(_)) => Protocol::Https,
        (LoadBalancerKind::Network, None) => Protocol::Tcp,
        (LoadBalancerKind::Network, Some(_)) => Protocol::Tls,
    };
    let port = if tls.is_some() { SECURE } else { PLAIN };
    let redirects = protocol == Protocol::Https && spec.redirect;
    let redirect = redirects.then_some(WantedListener {
        port: PLAIN,
        protocol: Protocol::Http,
        answer: Answer::Redirect,
        tls: None,
    });
    [WantedListener { port, protocol, answer: Answer::Forward, tls }].into_iter().chain(redirect).collect()
}

/// The name of what leads to the tasks: the listener, or the rule of another service's.
pub fn leading(spec: &LoadBalancerSpec) -> Logical {
    if spec.shared.is_some() {
        return super::shared::listener_rule();
    }
    listeners(spec).first().map(WantedListener::logical).unwrap_or_else(|| Logical::from("listener"))
}

/// Attributes of the main listener that are ours to set ("ListenerAttribute", ELB v2 API). An application load balancer
/// has its idle timeout among its own.
pub fn attributes(spec: &LoadBalancerSpec) -> Vec<(&'static str, String)> {
    let timeout = spec.idle_timeout.filter(|_| spec.is_network() && spec.certificate.is_none());
    timeout.map(|timeout| (TCP_IDLE_TIMEOUT, timeout.to_string())).into_iter().collect()
}

impl Observed {
    pub(super) fn listener(&self, port: u16) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.port == port)
    }
}
