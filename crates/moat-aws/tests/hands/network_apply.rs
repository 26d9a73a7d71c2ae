//! What the network's steps send.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{bindings, item, list, stage, tag};
use moat::cidr::{Anywhere, Cidr};
use moat::error::{Failure, Kind};
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired::NatPlace;
use moat::network::observed::Target;
use moat::network::step::Gateway;
use moat::plan::Bindings;
use moat::rule::{Direction, Peer, Rule};
use moat::stage::{Cloud, Done};
use moat::token;
use moat_aws::network::NetworkCloud;

pub fn known() -> Bindings {
    bindings(&[
        ("vpc", "vpc-1"),
        ("internet-gateway", "igw-1"),
        ("internet-gateway attachment", "igw-1"),
        ("subnet public-a", "subnet-1"),
        ("subnet private-a", "subnet-2"),
        ("elastic-ip a", "eipalloc-1"),
        ("nat-gateway a", "nat-1"),
        ("nat-gateway a available", "nat-1"),
        ("route-table public", "rtb-1"),
        ("route-table private-a", "rtb-2"),
        ("default-security-group", "sg-1"),
    ])
}

pub async fn apply(wire: &Wire, step: &NetworkStep) -> Result<Done, Failure> {
    NetworkCloud::new(&wire.config()).apply(&stage(), step, &known()).await
}

pub fn cidr(text: &str) -> Cidr {
    Cidr::new(text).expect("a range")
}

/// The tags that are in the call itself: a crash after it leaves nothing without an owner.
#[track_caller]
fn assert_tagged(call: &Call, kind: &str, resource: &str) {
    assert_eq!(call.field("TagSpecification.1.ResourceType"), kind);
    let tags = call.pairs("TagSpecification.1.Tag", "Key", "Value");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected =
        [pair("Name", &format!("moat main {resource}")), pair("moat:network", "main"), pair("moat:resource", resource)];
    assert_eq!(tags, expected);
}

fn made(id: &str) -> Result<Done, Failure> {
    Ok(Done::Made(id.to_owned()))
}

#[tokio::test]
async fn c5_a_vpc_is_created_with_its_tags_in_the_same_call() {
    let wire = Wire::default().on("CreateVpc", [tag("vpc", tag("vpcId", "vpc-9"))]);
    assert_eq!(apply(&wire, &NetworkStep::CreateVpc { cidr: cidr("10.0.0.0/16") }).await, made("vpc-9"));
    let call = wire.call("CreateVpc");
    assert_eq!(call.field("CidrBlock"), "10.0.0.0/16");
    assert_tagged(&call, "vpc", "vpc");
}

#[tokio::test]
async fn a_subnet_is_created_in_its_zone_and_never_asked_to_give_public_ips() {
    let wire = Wire::default().on("CreateSubnet", [tag("subnet", tag("subnetId", "subnet-9"))]);
    let subnet = Logical::from("subnet private-b");
    let step = NetworkStep::CreateSubnet { subnet, cidr: cidr("10.0.16.0/20"), zone: "eu-west-1b".into() };
    assert_eq!(apply(&wire, &step).await, made("subnet-9"));
    let call = wire.call("CreateSubnet");
    assert_eq!(call.field("VpcId"), "vpc-1");
    assert_eq!(call.field("CidrBlock"), "10.0.16.0/20");
    assert_eq!(call.field("AvailabilityZone"), "eu-west-1b");
    assert_tagged(&call, "subnet", "subnet private-b");
    assert_eq!(wire.calls().len(), 1, "MapPublicIpOnLaunch is off in a new subnet");
}

#[tokio::test]
async fn an_internet_gateway_is_created_and_attached() {
    let wire = Wire::default().on("CreateInternetGateway", [tag("internetGateway", tag("internetGatewayId", "igw-9"))]);
    assert_eq!(apply(&wire, &NetworkStep::CreateInternetGateway).await, made("igw-9"));
    assert_tagged(&wire.call("CreateInternetGateway"), "internet-gateway", "internet-gateway");
    assert_eq!(apply(&wire, &NetworkStep::AttachInternetGateway).await, made("igw-1"));
    let call = wire.call("AttachInternetGateway");
    assert_eq!((call.field("VpcId"), call.field("InternetGatewayId")), ("vpc-1", "igw-1"));
}

