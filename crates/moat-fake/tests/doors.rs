//! Every kind of door: it is made whole, found as it is, changed in place where AWS lets it, and taken away.

mod down;

use down::{all, must_be_gone, record, removed};
use moat::spec::{LoadBalancerSpec, Nat, ServiceSpec};
use moat_fake::trial::{asked, empty, must_be_settled, plan, settled};
use moat_fake::{Asked, End, Execution, Fault, Faults, Rules, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";
const OTHER: &str = "arn:aws:acm:us-east-1:123456789012:certificate/two";
const ACL: &str = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/all/1";

fn door(input: Value) -> Option<LoadBalancerSpec> {
    let service = json!({ "name": "web", "network": "main", "image": "web:1", "loadBalancer": input });
    let input = moat::spec::read(&json!({ "service": service })).expect("a good document");
    input.service.and_then(|service: ServiceSpec| service.load_balancer)
}

fn with(zones: u8, nat: Nat, input: Value) -> Asked {
    let mut asked = asked(zones, nat);
    asked.service.load_balancer = door(input);
    asked
}

fn one(input: Value) -> Asked {
    with(2, Nat::Single, input)
}

fn shapes() -> Vec<Value> {
    let logs = json!({ "bucket": "logs-of-web", "prefix": "door" });
    vec![
        json!({}),
        json!({ "scheme": "internal" }),
        json!({ "scheme": "internal", "allow": ["10.1.0.0/16"] }),
        json!({ "certificate": CERTIFICATE }),
        json!({ "certificate": CERTIFICATE, "redirect": false, "scheme": "internal" }),
        json!({ "certificate": CERTIFICATE, "idleTimeout": 300, "accessLogs": logs, "wafAcl": ACL }),
        json!({ "type": "network" }),
        json!({ "type": "network", "scheme": "internal", "idleTimeout": 600 }),
        json!({ "type": "network", "healthCheck": { "path": "/up" } }),
        json!({ "type": "network", "certificate": CERTIFICATE, "accessLogs": logs }),
        json!({ "type": "network", "certificate": CERTIFICATE, "scheme": "internal" }),
        json!("none"),
    ]
}

fn run(world: &World, asked: &Asked) -> End {
    world.run(Execution::new(world, "next", asked).run())
}

#[test]
fn d2_t5_every_shape_of_door_in_every_network_is_provisioned_settles_and_is_taken_down_to_nothing() {
    let mut tried = 0;
    for (seed, shape) in shapes().into_iter().enumerate() {
        for (zones, nat) in [(2, Nat::Single), (2, Nat::PerZone), (3, Nat::Single), (3, Nat::PerZone)] {
            let asked = with(zones, nat, shape.clone());
            let world = settled(seed as u64, &asked);
            must_be_settled(&world, &asked);
            record(&world, &asked);
            removed(&world, &all());
            must_be_gone(&world, &BTreeSet::new());
            tried += 1;
        }
    }
    assert!(tried >= 40);
    println!("{tried} combinations of door, zones and NAT gateways");
}

#[test]
fn every_shape_of_door_has_its_plan() {
    let mut text = String::new();
    let whole = plan(&empty(1), &one(json!({})));
    for shape in shapes() {
        let plan = plan(&empty(1), &one(shape.clone()));
        let lines = plan.lines().filter(|line| !whole.lines().any(|usual| usual == *line));
        text.push_str(&format!("{shape}\n{}\n", lines.map(|line| format!("    {line}\n")).collect::<String>()));
    }
    insta::assert_snapshot!("plans_of_doors", text);
}

#[test]
fn a_door_is_changed_in_place_whenever_aws_lets_it() {
    let http = json!({});
    let https = json!({ "certificate": CERTIFICATE });
    let moves = [
        (http.clone(), https.clone()),
        (https.clone(), http.clone()),
        (https.clone(), json!({ "certificate": OTHER, "tlsPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06" })),
        (https.clone(), json!({ "certificate": CERTIFICATE, "redirect": false })),
        (https.clone(), json!({ "certificate": CERTIFICATE, "additionalCertificates": [OTHER] })),
        (
            json!({ "certificate": CERTIFICATE, "additionalCertificates": [OTHER] }),
            json!({ "certificate": OTHER, "additionalCertificates": [CERTIFICATE] }),
        ),
        (http.clone(), json!({ "certificate": CERTIFICATE, "additionalCertificates": [OTHER] })),
        (
            json!({ "type": "network" }),
            json!({ "type": "network", "certificate": CERTIFICATE, "additionalCertificates": [OTHER] }),
        ),
        (http.clone(), json!({ "idleTimeout": 4000, "accessLogs": { "bucket": "logs-of-web" }, "wafAcl": ACL })),
        (json!({ "type": "network" }), json!({ "type": "network", "certificate": CERTIFICATE })),
        (json!({ "type": "network" }), json!({ "type": "network", "idleTimeout": 60, "allow": ["192.0.2.0/24"] })),
        (json!({ "type": "network" }), json!({ "type": "network", "healthCheck": { "path": "/up" } })),
        (json!("none"), http),
        (json!("none"), https),
        (json!("none"), json!({ "type": "network", "scheme": "internal" })),
    ];
    for (from, to) in moves {
        let world = settled(1, &one(from.clone()));
        let dns_names = world.count("load-balancer");
        let after = one(to.clone());
        assert_eq!(run(&world, &after), End::Settled, "{from} to {to}\n{}", world.story());
        must_be_settled(&world, &after);
        assert_eq!(world.count("load-balancer"), 1.max(dns_names), "{from} to {to}");
    }
}

#[test]
fn from_http_to_https_the_new_port_is_open_before_the_old_one_sends_anybody_there() {
    let world = settled(1, &one(json!({})));
    let from = world.story().lines().count();
    assert_eq!(run(&world, &one(json!({ "certificate": CERTIFICATE }))), End::Settled);
    let story = world.story();
    let deeds: Vec<&str> = story.lines().skip(from).filter(|line| line.contains(": Ok(")).collect();
    let at =
        |what: &str| deeds.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}\n{story}"));
    assert!(at("create listener https") < at("set listener http with a redirect"));
}

