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
        found: Option<Box<NetworkFacts>>,
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
    pub fn with(mut self, found: Option<Box<NetworkFacts>>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_that_were_found_are_recorded_and_an_older_request_records_what_it_says() {
        let network = json!({"name": "corp", "existing": {"vpcId": "vpc-0c"}});
        let subnet = |id: &str| json!({"name": "a", "id": id, "cidr": "10.0.0.0/24", "zone": "us-east-1a"});
        let found = json!({
            "name": "corp", "cidr": "10.0.0.0/16", "isExisting": true, "vpcId": "vpc-0c", "natGateways": [],
            "publicSubnets": [subnet("subnet-0a"), subnet("subnet-0b")], "privateSubnets": [subnet("subnet-1a")]
        });
        let owned = |request: Value| match serde_json::from_value(request).expect("a request") {
            Request::Record { record, found } => record.with(found).owned(),
            other => panic!("{other:?}"),
        };
        let record = json!({"network": network, "service": null});
        let now = owned(json!({"do": "record", "record": record, "found": found}));
        let named =
            json!({"vpcId": "vpc-0c", "publicSubnets": ["subnet-0a", "subnet-0b"], "privateSubnets": ["subnet-1a"]});
        assert_eq!(now[0].1, json!({"name": "corp", "existing": named}));
        assert_eq!(owned(json!({"do": "record", "record": record}))[0].1, network);
    }
}
