//! The way out: what was provisioned is taken down, and nothing else is.

use super::{image, input};
use crate::Body;
use moat_tests::faults::{Fault, Scheduled, Slowness};
use moat_tests::holdings::{of_network, of_service};
use moat_tests::local::{Ended, Local, strings};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("t1_a_service_is_taken_down_and_its_network_stays", |l| Box::pin(service_alone(l))),
        ("t1_a_network_with_services_goes_whole_and_a_second_teardown_finds_nothing", |l| Box::pin(all(l))),
        ("t1_a_network_in_use_is_refused_with_the_names_of_its_services", |l| Box::pin(in_use(l))),
        ("t2_a_plan_of_a_teardown_changes_nothing_and_says_what_then_goes", |l| Box::pin(plan_first(l))),
        ("d7_a_subnet_of_others_stops_the_teardown_before_the_first_deletion", |l| Box::pin(stranger(l))),
        ("t5_what_a_failed_provision_left_is_taken_down_after_each_odd_call", |l| Box::pin(half_made(l, 1))),
        ("t5_what_a_failed_provision_left_is_taken_down_after_each_even_call", |l| Box::pin(half_made(l, 2))),
        ("t5_a_teardown_leaves_nothing_whichever_odd_answer_is_lost", |l| Box::pin(lost_answers(l, 1))),
        ("t5_a_teardown_leaves_nothing_whichever_even_answer_is_lost", |l| Box::pin(lost_answers(l, 2))),
        ("t6_groups_that_name_each_other_go", |l| Box::pin(tangled(l))),
        ("s2_a_wrong_confirmation_removes_nothing", |l| Box::pin(unconfirmed(l))),
    ]
}

fn service(name: &str) -> Value {
    json!({"service": name, "confirm": name})
}

fn with_services(network: &str) -> Value {
    json!({"network": network, "confirm": network, "with": "services"})
}

/// Nothing that carries the names is left, not even a parameter or a lock.
async fn is_gone(local: &Local, network: &str, services: &[&str], what: &str) {
    assert!(local.network_holdings(network).await.is_empty(), "{what}: {:?}", local.network_holdings(network).await);
    for service in services {
        let left = local.service_holdings(service).await;
        assert!(left.is_empty(), "{what}: {left:?}");
        assert_eq!(local.parameters_of(service).await, Vec::<String>::new(), "{what}");
    }
    assert_eq!(local.parameters_of(network).await, Vec::<String>::new(), "{what}");
}

fn is_removed(ended: &Ended) {
    let output = ended.output();
    assert_eq!(output["outcome"], "removed", "{output}");
    assert_eq!(output["billableLeftovers"], 0, "{output}");
}

async fn service_alone(local: Arc<Local>) {
    local.provision(&input("stays", "goes")).await.output();
    local.plan(&[], Slowness::default());
    let ended = local.tear_down(&service("goes")).await;
    is_removed(&ended);
    // Enforced IAM refused nothing: the role has what its function needs.
    let refused: Vec<_> = local.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(refused.is_empty(), "denied: {refused:?}");
    assert!(local.service_holdings("goes").await.is_empty());
    assert_eq!(local.parameters_of("goes").await, Vec::<String>::new());
    assert_eq!(local.network_holdings("stays").await, of_network(2, 1));
    assert_eq!(local.parameters_of("stays").await, ["/moat/networks/stays"]);
    let kept = strings(&ended.output()["kept"]).join("\n");
    assert!(kept.contains("log-group /moat/goes"), "{kept}");
    // The name is free again.
    assert_eq!(local.provision(&input("stays", "goes")).await.output()["outcome"], "settled");
    assert_eq!(local.service_holdings("goes").await, of_service());
}

