//! An account with one VPC of moat's, as AWS describes it, and things of other VPCs beside it.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{item, list, ours, tag};
use serde_json::json;

pub const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/moat-web/6d0e";
pub const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/moat-web/50dc";

/// Two zones, a NAT gateway, S3's gateway endpoint, and the service `web` behind its load balancer.
pub fn account() -> Wire {
    let wire = Wire::default()
        .on("DescribeVpcs", [list("vpcSet", "item", &[vpc("vpc-7"), vpc("vpc-1")])])
        .respond("DescribeVpcAttribute", attribute)
        .on("DescribeDhcpOptions", [dhcp("AmazonProvidedDNS")])
        .on("DescribeSubnets", [list("subnetSet", "item", &subnets())])
        .on("DescribeRouteTables", [list("routeTableSet", "item", &tables())])
        .on("DescribeInternetGateways", [list("internetGatewaySet", "item", &[internet_gateway()])])
        .on(
            "DescribeNatGateways",
            [list("natGatewaySet", "item", &[nat_gateway("nat-1", &[("subnetId", "subnet-9")])])],
        )
        .on("DescribeVpcEndpoints", [list("vpcEndpointSet", "item", &[s3_endpoint()])])
        .on("DescribeNetworkAcls", [list("networkAclSet", "item", &[acl()])])
        .on("DescribeSecurityGroups", [list("securityGroupInfo", "item", &groups())])
        .on("DescribePrefixLists", [list("prefixListSet", "item", &[s3_list()])]);
    service(door(wire))
}

fn vpc(id: &str) -> String {
    let state = tag("cidrBlockState", tag("state", "associated"));
    let gone = tag("cidrBlockState", tag("state", "disassociated"));
    let ranges = [item(&[("cidrBlock", "10.0.0.0/16")], &[state]), item(&[("cidrBlock", "10.9.0.0/16")], &[gone])];
    let fields = [("vpcId", id), ("cidrBlock", "10.0.0.0/16"), ("dhcpOptionsId", "dopt-1")];
    item(&fields, &[list("cidrBlockAssociationSet", "item", &ranges)])
}

fn attribute(call: &Call) -> Answer {
    let name = call.field("Attribute");
    Answer::from(tag(name, tag("value", "true")))
}

pub fn dhcp(server: &str) -> String {
    let value = item(&[("value", server)], &[]);
    let servers = item(&[("key", "domain-name-servers")], &[list("valueSet", "item", &[value])]);
    let options = item(&[("dhcpOptionsId", "dopt-1")], &[list("dhcpConfigurationSet", "item", &[servers])]);
    list("dhcpOptionsSet", "item", &[options])
}

fn subnets() -> Vec<String> {
    let subnet = |id: &str, vpc: &str, cidr: &str, rest: &[String]| {
        let zone = ("availabilityZone", "eu-west-1a");
        item(&[("subnetId", id), ("vpcId", vpc), ("cidrBlock", cidr), zone, ("mapPublicIpOnLaunch", "false")], rest)
    };
    let called = list("tagSet", "item", &[item(&[("key", "Name"), ("value", "front")], &[])]);
    vec![
        subnet("subnet-1", "vpc-1", "10.0.128.0/20", &[ours("subnet private-a")]),
        subnet("subnet-9", "vpc-1", "10.0.0.0/20", &[called]),
        subnet("subnet-8", "vpc-1", "10.0.16.0/20", &[]),
        subnet("subnet-7", "vpc-7", "10.0.0.0/20", &[]),
    ]
}

pub fn route(destination: (&str, &str), target: (&str, &str)) -> String {
    item(&[destination, target, ("state", "active"), ("origin", "CreateRoute")], &[])
}

