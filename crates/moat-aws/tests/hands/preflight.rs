//! What the preflight reads of an account, in how many calls, and what it makes of what it may not read.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{item, list, network, service, tag};
use moat::error::Kind;
use moat::name::Logical;
use moat::pass::Sentence;
use moat::plan::{Bindings, Hazard};
use moat::preflight::{Account, Asked, Counts, LinkedRole, Looked, Looks, Quota, Zone, preflight};
use moat_aws::preflight::Preflight;
use serde_json::{Value, json};

const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/moat-task-execution-us-east-1";

fn asked(network_makes: &[&str], ingress_makes: &[&str], service_makes: &[&str]) -> Asked {
    let look = |makes: &[&str]| Looked {
        steps: makes.iter().map(|made| Sentence { step: format!("create {made}"), hazard: Hazard::Safe }).collect(),
        makes: makes.iter().map(|made| Logical::from(*made)).collect(),
        ..Looked::default()
    };
    let looks = Looks { network: look(network_makes), ingress: look(ingress_makes), service: look(service_makes) };
    Asked { network: network(), service: Some(service()), looks }
}

fn first() -> Asked {
    asked(
        &["vpc", "internet-gateway", "elastic-ip a", "nat-gateway a", "vpc-endpoint s3"],
        &["security-group load-balancer", "security-group tasks", "load-balancer"],
        &["cluster", "service"],
    )
}

async fn account(wire: &Wire, asked: &Asked) -> Account {
    Preflight::new(&wire.config(), EXECUTION_ROLE).account(asked).await
}

fn quota(code: &str, value: f64) -> Value {
    json!({ "QuotaCode": code, "Value": value })
}

/// Service Quotas: those of the VPC on two pages, with one left out that only the defaults have.
fn quotas(call: &Call) -> Answer {
    let vpc = |code: &str| quota(code, 5.0);
    let answer = match (call.json["ServiceCode"].as_str().unwrap(), call.json["NextToken"].as_str()) {
        ("vpc", None) => json!({ "Quotas": [vpc("L-F678F1CE"), vpc("L-A4707A72")], "NextToken": "more" }),
        ("vpc", Some("more")) => json!({ "Quotas": [vpc("L-FE5A380F"), quota("L-E79EC296", 2500.0), vpc("L-OTHER")] }),
        ("ec2", _) => json!({ "Quotas": [quota("L-0263D0A3", 7.0)] }),
        ("elasticloadbalancing", _) => json!({ "Quotas": [quota("L-53DA6B97", 50.0)] }),
        ("fargate", _) => json!({ "Quotas": [quota("L-3032A538", 6.0)] }),
        other => panic!("{other:?}"),
    };
    answer.into()
}

fn roomy() -> Wire {
    Wire::default()
        .respond("ListServiceQuotas", quotas)
        .on("ListAWSDefaultServiceQuotas", [json!({ "Quotas": [quota("L-1B52E74A", 20.0), quota("L-F678F1CE", 1.0)] })])
}

#[tokio::test]
async fn c10_limits_are_read_service_by_service_with_their_pages_and_defaults_where_there_is_nothing_else() {
    let wire = roomy();
    let account = account(&wire, &first()).await;
    let limit = |quota: Quota| account.limits[&quota].clone();
    assert_eq!(limit(Quota::Vpcs), Ok(5), "what applies counts, not the default");
    assert_eq!(limit(Quota::NatGateways), Ok(5), "from the second page");
    assert_eq!(limit(Quota::GatewayEndpoints), Ok(20), "from the defaults");
    assert_eq!(limit(Quota::Addresses), Ok(7));
    assert_eq!((limit(Quota::FargateVcpus), limit(Quota::ApplicationLoadBalancers)), (Ok(6), Ok(50)));
    assert_eq!((wire.count("ListServiceQuotas"), wire.count("ListAWSDefaultServiceQuotas")), (5, 1));
    let ec2 = wire.calls().into_iter().find(|call| call.json["ServiceCode"] == "ec2").unwrap();
    assert_eq!(ec2.json["QuotaCode"], "L-0263D0A3", "one of hundreds is asked for by its code");
}

