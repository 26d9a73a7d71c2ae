//! When each group of a run begins, so that the run never asks AWS for more than its token buckets hold, however many
//! networks and services are recorded.
//!
//! A bucket belongs to the account, so the run counts on a part of it, and of what comes back to it: people and other
//! tools ask as well, and Step Functions begins no group on the very second.

/// What is looked at together, and with how many calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Network,
    /// So many services of one network, whose own look has told where it is.
    Services(u32),
}

/// A token bucket of an account in a Region.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    holds: u32,
    /// Tokens that come back in a second.
    refill: u32,
    calls: fn(Look) -> u32,
}

/// Sources: "Request throttling for the Amazon EC2 API" (non-mutating actions) and "Request throttling for the Amazon
/// ECS API" (service read, task definition read). Elastic Load Balancing publishes no numbers; those of EC2's reading
/// calls stand in for it, halved. It is the one that decides.
const BUCKETS: [Bucket; 4] = [
    Bucket { holds: 50, refill: 10, calls: Look::of_elb },
    Bucket { holds: 100, refill: 20, calls: Look::of_ec2 },
    Bucket { holds: 100, refill: 20, calls: Look::of_ecs_services },
    Bucket { holds: 50, refill: 20, calls: Look::of_ecs_revisions },
];

/// Levels are kept in parts of a token.
const PARTS: u32 = 4;
/// Of the token that comes back: three quarters are counted on.
const COUNTED_ON: u32 = 3;

impl Bucket {
    /// Nine tenths of what the bucket holds.
    const fn full(self) -> u32 {
        self.holds * PARTS * 9 / 10
    }

    /// What comes back in so many seconds.
    const fn back(self, seconds: u32) -> u32 {
        self.refill * COUNTED_ON * seconds
    }

    /// What a look takes out. One that is more than the bucket holds needs it full.
    fn price(self, look: Look) -> u32 {
        ((self.calls)(look) * PARTS).min(self.full())
    }

    /// Seconds until there is enough for a look.
    fn wait(self, level: u32, look: Look) -> u32 {
        self.price(look).saturating_sub(level).div_ceil(self.back(1))
    }
}

impl Look {
    /// Of each door: its listeners, once for the plan and once for the proof, its rules and the attributes of load
    /// balancer and target group, which ELB tells of one at a time. Of all together: load balancers and target groups,
    /// for both, and tags by twenty.
    const fn of_elb(self) -> u32 {
        match self {
            Self::Network => 0,
            Self::Services(number) => 5 * number + 4 + (2 * number).div_ceil(20),
        }
    }

    /// A network asks for each kind of its resources, with two attributes of the VPC and some room for pages. The groups
    /// of all doors are one call, the interfaces of all tasks another, and the proof asks for all of the VPC.
    const fn of_ec2(self) -> u32 {
        match self {
            Self::Network => 15,
            Self::Services(_) => 18,
        }
    }

    /// Each service is in a cluster of its own, and a call is about one cluster. The plan asks, and the proof.
    const fn of_ecs_services(self) -> u32 {
        match self {
            Self::Network => 0,
            Self::Services(number) => 2 * number,
        }
    }

    /// The newest revision, the one that runs where it is another, and the one that is proven.
    const fn of_ecs_revisions(self) -> u32 {
        match self {
            Self::Network => 0,
            Self::Services(number) => 3 * number,
        }
    }
}

/// In seconds from the beginning, when each look may be made. The buckets are full then, and each look begins as soon as
/// they hold enough for it: a few small ones at once, a large one when the one before has been paid back.
pub fn starts(looks: &[Look]) -> Vec<u32> {
    let mut levels = BUCKETS.map(Bucket::full);
    let mut now = 0;
    let start = |look: &Look| {
        let waits = BUCKETS.iter().zip(levels).map(|(bucket, level)| bucket.wait(level, *look));
        let wait = waits.max().unwrap_or_default();
        for (bucket, level) in BUCKETS.iter().zip(&mut levels) {
            *level = (*level + bucket.back(wait)).min(bucket.full()) - bucket.price(*look);
        }
        now += wait;
        now
    };
    looks.iter().map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fewest tokens that are left in any bucket as AWS keeps it, when each look begins so many seconds late.
    fn fewest(looks: &[Look], late: impl Fn(usize) -> u32) -> i64 {
        let starts = starts(looks);
        let mut begun: Vec<(u32, Look)> =
            starts.iter().enumerate().map(|(at, start)| start + late(at)).zip(looks.iter().copied()).collect();
        begun.sort_by_key(|(at, _)| *at);
        let left = |bucket: &Bucket| {
            let (mut level, mut now, mut fewest) = (i64::from(bucket.holds), 0, i64::from(bucket.holds));
            for (at, look) in &begun {
                level = (level + i64::from((at - now) * bucket.refill)).min(bucket.holds.into());
                level -= i64::from((bucket.calls)(*look));
                (now, fewest) = (*at, fewest.min(level));
            }
            fewest
        };
        BUCKETS.iter().map(left).min().unwrap()
    }

    #[test]
    fn up_to_eight_services_of_one_network_wait_for_nothing() {
        for number in 1..=8 {
            assert_eq!(starts(&[Look::Services(number)]), [0]);
            assert_eq!(starts(&[Look::Network; 6]), [0; 6]);
        }
        assert_eq!(starts(&[]), [] as [u32; 0]);
        // One service in each of several networks is ten calls to ELB each, and eighteen to EC2.
        assert_eq!(starts(&[Look::Services(1); 6]), [0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_hundred_services_are_looked_at_within_a_minute_and_a_half() {
        let mut looks = vec![Look::Services(8); 12];
        looks.push(Look::Services(4));
        assert_eq!(starts(&looks), [0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60, 66, 70]);
    }

    #[test]
    fn no_bucket_is_ever_overdrawn_also_when_a_group_begins_a_second_late() {
        let sizes = [1, 8, 3, 8, 8, 7, 1, 1, 8, 2];
        let mixed: Vec<Look> = (0..60).map(|at| Look::Services(sizes[at % sizes.len()])).collect();
        for looks in [vec![Look::Services(8); 10], vec![Look::Services(8); 100], vec![Look::Network; 100], mixed] {
            assert!(fewest(&looks, |_| 0) > 0);
            for one in 0..6 {
                assert!(fewest(&looks, |at| u32::from(at % 6 == one)) >= 0, "{one} of six is late");
            }
        }
    }

    #[test]
    fn what_is_more_than_a_bucket_holds_begins_when_it_is_full() {
        assert_eq!(starts(&[Look::Services(20), Look::Services(20)]), [0, 6]);
    }
}
