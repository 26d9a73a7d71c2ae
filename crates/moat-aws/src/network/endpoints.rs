//! Interface endpoints and their group: read, and done one call each.

use super::NetworkCloud;
use crate::answer::{Answer, present};
use crate::binding::{bound, changed, made};
use crate::clock::age;
use crate::ec2::{permission, resource, rules, tagged};
use crate::endpoints::delete_endpoint;
use aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder;
use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder;
use aws_sdk_ec2::types::{self as aws, ResourceType, VpcEndpointType};
use moat::error::Failure;
use moat::ids::VpcEndpointId;
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired as network;
use moat::network::endpoints::{EndpointStep, Policy, desired};
use moat::network::observed::{EndpointState, Group, InterfaceEndpoint};
use moat::plan::Bindings;
use moat::stage::Done;
use moat::tags::Owner;

impl NetworkCloud {
    pub(super) async fn apply_to_endpoints(
        &self,
        owner: &Owner,
        doing: &EndpointStep,
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let bound = |name: &Logical| bound(bindings, name);
        match doing {
            EndpointStep::CreateGroup { name, description } => {
                let call = self.once.create_security_group().vpc_id(bound(&network::vpc())?).group_name(name);
                let tags = tagged(ResourceType::SecurityGroup, owner, &desired::group());
                let answer = call.description(description).tag_specifications(tags).send().await.create(step)?;
                made(answer.map(|answer| answer.group_id), step)
            }
            EndpointStep::AddRule { rule, .. } => {
                let group = bound(&desired::group())?;
                let call = self.once.authorize_security_group_ingress().group_id(group);
                let answer = call.ip_permissions(permission(rule)).send().await.create(step)?;
                made(answer.map(|_| Some(group.to_owned())), step)
            }
            EndpointStep::RemoveRule { group, rule } => {
                self.empty_group(group.as_str(), std::slice::from_ref(rule), step).await
            }
            EndpointStep::Create { service, subnets, policy, .. } => {
                let mut call = self.once.create_vpc_endpoint();
                for subnet in subnets {
                    call = call.subnet_ids(bound(subnet)?);
                }
                let tags = tagged(ResourceType::VpcEndpoint, owner, &desired::endpoint(*service));
                let call = call.policy_document(self.document(policy, bindings)?).tag_specifications(tags);
                self.create_endpoint(call.service_name(service.name_in(&self.region)), step, bindings).await
            }
            EndpointStep::AddSubnets { id, subnets, .. } => {
                let subnets = subnets.iter().map(|name| Ok(bound(name)?.to_owned())).collect::<Result<_, Failure>>()?;
                self.modify(id).set_add_subnet_ids(Some(subnets)).send().await.create(step).map(changed)
            }
            EndpointStep::RemoveSubnets { id, subnets, .. } => {
                let subnets = subnets.iter().map(|subnet| subnet.0.clone()).collect();
                self.modify(id).set_remove_subnet_ids(Some(subnets)).send().await.read(step).map(|_| Done::Changed)
            }
            EndpointStep::SetGroups { id, is_missing, others, .. } => {
                let ours = is_missing.then(|| bound(&desired::group())).transpose()?;
                let others: Vec<String> = others.iter().map(|group| group.0.clone()).collect();
                let call = self.modify(id).set_add_security_group_ids(ours.map(|ours| vec![ours.to_owned()]));
                let call = call.set_remove_security_group_ids((!others.is_empty()).then_some(others));
                call.send().await.read(step).map(|_| Done::Changed)
            }
            EndpointStep::EnablePrivateDns { id, .. } => {
                self.modify(id).private_dns_enabled(true).send().await.read(step).map(|_| Done::Changed)
            }
            EndpointStep::DisablePrivateDns { id, .. } => {
                self.modify(id).private_dns_enabled(false).send().await.read(step)?;
                // As it is bound when it is seen, so that nobody waits to see the endpoint when it is gone.
                Ok(Done::Made(bound(&network::vpc())?.to_owned()))
            }
            EndpointStep::SetPolicy { id, policy, .. } => self.set_policy(id, policy, step, bindings).await,
            EndpointStep::Delete { id, .. } => delete_endpoint(&self.once, id, step).await.map(|()| Done::Changed),
            EndpointStep::DeleteGroup { id, .. } => {
                let call = self.once.delete_security_group().group_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
        }
    }

    /// No derived token: for an endpoint that somebody deleted since, it would answer with the dead one. AWS lets a name
    /// lead to one endpoint of a VPC only, so there is no twin with private DNS.
    async fn create_endpoint(
        &self,
        call: CreateVpcEndpointFluentBuilder,
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = call.vpc_id(bound(bindings, &network::vpc())?).vpc_endpoint_type(VpcEndpointType::Interface);
        let call = call.security_group_ids(bound(bindings, &desired::group())?).private_dns_enabled(true);
        let answer = call.send().await.create(step)?;
        made(answer.map(|answer| answer.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id)), step)
    }

    pub(super) async fn set_policy(
        &self,
        id: &VpcEndpointId,
        policy: &Policy,
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.modify(id).policy_document(self.document(policy, bindings)?);
        call.send().await.read(step).map(|_| Done::Changed)
    }

    pub(super) fn document(&self, policy: &Policy, bindings: &Bindings) -> Result<String, Failure> {
        Ok(policy.document(bound(bindings, &network::account())?, &self.region).to_string())
    }

    fn modify(&self, id: &VpcEndpointId) -> ModifyVpcEndpointFluentBuilder {
        self.once.modify_vpc_endpoint().vpc_endpoint_id(id.as_str())
    }
}

/// An interface endpoint as the network sees it.
pub(super) fn interface(
    endpoint: &aws::VpcEndpoint,
    resource: Logical,
    doing: &str,
) -> Result<InterfaceEndpoint, Failure> {
    let reason = endpoint.last_error().and_then(|error| error.message()).or_else(|| endpoint.failure_reason());
    Ok(InterfaceEndpoint {
        id: present(endpoint.vpc_endpoint_id(), doing, "id")?.into(),
        resource,
        vpc: present(endpoint.vpc_id(), doing, "VPC")?.into(),
        subnets: endpoint.subnet_ids().iter().map(|id| id.as_str().into()).collect(),
        groups: endpoint.groups().iter().filter_map(|group| group.group_id()).map(Into::into).collect(),
        private_dns: endpoint.private_dns_enabled().unwrap_or(false),
        policy: endpoint.policy_document().map(str::to_owned),
        state: state(endpoint, reason),
        age: age(endpoint.creation_timestamp()),
    })
}

/// EC2 writes a state in lower case, and the SDK's enum expects a capital, so the word is what counts.
pub(super) fn state(endpoint: &aws::VpcEndpoint, reason: Option<&str>) -> EndpointState {
    EndpointState::read(endpoint.state().map_or("", aws::State::as_str), reason)
}

/// A group that carries the owner's tags.
pub(super) fn group(owner: &Owner, group: &aws::SecurityGroup, doing: &str) -> Option<Result<Group, Failure>> {
    let resource = resource(owner, group.tags())?;
    let read = || {
        Ok(Group {
            id: present(group.group_id(), doing, "id")?.into(),
            resource,
            vpc: present(group.vpc_id(), doing, "VPC")?.into(),
            rules: rules(group)?,
        })
    };
    Some(read())
}
