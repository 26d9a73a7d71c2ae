//! Every network with every way out and every door: it is provisioned, settles, has no drift, and goes away again.

mod down;

use down::{all, calm, must_be_gone, record, removed, try_all};
use moat::drift::Verdict;
use moat::spec::{Input, read};
use moat_fake::trial::{IMAGE, empty, must_be_settled};
use moat_fake::{Asked, End, Execution, Remediation, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/0c3f1d2e-4b5a-4978-8a6b-0c1d2e3f4a5b";

/// What a network may be, a name and a document each.
fn networks() -> Vec<(String, Value)> {
    let ways = [
        json!({"nat": "single"}),
        json!({"nat": "per-zone"}),
        json!({"nat": "regional"}),
        json!({"endpoints": "auto"}),
        json!({"nat": "single", "endpoints": "auto"}),
    ];
    let network = |(egress, ipv6): (&Value, bool)| {
        let mut network = json!({"name": "main", "egress": egress});
        if ipv6 {
            network["ipv6"] = json!(true);
        }
        (format!("{egress}{}", if ipv6 { " with IPv6" } else { "" }), network)
    };
    ways.iter().flat_map(|egress| [(egress, false), (egress, true)]).map(network).collect()
}

/// What a door may be.
fn doors() -> Vec<Value> {
    let mut doors = vec![json!("none")];
    for kind in ["application", "network"] {
        for scheme in ["internet-facing", "internal"] {
            doors.push(json!({"type": kind, "scheme": scheme}));
            doors.push(json!({"type": kind, "scheme": scheme, "certificate": CERTIFICATE}));
        }
    }
    doors
}

fn asked(network: &Value, door: &Value) -> Asked {
    let service = json!({"name": "web", "network": "main", "image": IMAGE, "port": 8080, "loadBalancer": door});
    let document = json!({"network": network, "service": service});
    let Input { network, service, .. } = read(&document).unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
    Asked { network: network.expect("it is there"), service: service.expect("it is there"), needs: BTreeSet::new() }
}

fn up_and_down(world: &World, asked: &Asked) {
    let before = world.inventory(&[]);
    let end = world.run(Execution::new(world, "up", asked).run());
    assert_eq!(end, End::Settled, "{}", world.story());
    record(world, asked);
    calm(world);
    must_be_settled(world, asked);

    let shape = world.shape();
    let end = world.run(Execution::new(world, "again", asked).run());
    assert_eq!((end, world.shape()), (End::Settled, shape), "the second run changes nothing");
    let looked = world.run(Remediation::new(world, "drift", asked).run());
    assert_eq!(looked.verdicts(), [Verdict::Clean; 2], "{:#?}", looked.checked);
    assert!(looked.checked.iter().all(|checked| checked.findings.is_empty()), "{:#?}", looked.checked);

    let report = removed(world, &all());
    assert_eq!(report.billable_leftovers, Some(0), "{report}");
    calm(world);
    must_be_gone(world, &before);
}

#[test]
fn d2_t5_every_network_with_every_way_out_and_every_door_comes_settles_and_goes() {
    let networks = networks();
    let doors = doors();
    let pairs = networks.iter().flat_map(|network| doors.iter().map(move |door| (network, door)));
    let cases: Vec<(String, Value, Value)> =
        pairs.map(|((name, network), door)| (format!("{name} {door}"), network.clone(), door.clone())).collect();
    assert!(cases.len() >= 90, "{} combinations", cases.len());
    assert_eq!(cases.iter().map(|(name, ..)| name).collect::<BTreeSet<_>>().len(), cases.len(), "each is another");
    try_all("combinations", &cases, |(_, network, door)| up_and_down(&empty(1), &asked(network, door)));
}
