//! A network that somebody else made: which of its subnets serve, and whether it fits.
//!
//! Its plan has no steps: what does not fit is told, with what to do, and its owner mends it.

mod choose;
mod facts;
mod judge;
mod misfit;
pub mod observed;

pub use observed::Existing;

use super::desired;
use super::facts::NetworkFacts;
use super::observed::Observed;
use super::step::NetworkStep;
use crate::cidr::Side;
use crate::drift::Finding;
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Problem, Refusal};
use crate::spec::{ExistingNetwork, NetworkSpec};
use misfit::Misfit;
use std::collections::BTreeSet;

/// The plan of an existing network: nothing, or a refusal with every reason.
pub(super) fn plan(
    spec: &NetworkSpec,
    existing: &ExistingNetwork,
    observed: &Observed,
) -> Result<Plan<NetworkStep>, Refusal> {
    let mut problems: Vec<Problem> = made_before(spec, observed).into_iter().collect();
    problems.extend(misfits(existing, observed).iter().map(Misfit::problem));
    Refusal::unless_none(problems, Plan::default())
}

/// A problem of the plan as a finding: what it is about, and whether it opens a private subnet.
pub(super) fn told(existing: &ExistingNetwork, observed: &Observed, problem: &Problem) -> Option<Finding> {
    misfits(existing, observed).into_iter().find(|misfit| misfit.problem() == *problem).map(|misfit| misfit.finding)
}

fn misfits(existing: &ExistingNetwork, observed: &Observed) -> Vec<Misfit> {
    let Some((seen, vpc)) = home(observed) else { return vec![judge::no_vpc(existing)] };
    let (chosen, mut misfits) = choose::choose(existing, seen, &observed.zones);
    misfits.extend(judge::judge(seen, vpc, &chosen, &misfits));
    misfits
}

fn home(observed: &Observed) -> Option<(&Existing, &observed::Vpc)> {
    let seen = observed.existing.as_ref()?;
    Some((seen, seen.vpc.as_ref()?))
}

/// What moat made under this name before would be forgotten, and cost money for ever.
fn made_before(spec: &NetworkSpec, observed: &Observed) -> Option<Problem> {
    let Observed { vpcs, subnets, internet_gateways, addresses, nat_gateways, endpoints, .. } = observed;
    let mut ids: BTreeSet<&str> = vpcs.iter().map(|vpc| vpc.id.as_str()).collect();
    ids.extend(subnets.iter().map(|subnet| subnet.id.as_str()));
    ids.extend(internet_gateways.iter().map(|gateway| gateway.id.as_str()));
    ids.extend(addresses.iter().map(|address| address.id.as_str()));
    ids.extend(nat_gateways.iter().filter(|gateway| gateway.state.is_live()).map(|gateway| gateway.id.as_str()));
    ids.extend(endpoints.iter().filter(|endpoint| endpoint.is_live).map(|endpoint| endpoint.id.as_str()));
    let ids: Vec<&str> = ids.into_iter().collect();
    (!ids.is_empty()).then(|| {
        let message = format!(
            "moat made a network {} of its own, and it is still there: {}. Take it down first, or give this one another name",
            spec.name,
            ids.join(", ")
        );
        Problem::at("/network/existing", message)
    })
}

/// The names that later stages build on. Subnets are bound once it is clear for all of them which they are, so that
/// nothing is ever moved on a guess.
pub(super) fn bindings(existing: &ExistingNetwork, observed: &Observed) -> Bindings {
    let mut bindings = Bindings::default();
    let Some((seen, vpc)) = home(observed) else { return bindings };
    bindings.bind(desired::vpc(), vpc.id.0.clone());
    if let Some(gateway) = seen.internet_gateways.first() {
        bindings.bind(desired::internet_gateway(), gateway.0.clone());
        bindings.bind(desired::attachment(), gateway.0.clone());
    }
    let (chosen, unclear) = choose::choose(existing, seen, &observed.zones);
    if unclear.is_empty() {
        for (_, name, subnet) in chosen.named() {
            bindings.bind(name, subnet.id.0.clone());
        }
    }
    bindings
}

/// What must be bound before later stages can begin. That there are enough subnets is part of the judgement.
pub(super) fn milestones() -> Vec<Logical> {
    vec![desired::vpc(), desired::attachment(), desired::subnet(Side::Public, 'a')]
}

pub(super) fn facts(spec: &NetworkSpec, existing: &ExistingNetwork, observed: &Observed) -> NetworkFacts {
    let chosen = home(observed).map(|(seen, vpc)| (seen, vpc, choose::choose(existing, seen, &observed.zones).0));
    facts::facts(spec, chosen.as_ref().map(|(seen, vpc, chosen)| (*seen, *vpc, chosen)))
}

/// The document as it is recorded: subnets that were found by their routes are named from then on. So it is known later
/// which they were, whatever has become of their routes, and a new subnet of others moves nothing.
#[must_use]
pub fn recorded(spec: &NetworkSpec, facts: &NetworkFacts) -> NetworkSpec {
    let mut spec = spec.clone();
    let Some(existing) = spec.existing.as_mut().filter(|existing| facts.vpc_id.as_ref() == Some(&existing.vpc_id.0))
    else {
        return spec;
    };
    for (named, found) in
        [(&mut existing.public_subnets, &facts.public_subnets), (&mut existing.private_subnets, &facts.private_subnets)]
    {
        if named.is_empty() {
            *named = found.iter().map(|subnet| subnet.id.as_str().into()).collect();
        }
    }
    spec
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
