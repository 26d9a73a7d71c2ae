//! One execution at a time for each service.

use super::cloud::Locks;
use crate::error::{Failure, Kind};
use crate::name::Name;
use crate::rollout::{Command, Order, Trigger};
use serde_json::{Value, json};

/// The name of the machine, in the ARNs of its executions.
const MACHINE: &str = ":execution:moat-rollout:";

/// Takes the service's lock.
///
/// Another rollout that holds it looks once more when it has given it back, so a push leaves the work to that one. What
/// a person orders is for nobody else to do, and waits.
///
/// # Errors
/// `Moat.Locked`, naming the execution that holds it.
pub async fn lock(locks: &impl Locks, service: &Name, execution: &str, trigger: &Trigger) -> Result<Value, Failure> {
    let Some(holder) = locks.take(service, execution).await? else { return Ok(json!({ "isTaken": true })) };
    let is_order = !matches!(trigger, Trigger::Push(_) | Trigger::Command(Command { order: Order::Look, .. }));
    if is_order || !holder.contains(MACHINE) || !locks.goes_on(&holder).await? {
        let message =
            format!("service {service} is being changed by {holder}. moat waits for it; or stop that execution");
        return Err(Failure::new(Kind::Locked, message));
    }
    let why = format!("{holder} rolls service {service}, and looks again when it is done");
    Ok(json!({ "isTaken": false, "why": why }))
}

/// Gives the lock back. Never an error for one that is not ours.
pub async fn unlock(locks: &impl Locks, service: &Name, execution: &str) -> Result<Value, Failure> {
    let is_released = locks.give_back(service, execution).await?;
    Ok(json!({ "isReleased": is_released }))
}