#[test]
fn a_certificate_that_is_not_in_the_region_leaves_the_open_port_as_it_was() {
    let before = one(json!({}));
    let world = settled(1, &before);
    let elsewhere = CERTIFICATE.replace("us-east-1", "eu-west-1");
    let End::Failed(failure) = run(&world, &one(json!({ "certificate": elsewhere }))) else { panic!("it is taken") };
    assert!(failure.message.contains("CertificateNotFound") && failure.message.contains(&elsewhere), "{failure}");
    assert_eq!(run(&world, &before), End::Settled);
    must_be_settled(&world, &before);
}

#[test]
fn what_aws_cannot_change_is_refused_with_the_way_out_and_nothing_is_touched() {
    let refused = |from: Value, to: Value| {
        let world = settled(1, &one(from));
        let before = world.shape();
        let End::Failed(failure) = run(&world, &one(to)) else { panic!("it is done\n{}", world.story()) };
        assert_eq!(failure.kind, moat::error::Kind::Refused);
        assert_eq!(before, world.shape());
        // Ids are as random as AWS's.
        let mut text = failure.message;
        for resource in ["load-balancer", "target-group", "security-group load-balancer"] {
            text = text.replace(&world.id(resource), &format!("<{resource}>"));
        }
        text
    };
    insta::assert_snapshot!(refused(json!({}), json!({ "type": "network" })));
    insta::assert_snapshot!(refused(json!({}), json!({ "scheme": "internal" })));
    insta::assert_snapshot!(refused(json!({ "scheme": "internal", "type": "network" }), json!({})));
    insta::assert_snapshot!(refused(json!({ "certificate": CERTIFICATE }), json!("none")));
}

#[test]
fn a_worker_is_ready_with_its_group_alone_and_nobody_asks_for_a_listener() {
    let asked = one(json!("none"));
    let world = settled(1, &asked);
    for resource in ["load-balancer", "target-group", "security-group load-balancer"] {
        assert_eq!(world.count(resource), 0, "{resource}");
    }
    assert_eq!((world.count("security-group tasks"), world.count("service")), (1, 1));
    assert!(!world.story().contains("does not have an associated load balancer"));
}

/// A step further each time: whatever happens at any call of the change, the next execution makes it whole.
#[test]
fn c1_a_fault_at_every_call_of_a_move_to_https_is_mended_by_the_next_execution() {
    let (before, after) =
        (one(json!({})), one(json!({ "certificate": CERTIFICATE, "additionalCertificates": [OTHER], "wafAcl": ACL })));
    let calls = {
        let world = settled(7, &before).with(Rules::default(), Faults::none());
        run(&world, &after);
        world.read(|state| state.calls)
    };
    let mut tried = 0;
    for fault in [Fault::LostAnswer, Fault::KilledBefore, Fault::KilledAfter] {
        for call in 0..calls {
            let world = settled(7, &before).with(Rules::default(), Faults::at(call, fault));
            run(&world, &after);
            let world = world.with(Rules::default(), Faults::none());
            world.wait(600_000);
            assert_eq!(run(&world, &after), End::Settled, "{fault:?} at {call}\n{}", world.story());
            must_be_settled(&world, &after);
            tried += 1;
        }
    }
    println!("{calls} calls, {tried} faults");
}
