//! Why tasks do not start, from the texts in which ECS says it (E4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One reason, in plain words, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    pub cause: String,
    pub remedy: String,
    /// What ECS said, shortened.
    pub said: String,
}

/// The causes in these texts, each once, in the order of the texts. Texts that say nothing of a failure give none.
pub fn causes<'a>(_texts: impl IntoIterator<Item = &'a str>) -> Vec<Cause> {
    todo!()
}
