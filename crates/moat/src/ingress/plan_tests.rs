use super::*;
use crate::cidr::{Cidr, Side};
use crate::ingress::observed::{Listener, LoadBalancer, SecurityGroup, TargetGroup};
use crate::network::desired::subnet;
use crate::plan::{Bindings, Step};
use crate::rule::{Direction, Peer};

fn spec(zones: u8) -> IngressSpec {
    let given = [
        (network::vpc(), "vpc-1"),
        (network::attachment(), "igw-1"),
        (subnet(Side::Public, 'a'), "subnet-a"),
        (subnet(Side::Public, 'b'), "subnet-b"),
        (subnet(Side::Public, 'c'), "subnet-c"),
    ];
    let given: Bindings = given.into_iter().map(|(name, id)| (name, id.to_owned())).collect();
    let service = serde_json::json!({ "name": "web", "network": "main", "image": "ghcr.io/team/web:1", "port": 8080 });
    IngressSpec {
        network: serde_json::from_value(serde_json::json!({ "name": "main", "zones": zones })).unwrap(),
        service: serde_json::from_value(service).unwrap(),
        given,
    }
}

fn settled() -> Observed {
    let spec = spec(2);
    let group = |group: Group, id: &str| {
        let id_of = |group| Some(if group == Group::Tasks { "sg-tasks".into() } else { "sg-door".into() });
        let rules = spec.rules(group).iter().filter_map(|wanted| wanted.rule(id_of)).collect();
        SecurityGroup { id: id.into(), group, vpc: "vpc-1".into(), rules }
    };
    let pairs = |pairs: Vec<(&str, String)>| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Observed {
        groups: vec![group(Group::LoadBalancer, "sg-door"), group(Group::Tasks, "sg-tasks")],
        load_balancer: Some(LoadBalancer {
            arn: "lb".into(),
            is_ours: true,
            state: LoadBalancerState::Active,
            is_internet_facing: true,
            dns_name: "web.example".into(),
            subnets: ["subnet-a".into(), "subnet-b".into()].into(),
            groups: ["sg-door".into()].into(),
            attributes: pairs(spec.load_balancer_attributes()),
            age: None,
        }),
        target_group: Some(TargetGroup {
            arn: "tg".into(),
            is_ours: true,
            vpc: "vpc-1".into(),
            health_check: health_check(&spec),
            attributes: pairs(spec.target_group_attributes()),
        }),
        listeners: vec![Listener {
            arn: "http".into(),
            port: 80,
            protocol: "HTTP".into(),
            forwards_to: Some("tg".into()),
            rules: Vec::new(),
        }],
    }
}

fn planned(spec: &IngressSpec, observed: &Observed) -> String {
    match plan(spec, observed) {
        Ok(plan) => {
            let halts: String = plan.halts.iter().map(|problem| format!("halt: {problem}\n")).collect();
            format!("{plan}{halts}")
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}

#[test]
fn an_account_without_a_door_gets_the_whole_plan_at_once() {
    insta::assert_snapshot!(planned(&spec(2), &Observed::default()), @r"
    create security-group load-balancer
    allow tcp 80 in from anywhere (0.0.0.0/0) in security-group load-balancer
    allow tcp 8080 out to security-group tasks in security-group load-balancer
    create security-group tasks
    allow tcp 8080 in from security-group load-balancer in security-group tasks
    create load-balancer, internet-facing, in subnet public-a, subnet public-b
    set load-balancer routing.http.drop_invalid_header_fields.enabled = true
    create target-group, health check / each 10 s within 5 s, well after 2, ill after 3
    set target-group deregistration_delay.timeout_seconds = 20
    create listener http on port 80 to target-group
    ");
}

#[test]
fn a_door_that_is_as_asked_gives_nothing_to_do() {
    assert_eq!(planned(&spec(2), &settled()), "nothing to do\n");
}

#[test]
fn a_load_balancer_that_is_still_provisioning_is_all_that_is_waited_for() {
    let mut observed = settled();
    if let Some(balancer) = &mut observed.load_balancer {
        (balancer.state, balancer.age) = (LoadBalancerState::Provisioning, Some(100));
    }
    let plan = plan(&spec(2), &observed).unwrap();
    assert!(plan.steps.is_empty());
    assert_eq!((plan.waiting[0].on.as_str(), plan.waiting[0].retry_after), ("load-balancer (provisioning)", 45));
}

#[test]
fn a_hole_in_the_tasks_group_is_closed_and_a_missing_rule_comes_back() {
    let mut observed = settled();
    let anyone = Rule::tcp(Direction::Ingress, 22, Peer::Cidr(Cidr::ANYWHERE));
    observed.groups[1].rules = vec![anyone, Rule::all_out()];
    insta::assert_snapshot!(planned(&spec(2), &observed), @r"
    allow tcp 8080 in from security-group load-balancer in security-group tasks
    remove tcp 22 in from anywhere (0.0.0.0/0) from security-group tasks
    ");
}

#[test]
fn c9_a_new_zone_becomes_the_load_balancers_too() {
    insta::assert_snapshot!(planned(&spec(3), &settled()), @"put load-balancer in subnet public-a, subnet public-b, subnet public-c");
}

#[test]
fn a_second_listener_is_a_second_door_and_goes() {
    let mut observed = settled();
    observed.listeners.push(Listener {
        arn: "other".into(),
        port: 8443,
        protocol: "HTTPS".into(),
        forwards_to: None,
        rules: Vec::new(),
    });
    observed.listeners[0].forwards_to = Some("somebody-elses".into());
    insta::assert_snapshot!(planned(&spec(2), &observed), @r"
    set listener http to target-group
    delete listener HTTPS on port 8443, which the spec does not ask for
    ");
}

#[test]
fn the_load_balancer_needs_the_attached_gateway_and_its_zones_and_the_listener_both_its_ends() {
    let plan = plan(&spec(2), &Observed::default()).unwrap();
    let needs = |what: &str| {
        let step = plan.steps.iter().find(|step| step.to_string().starts_with(what)).unwrap();
        step.needs().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    insta::assert_snapshot!(needs("create load-balancer"), @"security-group load-balancer, internet-gateway attachment, subnet public-a, subnet public-b");
    insta::assert_snapshot!(needs("create listener"), @"load-balancer, target-group");
}

#[test]
fn what_is_somebody_elses_is_refused_all_at_once() {
    let mut observed = settled();
    if let (Some(balancer), Some(target)) = (&mut observed.load_balancer, &mut observed.target_group) {
        (balancer.is_ours, target.is_ours, target.vpc) = (false, false, "vpc-9".into());
    }
    insta::assert_snapshot!(planned(&spec(2), &observed), @r"
    refused: /service/name: the load balancer moat-web exists but has no moat tags of service web, so it is somebody else's. Give the service another name, or remove that load balancer
    /service/name: the target group moat-web exists but has no moat tags of service web, so it is somebody else's. Give the service another name, or remove that target group
    /service/network: is main, but the service lives in VPC vpc-9, which is not that network's. Take the service down first
    ");
}
