//! How this account behaves, as far as AWS leaves it open.

use crate::chance::Chance;

/// The longest that a request goes on after its answer was given up, in milliseconds.
pub const LATE: u64 = 4_000;

/// All times in milliseconds.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The longest that AWS takes to show what it made. moat's passes count on less than five seconds.
    pub lag: u64,
    /// In how many of a hundred cases AWS is late at all.
    pub lagging: u64,
    /// How long a NAT gateway, a load balancer and a deployment take, at least and at most.
    pub nat_gateway: (u64, u64),
    pub nat_gateway_delete: (u64, u64),
    pub load_balancer: (u64, u64),
    pub interface_endpoint: (u64, u64),
    pub interface_endpoint_delete: (u64, u64),
    pub deployment: (u64, u64),
    /// How long a deleted service drains.
    pub draining: (u64, u64),
    /// How long the network interfaces of a deleted load balancer and of stopped tasks stay.
    pub lingering: (u64, u64),
    /// Makes the next NAT gateways fail with this code and message.
    pub nat_gateway_fails: Option<String>,
    /// A step that AWS says yes to, and does not do.
    pub deaf_to: Option<String>,
    /// How many Elastic IPs the account may have.
    pub addresses: usize,
    /// How long after the first call that needs it the service-linked role of ECS can be assumed. `None` where the
    /// account has used ECS before.
    pub ecs_role: Option<u64>,
}

impl Default for Rules {
    /// The times of shared/aws-facts.md, and no lag.
    fn default() -> Self {
        Self {
            lag: 0,
            lagging: 0,
            nat_gateway: (85_000, 125_000),
            nat_gateway_delete: (53_000, 62_000),
            load_balancer: (139_000, 187_000),
            interface_endpoint: (110_000, 180_000),
            interface_endpoint_delete: (20_000, 60_000),
            deployment: (45_000, 120_000),
            draining: (60_000, 400_000),
            lingering: (5_000, 90_000),
            nat_gateway_fails: None,
            deaf_to: None,
            addresses: 100,
            ecs_role: None,
        }
    }
}

impl Rules {
    /// An account that shows things late.
    pub fn lagging(chance: &mut Chance) -> Self {
        Self {
            lag: *chance.one_of(&[0, 1_500, 4_000, 9_000]),
            lagging: *chance.one_of(&[10, 30, 60]),
            ..Self::default()
        }
    }

    /// How long after the last call of a dead execution everything that it did can be seen.
    pub const fn quiet(&self) -> u64 {
        self.lag + LATE + 2_000
    }
}
