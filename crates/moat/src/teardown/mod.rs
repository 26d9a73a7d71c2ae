//! The way out: the same engine as the way in, with stages whose spec is that nothing is left.
//!
//! A teardown of a stage is a [`crate::stage::Stage`] of its own: what is found is planned away, a pass takes the steps
//! that are due, and settled means that a fresh observation shows nothing of the owner. Nothing is taken from a recorded
//! spec: the owner's name and the tags tell what is the owner's, so any half-made state can be taken down, and a spec
//! that is missing or cannot be read is no obstacle (T5).
//!
//! [`service`], [`ingress`], [`network`] and [`record`] are torn down in this order (T1). Inside a stage the order comes
//! from facts ([`fact`]): a step needs that what hangs on its thing was seen to be gone. What belongs to others is
//! looked for before the first deletion and stops the teardown with a list ([`stranger`], T2, D7).

pub mod fact;
pub mod facts;
pub mod group;
pub mod ingress;
pub mod interface;
pub mod network;
pub mod order;
pub mod record;
pub mod report;
pub mod service;
pub mod stranger;
pub mod tenants;

pub use facts::{Leftovers, TeardownFacts};
pub use group::{Group, GroupStep, Reference};
pub use interface::{Holder, Interface};
pub use order::{Logs, Order, read};
pub use report::Report;
pub use stranger::Stranger;