pub fn table(id: &str, association: (&str, &str), routes: &[String]) -> String {
    let local = route(("destinationCidrBlock", "10.0.0.0/16"), ("gatewayId", "local"));
    let routes = [&[local], routes].concat();
    let association = item(&[("routeTableAssociationId", "rtbassoc-1"), association], &[]);
    let lists = [list("routeSet", "item", &routes), list("associationSet", "item", &[association])];
    item(&[("routeTableId", id), ("vpcId", "vpc-1")], &lists)
}

pub fn tables() -> Vec<String> {
    let internet = ("destinationCidrBlock", "0.0.0.0/0");
    vec![
        table(
            "rtb-1",
            ("subnetId", "subnet-1"),
            &[
                route(internet, ("natGatewayId", "nat-1")),
                route(("destinationPrefixListId", "pl-s3"), ("gatewayId", "vpce-1")),
            ],
        ),
        table("rtb-0", ("main", "true"), &[route(internet, ("gatewayId", "igw-1"))]),
    ]
}

fn internet_gateway() -> String {
    let attachments = list("attachmentSet", "item", &[item(&[("vpcId", "vpc-1"), ("state", "available")], &[])]);
    item(&[("internetGatewayId", "igw-1")], &[attachments])
}

pub fn nat_gateway(id: &str, place: &[(&str, &str)]) -> String {
    let fields = [("natGatewayId", id), ("vpcId", "vpc-1"), ("state", "available"), ("connectivityType", "public")];
    item(&[&fields, place].concat(), &[])
}

/// EC2 answers its states in lower case.
pub fn s3_endpoint() -> String {
    let fields = [
        ("vpcEndpointId", "vpce-1"),
        ("vpcEndpointType", "Gateway"),
        ("vpcId", "vpc-1"),
        ("serviceName", "com.amazonaws.eu-west-1.s3"),
        ("state", "available"),
    ];
    item(&fields, &[list("routeTableIdSet", "item", &["rtb-1".to_owned()])])
}

fn acl() -> String {
    let entry = |number: &str, action: &str, egress: &str| {
        let fields = [("ruleNumber", number), ("protocol", "-1"), ("ruleAction", action), ("egress", egress)];
        item(&[&fields[..], &[("cidrBlock", "0.0.0.0/0")]].concat(), &[])
    };
    let entries =
        [entry("100", "allow", "true"), entry("100", "allow", "false"), entry("32767", "deny", "true")].to_vec();
    let subnets = ["subnet-1", "subnet-9"].map(|id| item(&[("subnetId", id)], &[]));
    let lists = [list("entrySet", "item", &entries), list("associationSet", "item", &subnets)];
    item(&[("networkAclId", "acl-1"), ("vpcId", "vpc-1"), ("default", "true")], &lists)
}

fn groups() -> Vec<String> {
    let peers = |kind: &str, field: &str, peer: &str| list(kind, "item", &[item(&[(field, peer)], &[])]);
    let rule =
        |port: &str, peers: String| item(&[("ipProtocol", "tcp"), ("fromPort", port), ("toPort", port)], &[peers]);
    let all_out = item(&[("ipProtocol", "-1")], &[peers("ipRanges", "cidrIp", "0.0.0.0/0")]);
    let group = |id: &str, name: &str, into: Vec<String>| {
        let lists =
            [list("ipPermissions", "item", &into), list("ipPermissionsEgress", "item", std::slice::from_ref(&all_out))];
        item(&[("groupId", id), ("groupName", name), ("vpcId", "vpc-1")], &lists)
    };
    vec![
        group("sg-0", "default", vec![]),
        group("sg-1", "moat-web-load-balancer", vec![rule("80", peers("ipRanges", "cidrIp", "0.0.0.0/0"))]),
        group("sg-2", "moat-web-tasks", vec![rule("8080", peers("groups", "groupId", "sg-1"))]),
    ]
}

fn s3_list() -> String {
    let ranges = list("cidrSet", "item", &["3.5.0.0/19".to_owned(), "52.218.0.0/17".to_owned()]);
    item(&[("prefixListId", "pl-s3"), ("prefixListName", "com.amazonaws.eu-west-1.s3")], &[ranges])
}

