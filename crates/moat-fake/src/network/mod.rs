//! `Cloud<Network>`: EC2 as the network stage uses it.

pub(crate) mod apply;
mod endpoint;
mod existing;
pub(crate) mod gateway;
mod observe;
pub(crate) mod table;

use crate::answer::{Refused, Verb, refuse};
use crate::call::Hand;
use moat::error::Failure;
use moat::name::Logical;
use moat::network::{Network, NetworkStep, Observed};
use moat::plan::Bindings;
use moat::spec::NetworkSpec;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

impl Cloud<Network> for Hand {
    async fn observe(&self, spec: &NetworkSpec) -> Result<Observed, Failure> {
        let mut observed = observe::observe(self, &Owner::Network(spec.name.clone())).await?;
        if let Some(network) = &spec.existing {
            observed.existing = Some(existing::observe(self, network).await?);
        }
        Ok(observed)
    }

    async fn apply(&self, spec: &NetworkSpec, step: &NetworkStep, bindings: &Bindings) -> Result<Done, Failure> {
        let owner = Owner::Network(spec.name.clone());
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
        | NetworkStep::AllocateAddress { .. }
        | NetworkStep::CreateNatGateway { .. }
        | NetworkStep::CreateRouteTable { .. }
        | NetworkStep::AssociateRouteTable { .. }
        | NetworkStep::CreateRoute { .. }
        | NetworkStep::CreateS3Endpoint { .. }
        | NetworkStep::AddToS3Endpoint { .. } => Verb::Create,
        NetworkStep::EnableDnsSupport
        | NetworkStep::EnableDnsHostnames
        | NetworkStep::StopGivingPublicIps { .. }
        | NetworkStep::MoveAssociation { .. }
        | NetworkStep::ResetEndpointPolicy { .. }
        | NetworkStep::ReplaceRoute { .. } => Verb::Change,
        NetworkStep::DeleteRoute { .. }
        | NetworkStep::EmptyDefaultGroup { .. }
        | NetworkStep::DeleteNatGateway { .. }
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
