//! Does the steps of a network, one AWS call each.

use super::NetworkCloud;
use crate::answer::Answer;
use crate::binding::{bound, changed, made};
use crate::ec2::{permission, tagged};
use crate::endpoints::delete_endpoint;
use crate::routes::delete_route;
use aws_sdk_ec2::types::{AttributeBooleanValue, DomainType, EgressOnlyInternetGateway, ResourceType, VpcEndpointType};
use moat::cidr::Anywhere;
use moat::error::{Failure, Kind};
use moat::ipv6::{self, Ipv6Cidr};
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired;
use moat::network::step::Gateway;
use moat::plan::Bindings;
use moat::rule::{Direction, Rule};
use moat::stage::Done;
use moat::tags::Owner;

impl NetworkCloud {
    #[expect(clippy::too_many_lines, reason = "one arm per step, each one call")]
    pub(super) async fn apply_step(
        &self,
        owner: &Owner,
        step: &NetworkStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let bound = |name: &Logical| bound(bindings, name);
        let vpc = || bound(&desired::vpc());
        match step {
            NetworkStep::CreateVpc { cidr } => {
                let tags = tagged(ResourceType::Vpc, owner, &desired::vpc());
                let call = self.once.create_vpc().cidr_block(cidr.to_string()).tag_specifications(tags);
                let answer = call.send().await.create(step)?;
                made(answer.map(|answer| answer.vpc.and_then(|vpc| vpc.vpc_id)), step)
            }
            NetworkStep::EnableDnsSupport => {
                let call = self.once.modify_vpc_attribute().vpc_id(vpc()?).enable_dns_support(on());
                call.send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::EnableDnsHostnames => {
                let call = self.once.modify_vpc_attribute().vpc_id(vpc()?).enable_dns_hostnames(on());
                call.send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::AssociateIpv6Block => {
                // Amazon chooses it; the answer comes before it has any, so the next pass reads which it is.
                let call = self.once.associate_vpc_cidr_block().vpc_id(vpc()?).amazon_provided_ipv6_cidr_block(true);
                call.send().await.create(step).map(changed)
            }
            NetworkStep::AssociateIpv6Range { subnet, number } => {
                let block = Ipv6Cidr::new(bound(&desired::ipv6_range(&desired::vpc()))?);
                let range = block.map(|block| ipv6::subnet(&block, *number)).ok().flatten();
                let no_room = || Failure::new(Kind::Unexpected, format!("{step}: the block has no such range"));
                let call = self.once.associate_subnet_cidr_block().subnet_id(bound(subnet)?);
                let call = call.ipv6_cidr_block(range.ok_or_else(no_room)?.to_string());
                call.send().await.create(step).map(changed)
            }
            NetworkStep::CreateSubnet { subnet, cidr, zone } => {
                let call = self.once.create_subnet().vpc_id(vpc()?).cidr_block(cidr.to_string());
                let call = call.availability_zone(zone).tag_specifications(tagged(ResourceType::Subnet, owner, subnet));
                let answer = call.send().await.create(step)?;
                made(answer.map(|answer| answer.subnet.and_then(|subnet| subnet.subnet_id)), step)
            }
            NetworkStep::StopGivingPublicIps { id, .. } => {
                let off = AttributeBooleanValue::builder().value(false).build();
                let call = self.once.modify_subnet_attribute().subnet_id(id.as_str()).map_public_ip_on_launch(off);
                call.send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::CreateInternetGateway => {
                let tags = tagged(ResourceType::InternetGateway, owner, &desired::internet_gateway());
                let answer = self.once.create_internet_gateway().tag_specifications(tags).send().await.create(step)?;
                made(answer.map(|answer| answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id)), step)
            }
            NetworkStep::AttachInternetGateway => {
                let gateway = bound(&desired::internet_gateway())?;
                let call = self.once.attach_internet_gateway().vpc_id(vpc()?).internet_gateway_id(gateway);
                let answer = call.send().await.create(step)?;
                made(answer.map(|_| Some(gateway.to_owned())), step)
            }
            NetworkStep::CreateEgressOnlyGateway => {
                // No derived token: for one that somebody deleted since, it would answer with the dead one.
                let tags = tagged(ResourceType::EgressOnlyInternetGateway, owner, &desired::egress_only_gateway());
                let call = self.once.create_egress_only_internet_gateway().vpc_id(vpc()?).tag_specifications(tags);
                let answer = call.send().await.create(step)?;
                let id = |gateway: EgressOnlyInternetGateway| gateway.egress_only_internet_gateway_id;
                made(answer.map(|answer| answer.egress_only_internet_gateway.and_then(id)), step)
            }
            NetworkStep::AllocateAddress { address } => {
                let tags = tagged(ResourceType::ElasticIp, owner, address);
                let call = self.once.allocate_address().domain(DomainType::Vpc).tag_specifications(tags);
                let answer = call.send().await.create(step)?;
                made(answer.map(|answer| answer.allocation_id), step)
            }
            NetworkStep::CreateNatGateway { place, predecessor } => {
                self.create_nat_gateway(*place, predecessor.as_ref(), owner, step, bindings).await
            }
            NetworkStep::CreateRouteTable { table } => {
                // No derived token: for a table that somebody deleted since, it would answer with the dead one.
                let call = self.once.create_route_table().vpc_id(vpc()?);
                let call = call.tag_specifications(tagged(ResourceType::RouteTable, owner, table));
                let answer = call.send().await.create(step)?;
                made(answer.map(|answer| answer.route_table.and_then(|table| table.route_table_id)), step)
            }
            NetworkStep::AssociateRouteTable { table, subnet } => {
                let call = self.once.associate_route_table().route_table_id(bound(table)?).subnet_id(bound(subnet)?);
                call.send().await.create(step).map(changed)
            }
            NetworkStep::MoveAssociation { table, association, .. } => {
                let call = self.once.replace_route_table_association().association_id(association.as_str());
                call.route_table_id(bound(table)?).send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::CreateRoute { table, destination, gateway } => {
                let call = self.once.create_route().route_table_id(bound(table)?);
                let call = match destination {
                    Anywhere::Ipv4 => call.destination_cidr_block(destination.as_str()),
                    Anywhere::Ipv6 => call.destination_ipv6_cidr_block(destination.as_str()),
                };
                let id = bound(&gateway.ready())?;
                let call = match gateway {
                    Gateway::Internet => call.gateway_id(id),
                    Gateway::Nat(_) => call.nat_gateway_id(id),
                    Gateway::EgressOnly => call.egress_only_internet_gateway_id(id),
                };
                call.send().await.create(step).map(changed)
            }
            NetworkStep::ReplaceRoute { table, destination, gateway, .. } => {
                let call = self.once.replace_route().route_table_id(bound(table)?);
                let call = match destination {
                    Anywhere::Ipv4 => call.destination_cidr_block(destination.as_str()),
                    Anywhere::Ipv6 => call.destination_ipv6_cidr_block(destination.as_str()),
                };
                let id = bound(&gateway.ready())?;
                let call = match gateway {
                    Gateway::Internet => call.gateway_id(id),
                    Gateway::Nat(_) => call.nat_gateway_id(id),
                    Gateway::EgressOnly => call.egress_only_internet_gateway_id(id),
                };
                call.send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::DeleteRoute { id, destination, target, .. } => {
                debug_assert!(target.leads_to_the_internet(), "only ways to the Internet are closed");
                delete_route(&self.once, id.as_str(), destination, step).await.map(|()| Done::Changed)
            }
            NetworkStep::DeleteDefaultRoute { id, destination, .. } => {
                delete_route(&self.once, id.as_str(), destination.as_str(), step).await.map(|()| Done::Changed)
            }
            NetworkStep::LimitS3Endpoint { endpoint, policy } => {
                self.set_policy(endpoint, policy, step, bindings).await
            }
            NetworkStep::Endpoint(doing) => self.apply_to_endpoints(owner, doing, step, bindings).await,
            NetworkStep::CreateS3Endpoint { tables, policy } => {
                let name = desired::s3_endpoint();
                let mut call =
                    self.once.create_vpc_endpoint().vpc_id(vpc()?).vpc_endpoint_type(VpcEndpointType::Gateway);
                for table in tables {
                    call = call.route_table_ids(bound(table)?);
                }
                if let Some(policy) = policy {
                    call = call.policy_document(self.document(policy, bindings)?);
                }
                let call = call.service_name(format!("com.amazonaws.{}.s3", self.region));
                let call = call.tag_specifications(tagged(ResourceType::VpcEndpoint, owner, &name));
                let answer = call.send().await.create(step)?;
                made(answer.map(|answer| answer.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id)), step)
            }
            NetworkStep::AddToS3Endpoint { endpoint, table } => {
                let call = self.once.modify_vpc_endpoint().vpc_endpoint_id(endpoint.as_str());
                call.add_route_table_ids(bound(table)?).send().await.create(step).map(changed)
            }
            NetworkStep::ResetEndpointPolicy { endpoint } => {
                let call = self.once.modify_vpc_endpoint().vpc_endpoint_id(endpoint.as_str()).reset_policy(true);
                call.send().await.read(step).map(|_| Done::Changed)
            }
            NetworkStep::EmptyDefaultGroup { rules, .. } => {
                self.empty_group(bound(&desired::default_group())?, rules, step).await
            }
            NetworkStep::DeleteNatGateway { id, .. } => {
                let call = self.once.delete_nat_gateway().nat_gateway_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            NetworkStep::DeleteEgressOnlyGateway { id, .. } => {
                let call = self.once.delete_egress_only_internet_gateway();
                let call = call.egress_only_internet_gateway_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            NetworkStep::ReleaseAddress { id, .. } => {
                let call = self.once.release_address().allocation_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            NetworkStep::DeleteTwinRouteTable { id, .. } => {
                let call = self.once.delete_route_table().route_table_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            NetworkStep::DeleteTwinInternetGateway { id } => {
                let call = self.once.delete_internet_gateway().internet_gateway_id(id.as_str());
                call.send().await.remove(step).map(|()| Done::Changed)
            }
            NetworkStep::DeleteTwinEndpoint { id } => {
                delete_endpoint(&self.once, id, step).await.map(|()| Done::Changed)
            }
            NetworkStep::DeleteTwinVpc { id } => {
                self.once.delete_vpc().vpc_id(id.as_str()).send().await.remove(step).map(|()| Done::Changed)
            }
        }
    }

    pub(super) async fn empty_group(&self, group: &str, rules: &[Rule], step: &NetworkStep) -> Result<Done, Failure> {
        let of = |direction| rules.iter().filter(move |rule| rule.direction == direction).map(permission);
        let (ingress, egress): (Vec<_>, Vec<_>) = (of(Direction::Ingress).collect(), of(Direction::Egress).collect());
        if !ingress.is_empty() {
            let call = self.once.revoke_security_group_ingress().group_id(group).set_ip_permissions(Some(ingress));
            call.send().await.remove(step)?;
        }
        if !egress.is_empty() {
            let call = self.once.revoke_security_group_egress().group_id(group).set_ip_permissions(Some(egress));
            call.send().await.remove(step)?;
        }
        Ok(Done::Changed)
    }
}

fn on() -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(true).build()
}
