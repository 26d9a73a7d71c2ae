//! What each verb does, from the arguments to the exit code.

use crate::args::{Cli, Command, Place};
use crate::aws::{self, Aws};
use crate::document;
use crate::ended::Ended;
use crate::exit::{Exit, Stop};
use crate::follow::Ending;
use crate::paint::Paint;
use crate::render;
use crate::watch::{Over, Watch, Watched};
use aws_sdk_sfn::primitives::{DateTime, DateTimeFormat};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::time::{Duration, SystemTime};

/// Runs the command, tells the result, and returns the exit code.
pub async fn run(cli: Cli) -> Exit {
    let started = RefCell::new(None);
    let result = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Err(interrupted(started.borrow().as_deref(), &cli.place)),
        result = verb(&cli, &started) => result,
    };
    result.unwrap_or_else(|Stop { exit, message }| {
        if cli.json {
            let outcome = if matches!(exit, Exit::Running | Exit::Interrupted) { "running" } else { "failed" };
            let execution = started.borrow().clone();
            print_json(
                &json!({"outcome": outcome, "message": message, "execution": execution, "exitCode": exit as u8}),
            );
        }
        eprintln!("{} {message}", Paint::of(&std::io::stderr()).bold("moat:"));
        exit
    })
}

async fn verb(cli: &Cli, started: &RefCell<Option<String>>) -> Result<Exit, Stop> {
    let (aws, execution) = match &cli.command {
        Command::Provision { file } => start(cli, file, false, started).await?,
        Command::Plan { file, .. } => start(cli, file, true, started).await?,
        Command::Follow { execution } => find(cli, execution, started).await?,
    };
    let watch = Watch::new(&aws, &execution);
    let watch = match cli.command {
        Command::Follow { .. } => {
            let described = aws.describe(&execution).await?;
            watch.since(described.start_date().as_secs_f64())
        }
        _ => watch,
    };
    let again = || format!("the execution goes on; follow it again with\n  {}", follow_command(&execution, &cli.place));
    match watch.run(cli.timeout.map(Duration::from_secs)).await {
        Ok(Watched::Over(over)) => Ok(tell(cli, &aws, &execution, &over)),
        Ok(Watched::Running) => Err(Stop::new(Exit::Running, format!("stopped following: {}", again()))),
        Err(failure) => {
            let stop = Stop::from(failure);
            Err(Stop { message: format!("{}\n{}", stop.message, again()), ..stop })
        }
    }
}

/// Checks the document, and only then starts an execution with it.
async fn start(cli: &Cli, file: &str, is_plan: bool, started: &RefCell<Option<String>>) -> Result<(Aws, String), Stop> {
    let text = document::text(file)?;
    let document = document::check(&text, is_plan).map_err(|problems| document::invalid(file, &problems))?;
    let aws = Aws::connect(&cli.place).await?;
    let machine = machine(&aws, &cli.place).await?;
    let instant = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime).unwrap_or_default();
    let name = document::execution_name(&document.subject, &instant, RandomState::new().build_hasher().finish());
    // Once the call is out it may have started, even if its answer never comes.
    *started.borrow_mut() = Some(aws::execution_arn(&machine, &name));
    let execution = aws.start(&machine, &name, &document.input.to_string()).await?;
    *started.borrow_mut() = Some(execution.clone());
    announce(&aws, &execution);
    Ok((aws, execution))
}

/// The execution to follow; a bare name is one of the machine's.
async fn find(cli: &Cli, execution: &str, started: &RefCell<Option<String>>) -> Result<(Aws, String), Stop> {
    let aws = Aws::connect(&cli.place).await?;
    let execution = if execution.starts_with("arn:") {
        execution.to_owned()
    } else {
        aws::execution_arn(&machine(&aws, &cli.place).await?, execution)
    };
    aws.describe(&execution).await?;
    *started.borrow_mut() = Some(execution.clone());
    announce(&aws, &execution);
    Ok((aws, execution))
}

async fn machine(aws: &Aws, place: &Place) -> Result<String, Stop> {
    let name = &place.machine;
    aws.machine(name).await?.ok_or_else(|| {
        let how = if aws.is_local() { "`make local`" } else { "`make deploy`" };
        let message = format!(
            "there is no state machine {name} in {} of this account; nothing was started.\n  \
             Deploy moat there with {how}, or say where it is with --region, --profile or --machine",
            aws.region
        );
        Stop::new(Exit::Failed, message)
    })
}

fn announce(aws: &Aws, execution: &str) {
    let paint = Paint::of(&std::io::stderr());
    eprintln!("{}", paint.dim(format!("execution {execution}")));
    if !aws.is_local() {
        eprintln!("{}", paint.dim(aws::console_url(&aws.region, execution)));
    }
}

/// Prints how it ended: results on stdout, failures on stderr.
fn tell(cli: &Cli, aws: &Aws, execution: &str, over: &Over) -> Exit {
    let (ended, exit) = match &over.ending {
        Ending::Succeeded { output } => {
            print_result(cli.json, output, over.took);
            let asks = matches!(cli.command, Command::Plan { detailed_exitcode: true, .. });
            let is_planned = output.get("outcome").is_some_and(|outcome| outcome == "planned");
            return if asks && is_planned { Exit::Changes } else { Exit::Settled };
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

fn print_result(is_json: bool, output: &Value, took: f64) {
    let paint = Paint::of(&std::io::stdout());
    if !is_json && render::is_plan(output) {
        print(&render::plan(output, paint));
    } else if !is_json && (output.get("proof").is_some() || output.get("network").is_some()) {
        print(&render::summary(output, took, paint));
    } else {
        print_json(output);
    }
}

fn print_json(value: &Value) {
    print(&format!("{value:#}\n"));
}

/// To stdout. Whoever closed it (`| head`) has read enough.
fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn interrupted(started: Option<&str>, place: &Place) -> Stop {
    let message = match started {
        Some(execution) => format!(
            "stopped following; the execution goes on.\n  follow it again:  {}\n  stop it:          {}",
            follow_command(execution, place),
            stop_command(execution, place)
        ),
        None => "interrupted; nothing was started".into(),
    };
    Stop::new(Exit::Interrupted, message)
}

fn follow_command(execution: &str, place: &Place) -> String {
    format!("moat follow {execution}{}", options(place))
}

fn stop_command(execution: &str, place: &Place) -> String {
    format!("aws stepfunctions stop-execution --execution-arn {execution}{}", options(place))
}

/// The options of the AWS CLI have the same names.
fn options(place: &Place) -> String {
    let Place { region, profile, endpoint_url, machine: _ } = place;
    [("region", region), ("profile", profile), ("endpoint-url", endpoint_url)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" --{name} {}", value.as_ref()?)))
        .collect()
}