#[tokio::test]
async fn c10_what_is_used_is_counted_over_all_pages_and_gateways_by_zone() {
    let gateway = |subnet: &str| item(&[("natGatewayId", "nat-1"), ("subnetId", subnet)], &[]);
    let page = |gateways: &[String], token: &str| list("natGatewaySet", "item", gateways) + &tag("nextToken", token);
    let subnet = |id: &str, zone: &str| item(&[("subnetId", id), ("availabilityZone", zone)], &[]);
    let wire = roomy()
        .on(
            "DescribeNatGateways",
            [page(&[gateway("subnet-1"), gateway("subnet-2")], "more"), page(&[gateway("subnet-1")], "")],
        )
        .on(
            "DescribeSubnets",
            [list("subnetSet", "item", &[subnet("subnet-1", "eu-west-1a"), subnet("subnet-2", "eu-west-1b")])],
        )
        .on(
            "DescribeAddresses",
            [list("addressesSet", "item", &["".into(), "".into()].map(|_: String| tag("allocationId", "eipalloc-1")))],
        )
        .on(
            "DescribeLoadBalancers",
            [list("LoadBalancers", "member", &["application", "network", "application"].map(|kind| tag("Type", kind)))],
        );
    let account = account(&wire, &first()).await;
    let zones: Counts = [("eu-west-1a".to_owned(), 2), ("eu-west-1b".to_owned(), 1)].into();
    assert_eq!(account.used[&Quota::NatGateways], Ok(zones));
    let here = |count: u32| Ok(Counts::from([("eu-west-1".to_owned(), count)]));
    assert_eq!(account.used[&Quota::Addresses], here(2));
    assert_eq!(account.used[&Quota::ApplicationLoadBalancers], here(2));
    assert_eq!(account.used[&Quota::Vpcs], here(0));
    assert_eq!(wire.call("DescribeSubnets").field("Filter.1.Name"), "subnet-id");
    let states: Vec<String> = (1..=3)
        .map(|at| {
            wire.calls()
                .iter()
                .find(|call| call.action == "DescribeNatGateways")
                .unwrap()
                .field(&format!("Filter.1.Value.{at}"))
                .to_owned()
        })
        .collect();
    assert_eq!(states, ["pending", "available", "deleting"], "one that is being deleted still counts");
}

#[tokio::test]
async fn c10_interface_endpoints_are_counted_in_their_vpc() {
    let mut asked = asked(&["vpc-endpoint ecr.api"], &[], &[]);
    asked.looks.network.bindings = [(Logical::from("vpc"), "vpc-1".to_owned())].into_iter().collect::<Bindings>();
    let two = list("vpcEndpointSet", "item", &["vpce-1", "vpce-2"].map(|id| tag("vpcEndpointId", id)));
    let wire = Wire::default().on("DescribeVpcEndpoints", [two]);
    let account = account(&wire, &asked).await;
    assert_eq!(account.used[&Quota::InterfaceEndpoints], Ok(Counts::from([("vpc-1".to_owned(), 2)])));
    assert_eq!(wire.call("DescribeVpcEndpoints").field("Filter.1.Value.1"), "vpc-1");
    assert!(account.taken.is_none() && account.roles.is_empty());
}

#[tokio::test]
async fn c10_rules_are_counted_over_all_listeners_of_the_load_balancer_that_is_shared() {
    let mut asked = asked(&[], &["listener-rule"], &[]);
    let door = json!({ "shared": "front", "paths": ["/api/*"] });
    asked.service.as_mut().unwrap().load_balancer = serde_json::from_value(door).unwrap();
    let listeners = ["arn:http", "arn:https"].map(|arn| tag("ListenerArn", arn));
    let rules = |call: &Call| {
        let is_default = |is_default: bool| tag("IsDefault", is_default.to_string());
        let more = if call.field("ListenerArn") == "arn:https" { 3 } else { 0 };
        let rules: Vec<String> = (0..=more).map(|at| is_default(at == 0)).collect();
        Answer::from(list("Rules", "member", &rules))
    };
    let wire = Wire::default()
        .on("DescribeLoadBalancers", [list("LoadBalancers", "member", &[tag("LoadBalancerArn", "arn:front")])])
        .on("DescribeListeners", [list("Listeners", "member", &listeners)])
        .respond("DescribeRules", rules);
    let account = account(&wire, &asked).await;
    assert_eq!(account.used[&Quota::ListenerRules], Ok(Counts::from([("moat-front".to_owned(), 3)])));
    assert_eq!(wire.call("DescribeLoadBalancers").field("Names.member.1"), "moat-front");
    assert_eq!(wire.call("DescribeListeners").field("LoadBalancerArn"), "arn:front");
}

