//! The VPC itself: its ranges, and how names are found in it.

use super::Reader;
use crate::answer::{Answer, present};
use crate::ec2::filter;
use aws_sdk_ec2::types::{self as aws, AttributeBooleanValue, VpcAttributeName, VpcCidrBlockState};
use moat::error::{Failure, Kind};
use moat::ids::{SubnetId, VpcId};
use moat::proof::facts::{Endpoint, EndpointKind, Vpc};
use moat::proof::ranges::Range;
use tokio::try_join;

/// What Amazon's own resolver is called in DHCP options, and where it is ("DNS attributes for your VPC", VPC guide).
const AMAZONS: [&str; 3] = ["AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"];

impl Reader {
    /// The VPC and whether it answers names, without what is said of them elsewhere.
    pub(super) async fn vpc(&self, id: &str) -> Result<(aws::Vpc, bool), Failure> {
        let doing = format!("describe {id}");
        let by_id = filter("vpc-id", [id.to_owned()]);
        let vpcs = async {
            let found = self.ec2.describe_vpcs().filters(by_id).into_paginator().items().send();
            found.collect::<Result<Vec<_>, _>>().await.read(&doing)
        };
        let (found, support) = try_join!(vpcs, self.attribute(id, VpcAttributeName::EnableDnsSupport))?;
        let absent = || Failure::new(Kind::Refused, format!("there is no {id} in {} of this account", self.region));
        let vpc = found.into_iter().find(|vpc| vpc.vpc_id() == Some(id)).ok_or_else(absent)?;
        Ok((vpc, support))
    }

    async fn attribute(&self, id: &str, name: VpcAttributeName) -> Result<bool, Failure> {
        let doing = format!("describe {name} of {id}");
        // A VPC that is not there is told as such by the describe beside this one.
        let found = self.ec2.describe_vpc_attribute().vpc_id(id).attribute(name).send().await.find(doing)?;
        let is_on = |value: &AttributeBooleanValue| value.value().unwrap_or(false);
        let value =
            found.as_ref().and_then(|found| found.enable_dns_support().or_else(|| found.enable_dns_hostnames()));
        Ok(value.is_some_and(is_on))
    }

    /// DNS host names are asked for only where interface endpoints have private names, which need them; and the DHCP
    /// options only where there are any.
    pub(super) async fn with_names(&self, found: (aws::Vpc, bool), endpoints: &[Endpoint]) -> Result<Vpc, Failure> {
        let (vpc, dns_support) = found;
        let id = present(vpc.vpc_id(), "describe VPCs", "id")?;
        let has_names = endpoints.iter().any(|one| matches!(one.kind, EndpointKind::Interface { .. }));
        let hostnames = async {
            if has_names { self.attribute(id, VpcAttributeName::EnableDnsHostnames).await } else { Ok(dns_support) }
        };
        let (dns_hostnames, other_resolvers) = try_join!(hostnames, self.resolvers(vpc.dhcp_options_id()))?;
        Ok(Vpc { id: id.into(), ranges: ranges(&vpc), dns_support, dns_hostnames, other_resolvers })
    }

    /// Name servers other than Amazon's.
    async fn resolvers(&self, options: Option<&str>) -> Result<Vec<String>, Failure> {
        let Some(options) = options.filter(|id| id.starts_with("dopt-")) else { return Ok(Vec::new()) };
        let by_id = filter("dhcp-options-id", [options.to_owned()]);
        let call = self.ec2.describe_dhcp_options().filters(by_id).into_paginator().items().send();
        let found = call.collect::<Result<Vec<_>, _>>().await.read(format!("describe DHCP options {options}"));
        let found = match found {
            Err(failure) if failure.kind == Kind::Denied => {
                return Ok(vec![format!("{options}, which could not be read")]);
            }
            found => found?,
        };
        let ours = found.iter().filter(|found| found.dhcp_options_id() == Some(options));
        let servers = ours
            .flat_map(|found| found.dhcp_configurations())
            .filter(|configuration| configuration.key() == Some("domain-name-servers"))
            .flat_map(|configuration| configuration.values())
            .filter_map(|value| value.value());
        Ok(servers.filter(|server| !AMAZONS.contains(server)).map(str::to_owned).collect())
    }

    /// The VPC that these subnets are in.
    pub(super) async fn vpc_of(&self, subnets: &[SubnetId]) -> Result<VpcId, Failure> {
        let doing = "find the VPC of the service's subnets";
        let by_id = filter("subnet-id", subnets.iter().map(|id| id.0.clone()));
        let found = self.ec2.describe_subnets().filters(by_id).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(doing)?;
        let named = found.iter().find(|found| subnets.iter().any(|id| found.subnet_id() == Some(id.as_str())));
        let absent = || {
            let ids: Vec<&str> = subnets.iter().map(|id| id.as_str()).collect();
            Failure::new(Kind::Refused, format!("none of the service's subnets exists: {}", ids.join(", ")))
        };
        Ok(present(named.ok_or_else(absent)?.vpc_id(), doing, "VPC")?.into())
    }
}

fn ranges(vpc: &aws::Vpc) -> Vec<Range> {
    let is_in_force = |state: Option<&VpcCidrBlockState>| {
        let state = state.and_then(|state| state.state()).map_or("associated", |state| state.as_str());
        state.starts_with("associat")
    };
    let ipv4 = vpc.cidr_block_association_set().iter().filter(|one| is_in_force(one.cidr_block_state()));
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter().filter(|one| is_in_force(one.ipv6_cidr_block_state()));
    let texts = vpc.cidr_block().into_iter();
    let texts =
        texts.chain(ipv4.filter_map(|one| one.cidr_block())).chain(ipv6.filter_map(|one| one.ipv6_cidr_block()));
    let mut ranges: Vec<Range> = texts.filter_map(|text| Range::new(text).ok()).collect();
    ranges.sort();
    ranges.dedup();
    ranges
}
