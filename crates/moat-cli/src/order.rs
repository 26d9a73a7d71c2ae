//! What an execution is started with: checked as far as can be without an account, before anything is started.

use crate::args::Start;
use crate::document;
use crate::exit::{Exit, Stop};
use moat::plan::Problem;
use moat::rollout::Trigger;
use serde_json::{Value, json};

pub const PROVISION: &str = "moat-provision";
pub const ROLLOUT: &str = "moat-rollout";

/// The machines that a person starts.
pub const MACHINES: [&str; 2] = [PROVISION, ROLLOUT];

/// A checked input, and the machine that takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub machine: &'static str,
    pub input: Value,
    /// What it is about. Executions are named after it.
    pub subject: String,
}

impl Start {
    /// The order that a verb gives.
    ///
    /// # Errors
    /// Every problem that can be seen from here.
    pub fn order(&self) -> Result<Order, Stop> {
        match self {
            Self::Provision { file } => document::read(file, false),
            Self::Plan { file, .. } => document::read(file, true),
            Self::Roll { service, to, release } => {
                roll(service, to.as_deref(), release.as_deref()).map_err(|problems| invalid(&problems))
            }
        }
    }
}

/// A person's command to `moat-rollout`, read as that machine will read it.
fn roll(service: &str, to: Option<&str>, release: Option<&str>) -> Result<Order, Vec<Problem>> {
    let mut input = json!({"service": service});
    for (field, said) in [("to", to), ("release", release)] {
        if let Some(said) = said {
            input[field] = said.into();
        }
    }
    match moat::rollout::read(&input) {
        Trigger::Command(command) => Ok(Order { machine: ROLLOUT, input, subject: command.service.to_string() }),
        Trigger::Wrong { problems } => Err(problems),
        // An object with a service and no source is a command.
        Trigger::Push(_) | Trigger::Ignore { .. } => Err(vec![Problem::general("is no command to a service")]),
    }
}

/// All problems of a command line as one message. A field of the input is named by its option.
fn invalid(problems: &[Problem]) -> Stop {
    let line = |problem: &Problem| match problem.pointer.as_deref().map(|pointer| pointer.trim_start_matches('/')) {
        None | Some("") => format!("\n  {}", problem.message),
        Some("service") => format!("\n  SERVICE: {}", problem.message),
        Some(option) => format!("\n  --{option}: {}", problem.message),
    };
    let lines: String = problems.iter().map(line).collect();
    Stop::new(Exit::Usage, format!("the command has {}; nothing was started:{lines}", document::count(problems)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_roll_is_what_a_person_would_type_in_the_console() {
        let input = |to, release| roll("web", to, release).unwrap().input;
        assert_eq!(input(None, None), json!({"service": "web"}));
        assert_eq!(input(Some("previous"), None), json!({"service": "web", "to": "previous"}));
        assert_eq!(input(Some(DIGEST), None), json!({"service": "web", "to": DIGEST}));
        assert_eq!(input(None, Some(DIGEST)), json!({"service": "web", "release": DIGEST}));
        assert_eq!(roll("web", None, None).unwrap().subject, "web");
    }

    #[test]
    fn a_wrong_roll_starts_nothing_and_tells_every_problem() {
        let problems = roll("Web", Some("1.4"), Some("sha256:abc")).unwrap_err();
        insta::assert_snapshot!(invalid(&problems).message, @r#"
        the command has 4 problems; nothing was started:
          SERVICE: "Web" has the character 'W'; a name has lower-case letters, digits and hyphens only
          --to: "1.4" is not a digest; it is sha256: and 64 hexadecimal digits; or say "previous"
          --release: "sha256:abc" is not a digest; it is sha256: and 64 hexadecimal digits
          --release: cannot be said together with "to"; release the digest first, it is then looked at
        "#);
    }
}
