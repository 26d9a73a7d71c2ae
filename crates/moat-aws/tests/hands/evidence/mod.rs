//! The evidence of a VPC and a service: what is read, how it is filtered, and in how many calls.

mod account;

use crate::wire::{Answer, Wire};
use crate::xml::{item, list};
use account::{BALANCER, TARGET_GROUP, account, dhcp, listener, nat_gateway, route, table, tables};
use moat::error::{Failure, Kind};
use moat::network::observed::NatState;
use moat::proof::facts::*;
use moat::proof::order::Order;
use moat::proof::planned::Tasks;
use moat::proof::{Verdict, prove};
use moat_aws::evidence::Reader;
use serde_json::json;
use std::collections::BTreeMap;

fn web(vpc: Option<&str>) -> Order {
    Order { cluster: "moat-web".into(), service: "moat-web".into(), vpc: vpc.map(Into::into) }
}

async fn read(wire: &Wire) -> Result<Evidence, Failure> {
    Reader::new(&wire.config()).running(&web(Some("vpc-1"))).await
}

#[tokio::test]
async fn e1_e3_a_service_is_read_as_it_is_and_proven() {
    let evidence = read(&account()).await.unwrap();
    let names: Vec<&str> = evidence.subnets.iter().map(|subnet| subnet.name.as_str()).collect();
    assert_eq!(names, ["private-a", "front", "subnet-8"], "by moat's name, by people's, or by the id");
    assert_eq!(evidence.vpc.ranges.len(), 1, "a range that was taken away is none: {:?}", evidence.vpc.ranges);
    let routes: Vec<&Target> = evidence.tables[0].routes.iter().map(|route| &route.target).collect();
    let nat = Target::NatGateway("nat-1".into());
    assert_eq!(routes, [&Target::Local, &nat, &Target::GatewayEndpoint("vpce-1".into())]);
    assert!(!evidence.tables[0].is_main && evidence.tables[1].is_main);
    assert_eq!(evidence.endpoints[0].state, EndpointState::Available);
    assert_eq!(evidence.acls[0].entries.len(), 3);
    assert_eq!(evidence.acls[0].subnets.len(), 3, "the default ACL is in force where none is named");
    assert_eq!(evidence.prefix_lists[0].ranges.len(), 2);
    let Placement { name, subnets, groups, assigns_public_ip, port, target_groups } = &evidence.service;
    assert_eq!((name.as_str(), *assigns_public_ip, *port), ("web", false, 8080));
    assert_eq!(
        (subnets[0].as_str(), groups[0].as_str(), target_groups[0].as_str()),
        ("subnet-1", "sg-2", TARGET_GROUP)
    );
    let needs: Vec<&What> = evidence.needs.iter().map(|need| &need.what).collect();
    assert_eq!(needs, [&What::EcrApi, &What::EcrDkr, &What::Layers, &What::Logs, &What::SecretsManager, &What::Ssm]);
    assert_eq!((evidence.role.name.as_str(), evidence.role.rights.len()), ("moat-task-execution", 0));
    let balancer = &evidence.load_balancers[0];
    assert_eq!((balancer.arn.as_str(), balancer.is_internet_facing, balancer.listeners[0].port), (BALANCER, true, 80));
    assert_eq!(prove(&evidence).egress.verdict, Verdict::Holds);
}

#[tokio::test]
async fn e3_every_interface_of_the_tasks_is_seen_with_its_public_ip_and_nobody_elses() {
    let evidence = read(&account()).await.unwrap();
    let seen: Vec<_> = evidence.interfaces.iter().map(|one| (one.id.as_str(), one.public_ip.as_deref())).collect();
    assert_eq!(seen, [("eni-1", None), ("eni-2", Some("203.0.113.7"))]);
    let privacy = prove(&evidence).privacy;
    assert_eq!(privacy.faults.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["public-ip"]);
}

#[tokio::test]
async fn e2_the_table_in_force_is_the_main_one_where_a_subnet_has_none() {
    let network = json!({ "subnets": ["subnet-8"], "securityGroups": ["sg-2"] });
    let service = json!({
        "serviceName": "moat-web", "status": "ACTIVE", "taskDefinition": "moat-web:1",
        "networkConfiguration": { "awsvpcConfiguration": network },
    });
    let wire = account().on("DescribeServices", [json!({ "services": [service] })]);
    let privacy = prove(&read(&wire).await.unwrap()).privacy;
    let told = privacy.to_string();
    assert!(told.contains("subnet-8 is not private: its route table rtb-0 leads 0.0.0.0/0"), "{told}");
    assert_eq!(wire.count("DescribeTargetGroups"), 0, "no load balancer forwards to it");
}

