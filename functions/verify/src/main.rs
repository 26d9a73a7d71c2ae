//! Proves, from what is there, that tasks are private and reach what they need.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod request;

use moat::error::Failure;
use moat::proof::{Answer, prove};
use moat_aws::evidence::Reader;
use moat_lambda::serve;
use request::{Request, Subject, read};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let reader = &Reader::new(&moat_aws::config::load().await);
    serve(|event| async move { answer(reader, read(event)?).await }).await
}

async fn answer(reader: &Reader, request: Request) -> Result<Answer, Failure> {
    let provision = match request {
        Request::ByHand(order) => return Ok(Answer::new(order.to_string(), prove(&reader.running(&order).await?))),
        Request::Provision(provision) => provision,
    };
    let evidence = match provision.subject(reader.region())? {
        Subject::Running(order) => reader.running(&order).await?,
        Subject::Planned(tasks) => reader.planned(&provision.vpc()?, tasks).await?,
    };
    let answer = Answer::new(provision.of(), prove(&evidence));
    match answer.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(answer),
    }
}
