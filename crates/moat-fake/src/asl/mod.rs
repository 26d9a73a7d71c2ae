//! Runs a state machine of `infra/statemachines` on the fake's clock: the file itself, not a copy of its order.
//!
//! It knows what these machines use and refuses to read anything else. Sources: the Amazon States Language
//! specification, and "Transforming data with JSONata in Step Functions", Step Functions Developer Guide.

mod expression;
mod parse;
mod retry;
mod run;
mod template;
mod value;

pub use run::{Account, Call};

use retry::{Catcher, Retrier};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use template::Template;

/// A state machine, or what a Map does with each item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Machine {
    #[serde(default, rename = "Comment")]
    _comment: String,
    #[serde(default, rename = "QueryLanguage")]
    _language: Option<Language>,
    #[serde(default, rename = "ProcessorConfig")]
    _config: Option<Value>,
    #[serde(default, rename = "TimeoutSeconds")]
    _timeout: Option<u64>,
    start_at: String,
    states: BTreeMap<String, State>,
}

#[derive(Debug, Deserialize)]
enum Language {
    #[serde(rename = "JSONata")]
    Jsonata,
}

/// One state. Which fields it has depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct State {
    #[serde(rename = "Type")]
    kind: Kind,
    #[serde(default, rename = "Comment")]
    _comment: String,
    #[serde(default)]
    resource: String,
    arguments: Option<Template>,
    timeout_seconds: Option<u64>,
    heartbeat_seconds: Option<Template>,
    #[serde(default)]
    retry: Vec<Retrier>,
    #[serde(default)]
    catch: Vec<Catcher>,
    assign: Option<Template>,
    output: Option<Template>,
    next: Option<String>,
    #[serde(default)]
    end: bool,
    #[serde(default)]
    choices: Vec<Choice>,
    default: Option<String>,
    seconds: Option<Template>,
    timestamp: Option<Template>,
    items: Option<Template>,
    #[serde(default = "one")]
    max_concurrency: usize,
    item_selector: Option<Template>,
    item_processor: Option<Box<Machine>>,
    error: Option<Template>,
    cause: Option<Template>,
}

const fn one() -> usize {
    1
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    Task,
    Pass,
    Choice,
    Wait,
    Map,
    Fail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Choice {
    condition: Template,
    #[serde(default)]
    assign: Option<Template>,
    next: String,
}

/// How a state or an execution failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub error: String,
    pub cause: String,
}

impl Trouble {
    pub fn new(error: &str, cause: impl Into<String>) -> Self {
        Self { error: error.to_owned(), cause: cause.into() }
    }
}

impl Machine {
    /// Reads a machine.
    ///
    /// # Errors
    /// Names what is not understood, and where.
    pub fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}
