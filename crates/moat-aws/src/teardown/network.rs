//! A network on its way out: what carries its tags.

use super::group::{self, groups, references};
use crate::answer::{Answer, present};
use crate::clock::age;
use crate::ec2::{filter, owned_by, resource};
use crate::endpoints::delete_endpoint;
use crate::interface::interfaces;
use crate::routes::delete_route;
use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self as aws, NatGatewayState};
use moat::error::Failure;
use moat::ids::{EgressOnlyInternetGatewayId, VpcId};
use moat::network::observed::EndpointState;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use moat::teardown::network::observed::{
    Address, Endpoint, InternetGateway, NatGateway, Observed, RouteTable, State, Subnet,
};
use moat::teardown::network::{NetworkStep, NetworkTeardown, NetworkTeardownSpec};
use moat::teardown::{Group, Interface};
use tokio::try_join;

/// EC2, as the teardown of a network uses it.
#[derive(Debug, Clone)]
pub struct NetworkTeardownCloud {
    pub(super) ec2: Client,
}

impl NetworkTeardownCloud {
    pub fn new(config: &SdkConfig) -> Self {
        Self { ec2: Client::new(config) }
    }
}

impl Cloud<NetworkTeardown> for NetworkTeardownCloud {
    async fn observe(&self, spec: &NetworkTeardownSpec) -> Result<Observed, Failure> {
        let owner = Owner::Network(spec.network.clone());
        let (vpcs, endpoints, nat_gateways, addresses, internet_gateways, exits, subnets, route_tables, groups) = try_join!(
            self.vpcs(&owner),
            self.endpoints(&owner),
            self.nat_gateways(&owner),
            self.addresses(&owner),
            self.internet_gateways(&owner),
            self.egress_only_gateways(&owner),
            self.subnets(&owner),
            self.route_tables(&owner),
            groups(&self.ec2, &owner),
        )?;
        let (references, inside, guests) =
            try_join!(references(&self.ec2, &owner, &groups), self.inside(&owner, &vpcs), self.guests(&vpcs, &groups))?;
        Ok(Observed {
            vpcs,
            endpoints,
            nat_gateways,
            addresses,
            internet_gateways,
            egress_only_gateways: exits,
            subnets,
            route_tables,
            groups,
            references,
            interfaces: [inside.interfaces, guests].concat(),
            tenants: inside.tenants,
            strangers: inside.strangers,
        })
    }

    async fn apply(&self, _: &NetworkTeardownSpec, step: &NetworkStep, _: &Bindings) -> Result<Done, Failure> {
        match step {
            NetworkStep::DeleteEndpoint { id, .. } => delete_endpoint(&self.ec2, id, step).await?,
            NetworkStep::DeleteRoute { id, destination, .. } => {
                delete_route(&self.ec2, id.as_str(), destination, step).await?
            }
            NetworkStep::DeleteNatGateway { id, .. } => {
                self.ec2.delete_nat_gateway().nat_gateway_id(id.as_str()).send().await.remove(step)?;
            }
            NetworkStep::ReleaseAddress { id, .. } => {
                self.ec2.release_address().allocation_id(id.as_str()).send().await.remove(step)?;
            }
            NetworkStep::DetachInternetGateway { id, vpc } => {
                let call = self.ec2.detach_internet_gateway().internet_gateway_id(id.as_str()).vpc_id(vpc.as_str());
                call.send().await.remove(step)?;
            }
            NetworkStep::DeleteInternetGateway { id } => {
                self.ec2.delete_internet_gateway().internet_gateway_id(id.as_str()).send().await.remove(step)?;
            }
            NetworkStep::DeleteEgressOnlyGateway { id } => {
                let call = self.ec2.delete_egress_only_internet_gateway().egress_only_internet_gateway_id(id.as_str());
                call.send().await.remove(step)?;
            }
            NetworkStep::DeleteSubnet { id, .. } => {
                self.ec2.delete_subnet().subnet_id(id.as_str()).send().await.remove(step)?;
            }
            NetworkStep::DeleteRouteTable { id, .. } => {
                self.ec2.delete_route_table().route_table_id(id.as_str()).send().await.remove(step)?;
            }
            NetworkStep::Group(step) => return group::apply(&self.ec2, step).await,
            NetworkStep::DeleteVpc { id } => {
                self.ec2.delete_vpc().vpc_id(id.as_str()).send().await.remove(step)?;
            }
        }
        Ok(Done::Changed)
    }
}

