//! Reads a network: eight describes side by side, all but that of the zones by tag, then what belongs to the VPC.

use super::{NetworkCloud, endpoints};
use crate::answer::{Answer, present};
use crate::clock::age;
use crate::ec2::{filter, owned_by, resource, rules};
use aws_sdk_ec2::types::{
    self as aws, AttributeBooleanValue, NatGatewayState, SubnetCidrBlockStateCode, VpcAttributeName,
    VpcCidrBlockStateCode, VpcEndpointType,
};
use futures_util::future::try_join_all;
use moat::cidr::Cidr;
use moat::error::{Failure, Kind};
use moat::ids::VpcId;
use moat::ipv6::Ipv6Cidr;
use moat::network::observed::{
    Address, DefaultGroup, EgressOnlyInternetGateway, Endpoint, Group, InterfaceEndpoint, InternetGateway, Ipv6Range,
    NatGateway, NatState, Observed, Route, RouteTable, Subnet, Target, Vpc,
};
use moat::preflight::zones;
use moat::tags::Owner;
use tokio::try_join;

impl NetworkCloud {
    pub(super) async fn observe_network(&self, owner: &Owner, has_ipv6: bool) -> Result<Observed, Failure> {
        let (zones, found, subnets, internet_gateways, addresses, nat_gateways, endpoints, groups) = try_join!(
            self.zones(),
            self.vpcs(owner),
            self.subnets(owner),
            self.internet_gateways(owner),
            self.addresses(owner),
            self.nat_gateways(owner),
            self.endpoints(owner),
            self.groups(owner),
        )?;
        let (endpoints, interface_endpoints) = endpoints;
        let account = found.iter().find_map(|vpc| vpc.account.clone());
        let ids: Vec<VpcId> = found.iter().map(|vpc| vpc.id.clone()).collect();
        let has_ipv6 = has_ipv6 || found.iter().any(|vpc| !vpc.ipv6.is_empty());
        let (vpcs, route_tables, default_groups, egress_only_gateways) = try_join!(
            try_join_all(found.into_iter().map(|found| self.vpc(found))),
            self.route_tables(owner, &ids),
            self.default_groups(&ids),
            // Without IPv6 there never was one.
            async { if has_ipv6 { self.egress_only_gateways(owner).await } else { Ok(Vec::new()) } },
        )?;
        Ok(Observed {
            region: self.region.clone(),
            account,
            zones,
            vpcs,
            subnets,
            internet_gateways,
            egress_only_gateways,
            addresses,
            nat_gateways,
            route_tables,
            endpoints,
            interface_endpoints,
            groups,
            default_groups,
            existing: None,
        })
    }

    async fn zones(&self) -> Result<Vec<String>, Failure> {
        let answer = self.ec2.describe_availability_zones().filters(filter("state", ["available".into()])).send().await;
        let answer = answer.read("describe availability zones")?;
        // Local Zones and Wavelength Zones have no NAT gateways.
        let is_usual = |zone: &&aws::AvailabilityZone| zone.zone_type().is_none_or(|kind| kind == "availability-zone");
        // Nor can tasks run in every zone.
        let has_fargate = |zone: &&aws::AvailabilityZone| zones::has_fargate(zone.zone_id().unwrap_or_default());
        let usual = answer.availability_zones().iter().filter(is_usual).filter(has_fargate);
        let mut zones: Vec<String> = usual.filter_map(|zone| zone.zone_name().map(str::to_owned)).collect();
        zones.sort();
        Ok(zones)
    }

    async fn vpcs(&self, owner: &Owner) -> Result<Vec<FoundVpc>, Failure> {
        let doing = format!("describe VPCs of {owner}");
        let found = self.ec2.describe_vpcs().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter(|vpc| resource(owner, vpc.tags()).is_some());
        ours.map(|vpc| {
            let account = vpc.owner_id().map(str::to_owned);
            let (id, cidr) = (id(vpc.vpc_id(), &doing)?.into(), cidr(vpc.cidr_block(), &doing)?);
            let is_ipv6_coming = vpc.ipv6_cidr_block_association_set().iter().any(is_coming);
            Ok(FoundVpc { id, cidr, ipv6: ipv6_blocks(vpc, &doing)?, is_ipv6_coming, account })
        })
        .collect()
    }

