//! The preflight: looks, before anything is created, for everything that would make a provision fail, and says what it
//! costs and how long it takes. And makes the roles that AWS's services need.

// The SDK's futures are nested deeper than the compiler's default allows.
#![recursion_limit = "256"]

use moat::preflight::{Asked, LinkedRole, Verdict, preflight};
use moat_aws::preflight::Preflight;
use moat_lambda::{parse, serve};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
enum Request {
    Look(Box<Asked>),
    Make { roles: Vec<LinkedRole> },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Verdict(Box<Verdict>),
    Made { changes: Vec<String> },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let execution_role = std::env::var("MOAT_EXECUTION_ROLE_ARN")?;
    let eyes = &Preflight::new(&moat_aws::config::load().await, &execution_role);
    serve(|event| async move {
        Ok(match parse(event)? {
            Request::Look(asked) => Reply::Verdict(Box::new(preflight(&asked, &eyes.account(&asked).await))),
            Request::Make { roles } => Reply::Made { changes: eyes.make(&roles).await? },
        })
    })
    .await
}
