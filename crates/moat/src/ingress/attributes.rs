//! The attributes of load balancer and target group that are ours to set, and those that nobody should turn.

use super::desired::AddressType;
use crate::spec::{LoadBalancerKind, LoadBalancerSpec, Scheme};

/// An attribute and its value, as ELB writes them.
pub type Pairs = Vec<(&'static str, String)>;

/// What a load balancer speaks with tasks, as AWS writes it.
pub const fn protocol(kind: LoadBalancerKind) -> &'static str {
    match kind {
        LoadBalancerKind::Application => "HTTP",
        LoadBalancerKind::Network => "TCP",
    }
}

/// Attributes of the load balancer that are ours to set ("LoadBalancerAttribute", ELB v2 API).
///
/// What the document does not speak of is somebody else's business, whatever it was before.
pub fn load_balancer(spec: &LoadBalancerSpec) -> Pairs {
    let mut pairs: Pairs = match spec.kind {
        LoadBalancerKind::Application => vec![("routing.http.drop_invalid_header_fields.enabled", "true".into())],
        // The address of each zone leads to the tasks of all zones, as with an application load balancer.
        LoadBalancerKind::Network => vec![("load_balancing.cross_zone.enabled", "true".into())],
    };
    if let Some(timeout) = spec.idle_timeout.filter(|_| !spec.is_network()) {
        pairs.push(("idle_timeout.timeout_seconds", timeout.to_string()));
    }
    if let Some(logs) = &spec.access_logs {
        pairs.push(("access_logs.s3.enabled", "true".into()));
        pairs.push(("access_logs.s3.bucket", logs.bucket.clone()));
        pairs.push(("access_logs.s3.prefix", logs.prefix.clone()));
    }
    pairs
}

/// Attributes of the target group that are ours to set ("TargetGroupAttribute", ELB v2 API).
pub fn target_group(spec: &LoadBalancerSpec) -> Pairs {
    let mut pairs = vec![("deregistration_delay.timeout_seconds", spec.deregistration_delay.to_string())];
    if spec.is_network() {
        // Otherwise a packet comes to the task from whoever sent it, and the task's group asks who that is.
        pairs.push(("preserve_client_ip.enabled", "false".into()));
    }
    pairs
}

/// Attributes of a load balancer that nobody should turn, with what AWS sets them to: each of the others opens
/// something, or lets through what the tasks do not expect. Whatever else there is may be tuned by anybody.
pub fn guarded(kind: LoadBalancerKind, scheme: Scheme, address_type: &str) -> Vec<(&'static str, &'static str)> {
    let mut pairs = match kind {
        LoadBalancerKind::Application => vec![
            ("routing.http.desync_mitigation_mode", "defensive"),
            ("routing.http.preserve_host_header.enabled", "false"),
            ("routing.http.xff_header_processing.mode", "append"),
            ("waf.fail_open.enabled", "false"),
        ],
        // It looks at no request, so there is nothing to let through.
        LoadBalancerKind::Network => vec![],
    };
    // IPv6 addresses are public by themselves; this keeps the Internet gateway from leading to those of an internal one. ELB
    // refuses it where there are none.
    if scheme == Scheme::Internal && address_type == AddressType::DualStack.as_str() {
        pairs.push(("ipv6.deny_all_igw_traffic", "true"));
    }
    pairs
}
