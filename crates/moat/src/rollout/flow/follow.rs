//! How a rollout stands.

use super::cloud::Hands;
use super::request::Verdict;
use crate::error::Failure;
use crate::moment::Moment;
use crate::name::Name;
use crate::rollout::outcome::{RolloutState, Status, stands_down};
use crate::rollout::{Seen, Started, judge};
use serde_json::{Value, json};

/// Looks at the rollout that was started and judges it.
pub async fn follow(cloud: &impl Hands, service: &Name, mut started: Started) -> Result<Value, Failure> {
    if started.service_deployment.is_none() {
        started.service_deployment = cloud.service_deployment_of(service, &started).await?;
    }
    let mut seen = cloud.look(service, &started).await?;
    let is_close = tasks_matter(&seen);
    if is_close {
        seen = cloud.look_closely(service, &started, seen).await?;
    }
    let now = cloud.now();
    let mut verdict = judge(&started, &seen, now);
    if !is_close && matches!(verdict, crate::rollout::Verdict::Ended { .. }) {
        seen = cloud.look_closely(service, &started, seen).await?;
        verdict = judge(&started, &seen, now);
    }
    Ok(match verdict {
        crate::rollout::Verdict::Rolling { why } => {
            let retry_after = retry_after(&started, now);
            json!({ "isEnded": false, "why": why, "retryAfter": retry_after, "started": started })
        }
        crate::rollout::Verdict::Ended { outcome, evidence } => {
            let stands_down = stands_down(&outcome, &seen);
            json!({ "isEnded": true, "started": started, "verdict": Verdict { outcome, evidence, stands_down } })
        }
    })
}

/// Whether the tasks have a say: the deployment is done in ECS's eyes, or it has trouble.
fn tasks_matter(seen: &Seen) -> bool {
    let deployments = seen.service.iter().flat_map(|service| &service.deployments);
    let is_busy = |status: &Status| matches!(status, Status::Pending | Status::InProgress);
    seen.service_deployment.as_ref().is_some_and(|deployment| !is_busy(&deployment.status))
        || deployments.clone().any(|deployment| deployment.failed > 0)
        || deployments
            .filter(|deployment| deployment.is_primary)
            .any(|primary| primary.rollout != Some(RolloutState::InProgress))
}

/// Seconds until the next look. A rolling deployment takes some minutes, and every look is paid for; a long one is
/// looked at less often, so that six hours fit into an execution's history.
pub fn retry_after(started: &Started, now: Moment) -> u32 {
    let age = now.seconds_since(started.since);
    let left = u64::from(started.time_limit).saturating_sub(age).saturating_add(1);
    let pause: u64 = match age {
        0..300 => 15,
        300..1800 => 30,
        _ => 60,
    };
    u32::try_from(pause.min(left)).unwrap_or(60)
}
