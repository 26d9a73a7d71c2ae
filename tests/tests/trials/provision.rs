//! What a provision does when nothing goes wrong.

use super::{image, input};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::holdings::{of_network, of_service};
use moat_tests::local::{Local, strings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("a_plan_on_an_empty_account_changes_nothing_and_says_what_a_provision_then_does", |l| Box::pin(plan_first(l))),
        ("e3_a_fresh_provision_is_settled_private_and_exactly_one_of_each", |l| Box::pin(fresh(l))),
        ("the_second_run_changes_nothing_and_says_so", |l| Box::pin(second_run(l))),
        ("a_service_alone_uses_the_recorded_network", |l| Box::pin(service_alone(l))),
        ("a_network_alone_is_provisioned_without_a_service", |l| Box::pin(network_alone(l))),
        ("c13_adding_a_zone_and_nat_gateways_per_zone_replaces_nothing", |l| Box::pin(grow(l))),
        ("e3_ways_to_the_internet_that_somebody_opened_are_closed", |l| Box::pin(reopened(l))),
    ]
}

async fn plan_first(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let mut wanted = input("planned", "planned");
    wanted["mode"] = json!("plan");
    let planned = local.provision(&wanted).await;
    assert_eq!(planned.output()["outcome"], "planned");
    let changes = local.proxy.changes();
    assert!(changes.is_empty(), "a plan changed something: {changes:?}");
    assert!(local.network_holdings("planned").await.is_empty());

    wanted["mode"] = json!("apply");
    let done: BTreeSet<String> = local.provision(&wanted).await.changes().into_iter().collect();
    let steps = planned.output()["steps"].as_array().expect("steps").clone();
    let planned: BTreeSet<String> = steps.iter().filter_map(|step| Some(step["step"].as_str()?.to_owned())).collect();
    let missing: Vec<_> = planned.difference(&done).filter(|step| !step.contains("default-security-group")).collect();
    assert!(missing.is_empty(), "planned but not done: {missing:#?}\ndone: {done:#?}");
}

async fn fresh(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let ended = local.provision(&input("fresh", "fresh")).await;
    let output = ended.output();
    assert_eq!(output["outcome"], "settled");
    assert_eq!(local.network_holdings("fresh").await, of_network(2, 1));
    assert_eq!(local.service_holdings("fresh").await, of_service());
    contract(output);
    assert_eq!(output["proof"]["holds"], true);
    let proof = strings(&output["proof"]["statements"]).join("\n");
    assert!(proof.contains("assignPublicIp is DISABLED"), "{proof}");
    let picture = output["proof"]["picture"].as_str().unwrap_or_default();
    assert!(picture.starts_with("flowchart LR") && picture.contains("NAT gateway nat-"), "{picture}");
    // The same by hand, also as somebody would ask who does not know that moat made it.
    for order in [json!({"service": "fresh"}), json!({"cluster": "moat-fresh", "service": "moat-fresh"})] {
        let proof = local.verify(&order).await;
        let proof = proof.output();
        assert_eq!(
            (&proof["privacy"]["verdict"], &proof["egress"]["verdict"]),
            (&json!("holds"), &json!("holds")),
            "{proof:#}"
        );
    }
    // Enforced IAM refused nothing: every role has what its function needs.
    // The local AWS has no Service Quotas, and may say so in any way.
    let is_refused = |call: &moat_tests::proxy::Call| call.status == 403 && call.operation.service != "servicequotas";
    let refused: Vec<_> = local.proxy.calls().into_iter().filter(is_refused).collect();
    assert!(refused.is_empty(), "denied: {refused:?}");
    let url = local.ssm.get_parameter().name("/moat/outputs/fresh/url").send().await.expect("the URL is published");
    assert_eq!(url.parameter.and_then(|found| found.value).as_deref(), output["service"]["url"].as_str());
    let lock = local.ssm.get_parameter().name("/moat/locks/network/fresh").send().await;
    assert!(lock.is_err(), "the lock is still there");
}

