//! What goes wrong on the way to AWS, and how slow AWS is.

use std::time::Duration;

/// What happens to one changing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// AWS says that the role may not do it. Not done.
    Refused,
    /// AWS asks to slow down. Not done.
    Throttled,
    /// Done, but the answer never arrives.
    Lost,
}

/// The fault of the Nth changing call, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduled {
    pub at: usize,
    pub fault: Fault,
}

/// How long new resources take. Zero shows them as the local AWS does: ready at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slowness {
    /// How many seconds of AWS pass in one second here, less one: zero for real time. Ages are shown accordingly.
    pub hurry: u32,
    /// From `CreateNatGateway` until it is shown as available.
    pub nat_gateway: Duration,
    /// From `CreateLoadBalancer` until it is shown as active.
    pub load_balancer: Duration,
}
