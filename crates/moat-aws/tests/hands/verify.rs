//! What the proof looks at.

use crate::wire::Wire;
use crate::xml::{bindings, item, list, network, ours, service};
use moat::error::Failure;
use moat::network::observed::Target;
use moat::proof::{Snapshot, privacy};
use moat_aws::verify::Verifier;
use serde_json::json;

async fn snapshot(wire: &Wire) -> Result<Snapshot, Failure> {
    let known = bindings(&[
        ("vpc", "vpc-1"),
        ("subnet private-a", "subnet-1"),
        ("subnet private-b", "subnet-2"),
        ("security-group tasks", "sg-2"),
    ]);
    Verifier::new(&wire.config()).snapshot(&network(), Some(&service()), &known).await
}

fn table(id: &str, vpc: &str, target: (&str, &str), association: &[(&str, &str)]) -> String {
    let route = item(&[("destinationCidrBlock", "0.0.0.0/0"), target], &[]);
    let association = item(&[&[("routeTableAssociationId", "rtbassoc-1")], association].concat(), &[]);
    let lists = [list("routeSet", "item", &[route]), list("associationSet", "item", &[association])];
    item(&[("routeTableId", id), ("vpcId", vpc)], &lists)
}

/// Subnet 1 has a table with a NAT gateway, subnet 2 none, and the main table leads to the Internet.
fn wire() -> Wire {
    let internet = ("gatewayId", "igw-1");
    let tables = [
        table("rtb-7", "vpc-7", internet, &[("main", "true")]),
        table("rtb-1", "vpc-1", ("natGatewayId", "nat-1"), &[("subnetId", "subnet-1")]),
        table("rtb-0", "vpc-1", internet, &[("main", "true")]),
    ];
    let subnet = |id: &str, gives: &str| item(&[("subnetId", id), ("mapPublicIpOnLaunch", gives)], &[ours("any")]);
    let subnets = [subnet("subnet-1", "false"), subnet("subnet-2", "true"), subnet("subnet-7", "true")];
    let groups = |group: &str| list("groupSet", "item", &[item(&[("groupId", group)], &[])]);
    let public = item(&[], &["<association><publicIp>203.0.113.7</publicIp></association>".to_owned()]);
    let interface =
        |id: &str, group: &str| item(&[("networkInterfaceId", id), ("subnetId", "subnet-1")], &[groups(group)]);
    let interfaces = [interface("eni-1", "sg-2"), interface("eni-2", "sg-2") + &public, interface("eni-7", "sg-7")];
    let vpc = json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"], "assignPublicIp": "ENABLED" } });
    let service = json!({ "status": "ACTIVE", "desiredCount": 2, "runningCount": 1, "networkConfiguration": vpc });
    Wire::default()
        .on("DescribeRouteTables", [list("routeTableSet", "item", &tables)])
        .on("DescribeSubnets", [list("subnetSet", "item", &subnets)])
        .on("DescribeNetworkInterfaces", [list("networkInterfaceSet", "item", &interfaces)])
        .on("DescribeServices", [json!({ "services": [service] })])
}

#[tokio::test]
async fn e2_the_table_in_force_is_the_associated_one_or_else_the_main_one_of_its_own_vpc() {
    let snapshot = snapshot(&wire()).await.unwrap();
    let target = |i: usize| snapshot.subnets[i].table.as_ref().map(|table| table.routes[0].target.clone());
    assert_eq!(target(0), Some(Target::NatGateway("nat-1".into())));
    assert_eq!(target(1), Some(Target::InternetGateway("igw-1".into())));
    assert_eq!(snapshot.subnets[1].table.as_ref().map(|table| table.id.as_str()), Some("rtb-0"));
    let names: Vec<&str> = snapshot.subnets.iter().map(|subnet| subnet.name.as_str()).collect();
    assert_eq!(names, ["subnet private-a", "subnet private-b"]);
    assert!(!snapshot.subnets[0].gives_public_ips && snapshot.subnets[1].gives_public_ips);
}

#[tokio::test]
async fn e3_every_interface_of_the_tasks_is_seen_with_its_public_ip() {
    let snapshot = snapshot(&wire()).await.unwrap();
    let read: Vec<_> = snapshot.interfaces.iter().map(|one| (one.id.as_str(), one.public_ip.as_deref())).collect();
    assert_eq!(read, [("eni-1", None), ("eni-2", Some("203.0.113.7"))]);
    let service = snapshot.service.clone().unwrap();
    assert!(service.assigns_public_ip);
    assert_eq!((service.desired, service.running), (2, 1));
    assert!(!privacy(&snapshot).holds);
}

#[tokio::test]
async fn c5_every_describe_is_filtered_by_an_id_that_is_known() {
    let wire = wire();
    snapshot(&wire).await.unwrap();
    let filters = |action: &str| wire.call(action).filters();
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(filters("DescribeRouteTables"), pair("vpc-id", "vpc-1"));
    assert_eq!(filters("DescribeSubnets"), pair("subnet-id", "subnet-1"));
    assert_eq!(wire.call("DescribeSubnets").field("Filter.1.Value.2"), "subnet-2");
    assert_eq!(filters("DescribeNetworkInterfaces"), pair("group-id", "sg-2"));
}

#[tokio::test]
async fn c5_where_nothing_is_bound_nothing_is_asked_and_nothing_is_proven() {
    let wire = Wire::default();
    let nothing = bindings(&[]);
    let snapshot = Verifier::new(&wire.config()).snapshot(&network(), None, &nothing).await.unwrap();
    assert!(wire.calls().is_empty());
    assert!(!privacy(&snapshot).holds);
}