#[tokio::test]
async fn c10_egress_only_internet_gateways_are_counted_in_the_region() {
    let two = list(
        "egressOnlyInternetGatewaySet",
        "item",
        &["eigw-1", "eigw-2"].map(|id| tag("egressOnlyInternetGatewayId", id)),
    );
    let wire = Wire::default().on("DescribeEgressOnlyInternetGateways", [two]);
    let account = account(&wire, &asked(&["egress-only-internet-gateway"], &[], &[])).await;
    let here = Counts::from([("eu-west-1".to_owned(), 2)]);
    assert_eq!(account.used[&Quota::EgressOnlyInternetGateways], Ok(here));
}

#[tokio::test]
async fn c10_a_provision_with_nothing_to_do_makes_no_call() {
    let wire = roomy();
    let asked = asked(&[], &[], &[]);
    let account = account(&wire, &asked).await;
    assert_eq!(wire.calls().len(), 0);
    assert_eq!(preflight(&asked, &account).findings, vec![]);
}

#[tokio::test]
async fn a_first_provision_is_looked_into_with_few_calls_and_what_has_room_is_told_nothing() {
    let zone = |name: &str, id: &str| item(&[("zoneName", name), ("zoneId", id)], &[]);
    let zones = list("availabilityZoneInfo", "item", &[zone("eu-west-1b", "euw1-az1"), zone("eu-west-1a", "euw1-az2")]);
    let wire = roomy().on("DescribeAvailabilityZones", [zones]);
    let account = account(&wire, &first()).await;
    let first_zone = Zone { name: "eu-west-1a".into(), id: "euw1-az2".into() };
    assert_eq!(account.zones.as_ref().unwrap().as_ref().unwrap()[0], first_zone);
    assert_eq!(preflight(&first(), &account).findings, vec![]);
    assert!(wire.calls().len() <= 18, "{} calls", wire.calls().len());
}

#[tokio::test]
async fn what_may_not_be_read_is_one_warning_for_all_quotas_and_stops_nothing() {
    let denied =
        || Answer::Error(400, "AccessDeniedException", "not authorized to perform servicequotas:ListServiceQuotas");
    let wire = Wire::default().on("ListServiceQuotas", [denied()]).on("GetRole", [Answer::error("AccessDenied")]);
    let verdict = preflight(&first(), &account(&wire, &first()).await);
    assert!(verdict.problems.is_empty() && verdict.roles.is_empty());
    let quotas: Vec<&String> = verdict.warnings.iter().filter(|warning| warning.contains("quotas suffice")).collect();
    assert_eq!(quotas.len(), 1, "{:#?}", verdict.warnings);
    assert!(
        quotas[0]
            .contains("(AWS said AccessDeniedException: not authorized to perform servicequotas:ListServiceQuotas)"),
        "{}",
        quotas[0]
    );
}

#[tokio::test]
async fn the_ranges_of_vpcs_and_of_their_peers_are_taken() {
    let range = |cidr: &str| tag("cidrBlock", cidr);
    let more = list("cidrBlockAssociationSet", "item", &[range("10.1.0.0/16"), range("10.2.0.0/16")]);
    let vpcs = list("vpcSet", "item", &[item(&[("vpcId", "vpc-1"), ("cidrBlock", "10.1.0.0/16")], &[more])]);
    let side = |name: &str, id: &str, cidr: &str| tag(name, item(&[("vpcId", id), ("cidrBlock", cidr)], &[]));
    let peering = side("requesterVpcInfo", "vpc-1", "10.1.0.0/16") + &side("accepterVpcInfo", "vpc-9", "10.9.0.0/16");
    let peers = list("vpcPeeringConnectionSet", "item", &[peering]);
    let wire = roomy().on("DescribeVpcs", [vpcs]).on("DescribeVpcPeeringConnections", [peers]);
    let account = account(&wire, &first()).await;
    let taken = account.taken.unwrap().unwrap();
    let told: Vec<String> = taken.iter().map(|taken| format!("{} {}", taken.range, taken.by)).collect();
    assert_eq!(told, ["10.1.0.0/16 vpc-1", "10.2.0.0/16 vpc-1", "10.9.0.0/16 vpc-9, a peer of vpc-1"]);
    assert_eq!(account.used[&Quota::Vpcs], Ok(Counts::from([("eu-west-1".to_owned(), 1)])));
}

