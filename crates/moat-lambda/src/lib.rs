//! The doorframe of moat's Lambdas: what comes in, what goes out, how failures look, and where logs go.

mod failure;
mod logs;
mod request;

pub use failure::Rejected;
pub use request::{Reply, Request, StageRequest, parse};

use lambda_runtime::{LambdaEvent, service_fn};
use moat::error::Failure;
use serde::Serialize;
use serde_json::Value;
use std::future::Future;

/// Runs a Lambda until its environment ends: each event is given to `answer` as JSON.
///
/// # Errors
/// Only when the runtime itself fails. A failed request is an answer with a name from [`moat::error::Kind`].
pub async fn serve<F, Fut, R>(answer: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Value) -> Fut,
    Fut: Future<Output = Result<R, Failure>>,
    R: Serialize,
{
    logs::start();
    let answer = &answer;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        match answer(event.payload).await {
            Ok(reply) => Ok(reply),
            Err(failure) => {
                tracing::warn!(error = failure.kind.name(), "{}", failure.message);
                Err(Rejected(failure))
            }
        }
    }))
    .await
}