    async fn vpc(&self, FoundVpc { id, cidr, ipv6, is_ipv6_coming, account: _ }: FoundVpc) -> Result<Vpc, Failure> {
        let attribute = async |name: VpcAttributeName| {
            let doing = format!("describe {name} of {id}");
            self.ec2.describe_vpc_attribute().vpc_id(id.as_str()).attribute(name).send().await.read(doing)
        };
        let (support, hostnames) =
            try_join!(attribute(VpcAttributeName::EnableDnsSupport), attribute(VpcAttributeName::EnableDnsHostnames))?;
        let (dns_support, dns_hostnames) =
            (is_on(support.enable_dns_support()), is_on(hostnames.enable_dns_hostnames()));
        Ok(Vpc { id, cidr, dns_support, dns_hostnames, ipv6, is_ipv6_coming })
    }

    async fn subnets(&self, owner: &Owner) -> Result<Vec<Subnet>, Failure> {
        let doing = format!("describe subnets of {owner}");
        let found = self.ec2.describe_subnets().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|subnet| Some((subnet, resource(owner, subnet.tags())?)));
        ours.map(|(subnet, resource)| {
            Ok(Subnet {
                id: id(subnet.subnet_id(), &doing)?.into(),
                resource,
                vpc: id(subnet.vpc_id(), &doing)?.into(),
                cidr: cidr(subnet.cidr_block(), &doing)?,
                zone: id(subnet.availability_zone(), &doing)?.to_owned(),
                gives_public_ips: subnet.map_public_ip_on_launch().unwrap_or(false),
                ipv6: ipv6_range(subnet, &doing)?,
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
            Ok(InternetGateway { id: id(gateway.internet_gateway_id(), &doing)?.into(), vpc })
        })
        .collect()
    }

    async fn egress_only_gateways(&self, owner: &Owner) -> Result<Vec<EgressOnlyInternetGateway>, Failure> {
        let doing = format!("describe egress-only internet gateways of {owner}");
        let found = self.ec2.describe_egress_only_internet_gateways().filters(owned_by(owner)).into_paginator();
        let found = found.items().send().collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter(|gateway| resource(owner, gateway.tags()).is_some());
        // It is made in a VPC and never leaves it, so one without has just been deleted.
        let inside = ours.filter_map(|gateway| {
            Some((gateway, gateway.attachments().iter().find_map(|attachment| attachment.vpc_id())?))
        });
        inside
            .map(|(gateway, vpc)| {
                let id = id(gateway.egress_only_internet_gateway_id(), &doing)?.into();
                Ok(EgressOnlyInternetGateway { id, vpc: vpc.into() })
            })
            .collect()
    }

    async fn addresses(&self, owner: &Owner) -> Result<Vec<Address>, Failure> {
        let doing = format!("describe elastic IPs of {owner}");
        let found = self.ec2.describe_addresses().filters(owned_by(owner)).send().await.read(&doing)?;
        let ours = found.addresses().iter().filter_map(|address| Some((address, resource(owner, address.tags())?)));
        ours.map(|(address, resource)| {
            Ok(Address {
                id: id(address.allocation_id(), &doing)?.into(),
                resource,
                ip: address.public_ip().unwrap_or_default().to_owned(),
                is_associated: address.association_id().is_some(),
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
            let addresses = gateway.nat_gateway_addresses();
            Ok(NatGateway {
                id: id(gateway.nat_gateway_id(), &doing)?.into(),
                resource,
                vpc: id(gateway.vpc_id(), &doing)?.into(),
                subnet: match gateway.availability_mode() {
                    // It stands in no subnet, and its addresses are AWS's.
                    Some(aws::AvailabilityMode::Regional) => None,
                    _ => Some(id(gateway.subnet_id(), &doing)?.into()),
                },
                allocation: addresses.iter().find_map(|address| address.allocation_id()).map(Into::into),
                ips: addresses.iter().filter_map(|address| address.public_ip()).map(str::to_owned).collect(),
                state: nat_state(gateway),
                age: age(gateway.create_time()),
            })
        })
        .collect()
    }

    async fn endpoints(&self, owner: &Owner) -> Result<(Vec<Endpoint>, Vec<InterfaceEndpoint>), Failure> {
        let doing = format!("describe VPC endpoints of {owner}");
        let found = self.ec2.describe_vpc_endpoints().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let ours = found.iter().filter_map(|endpoint| Some((endpoint, resource(owner, endpoint.tags())?)));
        let is_interface =
            |(endpoint, _): &(&aws::VpcEndpoint, _)| endpoint.vpc_endpoint_type() == Some(&VpcEndpointType::Interface);
        let (interfaces, gateways): (Vec<_>, Vec<_>) = ours.partition(is_interface);
        let interfaces = interfaces.into_iter().map(|(found, name)| endpoints::interface(found, name, &doing));
        let gateways = gateways.into_iter().map(|(endpoint, resource)| {
            Ok(Endpoint {
                id: id(endpoint.vpc_endpoint_id(), &doing)?.into(),
                resource,
                vpc: id(endpoint.vpc_id(), &doing)?.into(),
                tables: endpoint.route_table_ids().iter().map(|table| table.as_str().into()).collect(),
                policy: endpoint.policy_document().map(str::to_owned),
                is_live: endpoints::state(endpoint, None).is_live(),
            })
        });
        Ok((gateways.collect::<Result<_, Failure>>()?, interfaces.collect::<Result<_, Failure>>()?))
    }

    /// The network's groups: the one of its endpoints.
    async fn groups(&self, owner: &Owner) -> Result<Vec<Group>, Failure> {
        let doing = format!("describe security groups of {owner}");
        let found = self.ec2.describe_security_groups().filters(owned_by(owner)).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        found.iter().filter_map(|group| endpoints::group(owner, group, &doing)).collect()
    }

    /// All route tables of these VPCs, also those of others: a subnet may be associated with any of them.
    async fn route_tables(&self, owner: &Owner, vpcs: &[VpcId]) -> Result<Vec<RouteTable>, Failure> {
        if vpcs.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("describe route tables of {owner}");
        let inside = filter("vpc-id", vpcs.iter().map(|vpc| vpc.0.clone()));
        let found = self.ec2.describe_route_tables().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let tables = found.iter().filter(|table| is_inside(vpcs, table.vpc_id()));
        tables.map(|table| route_table(owner, table, &doing)).collect()
    }

    async fn default_groups(&self, vpcs: &[VpcId]) -> Result<Vec<DefaultGroup>, Failure> {
        if vpcs.is_empty() {
            return Ok(Vec::new());
        }
        let doing = "describe default security groups";
        let inside = filter("vpc-id", vpcs.iter().map(|vpc| vpc.0.clone()));
        let named = filter("group-name", ["default".into()]);
        let found = self.ec2.describe_security_groups().filters(inside).filters(named).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let groups = found.iter().filter(|group| group.group_name() == Some("default"));
        let groups = groups.filter(|group| is_inside(vpcs, group.vpc_id()));
        groups
            .map(|group| {
                Ok(DefaultGroup {
                    id: id(group.group_id(), doing)?.into(),
                    vpc: id(group.vpc_id(), doing)?.into(),
                    rules: rules(group)?,
                })
            })
            .collect()
    }
}

/// What describing VPCs says of one.
struct FoundVpc {
    id: VpcId,
    cidr: Cidr,
    ipv6: Vec<Ipv6Range>,
    is_ipv6_coming: bool,
    /// Who owns it.
    account: Option<String>,
}

/// Those that are there, or will be in a moment. One that failed or goes is as good as none.
fn ipv6_blocks(vpc: &aws::Vpc, doing: &str) -> Result<Vec<Ipv6Range>, Failure> {
    let blocks = vpc.ipv6_cidr_block_association_set().iter();
    let blocks = blocks.filter_map(|block| {
        let is_associated = match block.ipv6_cidr_block_state()?.state()? {
            VpcCidrBlockStateCode::Associated => true,
            VpcCidrBlockStateCode::Associating => false,
            _ => return None,
        };
        let text = block.ipv6_cidr_block().filter(|text| !text.is_empty())?;
        Some(ipv6(text, is_associated, doing))
    });
    blocks.collect()
}

/// AWS names a block of Amazon's only a moment after it began to associate it; until then it is empty ("create-vpc", AWS CLI
/// reference, the example with an IPv6 block).
fn is_coming(block: &aws::VpcIpv6CidrBlockAssociation) -> bool {
    let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
    state == Some(&VpcCidrBlockStateCode::Associating) && block.ipv6_cidr_block().is_none_or(str::is_empty)
}

/// A subnet has one at most that is there ("AssociateSubnetCidrBlock", Amazon EC2 API).
fn ipv6_range(subnet: &aws::Subnet, doing: &str) -> Result<Option<Ipv6Range>, Failure> {
    let ranges = subnet.ipv6_cidr_block_association_set().iter();
    let mut ranges = ranges.filter_map(|range| {
        let is_associated = match range.ipv6_cidr_block_state()?.state()? {
            SubnetCidrBlockStateCode::Associated => true,
            SubnetCidrBlockStateCode::Associating => false,
            _ => return None,
        };
        Some(ipv6(range.ipv6_cidr_block()?, is_associated, doing))
    });
    ranges.next().transpose()
}

fn ipv6(text: &str, is_associated: bool, doing: &str) -> Result<Ipv6Range, Failure> {
    let unreadable = |why| Failure::new(Kind::Unexpected, format!("{doing}: {why}"));
    Ok(Ipv6Range { range: Ipv6Cidr::new(text).map_err(unreadable)?, is_associated })
}

/// The filter of the describe said so already; looked at again, as the tags of everything else are.
fn is_inside(vpcs: &[VpcId], vpc: Option<&str>) -> bool {
    vpcs.iter().any(|ours| Some(ours.as_str()) == vpc)
}

/// A route table with its explicit associations.
fn route_table(owner: &Owner, table: &aws::RouteTable, doing: &str) -> Result<RouteTable, Failure> {
    let associations = table.associations().iter().filter_map(|association| {
        Some((association.route_table_association_id()?.into(), association.subnet_id()?.into()))
    });
    Ok(RouteTable {
        id: id(table.route_table_id(), doing)?.into(),
        resource: resource(owner, table.tags()),
        vpc: id(table.vpc_id(), doing)?.into(),
        associations: associations.collect(),
        routes: routes(table),
    })
}

pub(super) fn routes(table: &aws::RouteTable) -> Vec<Route> {
    table.routes().iter().filter_map(route).collect()
}

fn route(route: &aws::Route) -> Option<Route> {
    let destination = route
        .destination_cidr_block()
        .or_else(|| route.destination_ipv6_cidr_block())
        .or_else(|| route.destination_prefix_list_id())?;
    Some(Route {
        destination: destination.to_owned(),
        target: target(route),
        is_active: route.state() != Some(&aws::RouteState::Blackhole),
    })
}

/// AWS names the target in the field of its kind; `GatewayId` is shared by `local`, Internet gateways and endpoints.
fn target(route: &aws::Route) -> Target {
    if let Some(nat) = route.nat_gateway_id() {
        return Target::NatGateway(nat.into());
    }
    match route.gateway_id() {
        Some("local") => Target::Local,
        Some(id) if id.starts_with("igw-") => Target::InternetGateway(id.into()),
        Some(id) => Target::Other(id.to_owned()),
        None => {
            let others = [
                route.transit_gateway_id(),
                route.vpc_peering_connection_id(),
                route.network_interface_id(),
                route.instance_id(),
                route.egress_only_internet_gateway_id(),
                route.local_gateway_id(),
                route.carrier_gateway_id(),
                route.core_network_arn(),
            ];
            Target::Other(others.into_iter().flatten().next().unwrap_or("an unknown target").to_owned())
        }
    }
}

pub(crate) fn nat_state(gateway: &aws::NatGateway) -> NatState {
    match gateway.state() {
        Some(NatGatewayState::Available) => NatState::Available,
        Some(NatGatewayState::Deleting) => NatState::Deleting,
        Some(NatGatewayState::Deleted) => NatState::Deleted,
        Some(NatGatewayState::Failed) => NatState::Failed(format!(
            "{}: {}",
            gateway.failure_code().unwrap_or("no code"),
            gateway.failure_message().unwrap_or("no message")
        )),
        // Also states that this version of the SDK does not know: never count them as available.
        _ => NatState::Pending,
    }
}

pub(super) fn is_on(value: Option<&AttributeBooleanValue>) -> bool {
    value.and_then(|value| value.value()).unwrap_or(false)
}

pub(super) fn id<'a>(value: Option<&'a str>, doing: &str) -> Result<&'a str, Failure> {
    present(value, doing, "id")
}

pub(super) fn cidr(text: Option<&str>, doing: &str) -> Result<Cidr, Failure> {
    let text = present(text, doing, "range")?;
    Cidr::new(text).map_err(|why| Failure::new(Kind::Unexpected, format!("could not {doing}: {why}")))
}
