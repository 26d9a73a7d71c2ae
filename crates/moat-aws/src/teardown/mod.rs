//! The way out on AWS: what is there of an owner, and the calls that take it away.
//!
//! A removal that is made twice ends the same, so every client here may repeat a call that got no answer.

mod group;
mod ingress;
mod inside;
mod network;
mod record;
mod revisions;
mod service;

pub use ingress::IngressTeardownCloud;
pub use network::NetworkTeardownCloud;
pub use record::RecordTeardownCloud;
pub use service::ServiceTeardownCloud;
