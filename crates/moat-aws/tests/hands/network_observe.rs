//! What the network reads: always by filter, every page, and only what is its own.

use crate::wire::{Answer, Wire};
use crate::xml::{item, list, ours, stage, tag, tags};
use moat::error::{Failure, Kind};
use moat::network::observed::{NatState, Observed, Target};
use moat::rule::Rule;
use moat::stage::Cloud;
use moat_aws::network::NetworkCloud;

async fn observe(wire: &Wire) -> Result<Observed, Failure> {
    NetworkCloud::new(&wire.config()).observe(&stage()).await
}

fn vpc(id: &str, tags: String) -> String {
    item(&[("vpcId", id), ("cidrBlock", "10.0.0.0/16")], &[tags])
}

fn subnet(id: &str, tags: String) -> String {
    let zone = ("availabilityZone", "eu-west-1a");
    item(&[("subnetId", id), ("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/20"), zone], &[tags])
}

fn nat(id: &str, state: &[(&str, &str)], tags: String) -> String {
    let address = list("natGatewayAddressSet", "item", &[item(&[("allocationId", "eipalloc-1")], &[])]);
    let fields = [("natGatewayId", id), ("vpcId", "vpc-1"), ("subnetId", "subnet-1")];
    item(&[&fields[..], state].concat(), &[tags, address])
}

fn table(id: &str, vpc: &str, rest: &[String]) -> String {
    item(&[("routeTableId", id), ("vpcId", vpc)], rest)
}

/// An account with one VPC of ours, so that everything that hangs on a VPC is read as well.
fn one_vpc() -> Wire {
    Wire::default().on("DescribeVpcs", [list("vpcSet", "item", &[vpc("vpc-1", ours("vpc"))])])
}

#[tokio::test]
async fn c5_every_describe_is_filtered_by_the_owners_tag_or_by_its_own_vpcs() {
    let wire = one_vpc();
    observe(&wire).await.unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for call in wire.calls() {
        let expected = match call.action.as_str() {
            "DescribeAvailabilityZones" => vec![pair("state", "available")],
            "DescribeRouteTables" => vec![pair("vpc-id", "vpc-1")],
            "DescribeSecurityGroups" if call.filters().len() == 2 => {
                vec![pair("vpc-id", "vpc-1"), pair("group-name", "default")]
            }
            "DescribeVpcAttribute" => {
                assert_eq!(call.field("VpcId"), "vpc-1");
                continue;
            }
            _ => vec![pair("tag:moat:network", "main")],
        };
        assert_eq!(call.filters(), expected, "{}", call.action);
    }
    assert_eq!(wire.calls().len(), 12, "eight by tag or state, two attributes, tables and default groups");
}

#[tokio::test]
async fn c5_without_a_vpc_nothing_is_asked_about_the_inside_of_one() {
    let wire = Wire::default();
    let observed = observe(&wire).await.unwrap();
    assert!(observed.ids().is_empty());
    assert_eq!((wire.count("DescribeRouteTables"), wire.count("DescribeSecurityGroups")), (0, 1));
}

#[tokio::test]
async fn pages_are_followed_to_the_end_also_past_an_empty_one() {
    let page = |subnets: &[String], next: &str| list("subnetSet", "item", subnets) + &tag("nextToken", next);
    let wire = one_vpc().on(
        "DescribeSubnets",
        [
            page(&[subnet("subnet-1", ours("subnet public-a"))], "two"),
            page(&[], "three"),
            list("subnetSet", "item", &[subnet("subnet-2", ours("subnet private-a"))]),
        ],
    );
    let observed = observe(&wire).await.unwrap();
    let ids: Vec<&str> = observed.subnets.iter().map(|subnet| subnet.id.as_str()).collect();
    assert_eq!(ids, ["subnet-1", "subnet-2"]);
    let calls = wire.calls();
    let tokens = calls.iter().filter(|call| call.action == "DescribeSubnets").map(|call| call.field("NextToken"));
    assert_eq!(tokens.collect::<Vec<_>>(), ["", "two", "three"]);
    let filtered = calls.iter().filter(|call| call.action == "DescribeSubnets").all(|call| call.filters().len() == 1);
    assert!(filtered, "the filter is on every page");
}

