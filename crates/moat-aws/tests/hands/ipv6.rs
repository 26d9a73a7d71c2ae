//! What IPv6 reads and sends: blocks, ranges, egress-only Internet gateways, and the address type of load balancers.

use crate::ingress_apply;
use crate::network_apply::known;
use crate::wire::{Answer, Wire};
use crate::xml::{item, list, ours, stage, tag, tags};
use moat::cidr::Anywhere;
use moat::error::{Failure, Kind};
use moat::ingress::IngressStep;
use moat::ingress::desired::AddressType;
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::observed::{Ipv6Range, Observed};
use moat::network::step::Gateway;
use moat::plan::Bindings;
use moat::spec::{LoadBalancerKind, Scheme};
use moat::stage::{Cloud, Done};
use moat_aws::ingress::IngressCloud;
use moat_aws::network::NetworkCloud;

const BLOCK: &str = "2600:1f18:12:ab00::/56";

fn bound() -> Bindings {
    let mut known = known();
    known.bind(Logical::from("egress-only-internet-gateway"), "eigw-1".to_owned());
    known.bind(Logical::from("vpc ipv6-range available"), BLOCK.to_owned());
    known
}

async fn apply(wire: &Wire, step: &NetworkStep) -> Result<Done, Failure> {
    NetworkCloud::new(&wire.config()).apply(&stage(), step, &bound()).await
}

async fn observe(wire: &Wire) -> Observed {
    NetworkCloud::new(&wire.config()).observe(&stage()).await.unwrap()
}

#[tokio::test]
async fn a_vpc_is_given_a_block_of_amazons_and_a_subnet_its_number_of_it() {
    let wire = Wire::default();
    assert_eq!(apply(&wire, &NetworkStep::AssociateIpv6Block).await, Ok(Done::Changed));
    let call = wire.call("AssociateVpcCidrBlock");
    assert_eq!((call.field("VpcId"), call.field("AmazonProvidedIpv6CidrBlock")), ("vpc-1", "true"));
    let step = NetworkStep::AssociateIpv6Range { subnet: Logical::from("subnet private-a"), number: 128 };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("AssociateSubnetCidrBlock");
    assert_eq!((call.field("SubnetId"), call.field("Ipv6CidrBlock")), ("subnet-2", "2600:1f18:12:ab80::/64"));
}

/// C4: neither call takes a token, so the SDK repeats none whose answer was lost.
#[tokio::test]
async fn c4_a_lost_answer_to_a_request_for_a_block_is_not_asked_for_twice() {
    let wire = Wire::default().on("AssociateVpcCidrBlock", [Answer::Lost]);
    let failure = apply(&wire, &NetworkStep::AssociateIpv6Block).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert_eq!(wire.count("AssociateVpcCidrBlock"), 1);
}

#[tokio::test]
async fn c5_an_egress_only_gateway_is_created_in_the_vpc_with_its_tags_in_the_same_call() {
    let answer = tag("egressOnlyInternetGateway", tag("egressOnlyInternetGatewayId", "eigw-9"));
    let wire = Wire::default().on("CreateEgressOnlyInternetGateway", [answer]);
    assert_eq!(apply(&wire, &NetworkStep::CreateEgressOnlyGateway).await, Ok(Done::Made("eigw-9".into())));
    let call = wire.call("CreateEgressOnlyInternetGateway");
    assert_eq!(call.field("VpcId"), "vpc-1");
    assert_eq!(call.field("TagSpecification.1.ResourceType"), "egress-only-internet-gateway");
    let tags = call.pairs("TagSpecification.1.Tag", "Key", "Value");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let name = "egress-only-internet-gateway";
    assert_eq!(
        tags,
        [pair("Name", &format!("moat main {name}")), pair("moat:network", "main"), pair("moat:resource", name)]
    );
    let step = NetworkStep::DeleteEgressOnlyGateway { id: "eigw-7".into(), is_unused: true };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    assert_eq!(wire.call("DeleteEgressOnlyInternetGateway").field("EgressOnlyInternetGatewayId"), "eigw-7");
}

