//! Step Functions, as far as the command needs it: find the machine, start it, read what happened.

use crate::args::Place;
use crate::exit::{Exit, Stop};
use crate::follow::Event;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::ProvideCredentials;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use moat::error::{Failure, Kind, Meaning, meaning};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An account and a region, real or local.
#[derive(Debug, Clone)]
pub struct Aws {
    client: Client,
    pub region: String,
    endpoint: Option<String>,
}

/// How many events of a history, and how many executions of a machine, one call reads.
const PAGE: i32 = 100;

impl Aws {
    /// Finds region and credentials, and says plainly which of them is missing.
    pub async fn connect(place: &Place) -> Result<Self, Stop> {
        let patience = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(4))
            .operation_attempt_timeout(Duration::from_secs(4))
            .operation_timeout(Duration::from_secs(9))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(patience);
        if let Some(region) = &place.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &place.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &place.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Stop::new(
                Exit::Usage,
                "no AWS region is known; give --region, set AWS_REGION, or name a --profile that has one",
            ));
        };
        let credentials = match config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.map_err(|error| innermost(&error)),
            None => Err("no provider is configured".into()),
        };
        if let Err(reason) = credentials {
            return Err(Stop::new(Exit::Denied, no_credentials(place.profile.as_deref(), &reason)));
        }
        let special = std::env::var("AWS_ENDPOINT_URL_SFN").ok().filter(|_| place.endpoint_url.is_none());
        let endpoint = special.or_else(|| config.endpoint_url().map(str::to_owned));
        Ok(Self { client: Client::new(&config), region, endpoint })
    }

    /// Whether this is an AWS on this machine, or at least not Amazon's.
    pub fn is_local(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_local)
    }

    fn place(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("Step Functions in {}", self.region))
    }

    /// The ARNs of state machines, in the order of their names; those that are not deployed here are left out.
    pub async fn machines(&self, names: &[&str]) -> Result<Vec<String>, Failure> {
        let mut arns: BTreeMap<String, String> = names
            .iter()
            .filter(|name| name.starts_with("arn:"))
            .map(|arn| (arn.to_string(), arn.to_string()))
            .collect();
        if arns.len() < names.len() {
            let mut items = self.client.list_state_machines().into_paginator().items().send();
            while let Some(item) = items.next().await {
                let item = item.map_err(|error| self.failure("list the state machines", &error))?;
                arns.insert(item.name().to_owned(), item.state_machine_arn().to_owned());
            }
        }
        Ok(names.iter().filter_map(|name| arns.remove(*name)).collect())
    }

    /// Starts an execution and returns its ARN. The same name and input again is the same execution.
    pub async fn start(&self, machine: &str, name: &str, input: &str) -> Result<String, Failure> {
        let started = self.client.start_execution().state_machine_arn(machine).name(name).input(input).send().await;
        let started = started.map_err(|error| self.failure(&format!("start an execution of {machine}"), &error))?;
        Ok(started.execution_arn().to_owned())
    }

    pub async fn describe(&self, execution: &str) -> Result<DescribeExecutionOutput, Failure> {
        let answer = self.client.describe_execution().execution_arn(execution).send().await;
        answer.map_err(|error| self.failure(&format!("describe {execution}"), &error))
    }

    /// Whether there is such an execution.
    pub async fn has(&self, execution: &str) -> Result<bool, Failure> {
        match self.client.describe_execution().execution_arn(execution).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(DescribeExecutionError::is_execution_does_not_exist) => {
                Ok(false)
            }
            Err(error) => Err(self.failure(&format!("describe {execution}"), &error)),
        }
    }

    /// The events after `seen`, oldest first. Reads backwards from the newest, so each poll costs one small page.
    pub async fn events_after(&self, execution: &str, seen: i64) -> Result<Vec<Event>, Failure> {
        let mut events: Vec<Event> = Vec::new();
        let mut token = None;
        loop {
            let page =
                self.client.get_execution_history().execution_arn(execution).reverse_order(true).max_results(PAGE);
            let page = page.set_next_token(token.take()).send().await;
            let page = page.map_err(|error| self.failure(&format!("read the history of {execution}"), &error))?;
            let fresh = page.events().iter().filter(|event| event.id() > seen).count();
            events.extend(page.events().iter().take(fresh).map(Event::from));
            token = page.next_token().map(str::to_owned);
            if token.is_none() || fresh < page.events().len() {
                events.reverse();
                return Ok(events);
            }
        }
    }

    /// The state machines that this execution's definition starts.
    pub async fn starts(&self, execution: &str) -> Result<BTreeSet<String>, Failure> {
        let machine = self.client.describe_state_machine_for_execution().execution_arn(execution).send().await;
        let machine =
            machine.map_err(|error| self.failure(&format!("read the definition behind {execution}"), &error))?;
        Ok(crate::follow::machines(machine.definition()))
    }

    /// The newest executions of a machine that began at `since` (seconds since 1970) or later.
    pub async fn executions_since(&self, machine: &str, since: f64) -> Result<Vec<String>, Failure> {
        let page = self.client.list_executions().state_machine_arn(machine).max_results(PAGE).send().await;
        let page = page.map_err(|error| self.failure(&format!("list the executions of {machine}"), &error))?;
        let recent = page.executions().iter().filter(|execution| execution.start_date().as_secs_f64() >= since);
        Ok(recent.map(|execution| execution.execution_arn().to_owned()).collect())
    }

    /// One sentence for whatever went wrong with a call, and the kind that decides whether to try again.
    fn failure<E, R>(&self, doing: &str, error: &SdkError<E, R>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let place = self.place();
        let (kind, reason) = match error {
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or("no error code");
                let said = context.err().message().unwrap_or("no message");
                let kind = match meaning(code) {
                    Meaning::Is(kind) => kind,
                    Meaning::AlreadyThere | Meaning::NotThere => Kind::Unexpected,
                };
                (kind, format!("{said} ({code})"))
            }
            SdkError::TimeoutError(_) => (Kind::Unavailable, format!("{place} did not answer in time")),
            SdkError::DispatchFailure(_) => {
                let remedy = if self.is_local() { ". Is the local AWS running? `make local` starts it" } else { "" };
                (Kind::Unavailable, format!("{place} cannot be reached: {}{remedy}", innermost(error)))
            }
            other => (Kind::Unexpected, innermost(other)),
        };
        Failure::new(kind, format!("cannot {doing}: {reason}"))
    }
}

