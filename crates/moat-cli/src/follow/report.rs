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

/// How many steps and problems a look found, if that is what a task answered.
pub fn look(output: &Value) -> Option<(usize, usize)> {
    let body = output.get("Payload").unwrap_or(output);
    body.get("waiting")?;
    Some((body.get("steps")?.as_array()?.len(), body.get("problems")?.as_array()?.len()))
}
