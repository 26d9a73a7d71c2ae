//! What the schedule does: finds what others changed, mends what it may, asks or tells about the rest, and catches
//! pushes whose event was lost.

use super::input;
use super::rollout::{nothing_denied, provisioned, tracking};
use crate::Body;
use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, Tag, TagSpecification};
use moat_tests::faults::{Fault, Scheduled, Slowness};
use moat_tests::local::{Local, strings};
use moat_tests::people::People;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Those that count what a run over the whole account does. Each has an account of its own.
pub fn alone() -> Vec<(&'static str, Body)> {
    vec![
        ("d5_what_three_people_did_is_found_mended_and_told_and_then_all_is_well", |l| Box::pin(three(l))),
        ("d2_what_is_as_it_should_be_is_looked_at_and_never_changed", |l| Box::pin(clean(l))),
        ("i5_a_push_whose_event_was_lost_is_rolled_and_a_quarantined_one_is_not", |l| Box::pin(missed(l))),
        ("what_carries_our_tags_and_belongs_to_nobody_is_told_with_its_price", |l| Box::pin(orphan(l))),
    ]
}

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("d10_a_full_check_of_one_stack_takes_25_calls_at_most_and_its_proof_17", |l| Box::pin(counted(l))),
        ("d5_what_is_beyond_the_grade_is_told_once_a_day_and_left", |l| Box::pin(beyond(l))),
        ("d6_a_yes_counts_for_what_was_asked_and_not_after_a_change", |l| Box::pin(asked(l))),
        ("d8_who_puts_it_back_twice_is_left_alone", |l| Box::pin(tug_of_war(l))),
        ("d9_a_repair_that_aws_refuses_is_a_failure_and_the_others_are_looked_after", |l| Box::pin(refused(l))),
        ("d11_what_somebody_else_holds_is_postponed", |l| Box::pin(held(l))),
        ("s2_a_wrong_order_changes_nothing", |l| Box::pin(wrong(l))),
    ]
}

async fn remediate(local: &Local, order: Value) -> Value {
    local.remediate(&order).await.output().clone()
}

/// What is said of one owner; null when it is clean.
fn of<'a>(report: &'a Value, owner: &str) -> &'a Value {
    let checked = report["checked"].as_array().expect("a list");
    checked.iter().find(|one| one["owner"] == owner).unwrap_or(&Value::Null)
}

async fn group(local: &Local, service: &str, resource: &str) -> String {
    let filter = |key: &str, value: &str| Filter::builder().name(format!("tag:{key}")).values(value).build();
    let call = local.ec2.describe_security_groups();
    let call = call.filters(filter("moat:service", service)).filters(filter("moat:resource", resource));
    let found = call.send().await.expect("the groups can be listed");
    found.security_groups()[0].group_id().expect("an id").to_owned()
}

fn ssh() -> IpPermission {
    let anywhere = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(anywhere).build()
}

/// Opens the service's tasks to the world.
async fn open(local: &Local, service: &str) {
    let group = group(local, service, "security-group tasks").await;
    let call = local.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(ssh());
    call.send().await.expect("somebody opens the group");
}

async fn turn_public_ips_on(local: &Local, service: &str) {
    let name = format!("moat-{service}");
    let found = local.ecs.describe_services().cluster(&name).services(&name).send().await.expect("it is there");
    let network = found.services()[0].network_configuration().and_then(|it| it.awsvpc_configuration()).cloned();
    let mut network = network.expect("it is in subnets");
    network.assign_public_ip = Some(aws_sdk_ecs::types::AssignPublicIp::Enabled);
    let network = aws_sdk_ecs::types::NetworkConfiguration::builder().awsvpc_configuration(network).build();
    let call = local.ecs.update_service().cluster(&name).service(&name).network_configuration(network);
    call.send().await.expect("somebody turns public IPs on");
}

async fn set_grace(local: &Local, service: &str, seconds: i32) {
    let name = format!("moat-{service}");
    let call = local.ecs.update_service().cluster(&name).service(&name);
    call.health_check_grace_period_seconds(seconds).send().await.expect("somebody changes the grace period");
}

async fn set_tasks(local: &Local, service: &str, tasks: i32) {
    let name = format!("moat-{service}");
    let call = local.ecs.update_service().cluster(&name).service(&name).desired_count(tasks);
    call.send().await.expect("somebody changes the number of tasks");
}

