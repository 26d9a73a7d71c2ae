//! The `moat` command: starts one of moat's state machines, follows it, and tells how it ended.
//!
//! Progress goes to stderr and results to stdout. The exit codes are listed in [`exit::TABLE`]. All judgement is in the
//! state machines and their Lambdas; this command checks what it was given before it starts one, and shows what it says.

mod args;
mod aws;
mod document;
mod ended;
mod exit;
mod follow;
mod order;
mod paint;
mod render;
mod screen;
mod tell;
mod verbs;
mod watch;

use clap::Parser;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let exit = verbs::run(args::Cli::parse()).await;
    ExitCode::from(exit as u8)
}
