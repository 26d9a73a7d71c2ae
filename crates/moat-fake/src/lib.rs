//! An AWS account in memory, for tests: slow, lagging, faulty, and not ours alone.
//!
//! It is strict. What AWS refuses it refuses, under AWS's code, and a step that would open a way from the Internet to
//! the tasks stops the test at that very step. It runs on a clock of its own, so that a provision that takes AWS five
//! minutes takes a millisecond here, and on a seed, so that every run can be repeated.
//!
//! Start with [`World`] for an account, [`Execution`] for what `moat-provision` does to it, and [`fault`] for what may
//! go wrong on the way.

mod account;
mod answer;
pub mod asl;
mod breach;
mod bucket;
mod call;
mod census;
mod chance;
mod clock;
pub mod egress;
mod evidence;
mod execution;
mod fault;
mod ingress;
mod interfaces;
mod inventory;
mod landlord;
pub mod mutation;
mod network;
mod others;
mod parameters;
mod people;
mod remediation;
pub mod rollout;
mod rules;
mod service;
mod shelf;
mod state;
mod strangers;
mod teardown;
mod tokens;
pub mod trial;
mod world;

pub use call::Hand;
pub use chance::Chance;
pub use clock::Clock;
pub use execution::{Asked, End, Execution};
pub use fault::{Fault, Faults};
pub use landlord::Landlord;
pub use parameters::Store;
pub use remediation::{Remediation, Run};
pub use rules::Rules;
pub use state::State;
pub use strangers::Foreign;
pub use teardown::{End as TeardownEnd, Teardown};
pub use world::World;