#[tokio::test]
async fn c5_what_is_not_ours_is_dropped_even_if_aws_ignores_the_filter() {
    let not_ours = || tags("moat:network", "other", "vpc");
    let untagged = String::new;
    let set = |name: &str, of: &dyn Fn(String) -> String| list(name, "item", &[of(not_ours()), of(untagged())]);
    let gateway = |tags| item(&[("internetGatewayId", "igw-7")], &[tags]);
    let address = |tags| item(&[("allocationId", "eipalloc-7")], &[tags]);
    let endpoint = |tags| item(&[("vpcEndpointId", "vpce-7"), ("vpcId", "vpc-7")], &[tags]);
    let vpcs = [vpc("vpc-7", not_ours()), vpc("vpc-8", untagged()), vpc("vpc-1", ours("vpc"))];
    let group = item(&[("groupId", "sg-7"), ("vpcId", "vpc-7"), ("groupName", "default")], &[]);
    let wire = Wire::default()
        .on("DescribeVpcs", [list("vpcSet", "item", &vpcs)])
        .on("DescribeSubnets", [set("subnetSet", &|tags| subnet("subnet-7", tags))])
        .on("DescribeInternetGateways", [set("internetGatewaySet", &gateway)])
        .on("DescribeAddresses", [set("addressesSet", &address)])
        .on("DescribeNatGateways", [set("natGatewaySet", &|tags| nat("nat-7", &[], tags))])
        .on("DescribeVpcEndpoints", [set("vpcEndpointSet", &endpoint)])
        .on("DescribeRouteTables", [list("routeTableSet", "item", &[table("rtb-7", "vpc-7", &[])])])
        .on("DescribeSecurityGroups", [list("securityGroupInfo", "item", &[group])]);
    let observed = observe(&wire).await.unwrap();
    assert_eq!(observed.ids().into_iter().collect::<Vec<_>>(), ["vpc-1"]);
}

#[tokio::test]
async fn c2_each_state_of_a_nat_gateway_is_told_and_a_failed_one_with_the_reason() {
    let states = [
        ("pending", NatState::Pending),
        ("available", NatState::Available),
        ("deleting", NatState::Deleting),
        ("deleted", NatState::Deleted),
        ("quantum", NatState::Pending),
        ("failed", NatState::Failed("Gateway.NotAttached: Network vpc-1 has no gateway".into())),
    ];
    for (state, expected) in states {
        let why = [("failureCode", "Gateway.NotAttached"), ("failureMessage", "Network vpc-1 has no gateway")];
        let fields = [&[("state", state), ("createTime", "2020-01-01T00:00:00.000Z")], &why[..]].concat();
        let found = nat("nat-1", &fields, ours("nat-gateway a"));
        let wire = one_vpc().on("DescribeNatGateways", [list("natGatewaySet", "item", &[found])]);
        let observed = observe(&wire).await.unwrap();
        let [gateway] = &observed.nat_gateways[..] else { panic!("{observed:?}") };
        assert_eq!(gateway.state, expected);
        assert_eq!(gateway.resource.as_str(), "nat-gateway a");
        assert_eq!(gateway.allocation.as_ref().map(|id| id.as_str()), Some("eipalloc-1"));
        assert!(gateway.age.is_some_and(|age| age > 60 * 60 * 24));
    }
}