async fn delete_private_default_route(local: &Local, network: &str) {
    let filter = |key: &str, value: &str| Filter::builder().name(format!("tag:{key}")).values(value).build();
    let call = local.ec2.describe_route_tables().filters(filter("moat:network", network));
    let found = call.filters(filter("moat:resource", "route-table private-a")).send().await.expect("they are there");
    let table = found.route_tables()[0].route_table_id().expect("an id").to_owned();
    let call = local.ec2.delete_route().route_table_id(table).destination_cidr_block("0.0.0.0/0");
    call.send().await.expect("somebody deletes the route");
}

fn graded(name: &str, drift: &Value) -> Value {
    let mut wanted = input(name, name);
    wanted["network"]["drift"] = drift.clone();
    wanted["service"]["drift"] = drift.clone();
    wanted
}

/// Calls that change anything but moat's own parameters.
fn changes(local: &Local) -> Vec<String> {
    let made = local.proxy.changes().into_iter().filter(|call| call.operation.service != "ssm");
    made.map(|call| call.operation.name).collect()
}

async fn three(local: Arc<Local>) {
    local.provision(&input("three", "three")).await.output();
    let people = People::listen(&local, "three").await;
    delete_private_default_route(&local, "three").await;
    open(&local, "three").await;
    turn_public_ips_on(&local, "three").await;
    local.plan(&[], Slowness::default());
    let look = remediate(&local, json!({"mode": "plan"})).await;
    assert_eq!((&look["isLook"], &look["repaired"]), (&json!(true), &json!(0)));
    assert!(look["message"].as_str().unwrap().contains("open to the Internet"), "{look:#}");
    assert_eq!((changes(&local), local.proxy.changes().len()), (vec![], 0), "a look changes nothing, not even a lock");
    let first = remediate(&local, json!({})).await;
    let (network, service) = (of(&first, "network three"), of(&first, "service three"));
    assert_eq!((&network["verdict"], &service["verdict"]), (&json!("repaired"), &json!("repaired")), "{first:#}");
    assert_eq!(strings(&network["changes"]), ["create route 0.0.0.0/0 to nat-gateway a in route-table private-a"]);
    let closed: Vec<&Value> = service["findings"].as_array().unwrap().iter().collect();
    assert!(closed.len() == 2 && closed.iter().all(|told| told["isHole"] == true), "{service:#}");
    assert_eq!(changes(&local), ["CreateRoute", "RevokeSecurityGroupIngress", "UpdateService"]);
    nothing_denied(&local);
    let told = people.hear(&local).await;
    assert!(told.contains("Was open to the Internet: service, public IPs: should be none, but is assigned"), "{told}");
    local.plan(&[], Slowness::default());
    let second = remediate(&local, json!({})).await;
    assert_eq!((of(&second, "network three"), of(&second, "service three")), (&Value::Null, &Value::Null));
    assert_eq!(changes(&local), Vec::<String>::new());
    assert_eq!(people.overhear(&local).await, None, "nobody is told that all is well");
    // As of the provision: it finds nothing to do.
    assert!(local.provision(&input("three", "three")).await.changes().is_empty());
}

async fn clean(local: Arc<Local>) {
    local.provision(&input("stays-so", "stays-so")).await.output();
    for order in [json!({}), json!({"network": "stays-so"}), json!({"service": "stays-so"})] {
        local.plan(&[], Slowness::default());
        let report = remediate(&local, order).await;
        assert_eq!((of(&report, "network stays-so"), of(&report, "service stays-so")), (&Value::Null, &Value::Null));
        assert!(local.proxy.changes().is_empty(), "{:?}", local.proxy.changes());
    }
}

async fn counted(local: Arc<Local>) {
    local.provision(&input("counted", "counted")).await.output();
    local.plan(&[], Slowness::default());
    assert_eq!(remediate(&local, json!({"service": "counted"})).await["counts"], json!({"clean": 1}));
    let (records, others): (Vec<_>, Vec<_>) =
        local.proxy.calls().into_iter().map(|call| call.operation).partition(|operation| operation.service == "ssm");
    // The look takes 25. What reads the evidence of the proof is beside it: eleven for a VPC, six for a service.
    assert!(others.len() <= 25 + 17, "{}: {others:?}", others.len());
    assert!(records.len() <= 5, "{records:?}");
}

