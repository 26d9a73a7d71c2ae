//! What is in a network's VPCs besides what carries its tags: services, and things of others (T2, D7).

use super::group::described;
use super::network::{NetworkTeardownCloud, endpoint_state, nat_state};
use crate::answer::{Answer, present};
use crate::ec2::filter;
use crate::interface::tags;
use aws_sdk_ec2::types as aws;
use aws_sdk_ec2::types::VpcPeeringConnectionStateReasonCode as Peering;
use moat::error::Failure;
use moat::ids::{SecurityGroupId, VpcId};
use moat::name::Name;
use moat::tags::{Owner, SERVICE};
use moat::teardown::network::State;
use moat::teardown::{Interface, Stranger};
use tokio::try_join;

#[derive(Debug, Default)]
pub(super) struct Inside {
    pub interfaces: Vec<Interface>,
    pub tenants: Vec<(Name, SecurityGroupId)>,
    pub strangers: Vec<Stranger>,
}

/// Where to look, and whose things are not strangers.
struct Scope<'a> {
    owner: &'a Owner,
    vpcs: &'a [VpcId],
}

impl Scope<'_> {
    fn filter(&self, name: &str) -> aws::Filter {
        filter(name, self.vpcs.iter().map(|vpc| vpc.0.clone()))
    }

    fn has(&self, vpc: Option<&str>) -> bool {
        self.vpcs.iter().any(|ours| Some(ours.as_str()) == vpc)
    }

    /// A thing in the VPCs that has not the owner's tags.
    fn stranger(&self, kind: &str, id: Option<&str>, description: &str, found: &[aws::Tag]) -> Option<Stranger> {
        let tags = tags(found);
        let (kind, id, description) = (kind.to_owned(), id?.to_owned(), description.to_owned());
        (!self.owner.owns(&tags)).then_some(Stranger { kind, id, description, tags })
    }
}

impl NetworkTeardownCloud {
    pub(super) async fn inside(&self, owner: &Owner, vpcs: &[VpcId]) -> Result<Inside, Failure> {
        if vpcs.is_empty() {
            return Ok(Inside::default());
        }
        let scope = Scope { owner, vpcs };
        let (interfaces, (tenants, groups), subnets, tables, acls, gateways, endpoints, edges, peerings) = try_join!(
            self.all_interfaces(vpcs),
            self.other_groups(&scope),
            self.other_subnets(&scope),
            self.other_tables(&scope),
            self.other_lists(&scope),
            self.other_nat_gateways(&scope),
            self.other_endpoints(&scope),
            self.other_edges(&scope),
            self.peerings(&scope),
        )?;
        let strangers = [subnets, tables, groups, acls, gateways, endpoints, edges, peerings].concat();
        Ok(Inside { interfaces, tenants, strangers })
    }

    /// Groups of moat's services, and those of others. Each VPC has a default group, which goes with it.
    async fn other_groups(&self, scope: &Scope<'_>) -> Result<(Vec<(Name, SecurityGroupId)>, Vec<Stranger>), Failure> {
        let doing = "describe security groups in the VPC";
        let (mut tenants, mut strangers) = (Vec::new(), Vec::new());
        for group in described(&self.ec2, scope.filter("vpc-id"), doing).await? {
            if !scope.has(group.vpc_id()) || group.group_name() == Some("default") {
                continue;
            }
            let service = tags(group.tags()).remove(SERVICE).and_then(|name| Name::new(&name).ok());
            match service {
                Some(service) => tenants.push((service, present(group.group_id(), doing, "id")?.into())),
                None => strangers.extend(scope.stranger(
                    "security group",
                    group.group_id(),
                    group.group_name().unwrap_or_default(),
                    group.tags(),
                )),
            }
        }
        Ok((tenants, strangers))
    }

    async fn other_subnets(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let found = self.ec2.describe_subnets().filters(scope.filter("vpc-id")).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe subnets in the VPC")?;
        let inside = found.iter().filter(|subnet| scope.has(subnet.vpc_id()));
        let stranger = |found: &aws::Subnet| {
            scope.stranger("subnet", found.subnet_id(), found.cidr_block().unwrap_or_default(), found.tags())
        };
        Ok(inside.filter_map(stranger).collect())
    }

    /// The main table goes with its VPC, and that of a regional NAT gateway with the gateway.
    async fn other_tables(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let found = self.ec2.describe_route_tables().filters(scope.filter("vpc-id")).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe route tables in the VPC")?;
        let is_main = |table: &aws::RouteTable| table.associations().iter().any(|one| one.main() == Some(true));
        let gateways = self.ec2.describe_nat_gateways().filter(scope.filter("vpc-id")).into_paginator().items().send();
        let gateways = gateways.collect::<Result<Vec<_>, _>>().await.read("describe NAT gateways in the VPC")?;
        let is_of_gateway = |table: &aws::RouteTable| {
            let id = table.route_table_id();
            id.is_some() && gateways.iter().any(|gateway| gateway.route_table_id() == id)
        };
        let is_known = |table: &aws::RouteTable| is_main(table) || is_of_gateway(table);
        let inside = found.iter().filter(|table| scope.has(table.vpc_id()) && !is_known(table));
        let stranger =
            |found: &aws::RouteTable| scope.stranger("route table", found.route_table_id(), "", found.tags());
        Ok(inside.filter_map(stranger).collect())
    }

