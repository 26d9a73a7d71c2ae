//! A reply of one of moat's Lambdas, found in the output of a task.

use serde::Deserialize;
use serde_json::Value;

/// What a pass says about itself. Fields that are not shown are left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub changes: Vec<String>,
    pub waiting: Vec<String>,
    #[serde(default)]
    pub setbacks: Vec<Setback>,
    /// Seconds until the next pass.
    pub retry_after: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Setback {
    pub error: String,
    pub message: String,
}

impl Report {
    /// The report of a pass, if that is what a task answered. Lambda's answer wraps it in `Payload`.
    pub fn find(output: &Value) -> Option<Self> {
        Self::deserialize(output.get("Payload").unwrap_or(output)).ok()
    }
}

/// What is being waited on, as one part of a sentence. Steps that wait for the same thing are only counted.
pub fn waiting_for(waiting: &[String]) -> String {
    const TOLD: usize = 3;
    let mut parts: Vec<(&str, usize)> = Vec::new();
    for on in waiting {
        let (thing, steps) = on.split_once(" before: ").map_or((on.as_str(), 0), |(thing, _)| (thing, 1));
        match parts.iter_mut().find(|(known, _)| *known == thing) {
            Some((_, known)) => *known += steps,
            None => parts.push((thing, steps)),
        }
    }
    let told = parts.iter().take(TOLD).map(|(thing, steps)| match steps {
        0 => (*thing).to_owned(),
        1 => format!("{thing} (before 1 step)"),
        many => format!("{thing} (before {many} steps)"),
    });
    let mut told: Vec<String> = told.collect();
    if parts.len() > TOLD {
        told.push(format!("{} more", parts.len() - TOLD));
    }
    let last = told.pop().unwrap_or_default();
    if told.is_empty() { last } else { format!("{} and {last}", told.join(", ")) }
}

/// What the look at the account says of cost, in USD a month, and time, in seconds, and how many problems it found.
pub fn price(output: &Value) -> Option<(f64, u64, usize)> {
    let body = output.get("Payload").unwrap_or(output);
    let cost = body.get("cost")?.get("monthlyUsd")?.as_f64()?;
    Some((cost, body.get("time")?.get("seconds")?.as_u64()?, body.get("problems")?.as_array()?.len()))
}

/// How many steps and problems a look found, if that is what a task answered.
pub fn look(output: &Value) -> Option<(usize, usize)> {
    let body = output.get("Payload").unwrap_or(output);
    body.get("waiting")?;
    Some((body.get("steps")?.as_array()?.len(), body.get("problems")?.as_array()?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_wait_for_the_same_thing_are_counted() {
        let on = |texts: &[&str]| waiting_for(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(on(&["nat-gateway a nat-1 (pending)"]), "nat-gateway a nat-1 (pending)");
        let routes =
            ["nat-gateway a available before: create route x", "nat-gateway a available before: create route y"];
        assert_eq!(
            on(&[routes[0], routes[1], "vpc before: z"]),
            "nat-gateway a available (before 2 steps) and vpc (before 1 step)"
        );
        assert_eq!(on(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