fn door(wire: Wire) -> Wire {
    let balancers = list("LoadBalancerArns", "member", &[BALANCER.to_owned()]);
    let fields = [("TargetGroupArn", TARGET_GROUP), ("Protocol", "HTTP"), ("HealthCheckPort", "traffic-port")];
    let group = item(&fields, &[balancers]);
    let zone = item(&[("SubnetId", "subnet-9")], &[]);
    let parts = [list("AvailabilityZones", "member", &[zone]), list("SecurityGroups", "member", &["sg-1".to_owned()])];
    let fields = [("LoadBalancerArn", BALANCER), ("LoadBalancerName", "moat-web"), ("Scheme", "internet-facing")];
    let balancer = item(&[&fields[..], &[("Type", "application")]].concat(), &parts);
    wire.on("DescribeTargetGroups", [list("TargetGroups", "member", &[group])])
        .on("DescribeLoadBalancers", [list("LoadBalancers", "member", &[balancer])])
        .on("DescribeListeners", [list("Listeners", "member", &[listener("80", Some(TARGET_GROUP))])])
}

pub fn listener(port: &str, forwards_to: Option<&str>) -> String {
    let action = match forwards_to {
        Some(arn) => item(&[("Type", "forward"), ("TargetGroupArn", arn)], &[]),
        None => item(&[("Type", "redirect")], &[]),
    };
    let fields = [("ListenerArn", "arn:listener"), ("Port", port), ("Protocol", "HTTP")];
    item(&fields, &[list("DefaultActions", "member", &[action])])
}

fn service(wire: Wire) -> Wire {
    let network = json!({ "subnets": ["subnet-1"], "securityGroups": ["sg-2"], "assignPublicIp": "DISABLED" });
    let service = json!({
        "serviceName": "moat-web",
        "status": "ACTIVE",
        "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/moat-web:3",
        "networkConfiguration": { "awsvpcConfiguration": network },
        "loadBalancers": [{ "targetGroupArn": TARGET_GROUP, "containerName": "web", "containerPort": 8080 }],
    });
    wire.on("DescribeServices", [json!({ "services": [service] })])
        .on("DescribeTaskDefinition", [json!({ "taskDefinition": definition() })])
        .on("DescribeNetworkInterfaces", [list("networkInterfaceSet", "item", &interfaces())])
}

fn definition() -> serde_json::Value {
    let secret = |from: &str| json!({ "name": "X", "valueFrom": from });
    json!({
        "executionRoleArn": "arn:aws:iam::123456789012:role/moat-task-execution",
        "containerDefinitions": [{
            "name": "web",
            "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-region": "eu-west-1" } },
            "secrets": [secret("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3"), secret("plain")],
        }],
    })
}

pub fn interface(id: &str, group: &str, fields: &[(&str, &str)], public_ip: Option<&str>) -> String {
    let groups = list("groupSet", "item", &[item(&[("groupId", group)], &[])]);
    let association = public_ip.map(|ip| tag("association", tag("publicIp", ip))).unwrap_or_default();
    let all = [&[("networkInterfaceId", id), ("vpcId", "vpc-1"), ("subnetId", "subnet-1")], fields].concat();
    item(&all, &[groups, association])
}

fn interfaces() -> Vec<String> {
    let task = ("description", "arn:aws:ecs:eu-west-1:123456789012:attachment/6d2e");
    let elb = [("description", "ELB app/moat-web/50dc"), ("requesterId", "amazon-elb")];
    vec![
        interface("eni-1", "sg-2", &[task], None),
        interface("eni-2", "sg-2", &[task], Some("203.0.113.7")),
        interface("eni-3", "sg-2", &elb, Some("203.0.113.8")),
        interface("eni-7", "sg-7", &[task], Some("203.0.113.9")),
    ]
}
