//! What the teardown of a network reads and sends.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{item, list, name, ours, tag, tags};
use moat::error::{Failure, Kind};
use moat::name::Logical;
use moat::plan::Bindings;
use moat::rule::{Direction, Peer, Rule};
use moat::stage::{Cloud, Done};
use moat::teardown::network::observed::State;
use moat::teardown::network::{NetworkStep, NetworkTeardown, NetworkTeardownSpec, Observed};
use moat::teardown::{GroupStep, Holder};
use moat_aws::teardown::NetworkTeardownCloud;
use std::collections::BTreeSet;

fn spec() -> NetworkTeardownSpec {
    NetworkTeardownSpec { network: name("main"), services: BTreeSet::new() }
}

async fn observe(wire: &Wire) -> Result<Observed, Failure> {
    let cloud = NetworkTeardownCloud::new(&wire.config());
    Cloud::<NetworkTeardown>::observe(&cloud, &spec()).await
}

async fn apply(wire: &Wire, step: &NetworkStep) -> Result<Done, Failure> {
    NetworkTeardownCloud::new(&wire.config()).apply(&spec(), step, &Bindings::default()).await
}

fn vpc() -> String {
    list("vpcSet", "item", &[item(&[("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/16")], &[ours("vpc")])])
}

/// Answers an action with one body by tag and another by VPC.
fn by_filter(wire: Wire, action: &str, by_tag: String, by_vpc: String) -> Wire {
    wire.respond(action, move |call: &Call| {
        let is_by_tag = call.filters().iter().any(|(name, _)| name.starts_with("tag:"));
        Answer::from(if is_by_tag { by_tag.clone() } else { by_vpc.clone() })
    })
}

#[tokio::test]
async fn c5_every_describe_is_filtered_but_the_one_that_knows_no_filter() {
    let wire = Wire::default().on("DescribeVpcs", [vpc()]);
    observe(&wire).await.unwrap();
    for call in wire.calls() {
        let is_without = call.action == "DescribeEgressOnlyInternetGateways";
        assert!(!call.filters().is_empty() || is_without, "{call:?}");
    }
    let exits: Vec<bool> = wire
        .calls()
        .iter()
        .filter(|call| call.action == "DescribeEgressOnlyInternetGateways")
        .map(|call| call.filters().is_empty())
        .collect();
    assert_eq!(exits.len(), 2, "those of the network by tag, and those of others, which no filter finds");
    assert!(exits.contains(&true) && exits.contains(&false));
}

#[tokio::test]
async fn t5_an_account_without_the_network_is_not_asked_what_is_in_it() {
    let wire = Wire::default();
    assert_eq!(observe(&wire).await.unwrap(), Observed::default());
    let by_tag = [("tag:moat:network".to_owned(), "main".to_owned())];
    assert!(wire.calls().iter().all(|call| call.filters() == by_tag), "{:?}", wire.calls());
}

#[tokio::test]
async fn t6_in_a_vpc_of_others_only_the_interfaces_of_our_group_are_read() {
    let group = item(&[("groupId", "sg-1"), ("vpcId", "vpc-0c")], &[ours("security-group endpoints")]);
    let interface = |id: &str, group: &str| {
        let groups = list("groupSet", "item", &[item(&[("groupId", group)], &[])]);
        item(&[("networkInterfaceId", id), ("vpcId", "vpc-0c"), ("subnetId", "subnet-0a")], &[groups])
    };
    let all = [interface("eni-1", "sg-1"), interface("eni-2", "sg-theirs")];
    let wire = by_filter(
        Wire::default().on("DescribeNetworkInterfaces", [list("networkInterfaceSet", "item", &all)]),
        "DescribeSecurityGroups",
        list("securityGroupInfo", "item", &[group]),
        String::new(),
    );
    let observed = observe(&wire).await.unwrap();
    let ids: Vec<&str> = observed.interfaces.iter().map(|interface| interface.id.as_str()).collect();
    assert_eq!((ids, observed.groups.len()), (vec!["eni-1"], 1));
    let asked = wire.calls().into_iter().find(|call| call.action == "DescribeNetworkInterfaces").expect("it is asked");
    assert_eq!(asked.filters(), [("group-id".to_owned(), "sg-1".to_owned())]);
}

