//! What the tests of rollouts begin from.

use super::candidates::Candidate;
use super::outcome::Started;
use super::release::{Deployed, Rolling};
use crate::image::Digest;
use crate::moment::Moment;
use crate::spec::ServiceSpec;
use serde_json::{Value, json};

pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:1";
pub const OTHER: &str = "arn:aws:states:eu-west-1:123456789012:execution:moat-rollout:2";

/// The digest of which every digit is this one.
pub fn digest(digit: char) -> Digest {
    Digest::new(&format!("sha256:{}", digit.to_string().repeat(64))).unwrap()
}

/// So many seconds after noon on a Thursday.
pub fn at(seconds: i64) -> Moment {
    Moment::new("2026-01-15T12:00:00Z").unwrap().plus_seconds(seconds)
}

/// Service web, with these fields of the spec.
pub fn spec(fields: Value) -> ServiceSpec {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:latest";
    let mut service = json!({"name": "web", "network": "main", "image": image});
    service.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(service).unwrap()
}

pub fn image(digit: char, pushed_at: Moment, tags: &[&str]) -> Candidate {
    Candidate {
        digest: digest(digit),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pushed_at,
        media_type: None,
        artifact_type: None,
        platforms: None,
    }
}

pub fn deployed(digit: char, tag: &str, at: Moment) -> Deployed {
    let revision = format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/moat-web:{digit}");
    Deployed {
        digest: digest(digit),
        tag: Some(tag.into()),
        at,
        by: "push of tag".into(),
        task_definition: Some(revision),
    }
}

pub fn rolling(digit: char, since: Moment) -> Rolling {
    Rolling {
        digest: digest(digit),
        tag: Some("latest".into()),
        by: "push of tag latest (event 1)".into(),
        execution: EXECUTION.into(),
        since,
        deployment: Some("ecs-svc/2".into()),
        service_deployment: None,
        task_definition: Some("moat-web:2".into()),
        hold: None,
        has_timed_out: false,
    }
}

pub fn started(digit: char, since: Moment) -> Started {
    rolling(digit, since).started(1800)
}