#[tokio::test]
async fn e3_a_default_route_by_ipv6_names_the_gateway_by_its_kind() {
    let wire = Wire::default();
    let to = |table: &str, gateway| NetworkStep::CreateRoute {
        table: Logical::from(table),
        destination: Anywhere::Ipv6,
        gateway,
    };
    apply(&wire, &to("route-table public", Gateway::Internet)).await.unwrap();
    apply(&wire, &to("route-table private-a", Gateway::EgressOnly)).await.unwrap();
    let replace = NetworkStep::ReplaceRoute {
        table: Logical::from("route-table private-a"),
        destination: Anywhere::Ipv6,
        gateway: Gateway::EgressOnly,
        old: moat::network::observed::Target::InternetGateway("igw-1".into()),
        is_black_hole: false,
    };
    apply(&wire, &replace).await.unwrap();
    let delete = NetworkStep::DeleteDefaultRoute {
        table: Logical::from("route-table private-a"),
        id: "rtb-2".into(),
        destination: Anywhere::Ipv6,
        target: moat::network::observed::Target::Other("eigw-1".into()),
        is_black_hole: false,
    };
    apply(&wire, &delete).await.unwrap();
    let names = [
        "RouteTableId",
        "DestinationCidrBlock",
        "DestinationIpv6CidrBlock",
        "GatewayId",
        "NatGatewayId",
        "EgressOnlyInternetGatewayId",
    ];
    let sent: Vec<_> = wire.calls().iter().map(|call| names.map(|name| call.field(name).to_owned())).collect();
    assert_eq!(sent[0], ["rtb-1", "", "::/0", "igw-1", "", ""]);
    assert_eq!(sent[1], ["rtb-2", "", "::/0", "", "", "eigw-1"]);
    assert_eq!(sent[2], ["rtb-2", "", "::/0", "", "", "eigw-1"]);
    assert_eq!(sent[3], ["rtb-2", "", "::/0", "", "", ""]);
}

#[tokio::test]
async fn blocks_and_ranges_are_read_with_their_state_and_those_that_failed_are_none() {
    let block =
        |state: &str, text: &str| item(&[("ipv6CidrBlock", text)], &[tag("ipv6CidrBlockState", tag("state", state))]);
    let blocks = [
        block("failed", "2600:1f18:1::/56"),
        block("associating", "2600:1f18:2::/56"),
        block("associated", BLOCK),
        block("disassociated", "2600:1f18:3::/56"),
    ];
    let blocks = list("ipv6CidrBlockAssociationSet", "item", &blocks);
    let vpc = item(&[("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/16")], &[blocks, ours("vpc")]);
    let subnet = |id: &str, ranges: &[String]| {
        let fields =
            [("subnetId", id), ("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/20"), ("availabilityZone", "eu-west-1a")];
        item(&fields, &[list("ipv6CidrBlockAssociationSet", "item", ranges), ours(&format!("subnet {id}"))])
    };
    let subnets = [
        subnet(
            "one",
            &[block("disassociated", "2600:1f18:12:ab01::/64"), block("associated", "2600:1f18:12:ab02::/64")],
        ),
        subnet("two", &[block("associating", "2600:1f18:12:ab03::/64")]),
        subnet("three", &[block("failed", "2600:1f18:12:ab04::/64")]),
    ];
    let wire = Wire::default()
        .on("DescribeVpcs", [list("vpcSet", "item", &[vpc])])
        .on("DescribeSubnets", [list("subnetSet", "item", &subnets)]);
    let observed = observe(&wire).await;
    let range =
        |text: &str, is_associated| Ipv6Range { range: moat::ipv6::Ipv6Cidr::new(text).unwrap(), is_associated };
    assert_eq!(observed.vpcs[0].ipv6, [range("2600:1f18:2::/56", false), range(BLOCK, true)]);
    assert!(!observed.vpcs[0].is_ipv6_coming);
    for unnamed in [block("associating", ""), item(&[], &[tag("ipv6CidrBlockState", tag("state", "associating"))])] {
        let blocks = list("ipv6CidrBlockAssociationSet", "item", &[unnamed]);
        let vpc = item(&[("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/16")], &[blocks, ours("vpc")]);
        let wire = Wire::default().on("DescribeVpcs", [list("vpcSet", "item", &[vpc])]);
        let found = observe(&wire).await;
        assert!(found.vpcs[0].ipv6.is_empty() && found.vpcs[0].is_ipv6_coming, "AWS does not name it yet");
    }
    let ranges: Vec<Option<Ipv6Range>> = observed.subnets.into_iter().map(|subnet| subnet.ipv6).collect();
    let expected = [Some(range("2600:1f18:12:ab02::/64", true)), Some(range("2600:1f18:12:ab03::/64", false)), None];
    assert_eq!(ranges, expected);
}