impl NetworkTeardownCloud {
    async fn vpcs(&self, owner: &Owner) -> Result<Vec<VpcId>, Failure> {
        let doing = format!("describe VPCs of {owner}");
        let found = self.ec2.describe_vpcs().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter(|vpc| resource(owner, vpc.tags()).is_some());
        ours.map(|vpc| Ok(present(vpc.vpc_id(), &doing, "id")?.into())).collect()
    }

    async fn endpoints(&self, owner: &Owner) -> Result<Vec<Endpoint>, Failure> {
        let doing = format!("describe VPC endpoints of {owner}");
        let found = self.ec2.describe_vpc_endpoints().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|endpoint| Some((endpoint, resource(owner, endpoint.tags())?)));
        ours.map(|(endpoint, resource)| {
            Ok(Endpoint {
                id: present(endpoint.vpc_endpoint_id(), &doing, "id")?.into(),
                resource,
                vpc: present(endpoint.vpc_id(), &doing, "VPC")?.into(),
                state: endpoint_state(endpoint),
            })
        })
        .collect()
    }

    async fn nat_gateways(&self, owner: &Owner) -> Result<Vec<NatGateway>, Failure> {
        let doing = format!("describe NAT gateways of {owner}");
        let found = self.ec2.describe_nat_gateways().filter(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|gateway| Some((gateway, resource(owner, gateway.tags())?)));
        ours.map(|(gateway, resource)| {
            let addresses = gateway.nat_gateway_addresses().iter();
            Ok(NatGateway {
                id: present(gateway.nat_gateway_id(), &doing, "id")?.into(),
                resource,
                vpc: present(gateway.vpc_id(), &doing, "VPC")?.into(),
                allocations: addresses.clone().filter_map(|one| one.allocation_id()).map(Into::into).collect(),
                is_regional: gateway.availability_mode() == Some(&aws::AvailabilityMode::Regional),
                interfaces: addresses.filter_map(|one| one.network_interface_id()).map(Into::into).collect(),
                state: nat_state(gateway),
            })
        })
        .collect()
    }

    async fn addresses(&self, owner: &Owner) -> Result<Vec<Address>, Failure> {
        let doing = format!("describe elastic IPs of {owner}");
        let found = self.ec2.describe_addresses().filters(owned_by(owner)).send().await.read(&doing)?;
        let ours = found.addresses().iter().filter_map(|address| Some((address, resource(owner, address.tags())?)));
        ours.map(|(address, resource)| {
            Ok(Address {
                id: present(address.allocation_id(), &doing, "id")?.into(),
                resource,
                ip: address.public_ip().unwrap_or_default().to_owned(),
                interface: address.network_interface_id().filter(|id| !id.is_empty()).map(Into::into),
            })
        })
        .collect()
    }

    async fn internet_gateways(&self, owner: &Owner) -> Result<Vec<InternetGateway>, Failure> {
        let doing = format!("describe internet gateways of {owner}");
        let found = self.ec2.describe_internet_gateways().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter(|gateway| resource(owner, gateway.tags()).is_some());
        ours.map(|gateway| {
            let vpc = gateway.attachments().iter().find_map(|attachment| attachment.vpc_id()).map(VpcId::from);
            Ok(InternetGateway { id: present(gateway.internet_gateway_id(), &doing, "id")?.into(), vpc })
        })
        .collect()
    }

    async fn egress_only_gateways(&self, owner: &Owner) -> Result<Vec<EgressOnlyInternetGatewayId>, Failure> {
        let doing = format!("describe egress-only internet gateways of {owner}");
        let found = self.ec2.describe_egress_only_internet_gateways().filters(owned_by(owner)).into_paginator();
        let found = found.items().send().collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter(|gateway| resource(owner, gateway.tags()).is_some());
        ours.map(|gateway| Ok(present(gateway.egress_only_internet_gateway_id(), &doing, "id")?.into())).collect()
    }

    async fn subnets(&self, owner: &Owner) -> Result<Vec<Subnet>, Failure> {
        let doing = format!("describe subnets of {owner}");
        let found = self.ec2.describe_subnets().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|subnet| Some((subnet, resource(owner, subnet.tags())?)));
        ours.map(|(subnet, resource)| {
            let vpc = present(subnet.vpc_id(), &doing, "VPC")?.into();
            Ok(Subnet { id: present(subnet.subnet_id(), &doing, "id")?.into(), resource, vpc })
        })
        .collect()
    }

    async fn route_tables(&self, owner: &Owner) -> Result<Vec<RouteTable>, Failure> {
        let doing = format!("describe route tables of {owner}");
        let found = self.ec2.describe_route_tables().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|table| Some((table, resource(owner, table.tags())?)));
        ours.map(|(table, resource)| {
            let routes = table.routes().iter().filter_map(|route| {
                let destination = route.destination_cidr_block().or_else(|| route.destination_ipv6_cidr_block())?;
                Some((destination.to_owned(), route))
            });
            let to_exit =
                routes.clone().filter_map(|(to, it)| Some((to, it.egress_only_internet_gateway_id()?.into())));
            let to_nat = routes.filter_map(|(to, route)| Some((to, route.nat_gateway_id()?.into())));
            Ok(RouteTable {
                id: present(table.route_table_id(), &doing, "id")?.into(),
                resource,
                vpc: present(table.vpc_id(), &doing, "VPC")?.into(),
                nat_routes: to_nat.collect(),
                exit_routes: to_exit.collect(),
            })
        })
        .collect()
    }

    /// The network interfaces of groups that are ours in a VPC of others: what else is there is nobody's business.
    async fn guests(&self, vpcs: &[VpcId], groups: &[Group]) -> Result<Vec<Interface>, Failure> {
        let abroad: Vec<String> =
            groups.iter().filter(|group| !vpcs.contains(&group.vpc)).map(|group| group.id.0.clone()).collect();
        if abroad.is_empty() {
            return Ok(Vec::new());
        }
        let mut found =
            interfaces(&self.ec2, [filter("group-id", abroad.clone())], "describe network interfaces of groups")
                .await?;
        found.retain(|interface| interface.groups.iter().any(|group| abroad.contains(&group.0)));
        Ok(found)
    }

    pub(super) async fn all_interfaces(&self, vpcs: &[VpcId]) -> Result<Vec<Interface>, Failure> {
        let inside = filter("vpc-id", vpcs.iter().map(|vpc| vpc.0.clone()));
        let mut found = interfaces(&self.ec2, [inside], "describe network interfaces of the VPC").await?;
        found.retain(|interface| vpcs.contains(&interface.vpc));
        Ok(found)
    }
}

pub(super) fn endpoint_state(endpoint: &aws::VpcEndpoint) -> State {
    // EC2 writes a state in lower case, and the SDK's enum expects a capital, so the word is what counts.
    match EndpointState::read(endpoint.state().map_or("", aws::State::as_str), None) {
        EndpointState::Deleting => State::Deleting(None),
        EndpointState::Deleted => State::Deleted,
        EndpointState::Pending | EndpointState::Available | EndpointState::Failed(_) => State::There,
    }
}

pub(super) fn nat_state(gateway: &aws::NatGateway) -> State {
    match gateway.state() {
        Some(NatGatewayState::Deleting) => State::Deleting(age(gateway.delete_time())),
        Some(NatGatewayState::Deleted) => State::Deleted,
        _ => State::There,
    }
}
