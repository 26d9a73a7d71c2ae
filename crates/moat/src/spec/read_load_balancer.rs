//! Reads the load balancer of a service document.

use super::load_balancer::some_default;
use super::read::seconds;
use super::read_shared;
use super::reader::Reader;
use super::{AccessLogs, ClientRange, HealthCheck, LoadBalancerKind, LoadBalancerSpec, Scheme};
use serde_json::Value;

pub(super) const FIELDS: &[&str] = &[
    "shared",
    "hosts",
    "paths",
    "type",
    "scheme",
    "allow",
    "certificate",
    "additionalCertificates",
    "redirect",
    "tlsPolicy",
    "idleTimeout",
    "accessLogs",
    "wafAcl",
    "healthCheck",
    "deregistrationDelay",
];

/// The word for no load balancer at all.
pub(super) const NONE: &str = "none";

pub(super) fn load_balancer(fields: &mut Reader<'_>) -> Option<LoadBalancerSpec> {
    match fields.value("loadBalancer") {
        Some(Value::String(word)) if word == NONE => None,
        Some(Value::String(word)) => {
            fields.report("loadBalancer", format!("is {word:?}; it is an object, or {NONE:?} for no load balancer"));
            some_default()
        }
        _ => fields.object("loadBalancer", FIELDS, some_default(), |door| Some(Some(document(door)))),
    }
}

fn document(fields: &mut Reader<'_>) -> LoadBalancerSpec {
    let shared = read_shared::shared(fields);
    if let Some(behind) = shared {
        return LoadBalancerSpec {
            shared: behind.service,
            hosts: behind.hosts,
            paths: behind.paths,
            allow: Vec::new(),
            health_check: health_check(fields, LoadBalancerKind::Application),
            deregistration_delay: deregistration_delay(fields),
            ..LoadBalancerSpec::default()
        };
    }
    let kind = fields.optional("type", LoadBalancerKind::default());
    let scheme = fields.optional("scheme", Scheme::default());
    let certificate = fields.optional("certificate", None);
    let certificate =
        fields.check("certificate", certificate, |arn: &Option<String>| arn.as_deref().and_then(no_certificate));
    LoadBalancerSpec {
        shared: None,
        hosts: Vec::new(),
        paths: Vec::new(),
        kind,
        scheme,
        allow: allow(fields, scheme),
        redirect: redirect(fields, kind, certificate.is_some()),
        tls_policy: tls_policy(fields, certificate.is_some()),
        idle_timeout: idle_timeout(fields, kind, certificate.is_some()),
        access_logs: access_logs(fields, kind, certificate.is_some()),
        waf_acl: waf_acl(fields, kind),
        health_check: health_check(fields, kind),
        deregistration_delay: deregistration_delay(fields),
        additional_certificates: additional_certificates(fields, certificate.as_deref()),
        certificate,
    }
}

fn no_certificate(arn: &str) -> Option<String> {
    (!is_arn(arn, "acm", "certificate/")).then(|| {
        format!(
            "{arn:?} is no certificate of AWS Certificate Manager, \
             which looks like arn:aws:acm:<region>:<account>:certificate/<id>"
        )
    })
}

/// Those that a listener takes beside its default one ("Quotas for your Application Load Balancers", and the same for
/// Network Load Balancers), unless the account has more.
const MOST_CERTIFICATES: usize = 24;

fn additional_certificates(fields: &mut Reader<'_>, main: Option<&str>) -> Vec<String> {
    let arns: Vec<String> = fields.optional("additionalCertificates", Vec::new());
    let arns = fields.check("additionalCertificates", arns, |arns| match arns.len() {
        0 => None,
        _ if main.is_none() => {
            Some("stand beside \"certificate\" only, which is shown to clients that name no host".into())
        }
        many if many > MOST_CERTIFICATES => Some(format!("has {many} certificates; name at most {MOST_CERTIFICATES}")),
        _ => None,
    });
    for (at, arn) in arns.iter().enumerate() {
        let is_there = arns.iter().take(at).chain(main.map(str::to_owned).iter()).any(|other| other == arn);
        let problem = no_certificate(arn).or_else(|| is_there.then(|| format!("{arn} is there twice")));
        problem.into_iter().for_each(|problem| fields.report_in("additionalCertificates", &at.to_string(), problem));
    }
    arns
}

fn deregistration_delay(fields: &mut Reader<'_>) -> u32 {
    let delay = fields.optional("deregistrationDelay", LoadBalancerSpec::default_deregistration_delay());
    fields.check("deregistrationDelay", delay, |delay| seconds(*delay, 0, 3600))
}

/// Anyone is written down as such; the range of the network is not known here.
fn allow(fields: &mut Reader<'_>, scheme: Scheme) -> Vec<ClientRange> {
    let is_said = fields.value("allow").is_some();
    let unsaid = if scheme == Scheme::Internal { Vec::new() } else { vec![ClientRange::ANYWHERE.to_string()] };
    let texts: Vec<String> = fields.optional("allow", unsaid);
    let texts = fields.check("allow", texts, |allow| match allow.len() {
        // An internal one is recorded with an empty list.
        0 if is_said && scheme != Scheme::Internal => {
            Some("is empty, so nobody could connect; leave it out to allow anyone, or name ranges".into())
        }
        0..=50 => None,
        many => Some(format!("has {many} ranges, but a security group holds 60 rules; name at most 50")),
    });
    let mut ranges = Vec::new();
    for (at, text) in texts.into_iter().enumerate() {
        match ClientRange::try_from(text) {
            Ok(range) => ranges.push(range),
            Err(problem) => fields.report_in("allow", &at.to_string(), problem),
        }
    }
    ranges
}

