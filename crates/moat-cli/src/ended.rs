//! How an execution ended badly, unwrapped to the sentence that a person needs.
//!
//! A cause is text, but it often is JSON inside of it: a Lambda's `{"errorType","errorMessage"}`, or, from a nested
//! execution on AWS, the whole `DescribeExecution` answer with `Error` and `Cause`, inside of each other.

use serde_json::Value;

/// The innermost error and its message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    pub error: String,
    pub message: String,
}

/// Deeper than any machine here nests.
const DEPTH: usize = 8;

impl Ended {
    /// Follows a cause down to the sentence.
    pub fn of(error: &str, cause: &str) -> Self {
        let mut ended = Self { error: error.to_owned(), message: cause.trim().to_owned() };
        for _ in 0..DEPTH {
            let Ok(Value::Object(inner)) = serde_json::from_str::<Value>(&ended.message) else { break };
            let text =
                |names: &[&str]| names.iter().find_map(|name| Some(inner.get(*name)?.as_str()?.trim().to_owned()));
            let status = text(&["Status"]);
            let error = text(&["errorType", "Error", "error"]).filter(|error| !error.is_empty());
            let message = text(&["errorMessage", "Cause", "cause", "message"]);
            match (error, message, status.as_deref()) {
                (_, None, Some("TIMED_OUT")) => {
                    ended =
                        Self { error: "States.Timeout".into(), message: "a nested execution ran out of time".into() };
                }
                (_, None, Some("ABORTED")) => {
                    ended = Self { error: "Aborted".into(), message: "a nested execution was stopped".into() };
                }
                (error, Some(message), _) => ended = Self { error: error.unwrap_or(ended.error), message },
                (Some(error), None, _) => ended = Self { error, message: String::new() },
                (None, None, _) => break,
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(error: &str, message: &str) -> Ended {
        Ended { error: error.into(), message: message.into() }
    }

    #[test]
    fn a_plain_cause_stays_as_it_is() {
        assert_eq!(Ended::of("Moat.Refused", "no: really"), ended("Moat.Refused", "no: really"));
        assert_eq!(Ended::of("Moat.Refused", "[1]"), ended("Moat.Refused", "[1]"));
    }

    #[test]
    fn a_lambda_s_cause_is_its_message() {
        let cause = json!({"errorType": "Moat.Denied", "errorMessage": "may not create vpc"}).to_string();
        assert_eq!(Ended::of("Moat.Denied", &cause), ended("Moat.Denied", "may not create vpc"));
    }

    #[test]
    fn a_nested_execution_s_cause_is_followed_to_the_lambda_s_message() {
        let lambda = json!({"errorType": "Moat.Quota", "errorMessage": "5 of 5 addresses are in use", "trace": []});
        let nested = json!({
            "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:moat-settle:x",
            "Status": "FAILED", "Error": "Moat.Quota", "Cause": lambda.to_string(), "Input": "{}",
        });
        assert_eq!(
            Ended::of("States.TaskFailed", &nested.to_string()),
            ended("Moat.Quota", "5 of 5 addresses are in use")
        );
    }

    #[test]
    fn a_nested_execution_that_was_stopped_says_so() {
        let nested = json!({"ExecutionArn": "arn", "Status": "ABORTED"}).to_string();
        assert_eq!(Ended::of("States.TaskFailed", &nested), ended("Aborted", "a nested execution was stopped"));
    }
}
