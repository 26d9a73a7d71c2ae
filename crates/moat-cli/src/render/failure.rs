//! How a failure is told: what, where, why, and what to do next.

use crate::ended::Ended;
use crate::paint::Paint;
use moat::error::Kind;

/// What to say about an execution that failed.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub ended: &'a Ended,
    /// The lane and state that failed: `network, state Pass`.
    pub place: Option<&'a str>,
    pub execution: &'a str,
    pub console: Option<&'a str>,
}

/// The report of a failed execution. Each line of the message is a problem of its own.
pub fn failure(told: Told<'_>, paint: Paint) -> String {
    let Told { ended: Ended { error, message }, place, execution, console } = told;
    let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
    let mut text = format!("{}\n", paint.red(paint.bold(format!("{} failed{place}: {error}", name(execution)))));
    for line in message.lines().filter(|line| !line.trim().is_empty()) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!("\n{}\n", advice(error, message)));
    text.push_str(&paint.dim(format!("execution {execution}")));
    text.push('\n');
    if let Some(console) = console {
        text.push_str(&paint.dim(console));
        text.push('\n');
    }
    text
}

/// The name at the end of an execution's ARN.
fn name(execution: &str) -> &str {
    execution.rsplit(':').next().unwrap_or(execution)
}

fn advice(error: &str, message: &str) -> String {
    let known = Kind::ALL.into_iter().find(|kind| kind.name() == error);
    match known {
        Some(Kind::SpecInvalid) => "Nothing was changed. Correct the document and start again.".into(),
        Some(Kind::Refused) => {
            "Change the spec or what is named above, then start again; `moat plan` shows what would happen.".into()
        }
        Some(Kind::Denied) => "Grant what is named above, then start again: what exists is kept.".into(),
        Some(Kind::Quota) => {
            "Raise the limit in Service Quotas or free what is unused, then start again: what exists is kept.".into()
        }
        Some(Kind::Locked) => match holder(message) {
            Some(holder) => {
                format!("Wait for the execution that holds the name:\n  moat follow {holder}\nthen start again.")
            }
            None => "Wait for the execution that holds the name, then start again.".into(),
        },
        Some(Kind::Throttled | Kind::Unavailable | Kind::Conflict) => {
            "Nothing is undone. Start again: it goes on where it stopped.".into()
        }
        None if error == "States.Timeout" => "Nothing is undone. Start again: it goes on where it stopped.".into(),
        None if error == "Aborted" => {
            "Somebody stopped it; nothing is undone. Start again: it goes on where it stopped.".into()
        }
        Some(Kind::Unexpected) | None => {
            "This is a case that moat does not know. What exists is kept; starting again is safe. \
             If it fails the same way, report it with the lines above."
                .into()
        }
    }
}

/// The execution that a message about a lock names.
fn holder(message: &str) -> Option<&str> {
    let words = message.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '\''));
    words
        .map(|word| word.trim_end_matches(['.', ':']))
        .find(|word| word.starts_with("arn:") && word.contains(":execution:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-20261122-221500-k3f9";

    fn told(error: &str, message: &str, place: Option<&str>) -> String {
        let ended = Ended { error: error.into(), message: message.into() };
        failure(Told { ended: &ended, place, execution: EXECUTION, console: None }, Paint::OFF)
    }

    #[test]
    fn a_refusal_tells_each_problem_on_its_line() {
        let message = "/network/cidr: the VPC vpc-1 has 10.1.0.0/16, and a range cannot be changed\n/service/image: web:v9 is not in the repository";
        insta::assert_snapshot!(told("Moat.Refused", message, Some("provision, state Look at network")), @r"
        web-20261122-221500-k3f9 failed in provision, state Look at network: Moat.Refused
          /network/cidr: the VPC vpc-1 has 10.1.0.0/16, and a range cannot be changed
          /service/image: web:v9 is not in the repository

        Change the spec or what is named above, then start again; `moat plan` shows what would happen.
        execution arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-20261122-221500-k3f9
        ");
    }

    #[test]
    fn a_lock_names_the_execution_to_wait_for() {
        let message =
            "network main is being worked on by arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-1.";
        insta::assert_snapshot!(told("Moat.Locked", message, None), @r"
        web-20261122-221500-k3f9 failed: Moat.Locked
          network main is being worked on by arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-1.

        Wait for the execution that holds the name:
          moat follow arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-1
        then start again.
        execution arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-20261122-221500-k3f9
        ");
    }

    #[test]
    fn every_error_of_moat_has_its_advice() {
        let known = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Unexpected);
        for kind in known {
            assert!(!advice(kind.name(), "").contains("does not know"), "{kind}");
        }
    }
}
