use super::*;
use crate::cidr::{Cidr, Side};
use crate::ingress::observed::{Listener, LoadBalancer, SecurityGroup, TargetGroup};
use crate::network::desired::{self as network, subnet};
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

fn listener(arn: &str, port: u16, protocol: &str) -> Listener {
    Listener {
        arn: arn.into(),
        port,
        protocol: protocol.into(),
        forwards_to: Some("tg".into()),
        redirects: false,
        certificate: None,
        additional_certificates: BTreeSet::new(),
        policy: None,
        attributes: BTreeMap::new(),
        rules: Vec::new(),
    }
}

fn settled() -> Observed {
    let spec = spec(2);
    let door = spec.door().unwrap();
    let group = |group: Group, id: &str| {
        let id_of = |group| Some(if group == Group::Tasks { "sg-tasks".into() } else { "sg-door".into() });
        let rules = spec.rules(group).iter().filter_map(|wanted| wanted.rule(id_of)).collect();
        SecurityGroup { id: id.into(), group, vpc: "vpc-1".into(), rules }
    };
    let pairs = |pairs: Vec<(&str, String)>| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Observed {
        guests: std::collections::BTreeMap::new(),
        host: None,
        groups: vec![group(Group::LoadBalancer, "sg-door"), group(Group::Tasks, "sg-tasks")],
        load_balancer: Some(LoadBalancer {
            arn: "lb".into(),
            is_ours: true,
            state: LoadBalancerState::Active,
            kind: "application".into(),
            is_internet_facing: true,
            address_type: "ipv4".into(),
            dns_name: "web.example".into(),
            subnets: ["subnet-a".into(), "subnet-b".into()].into(),
            groups: ["sg-door".into()].into(),
            attributes: pairs(attributes::load_balancer(door)),
            web_acl: None,
            age: None,
        }),
        target_group: Some(TargetGroup {
            arn: "tg".into(),
            used_by: BTreeSet::new(),
            is_ours: true,
            vpc: "vpc-1".into(),
            protocol: "HTTP".into(),
            health_check: health_check(door),
            attributes: pairs(attributes::target_group(door)),
        }),
        listeners: vec![listener("http", 80, "HTTP")],
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
    observed.listeners.push(Listener { forwards_to: None, ..listener("other", 8443, "HTTPS") });
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

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";

fn spec_with(door: serde_json::Value) -> IngressSpec {
    let service = serde_json::json!({ "name": "web", "network": "main", "image": "ghcr.io/team/web:1", "port": 8080, "loadBalancer": door });
    let read = crate::spec::read(&serde_json::json!({ "service": service })).unwrap();
    let mut spec = spec(2);
    spec.service = read.service.unwrap();
    spec
}

/// The settled door with HTTPS.
fn settled_with_https() -> (IngressSpec, Observed) {
    let spec = spec_with(serde_json::json!({ "certificate": CERTIFICATE }));
    let mut observed = settled();
    let anyone = Rule::tcp(Direction::Ingress, 443, Peer::Cidr(Cidr::ANYWHERE));
    observed.groups[0].rules.push(anyone);
    observed.listeners = vec![
        Listener { forwards_to: None, redirects: true, ..listener("http", 80, "HTTP") },
        Listener {
            certificate: Some(CERTIFICATE.into()),
            additional_certificates: BTreeSet::new(),
            policy: Some(listener::TLS_POLICY.into()),
            ..listener("https", 443, "HTTPS")
        },
    ];
    (spec, observed)
}

#[test]
fn https_as_asked_gives_nothing_to_do_and_each_change_to_it_is_set_right() {
    let (spec, observed) = settled_with_https();
    assert_eq!(planned(&spec, &observed), "nothing to do\n");
    let with = |change: fn(&mut Observed)| {
        let mut observed = observed.clone();
        change(&mut observed);
        planned(&spec, &observed)
    };
    insta::assert_snapshot!(with(|it| it.listeners[1].certificate = Some("theirs".into())), @"set listener https with arn:aws:acm:us-east-1:123456789012:certificate/one and ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 to target-group");
    insta::assert_snapshot!(with(|it| it.listeners[1].policy = Some("ELBSecurityPolicy-2016-08".into())), @"set listener https with arn:aws:acm:us-east-1:123456789012:certificate/one and ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 to target-group");
    insta::assert_snapshot!(with(|it| it.listeners[0].redirects = false), @"set listener http with a redirect to HTTPS on port 443");
    insta::assert_snapshot!(with(|it| _ = it.listeners.pop()), @"create listener https on port 443 with arn:aws:acm:us-east-1:123456789012:certificate/one and ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 to target-group");
}

#[test]
fn certificates_for_other_names_are_added_and_never_taken_away() {
    let more = ["two", "three"].map(|name| CERTIFICATE.replace("one", name));
    let spec = spec_with(serde_json::json!({ "certificate": CERTIFICATE, "additionalCertificates": more }));
    let (_, mut observed) = settled_with_https();
    let has = |observed: &mut Observed, arns: &[&str]| {
        observed.listeners[1].additional_certificates = arns.iter().map(|arn| (*arn).to_owned()).collect();
    };
    insta::assert_snapshot!(planned(&spec, &observed), @"add arn:aws:acm:us-east-1:123456789012:certificate/two and arn:aws:acm:us-east-1:123456789012:certificate/three to listener https");
    has(&mut observed, &[&more[1], "theirs"]);
    insta::assert_snapshot!(planned(&spec, &observed), @"add arn:aws:acm:us-east-1:123456789012:certificate/two to listener https");
    has(&mut observed, &[&more[0], &more[1], "theirs"]);
    assert_eq!(planned(&spec, &observed), "nothing to do\n");
    let fewer = spec_with(serde_json::json!({ "certificate": CERTIFICATE }));
    assert_eq!(planned(&fewer, &observed), "nothing to do\n");
    observed.listeners.pop();
    let plan = plan(&spec, &observed).unwrap();
    let add = plan.steps.iter().find(|step| matches!(step, IngressStep::AddCertificates { .. })).unwrap();
    assert_eq!(add.needs(), ["listener https".into()], "the listener comes first");
}

#[test]
fn from_http_to_https_port_443_comes_first_and_port_80_waits_for_it() {
    let (spec, _) = settled_with_https();
    insta::assert_snapshot!(planned(&spec, &settled()), @r"
    allow tcp 443 in from anywhere (0.0.0.0/0) in security-group load-balancer
    create listener https on port 443 with arn:aws:acm:us-east-1:123456789012:certificate/one and ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 to target-group
    set listener http with a redirect to HTTPS on port 443
    ");
    let plan = plan(&spec, &settled()).unwrap();
    let redirect = plan.steps.iter().find(|step| step.to_string().starts_with("set listener http")).unwrap();
    assert_eq!(redirect.needs(), ["listener https".into()]);
}

#[test]
fn without_a_redirect_nothing_listens_on_port_80() {
    let (_, observed) = settled_with_https();
    let spec = spec_with(serde_json::json!({ "certificate": CERTIFICATE, "redirect": false }));
    insta::assert_snapshot!(planned(&spec, &observed), @r"
    remove tcp 80 in from anywhere (0.0.0.0/0) from security-group load-balancer
    delete listener HTTP on port 80, which the spec does not ask for
    ");
}

#[test]
fn an_internal_door_is_in_the_private_subnets_for_the_network_alone_and_needs_no_gateway() {
    let spec = spec_with(serde_json::json!({ "scheme": "internal" }));
    insta::assert_snapshot!(planned(&spec, &Observed::default()), @r"
    create security-group load-balancer
    allow tcp 80 in from 10.0.0.0/16 in security-group load-balancer
    allow tcp 8080 out to security-group tasks in security-group load-balancer
    create security-group tasks
    allow tcp 8080 in from security-group load-balancer in security-group tasks
    create load-balancer, internal, in subnet private-a, subnet private-b
    set load-balancer routing.http.drop_invalid_header_fields.enabled = true
    create target-group, health check / each 10 s within 5 s, well after 2, ill after 3
    set target-group deregistration_delay.timeout_seconds = 20
    create listener http on port 80 to target-group
    ");
    let plan = plan(&spec, &Observed::default()).unwrap();
    let create = plan.steps.iter().find(|step| matches!(step, IngressStep::CreateLoadBalancer { .. })).unwrap();
    assert!(!create.needs().contains(&network::attachment()));
}

#[test]
fn what_nobody_asked_for_is_left_as_it_is_and_what_is_asked_for_is_kept() {
    let mut observed = settled();
    let balancer = observed.load_balancer.as_mut().unwrap();
    balancer.attributes.insert("idle_timeout.timeout_seconds".into(), "300".into());
    balancer.web_acl = Some("theirs".into());
    assert_eq!(planned(&spec(2), &observed), "nothing to do\n");
    let acl = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/all/1";
    let logs = serde_json::json!({ "bucket": "logs-of-web" });
    let asked = spec_with(serde_json::json!({ "idleTimeout": 60, "wafAcl": acl, "accessLogs": logs }));
    insta::assert_snapshot!(planned(&asked, &observed), @r"
    set load-balancer idle_timeout.timeout_seconds = 60, access_logs.s3.enabled = true, access_logs.s3.bucket = logs-of-web
    put web ACL arn:aws:wafv2:us-east-1:123456789012:regional/webacl/all/1 before load-balancer instead of theirs
    ");
}

#[test]
fn a_door_where_none_is_asked_for_is_never_taken_away_in_passing() {
    let spec = spec_with(serde_json::json!("none"));
    insta::assert_snapshot!(planned(&spec, &Observed::default()), @"create security-group tasks");
    insta::assert_snapshot!(planned(&spec, &settled()), @r#"refused: /service/loadBalancer: is "none", but service web has a door: lb, tg, security-group load-balancer sg-door. Take the service down, which takes its door away, and provision it again"#);
}

#[test]
fn people_are_told_what_to_connect_to() {
    let url = |door| super::super::facts::facts(&spec_with(door), &settled()).url;
    assert_eq!(url(serde_json::json!({})).as_deref(), Some("http://web.example"));
    assert_eq!(url(serde_json::json!({ "certificate": CERTIFICATE })).as_deref(), Some("https://web.example"));
    assert_eq!(url(serde_json::json!({ "type": "network" })).as_deref(), Some("web.example:80"));
    assert_eq!(
        url(serde_json::json!({ "type": "network", "certificate": CERTIFICATE })).as_deref(),
        Some("web.example:443")
    );
    assert_eq!(url(serde_json::json!("none")), None);
}

/// The same in a network with IPv6, whose block and ranges are there.
fn dual(door: serde_json::Value) -> IngressSpec {
    let mut spec = spec(2);
    spec.network.ipv6 = true;
    spec.service.load_balancer = {
        let service = serde_json::json!({ "name": "web", "network": "main", "image": "web:1", "loadBalancer": door });
        crate::spec::read(&serde_json::json!({ "service": service })).unwrap().service.unwrap().load_balancer
    };
    let subnets =
        [Side::Public, Side::Private].into_iter().flat_map(|side| ['a', 'b'].map(|letter| subnet(side, letter)));
    for name in subnets {
        if spec.given.get(&name).is_none() {
            spec.given.bind(name.clone(), name.to_string());
        }
        spec.given.bind(network::ipv6_range(&name), name.to_string());
    }
    spec.given.bind(network::ipv6_range(&network::vpc()), "2600:1f18:12:ab00::/56".to_owned());
    spec
}

#[test]
fn a_door_lets_in_by_ipv6_whom_it_says_and_has_ipv6_addresses_where_that_is_anybody() {
    let doors = [
        serde_json::json!({}),
        serde_json::json!({ "allow": ["192.0.2.0/24"] }),
        serde_json::json!({ "allow": ["192.0.2.0/24", "2001:db8::/32"] }),
        serde_json::json!({ "allow": ["0.0.0.0/0", "2001:db8::/32"] }),
        serde_json::json!({ "allow": ["::/0"] }),
        serde_json::json!({ "type": "network", "scheme": "internal" }),
        serde_json::json!({ "scheme": "internal", "allow": ["10.1.0.0/16"] }),
        serde_json::json!("none"),
    ];
    let words = |door: &serde_json::Value| {
        let plan = planned(&dual(door.clone()), &Observed::default());
        let told = plan.lines().filter(|line| line.starts_with("allow") || line.starts_with("create load-balancer"));
        format!("{door}\n{}\n", told.map(|line| format!("    {line}\n")).collect::<String>())
    };
    insta::assert_snapshot!(doors.iter().map(words).collect::<String>());
}

#[test]
fn while_the_block_of_the_network_is_unknown_no_rule_of_a_block_is_taken_away_and_anyone_is_still_a_hole() {
    let known = dual(serde_json::json!({ "scheme": "internal" }));
    let mut unknown = dual(serde_json::json!({ "scheme": "internal" }));
    unknown.given = spec(2).given;
    let removed = |spec: &IngressSpec, range: &str| {
        let mut observed = settled();
        observed.load_balancer.as_mut().unwrap().is_internet_facing = false;
        let rule = Rule::tcp(Direction::Ingress, 80, Peer::Ipv6(range.into()));
        observed.groups[0].rules.push(rule.clone());
        planned(spec, &observed).contains(&format!("remove {rule} from security-group load-balancer"))
    };
    for (range, when_known, when_unknown) in
        [("2600:1f18:12:ab00::/56", false, false), ("2001:db8::/32", true, false), ("::/0", true, true)]
    {
        assert_eq!((removed(&known, range), removed(&unknown, range)), (when_known, when_unknown), "{range}");
    }
}

#[test]
fn a_door_gets_its_ipv6_addresses_in_place_and_loses_none_unasked() {
    let spec = dual(serde_json::json!({}));
    let mut observed = settled();
    insta::assert_snapshot!(planned(&spec, &observed), @r"
    allow tcp 80 in from anywhere (::/0) in security-group load-balancer
    allow all traffic out to anywhere (::/0) in security-group tasks
    set the address type of load-balancer to dualstack
    ");
    let step = plan(&spec, &observed).unwrap().steps;
    assert!(step.iter().all(|step| step.hazard() == crate::plan::Hazard::Safe), "{step:?}");
    let turned = step.iter().find(|step| matches!(step, IngressStep::SetAddressType { .. })).unwrap();
    let ranges = ['a', 'b'].map(|letter| network::ipv6_range(&subnet(Side::Public, letter)));
    assert_eq!(turned.needs(), ranges, "AWS asks the subnets for IPv6 ranges");

    if let Some(balancer) = &mut observed.load_balancer {
        balancer.address_type = "dualstack".into();
    }
    let back = plan(&self::spec(2), &observed).unwrap().steps;
    assert_eq!(
        back.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["set the address type of load-balancer to ipv4"]
    );
    assert_eq!(back[0].hazard(), crate::plan::Hazard::Disruptive);
}
