//! Reads the load balancer of a service document.

use super::read::seconds;
use super::reader::Reader;
use super::{HealthCheck, LoadBalancerKind, LoadBalancerSpec};

const FIELDS: &[&str] = &["type", "allow", "healthCheck", "deregistrationDelay"];

pub(super) fn load_balancer(fields: &mut Reader<'_>) -> LoadBalancerSpec {
    fields.object("loadBalancer", FIELDS, LoadBalancerSpec::default(), document)
}

fn document(fields: &mut Reader<'_>) -> Option<LoadBalancerSpec> {
    let kind = fields.optional("type", LoadBalancerKind::default());
    let allow = fields.optional("allow", LoadBalancerSpec::anyone());
    let allow = fields.check("allow", allow, |allow| match allow.len() {
        0 => Some("is empty, so nobody could connect; leave it out to allow anyone, or name ranges".into()),
        1..=50 => None,
        many => Some(format!("has {many} ranges, but a security group holds 60 rules; name at most 50")),
    });
    let delay = fields.optional("deregistrationDelay", LoadBalancerSpec::default_deregistration_delay());
    let deregistration_delay = fields.check("deregistrationDelay", delay, |delay| seconds(*delay, 0, 3600));
    let health_check = fields.object("healthCheck", &["path", "interval", "grace"], HealthCheck::default(), |check| {
        let path = check.optional("path", HealthCheck::default_path());
        let path = check.check("path", path, |path: &String| match path {
            path if !path.starts_with('/') => Some(format!("{path:?} must begin with a slash, like /{path}")),
            path if path.len() > 1024 => Some("is longer than the 1024 characters that a target group allows".into()),
            _ => None,
        });
        let interval = check.optional("interval", HealthCheck::default_interval());
        let interval = check.check("interval", interval, |interval| seconds(*interval, 5, 300));
        let grace = check.optional("grace", HealthCheck::default_grace());
        let grace = check.check("grace", grace, |grace| seconds(*grace, 0, 3600));
        Some(HealthCheck { path, interval, grace })
    });
    Some(LoadBalancerSpec { kind, allow, health_check, deregistration_delay })
}
