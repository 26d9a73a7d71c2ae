//! The mind of moat: what was asked for, what was found, and what to do about it.
//!
//! Everything here is pure: no AWS, no clock, no environment, no waiting. A stage's plan is a function of a spec and an
//! observation, so the same two values always give the same steps, in the same order, in the same words. The crate
//! `moat-aws` reads and does; this crate decides.
//!
//! Start with [`stage`] for the contract, [`pass`] for the engine, and `network/plan.rs` for what a plan looks like.

pub mod cidr;
pub mod drift;
pub mod error;
pub mod ids;
pub mod image;
pub mod ingress;
pub mod ipv6;
pub mod lock;
pub mod moment;
pub mod name;
pub mod network;
pub mod parameters;
pub mod pass;
pub mod plan;
pub mod preflight;
pub mod price;
pub mod proof;
pub mod rollout;
pub mod rule;
pub mod service;
pub mod spec;
pub mod stage;
pub mod tags;
pub mod teardown;
pub mod token;