#[tokio::test]
async fn t4_a_gateway_on_its_way_out_is_read_with_its_address() {
    let address = item(&[("allocationId", "eipalloc-1"), ("networkInterfaceId", "eni-1")], &[]);
    let gateway = |id: &str, state: &str| {
        let addresses = list("natGatewayAddressSet", "item", std::slice::from_ref(&address));
        let times =
            [("deleteTime", "2020-01-01T00:00:00Z"), ("natGatewayId", id), ("vpcId", "vpc-1"), ("state", state)];
        item(&times, &[addresses, ours("nat-gateway a")])
    };
    let all = ["available", "deleting", "deleted", "failed", "quantum"];
    let all: Vec<String> = all.iter().map(|state| gateway(&format!("nat-{state}"), state)).collect();
    let wire = Wire::default().on("DescribeNatGateways", [list("natGatewaySet", "item", &all)]);
    let found = observe(&wire).await.unwrap().nat_gateways;
    let states: Vec<State> = found.iter().map(|gateway| gateway.state).collect();
    assert!(matches!(states[1], State::Deleting(Some(age)) if age > 1_000_000), "{states:?}");
    assert_eq!(
        (states[0], states[2], states[3], states[4]),
        (State::There, State::Deleted, State::There, State::There)
    );
    assert_eq!((&*found[0].allocations, &*found[0].interfaces), (&["eipalloc-1".into()][..], &["eni-1".into()][..]));
}

#[tokio::test]
async fn d7_what_is_in_the_vpc_and_not_ours_is_a_stranger() {
    let subnet =
        |id: &str, rest: String| item(&[("subnetId", id), ("vpcId", "vpc-1"), ("cidrBlock", "10.0.9.0/24")], &[rest]);
    let subnets =
        list("subnetSet", "item", &[subnet("subnet-1", ours("subnet private-a")), subnet("subnet-9", String::new())]);
    let group = |id: &str, called: &str, rest: String| {
        item(&[("groupId", id), ("groupName", called), ("vpcId", "vpc-1")], &[rest])
    };
    let groups = [
        group("sg-1", "default", String::new()),
        group("sg-2", "moat-web-tasks", tags("moat:service", "web", "security-group tasks")),
        group("sg-9", "theirs", String::new()),
    ];
    let acl =
        |id: &str, is_default: &str| item(&[("networkAclId", id), ("vpcId", "vpc-1"), ("default", is_default)], &[]);
    let peering = |id: &str, state: &str| {
        let side = |field: &str, vpc: &str| tag(field, tag("vpcId", vpc));
        let status = tag("status", tag("code", state));
        let sides = [side("requesterVpcInfo", "vpc-9"), side("accepterVpcInfo", "vpc-1"), status];
        item(&[("vpcPeeringConnectionId", id)], &sides)
    };
    let exit = |vpc: &str| {
        let attached = list("attachmentSet", "item", &[item(&[("state", "attached"), ("vpcId", vpc)], &[])]);
        item(&[("egressOnlyInternetGatewayId", &format!("eigw-{vpc}"))], &[attached])
    };
    let wire = Wire::default()
        .on("DescribeVpcs", [vpc()])
        .on("DescribeNetworkAcls", [list("networkAclSet", "item", &[acl("acl-1", "true"), acl("acl-9", "false")])])
        .on(
            "DescribeVpcPeeringConnections",
            [list("vpcPeeringConnectionSet", "item", &[peering("pcx-1", "active"), peering("pcx-2", "deleted")])],
        )
        .on(
            "DescribeEgressOnlyInternetGateways",
            [list("egressOnlyInternetGatewaySet", "item", &[exit("vpc-1"), exit("vpc-other")])],
        );
    let ours_alone = list("subnetSet", "item", &[subnet("subnet-1", ours("subnet private-a"))]);
    let wire = by_filter(wire, "DescribeSubnets", ours_alone, subnets);
    let wire = by_filter(wire, "DescribeSecurityGroups", String::new(), list("securityGroupInfo", "item", &groups));
    let observed = observe(&wire).await.unwrap();
    let strangers: BTreeSet<(String, String)> =
        observed.strangers.into_iter().map(|stranger| (stranger.kind, stranger.id)).collect();
    let expected = [
        ("VPC peering connection", "pcx-1"),
        ("egress-only internet gateway", "eigw-vpc-1"),
        ("network ACL", "acl-9"),
        ("security group", "sg-9"),
        ("subnet", "subnet-9"),
    ];
    assert_eq!(strangers, expected.map(|(kind, id)| (kind.to_owned(), id.to_owned())).into());
    assert_eq!(observed.tenants, [(name("web"), "sg-2".into())]);
}