#[tokio::test]
async fn c6_a_role_that_is_not_there_is_made_for_its_service_and_one_that_is_there_by_now_is_fine() {
    let absent = || Answer::Error(404, "NoSuchEntity", "The role with name AWSServiceRoleForECS cannot be found.");
    let wire = roomy().respond("GetRole", move |call| match call.field("RoleName") {
        "AWSServiceRoleForECS" => absent(),
        _ => Answer::from(tag("Role", tag("RoleName", "AWSServiceRoleForElasticLoadBalancing"))),
    });
    let verdict = preflight(&first(), &account(&wire, &first()).await);
    assert_eq!(verdict.roles, [LinkedRole::Ecs]);

    let step = "create service-linked role AWSServiceRoleForECS".to_owned();
    let eyes = Preflight::new(&wire.config(), EXECUTION_ROLE);
    assert_eq!(eyes.make(&verdict.roles).await, Ok(vec![step]));
    assert_eq!(wire.call("CreateServiceLinkedRole").field("AWSServiceName"), "ecs.amazonaws.com");

    let taken = "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.";
    let wire = Wire::default().on("CreateServiceLinkedRole", [Answer::Error(400, "InvalidInput", taken)]);
    assert_eq!(Preflight::new(&wire.config(), EXECUTION_ROLE).make(&[LinkedRole::Ecs]).await, Ok(vec![]));

    let wire = Wire::default().on("CreateServiceLinkedRole", [Answer::error("AccessDenied")]);
    let failure = Preflight::new(&wire.config(), EXECUTION_ROLE).make(&[LinkedRole::Ecs]).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Denied);
    assert!(failure.message.contains("could not create service-linked role AWSServiceRoleForECS"), "{failure}");
}

#[tokio::test]
async fn a_certificate_of_the_region_is_asked_for_and_no_other() {
    let mut asked = first();
    let serve = |asked: &mut Asked, region: &str| {
        let door = json!({ "certificate": format!("arn:aws:acm:{region}:123456789012:certificate/1") });
        asked.service.as_mut().unwrap().load_balancer = serde_json::from_value(door).unwrap();
    };
    serve(&mut asked, "us-east-1");
    let wire = roomy();
    let verdict = preflight(&asked, &account(&wire, &asked).await);
    assert_eq!((wire.count("DescribeCertificate"), verdict.problems.len()), (0, 1));

    serve(&mut asked, "eu-west-1");
    let told = async |answer: Answer| {
        let wire = roomy().on("DescribeCertificate", [answer]);
        let verdict = preflight(&asked, &account(&wire, &asked).await);
        (verdict.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), verdict.warnings.len())
    };
    let issued = json!({ "Certificate": { "Status": "ISSUED", "NotAfter": 4_000_000_000_u32 } });
    assert_eq!(told(issued.into()).await, (vec![], 0));
    let (problems, _) = told(json!({ "Certificate": { "Status": "ISSUED", "NotAfter": 1_000_000_000 } }).into()).await;
    assert!(problems[0].starts_with("/service/loadBalancer/certificate: the certificate has expired"), "{problems:?}");
    let (problems, _) = told(Answer::error("ResourceNotFoundException")).await;
    assert!(problems[0].contains("there is no certificate arn:aws:acm:eu-west-1"), "{problems:?}");
    assert_eq!(told(Answer::error("AccessDeniedException")).await, (vec![], 1));
}
