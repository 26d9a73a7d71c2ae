//! A network that somebody else made: which of its subnets serve, and whether it fits.
//!
//! What does not fit is told, with what to do, and its owner mends it. The steps of its plan are about endpoints alone,
//! where the spec asks for them: they are ours.

mod choose;
mod facts;
mod guest;
mod judge;
mod misfit;
pub mod observed;

pub use observed::Existing;

use super::facts::{NetworkFacts, SubnetFacts};
use super::observed::Observed;
use super::step::NetworkStep;
use super::{NetworkStageSpec, desired};
use crate::cidr::Side;
use crate::drift::Finding;
use crate::ids::VpcId;
use crate::name::Logical;
use crate::plan::{Bindings, Plan, Problem, Refusal};
use crate::spec::{ExistingNetwork, Needs, NetworkSpec};
use choose::Chosen;
use guest::Guest;
use misfit::Misfit;
use std::collections::BTreeSet;

/// The plan of an existing network: its endpoints, or a refusal with every reason.
pub(super) fn plan(
    stage: &NetworkStageSpec,
    existing: &ExistingNetwork,
    observed: &Observed,
) -> Result<Plan<NetworkStep>, Refusal> {
    let mut problems: Vec<Problem> = made_before(&stage.network, existing, observed).into_iter().collect();
    problems.extend(misfits(stage, existing, observed).iter().map(Misfit::problem));
    let mut plan = Plan::default();
    if let Some((seen, vpc)) = home(observed) {
        let (chosen, _) = chosen(stage, existing, seen, observed);
        Guest::of(stage, observed, (seen, vpc), &chosen, &mut problems).plan(observed, &mut plan);
    }
    Refusal::unless_none(problems, plan)
}

/// A problem of the plan as a finding: what it is about, and whether it opens a private subnet.
pub(super) fn told(
    stage: &NetworkStageSpec,
    existing: &ExistingNetwork,
    observed: &Observed,
    problem: &Problem,
) -> Option<Finding> {
    let misfits = misfits(stage, existing, observed);
    misfits.into_iter().find(|misfit| misfit.problem() == *problem).map(|misfit| misfit.finding)
}

fn misfits(stage: &NetworkStageSpec, existing: &ExistingNetwork, observed: &Observed) -> Vec<Misfit> {
    let Some((seen, vpc)) = home(observed) else { return vec![judge::no_vpc(existing)] };
    let (chosen, mut misfits) = chosen(stage, existing, seen, observed);
    misfits.extend(judge::judge(stage, (seen, vpc), &chosen, &misfits));
    misfits
}

fn chosen<'a>(
    stage: &NetworkStageSpec,
    existing: &ExistingNetwork,
    seen: &'a Existing,
    observed: &Observed,
) -> (Chosen<'a>, Vec<Misfit>) {
    choose::choose(existing, seen, &observed.zones, stage.needs.is_internet_facing)
}

fn home(observed: &Observed) -> Option<(&Existing, &observed::Vpc)> {
    let seen = observed.existing.as_ref()?;
    Some((seen, seen.vpc.as_ref()?))
}

/// What moat made under this name before would be forgotten, and cost money for ever.
fn made_before(spec: &NetworkSpec, existing: &ExistingNetwork, observed: &Observed) -> Option<Problem> {
    let Observed { vpcs, subnets, internet_gateways, addresses, nat_gateways, endpoints, interface_endpoints, .. } =
        observed;
    let is_elsewhere = |vpc: &VpcId| *vpc != existing.vpc_id;
    let mut ids: BTreeSet<&str> = vpcs.iter().map(|vpc| vpc.id.as_str()).collect();
    ids.extend(subnets.iter().map(|subnet| subnet.id.as_str()));
    ids.extend(internet_gateways.iter().map(|gateway| gateway.id.as_str()));
    ids.extend(addresses.iter().map(|address| address.id.as_str()));
    ids.extend(nat_gateways.iter().filter(|gateway| gateway.state.is_live()).map(|gateway| gateway.id.as_str()));
    let gateways = endpoints.iter().filter(|endpoint| endpoint.is_live && is_elsewhere(&endpoint.vpc));
    ids.extend(gateways.map(|endpoint| endpoint.id.as_str()));
    let interfaces = interface_endpoints.iter();
    let interfaces = interfaces.filter(|endpoint| endpoint.state.is_live() && is_elsewhere(&endpoint.vpc));
    ids.extend(interfaces.map(|endpoint| endpoint.id.as_str()));
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
pub(super) fn bindings(stage: &NetworkStageSpec, existing: &ExistingNetwork, observed: &Observed) -> Bindings {
    let mut bindings = Bindings::default();
    let Some((seen, vpc)) = home(observed) else { return bindings };
    bindings.bind(desired::vpc(), vpc.id.0.clone());
    if let Some(gateway) = seen.internet_gateways.first() {
        bindings.bind(desired::internet_gateway(), gateway.0.clone());
        bindings.bind(desired::attachment(), gateway.0.clone());
    }
    let (chosen, unclear) = chosen(stage, existing, seen, observed);
    if unclear.is_empty() {
        for (_, name, subnet) in chosen.named() {
            bindings.bind(name, subnet.id.0.clone());
        }
        Guest::of(stage, observed, (seen, vpc), &chosen, &mut Vec::new()).bind(observed, &mut bindings);
    }
    bindings
}

/// What must be bound before later stages can begin. That there are enough subnets is part of the judgement.
pub(super) fn milestones(needs: &Needs) -> Vec<Logical> {
    let door = [desired::attachment(), desired::subnet(Side::Public, 'a')];
    std::iter::once(desired::vpc()).chain(door.into_iter().filter(|_| needs.is_internet_facing)).collect()
}

pub(super) fn facts(stage: &NetworkStageSpec, existing: &ExistingNetwork, observed: &Observed) -> NetworkFacts {
    let Some((seen, vpc)) = home(observed) else { return facts::unknown(&stage.network) };
    let (chosen, _) = chosen(stage, existing, seen, observed);
    let guest = Guest::of(stage, observed, (seen, vpc), &chosen, &mut Vec::new());
    facts::facts(&stage.network, (seen, vpc), &chosen, &guest)
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
    let ids = |found: &[SubnetFacts]| found.iter().map(|subnet| subnet.id.as_str().into()).collect();
    // One public subnet alone is of no use to a load balancer, so it is not worth remembering.
    if existing.public_subnets.is_empty() && facts.public_subnets.len() >= choose::DOORS {
        existing.public_subnets = ids(&facts.public_subnets);
    }
    if existing.private_subnets.is_empty() {
        existing.private_subnets = ids(&facts.private_subnets);
    }
    spec
}

#[cfg(test)]
#[path = "tests.rs"]
pub(super) mod tests;
