//! What is left to do when a rollout has ended.

use super::cloud::Hands;
use super::request::{Ended, Verdict};
use super::roll::Notice;
use crate::error::Failure;
use crate::rollout::Report;
use serde_json::{Value, json};

/// Remembers the outcome, stands a service down that can never start, and clears old revisions away.
pub async fn conclude(cloud: &impl Hands, ended: &Ended) -> Result<Value, Failure> {
    let Ended { service, execution, started, verdict: Verdict { outcome, evidence, stands_down } } = ended;
    let memory = cloud.memory(service).await?;
    let now = cloud.now();
    if *stands_down {
        cloud.stand_down(service).await?;
    }
    let release = memory.release.concluded(started, outcome, execution, now);
    let news = memory.release.news(started, outcome, execution);
    let report = news.map(|(rolling, from)| Report::ended(service, rolling, from, outcome, evidence, now));
    let keep = memory.spec.as_ref().map_or(u32::MAX, |spec| spec.rollout.keep_revisions);
    // The rollout has ended all the same; what is left goes after the next one.
    let (cleared, left) = match cloud.clear(service, release.revisions(), keep).await {
        Ok(cleared) => (cleared, None),
        Err(failure) => (Vec::new(), Some(failure.message)),
    };
    // Last of all: until it is written, whoever comes next does all of this again.
    if release != memory.release {
        cloud.remember(service, memory.version, &release).await?;
    }
    let message = report.as_ref().map_or_else(
        || format!("the rollout of service {service} to {} is {}, as before", started.digest.short(), outcome.name()),
        |report| report.message.clone(),
    );
    let notice = report.map(Notice::from);
    Ok(json!({ "outcome": outcome.name(), "message": message, "notice": notice, "cleared": cleared, "left": left }))
}