    async fn other_lists(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let found = self.ec2.describe_network_acls().filters(scope.filter("vpc-id")).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe access control lists in the VPC")?;
        let inside = found.iter().filter(|list| scope.has(list.vpc_id()) && list.is_default() != Some(true));
        let stranger =
            |found: &aws::NetworkAcl| scope.stranger("network ACL", found.network_acl_id(), "", found.tags());
        Ok(inside.filter_map(stranger).collect())
    }

    async fn other_nat_gateways(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let found = self.ec2.describe_nat_gateways().filter(scope.filter("vpc-id")).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe NAT gateways in the VPC")?;
        let inside = found.iter().filter(|found| scope.has(found.vpc_id()) && nat_state(found) != State::Deleted);
        let stranger =
            |found: &aws::NatGateway| scope.stranger("NAT gateway", found.nat_gateway_id(), "", found.tags());
        Ok(inside.filter_map(stranger).collect())
    }

    async fn other_endpoints(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let found = self.ec2.describe_vpc_endpoints().filters(scope.filter("vpc-id")).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe VPC endpoints in the VPC")?;
        let inside = found.iter().filter(|found| scope.has(found.vpc_id()) && endpoint_state(found) != State::Deleted);
        let stranger = |found: &aws::VpcEndpoint| {
            let service = found.service_name().unwrap_or_default();
            scope.stranger("VPC endpoint", found.vpc_endpoint_id(), service, found.tags())
        };
        Ok(inside.filter_map(stranger).collect())
    }

    /// Internet gateways, egress-only ones, and VPN gateways: a VPC that has one is not deleted.
    async fn other_edges(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let attached = scope.filter("attachment.vpc-id");
        let doors = self.ec2.describe_internet_gateways().filters(attached.clone()).into_paginator().items().send();
        let doors = doors.collect::<Result<Vec<_>, _>>().await.read("describe internet gateways of the VPC")?;
        // EC2 has no filter for this kind but tags ("DescribeEgressOnlyInternetGateways", Amazon EC2 API).
        let exits = self.ec2.describe_egress_only_internet_gateways().into_paginator().items().send();
        let exits = exits.collect::<Result<Vec<_>, _>>().await.read("describe egress-only internet gateways")?;
        let tunnels = self.ec2.describe_vpn_gateways().filters(attached).send().await;
        let tunnels = tunnels.read("describe VPN gateways of the VPC")?;
        let doors = doors.iter().filter(|door| door.attachments().iter().any(|one| scope.has(one.vpc_id())));
        let mut strangers: Vec<Stranger> = doors
            .filter_map(|door| scope.stranger("internet gateway", door.internet_gateway_id(), "", door.tags()))
            .collect();
        let exits = exits.iter().filter(|exit| exit.attachments().iter().any(|one| scope.has(one.vpc_id())));
        strangers.extend(exits.filter_map(|exit| {
            let id = exit.egress_only_internet_gateway_id();
            scope.stranger("egress-only internet gateway", id, "", exit.tags())
        }));
        let is_attached =
            |one: &aws::VpcAttachment| scope.has(one.vpc_id()) && one.state() != Some(&aws::AttachmentStatus::Detached);
        let tunnels = tunnels.vpn_gateways().iter().filter(|found| found.vpc_attachments().iter().any(is_attached));
        strangers.extend(
            tunnels.filter_map(|found| scope.stranger("VPN gateway", found.vpn_gateway_id(), "", found.tags())),
        );
        Ok(strangers)
    }

    /// Peerings from here and to here. Those that ended are shown for a while.
    async fn peerings(&self, scope: &Scope<'_>) -> Result<Vec<Stranger>, Failure> {
        let mut strangers = Vec::new();
        for side in ["requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"] {
            let found = self.ec2.describe_vpc_peering_connections().filters(scope.filter(side)).into_paginator();
            let found = found.items().send().collect::<Result<Vec<_>, _>>().await.read("describe VPC peerings")?;
            for peering in found.iter().filter(|peering| is_alive(peering)) {
                let ends = [peering.requester_vpc_info(), peering.accepter_vpc_info()];
                let ends: Vec<&str> = ends.into_iter().flatten().filter_map(|end| end.vpc_id()).collect();
                if ends.iter().any(|end| scope.has(Some(end))) {
                    let id = peering.vpc_peering_connection_id();
                    strangers.extend(scope.stranger("VPC peering connection", id, &ends.join(" to "), peering.tags()));
                }
            }
        }
        strangers.sort();
        strangers.dedup();
        Ok(strangers)
    }
}

fn is_alive(peering: &aws::VpcPeeringConnection) -> bool {
    let state = peering.status().and_then(|status| status.code());
    !matches!(state, Some(Peering::Deleted | Peering::Rejected | Peering::Failed | Peering::Expired))
}
