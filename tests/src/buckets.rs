//! AWS's token buckets: how many calls an account may make in a Region before AWS asks to slow down.
//!
//! Sources: "Request throttling for the Amazon EC2 API"; "Request throttling for the Amazon ECS API". Elastic Load
//! Balancing publishes no numbers; those of EC2's reading calls stand in for it, halved.

use crate::wire::Operation;
use std::collections::BTreeMap;
use std::time::Instant;

/// How many tokens a bucket holds, and how many come back in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    holds: f64,
    refill: f64,
}

const fn rate(holds: f64, refill: f64) -> Rate {
    Rate { holds, refill }
}

/// The bucket that a call takes a token from. None where AWS publishes none and a run makes few such calls.
fn bucket(operation: &Operation) -> Option<(&'static str, Rate)> {
    let Operation { service, name } = operation;
    let is_mutating = operation.is_mutating();
    Some(match (service.as_str(), name.as_str()) {
        ("ec2", name) if name.contains("VpcEndpoint") && is_mutating => ("ec2 endpoints", rate(4.0, 0.3)),
        ("ec2", "CreateNatGateway" | "DeleteNatGateway") => ("ec2 NAT gateways", rate(10.0, 1.0)),
        ("ec2", "CreateTags" | "DeleteTags") => ("ec2 tags", rate(100.0, 10.0)),
        ("ec2", _) if is_mutating => ("ec2 changing", rate(50.0, 5.0)),
        ("ec2", _) => ("ec2 reading", rate(100.0, 20.0)),
        ("ecs", "RegisterTaskDefinition" | "DeregisterTaskDefinition") => ("ecs revisions, changing", rate(20.0, 1.0)),
        ("ecs", "DescribeTaskDefinition" | "ListTaskDefinitions") => ("ecs revisions, reading", rate(50.0, 20.0)),
        ("ecs", "DescribeClusters" | "ListClusters") => ("ecs clusters, reading", rate(50.0, 20.0)),
        ("ecs", "DescribeServices" | "ListServices") => ("ecs services, reading", rate(100.0, 20.0)),
        ("ecs", name) if name.contains("Service") && is_mutating => ("ecs services, changing", rate(50.0, 5.0)),
        ("elasticloadbalancing", _) if !is_mutating => ("elb reading", rate(50.0, 10.0)),
        _ => return None,
    })
}

/// The buckets of an account, full at first.
#[derive(Debug, Default)]
pub struct Buckets {
    levels: BTreeMap<&'static str, (f64, Instant)>,
    lowest: BTreeMap<&'static str, f64>,
}

impl Buckets {
    /// Takes a token for this call at this time; false when there is none, and AWS asks to slow down.
    pub fn take(&mut self, operation: &Operation, now: Instant) -> bool {
        let Some((name, rate)) = bucket(operation) else { return true };
        let (level, at) = self.levels.get(name).copied().unwrap_or((rate.holds, now));
        let level = (level + rate.refill * now.saturating_duration_since(at).as_secs_f64()).min(rate.holds);
        let is_taken = level >= 1.0;
        let left = if is_taken { level - 1.0 } else { level };
        self.levels.insert(name, (left, now));
        let share = left / rate.holds;
        let lowest = self.lowest.entry(name).or_insert(share);
        *lowest = lowest.min(share);
        is_taken
    }

    /// How far each bucket that was used has gone down, as a share of what it holds.
    pub fn lowest(&self) -> &BTreeMap<&'static str, f64> {
        &self.lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_empties_and_fills_again_as_aws_says() {
        let (mut buckets, now) = (Buckets::default(), Instant::now());
        let create = Operation { service: "ec2".into(), name: "CreateVpcEndpoint".into() };
        let taken = (0..6).filter(|_| buckets.take(&create, now)).count();
        assert_eq!(taken, 4);
        assert!(!buckets.take(&create, now + Duration::from_secs(3)), "0.9 tokens");
        assert!(buckets.take(&create, now + Duration::from_secs(4)));
        let read = Operation { service: "ec2".into(), name: "DescribeVpcs".into() };
        assert!(buckets.take(&read, now), "another bucket");
        assert!(buckets.lowest()["ec2 endpoints"] < 0.25);
    }
}