#[tokio::test]
async fn an_elastic_ip_is_allocated_for_a_vpc() {
    let wire = Wire::default().on("AllocateAddress", [tag("allocationId", "eipalloc-9")]);
    let step = NetworkStep::AllocateAddress { address: Logical::from("elastic-ip a") };
    assert_eq!(apply(&wire, &step).await, made("eipalloc-9"));
    let call = wire.call("AllocateAddress");
    assert_eq!(call.field("Domain"), "vpc");
    assert_tagged(&call, "elastic-ip", "elastic-ip a");
}

#[tokio::test]
async fn c4_a_nat_gateway_has_the_derived_token_and_a_successor_has_another() {
    let wire = Wire::default().on("CreateNatGateway", [tag("natGateway", tag("natGatewayId", "nat-9"))]);
    let name = Logical::from("nat-gateway a");
    let step = |predecessor: Option<&str>| NetworkStep::CreateNatGateway {
        place: NatPlace::Zone('a'),
        predecessor: predecessor.map(Into::into),
    };
    assert_eq!(apply(&wire, &step(None)).await, made("nat-9"));
    let call = wire.call("CreateNatGateway");
    assert_eq!((call.field("SubnetId"), call.field("AllocationId")), ("subnet-1", "eipalloc-1"));
    assert_eq!(call.field("ClientToken"), token::derive("vpc-1 subnet-1 eipalloc-1", &name, None));
    assert_tagged(&call, "natgateway", "nat-gateway a");
    apply(&wire, &step(None)).await.unwrap();
    apply(&wire, &step(Some("nat-dead"))).await.unwrap();
    let tokens: Vec<String> = wire.calls().iter().map(|call| call.field("ClientToken").to_owned()).collect();
    assert_eq!(tokens[1], tokens[0], "the same intent, the same token");
    assert_eq!(tokens[2], token::derive("vpc-1 subnet-1 eipalloc-1", &name, Some("nat-dead")));
}

#[tokio::test]
async fn c4_a_token_that_answers_with_one_that_died_unseen_is_used_up_and_the_next_one_comes_after_it() {
    let gateway =
        |id: &str, born: &str| tag("natGateway", format!("{}{}", tag("natGatewayId", id), tag("createTime", born)));
    let (old, new) = ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    let wire =
        Wire::default().on("CreateNatGateway", [gateway("nat-1", old), gateway("nat-2", old), gateway("nat-3", new)]);
    let name = Logical::from("nat-gateway a");
    let step = NetworkStep::CreateNatGateway { place: NatPlace::Zone('a'), predecessor: None };
    assert_eq!(apply(&wire, &step).await, made("nat-3"));
    let creates = |wire: &Wire| -> Vec<String> {
        let calls = wire.calls().into_iter().filter(|call| call.action == "CreateNatGateway");
        calls.map(|call| call.field("ClientToken").to_owned()).collect()
    };
    let tokens = creates(&wire);
    let wanted = [None, Some("nat-1"), Some("nat-2")];
    assert_eq!(tokens, wanted.map(|dead| token::derive("vpc-1 subnet-1 eipalloc-1", &name, dead)));

    let wire = Wire::default().on("CreateNatGateway", [gateway("nat-1", old)]);
    let failure = apply(&wire, &step).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
    assert_eq!(creates(&wire).len(), 10, "and it does not ask for ever");

    let alive = item(&[("natGatewayId", "nat-1"), ("state", "available")], &[]);
    let wire = Wire::default()
        .on("CreateNatGateway", [gateway("nat-1", old)])
        .on("DescribeNatGateways", [list("natGatewaySet", "item", &[alive])]);
    assert_eq!(apply(&wire, &step).await, made("nat-1"), "one that lives without its tags is not doubled");
    assert_eq!(creates(&wire).len(), 1);
}