#[tokio::test]
async fn routes_are_read_with_the_kind_of_their_target_and_tables_of_others_as_such() {
    let route = |destination: &str, fields: &[(&str, &str)]| {
        let range = if destination.contains(':') { "destinationIpv6CidrBlock" } else { "destinationCidrBlock" };
        item(&[&[(range, destination)], fields].concat(), &[])
    };
    let routes = [
        route("10.0.0.0/16", &[("gatewayId", "local"), ("state", "active")]),
        route("0.0.0.0/0", &[("natGatewayId", "nat-1"), ("state", "blackhole")]),
        route("::/0", &[("gatewayId", "igw-1"), ("state", "active")]),
        route("192.168.0.0/16", &[("vpcPeeringConnectionId", "pcx-1")]),
    ];
    let association = |fields: &[(&str, &str)]| item(fields, &[]);
    let associations = [
        association(&[("routeTableAssociationId", "rtbassoc-1"), ("subnetId", "subnet-1"), ("main", "false")]),
        association(&[("routeTableAssociationId", "rtbassoc-0"), ("main", "true")]),
    ];
    let rest = [list("routeSet", "item", &routes), list("associationSet", "item", &associations)];
    let tables = [table("rtb-1", "vpc-1", &rest), table("rtb-2", "vpc-1", &[ours("route-table public")])];
    let wire = one_vpc().on("DescribeRouteTables", [list("routeTableSet", "item", &tables)]);
    let observed = observe(&wire).await.unwrap();
    let [foreign, own] = &observed.route_tables[..] else { panic!("{observed:?}") };
    assert_eq!(foreign.resource, None);
    assert_eq!(own.resource.as_ref().map(|name| name.as_str()), Some("route-table public"));
    assert_eq!(foreign.associations, [("rtbassoc-1".into(), "subnet-1".into())], "the main one names no subnet");
    let read: Vec<_> = foreign.routes.iter().map(|r| (r.destination.as_str(), r.target.clone(), r.is_active)).collect();
    let expected = [
        ("10.0.0.0/16", Target::Local, true),
        ("0.0.0.0/0", Target::NatGateway("nat-1".into()), false),
        ("::/0", Target::InternetGateway("igw-1".into()), true),
        ("192.168.0.0/16", Target::Other("pcx-1".into()), true),
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn the_vpcs_attributes_zones_and_default_group_are_read() {
    let zone = |name: &str, kind: &str| item(&[("zoneName", name), ("zoneType", kind)], &[]);
    let zones = [
        zone("eu-west-1b", "availability-zone"),
        zone("eu-west-1-lon-1a", "local-zone"),
        zone("eu-west-1a", "availability-zone"),
    ];
    let everywhere = list("ipRanges", "item", &[tag("cidrIp", "0.0.0.0/0")]);
    let all_out = list("ipPermissionsEgress", "item", &[item(&[("ipProtocol", "-1")], &[everywhere])]);
    let group = item(&[("groupId", "sg-1"), ("vpcId", "vpc-1"), ("groupName", "default")], &[all_out]);
    let wire = one_vpc()
        .on("DescribeAvailabilityZones", [list("availabilityZoneInfo", "item", &zones)])
        .on("DescribeSecurityGroups", [list("securityGroupInfo", "item", &[group])])
        .respond("DescribeVpcAttribute", |call| match call.field("Attribute") {
            "enableDnsSupport" => tag("enableDnsSupport", tag("value", "true")).into(),
            _ => tag("enableDnsHostnames", tag("value", "false")).into(),
        });
    let observed = observe(&wire).await.unwrap();
    assert_eq!(observed.region, "eu-west-1");
    assert_eq!(observed.zones, ["eu-west-1a", "eu-west-1b"], "a Local Zone has no NAT gateways");
    assert_eq!((observed.vpcs[0].dns_support, observed.vpcs[0].dns_hostnames), (true, false));
    assert_eq!(observed.default_groups[0].rules, [Rule::all_out()]);
}

#[tokio::test]
async fn unreadable_is_never_absent() {
    for action in ["DescribeVpcs", "DescribeSubnets", "DescribeNatGateways", "DescribeAddresses"] {
        let wire = Wire::default().on(action, [Answer::error("UnauthorizedOperation")]);
        let failure = observe(&wire).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Denied, "{action}");
    }
}

#[tokio::test]
async fn an_interface_endpoint_is_read_with_all_its_fields_in_whatever_case_ec2_writes_its_state() {
    use moat::network::observed::EndpointState;
    let fields = [
        ("vpcEndpointId", "vpce-1"),
        ("vpcId", "vpc-1"),
        ("vpcEndpointType", "Interface"),
        ("state", "available"),
        ("privateDnsEnabled", "true"),
        ("policyDocument", "{}"),
    ];
    let subnets = list("subnetIdSet", "item", &["subnet-2".to_owned()]);
    let groups = list("groupSet", "item", &[item(&[("groupId", "sg-2")], &[])]);
    let interface = item(&fields, &[subnets, groups, ours("vpc-endpoint ecr.api")]);
    let gateway =
        [("vpcEndpointId", "vpce-2"), ("vpcId", "vpc-1"), ("vpcEndpointType", "Gateway"), ("state", "deleted")];
    let gateway = item(&gateway, &[ours("vpc-endpoint s3")]);
    let wire = one_vpc().on("DescribeVpcEndpoints", [list("vpcEndpointSet", "item", &[interface, gateway])]);
    let observed = observe(&wire).await.unwrap();
    let [endpoint] = &observed.interface_endpoints[..] else { panic!("{observed:?}") };
    assert_eq!((endpoint.id.as_str(), &endpoint.state), ("vpce-1", &EndpointState::Available));
    assert!(endpoint.private_dns && endpoint.policy.as_deref() == Some("{}"));
    assert_eq!((endpoint.subnets.len(), endpoint.groups.len()), (1, 1));
    assert!(matches!(&observed.endpoints[..], [gone] if !gone.is_live), "the gateway endpoint is gone: {observed:?}");
}

#[tokio::test]
async fn a_regional_nat_gateway_stands_in_no_subnet_and_holds_no_address_of_ours() {
    let address = item(&[("publicIp", "203.0.113.7")], &[]);
    let fields =
        [("natGatewayId", "nat-1"), ("vpcId", "vpc-1"), ("availabilityMode", "regional"), ("state", "available")];
    let rest = [list("natGatewayAddressSet", "item", &[address]), ours("nat-gateway regional")];
    let wire = one_vpc().on("DescribeNatGateways", [list("natGatewaySet", "item", &[item(&fields, &rest)])]);
    let observed = observe(&wire).await.unwrap();
    let [gateway] = &observed.nat_gateways[..] else { panic!("{observed:?}") };
    assert_eq!((&gateway.subnet, &gateway.allocation), (&None, &None));
    assert_eq!(gateway.ips, ["203.0.113.7"]);
}
