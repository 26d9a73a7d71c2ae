//! Every network with every way out and every door: it is provisioned, settles, has no drift, and goes away again.

mod down;

use down::{calm, must_be_gone, order, record, removed, try_all};
use moat::drift::Verdict;
use moat::spec::{Input, read};
use moat_fake::trial::{IMAGE, empty, must_be_settled, plan};
use moat_fake::{Asked, End, Execution, Landlord, Remediation, World};
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
    let service =
        json!({"name": "web", "network": network["name"], "image": IMAGE, "port": 8080, "loadBalancer": door});
    let document = json!({"network": network, "service": service});
    let Input { network, service, .. } = read(&document).unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
    Asked { network: network.expect("it is there"), service: service.expect("it is there"), needs: BTreeSet::new() }
}

fn up_and_down(world: &World, asked: &Asked, must_be_settled: impl Fn(&World, &Asked)) {
    let before = world.inventory(&[]);
    let end = world.run(Execution::new(world, "up", asked).run());
    assert_eq!(end, End::Settled, "{}", world.story());
    assert_eq!(world.throttled(), 0, "{}", world.story());
    record(world, asked);
    calm(world);
    must_be_settled(world, asked);

    let shape = world.shape();
    let end = world.run(Execution::new(world, "again", asked).run());
    assert_eq!((end, world.shape()), (End::Settled, shape), "the second run changes nothing");
    let looked = world.run(Remediation::new(world, "drift", asked).run());
    assert_eq!(looked.verdicts(), [Verdict::Clean; 2], "{:#?}", looked.checked);
    assert!(looked.checked.iter().all(|checked| checked.findings.is_empty()), "{:#?}", looked.checked);

    let name = &asked.network.name;
    let report =
        removed(world, &order(json!({"network": name, "confirm": name, "with": "services", "logs": "delete"})));
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
    try_all("combinations", &cases, |(_, network, door)| {
        up_and_down(&empty(1), &asked(network, door), must_be_settled)
    });
}

/// What a network of others may be, and whether moat is asked for endpoints in it.
struct Corp {
    name: &'static str,
    build: fn(&World) -> Landlord,
    has_public_subnets: bool,
    has_endpoints: bool,
    /// Whether the proof can see where its way out leads.
    is_proven: bool,
}

const CORPS: [Corp; 6] = [
    Corp {
        name: "with a NAT gateway",
        build: World::landlord,
        has_public_subnets: true,
        has_endpoints: false,
        is_proven: true,
    },
    Corp {
        name: "with a NAT gateway, and endpoints by moat",
        build: |world| {
            let corp = world.landlord();
            world.work_names(&corp, true);
            corp
        },
        has_public_subnets: true,
        has_endpoints: true,
        is_proven: true,
    },
    Corp {
        name: "without any route to the Internet, and endpoints by moat",
        build: World::shut_landlord,
        has_public_subnets: true,
        has_endpoints: true,
        is_proven: true,
    },
    Corp {
        name: "without public subnets",
        build: |world| {
            let corp = world.landlord();
            world.without_public_subnets(&corp);
            corp
        },
        has_public_subnets: false,
        has_endpoints: false,
        is_proven: false,
    },
    Corp {
        name: "without public subnets, and endpoints by moat beside the way out",
        build: |world| {
            let corp = world.landlord();
            world.without_public_subnets(&corp);
            world.work_names(&corp, true);
            corp
        },
        has_public_subnets: false,
        has_endpoints: true,
        is_proven: true,
    },
    Corp {
        name: "without public subnets or any route, and endpoints by moat",
        build: |world| {
            let corp = world.shut_landlord();
            world.without_public_subnets(&corp);
            corp
        },
        has_public_subnets: false,
        has_endpoints: true,
        is_proven: true,
    },
];

fn asked_of(corp: &Corp, landlord: &Landlord, is_named: bool, door: &Value) -> Asked {
    let mut existing = json!({"vpcId": landlord.vpc});
    if is_named {
        existing["privateSubnets"] = json!(landlord.private);
        if corp.has_public_subnets {
            existing["publicSubnets"] = json!(landlord.public);
        }
    }
    let mut network = json!({"name": "corp", "existing": existing});
    if corp.has_endpoints {
        network["egress"] = json!({"endpoints": "auto"});
    }
    asked(&network, door)
}

/// Nothing is to do, what is ours is there once, and the proof holds.
fn lives_there(corp: &Corp, world: &World, asked: &Asked) {
    let plan = plan(world, asked);
    assert!(plan.is_empty(), "there is nothing to do after a provision, but:\n{plan}");
    assert_eq!(world.count("vpc"), 0, "moat makes no VPC beside it");
    for service in moat::spec::EndpointService::BASE {
        let endpoint = format!("vpc-endpoint {service}");
        assert_eq!(world.count(&endpoint), usize::from(corp.has_endpoints), "{endpoint}\n{}", world.story());
    }
    assert_eq!(world.count("security-group endpoints"), usize::from(corp.has_endpoints));
    let proofs = world.proofs(asked).expect("there is a VPC");
    assert!(proofs.privacy.holds(), "{}", proofs.privacy);
    match corp.is_proven {
        true => assert!(proofs.egress.holds(), "{}", proofs.egress),
        false => assert_ne!(proofs.egress.verdict, moat::proof::Verdict::Fails, "{}", proofs.egress),
    }
}

fn is_internet_facing(door: &Value) -> bool {
    door["scheme"] == "internet-facing"
}

#[test]
fn d2_t5_a_service_lives_in_every_network_of_others_behind_every_door_that_fits_and_leaves_it_as_it_was() {
    let doors = doors();
    let fits = |corp: &Corp, door: &Value| corp.has_public_subnets || !is_internet_facing(door);
    let mut cases = Vec::new();
    for (at, corp) in CORPS.iter().enumerate() {
        for door in doors.iter().filter(|door| fits(corp, door)) {
            cases
                .extend([true, false].map(|is_named| (format!("{} {door} {is_named}", corp.name), at, is_named, door)));
        }
    }
    assert_eq!(cases.len(), 2 * (3 * 9 + 3 * 5), "every door that fits");
    try_all("combinations with networks of others", &cases, |(_, at, is_named, door)| {
        let (world, corp) = (empty(1), &CORPS[*at]);
        let landlord = (corp.build)(&world);
        let asked = asked_of(corp, &landlord, *is_named, door);
        up_and_down(&world, &asked, |world, asked| lives_there(corp, world, asked));
    });
}

#[test]
fn e1_a_door_that_faces_the_internet_is_refused_where_there_are_no_public_subnets_and_nothing_is_made() {
    for corp in CORPS.iter().filter(|corp| !corp.has_public_subnets) {
        for door in doors().iter().filter(|door| is_internet_facing(door)) {
            let world = empty(1);
            let landlord = (corp.build)(&world);
            let before = world.inventory(&[]);
            let end = world.run(Execution::new(&world, "up", &asked_of(corp, &landlord, false, door)).run());
            let End::Failed(failure) = end else { panic!("{}, {door}: {end:?}\n{}", corp.name, world.story()) };
            assert!(failure.message.contains("\"scheme\": \"internal\""), "{failure}");
            assert!(failure.message.contains("Internet gateway"), "{failure}");
            assert_eq!(world.inventory(&[]), before, "{}, {door}", corp.name);
        }
    }
}