#[tokio::test]
async fn c5_every_describe_is_filtered_and_each_kind_is_asked_for_once() {
    let wire = account();
    read(&wire).await.unwrap();
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    wire.calls().into_iter().for_each(|call| *calls.entry(call.action).or_default() += 1);
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    let filters = |action: &str| wire.call(action).filters();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for action in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeRouteTables",
        "DescribeNatGateways",
        "DescribeVpcEndpoints",
        "DescribeNetworkAcls",
        "DescribeSecurityGroups",
    ] {
        assert_eq!(filters(action), [pair("vpc-id", "vpc-1")], "{action}");
    }
    assert_eq!(filters("DescribeInternetGateways"), [pair("attachment.vpc-id", "vpc-1")]);
    assert_eq!(filters("DescribeDhcpOptions"), [pair("dhcp-options-id", "dopt-1")]);
    assert_eq!(filters("DescribePrefixLists"), [pair("prefix-list-id", "pl-s3")]);
    assert_eq!(filters("DescribeNetworkInterfaces"), [pair("vpc-id", "vpc-1"), pair("group-id", "sg-2")]);
    assert_eq!(wire.call("DescribeTargetGroups").field("TargetGroupArns.member.1"), TARGET_GROUP);
    assert_eq!(wire.call("DescribeLoadBalancers").field("LoadBalancerArns.member.1"), BALANCER);
    let of = |actions: &[&str]| actions.iter().filter(|action| calls.contains_key(**action)).count();
    let of_service = ["DescribeServices", "DescribeTaskDefinition", "DescribeTargetGroups", "DescribeLoadBalancers"];
    let of_service = of(&of_service) + of(&["DescribeListeners", "DescribeNetworkInterfaces"]);
    assert_eq!((calls.len() - of_service, of_service), (11, 6), "{calls:?}");
}

/// The number of calls is that of kinds, and not of things: a network of any size takes as many, and pages.
#[tokio::test]
async fn c5_pages_are_followed_and_a_large_network_takes_no_other_calls() {
    let page = |from: usize, rest: &str| {
        let subnet = |at: usize| {
            let (id, cidr) = (format!("subnet-{at}"), format!("10.0.{}.0/24", at - 100));
            item(&[("subnetId", &id), ("vpcId", "vpc-1"), ("cidrBlock", &cidr)], &[])
        };
        list("subnetSet", "item", &(from..from + 100).map(subnet).collect::<Vec<_>>()) + rest
    };
    let wire = account().on("DescribeSubnets", [page(100, "<nextToken>more</nextToken>"), page(200, "")]);
    let around = Reader::new(&wire.config()).planned(&"vpc-1".into(), nobody()).await.unwrap();
    assert_eq!(around.subnets.len(), 200);
    assert_eq!(wire.count("DescribeSubnets"), 2);
    assert_eq!(wire.calls().len(), 12, "eleven kinds, and a second page");
}

fn nobody() -> Tasks {
    Tasks::planned(None, "eu-west-1", &moat::plan::Bindings::default())
}

#[tokio::test]
async fn e1_before_the_service_exists_only_its_network_is_read() {
    let wire = account();
    let bindings = crate::xml::bindings(&[("subnet private-a", "subnet-1"), ("security-group tasks", "sg-2")]);
    let tasks = Tasks::planned(Some(&crate::xml::service()), "eu-west-1", &bindings);
    let evidence = Reader::new(&wire.config()).planned(&"vpc-1".into(), tasks).await.unwrap();
    let proofs = prove(&evidence);
    assert!(proofs.privacy.holds() && proofs.egress.holds(), "{}{}", proofs.privacy, proofs.egress);
    assert_eq!(proofs.reaches.len(), 4);
    assert_eq!(wire.calls().len(), 11);
}

