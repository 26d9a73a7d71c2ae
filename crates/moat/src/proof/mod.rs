//! Proof, from what was observed alone, that tasks are private and can still reach what they need.
//!
//! A plan that is empty says that our resources are as asked. A proof looks at what decides where packets may go, whoever
//! made it. [`prove`] takes one snapshot of [`facts`] and answers two theorems, each with what it rests on or with every
//! fault at once: *privacy* (E2, E3) and *egress* (E1).
//!
//! `facts` is what was read, or is `planned`; `names` and `policies` read what is written in it; `lookup` finds in it, `ranges` and `filters` are the arithmetic of addresses and rules; `ways`
//! and `endpoints` follow packets out and back; `egress` and `privacy` conclude; `words`, `witness` and `picture` say it, `answer` to whoever asked with an `order`.

mod answer;
mod cause;
mod egress;
mod endpoints;
pub mod facts;
mod filters;
mod hosts;
mod lookup;
pub mod names;
pub mod order;
mod picture;
pub mod planned;
pub mod policies;
mod privacy;
mod prove;
pub mod ranges;
mod report;
mod trail;
mod ways;
mod witness;
mod words;

pub use answer::{Answer, Proof};
pub use egress::Reach;
pub use prove::{Proofs, prove};
pub use report::{Fault, Theorem, Verdict};
