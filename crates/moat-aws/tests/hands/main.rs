//! The hands on a wire that is in memory: what they send, what they make of the answers, and what they send twice.
//!
//! The clients are made as the Lambdas make them, from one `SdkConfig`, so that retries and protocols are the real
//! ones. Only the socket is not.

mod errors;
mod evidence;
mod image;
mod ingress_apply;
mod ingress_observe;
mod ipv6;
mod lock;
mod many;
mod network_apply;
mod network_existing;
mod network_observe;
mod parameters;
mod preflight;
mod retries;
mod rollout;
mod secrets;
mod service_apply;
mod service_observe;
mod task_definition;
mod teardown_network;

mod wire;
mod xml;