async fn all(local: Arc<Local>) {
    local.provision(&input("leaves", "leaves-a")).await.output();
    let second = json!({"service": {"name": "leaves-b", "network": "leaves", "image": image("hello:1"), "port": 8080}});
    local.provision(&second).await.output();
    local.plan(&[], Slowness::default());
    let ended = local.tear_down(&with_services("leaves")).await;
    is_removed(&ended);
    is_gone(&local, "leaves", &["leaves-a", "leaves-b"], "after the first teardown").await;
    let made: Vec<String> = local.proxy.changes().iter().map(|call| call.operation.name.clone()).collect();
    let order = ["DeleteService", "DeleteListener", "DeleteLoadBalancer", "DeleteTargetGroup", "DeleteSecurityGroup"];
    let order = order.iter().chain(&["DeleteNatGateway", "ReleaseAddress", "DetachInternetGateway", "DeleteVpc"]);
    let at: Vec<_> = order.map(|name| made.iter().rposition(|made| made == name)).collect();
    assert!(at.is_sorted() && at.iter().all(Option::is_some), "T1, T4: {made:?}");
    local.plan(&[], Slowness::default());
    let again = local.tear_down(&with_services("leaves")).await;
    assert_eq!(again.output()["outcome"], "absent");
    assert_eq!(again.output()["removed"], json!([]));
    assert_eq!(again.output()["billableLeftovers"], 0);
    let changes: Vec<_> = local.proxy.changes().into_iter().filter(|call| call.operation.service != "ssm").collect();
    assert!(changes.is_empty(), "the second teardown changed something: {changes:?}");
}

async fn in_use(local: Arc<Local>) {
    local.provision(&input("in-use", "in-use-web")).await.output();
    let ended = local.tear_down(&json!({"network": "in-use", "confirm": "in-use"})).await;
    assert_eq!(ended.error, "Moat.Refused", "{}", ended.cause);
    assert!(ended.cause.contains("service in-use-web lives in network in-use"), "{}", ended.cause);
    assert_eq!(local.network_holdings("in-use").await, of_network(2, 1));
    assert_eq!(local.service_holdings("in-use-web").await, of_service());
    let locks = local.parameters_of("in-use").await;
    assert_eq!(locks, ["/moat/networks/in-use"], "the lock is still there");
}

async fn plan_first(local: Arc<Local>) {
    local.provision(&input("looked-at", "looked-at")).await.output();
    local.plan(&[], Slowness::default());
    let mut order = with_services("looked-at");
    order["mode"] = json!("plan");
    let planned = local.tear_down(&order).await;
    assert_eq!(planned.output()["outcome"], "planned");
    let changes = local.proxy.changes();
    assert!(changes.is_empty(), "a plan changed something: {changes:?}");
    let steps = planned.output()["steps"].as_array().expect("steps").clone();
    let removed = strings(&local.tear_down(&with_services("looked-at")).await.output()["removed"]);
    let missing: Vec<_> =
        steps.iter().filter(|step| !removed.contains(&step["step"].as_str().unwrap().into())).collect();
    assert!(missing.is_empty(), "planned but not done: {missing:#?}\ndone: {removed:#?}");
    order["mode"] = json!("plan");
    assert_eq!(local.tear_down(&order).await.output()["outcome"], "absent");
}

async fn stranger(local: Arc<Local>) {
    let network = local.provision(&input("crowded", "crowded")).await.output()["network"].clone();
    let vpc = network["vpcId"].as_str().expect("an id").to_owned();
    let call = local.ec2.create_subnet().vpc_id(vpc).cidr_block("10.0.250.0/24").send().await;
    let foreign = call.expect("somebody makes a subnet").subnet.and_then(|subnet| subnet.subnet_id).expect("an id");
    local.plan(&[], Slowness::default());
    let ended = local.tear_down(&with_services("crowded")).await;
    assert_eq!(ended.error, "Moat.Refused", "{}", ended.cause);
    assert!(ended.cause.contains(&format!("subnet {foreign}")), "{}", ended.cause);
    let changes: Vec<_> = local.proxy.changes().into_iter().filter(|call| call.operation.service != "ssm").collect();
    assert!(changes.is_empty(), "something was changed: {changes:?}");
    local.ec2.delete_subnet().subnet_id(foreign).send().await.expect("it goes away again");
    is_removed(&local.tear_down(&with_services("crowded")).await);
    is_gone(&local, "crowded", &["crowded"], "after the stranger went").await;
}

