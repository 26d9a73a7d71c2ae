//! The one place that reads the clock: how old a thing is, which plans take as data.

use aws_smithy_types::DateTime;
use std::time::SystemTime;

/// Whole seconds since `then`; 0 when the clocks disagree.
pub(crate) fn age(then: Option<&DateTime>) -> Option<u32> {
    let then = SystemTime::try_from(*then?).ok()?;
    let age = SystemTime::now().duration_since(then).unwrap_or_default();
    Some(u32::try_from(age.as_secs()).unwrap_or(u32::MAX))
}