#[tokio::test]
async fn a_route_table_never_has_the_token_of_one_that_may_be_deleted_since() {
    let wire = Wire::default().on("CreateRouteTable", [tag("routeTable", tag("routeTableId", "rtb-9"))]);
    let table = Logical::from("route-table private-b");
    assert_eq!(apply(&wire, &NetworkStep::CreateRouteTable { table: table.clone() }).await, made("rtb-9"));
    let call = wire.call("CreateRouteTable");
    assert_eq!(call.field("VpcId"), "vpc-1");
    assert_tagged(&call, "route-table", "route-table private-b");
    apply(&wire, &NetworkStep::CreateRouteTable { table }).await.unwrap();
    let tokens: Vec<String> = wire.calls().iter().map(|call| call.field("ClientToken").to_owned()).collect();
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn the_s3_endpoint_is_a_gateway_on_the_named_tables() {
    let wire = Wire::default().on("CreateVpcEndpoint", [tag("vpcEndpoint", tag("vpcEndpointId", "vpce-9"))]);
    let tables = vec![Logical::from("route-table public"), Logical::from("route-table private-a")];
    assert_eq!(apply(&wire, &NetworkStep::CreateS3Endpoint { tables, policy: None }).await, made("vpce-9"));
    let call = wire.call("CreateVpcEndpoint");
    assert_eq!(call.field("VpcEndpointType"), "Gateway");
    assert_eq!(call.field("ServiceName"), "com.amazonaws.eu-west-1.s3");
    assert_eq!((call.field("RouteTableId.1"), call.field("RouteTableId.2")), ("rtb-1", "rtb-2"));
    assert_tagged(&call, "vpc-endpoint", "vpc-endpoint s3");
}

#[tokio::test]
async fn c3_a_default_route_names_the_gateway_by_its_kind() {
    let wire = Wire::default();
    let to = |table: &str, gateway| NetworkStep::CreateRoute {
        table: Logical::from(table),
        destination: Anywhere::Ipv4,
        gateway,
    };
    apply(&wire, &to("route-table public", Gateway::Internet)).await.unwrap();
    apply(&wire, &to("route-table private-a", Gateway::Nat(NatPlace::Zone('a')))).await.unwrap();
    let calls = wire.calls();
    let fields = |call: &Call| {
        ["RouteTableId", "DestinationCidrBlock", "GatewayId", "NatGatewayId"].map(|name| call.field(name).to_owned())
    };
    assert_eq!(fields(&calls[0]), ["rtb-1", "0.0.0.0/0", "igw-1", ""]);
    assert_eq!(fields(&calls[1]), ["rtb-2", "0.0.0.0/0", "", "nat-1"]);
}

#[tokio::test]
async fn c3_a_step_whose_gateway_is_not_available_yet_is_a_defect_and_no_call() {
    let wire = Wire::default();
    let step = NetworkStep::CreateRoute {
        table: Logical::from("route-table private-a"),
        destination: Anywhere::Ipv4,
        gateway: Gateway::Nat(NatPlace::Zone('b')),
    };
    let failure = apply(&wire, &step).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
    assert!(failure.message.contains("nat-gateway b available"), "{failure}");
    assert!(wire.calls().is_empty());
}

#[tokio::test]
async fn a_route_is_deleted_by_the_kind_of_its_destination() {
    let wire = Wire::default();
    let fields = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
    for (i, destination) in ["0.0.0.0/0", "::/0", "pl-1"].into_iter().enumerate() {
        let step = NetworkStep::DeleteRoute {
            table: Logical::from("route-table private-a"),
            id: "rtb-2".into(),
            destination: destination.into(),
            target: Target::InternetGateway("igw-1".into()),
        };
        assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
        let call = wire.calls().pop().unwrap();
        assert_eq!(call.field("RouteTableId"), "rtb-2");
        for (j, field) in fields.iter().enumerate() {
            assert_eq!(call.field(field), if i == j { destination } else { "" }, "{field} for {destination}");
        }
    }
}

#[tokio::test]
async fn the_default_group_is_emptied_by_exactly_the_rules_that_were_seen() {
    let wire = Wire::default();
    let inward =
        Rule { direction: Direction::Ingress, protocol: "-1".into(), ports: None, peer: Peer::Group("sg-1".into()) };
    let step = NetworkStep::EmptyDefaultGroup { group: Some("sg-1".into()), rules: vec![inward, Rule::all_out()] };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let (inward, outward) = (wire.call("RevokeSecurityGroupIngress"), wire.call("RevokeSecurityGroupEgress"));
    assert_eq!(inward.field("GroupId"), "sg-1");
    assert_eq!(inward.field("IpPermissions.1.Groups.1.GroupId"), "sg-1");
    assert_eq!(outward.field("IpPermissions.1.IpProtocol"), "-1");
    assert_eq!(outward.field("IpPermissions.1.IpRanges.1.CidrIp"), "0.0.0.0/0");
    assert_eq!(outward.field("IpPermissions.2.IpProtocol"), "");
}

#[tokio::test]
async fn nothing_is_changed_by_a_step_that_was_done_before() {
    for (action, code, step) in [
        ("CreateRoute", "RouteAlreadyExists", route()),
        ("AssociateRouteTable", "Resource.AlreadyAssociated", associate()),
        ("AttachInternetGateway", "Resource.AlreadyAssociated", NetworkStep::AttachInternetGateway),
    ] {
        let wire = Wire::default().on(action, [Answer::error(code)]);
        assert_eq!(apply(&wire, &step).await, Ok(Done::Already), "{action}");
    }
}

#[tokio::test]
async fn d4_the_policy_of_the_endpoint_is_reset_to_that_of_aws() {
    let wire = Wire::default();
    assert_eq!(apply(&wire, &NetworkStep::ResetEndpointPolicy { endpoint: "vpce-1".into() }).await, Ok(Done::Changed));
    let call = wire.call("ModifyVpcEndpoint");
    assert_eq!(["VpcEndpointId", "ResetPolicy"].map(|name| call.field(name)), ["vpce-1", "true"]);
}

#[tokio::test]
async fn a_gateway_that_is_gone_already_counts_as_deleted() {
    let wire = Wire::default().on("DeleteNatGateway", [Answer::error("NatGatewayNotFound")]);
    let step = NetworkStep::DeleteNatGateway {
        gateway: Logical::from("nat-gateway a"),
        id: "nat-1".into(),
        why: "it failed".into(),
        is_unused: true,
    };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    assert_eq!(wire.call("DeleteNatGateway").field("NatGatewayId"), "nat-1");
}

#[tokio::test]
async fn an_answer_without_the_id_is_a_failure_and_no_panic() {
    let wire = Wire::default().on("CreateVpc", [item(&[], &[])]);
    let failure = apply(&wire, &NetworkStep::CreateVpc { cidr: cidr("10.0.0.0/16") }).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
    assert_eq!(failure.message, "could not create vpc 10.0.0.0/16: AWS's answer has no id");
}

fn route() -> NetworkStep {
    NetworkStep::CreateRoute {
        table: Logical::from("route-table public"),
        destination: Anywhere::Ipv4,
        gateway: Gateway::Internet,
    }
}

fn associate() -> NetworkStep {
    NetworkStep::AssociateRouteTable {
        table: Logical::from("route-table public"),
        subnet: Logical::from("subnet public-a"),
    }
}

#[tokio::test]
async fn a_regional_nat_gateway_is_asked_for_a_vpc_and_neither_for_a_subnet_nor_for_an_address() {
    let wire = Wire::default().on("CreateNatGateway", [tag("natGateway", tag("natGatewayId", "nat-9"))]);
    let step = NetworkStep::CreateNatGateway { place: NatPlace::Regional, predecessor: None };
    assert_eq!(apply(&wire, &step).await, made("nat-9"));
    let call = wire.call("CreateNatGateway");
    assert_eq!((call.field("AvailabilityMode"), call.field("VpcId")), ("regional", "vpc-1"));
    assert_eq!((call.field("SubnetId"), call.field("AllocationId")), ("", ""));
    let token = token::derive("vpc-1", &Logical::from("nat-gateway regional"), None);
    assert_eq!(call.field("ClientToken"), token);
    assert_tagged(&call, "natgateway", "nat-gateway regional");
}

#[tokio::test]
async fn an_interface_endpoint_has_its_group_its_subnets_its_names_and_its_policy_from_the_first_moment() {
    use moat::network::endpoints::{EndpointStep, Policy};
    let wire = Wire::default().on("CreateVpcEndpoint", [tag("vpcEndpoint", tag("vpcEndpointId", "vpce-9"))]);
    let policy = Policy::Own { registries: Default::default() };
    let step = NetworkStep::Endpoint(EndpointStep::Create {
        service: moat::spec::EndpointService::EcrApi,
        subnets: vec![Logical::from("subnet private-a")],
        policy: policy.clone(),
        after: None,
    });
    let mut known = known();
    known.bind(Logical::from("security-group endpoints"), "sg-2");
    known.bind(Logical::from("account"), "123456789012");
    let cloud = NetworkCloud::new(&wire.config());
    assert_eq!(cloud.apply(&stage(), &step, &known).await, made("vpce-9"));
    let call = wire.call("CreateVpcEndpoint");
    assert_eq!((call.field("VpcEndpointType"), call.field("PrivateDnsEnabled")), ("Interface", "true"));
    assert_eq!((call.field("SubnetId.1"), call.field("SecurityGroupId.1")), ("subnet-2", "sg-2"));
    assert!(call.field("ServiceName").ends_with(".ecr.api"));
    assert!(call.field("PolicyDocument").contains("123456789012"));
    assert_tagged(&call, "vpc-endpoint", "vpc-endpoint ecr.api");
}
