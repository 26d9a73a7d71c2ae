//! Takes a network down, from what costs most to the VPC itself.

pub mod observed;
pub mod obstacle;
pub mod plan;
pub mod step;

pub use observed::{Observed, State};
pub use step::NetworkStep;

use super::fact;
use super::facts::{Leftovers, TeardownFacts, count};
use crate::name::{Logical, Name};
use crate::plan::{Bindings, Plan, Refusal};
use crate::stage::Stage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkTeardownSpec {
    pub network: Name,
    /// The services that are taken down before it, in the same execution. What AWS still shows of them is waited for;
    /// what it shows of any other is in the way.
    #[serde(default)]
    pub services: BTreeSet<Name>,
}

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct NetworkTeardown;

impl Stage for NetworkTeardown {
    type Spec = NetworkTeardownSpec;
    type Observed = Observed;
    type Step = NetworkStep;
    type Facts = TeardownFacts;

    const NAME: &'static str = "teardown of network";

    fn plan(spec: &NetworkTeardownSpec, observed: &Observed) -> Result<Plan<NetworkStep>, Refusal> {
        plan::plan(spec, observed)
    }

    fn bindings(_: &NetworkTeardownSpec, observed: &Observed) -> Bindings {
        plan::facts(observed).bindings()
    }

    fn milestones(_: &NetworkTeardownSpec) -> Vec<Logical> {
        vec![fact::gone("vpc")]
    }

    fn visible(_: &Observed) -> BTreeSet<String> {
        fact::visible()
    }

    fn facts(_: &NetworkTeardownSpec, observed: &Observed) -> TeardownFacts {
        let gateways = observed.nat_gateways.iter().filter(|gateway| gateway.state != State::Deleted);
        let endpoints = observed.endpoints.iter().filter(|endpoint| endpoint.state != State::Deleted);
        let leftovers = Leftovers {
            nat_gateways: count(gateways),
            elastic_ips: count(observed.addresses.iter()),
            endpoints: count(endpoints),
            ..Leftovers::default()
        };
        TeardownFacts { kept: Vec::new(), leftovers }
    }
}