async fn beyond(local: Arc<Local>) {
    local.provision(&graded("beyond", &json!({"repair": "safe"}))).await.output();
    let people = People::listen(&local, "beyond").await;
    set_tasks(&local, "beyond", 7).await;
    local.plan(&[], Slowness::default());
    for is_new in [true, false] {
        let report = remediate(&local, json!({"service": "beyond"})).await;
        let service = of(&report, "service beyond");
        assert_eq!((&service["verdict"], &report["findings"]), (&json!("reported"), &json!(1)), "{report:#}");
        assert_eq!(service["findings"][0]["hazard"], "disruptive");
        assert_eq!(people.overhear(&local).await.is_some(), is_new, "people are told the same once a day");
    }
    assert_eq!(changes(&local), Vec::<String>::new());
    // At `none` nothing is mended, not even a hole, and it is said loudly.
    local.provision(&graded("beyond", &json!({"repair": "none"}))).await.output();
    open(&local, "beyond").await;
    local.plan(&[], Slowness::default());
    let report = remediate(&local, json!({"service": "beyond"})).await;
    assert_eq!((&report["open"], &report["repaired"]), (&json!(1), &json!(0)), "{report:#}");
    assert_eq!(changes(&local), Vec::<String>::new());
    assert!(people.overhear(&local).await.is_some_and(|told| told.contains("OPEN TO THE INTERNET")));
}

async fn asked(local: Arc<Local>) {
    local.provision(&graded("asks-first", &json!({"repair": "safe", "approval": "ask"}))).await.output();
    set_tasks(&local, "asks-first", 7).await;
    let question = async |local: &Local| {
        let report = remediate(local, json!({"service": "asks-first"})).await;
        let service = of(&report, "service asks-first");
        assert_eq!(service["verdict"], "asked", "{report:#}");
        service["question"].as_str().expect("a question").to_owned()
    };
    let first = question(&local).await;
    assert_eq!(question(&local).await, first, "the same question as long as nothing changes");
    // Something else is changed meanwhile, so the yes is void; what is safe is mended all the same.
    set_grace(&local, "asks-first", 5).await;
    local.plan(&[], Slowness::default());
    let void = remediate(&local, json!({"service": "asks-first", "approve": first})).await;
    let service = of(&void, "service asks-first");
    assert!(service["why"].as_str().is_some_and(|why| why.contains("void")), "{void:#}");
    assert_eq!(changes(&local), ["UpdateService"], "the grace period alone");
    let left = service["question"].as_str().expect("what is left is asked").to_owned();
    let done = remediate(&local, json!({"service": "asks-first", "approve": left})).await;
    assert_eq!(of(&done, "service asks-first")["verdict"], "repaired", "{done:#}");
    assert_eq!(remediate(&local, json!({"service": "asks-first"})).await["findings"], 0);
}

async fn tug_of_war(local: Arc<Local>) {
    local.provision(&input("pulled", "pulled")).await.output();
    for verdict in ["repaired", "repaired", "tug-of-war", "tug-of-war"] {
        set_grace(&local, "pulled", 5).await;
        let report = remediate(&local, json!({"service": "pulled"})).await;
        assert_eq!(of(&report, "service pulled")["verdict"], verdict, "{report:#}");
    }
    local.forget_drift("service", "pulled").await;
    let report = remediate(&local, json!({"service": "pulled"})).await;
    assert_eq!(of(&report, "service pulled")["verdict"], "repaired", "a day later: {report:#}");
}

async fn refused(local: Arc<Local>) {
    local.provision(&input("unmended", "unmended")).await.output();
    delete_private_default_route(&local, "unmended").await;
    set_grace(&local, "unmended", 5).await;
    local.plan(&[Scheduled { at: 1, fault: Fault::Refused }], Slowness::default());
    let report = remediate(&local, json!({"network": "unmended"})).await;
    let network = of(&report, "network unmended");
    assert!(["failed", "unreadable"].contains(&network["verdict"].as_str().unwrap()), "{report:#}");
    assert_eq!(report["repaired"], 0);
    local.plan(&[], Slowness::default());
    let report = remediate(&local, json!({})).await;
    for owner in ["network unmended", "service unmended"] {
        assert_eq!(of(&report, owner)["verdict"], "repaired", "{report:#}");
    }
    // An answer that is lost: it was done, it is seen to be done, and it is not done twice.
    delete_private_default_route(&local, "unmended").await;
    local.plan(&[Scheduled { at: 1, fault: Fault::Lost }], Slowness::default());
    let report = remediate(&local, json!({"network": "unmended"})).await;
    assert_eq!(of(&report, "network unmended")["verdict"], "repaired", "{report:#}");
}

