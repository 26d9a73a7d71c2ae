//! Tells how an execution ended: the result on stdout, a failure on stderr.

use crate::args::{Cli, Command, Start};
use crate::aws::{self, Aws};
use crate::ended::Ended;
use crate::exit::Exit;
use crate::follow::Ending;
use crate::paint::Paint;
use crate::render::{self, Rollout};
use crate::watch::Over;
use serde_json::{Value, json};
use std::io::Write;

/// Prints how it ended: results on stdout, failures on stderr.
pub fn tell(cli: &Cli, aws: &Aws, execution: &str, over: &Over) -> Exit {
    let (ended, exit) = match &over.ending {
        Ending::Succeeded { output } => {
            print_result(cli.json, output, over);
            return exit_of(cli, output);
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

/// What the outcome in an output means for a script.
fn exit_of(cli: &Cli, output: &Value) -> Exit {
    if let Some(rollout) = Rollout::find(output) {
        return rollout.exit();
    }
    let asks = matches!(cli.command, Command::Start(Start::Plan { detailed_exitcode: true, .. }));
    let is_planned = output.get("outcome").is_some_and(|outcome| outcome == "planned");
    if asks && is_planned { Exit::Changes } else { Exit::Settled }
}

fn print_result(is_json: bool, output: &Value, over: &Over) {
    let paint = Paint::of(&std::io::stdout());
    if is_json {
        print_json(output);
    } else if let Some(rollout) = Rollout::find(output) {
        print(&rollout.text(&over.reports, over.took, paint));
    } else if render::is_plan(output) {
        print(&render::plan(output, paint));
    } else if output.get("proof").is_some() || output.get("network").is_some() {
        print(&render::summary(output, over.took, paint));
    } else {
        print_json(output);
    }
}

pub fn print_json(value: &Value) {
    print(&format!("{value:#}\n"));
}

/// To stdout. Whoever closed it (`| head`) has read enough.
fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
