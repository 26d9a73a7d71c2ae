//! Creates NAT gateways.

use super::{NetworkCloud, nat_state};
use crate::answer::Answer;
use crate::binding::{bound, made};
use crate::clock::age;
use crate::ec2::tagged;
use aws_sdk_ec2::types::{AvailabilityMode, ResourceType};
use moat::error::{Failure, Kind};
use moat::ids::NatGatewayId;
use moat::network::NetworkStep;
use moat::network::desired;
use moat::network::desired::NatPlace;
use moat::plan::Bindings;
use moat::stage::Done;
use moat::tags::Owner;
use moat::token;

/// More gateways than ever died in one place unseen: AWS is asked no more often than this.
const MOST_SPENT: usize = 10;

impl NetworkCloud {
    /// One, whatever is asked how often. Those that died while nobody looked have used up their tokens, so each answer that
    /// shows one of them is asked for the one after it.
    pub(super) async fn create_nat_gateway(
        &self,
        place: NatPlace,
        predecessor: Option<&NatGatewayId>,
        owner: &Owner,
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let (name, vpc) = (place.gateway(), bound(bindings, &desired::vpc())?);
        let (mut call, mut scope) = (self.ec2.create_nat_gateway(), vpc.to_owned());
        match (place.subnet(), place.address()) {
            (Some(subnet), Some(address)) => {
                let (subnet, address) = (bound(bindings, &subnet)?, bound(bindings, &address)?);
                scope = token::scope(&[vpc, subnet, address]);
                call = call.subnet_id(subnet).allocation_id(address);
            }
            // AWS chooses the zones and the addresses, since none are given.
            _ => call = call.availability_mode(AvailabilityMode::Regional).vpc_id(vpc),
        }
        let call = call.tag_specifications(tagged(ResourceType::Natgateway, owner, &name));
        let mut predecessor = predecessor.map(|id| id.0.clone());
        for _ in 0..MOST_SPENT {
            let call = call.clone().client_token(token::derive(&scope, &name, predecessor.as_deref()));
            let Some(answer) = call.send().await.create(step)? else { return Ok(Done::Already) };
            let gateway = answer.nat_gateway;
            let is_spent = token::is_spent(gateway.as_ref().and_then(|gateway| age(gateway.create_time())));
            let id = gateway.and_then(|gateway| gateway.nat_gateway_id);
            // One that lives has lost its tags: nobody sees it, but a second one is not made beside it.
            if !is_spent || self.lives(id.as_deref(), step).await? {
                return made(Some(id), step);
            }
            predecessor = id;
        }
        let message =
            format!("{step}: AWS answers with NAT gateways made more than an hour ago, which it does not show");
        Err(Failure::new(Kind::Unexpected, message))
    }

    async fn lives(&self, id: Option<&str>, step: &NetworkStep) -> Result<bool, Failure> {
        let Some(id) = id else { return Ok(false) };
        let found = self.ec2.describe_nat_gateways().nat_gateway_ids(id).send().await.find(step)?;
        Ok(found.is_some_and(|found| found.nat_gateways().iter().any(|gateway| nat_state(gateway).is_live())))
    }
}
