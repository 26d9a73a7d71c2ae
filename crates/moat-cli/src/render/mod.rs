//! What is printed, as pure strings. Whoever prints decides about the stream and the colours.

mod account;
mod cost;
mod failure;
mod news;
mod picture;
mod plan;
mod proof;
mod rollout;
mod summary;

pub use account::Account;
pub use failure::{Told, failure};
pub use news::news;
pub use plan::{is_plan, plan};
pub use proof::proof;
pub use rollout::Rollout;
pub use summary::summary;

use crate::paint::Paint;
use serde::Deserialize;
use serde_json::Value;

/// A duration as people say it: `8 s`, `4 min 12 s`, `1 h 2 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// `1 step`, `23 steps`
pub fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// Elapsed time in a column: `0:07`, `12:34`.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// What a person should know, though nothing stands in the way.
fn warnings(output: &Value, paint: Paint) -> String {
    let warnings: Vec<String> =
        output.get("warnings").and_then(|list| Deserialize::deserialize(list).ok()).unwrap_or_default();
    warnings.iter().map(|warning| format!("\n{} {warning}\n", paint.yellow("warning:"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_come_last_and_one_by_one() {
        let output = serde_json::json!({"warnings": ["rule 1 deletes the running image"]});
        assert_eq!(warnings(&output, Paint::OFF), "\nwarning: rule 1 deletes the running image\n");
        assert_eq!(warnings(&serde_json::json!({}), Paint::OFF), "");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(duration(7.6), "8 s");
        assert_eq!(duration(252.0), "4 min 12 s");
        assert_eq!(duration(3600.0), "1 h");
        assert_eq!(duration(3720.0), "1 h 2 min");
        assert_eq!(clock(754.9), "12:34");
    }
}
