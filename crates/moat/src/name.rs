//! The name of a network or a service, and the logical names of the resources that belong to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a network or a service.
///
/// It becomes part of the names of AWS resources. The tightest of them are the load balancer and the target group:
/// 32 characters of letters, digits and hyphens, of which `moat-` takes five (ELB v2 API, `CreateLoadBalancer`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z]([a-z0-9-]*[a-z0-9])?$", "maxLength" = Name::MAX))]
pub struct Name(String);

impl Name {
    pub const MAX: usize = 27;

    pub fn new(text: &str) -> Result<Self, String> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() {
            return Err("a name is needed".into());
        }
        if let Some(c) = text.chars().find(|c| !legal(*c)) {
            return Err(format!(
                "{text:?} has the character {c:?}; a name has lower-case letters, digits and hyphens only"
            ));
        }
        if text.len() > Self::MAX {
            return Err(format!(
                "{text:?} is {} characters long; a name has at most {}, since AWS limits load balancer names to 32",
                text.len(),
                Self::MAX
            ));
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') {
            return Err(format!("{text:?} must begin with a letter and must not end with a hyphen"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a service's cluster, the service in it, the family of its task definitions, its load balancer and its target
    /// group are named in AWS.
    pub fn aws_name(&self) -> String {
        format!("moat-{self}")
    }
}

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const STILL: &str = ", still so";

/// What moat calls a resource within its owner: `vpc`, `subnet private-a`, `nat-gateway a`.
///
/// It is the value of the tag `moat:resource`, the name in every sentence, and the key under which a pass knows the
/// id. Facts that are not resources have logical names too, such as `nat-gateway a available`: a step may need them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Logical(String);

impl Logical {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The fact that this resource is ready for use, not merely there.
    pub fn available(&self) -> Self {
        Self(format!("{} available", self.0))
    }

    /// The fact that something was so in the pass before too, and the time that it has to be so has passed since.
    #[must_use]
    pub fn still(&self) -> Self {
        Self(format!("{}{STILL}", self.0))
    }

    /// The fact that must still be so, where this is such a name.
    pub fn lasting(&self) -> Option<Self> {
        self.0.strip_suffix(STILL).map(Self::new)
    }

    /// The fact that nothing uses the thing with this id any more.
    pub fn idle(id: &str) -> Self {
        Self(format!("{id} idle"))
    }

    /// Whether it is such a fact, which comes true with time, rather than a thing, which somebody makes.
    pub fn is_fact(&self) -> bool {
        self.0.ends_with(" available") || self.0.ends_with(" idle") || self.lasting().is_some()
    }
}

impl From<&str> for Logical {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_would_refuse_are_refused_with_the_reason() {
        let of = |text: &str| Name::new(text).unwrap_err();
        assert!(of("").contains("needed"));
        assert!(of("Web").contains("'W'"));
        assert!(of("web_1").contains("'_'"));
        assert!(of("1web").contains("begin with a letter"));
        assert!(of("web-").contains("end with a hyphen"));
        assert!(of(&"w".repeat(28)).contains("28 characters"));
        assert!(Name::new(&"w".repeat(27)).is_ok());
    }
}
