//! A line of progress.

use super::{count, duration};
use crate::follow::{Ending, News, waiting_for};
use crate::paint::Paint;

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
        News::Failed { state, error, message } => {
            paint.yellow(format!("{}{error}: {}", prefix(state.as_deref()), message.replace('\n', "; ")))
        }
        News::Over(Ending::Succeeded { output }) => {
            let outcome = output.get("outcome").and_then(|outcome| outcome.as_str());
            paint.green(match outcome {
                // A settle that was to go only as far as later stages need it.
                Some("changed" | "waiting") => "ready for the next stage",
                Some(outcome) => outcome,
                None => "done",
            })
        }
        News::Over(Ending::Failed(ended)) => paint.red(format!("failed with {}", ended.error)),
        News::Over(Ending::Aborted(_)) => paint.red("stopped"),
        News::Over(Ending::TimedOut) => paint.red("timed out"),
        News::Child { .. } | News::Nested => return None,
    })
}

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
        Take lock: Moat.Locked: held by web-1
        failed with Moat.Refused
        ");
    }
}
