//! What somebody does to a network.

use super::strangers::Strangers;
use super::{Call, Calls, Way, ec2};

/// The calls that make this change, where it is about a network.
pub fn calls(way: &Way, them: &Strangers) -> Option<Calls> {
    let resource = way.resource.as_str();
    let kind = resource.split(' ').next().unwrap_or_default();
    Some(match kind {
        "vpc" => vpc(&way.what, them),
        "subnet" => subnet(resource, &way.what, them),
        "internet-gateway" => internet_gateway(&way.what, them),
        "elastic-ip" => elastic_ip(&way.what),
        "nat-gateway" => nat_gateway(resource, &way.what, them),
        "route-table" => route_table(resource, &way.what, them),
        "vpc-endpoint" => endpoint(resource, &way.what, them),
        "default-security-group" => rule(them.id("default-security-group"), &way.what, them),
        _ => return None,
    })
}

/// A copy of a resource with the same tags, made by a call that takes tags.
fn twin(them: &Strangers, of: &str, kind: &str, call: &str) -> Call {
    let tags = them.tags(of).iter().enumerate();
    let tags = tags.map(|(at, (key, value))| {
        let at = at + 1;
        format!("&TagSpecification.1.Tag.{at}.Key={key}&TagSpecification.1.Tag.{at}.Value={value}")
    });
    ec2(format!("{call}&TagSpecification.1.ResourceType={kind}{}", tags.collect::<String>()))
}

const NO_IPV6: &str = "the local AWS has no call that gives a VPC an IPv6 block";

fn vpc(what: &str, them: &Strangers) -> Calls {
    let vpc = them.id("vpc");
    if what.starts_with("ipv6") {
        return Err(NO_IPV6);
    }
    Ok(vec![match what {
        "dns_support" => ec2(format!("ModifyVpcAttribute&VpcId={vpc}&EnableDnsSupport.Value=false")),
        "dns_hostnames" => ec2(format!("ModifyVpcAttribute&VpcId={vpc}&EnableDnsHostnames.Value=false")),
        "tags taken off" => {
            ec2(format!("DeleteTags&ResourceId.1={vpc}&Tag.1.Key=moat:network&Tag.2.Key=moat:resource"))
        }
        "there twice" => twin(them, "vpc", "vpc", "CreateVpc&CidrBlock=10.0.0.0/16"),
        other => panic!("vpc: {other}"),
    }])
}

fn subnet(resource: &str, what: &str, them: &Strangers) -> Calls {
    let subnet = them.id(resource);
    match what {
        "gives_public_ips" => {
            Ok(vec![ec2(format!("ModifySubnetAttribute&SubnetId={subnet}&MapPublicIpOnLaunch.Value=true"))])
        }
        what if what.starts_with("ipv6") => Err(NO_IPV6),
        "deleted" => Ok(vec![ec2(format!("DeleteSubnet&SubnetId={subnet}"))]),
        "there twice, and in use" => {
            let vpc = them.id("vpc");
            let zone = format!("us-east-1{}", resource.chars().last().unwrap_or('a'));
            let call = format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.248.0/24&AvailabilityZone={zone}");
            Ok(vec![twin(them, resource, "subnet", &call)])
        }
        other => panic!("{resource}: {other}"),
    }
}

fn internet_gateway(what: &str, them: &Strangers) -> Calls {
    let (vpc, gateway) = (them.id("vpc"), them.id("internet-gateway"));
    let detach = ec2(format!("DetachInternetGateway&VpcId={vpc}&InternetGatewayId={gateway}"));
    Ok(match what {
        "detached" => vec![detach],
        "deleted" => vec![detach, ec2(format!("DeleteInternetGateway&InternetGatewayId={gateway}"))],
        "there twice" => vec![twin(them, "internet-gateway", "internet-gateway", "CreateInternetGateway")],
        other => panic!("internet-gateway: {other}"),
    })
}

fn elastic_ip(what: &str) -> Calls {
    match what {
        "deleted" => Err("AWS releases no address that a NAT gateway has"),
        "there twice" => Err("its NAT gateway does not show which address it holds, so none is taken for spare"),
        other => panic!("elastic-ip: {other}"),
    }
}

fn nat_gateway(resource: &str, what: &str, them: &Strangers) -> Calls {
    match what {
        "deleted" => Ok(vec![ec2(format!("DeleteNatGateway&NatGatewayId={}", them.id(resource)))]),
        "there twice" => {
            let call =
                format!("CreateNatGateway&SubnetId={}&AllocationId={}", them.id("subnet public-a"), them.address());
            Ok(vec![twin(them, resource, "natgateway", &call)])
        }
        _ => Err("the local AWS deletes a NAT gateway at once"),
    }
}

fn route_table(resource: &str, what: &str, them: &Strangers) -> Calls {
    let table = them.id(resource);
    if let Some(route) = what.strip_prefix("route ") {
        return self::route(table, route, them);
    }
    if let Some(rest) = what.strip_prefix("association of ") {
        let (subnet, fate) = rest.split_at(rest.find(" removed").or(rest.find(" moved")).expect("a fate"));
        let association = them.association(subnet);
        let moved =
            |to: &str| ec2(format!("ReplaceRouteTableAssociation&AssociationId={association}&RouteTableId={to}"));
        return Ok(vec![match fate.trim() {
            "removed" => ec2(format!("DisassociateRouteTable&AssociationId={association}")),
            "moved to the main table" => moved(them.id("<main>")),
            to => moved(them.id(to.trim_start_matches("moved to "))),
        }]);
    }
    match what {
        "deleted" => {
            let associations = them.associations_of(table).into_iter();
            let free = associations.map(|id| ec2(format!("DisassociateRouteTable&AssociationId={id}")));
            Ok(free.chain([ec2(format!("DeleteRouteTable&RouteTableId={table}"))]).collect())
        }
        "there twice" => {
            Ok(vec![twin(them, resource, "route-table", &format!("CreateRouteTable&VpcId={}", them.id("vpc")))])
        }
        other => panic!("{resource}: {other}"),
    }
}

