//! Ownership: who a resource belongs to, written in the call that creates it and read in every observation.

use crate::name::{Logical, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

pub const NETWORK: &str = "moat:network";
pub const SERVICE: &str = "moat:service";
pub const RESOURCE: &str = "moat:resource";
/// What people see in the AWS console.
pub const NAME: &str = "Name";

/// The network or the service that a resource belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    Network(Name),
    Service(Name),
}

impl Owner {
    /// The tag that marks everything of this owner.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Network(_) => NETWORK,
            Self::Service(_) => SERVICE,
        }
    }

    pub const fn name(&self) -> &Name {
        match self {
            Self::Network(name) | Self::Service(name) => name,
        }
    }

    /// The tags of one resource, complete, for the call that creates it.
    pub fn tags(&self, resource: &Logical) -> BTreeMap<String, String> {
        BTreeMap::from([
            (self.key().to_owned(), self.name().to_string()),
            (RESOURCE.to_owned(), resource.to_string()),
            (NAME.to_owned(), format!("moat {} {resource}", self.name())),
        ])
    }

    /// Whether these tags say that the resource is this owner's.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(self.key()).is_some_and(|owner| owner == self.name().as_str())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(name) => write!(f, "network {name}"),
            Self::Service(name) => write!(f, "service {name}"),
        }
    }
}
