//! How services came out of a rollout.

use super::duration;
use crate::exit::Exit;
use crate::paint::Paint;
use moat::rollout::Report;
use moat::rollout::cause::Cause;
use moat::rollout::outcome::Running;
use moat::rollout::report::{Target, Word};
use serde::Deserialize;
use serde_json::Value;

/// The output of `moat-rollout`.
#[derive(Debug, Deserialize)]
pub struct Rollout {
    #[serde(default)]
    message: Option<String>,
    services: Vec<Rolled>,
}

/// How one service came out. Without an outcome there was nothing to tell.
#[derive(Debug, Deserialize)]
struct Rolled {
    service: String,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Rollout {
    /// The output of an execution, if it is that of a rollout.
    pub fn find(output: &Value) -> Option<Self> {
        Self::deserialize(output).ok()
    }

    pub fn exit(&self) -> Exit {
        Exit::gravest(self.services.iter().filter_map(Rolled::exit))
    }

    /// Each service with its outcome, from what to what, and what to do about it. `reports` are what people and
    /// programs were told meanwhile; the output alone says less.
    pub fn text(&self, reports: &[Report], took: f64, paint: Paint) -> String {
        if self.services.is_empty() {
            let why = self.message.as_deref().unwrap_or("no service is concerned");
            return format!("Nothing to roll: {why}\n");
        }
        let one = |rolled: &Rolled| rolled.text(rolled.report(reports), took, paint);
        self.services.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}

impl Rolled {
    fn exit(&self) -> Option<Exit> {
        self.outcome.as_deref().map(Exit::of_rollout)
    }

    /// What was told of this outcome, if anything was: an outcome that the rules foresee is not worth a message.
    fn report<'a>(&self, reports: &'a [Report]) -> Option<&'a Report> {
        let outcome = self.outcome.as_deref()?;
        let is_it = |report: &&Report| report.service.as_str() == self.service && name(report) == outcome;
        reports.iter().rev().find(is_it)
    }

    fn text(&self, report: Option<&Report>, took: f64, paint: Paint) -> String {
        let Self { service, outcome, message } = self;
        let outcome =
            outcome.as_deref().map_or_else(|| "nothing to do".to_owned(), |outcome| outcome.replace('-', " "));
        let took = report.and_then(|report| report.seconds).map_or(took, |seconds| seconds as f64);
        let title = paint.bold(format!("Service {service}: {outcome}, after {}", duration(took)));
        let title = match self.exit() {
            None | Some(Exit::Settled) => paint.green(title),
            Some(Exit::Failed | Exit::RolledBack) => paint.red(title),
            Some(_) => paint.yellow(title),
        };
        let told = report.map(|report| &report.message).or(message.as_ref());
        let lines = told.into_iter().flat_map(|told| told.lines()).map(|line| format!("  {line}\n"));
        format!("{title}\n{}{}", lines.collect::<String>(), report.map(evidence).unwrap_or_default())
    }
}

/// From what to what, why, and what runs now.
fn evidence(report: &Report) -> String {
    let row = |name: &str, value: String| format!("  {name:<11} {value}\n");
    let rows = |name: &str, value: Option<String>| value.map(|value| row(name, value)).unwrap_or_default();
    let mut text = String::from("\n");
    text += &rows("from", report.from.as_ref().map(ToString::to_string));
    text += &rows("to", report.to.as_ref().map(ToString::to_string));
    text += &rows("running", running(&report.running));
    text += &rows("deployment", report.deployment.clone());
    for Cause { cause, remedy, said } in &report.causes {
        text += &format!(
            "\n{}{}{}",
            row("why", cause.clone()),
            row("what to do", remedy.clone()),
            row("ECS says", said.clone())
        );
    }
    if report.causes.is_empty() {
        text += &report.said.iter().map(|said| row("ECS says", said.clone())).collect::<String>();
    }
    let barred = matches!(report.outcome, Word::RolledBack | Word::Stopped | Word::Failed);
    let release = |to: &Target| format!("moat roll {} --release {}", report.service, to.digest.as_str());
    text += &rows("release it", report.to.as_ref().filter(|_| barred).map(release));
    text
}

