//! What an execution of `moat-rollout` does, one call of its Lambda at a time: find the services, take the lock, decide
//! and deploy, follow, conclude, give the lock back. The state machine does the order and the waiting.
//!
//! Nothing here knows AWS: what is read and done goes through [`Hands`] and [`Locks`].

pub mod cloud;
mod conclude;
mod find;
mod follow;
mod hold;
mod inspect;
pub mod request;
mod roll;
mod round;

pub use cloud::{Found, Hands, Locks, Memory, Running};
pub use request::Request;

use crate::error::Failure;
use serde_json::{Value, json};

/// Answers one call.
pub async fn answer(cloud: &impl Hands, locks: &impl Locks, request: Request) -> Result<Value, Failure> {
    match request {
        Request::Inspect(inspection) => Ok(json!(inspect::inspect(cloud, &inspection).await?)),
        Request::Find { input, execution } => find::find(cloud, &input, &execution).await,
        Request::Lock { service, execution, trigger } => hold::lock(locks, &service, &execution, &trigger).await,
        Request::Roll(round) => roll::roll(cloud, &round).await,
        Request::Look { round, after } => roll::look(cloud, &round, after.as_ref()).await,
        Request::Follow { service, started } => follow::follow(cloud, &service, started).await,
        Request::Conclude(ended) => conclude::conclude(cloud, &ended).await,
        Request::Unlock { service, execution } => hold::unlock(locks, &service, &execution).await,
    }
}