#[tokio::test]
async fn c5_egress_only_gateways_are_asked_for_by_tag_and_read_with_their_vpc() {
    let exit = |id: &str, attachments: &[String], tags: String| {
        item(&[("egressOnlyInternetGatewayId", id)], &[list("attachmentSet", "item", attachments), tags])
    };
    let attached = || item(&[("state", "attached"), ("vpcId", "vpc-1")], &[]);
    let name = "egress-only-internet-gateway";
    let all = [
        exit("eigw-1", &[attached()], ours(name)),
        exit("eigw-2", &[attached()], tags("moat:network", "other", name)),
        exit("eigw-3", &[], ours(name)),
    ];
    let set = list("egressOnlyInternetGatewaySet", "item", &all);
    let block = item(&[("ipv6CidrBlock", BLOCK)], &[tag("ipv6CidrBlockState", tag("state", "associated"))]);
    let blocks = list("ipv6CidrBlockAssociationSet", "item", &[block]);
    let vpc = item(&[("vpcId", "vpc-1"), ("cidrBlock", "10.0.0.0/16")], &[blocks, ours("vpc")]);
    let wire = Wire::default()
        .on("DescribeVpcs", [list("vpcSet", "item", &[vpc])])
        .on("DescribeEgressOnlyInternetGateways", [set]);
    let observed = observe(&wire).await;
    let call = wire.call("DescribeEgressOnlyInternetGateways");
    assert_eq!(call.filters(), [("tag:moat:network".to_owned(), "main".to_owned())]);
    let [gateway] = &observed.egress_only_gateways[..] else { panic!("{observed:?}") };
    assert_eq!((gateway.id.as_str(), gateway.vpc.as_str()), ("eigw-1", "vpc-1"));

    let wire = Wire::default();
    observe(&wire).await;
    assert_eq!(wire.count("DescribeEgressOnlyInternetGateways"), 0, "nobody asks for them where there is no IPv6");
}

#[tokio::test]
async fn a_load_balancer_is_made_with_its_address_type_and_turned_in_place() {
    let made = list("LoadBalancers", "member", &[tag("LoadBalancerArn", "arn:lb")]);
    let wire = Wire::default().on("CreateLoadBalancer", [made]);
    let bound = crate::xml::bindings(&[("subnet public-a", "subnet-1"), ("security-group load-balancer", "sg-1")]);
    let apply = async |step: IngressStep| {
        IngressCloud::new(&wire.config()).apply(&ingress_apply::spec(), &step, &bound).await.unwrap()
    };
    let subnets = || vec![Logical::from("subnet public-a")];
    let (kind, scheme) = (LoadBalancerKind::Application, Scheme::InternetFacing);
    for address_type in [AddressType::DualStack, AddressType::Ipv4] {
        apply(IngressStep::CreateLoadBalancer { kind, scheme, address_type, subnets: subnets() }).await;
        assert_eq!(wire.calls().pop().unwrap().field("IpAddressType"), address_type.as_str());
        apply(IngressStep::SetAddressType { arn: "arn:lb".into(), address_type, subnets: subnets() }).await;
        let call = wire.calls().pop().unwrap();
        assert_eq!(call.action, "SetIpAddressType");
        let fields = (call.field("LoadBalancerArn"), call.field("IpAddressType"));
        assert_eq!(fields, ("arn:lb", address_type.as_str()));
    }
}