/// The shape of the output that design.md promises to outsiders.
fn contract(output: &Value) {
    let network = &output["network"];
    assert!(network["vpcId"].as_str().is_some_and(|id| id.starts_with("vpc-")), "{network}");
    for side in ["publicSubnets", "privateSubnets"] {
        assert_eq!(network[side].as_array().map(Vec::len), Some(2), "{network}");
    }
    let nat = &network["natGateways"][0];
    assert!(nat["publicIp"].is_string() && nat["isAvailable"] == true, "{network}");
    for subnet in network["privateSubnets"].as_array().into_iter().flatten() {
        assert_eq!(subnet["defaultRoute"], nat["id"], "{network}");
    }
    let service = &output["service"];
    assert!(service["url"].as_str().is_some_and(|url| url.starts_with("http://")), "{service}");
    assert!(service["serviceArn"].as_str().is_some_and(|arn| arn.contains(":service/")), "{service}");
    assert!(service["taskDefinition"].as_str().is_some_and(|arn| arn.contains(":task-definition/")), "{service}");
    assert!(service["image"].as_str().is_some_and(|image| image.contains("@sha256:")), "{service}");
}

async fn second_run(local: Arc<Local>) {
    let first = local.provision(&input("twice", "twice")).await;
    assert!(!first.changes().is_empty());
    local.plan(&[], Slowness::default());
    let second = local.provision(&input("twice", "twice")).await;
    assert_eq!(second.output()["outcome"], "settled");
    assert_eq!(second.changes(), Vec::<String>::new());
    let changes: Vec<_> = local.proxy.changes().into_iter().filter(|call| call.operation.service != "ssm").collect();
    assert!(changes.is_empty(), "the second run changed something: {changes:?}");
    let mut look = input("twice", "twice");
    look["mode"] = json!("plan");
    let planned = local.provision(&look).await;
    assert_eq!(planned.output()["outcome"], "settled");
    assert_eq!(planned.output()["steps"], json!([]));
}

async fn service_alone(local: Arc<Local>) {
    local.provision(&json!({"network": {"name": "alone"}})).await.output();
    let service = json!({"name": "alone", "network": "alone", "image": image("hello:1")});
    let ended = local.provision(&json!({ "service": service })).await;
    assert_eq!(ended.output()["outcome"], "settled");
    assert_eq!(local.network_holdings("alone").await, of_network(2, 1));
    assert_eq!(local.service_holdings("alone").await, of_service());
}

async fn network_alone(local: Arc<Local>) {
    let ended = local.provision(&json!({"network": {"name": "bare", "egress": {"nat": "per-zone"}, "zones": 3}})).await;
    assert_eq!(ended.output()["outcome"], "settled");
    assert_eq!(local.network_holdings("bare").await, of_network(3, 3));
}

async fn grow(local: Arc<Local>) {
    let small = local.provision(&input("grow", "grow")).await;
    let mut wanted = input("grow", "grow");
    wanted["network"]["zones"] = json!(3);
    wanted["network"]["egress"] = json!({"nat": "per-zone"});
    let large = local.provision(&wanted).await;
    assert_eq!(local.network_holdings("grow").await, of_network(3, 3));
    let first = |output: &Value, list: &str| output["network"][list][0].clone();
    for list in ["natGateways", "publicSubnets"] {
        assert_eq!(first(small.output(), list), first(large.output(), list), "{list} changed");
    }
    let id = |output: &Value, at: usize| output["network"]["privateSubnets"][at]["id"].clone();
    assert_eq!(id(small.output(), 0), id(large.output(), 0));
    assert_eq!(id(small.output(), 1), id(large.output(), 1));
}

async fn reopened(local: Arc<Local>) {
    let ended = local.provision(&input("opened", "opened")).await;
    let network = ended.output()["network"].clone();
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let (table, gateway) = (text(&network["privateSubnets"][0]["routeTable"]), text(&network["internetGateway"]));
    let call = local.ec2.replace_route().route_table_id(table).destination_cidr_block("0.0.0.0/0").gateway_id(gateway);
    call.send().await.expect("somebody points the private route at the Internet gateway");
    let group = text(&ended.output()["service"]["tasksGroup"]);
    let anywhere = aws_sdk_ec2::types::IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let rule =
        aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(anywhere);
    let call = local.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(rule.build());
    call.send().await.expect("somebody opens the tasks' group");
    let mended = local.provision(&input("opened", "opened")).await;
    let changes = mended.changes().join("\n");
    assert!(
        changes.contains("replace route 0.0.0.0/0") && changes.contains("remove tcp 22 in from anywhere"),
        "{changes}"
    );
    assert_eq!(mended.changes().len(), 2, "{changes}");
}
