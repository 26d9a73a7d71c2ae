//! What this Lambda is asked to do.

use moat::name::Name;
use moat::network::{NetworkFacts, existing};
use moat::spec::{NetworkSpec, ServiceSpec};
use moat::tags::Owner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Request {
    /// Read and check the input of an execution.
    Check { input: Value },
    /// Take the locks of these names for an execution.
    Lock { execution: String, owners: Vec<Owner> },
    /// Write down what was asked for.
    Record {
        record: Box<Record>,
        /// What the look at the network found.
        #[serde(default)]
        found: Option<NetworkFacts>,
    },
    /// Write down where the service answers.
    Publish { service: Name, url: String },
    /// Give the locks back.
    Unlock { execution: String, owners: Vec<Owner> },
}

/// The documents that came with the input. One that was left out is recorded already.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    pub network: Option<NetworkSpec>,
    pub service: Option<ServiceSpec>,
}

impl Record {
    /// The documents with the subnets that were found in a network of somebody else.
    #[must_use]
    pub fn with(mut self, found: Option<NetworkFacts>) -> Self {
        if let (Some(network), Some(found)) = (&mut self.network, found) {
            *network = existing::recorded(network, &found);
        }
        self
    }

    pub fn owned(&self) -> Vec<(Owner, Value)> {
        let network = self.network.iter().map(|spec| (Owner::Network(spec.name.clone()), json!(spec)));
        let service = self.service.iter().map(|spec| (Owner::Service(spec.name.clone()), json!(spec)));
        network.chain(service).collect()
    }
}
