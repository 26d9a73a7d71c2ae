//! The one place that reads the clock: how old a thing is, which plans take as data.

use aws_smithy_types::DateTime;
#[cfg(any(
    all(feature = "ecs", feature = "ecr", feature = "elb", feature = "ssm"),
    all(feature = "acm", feature = "ec2", feature = "elb", feature = "iam", feature = "quotas")
))]
use moat::moment::Moment;
use std::time::SystemTime;

/// Whole seconds since `then`; 0 when the clocks disagree.
pub(crate) fn age(then: Option<&DateTime>) -> Option<u32> {
    let then = SystemTime::try_from(*then?).ok()?;
    let age = SystemTime::now().duration_since(then).unwrap_or_default();
    Some(u32::try_from(age.as_secs()).unwrap_or(u32::MAX))
}

/// Now.
#[cfg(any(
    all(feature = "ecs", feature = "ecr", feature = "elb", feature = "ssm"),
    all(feature = "acm", feature = "ec2", feature = "elb", feature = "iam", feature = "quotas")
))]
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
