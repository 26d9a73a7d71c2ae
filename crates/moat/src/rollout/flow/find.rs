//! From the input of an execution to the services that it concerns.

use super::cloud::Hands;
use super::round::account;
use crate::error::{Failure, Kind};
use crate::rollout::track::objection;
use crate::rollout::{Push, Trigger, read};
use serde_json::{Value, json};

/// Reads the input and finds the services.
///
/// # Errors
/// `Moat.SpecInvalid` for a command that is wrong. An event is never an error: nobody could mend it, and EventBridge
/// would send it again.
pub async fn find(cloud: &impl Hands, input: &Value, execution: &str) -> Result<Value, Failure> {
    let trigger = read(input);
    match &trigger {
        Trigger::Push(push) => tracking(cloud, &trigger, push, execution).await,
        Trigger::Command(command) => Ok(json!({ "services": [command.service], "trigger": trigger })),
        Trigger::Ignore { why } => Ok(json!({ "services": [], "trigger": trigger, "why": why })),
        Trigger::Wrong { problems } => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(Failure::new(Kind::SpecInvalid, lines.join("\n")))
        }
    }
}

/// The services that track what was pushed, and why others made from that repository do not.
async fn tracking(cloud: &impl Hands, trigger: &Trigger, push: &Push, execution: &str) -> Result<Value, Failure> {
    let account = account(execution);
    let (mut services, mut passed) = (Vec::new(), Vec::new());
    for found in cloud.made_from(&push.repository).await? {
        match found.spec.map(|spec| objection(&spec, push, account)) {
            Ok(None) => services.push(found.name),
            Ok(Some(why)) | Err(why) => passed.push(why),
        }
    }
    let why = match passed.as_slice() {
        _ if !services.is_empty() => None,
        [] => Some(format!("no service is made from {}", push.repository)),
        passed => Some(passed.join("; ")),
    };
    Ok(json!({ "services": services, "trigger": trigger, "passed": passed, "why": why }))
}
