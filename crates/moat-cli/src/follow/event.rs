//! One event of an execution's history, reduced to what is shown.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>. A local AWS may leave out
//! `previousEventId`, `TaskSubmitted`, and what happens inside of a Parallel; nothing here depends on them.

use crate::ended::Ended;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType as Type};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: i64,
    /// 0 when it is not known.
    pub previous: i64,
    /// Seconds since 1970.
    pub at: f64,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Started {
        input: Value,
    },
    /// `kind` is the state's type: `Task`, `Parallel`, `Wait`, `Choice` …
    Entered {
        state: String,
        kind: String,
    },
    Exited {
        state: String,
    },
    /// The state of this event's chain was given up, because another branch failed.
    Aborted,
    /// A task was scheduled; `is_nested` when it starts another execution.
    Asked {
        is_nested: bool,
    },
    /// The other execution has been started.
    Submitted {
        execution: String,
    },
    Answered {
        output: Value,
    },
    Failed(Ended),
    Over(Ending),
    /// Nothing to show.
    Silent,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    Succeeded {
        output: Value,
    },
    Failed(Ended),
    /// Somebody stopped it.
    Aborted(Ended),
    TimedOut,
}

/// JSON if it is JSON, and else the text itself.
pub fn json(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

impl From<&HistoryEvent> for Event {
    fn from(event: &HistoryEvent) -> Self {
        Self {
            id: event.id(),
            previous: event.previous_event_id(),
            at: event.timestamp().as_secs_f64(),
            what: what(event),
        }
    }
}

fn what(event: &HistoryEvent) -> What {
    let kind = event.r#type().as_str();
    if let Some(entered) = event.state_entered_event_details() {
        return What::Entered {
            state: entered.name().to_owned(),
            kind: kind.trim_end_matches("StateEntered").to_owned(),
        };
    }
    if let Some(exited) = event.state_exited_event_details() {
        return What::Exited { state: exited.name().to_owned() };
    }
    if kind.ends_with("StateAborted") {
        return What::Aborted;
    }
    match event.r#type() {
        Type::ExecutionStarted => {
            What::Started { input: json(event.execution_started_event_details().and_then(|details| details.input())) }
        }
        Type::TaskScheduled => {
            What::Asked { is_nested: event.task_scheduled_event_details().is_some_and(starts_another) }
        }
        Type::LambdaFunctionScheduled => What::Asked { is_nested: false },
        Type::TaskSubmitted => {
            let output = json(event.task_submitted_event_details().and_then(|details| details.output()));
            execution(&output).map_or(What::Silent, |execution| What::Submitted { execution })
        }
        Type::TaskSucceeded => {
            What::Answered { output: json(event.task_succeeded_event_details().and_then(|details| details.output())) }
        }
        Type::LambdaFunctionSucceeded => What::Answered {
            output: json(event.lambda_function_succeeded_event_details().and_then(|details| details.output())),
        },
        Type::ExecutionSucceeded => What::Over(Ending::Succeeded {
            output: json(event.execution_succeeded_event_details().and_then(|details| details.output())),
        }),
        Type::ExecutionTimedOut => What::Over(Ending::TimedOut),
        Type::ExecutionAborted => {
            let details = event.execution_aborted_event_details();
            What::Over(Ending::Aborted(ended(details.map(|d| (d.error(), d.cause())))))
        }
        Type::ExecutionFailed => {
            let details = event.execution_failed_event_details();
            What::Over(Ending::Failed(ended(details.map(|d| (d.error(), d.cause())))))
        }
        _ => failed(event).map_or(What::Silent, What::Failed),
    }
}

/// Whether a task starts another execution. AWS splits the resource in two, a local AWS gives its whole ARN.
fn starts_another(details: &aws_sdk_sfn::types::TaskScheduledEventDetails) -> bool {
    details.resource_type() == "states" && details.resource().contains("startExecution")
}

/// The execution that a `startExecution` answer names.
pub fn execution(output: &Value) -> Option<String> {
    let arn = output.get("ExecutionArn").or_else(|| output.get("executionArn"))?;
    arn.as_str().map(str::to_owned)
}

/// The ways in which a task can fail, each with its own details.
fn failed(event: &HistoryEvent) -> Option<Ended> {
    let task = event.task_failed_event_details().map(|d| (d.error(), d.cause()));
    let start = || event.task_start_failed_event_details().map(|d| (d.error(), d.cause()));
    let submit = || event.task_submit_failed_event_details().map(|d| (d.error(), d.cause()));
    let timeout =
        || event.task_timed_out_event_details().map(|d| (Some(d.error().unwrap_or("States.Timeout")), d.cause()));
    let lambda = || event.lambda_function_failed_event_details().map(|d| (d.error(), d.cause()));
    let late = || event.lambda_function_timed_out_event_details().map(|d| (Some("States.Timeout"), d.cause()));
    let evaluation = || event.evaluation_failed_event_details().map(|d| (d.error(), d.cause()));
    let found =
        task.or_else(start).or_else(submit).or_else(timeout).or_else(lambda).or_else(late).or_else(evaluation)?;
    Some(ended(Some(found)))
}

fn ended(details: Option<(Option<&str>, Option<&str>)>) -> Ended {
    let (error, cause) = details.unwrap_or_default();
    Ended::of(error.unwrap_or_default(), cause.unwrap_or_default())
}
