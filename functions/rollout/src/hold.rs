//! One execution at a time for each service.

use moat::error::Failure;
use moat::name::Name;
use moat::rollout::{Command, Order, Trigger};
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use serde_json::{Value, json};

/// The name of the machine, in the ARNs of its executions.
const MACHINE: &str = "moat-rollout";

/// Takes the service's lock.
///
/// Another rollout that holds it looks once more when it has given it back, so a push leaves the work to that one. What
/// a person orders is for nobody else to do, and waits.
pub async fn lock(
    parameters: &Parameters,
    service: Name,
    execution: &str,
    trigger: &Trigger,
) -> Result<Value, Failure> {
    let owner = Owner::Service(service.clone());
    if !matches!(trigger, Trigger::Push(_) | Trigger::Command(Command { order: Order::Look, .. })) {
        parameters.lock(&owner, execution).await?;
        return Ok(json!({ "isTaken": true }));
    }
    Ok(match parameters.lock_unless_held_by(MACHINE, &owner, execution).await? {
        None => json!({ "isTaken": true }),
        Some(holder) => {
            let why = format!("{holder} rolls service {service}, and looks again when it is done");
            json!({ "isTaken": false, "why": why })
        }
    })
}

/// Gives the lock back. Never an error for one that is not ours.
pub async fn unlock(parameters: &Parameters, service: Name, execution: &str) -> Result<Value, Failure> {
    let is_released = parameters.unlock(&Owner::Service(service), execution).await?;
    Ok(json!({ "isReleased": is_released }))
}
