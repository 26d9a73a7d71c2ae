//! The network stage: a VPC, public and private subnets, and the way out of the private ones.
//!
//! What it should be is in [`desired`], what was found in [`observed`], what can be done in [`step`], and the
//! difference between the first two in terms of the third in [`plan`].

pub mod desired;
pub mod endpoints;
pub mod existing;
pub mod facts;
mod finding;
pub mod found;
mod ipv6;
pub mod observed;
pub mod plan;
pub mod step;

pub use facts::NetworkFacts;
pub use observed::Observed;
pub use step::NetworkStep;

use crate::cidr::Side;
use crate::drift::{Difference, Finding, Inspected};
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Problem, Refusal};
use crate::spec::{Needs, NetworkSpec};
use crate::stage::Stage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the network stage plans from: the document, and what the services in the network need of its endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkStageSpec {
    pub network: NetworkSpec,
    #[serde(default)]
    pub needs: Needs,
}

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct Network;

impl Stage for Network {
    type Spec = NetworkStageSpec;
    type Observed = Observed;
    type Step = NetworkStep;
    type Facts = NetworkFacts;

    const NAME: &'static str = "network";

    fn plan(spec: &NetworkStageSpec, observed: &Observed) -> Result<Plan<NetworkStep>, Refusal> {
        match &spec.network.existing {
            Some(existing) => existing::plan(spec, existing, observed),
            None => plan::plan(spec, observed),
        }
    }

    fn bindings(spec: &NetworkStageSpec, observed: &Observed) -> Bindings {
        match &spec.network.existing {
            Some(existing) => existing::bindings(spec, existing, observed),
            None => found::Found::of(spec, observed).map(|found| found.bindings(spec, observed)).unwrap_or_default(),
        }
    }

    /// Load balancers and tasks need the VPC, its subnets and the attached Internet gateway; not the NAT gateway.
    fn milestones(spec: &NetworkStageSpec) -> Vec<Logical> {
        if spec.network.existing.is_some() {
            return existing::milestones(&spec.needs);
        }
        let subnets = desired::letters(spec.network.zones)
            .flat_map(|letter| [Side::Public, Side::Private].map(|side| desired::subnet(side, letter)))
            .collect::<Vec<Logical>>();
        // A load balancer with IPv6 is made only in subnets that have it.
        let ranges: Vec<Logical> = subnets.iter().filter(|_| spec.network.ipv6).map(desired::ipv6_range).collect();
        [desired::vpc(), desired::attachment()].into_iter().chain(subnets).chain(ranges).collect()
    }

    fn visible(observed: &Observed) -> BTreeSet<String> {
        observed.ids()
    }

    fn facts(spec: &NetworkStageSpec, observed: &Observed) -> NetworkFacts {
        match &spec.network.existing {
            Some(existing) => existing::facts(spec, existing, observed),
            None => facts::facts(spec, observed),
        }
    }
}

impl Inspected for Network {
    fn difference(spec: &NetworkStageSpec, observed: &Observed, part: &NetworkStep) -> Difference {
        finding::difference(spec, observed, part)
    }

    fn parts(step: NetworkStep) -> Vec<NetworkStep> {
        vec![step]
    }

    fn together(parts: Vec<NetworkStep>) -> Vec<NetworkStep> {
        parts
    }

    fn told(spec: &NetworkStageSpec, observed: &Observed, problem: &Problem) -> Finding {
        let existing = spec.network.existing.as_ref();
        let misfit = existing.and_then(|existing| existing::told(spec, existing, observed, problem));
        misfit.unwrap_or_else(|| Finding::beyond(Self::NAME, problem))
    }

    /// Whoever changes a network holds its lock.
    fn under_way(_: &NetworkStageSpec, _: &Observed) -> Vec<String> {
        Vec::new()
    }

    fn stuck(_: &NetworkStageSpec, _: &Observed) -> Vec<Problem> {
        Vec::new()
    }

    fn doubts(observed: &Observed) -> Vec<Problem> {
        finding::doubts(observed)
    }

    fn at_rest(observed: &Observed) -> Observed {
        let mut observed = observed.clone();
        observed.nat_gateways.iter_mut().for_each(|gateway| gateway.age = None);
        observed.interface_endpoints.iter_mut().for_each(|endpoint| endpoint.age = None);
        observed
    }
}
