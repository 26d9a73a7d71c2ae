//! A reply of the Lambda of `moat-rollout`, found in the output of a task.

use super::{News, Pause};
use moat::moment::Moment;
use moat::rollout::{Decision, Report};
use serde::Deserialize;
use serde_json::Value;

/// What such a reply says.
#[derive(Debug, Default)]
pub struct Reply {
    pub news: Option<News>,
    /// What the execution waits for from now on, until when in seconds since 1970.
    pub pause: Option<Pause>,
    /// What people and programs are told.
    pub report: Option<Report>,
}

/// The reply, if it is one; `at` is when it came.
pub fn find(output: &Value, at: f64) -> Option<Reply> {
    let body = output.get("Payload").unwrap_or(output);
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    if body.get("next").is_some() {
        return decided(body, at);
    }
    if let Some(is_taken) = body.get("isTaken").and_then(Value::as_bool) {
        let news = text("why").filter(|_| !is_taken).map(News::PassedOver);
        return Some(Reply { news, ..Reply::default() });
    }
    if let Some(is_ended) = body.get("isEnded").and_then(Value::as_bool) {
        return Some(if is_ended { Reply::default() } else { rolling(text("why")?, body, at) });
    }
    if body.get("cleared").is_some() {
        let news = News::Concluded { outcome: text("outcome")? };
        return Some(Reply { news: Some(news), report: report(body), ..Reply::default() });
    }
    let (digest, answer) = (text("digest")?, text("answer")?);
    Some(Reply { news: Some(News::Answered { digest, answer }), ..Reply::default() })
}

fn decided(body: &Value, at: f64) -> Option<Reply> {
    let decision = Decision::deserialize(body.get("decision")?).ok()?;
    let pause = match &decision {
        Decision::Later { at, why } => Some(Pause::Held { why: why.clone(), until: seconds(*at) }),
        Decision::Ask { question, expires, .. } => {
            Some(Pause::Asked { question: question.clone(), until: seconds(*expires) })
        }
        Decision::Deploy { .. } | Decision::Follow { .. } => Some(Pause::Rolling {
            how: "ECS has been told".into(),
            next: at + body.get("retryAfter").and_then(Value::as_f64).unwrap_or_default(),
        }),
        _ => None,
    };
    // What the next round is for names the service, unless that is still a push.
    let service = body.pointer("/trigger/service").and_then(Value::as_str).map(str::to_owned);
    Some(Reply { news: Some(News::Decided { service, decision }), pause, report: report(body) })
}

fn rolling(how: String, body: &Value, at: f64) -> Reply {
    let next = at + body.get("retryAfter").and_then(Value::as_f64).unwrap_or_default();
    let news = Some(News::Rolling { how: how.clone() });
    Reply { news, pause: Some(Pause::Rolling { how, next }), report: None }
}

fn report(body: &Value) -> Option<Report> {
    Report::deserialize(body.pointer("/notice/event")?).ok()
}

fn seconds(moment: Moment) -> f64 {
    moment.millis() as f64 / 1000.0
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