#[tokio::test]
async fn t1_the_way_out_by_ipv6_is_read_with_the_routes_to_it_and_is_no_stranger() {
    let attached = list("attachmentSet", "item", &[item(&[("state", "attached"), ("vpcId", "vpc-1")], &[])]);
    let exit = item(&[("egressOnlyInternetGatewayId", "eigw-1")], &[attached, ours("egress-only-internet-gateway")]);
    let route = |fields: &[(&str, &str)]| item(fields, &[]);
    let routes = [
        route(&[("destinationCidrBlock", "0.0.0.0/0"), ("natGatewayId", "nat-1")]),
        route(&[("destinationIpv6CidrBlock", "::/0"), ("egressOnlyInternetGatewayId", "eigw-1")]),
    ];
    let table = item(
        &[("routeTableId", "rtb-1"), ("vpcId", "vpc-1")],
        &[list("routeSet", "item", &routes), ours("route-table private-a")],
    );
    let wire = Wire::default()
        .on("DescribeVpcs", [vpc()])
        .on("DescribeEgressOnlyInternetGateways", [list("egressOnlyInternetGatewaySet", "item", &[exit])]);
    let wire = by_filter(wire, "DescribeRouteTables", list("routeTableSet", "item", &[table]), String::new());
    let observed = observe(&wire).await.unwrap();
    assert_eq!(observed.egress_only_gateways, ["eigw-1".into()]);
    assert_eq!(observed.route_tables[0].nat_routes, [("0.0.0.0/0".to_owned(), "nat-1".into())]);
    assert_eq!(observed.route_tables[0].exit_routes, [("::/0".to_owned(), "eigw-1".into())]);
    assert!(observed.strangers.is_empty(), "{:?}", observed.strangers);
}

#[tokio::test]
async fn t2_an_interface_is_read_with_what_tells_whose_it_is() {
    let interface = item(
        &[
            ("networkInterfaceId", "eni-1"),
            ("vpcId", "vpc-1"),
            ("subnetId", "subnet-1"),
            ("interfaceType", "nat_gateway"),
            ("description", "Interface for NAT Gateway nat-1"),
            ("requesterId", "123456789012"),
        ],
        &[tag("association", tag("publicIp", "203.0.113.1"))],
    );
    let elsewhere = item(&[("networkInterfaceId", "eni-9"), ("vpcId", "vpc-9"), ("subnetId", "subnet-9")], &[]);
    let wire = Wire::default()
        .on("DescribeVpcs", [vpc()])
        .on("DescribeNetworkInterfaces", [list("networkInterfaceSet", "item", &[interface, elsewhere])]);
    let found = observe(&wire).await.unwrap().interfaces;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].holder(), Holder::NatGateway("nat-1".into()));
    assert_eq!(found[0].public_ip.as_deref(), Some("203.0.113.1"));
}

/// A step, the action that it calls, and fields of the call.
type Sent = (NetworkStep, &'static str, &'static [(&'static str, &'static str)]);

fn steps() -> Vec<Sent> {
    let named = |text: &str| Logical::new(text.to_owned());
    vec![
        (
            NetworkStep::DeleteEndpoint { endpoint: named("vpc-endpoint s3"), id: "vpce-1".into() },
            "DeleteVpcEndpoints",
            &[("VpcEndpointId.1", "vpce-1")],
        ),
        (
            NetworkStep::DeleteRoute {
                table: named("route-table private-a"),
                id: "rtb-1".into(),
                destination: "0.0.0.0/0".into(),
                gateway: "nat-1".into(),
            },
            "DeleteRoute",
            &[("RouteTableId", "rtb-1"), ("DestinationCidrBlock", "0.0.0.0/0")],
        ),
        (
            NetworkStep::DeleteRoute {
                table: named("route-table private-a"),
                id: "rtb-1".into(),
                destination: "::/0".into(),
                gateway: "eigw-1".into(),
            },
            "DeleteRoute",
            &[("RouteTableId", "rtb-1"), ("DestinationIpv6CidrBlock", "::/0")],
        ),
        (
            NetworkStep::DeleteEgressOnlyGateway { id: "eigw-1".into() },
            "DeleteEgressOnlyInternetGateway",
            &[("EgressOnlyInternetGatewayId", "eigw-1")],
        ),
        (
            NetworkStep::DeleteNatGateway { gateway: named("nat-gateway a"), id: "nat-1".into() },
            "DeleteNatGateway",
            &[("NatGatewayId", "nat-1")],
        ),
        (
            NetworkStep::ReleaseAddress { address: named("elastic-ip a"), id: "eipalloc-1".into(), ip: "x".into() },
            "ReleaseAddress",
            &[("AllocationId", "eipalloc-1")],
        ),
        (
            NetworkStep::DetachInternetGateway { id: "igw-1".into(), vpc: "vpc-1".into() },
            "DetachInternetGateway",
            &[("InternetGatewayId", "igw-1"), ("VpcId", "vpc-1")],
        ),
        (
            NetworkStep::DeleteInternetGateway { id: "igw-1".into() },
            "DeleteInternetGateway",
            &[("InternetGatewayId", "igw-1")],
        ),
        (
            NetworkStep::DeleteSubnet { subnet: named("subnet private-a"), id: "subnet-1".into() },
            "DeleteSubnet",
            &[("SubnetId", "subnet-1")],
        ),
        (
            NetworkStep::DeleteRouteTable { table: named("route-table public"), id: "rtb-1".into() },
            "DeleteRouteTable",
            &[("RouteTableId", "rtb-1")],
        ),
        (NetworkStep::DeleteVpc { id: "vpc-1".into() }, "DeleteVpc", &[("VpcId", "vpc-1")]),
    ]
}

