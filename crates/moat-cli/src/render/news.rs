//! A line of progress.

use super::{count, duration};
use crate::follow::{Ending, News, waiting_for};
use crate::paint::Paint;
use moat::rollout::Decision;

/// One piece of news as a line; `None` when it is not worth one.
pub fn news(news: &News, paint: Paint) -> Option<String> {
    Some(match news {
        News::Begun { state } => paint.dim(format!("{state} ...")),
        News::Done { state, took } => format!("{} {}", paint.green(state), paint.dim(format!("({})", short(*took)))),
        News::Change(step) => paint.bold(step),
        News::Waiting { on, next } => format!("waiting for {}, next look in {next} s", waiting_for(on)),
        News::Setback { error, message, next } => {
            format!("{}, trying again in {next} s", paint.yellow(format!("{error}: {message}")))
        }
        News::Found { state, steps, problems } => {
            let found = match (steps, problems) {
                (0, 0) => "nothing to do".into(),
                (steps, 0) => format!("{} to take", count(*steps, "step")),
                (_, problems) => paint.yellow(count(*problems, "problem")),
            };
            format!("{}{found}", prefix(state.as_deref()))
        }
        News::Priced { state, problems: problems @ 1.., .. } => {
            format!("{}{}", prefix(state.as_deref()), paint.yellow(count(*problems, "problem")))
        }
        News::Priced { state, monthly, seconds, problems: 0 } => {
            let takes =
                if *seconds == 0 { String::new() } else { format!(", takes about {}", duration(*seconds as f64)) };
            format!("{}all of it costs about {monthly:.2} USD a month{takes}", prefix(state.as_deref()))
        }
        News::Failed { state, error, message } => {
            paint.yellow(format!("{}{error}: {}", prefix(state.as_deref()), message.replace('\n', "; ")))
        }
        News::Over(Ending::Succeeded { output }) => over(output.get("outcome").and_then(|told| told.as_str()), paint),
        News::Over(Ending::Failed(ended)) => paint.red(format!("failed with {}", ended.error)),
        News::Over(Ending::Aborted(_)) => paint.red("stopped"),
        News::Over(Ending::TimedOut) => paint.red("timed out"),
        News::Decided { service, decision } => {
            format!("{}{}", prefix(service.as_deref()), self::decision(decision, paint))
        }
        News::PassedOver(why) => format!("nothing to do here: {why}"),
        News::Answered { digest, answer } => format!("a person said {answer} to {digest}"),
        News::Rolling { how } => format!("rolling: {how}"),
        News::Concluded { outcome } => paint.bold(outcome.replace('-', " ")),
        News::Child { .. } | News::Nested => return None,
    })
}

/// An execution that got through says how it ended, which is not always well.
fn over(outcome: Option<&str>, paint: Paint) -> String {
    match outcome {
        // A settle that was to go only as far as later stages need it.
        Some("changed" | "waiting") => paint.green("ready for the next stage"),
        Some(badly @ ("rolled-back" | "failed" | "stopped" | "no-tasks" | "timed-out" | "refused" | "quarantined")) => {
            paint.yellow(badly.replace('-', " "))
        }
        Some(outcome) => paint.green(outcome.replace('-', " ")),
        None => paint.green("done"),
    }
}

/// What was decided about a service, and until when it waits.
fn decision(decision: &Decision, paint: Paint) -> String {
    match decision {
        Decision::Deploy { digest, tag: Some(tag), .. } => paint.bold(format!("roll to {tag} ({})", digest.short())),
        Decision::Deploy { digest, tag: None, .. } => paint.bold(format!("roll to {}", digest.short())),
        Decision::Follow { digest } => format!("follow the rollout to {} that has begun already", digest.short()),
        Decision::AlreadyRunning { digest } => format!("nothing to roll, {} runs already", digest.short()),
        Decision::NotTracked { why } | Decision::Ignore { why } => format!("nothing to roll: {why}"),
        Decision::Quarantined { why, .. } | Decision::Refused { why } => paint.yellow(format!("not rolled: {why}")),
        Decision::Later { why, .. } => paint.yellow(format!("held: {why}. {ON_ITS_OWN}")),
        Decision::Ask { question, expires, .. } => {
            let until = expires.up_to_second();
            paint.yellow(format!(
                "waiting for an answer until {until}: {question} The command that answers is in the message to the SNS \
                 topic. {ON_ITS_OWN}"
            ))
        }
    }
}