/// `0.0.0.0/0 removed`, `::/0 to the Internet gateway`
fn route(table: &str, what: &str, them: &Strangers) -> Calls {
    let (destination, target) = what.split_once(' ').expect("a destination and a target");
    let field = match destination {
        "pl-theirs" => format!("DestinationPrefixListId={}", them.id("pl-theirs")),
        v6 if v6.contains(':') => format!("DestinationIpv6CidrBlock={v6}"),
        v4 => format!("DestinationCidrBlock={v4}"),
    };
    if !field.starts_with("DestinationCidrBlock") {
        return Err("the local AWS shows no destination of a route but IPv4");
    }
    let delete = ec2(format!("DeleteRoute&RouteTableId={table}&{field}"));
    let target = match target {
        "removed" => return Ok(vec![delete]),
        "to an interface" => format!("NetworkInterfaceId={}", them.id("eni-theirs")),
        "to a peering" => format!("VpcPeeringConnectionId={}", them.id("pcx-theirs")),
        "to the Internet gateway" => format!("GatewayId={}", them.id("internet-gateway")),
        "to an egress-only gateway" => format!("EgressOnlyInternetGatewayId={}", them.id("eigw-theirs")),
        "to a NAT gateway" => format!("NatGatewayId={}", them.id("nat-gateway a")),
        other => panic!("{other}"),
    };
    let has_one = destination == "0.0.0.0/0" && them.has_default_route(table);
    let action = if has_one { "ReplaceRoute" } else { "CreateRoute" };
    Ok(vec![ec2(format!("{action}&RouteTableId={table}&{field}&{target}"))])
}

fn endpoint(resource: &str, what: &str, them: &Strangers) -> Calls {
    let endpoint = them.id(resource);
    let modify = |change: String| ec2(format!("ModifyVpcEndpoint&VpcEndpointId={endpoint}&{change}"));
    match what {
        "deleted" => Ok(vec![ec2(format!("DeleteVpcEndpoints&VpcEndpointId.1={endpoint}"))]),
        "policy" => Err("the local AWS does not show the policy of an endpoint"),
        "there twice, and in use" => {
            let call = format!(
                "CreateVpcEndpoint&VpcId={}&ServiceName=com.amazonaws.us-east-1.s3&RouteTableId.1={}",
                them.id("vpc"),
                them.id("<main>")
            );
            Ok(vec![twin(them, resource, "vpc-endpoint", &call)])
        }
        "there twice" => {
            let call = format!("CreateVpcEndpoint&VpcId={}&ServiceName=com.amazonaws.us-east-1.s3", them.id("vpc"));
            Ok(vec![twin(them, resource, "vpc-endpoint", &call)])
        }
        what if what.ends_with(" taken off") => {
            Ok(vec![modify(format!("RemoveRouteTableId.1={}", them.id(what.trim_end_matches(" taken off"))))])
        }
        what => {
            let table = what.trim_end_matches(" put on").trim_matches(['<', '>']);
            let table = if table == "main" { "<main>" } else { table };
            Ok(vec![modify(format!("AddRouteTableId.1={}", them.id(table)))])
        }
    }
}

/// `rule tcp 22 in from anywhere (0.0.0.0/0) added`
pub fn rule(group: &str, what: &str, them: &Strangers) -> Calls {
    let what = what.strip_prefix("rule ").expect("a rule");
    let (what, is_added) = match what.strip_suffix(" added") {
        Some(what) => (what, true),
        None => (what.strip_suffix(" removed").expect("added or removed"), false),
    };
    let (traffic, peer, direction) = match what.split_once(" in from ") {
        Some((traffic, peer)) => (traffic, peer, "Ingress"),
        None => what.split_once(" out to ").map(|(traffic, peer)| (traffic, peer, "Egress")).expect("a direction"),
    };
    let traffic = match traffic.strip_prefix("tcp ") {
        Some(port) => {
            format!("IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort={port}&IpPermissions.1.ToPort={port}")
        }
        None => "IpPermissions.1.IpProtocol=-1".into(),
    };
    let range = peer.trim_start_matches("anywhere (").trim_end_matches(')');
    let peer = match range {
        "pl-theirs" => return Err("the local AWS keeps no prefix list of a rule"),
        "sg-theirs" => format!("IpPermissions.1.Groups.1.GroupId={}", them.id("sg-theirs")),
        "<main>" => format!("IpPermissions.1.Groups.1.GroupId={}", them.id("default-security-group")),
        group if group.starts_with('<') => {
            format!("IpPermissions.1.Groups.1.GroupId={}", them.id(group.trim_matches(['<', '>'])))
        }
        v6 if v6.contains(':') => format!("IpPermissions.1.Ipv6Ranges.1.CidrIpv6={v6}"),
        v4 => format!("IpPermissions.1.IpRanges.1.CidrIp={v4}"),
    };
    let action = if is_added { "Authorize" } else { "Revoke" };
    Ok(vec![ec2(format!("{action}SecurityGroup{direction}&GroupId={group}&{traffic}&{peer}"))])
}