#[tokio::test]
async fn t1_each_step_is_one_call_that_names_its_thing() {
    for (step, action, fields) in steps() {
        let wire = Wire::default();
        assert_eq!(apply(&wire, &step).await, Ok(Done::Changed), "{step}");
        let call = wire.call(action);
        for (field, value) in fields {
            assert_eq!(call.field(field), *value, "{step}");
        }
        assert_eq!(wire.calls().len(), 1, "{step}");
    }
}

#[tokio::test]
async fn t5_what_is_gone_already_is_as_good_as_deleted() {
    let codes = [
        "InvalidVpcEndpointId.NotFound",
        "InvalidRoute.NotFound",
        "NatGatewayNotFound",
        "InvalidAllocationID.NotFound",
        "Gateway.NotAttached",
        "InvalidInternetGatewayID.NotFound",
        "InvalidSubnetID.NotFound",
        "InvalidRouteTableID.NotFound",
        "InvalidVpcID.NotFound",
    ];
    for ((step, action, _), code) in steps().into_iter().zip(codes).skip(1) {
        let wire = Wire::default().on(action, [Answer::error(code)]);
        assert_eq!(apply(&wire, &step).await, Ok(Done::Changed), "{step}");
    }
}

#[tokio::test]
async fn t5_an_endpoint_that_was_not_deleted_is_told_although_the_call_succeeded() {
    let (step, action, _) = steps().remove(0);
    let unsuccessful = |code: &str| {
        let error = tag("error", item(&[("code", code), ("message", "so it says")], &[]));
        list("unsuccessful", "item", &[item(&[("resourceId", "vpce-1")], &[error])])
    };
    let wire = Wire::default().on(action, [unsuccessful("InvalidVpcEndpointId.NotFound")]);
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let wire = Wire::default().on(action, [unsuccessful("UnauthorizedOperation")]);
    let failure = apply(&wire, &step).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Denied);
    assert!(failure.message.starts_with("could not delete vpc-endpoint s3 vpce-1: "), "{failure}");
}

#[tokio::test]
async fn t4_an_address_that_a_gateway_still_holds_is_waited_for() {
    let (step, action, _) = steps().remove(3);
    let wire = Wire::default().on(action, [Answer::error("AuthFailure")]);
    assert_eq!(apply(&wire, &step).await.unwrap_err().kind, Kind::Conflict);
}

#[tokio::test]
async fn t6_each_rule_is_taken_out_by_a_call_of_its_own() {
    let rule = |direction, peer: &str| Rule {
        direction,
        protocol: "tcp".into(),
        ports: Some((80, 80)),
        peer: Peer::Group(peer.into()),
    };
    let rules = vec![rule(Direction::Ingress, "sg-2"), rule(Direction::Egress, "sg-2")];
    let group = Logical::from("security-group tasks");
    let step = NetworkStep::Group(GroupStep::Untangle { group, id: "sg-1".into(), rules });
    let wire = Wire::default().on("RevokeSecurityGroupIngress", [Answer::error("InvalidPermission.NotFound")]);
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    for action in ["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"] {
        let call = wire.call(action);
        assert_eq!(call.field("GroupId"), "sg-1");
        assert_eq!(call.field("IpPermissions.1.Groups.1.GroupId"), "sg-2");
    }
}