/// For a wait of hours.
const ON_ITS_OWN: &str = "Ctrl-C leaves it waiting, and says how to come back";

/// `Look at network: `
fn prefix(state: Option<&str>) -> String {
    state.map(|state| format!("{state}: ")).unwrap_or_default()
}

/// Short times with a tenth: a state that takes `0.4 s` did not take none.
fn short(seconds: f64) -> String {
    if seconds < 9.95 { format!("{:.1} s", seconds.max(0.0)) } else { duration(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ended::Ended;
    use serde::Deserialize;
    use serde_json::json;

    #[test]
    fn progress_is_told_in_sentences() {
        let ended = Ended { error: "Moat.Refused".into(), message: "no".into() };
        let told: Vec<String> = [
            News::Begun { state: "Settle network".into() },
            News::Done { state: "Check spec".into(), took: 0.44 },
            News::Change("create vpc 10.0.0.0/16".into()),
            News::Waiting { on: vec!["nat-gateway a nat-1 (pending)".into()], next: 90 },
            News::Setback { error: "Moat.Conflict".into(), message: "create route: not yet".into(), next: 5 },
            News::Found { state: Some("Look at network".into()), steps: 18, problems: 0 },
            News::Found { state: Some("Look at ingress".into()), steps: 0, problems: 0 },
            News::Found { state: None, steps: 0, problems: 1 },
            News::Priced { state: Some("Look at account".into()), monthly: 92.254, seconds: 215, problems: 0 },
            News::Priced { state: Some("Look at account".into()), monthly: 92.254, seconds: 0, problems: 0 },
            News::Priced { state: None, monthly: 92.254, seconds: 215, problems: 2 },
            News::Failed {
                state: Some("Take lock".into()),
                error: "Moat.Locked".into(),
                message: "held by web-1".into(),
            },
            News::Over(Ending::Failed(ended)),
        ]
        .iter()
        .filter_map(|item| news(item, Paint::OFF))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Settle network ...
        Check spec (0.4 s)
        create vpc 10.0.0.0/16
        waiting for nat-gateway a nat-1 (pending), next look in 90 s
        Moat.Conflict: create route: not yet, trying again in 5 s
        Look at network: 18 steps to take
        Look at ingress: nothing to do
        1 problem
        Look at account: all of it costs about 92.25 USD a month, takes about 3 min 35 s
        Look at account: all of it costs about 92.25 USD a month
        2 problems
        Take lock: Moat.Locked: held by web-1
        failed with Moat.Refused
        ");
    }

    #[test]
    fn i12_decisions_are_told_with_their_reason_and_how_long_they_wait() {
        let digest = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        let (at, why) = ("2026-03-01T18:00:00Z", "the reason");
        let decisions = [
            json!({"decision": "deploy", "digest": digest, "tag": "1.4"}),
            json!({"decision": "deploy", "digest": digest}),
            json!({"decision": "follow", "digest": digest}),
            json!({"decision": "already-running", "digest": digest}),
            json!({"decision": "not-tracked", "why": why}),
            json!({"decision": "quarantined", "digest": digest, "why": why}),
            json!({"decision": "later", "at": at, "why": "a freeze window is on, so 1.4 waits until then"}),
            json!({"decision": "ask", "digest": digest, "expires": at, "question": "Roll service web?"}),
            json!({"decision": "refused", "why": why}),
            json!({"decision": "ignore", "why": why}),
        ];
        let told = decisions.map(|decision| {
            let decision = Decision::deserialize(decision).unwrap();
            news(&News::Decided { service: Some("web".into()), decision }, Paint::OFF).unwrap()
        });
        insta::assert_snapshot!(told.join("\n"), @r"
        web: roll to 1.4 (sha256:bbbbbbbbbbbb)
        web: roll to sha256:bbbbbbbbbbbb
        web: follow the rollout to sha256:bbbbbbbbbbbb that has begun already
        web: nothing to roll, sha256:bbbbbbbbbbbb runs already
        web: nothing to roll: the reason
        web: not rolled: the reason
        web: held: a freeze window is on, so 1.4 waits until then. Ctrl-C leaves it waiting, and says how to come back
        web: waiting for an answer until 2026-03-01T18:00:00Z: Roll service web? The command that answers is in the message to the SNS topic. Ctrl-C leaves it waiting, and says how to come back
        web: not rolled: the reason
        web: nothing to roll: the reason
        ");
    }
}