/// Every second prefix of a provision. Two trials share them, since two run side by side.
async fn half_made(local: Arc<Local>, first: usize) {
    let mut half = 0;
    for at in (first..=38).step_by(2) {
        let name = format!("half-{at}");
        // All calls from this one on: a single denial may be taken for tags that AWS cannot see yet.
        let denied: Vec<Scheduled> = (at..at + 60).map(|at| Scheduled { at, fault: Fault::Refused }).collect();
        local.plan(&denied, Slowness::default());
        let ended = local.provision(&input(&name, &name)).await;
        half += usize::from(ended.error == "Moat.Denied");
        local.plan(&[], Slowness::default());
        is_removed(&local.tear_down(&with_services(&name)).await);
        is_gone(&local, &name, &[&name], &format!("call {at} of the provision was denied")).await;
    }
    assert!(half >= 17, "{half} of 19 provisions stopped half-way");
}

async fn lost_answers(local: Arc<Local>, first: usize) {
    let heard = format!("heard-{first}");
    local.provision(&input(&heard, &heard)).await.output();
    local.plan(&[], Slowness::default());
    is_removed(&local.tear_down(&with_services(&heard)).await);
    // Faults are of steps; locks and records are none.
    let changes = local.proxy.changes().into_iter().filter(|call| call.operation.service != "ssm").count();
    assert!(changes > 20, "{changes} calls");
    for at in (first..=changes).step_by(2) {
        let name = format!("unheard-{at}");
        local.plan(&[], Slowness::default());
        local.provision(&input(&name, &name)).await.output();
        local.plan(&[Scheduled { at, fault: Fault::Lost }], Slowness::default());
        let ended = local.tear_down(&with_services(&name)).await;
        let is_met = local.proxy.calls().iter().any(|call| call.fault == Some(Fault::Lost));
        assert!(is_met, "the fault at call {at} was never met");
        local.plan(&[], Slowness::default());
        let again = local.tear_down(&with_services(&name)).await;
        assert_eq!(again.output()["billableLeftovers"], 0, "answer {at} lost, then: {ended:?}");
        is_gone(&local, &name, &[&name], &format!("answer {at} lost")).await;
    }
}

/// A provision makes two groups that name each other; somebody lets the second name the first once more.
async fn tangled(local: Arc<Local>) {
    let output = local.provision(&input("tangled", "tangled")).await.output().clone();
    let group = output["service"]["tasksGroup"].as_str().expect("an id").to_owned();
    let peer = aws_sdk_ec2::types::UserIdGroupPair::builder().group_id(&group).build();
    let rule = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(9000).to_port(9001);
    let call = local.ec2.authorize_security_group_egress().group_id(&group);
    call.ip_permissions(rule.user_id_group_pairs(peer).build()).send().await.expect("somebody adds a rule");
    let ended = local.tear_down(&with_services("tangled")).await;
    is_removed(&ended);
    let removed = strings(&ended.output()["removed"]).join("\n");
    assert!(removed.contains("before groups are deleted"), "{removed}");
    is_gone(&local, "tangled", &["tangled"], "after the groups were untangled").await;
}

async fn unconfirmed(local: Arc<Local>) {
    let cases: Vec<(Value, &str)> = vec![
        (json!({"service": "web", "confirm": "wbe"}), "/confirm: is \"wbe\""),
        (json!({"network": "main"}), "/confirm: is required"),
        (json!({"service": "web", "network": "main", "confirm": "web"}), "names both"),
        (json!({"service": "web", "confirm": "web", "force": true}), "/force: there is no such field"),
        (json!({}), "names nothing to remove"),
        (json!("web"), "must be a JSON object"),
    ];
    for (order, says) in cases {
        local.plan(&[], Slowness::default());
        let ended = local.tear_down(&order).await;
        assert_eq!(ended.error, "Moat.SpecInvalid", "{order}: {}", ended.cause);
        assert!(ended.cause.contains(says), "{order}: expected {says:?} in {:?}", ended.cause);
        assert!(local.proxy.changes().is_empty(), "{order}: {:?}", local.proxy.changes());
    }
}