/// The last error of a chain says what really happened: `Connection refused`, not `dispatch failure`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn is_local(endpoint: &str) -> bool {
    let rest = endpoint.trim_start_matches("https://");
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    endpoint.starts_with("http://") || host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.")
}

fn no_credentials(profile: Option<&str>, reason: &str) -> String {
    let where_from =
        profile.map_or("in the environment or the AWS configuration files".into(), |name| format!("in profile {name}"));
    let detail = reason.lines().next().unwrap_or_default().trim_end_matches(". Attempted:");
    format!(
        "no AWS credentials were found {where_from}. Sign in (aws sso login), name a --profile, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n  {detail}"
    )
}

/// The page of an execution in the AWS console.
pub fn console_url(region: &str, execution: &str) -> String {
    let (domain, partition) = match execution.split(':').nth(1) {
        Some("aws-cn") => ("console.amazonaws.cn", "aws-cn"),
        Some("aws-us-gov") => ("console.amazonaws-us-gov.com", "aws-us-gov"),
        _ => ("console.aws.amazon.com", "aws"),
    };
    let host = if partition == "aws" { format!("{region}.{domain}") } else { domain.to_owned() };
    format!("https://{host}/states/home?region={region}#/v2/executions/details/{execution}")
}

/// The ARN of an execution, from a machine's ARN and a name.
pub fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_on_this_machine_is_local() {
        assert!(is_local("http://127.0.0.1:4566"));
        assert!(is_local("https://localhost:4566/"));
        assert!(!is_local("https://states.eu-central-1.amazonaws.com"));
        assert!(!is_local("https://vpce-1.states.us-east-1.vpce.amazonaws.com"));
    }

    #[test]
    fn an_execution_has_a_page_in_the_console() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:moat-provision";
        let execution = execution_arn(machine, "web-1");
        assert_eq!(execution, "arn:aws:states:us-east-1:123456789012:execution:moat-provision:web-1");
        let url = console_url("us-east-1", &execution);
        assert_eq!(
            url,
            format!(
                "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/{execution}"
            )
        );
    }
}