fn redirect(fields: &mut Reader<'_>, kind: LoadBalancerKind, has_certificate: bool) -> bool {
    let is_said = fields.value("redirect").is_some();
    let redirect = fields.optional("redirect", LoadBalancerSpec::redirects());
    fields.check("redirect", redirect, |_| match kind {
        _ if !is_said => None,
        LoadBalancerKind::Network => {
            Some("a network load balancer does not speak HTTP, so it redirects nothing".into())
        }
        LoadBalancerKind::Application if !has_certificate => {
            Some("without a certificate nothing listens on port 443, so there is nothing to redirect to".into())
        }
        LoadBalancerKind::Application => None,
    })
}

fn tls_policy(fields: &mut Reader<'_>, has_certificate: bool) -> Option<String> {
    let policy: Option<String> = fields.optional("tlsPolicy", None);
    fields.check("tlsPolicy", policy, |policy| match policy.as_deref()? {
        _ if !has_certificate => Some("without a certificate there is no TLS, so there is no policy for it".into()),
        name if !name.starts_with("ELBSecurityPolicy-") => Some(format!(
            "{name:?} is no security policy of Elastic Load Balancing: their names begin with ELBSecurityPolicy-"
        )),
        _ => None,
    })
}

/// Sources: "LoadBalancerAttribute" and "ListenerAttribute" of the ELB v2 API; a TLS listener has no such attribute
/// ("Listeners for your Network Load Balancers").
fn idle_timeout(fields: &mut Reader<'_>, kind: LoadBalancerKind, has_certificate: bool) -> Option<u32> {
    let timeout: Option<u32> = fields.optional("idleTimeout", None);
    fields.check("idleTimeout", timeout, |timeout| match (*timeout, kind) {
        (None, _) => None,
        (Some(timeout), LoadBalancerKind::Application) => seconds(timeout, 1, 4000),
        (Some(_), LoadBalancerKind::Network) if has_certificate => {
            Some("AWS has none for TLS on a network load balancer, where it is always 350 seconds; leave it out".into())
        }
        (Some(timeout), LoadBalancerKind::Network) => seconds(timeout, 60, 6000),
    })
}

fn access_logs(fields: &mut Reader<'_>, kind: LoadBalancerKind, has_certificate: bool) -> Option<AccessLogs> {
    if kind == LoadBalancerKind::Network && !has_certificate && fields.value("accessLogs").is_some() {
        let message =
            "a network load balancer logs connections with TLS only; give it a certificate, or leave this out";
        fields.report("accessLogs", message);
    }
    fields.object("accessLogs", &["bucket", "prefix"], None, |logs| {
        let bucket: Option<String> = logs.required("bucket");
        let bucket = logs.check("bucket", bucket, |bucket| {
            let bucket =
                bucket.as_deref().filter(|name| !(3..=63).contains(&name.len()) || name.contains(['/', ':']))?;
            Some(format!("{bucket:?} is no name of an S3 bucket: 3 to 63 letters, digits, dots and hyphens"))
        });
        let prefix = logs.optional("prefix", String::new());
        let prefix = logs.check("prefix", prefix, |prefix| {
            let is_wrong = prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("AWSLogs");
            is_wrong.then(|| format!("{prefix:?} must neither begin nor end with a slash, nor have AWSLogs in it"))
        });
        Some(Some(AccessLogs { bucket: bucket?, prefix }))
    })
}

fn waf_acl(fields: &mut Reader<'_>, kind: LoadBalancerKind) -> Option<String> {
    let acl: Option<String> = fields.optional("wafAcl", None);
    fields.check("wafAcl", acl, |acl| match acl.as_deref()? {
        _ if kind == LoadBalancerKind::Network => Some(
            "AWS WAF looks at HTTP, and a network load balancer does not speak it; use type \"application\"".into(),
        ),
        acl if !is_arn(acl, "wafv2", "regional/webacl/") => Some(format!(
            "{acl:?} is no regional web ACL, \
             which looks like arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>"
        )),
        _ => None,
    })
}

fn health_check(fields: &mut Reader<'_>, kind: LoadBalancerKind) -> HealthCheck {
    let root = (kind == LoadBalancerKind::Application).then(|| HealthCheck::ROOT.to_owned());
    let absent = HealthCheck { path: root.clone(), ..HealthCheck::default() };
    fields.object("healthCheck", &["path", "interval", "grace"], absent, |check| {
        let path = check.optional("path", root);
        let path = check.check("path", path, |path: &Option<String>| match path.as_deref()? {
            path if !path.starts_with('/') => Some(format!("{path:?} must begin with a slash, like /{path}")),
            path if path.len() > 1024 => Some("is longer than the 1024 characters that a target group allows".into()),
            _ => None,
        });
        let interval = check.optional("interval", HealthCheck::default_interval());
        let interval = check.check("interval", interval, |interval| seconds(*interval, 5, 300));
        let grace = check.optional("grace", HealthCheck::default_grace());
        let grace = check.check("grace", grace, |grace| seconds(*grace, 0, 3600));
        Some(HealthCheck { path, interval, grace })
    })
}

/// Whether it is `arn:<partition>:<service>:<region>:<account>:<what…>`.
fn is_arn(arn: &str, service: &str, what: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, partition, of, region, account, resource] = parts[..] else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_resource = resource.strip_prefix(what).is_some_and(|id| !id.is_empty() && !id.contains(char::is_whitespace));
    prefix == "arn" && !partition.is_empty() && of == service && !region.is_empty() && is_account && is_resource
}
