//! What is read of a network that somebody else made: by the ids that the spec names, whatever the tags.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{item, list, tag};
use moat::error::{Failure, Kind};
use moat::network::NetworkStageSpec;
use moat::network::existing::observed::{Beside, Existing, OtherEndpoint, OtherKind, Subnet, Table, Vpc};
use moat::network::observed::{Observed, Route, Target};
use moat::spec::Needs;
use moat::stage::Cloud;
use moat_aws::network::NetworkCloud;
use serde_json::json;

fn corp() -> NetworkStageSpec {
    let existing = json!({
        "vpcId": "vpc-0c", "publicSubnets": ["subnet-0a", "subnet-0b"], "privateSubnets": ["subnet-1a", "subnet-0e"]
    });
    let network = serde_json::from_value(json!({"name": "main", "existing": existing})).expect("a network");
    NetworkStageSpec { network, needs: Needs::default() }
}

async fn observe(wire: &Wire) -> Result<Observed, Failure> {
    NetworkCloud::new(&wire.config()).observe(&corp()).await
}

fn filtered(call: &Call) -> (String, String) {
    call.filters().into_iter().next().unwrap_or_default()
}

/// Answers of a describe by the filter that it came with; to any other filter the empty list.
fn by(filter: &'static str, set: &'static str, items: Vec<String>) -> impl Fn(&Call) -> Answer + Send + Sync + 'static {
    move |call| if filtered(call).0 == filter { list(set, "item", &items).into() } else { tag(set, "").into() }
}

fn subnet(id: &str, vpc: &str, rest: &[(&str, &str)]) -> String {
    let zone = ("availabilityZone", "eu-west-1a");
    item(&[&[("subnetId", id), ("vpcId", vpc), zone], rest].concat(), &[])
}

fn world() -> Wire {
    let range = |range: &str, state: &str| {
        item(&[("cidrBlock", range)], &[format!("<cidrBlockState>{}</cidrBlockState>", tag("state", state))])
    };
    let ranges = [
        range("172.16.0.0/16", "associated"),
        range("100.64.0.0/16", "associated"),
        range("10.8.0.0/16", "disassociated"),
    ];
    let ranges = list("cidrBlockAssociationSet", "item", &ranges);
    let vpc = item(&[("vpcId", "vpc-0c"), ("ownerId", "123456789012"), ("cidrBlock", "172.16.0.0/16")], &[ranges]);
    let name = list("tagSet", "item", &[item(&[("key", "Name"), ("value", "corp-a")], &[])]);
    let named = item(
        &[
            ("subnetId", "subnet-0a"),
            ("vpcId", "vpc-0c"),
            ("availabilityZone", "eu-west-1a"),
            ("cidrBlock", "172.16.0.0/24"),
        ],
        &[tag("mapPublicIpOnLaunch", "true"), name],
    );
    let inside = vec![named, subnet("subnet-1a", "vpc-0c", &[("cidrBlock", "")])];
    let elsewhere = subnet("subnet-0e", "vpc-0d", &[("cidrBlock", "10.9.0.0/24")]);
    let routes = [
        item(&[("destinationCidrBlock", "172.16.0.0/16"), ("gatewayId", "local"), ("state", "active")], &[]),
        item(&[("destinationCidrBlock", "0.0.0.0/0"), ("natGatewayId", "nat-1"), ("state", "blackhole")], &[]),
    ];
    let associations = [
        item(&[("routeTableAssociationId", "rtbassoc-0"), ("main", "true")], &[]),
        item(&[("routeTableAssociationId", "rtbassoc-1"), ("subnetId", "subnet-1a"), ("main", "false")], &[]),
    ];
    let rest = [list("routeSet", "item", &routes), list("associationSet", "item", &associations)];
    let table = item(&[("routeTableId", "rtb-1"), ("vpcId", "vpc-0c")], &rest);
    let attachment = |vpc: &str| list("attachmentSet", "item", &[item(&[("vpcId", vpc), ("state", "available")], &[])]);
    let gateways = [("igw-1", "vpc-0c"), ("igw-2", "vpc-0d")]
        .map(|(id, vpc)| item(&[("internetGatewayId", id)], &[attachment(vpc)]));
    Wire::default()
        .respond("DescribeVpcs", by("vpc-id", "vpcSet", vec![vpc]))
        .respond("DescribeSubnets", move |call| match filtered(call).0.as_str() {
            "vpc-id" => list("subnetSet", "item", &inside).into(),
            "subnet-id" => list("subnetSet", "item", std::slice::from_ref(&elsewhere)).into(),
            _ => tag("subnetSet", "").into(),
        })
        .respond("DescribeRouteTables", by("vpc-id", "routeTableSet", vec![table]))
        .respond("DescribeInternetGateways", by("attachment.vpc-id", "internetGatewaySet", gateways.into()))
}

