//! Tells how an execution ended: the result on stdout, a failure on stderr.

use crate::args::{Cli, Command, Start};
use crate::aws::{self, Aws};
use crate::ended::Ended;
use crate::exit::Exit;
use crate::follow::Ending;
use crate::order::{REMEDIATE, TEARDOWN, VERIFY};
use crate::paint::Paint;
use crate::render::{self, Account, Rollout};
use crate::watch::Over;
use moat::proof::Answer;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Write;

/// Prints how it ended: results on stdout, failures on stderr.
pub fn tell(cli: &Cli, aws: &Aws, execution: &str, over: &Over) -> Exit {
    let (ended, exit) = match &over.ending {
        Ending::Succeeded { output } => {
            let shown = Shown::of(machine(&cli.command, execution), output);
            let paint = Paint::of(&std::io::stdout());
            print(&match &shown {
                _ if cli.json => json_text(output),
                Shown::Proven(answer) if asks_for_picture(&cli.command) => answer.proof.picture.clone(),
                shown => shown.text(output, over, paint),
            });
            return shown.exit(output, asks(&cli.command));
        }
        Ending::Failed(ended) => (ended.clone(), Exit::of(&ended.error)),
        Ending::Aborted(ended) => (Ended { error: "Aborted".into(), message: ended.message.clone() }, Exit::Failed),
        Ending::TimedOut => {
            let message = "the execution ran out of time".into();
            (Ended { error: "States.Timeout".into(), message }, Exit::Running)
        }
    };
    if cli.json {
        let Ended { error, message } = &ended;
        let place = &over.place;
        print_json(&json!({
            "outcome": "failed", "error": error, "message": message, "place": place,
            "execution": execution, "exitCode": exit as u8,
        }));
    }
    let console = (!aws.is_local()).then(|| aws::console_url(&aws.region, execution));
    let told = render::Told { ended: &ended, place: over.place.as_deref(), execution, console: console.as_deref() };
    eprint!("\n{}", render::failure(told, Paint::of(&std::io::stderr())));
    exit
}

/// The machine that was started, by the name that it has where nobody gave it another.
fn machine<'a>(command: &Command, execution: &'a str) -> &'a str {
    match command {
        Command::Start(start) => start.machine(),
        Command::Follow { .. } => execution.rsplit(':').nth(1).unwrap_or_default(),
    }
}

/// Whether something that is left to do is to be told by the exit code.
fn asks(command: &Command) -> bool {
    let Command::Start(Start::Plan { detailed_exitcode, .. } | Start::Drift { detailed_exitcode, .. }) = command else {
        return false;
    };
    *detailed_exitcode
}

/// Whether only the picture of a proof is wanted.
fn asks_for_picture(command: &Command) -> bool {
    matches!(command, Command::Start(Start::Verify { picture: true, .. }))
}

/// The output of one of moat's machines. Each is known by its machine; one of another name by what it answers.
enum Shown {
    Rollout(Rollout),
    /// Of `moat-remediate` or `moat-teardown`.
    Account(Box<Account>),
    /// Of `moat-verify`.
    Proven(Box<Answer>),
    Plan,
    Settled,
    Unknown,
}

impl Shown {
    fn of(machine: &str, output: &Value) -> Self {
        if machine == REMEDIATE || machine == TEARDOWN {
            return Account::find(output).map_or(Self::Unknown, |account| Self::Account(Box::new(account)));
        }
        if machine == VERIFY {
            let answer = Answer::deserialize(output).ok();
            return answer.map_or(Self::Unknown, |answer| Self::Proven(Box::new(answer)));
        }
        match Rollout::find(output) {
            Some(rollout) => Self::Rollout(rollout),
            None if render::is_plan(output) => Self::Plan,
            None if output.get("proof").is_some() || output.get("network").is_some() => Self::Settled,
            None => Self::Unknown,
        }
    }

    /// What the outcome means for a script; `asks` is whether something that is left to do has a code of its own.
    fn exit(&self, output: &Value, asks: bool) -> Exit {
        match self {
            Self::Rollout(rollout) => rollout.exit(),
            Self::Account(account) => account.exit(asks),
            Self::Proven(answer) if !answer.proof.holds => Exit::Failed,
            Self::Proven(_) => Exit::Settled,
            Self::Plan | Self::Settled | Self::Unknown if asks && output["outcome"] == "planned" => Exit::Changes,
            Self::Plan | Self::Settled | Self::Unknown => Exit::Settled,
        }
    }

    fn text(&self, output: &Value, over: &Over, paint: Paint) -> String {
        match self {
            Self::Rollout(rollout) => rollout.text(&over.reports, over.took, paint),
            Self::Account(account) => account.text(over.took, paint),
            Self::Proven(answer) => render::proof(answer, paint),
            Self::Plan => render::plan(output, paint),
            Self::Settled => render::summary(output, over.took, paint),
            Self::Unknown => json_text(output),
        }
    }
}

pub fn print_json(value: &Value) {
    print(&json_text(value));
}

fn json_text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// To stdout. Whoever closed it (`| head`) has read enough.
fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
