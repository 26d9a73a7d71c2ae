//! What each verb does, from the arguments to the exit code.

use crate::args::{Cli, Command, Place};
use crate::aws::{self, Aws};
use crate::document;
use crate::exit::{Exit, Stop};
use crate::order::{self, Order};
use crate::paint::Paint;
use crate::tell::{print_json, tell};
use crate::watch::{Watch, Watched};
use aws_sdk_sfn::primitives::{DateTime, DateTimeFormat};
use serde_json::json;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
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
        Command::Follow { execution } => find(cli, execution, started).await?,
        Command::Start(verb) => start(cli, verb.machine(), &verb.order()?, started).await?,
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

/// Starts an execution with what was checked before.
async fn start(
    cli: &Cli,
    machine: &str,
    order: &Order,
    started: &RefCell<Option<String>>,
) -> Result<(Aws, String), Stop> {
    let aws = Aws::connect(&cli.place).await?;
    let machine = machines(&aws, &cli.place, &[machine]).await?.swap_remove(0);
    let instant = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime).unwrap_or_default();
    let name = document::execution_name(&order.subject, &instant, RandomState::new().build_hasher().finish());
    // Once the call is out it may have started, even if its answer never comes.
    *started.borrow_mut() = Some(aws::execution_arn(&machine, &name));
    let execution = aws.start(&machine, &name, &order.input.to_string()).await?;
    *started.borrow_mut() = Some(execution.clone());
    announce(&aws, &execution);
    Ok((aws, execution))
}

/// The execution to follow; a bare name is that of one of moat's machines.
async fn find(cli: &Cli, execution: &str, started: &RefCell<Option<String>>) -> Result<(Aws, String), Stop> {
    let aws = Aws::connect(&cli.place).await?;
    let execution =
        if execution.starts_with("arn:") { execution.to_owned() } else { named(&aws, &cli.place, execution).await? };
    aws.describe(&execution).await?;
    *started.borrow_mut() = Some(execution.clone());
    announce(&aws, &execution);
    Ok((aws, execution))
}

/// The ARN of an execution by its name alone. Names tell the second and four digits of chance, so one machine has it.
async fn named(aws: &Aws, place: &Place, name: &str) -> Result<String, Stop> {
    for machine in machines(aws, place, &order::MACHINES).await? {
        let execution = aws::execution_arn(&machine, name);
        if aws.has(&execution).await? {
            return Ok(execution);
        }
    }
    let of = place.machine.clone().unwrap_or_else(|| order::MACHINES.join(", "));
    Err(Stop::new(Exit::Failed, format!("there is no execution {name} of {of} in {} of this account", aws.region)))
}

/// The ARNs of those of these machines that are deployed, at least one; or of the one that `--machine` names instead.
async fn machines(aws: &Aws, place: &Place, names: &[&str]) -> Result<Vec<String>, Stop> {
    let names = place.machine.as_deref().map_or(names.to_vec(), |machine| vec![machine]);
    let found = aws.machines(&names).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let how = if aws.is_local() { "`make local`" } else { "`make deploy`" };
    let message = format!(
        "there is no state machine {} in {} of this account; nothing was started.\n  \
         Deploy moat there with {how}, or say where it is with --region, --profile or --machine",
        names.join(", "),
        aws.region
    );
    Err(Stop::new(Exit::Failed, message))
}

fn announce(aws: &Aws, execution: &str) {
    let paint = Paint::of(&std::io::stderr());
    eprintln!("{}", paint.dim(format!("execution {execution}")));
    if !aws.is_local() {
        eprintln!("{}", paint.dim(aws::console_url(&aws.region, execution)));
    }
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