#[tokio::test]
async fn the_vpc_of_a_service_is_that_of_its_subnets() {
    let wire = account();
    let evidence = Reader::new(&wire.config()).running(&web(None)).await.unwrap();
    assert_eq!(evidence.vpc.id.as_str(), "vpc-1");
    let first = wire.calls().into_iter().find(|call| call.action == "DescribeSubnets").unwrap();
    assert_eq!(first.filters(), [("subnet-id".to_owned(), "subnet-1".to_owned())]);
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_not_proven() {
    let nowhere = Reader::new(&account().config()).planned(&"vpc-2".into(), nobody()).await.unwrap_err();
    assert_eq!(nowhere.kind, Kind::Refused);
    assert!(nowhere.message.contains("there is no vpc-2 in eu-west-1"), "{nowhere}");
    let wire = account().on("DescribeServices", [json!({ "services": [] })]);
    assert_eq!(read(&wire).await.unwrap_err().message, "there is no service web in eu-west-1 of this account");
    let other = account().on("DescribeVpcs", [list("vpcSet", "item", &[item(&[("vpcId", "vpc-7")], &[])])]);
    let elsewhere = Reader::new(&other.config()).running(&web(Some("vpc-7"))).await.unwrap_err();
    assert!(elsewhere.message.contains("runs in subnet-1, which is not in vpc-7"), "{elsewhere}");
    let bridge = json!({ "services": [{ "serviceName": "moat-web", "status": "ACTIVE" }] });
    let bridge = read(&account().on("DescribeServices", [bridge])).await.unwrap_err();
    assert!(bridge.message.contains("awsvpc"), "{bridge}");
}

#[tokio::test]
async fn unreadable_is_not_absent() {
    for action in ["DescribeNetworkAcls", "DescribeNatGateways", "DescribePrefixLists", "DescribeInternetGateways"] {
        let wire = account().on(action, [Answer::error("UnauthorizedOperation")]);
        let wire = wire.on("GetManagedPrefixListEntries", [Answer::error("UnauthorizedOperation")]);
        let egress = prove(&read(&wire).await.unwrap()).egress;
        assert_eq!(egress.verdict, Verdict::Unknown, "{action}: {egress}");
        assert!(egress.doubts.iter().any(|doubt| doubt.code == "unread"), "{action}: {egress}");
    }
    for action in ["DescribeVpcEndpoints", "DescribeSecurityGroups", "DescribeNetworkInterfaces", "DescribeListeners"] {
        let wire = account().on(action, [Answer::error("AccessDenied")]);
        assert_eq!(read(&wire).await.unwrap_err().kind, Kind::Denied, "{action}");
    }
    let slow = account().on("DescribeNetworkAcls", [Answer::error("RequestLimitExceeded")]);
    assert_eq!(read(&slow).await.unwrap_err().kind, Kind::Throttled, "that may pass");
}

#[tokio::test]
async fn e1_name_servers_other_than_amazons_are_told() {
    let evidence = read(&account().on("DescribeDhcpOptions", [dhcp("10.0.0.53")])).await.unwrap();
    assert_eq!(evidence.vpc.other_resolvers, ["10.0.0.53"]);
    let denied = account().on("DescribeDhcpOptions", [Answer::error("UnauthorizedOperation")]);
    assert_eq!(prove(&read(&denied).await.unwrap()).egress.verdict, Verdict::Unknown);
}

#[tokio::test]
async fn a_regional_nat_gateway_stands_in_no_subnet_and_has_a_table_of_its_own() {
    let regional = nat_gateway("nat-1", &[("availabilityMode", "regional"), ("routeTableId", "rtb-r")]);
    let own =
        table("rtb-r", ("gatewayId", "nat-1"), &[route(("destinationCidrBlock", "0.0.0.0/0"), ("gatewayId", "igw-1"))]);
    let wire = account()
        .on("DescribeNatGateways", [list("natGatewaySet", "item", &[regional])])
        .on("DescribeRouteTables", [list("routeTableSet", "item", &tables()), list("routeTableSet", "item", &[own])]);
    let evidence = read(&wire).await.unwrap();
    assert_eq!(evidence.nat_gateways[0].place, NatPlace::Regional("rtb-r".into()));
    assert_eq!(evidence.nat_gateways[0].state, NatState::Available);
    let last = wire.calls().into_iter().rfind(|call| call.action == "DescribeRouteTables").unwrap();
    assert_eq!(last.filters(), [("route-table-id".to_owned(), "rtb-r".to_owned())]);
    assert_eq!(prove(&evidence).egress.verdict, Verdict::Holds);
}

#[tokio::test]
async fn e1_an_interface_endpoint_is_read_with_its_groups_and_its_names() {
    let fields = [
        ("vpcEndpointId", "vpce-2"),
        ("vpcEndpointType", "Interface"),
        ("vpcId", "vpc-1"),
        ("serviceName", "com.amazonaws.eu-west-1.ecr.api"),
        ("state", "pendingAcceptance"),
        ("privateDnsEnabled", "true"),
        (
            "policyDocument",
            "{&quot;Statement&quot;:[{&quot;Effect&quot;:&quot;Deny&quot;,&quot;Principal&quot;:&quot;*&quot;,&quot;Action&quot;:&quot;*&quot;,&quot;Resource&quot;:&quot;*&quot;}]}",
        ),
    ];
    let lists = [
        list("subnetIdSet", "item", &["subnet-1".to_owned()]),
        list("groupSet", "item", &[item(&[("groupId", "sg-2")], &[])]),
    ];
    let wire = account().on("DescribeVpcEndpoints", [list("vpcEndpointSet", "item", &[item(&fields, &lists)])]);
    let evidence = read(&wire).await.unwrap();
    let endpoint = &evidence.endpoints[0];
    let kind =
        EndpointKind::Interface { subnets: vec!["subnet-1".into()], groups: vec!["sg-2".into()], private_dns: true };
    assert_eq!((&endpoint.kind, &endpoint.state), (&kind, &EndpointState::Other("pendingAcceptance".into())));
    assert!(matches!(&endpoint.policy, Policy::Statements(all) if !all[0].allows));
    assert_eq!(wire.count("DescribeVpcAttribute"), 2, "its names need both attributes");
}

#[tokio::test]
async fn a_load_balancer_that_leads_there_by_a_rule_alone_is_found() {
    let forward = item(&[("Type", "forward"), ("TargetGroupArn", TARGET_GROUP)], &[]);
    let rule = item(&[("RuleArn", "arn:rule"), ("IsDefault", "false")], &[list("Actions", "member", &[forward])]);
    let wire = account()
        .on("DescribeListeners", [list("Listeners", "member", &[listener("80", None)])])
        .on("DescribeRules", [list("Rules", "member", &[rule])]);
    let evidence = read(&wire).await.unwrap();
    assert_eq!(evidence.load_balancers[0].listeners[0].target_groups, [TARGET_GROUP.into()]);
    assert_eq!(wire.call("DescribeRules").field("ListenerArn"), "arn:listener");
}

#[tokio::test]
async fn whether_clients_keep_their_addresses_is_asked_of_a_network_load_balancer() {
    let balancers = list("LoadBalancerArns", "member", &[BALANCER.to_owned()]);
    let group =
        item(&[("TargetGroupArn", TARGET_GROUP), ("Protocol", "TCP"), ("HealthCheckPort", "9000")], &[balancers]);
    let attribute = item(&[("Key", "preserve_client_ip.enabled"), ("Value", "true")], &[]);
    let wire = account()
        .on("DescribeTargetGroups", [list("TargetGroups", "member", &[group])])
        .on("DescribeTargetGroupAttributes", [list("Attributes", "member", &[attribute])]);
    let group = &read(&wire).await.unwrap().target_groups[0];
    assert_eq!((group.keeps_client_addresses, group.health_check_port), (true, Some(9000)));
}

#[tokio::test]
async fn a_prefix_list_of_people_is_read_by_itself() {
    let route = route(("destinationPrefixListId", "pl-7"), ("transitGatewayId", "tgw-1"));
    let wire = account()
        .on(
            "DescribeRouteTables",
            [list("routeTableSet", "item", &[table("rtb-1", ("subnetId", "subnet-1"), &[route])])],
        )
        .on("DescribePrefixLists", [list("prefixListSet", "item", &[])])
        .on("GetManagedPrefixListEntries", [list("entrySet", "item", &[item(&[("cidr", "172.16.0.0/12")], &[])])]);
    let evidence = read(&wire).await.unwrap();
    assert_eq!((evidence.prefix_lists[0].id.as_str(), evidence.prefix_lists[0].ranges.len()), ("pl-7", 1));
    assert_eq!(evidence.tables[0].routes[1].target, Target::TransitGateway("tgw-1".into()));
}
