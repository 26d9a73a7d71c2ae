//! The file that says what is wanted: read, and checked before anything is started.

use crate::exit::{Exit, Stop};
use crate::order::Order;
use moat::plan::Problem;
use serde_json::Value;
use std::io::Read;

/// The order that `file` gives to `moat-provision`.
pub fn read(file: &str, is_plan: bool) -> Result<Order, Stop> {
    check(&text(file)?, is_plan).map_err(|problems| invalid(file, &problems))
}

/// The text of `file`; `-` is stdin.
fn text(file: &str) -> Result<String, Stop> {
    let read = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| Stop::new(Exit::Usage, format!("cannot read {}: {error}", title(file))))
}

/// Checks everything that can be known without an account, and finds every problem at once.
///
/// With `is_plan` the execution changes nothing, whatever the document's own mode is.
fn check(text: &str, is_plan: bool) -> Result<Order, Vec<Problem>> {
    let mut input: Value =
        serde_json::from_str(text).map_err(|error| vec![Problem::general(format!("is not JSON: {error}"))])?;
    let known = moat::spec::read(&input)?;
    let service = known.service.map(|service| service.name);
    let subject = service.or(known.network.map(|network| network.name));
    if is_plan {
        input["mode"] = "plan".into();
    }
    Ok(Order { input, subject: subject.map_or("moat".into(), |name| name.to_string()) })
}

/// All problems of a document as one message.
fn invalid(file: &str, problems: &[Problem]) -> Stop {
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    Stop::new(Exit::Usage, format!("{} has {}; nothing was started:{lines}", title(file), count(problems)))
}

/// `1 problem`, `3 problems`
pub fn count(problems: &[Problem]) -> String {
    crate::render::count(problems.len(), "problem")
}

fn title(file: &str) -> &str {
    if file == "-" { "stdin" } else { file }
}

/// A name for an execution: `web-20261122-221500-k3f9`. Step Functions allows 80 characters, unique for 90 days.
///
/// `instant` is RFC 3339 in UTC; `chance` tells executions of the same second apart.
pub fn execution_name(subject: &str, instant: &str, chance: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digits: String = instant.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    let subject: String = subject.chars().take(50).collect();
    let tail: String = (0..4).map(|place| char::from(DIGITS[(chance / 36_u64.pow(place) % 36) as usize])).collect();
    format!("{subject}-{day}-{time}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_execution_is_named_after_its_service() {
        let text =
            json!({"network": {"name": "main"}, "service": {"name": "web", "network": "main", "image": "nginx:1"}});
        let document = check(&text.to_string(), false).unwrap();
        assert_eq!(document.subject, "web");
        assert_eq!(document.input, text);
        assert_eq!(check(r#"{"network": {"name": "main"}}"#, false).unwrap().subject, "main");
    }

    #[test]
    fn a_plan_is_a_plan_whatever_the_document_says() {
        let document = check(r#"{"network": {"name": "main"}, "mode": "apply"}"#, true).unwrap();
        assert_eq!(document.input["mode"], "plan");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems =
            check(r#"{"network": {"name": "main", "cidr": "10.0.0.0/8"}, "service": {"name": "web"}}"#, false);
        insta::assert_snapshot!(invalid("moat.json", &problems.unwrap_err()).message, @r"
        moat.json has 3 problems; nothing was started:
          /network/cidr: 10.0.0.0/8 is too large: AWS allows a VPC /16 at most
          /service/network: is required
          /service/image: is required
        ");
    }

    #[test]
    fn text_that_is_not_json_is_told_by_line() {
        insta::assert_snapshot!(invalid("-", &check("{\n  oops", false).unwrap_err()).message, @r"
        stdin has 1 problem; nothing was started:
          is not JSON: key must be a string at line 2 column 3
        ");
    }

    #[test]
    fn names_of_executions_tell_when_and_differ() {
        assert_eq!(execution_name("web", "2026-11-22T22:15:00Z", 36 * 36), "web-20261122-221500-0010");
        assert_ne!(execution_name("web", "2026-11-22T22:15:00Z", 1), execution_name("web", "2026-11-22T22:15:00Z", 2));
        assert!(execution_name(&"x".repeat(90), "2026-11-22T22:15:00.123Z", u64::MAX).len() <= 80);
    }
}
