//! `Cloud<Network>`: EC2 as the network stage uses it.

pub(crate) mod apply;
pub(crate) mod endpoint;
mod existing;
pub(crate) mod gateway;
mod interface;
pub(crate) mod ipv6;
mod observe;
pub(crate) mod table;

use crate::answer::{Refused, Verb, refuse};
use crate::call::Hand;
use moat::error::Failure;
use moat::name::Logical;
use moat::network::endpoints::EndpointStep;
use moat::network::{Network, NetworkStageSpec, NetworkStep, Observed};
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

impl Cloud<Network> for Hand {
    async fn observe(&self, spec: &NetworkStageSpec) -> Result<Observed, Failure> {
        let mut observed = observe::observe(self, &Owner::Network(spec.network.name.clone())).await?;
        if let Some(network) = &spec.network.existing {
            let owner = Owner::Network(spec.network.name.clone());
            let has_endpoints = spec.network.egress.has_endpoints();
            let existing = existing::observe(self, network, has_endpoints.then_some(owner)).await?;
            let account = existing.vpc.as_ref().and_then(|vpc| vpc.owner.clone()).filter(|_| has_endpoints);
            observed.account = observed.account.or(account);
            observed.existing = Some(existing);
        }
        Ok(observed)
    }

    async fn apply(&self, spec: &NetworkStageSpec, step: &NetworkStep, bindings: &Bindings) -> Result<Done, Failure> {
        let owner = Owner::Network(spec.network.name.clone());
        if let NetworkStep::EmptyDefaultGroup { rules, .. } = step {
            return self.empty_default_group(rules, step, bindings).await;
        }
        let (doing, bindings) = (step.clone(), bindings.clone());
        self.act(verb(step), step, move |state| apply::apply(state, &owner, &doing, &bindings)).await
    }
}

const fn verb(step: &NetworkStep) -> Verb {
    match step {
        NetworkStep::CreateVpc { .. }
        | NetworkStep::CreateSubnet { .. }
        | NetworkStep::CreateInternetGateway
        | NetworkStep::AttachInternetGateway
        | NetworkStep::AssociateIpv6Block
        | NetworkStep::AssociateIpv6Range { .. }
        | NetworkStep::CreateEgressOnlyGateway
        | NetworkStep::AllocateAddress { .. }
        | NetworkStep::CreateNatGateway { .. }
        | NetworkStep::CreateRouteTable { .. }
        | NetworkStep::AssociateRouteTable { .. }
        | NetworkStep::CreateRoute { .. }
        | NetworkStep::CreateS3Endpoint { .. }
        | NetworkStep::Endpoint(
            EndpointStep::CreateGroup { .. } | EndpointStep::AddRule { .. } | EndpointStep::Create { .. },
        )
        | NetworkStep::AddToS3Endpoint { .. } => Verb::Create,
        NetworkStep::EnableDnsSupport
        | NetworkStep::EnableDnsHostnames
        | NetworkStep::StopGivingPublicIps { .. }
        | NetworkStep::MoveAssociation { .. }
        | NetworkStep::ResetEndpointPolicy { .. }
        | NetworkStep::LimitS3Endpoint { .. }
        | NetworkStep::Endpoint(
            EndpointStep::AddSubnets { .. }
            | EndpointStep::RemoveSubnets { .. }
            | EndpointStep::SetGroups { .. }
            | EndpointStep::EnablePrivateDns { .. }
            | EndpointStep::DisablePrivateDns { .. }
            | EndpointStep::SetPolicy { .. },
        )
        | NetworkStep::ReplaceRoute { .. } => Verb::Change,
        NetworkStep::DeleteRoute { .. }
        | NetworkStep::DeleteDefaultRoute { .. }
        | NetworkStep::Endpoint(
            EndpointStep::RemoveRule { .. } | EndpointStep::Delete { .. } | EndpointStep::DeleteGroup { .. },
        )
        | NetworkStep::EmptyDefaultGroup { .. }
        | NetworkStep::DeleteNatGateway { .. }
        | NetworkStep::DeleteEgressOnlyGateway { .. }
        | NetworkStep::ReleaseAddress { .. }
        | NetworkStep::DeleteTwinRouteTable { .. }
        | NetworkStep::DeleteTwinInternetGateway { .. }
        | NetworkStep::DeleteTwinEndpoint { .. }
        | NetworkStep::DeleteTwinVpc { .. } => Verb::Remove,
    }
}

/// The id under a name. The engine promised that every need is bound.
pub fn bound(bindings: &Bindings, name: &Logical) -> String {
    bindings.get(name).unwrap_or_else(|| panic!("a step was started before {name} was known")).to_owned()
}

/// `there`, or AWS's way of saying that it does not know this id (yet).
pub fn known<'a, T>(there: Option<&'a T>, code: &'static str, id: &str) -> Result<&'a T, Refused> {
    there.map_or_else(|| refuse(code, format!("{id} does not exist")), Ok)
}