/// The outcome's name, as it is in the output.
fn name(report: &Report) -> String {
    serde_json::to_value(report.outcome).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

fn running(running: &[Running]) -> Option<String> {
    let one = |Running { digest, tasks }: &Running| {
        let digest = digest.as_ref().map_or("an image that ECS does not name", |digest| digest.short());
        format!("{} with {digest}", super::count(*tasks as usize, "task"))
    };
    (!running.is_empty()).then(|| running.iter().map(one).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(of: char) -> String {
        format!("sha256:{}", of.to_string().repeat(64))
    }

    /// The output of an execution with one service that came out so.
    fn output(outcome: &str, message: &str) -> Value {
        json!({"outcome": outcome, "message": message,
               "services": [{"service": "web", "outcome": outcome, "message": message}]})
    }

    fn report(outcome: &str, message: &str) -> Report {
        let event = json!({
            "version": 1, "service": "web", "outcome": outcome, "message": message, "by": "a look at the registry",
            "execution": "arn", "at": "2026-03-01T18:02:10Z", "seconds": 130, "deployment": "ecs-svc/2",
            "from": {"digest": digest('a'), "tag": "1.3"}, "to": {"digest": digest('b'), "tag": "1.4"},
            "running": [{"digest": digest('a'), "tasks": 2}],
            "causes": [{"cause": "the container used more memory than the task has, and was killed",
                        "remedy": "raise service.memory, or see why the program needs so much",
                        "said": "OutOfMemoryError: Container killed due to memory usage"}],
        });
        Report::deserialize(event).unwrap()
    }

    fn text(output: &Value, reports: &[Report]) -> String {
        Rollout::find(output).unwrap().text(reports, 3.0, Paint::OFF)
    }

    #[test]
    fn r2_a_rollback_tells_why_what_to_do_and_how_to_try_again() {
        let message = "Service web was to be rolled to 1.4, but the circuit breaker took it back.";
        let output = output("rolled-back", message);
        insta::assert_snapshot!(text(&output, &[report("rolled-back", message)]), @r"
        Service web: rolled back, after 2 min 10 s
          Service web was to be rolled to 1.4, but the circuit breaker took it back.

          from        1.3, sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          to          1.4, sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
          running     2 tasks with sha256:aaaaaaaaaaaa
          deployment  ecs-svc/2

          why         the container used more memory than the task has, and was killed
          what to do  raise service.memory, or see why the program needs so much
          ECS says    OutOfMemoryError: Container killed due to memory usage
          release it  moat roll web --release sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        ");
        assert_eq!(Rollout::find(&output).unwrap().exit(), Exit::RolledBack);
    }

    #[test]
    fn an_outcome_that_was_not_told_is_shown_as_the_output_has_it() {
        let output = output("already-running", "service web runs sha256:aaaaaaaaaaaa already");
        // What was told of an earlier round is not what this one came to.
        insta::assert_snapshot!(text(&output, &[report("superseded", "Overtaken.")]), @r"
        Service web: already running, after 3 s
          service web runs sha256:aaaaaaaaaaaa already
        ");
    }

    #[test]
    fn several_services_are_told_one_by_one_and_the_gravest_gives_the_code() {
        let output = json!({"outcome": "several", "services": [
            {"service": "api", "outcome": "superseded", "message": "Overtaken. Nothing is wrong."},
            {"service": "web", "outcome": "no-tasks", "message": "It wants no tasks."},
            {"service": "www"},
        ]});
        insta::assert_snapshot!(text(&output, &[]), @r"
        Service api: superseded, after 3 s
          Overtaken. Nothing is wrong.

        Service web: no tasks, after 3 s
          It wants no tasks.

        Service www: nothing to do, after 3 s
        ");
        assert_eq!(Rollout::find(&output).unwrap().exit(), Exit::NoTasks);
    }

    #[test]
    fn an_event_that_concerns_nobody_says_why() {
        let output = json!({"outcome": "ignored", "message": "tag x.sig is a signature", "services": []});
        assert_eq!(text(&output, &[]), "Nothing to roll: tag x.sig is a signature\n");
        assert_eq!(Rollout::find(&output).unwrap().exit(), Exit::Settled);
        assert!(Rollout::find(&json!({"outcome": "settled", "service": {"name": "web"}})).is_none());
    }
}
