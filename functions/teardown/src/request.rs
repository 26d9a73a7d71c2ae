//! What this Lambda is asked to do.

use moat::name::Name;
use moat::plan::Bindings;
use moat::tags::Owner;
use moat::teardown::Order;
use moat::teardown::ingress::IngressTeardownSpec;
use moat::teardown::network::NetworkTeardownSpec;
use moat::teardown::record::RecordTeardownSpec;
use moat::teardown::report::Ended;
use moat::teardown::service::ServiceTeardownSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is asked for besides stages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Ask {
    /// Read and check the input of an execution.
    Check { input: Value },
    /// Find out what there is to take down, and in which order.
    Find { order: Order },
    /// Tell what came of it.
    Conclude {
        owner: Owner,
        services: BTreeSet<Name>,
        /// In the order of the parts.
        ended: Vec<Ended>,
    },
}

/// One look at a part, or one pass over it.
#[derive(Debug, Deserialize)]
pub struct Request {
    pub mode: Mode,
    #[serde(flatten)]
    pub part: Part,
    #[serde(default)]
    pub given: Bindings,
    /// Facts from this part's last pass.
    #[serde(default)]
    pub before: Bindings,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Look,
    Pass,
}

/// One stage of one owner. The state machine is given these, and sends them back one by one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "stage")]
pub enum Part {
    Service(ServiceTeardownSpec),
    Ingress(IngressTeardownSpec),
    Network(NetworkTeardownSpec),
    Record(RecordTeardownSpec),
}

impl Part {
    /// In words, for failures: `ingress of service web`.
    pub fn of(&self) -> String {
        match self {
            Self::Service(spec) => format!("service {}", spec.service),
            Self::Ingress(spec) => format!("ingress of service {}", spec.service),
            Self::Network(spec) => format!("network {}", spec.network),
            Self::Record(spec) => format!("record of {}", spec.owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_goes_out_and_comes_back_in_a_request() {
        let owner = Owner::Network(Name::new("main").unwrap());
        for part in [
            Part::Service(ServiceTeardownSpec { service: Name::new("web").unwrap(), logs: Default::default() }),
            Part::Record(RecordTeardownSpec { owner }),
        ] {
            let mut request = json!(part);
            request["mode"] = json!("pass");
            request["before"] = json!({"service gone": "observed"});
            let request: Request = serde_json::from_value(request).unwrap();
            assert_eq!(request.part.of(), part.of());
            assert_eq!(request.before.get(&"service gone".into()), Some("observed"));
        }
    }

    #[test]
    fn a_part_that_nobody_knows_is_no_request() {
        assert!(serde_json::from_value::<Request>(json!({"mode": "pass", "stage": "all"})).is_err());
        assert!(serde_json::from_value::<Request>(json!({"stage": "record", "owner": {"service": "web"}})).is_err());
    }
}