async fn held(local: Arc<Local>) {
    local.provision(&input("held", "held")).await.output();
    set_grace(&local, "held", 5).await;
    let slow = Slowness { nat_gateway: Duration::from_secs(900), ..Slowness::default() };
    local.plan(&[], slow);
    local.scale_waits(1.0).await;
    let mut wider = input("held", "held");
    wider["network"]["egress"] = json!({"nat": "per-zone"});
    let other = local.start_provision(&wider).await;
    for _ in 0..400 {
        if local.proxy.calls().iter().any(|call| call.operation.name == "CreateNatGateway") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let report = remediate(&local, json!({})).await;
    let service = of(&report, "service held");
    assert_eq!(service["verdict"], "postponed", "{report:#}");
    assert!(service["why"].as_str().is_some_and(|why| why.contains(&other)), "{report:#}");
    assert_eq!(service["findings"][0]["fate"], "postponed", "what was found is told all the same");
    local.stop(&other).await;
    local.plan(&[], Slowness::default());
    local.scale_waits(0.0).await;
    // Who held it is gone. When none of its Lambdas can be at work any more, what was postponed is done.
    let begun = Instant::now();
    loop {
        let report = remediate(&local, json!({"service": "held"})).await;
        match of(&report, "service held")["verdict"].as_str() {
            Some("repaired") => break,
            verdict => assert_eq!(verdict, Some("postponed"), "{report:#}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "the lock of a stopped execution stays: {report:#}");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

async fn missed(local: Arc<Local>) {
    provisioned(&local, "unheard-of").await;
    let digest = local.push_image("unheard-of", "latest", "second").await;
    let before = local.rollouts().await;
    let look = remediate(&local, json!({"mode": "plan"})).await;
    assert_eq!(look["rollouts"], Value::Null, "a look starts nothing");
    let report = remediate(&local, json!({})).await;
    assert_eq!(report["rollouts"], json!(["unheard-of"]), "{report:#}");
    let started = local.rollouts_since(&before, 1).await;
    assert_eq!(local.end_of(&started[0]).await.output()["outcome"], "succeeded");
    assert_eq!(local.deployed("unheard-of").await, digest);
    // A person goes back: what they left is quarantined, and is no missed push.
    local.rollout(&json!({"service": "unheard-of", "to": "previous"})).await.output();
    let before = local.rollouts().await;
    assert_eq!(remediate(&local, json!({})).await["rollouts"], Value::Null);
    assert_eq!(local.rollouts().await.len(), before.len());
    local.provision(&tracking("unheard-of")).await.output();
}

async fn orphan(local: Arc<Local>) {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let tags = TagSpecification::builder().resource_type("elastic-ip".into());
    let tags = tags.tags(tag("moat:network", "ghost")).tags(tag("moat:resource", "elastic-ip a")).build();
    let made = local.ec2.allocate_address().domain("vpc".into()).tag_specifications(tags).send().await;
    let id = made.expect("an address").allocation_id.expect("an id");
    local.plan(&[], Slowness::default());
    let report = remediate(&local, json!({})).await;
    let left = report["leftovers"].as_array().expect("leftovers").iter().find(|left| left["id"] == json!(id));
    let left = left.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&left["owner"], &left["why"]), (&json!("network ghost"), &json!("orphan")));
    assert_eq!(left["centsPerMonth"], 365, "an idle public IPv4 address");
    assert_eq!(changes(&local), Vec::<String>::new(), "it is told, and stays");
    let gone = local.tear_down(&json!({"network": "ghost", "confirm": "ghost"})).await;
    assert_eq!((&gone.output()["outcome"], &gone.output()["billableLeftovers"]), (&json!("removed"), &json!(0)));
    assert!(
        remediate(&local, json!({})).await["leftovers"]
            .as_array()
            .is_none_or(|all| all.iter().all(|left| left["id"] != json!(id)))
    );
}

async fn wrong(local: Arc<Local>) {
    let cases = [
        (json!({"network": "a", "service": "b"}), "names both"),
        (json!({"approve": "x"}), "/approve"),
        (json!({"mode": "look", "force": true}), "/force"),
        (json!([]), "must be a JSON object"),
    ];
    for (order, says) in cases {
        local.plan(&[], Slowness::default());
        let ended = local.remediate(&order).await;
        assert_eq!(ended.error, "Moat.SpecInvalid", "{order}: {}", ended.cause);
        assert!(ended.cause.contains(says), "{order}: expected {says:?} in {:?}", ended.cause);
        assert!(local.proxy.changes().is_empty());
    }
    let ended = local.remediate(&json!({"service": "nobody-knows"})).await;
    assert!(ended.cause.contains("nobody-knows"), "{} {}", ended.error, ended.cause);
}