#[tokio::test]
async fn e2_what_somebody_else_made_is_read_by_its_id_and_subnets_elsewhere_too() {
    let wire = world();
    let subnet = |id: &str, vpc: &str, range: Option<&str>| Subnet {
        id: id.into(),
        name: None,
        vpc: vpc.into(),
        cidr: range.map(|range| moat::cidr::Cidr::new(range).unwrap()),
        zone: "eu-west-1a".into(),
        gives_public_ips: false,
    };
    let route = |destination: &str, target, is_active| Route { destination: destination.into(), target, is_active };
    let first = Subnet {
        name: Some("corp-a".into()),
        gives_public_ips: true,
        ..subnet("subnet-0a", "vpc-0c", Some("172.16.0.0/24"))
    };
    let [range, more] = ["172.16.0.0/16", "100.64.0.0/16"].map(|range| moat::cidr::Cidr::new(range).unwrap());
    let expected = Existing {
        vpc: Some(Vpc {
            id: "vpc-0c".into(),
            owner: Some("123456789012".into()),
            cidr: range,
            ranges: vec![range, more],
        }),
        subnets: vec![first, subnet("subnet-1a", "vpc-0c", None), subnet("subnet-0e", "vpc-0d", Some("10.9.0.0/24"))],
        tables: vec![Table {
            id: "rtb-1".into(),
            is_main: true,
            subnets: vec!["subnet-1a".into()],
            routes: vec![
                route("172.16.0.0/16", Target::Local, true),
                route("0.0.0.0/0", Target::NatGateway("nat-1".into()), false),
            ],
        }],
        internet_gateways: vec!["igw-1".into()],
        beside: None,
    };
    assert_eq!(observe(&wire).await.unwrap().existing, Some(expected));
    let named = wire.calls().into_iter().find(|call| filtered(call).0 == "subnet-id").expect("they are asked for");
    let asked = ["Filter.1.Value.1", "Filter.1.Value.2", "Filter.1.Value.3"].map(|field| named.field(field).to_owned());
    assert_eq!(asked, ["subnet-0b", "subnet-0e", ""], "those that are not in the VPC, and in one call");
    let unfiltered = wire.calls().into_iter().find(|call| call.filters().is_empty());
    assert!(unfiltered.is_none(), "{unfiltered:?}");
}

#[tokio::test]
async fn e2_what_is_not_there_is_absent_and_what_cannot_be_read_is_an_error() {
    let observed = observe(&Wire::default()).await.unwrap();
    assert_eq!(observed.existing, Some(Existing::default()));
    for action in ["DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeInternetGateways"] {
        let wire = world().respond(action, |call| match filtered(call).0.as_str() {
            "vpc-id" | "attachment.vpc-id" => Answer::error("UnauthorizedOperation"),
            _ => "".into(),
        });
        assert_eq!(observe(&wire).await.unwrap_err().kind, Kind::Denied, "{action}");
    }
}

/// The same, with endpoints of ours.
fn guest() -> NetworkStageSpec {
    let existing = json!({"vpcId": "vpc-0c"});
    let network = json!({"name": "main", "existing": existing, "egress": {"endpoints": "auto"}});
    NetworkStageSpec { network: serde_json::from_value(network).expect("a network"), needs: Needs::default() }
}

fn endpoint(id: &str, service: &str, kind: &str, rest: &[String]) -> String {
    let service = format!("com.amazonaws.eu-west-1.{service}");
    let fields =
        [("vpcEndpointId", id), ("vpcId", "vpc-0c"), ("serviceName", service.as_str()), ("vpcEndpointType", kind)];
    item(&fields, rest)
}

#[tokio::test]
async fn e1_endpoints_of_others_and_the_names_of_the_vpc_are_read_where_there_are_to_be_endpoints_of_ours() {
    let state = |word: &str| tag("state", word);
    let ours = [("key", "moat:network"), ("value", "main")];
    let (ours, resource) = (item(&ours, &[]), item(&[("key", "moat:resource"), ("value", "vpc-endpoint logs")], &[]));
    let ours = list("tagSet", "item", &[ours, resource]);
    let endpoints = vec![
        endpoint("vpce-1", "logs", "Interface", &[state("available"), tag("privateDnsEnabled", "true")]),
        endpoint("vpce-2", "ssm", "Interface", &[state("deleting"), tag("privateDnsEnabled", "true")]),
        endpoint(
            "vpce-3",
            "s3",
            "Gateway",
            &[state("available"), list("routeTableIdSet", "item", &["rtb-1".to_owned()])],
        ),
        endpoint("vpce-4", "vpce-svc-1", "GatewayLoadBalancer", &[state("available")]),
        endpoint("vpce-5", "logs", "Interface", &[state("available"), ours]),
    ];
    let wire = world().respond("DescribeVpcEndpoints", by("vpc-id", "vpcEndpointSet", endpoints)).respond(
        "DescribeVpcAttribute",
        |call| match call.field("Attribute") {
            "enableDnsSupport" => format!("<enableDnsSupport>{}</enableDnsSupport>", tag("value", "true")).into(),
            _ => format!("<enableDnsHostnames>{}</enableDnsHostnames>", tag("value", "false")).into(),
        },
    );
    let observed = NetworkCloud::new(&wire.config()).observe(&guest()).await.unwrap();
    let other = |id: &str, service: &str, kind| OtherEndpoint {
        id: id.into(),
        service: format!("com.amazonaws.eu-west-1.{service}"),
        kind,
    };
    let expected = Beside {
        dns_support: true,
        dns_hostnames: false,
        endpoints: vec![
            other("vpce-1", "logs", OtherKind::Interface { private_dns: true }),
            other("vpce-3", "s3", OtherKind::Gateway(vec!["rtb-1".into()])),
        ],
    };
    assert_eq!(observed.existing.and_then(|existing| existing.beside), Some(expected));
    assert_eq!(observed.account.as_deref(), Some("123456789012"), "endpoints are its owner's to make");
    let asks = wire.calls().iter().filter(|call| call.action == "DescribeVpcAttribute").count();
    observe(&wire).await.unwrap();
    let again = wire.calls().iter().filter(|call| call.action == "DescribeVpcAttribute").count();
    assert_eq!((asks, again), (2, 2), "and nowhere else");
}
