//! Reads which requests come to a service that is behind the load balancer of another.

use super::read_load_balancer::FIELDS;
use super::reader::Reader;
use crate::name::Name;

/// What a service says for itself; all else belongs to the load balancer, and is said where that is.
const OF_THE_SERVICE: &[&str] = &["shared", "hosts", "paths", "healthCheck", "deregistrationDelay"];

/// Source: "Quotas for your Application Load Balancers", condition values per rule.
const MOST_VALUES: usize = 5;
/// Source: "Condition types for listener rules", host and path conditions.
const LONGEST: usize = 128;

pub(super) struct Behind {
    pub service: Option<Name>,
    pub hosts: Vec<String>,
    pub paths: Vec<String>,
}

/// `None` where the load balancer is to be the service's own.
pub(super) fn shared(fields: &mut Reader<'_>) -> Option<Behind> {
    if fields.value("shared").is_none() {
        for name in ["hosts", "paths"] {
            if fields.value(name).is_some() {
                let message =
                    "stands beside \"shared\" only: all requests to a load balancer of its own come to the service";
                fields.report(name, message);
            }
        }
        return None;
    }
    let service: Option<Name> = fields.optional("shared", None);
    // A recorded document says the defaults too.
    let of_the_load_balancer = FIELDS.iter().filter(|name| !OF_THE_SERVICE.contains(name));
    let said = of_the_load_balancer.filter(|name| fields.value(name).is_some_and(|value| !is_default(name, value)));
    let said: Vec<&str> = said.copied().collect();
    for name in said {
        let whose = service.as_ref().map_or_else(|| "the other service".to_owned(), |name| format!("service {name}"));
        fields.report(name, format!("belongs to the load balancer of {whose}; say it there"));
    }
    let (hosts, paths) = (patterns(fields, "hosts", host), patterns(fields, "paths", path));
    match hosts.len() + paths.len() {
        0 if fields.value("hosts").is_none() && fields.value("paths").is_none() => {
            let message = "names neither hosts nor paths, so no request would come to the service; give at least one";
            fields.report("shared", message);
        }
        many if many > MOST_VALUES => {
            let message =
                format!("has {many} patterns together with paths, but a rule of a listener takes {MOST_VALUES}");
            fields.report(if hosts.is_empty() { "paths" } else { "hosts" }, message);
        }
        _ => {}
    }
    Some(Behind { service, hosts, paths })
}

fn is_default(name: &str, value: &serde_json::Value) -> bool {
    match name {
        "type" => value == "application",
        "allow" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

fn patterns(fields: &mut Reader<'_>, name: &str, objection: fn(&str) -> Option<String>) -> Vec<String> {
    let patterns: Vec<String> = fields.optional(name, Vec::new());
    if patterns.is_empty() && fields.value(name).is_some_and(|value| value.as_array().is_some_and(Vec::is_empty)) {
        fields.report(name, "is empty; name at least one, or leave it out");
    }
    for (at, pattern) in patterns.iter().enumerate() {
        let is_twice = patterns[..at].contains(pattern);
        let twice = is_twice.then(|| format!("{pattern:?} is there twice"));
        let long = (pattern.len() > LONGEST).then(|| format!("is longer than {LONGEST} characters"));
        if let Some(message) = objection(pattern).or(long).or(twice) {
            fields.report_in(name, &at.to_string(), message);
        }
    }
    patterns
}

/// ELB compares host names without regard to case, and takes them in small letters just so.
fn host(pattern: &str) -> Option<String> {
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*?".contains(c);
    match pattern.rsplit_once('.') {
        Some((_, end)) if !end.is_empty() && end.chars().all(|c| c.is_ascii_lowercase() || "*?".contains(c)) => {
            (!pattern.chars().all(is_known))
                .then(|| format!("{pattern:?} has more than small letters, digits, hyphens, dots, * and ?"))
        }
        _ => {
            Some(format!("{pattern:?} is no host: it has at least one dot and ends with letters, like api.example.com"))
        }
    }
}

fn path(pattern: &str) -> Option<String> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(c);
    match pattern.chars().find(|c| !is_known(*c)) {
        _ if !pattern.starts_with('/') => Some(format!("{pattern:?} must begin with a slash, like /{pattern}")),
        Some(other) => Some(format!("{pattern:?} has {other:?} in it, which ELB takes in no path pattern")),
        None => None,
    }
}
