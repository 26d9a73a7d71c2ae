//! moat as a guest in a network of somebody else: it lives there, changes nothing, and leaves it as it was.

mod down;

use down::{calm, order, try_all};
use moat::drift::{Fate, Verdict};
use moat::error::Kind;
use moat::ids::SubnetId;
use moat::network::Network;
use moat::network::existing::recorded;
use moat::network::observed::Target;
use moat::parameters;
use moat::spec::{Egress, EndpointService, Endpoints, Repair};
use moat::stage::{Cloud, Stage};
use moat::tags::Owner;
use moat_fake::mutation::{Mutation, Nature};
use moat_fake::trial::{IMAGE, digest, empty, plan};
use moat_fake::{
    Asked, Chance, End, Execution, Fault, Faults, Landlord, Remediation, Rules, Run, Teardown, TeardownEnd, World,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is asked for in this network, as the samples ask for it: with its subnets named, or to be found.
fn asked(corp: &Landlord, is_named: bool) -> Asked {
    let sample = |text: &str| -> Value { serde_json::from_str(text).expect("a sample") };
    let named = sample(include_str!("../../../events/provision/existing.json"));
    let found = sample(include_str!("../../../events/provision/existing-found.json"));
    let mut input = json!({"network": if is_named { &named } else { &found }["network"], "service": named["service"]});
    let existing = &mut input["network"]["existing"];
    existing["vpcId"] = json!(corp.vpc);
    for (list, ids) in [("publicSubnets", &corp.public), ("privateSubnets", &corp.private)] {
        if let Some(named) = existing.get_mut(list) {
            *named = json!(ids);
        }
    }
    let read = moat::spec::read(&input).expect("a good input");
    let (network, service) = (read.network.expect("it is there"), read.service.expect("it is there"));
    Asked { network, service, needs: BTreeSet::new() }
}

fn begin(seed: u64) -> (World, Landlord) {
    let world = empty(seed);
    let corp = world.landlord();
    (world, corp)
}

/// The documents as a provision records them.
fn record(world: &World, asked: &Asked) -> Asked {
    let hand = world.hand();
    let observed = world.run(Cloud::<Network>::observe(&hand, &asked.network())).expect("it can be read");
    let network = recorded(&asked.network, &Network::facts(&asked.network(), &observed));
    world.write(&parameters::spec(&Owner::Network(network.name.clone())), &json!(network).to_string());
    world.write(&parameters::spec(&Owner::Service(asked.service.name.clone())), &json!(asked.service).to_string());
    Asked { network, service: asked.service.clone(), needs: asked.needs.clone() }
}

fn settle(world: &World, asked: &Asked) -> Asked {
    let end = world.run(Execution::new(world, "up", asked).run());
    assert_eq!(end, End::Settled, "{}", world.story());
    record(world, asked)
}

fn must_be_settled(world: &World, asked: &Asked) {
    let plan = plan(world, asked);
    assert!(plan.is_empty(), "there is nothing to do after a provision, but:\n{plan}");
    let once = ["security-group load-balancer", "security-group tasks", "load-balancer", "target-group", "service"];
    for name in once {
        assert_eq!(world.count(name), 1, "{name}\n{}", world.story());
    }
    assert_eq!(world.count("vpc"), 0, "moat makes no VPC beside it");
}

fn down(world: &World, name: &str) -> TeardownEnd {
    let all = order(json!({"network": "corp", "confirm": "corp", "with": "services", "logs": "delete"}));
    world.run(Teardown::new(world, name, &all).run())
}

fn until_removed(world: &World) {
    for round in 0..9 {
        match down(world, &format!("down {round}")) {
            TeardownEnd::Removed(report) => {
                assert_eq!(report.billable_leftovers, Some(0), "{report}");
                return;
            }
            TeardownEnd::Killed => {}
            TeardownEnd::Failed(failure) if failure.kind.is_retryable() => {}
            end => panic!("{end:?}\n{}", world.story()),
        }
    }
    panic!("it does not end well\n{}", world.story());
}

fn must_be_as_before(world: &World, before: &BTreeSet<String>) {
    calm(world);
    let after = world.inventory(&[]);
    let more: Vec<&String> = after.difference(before).collect();
    let less: Vec<&String> = before.difference(&after).collect();
    assert!(more.is_empty() && less.is_empty(), "left behind: {more:#?}\ngone: {less:#?}\n{}", world.story());
}

fn run(world: &World, asked: &Asked) -> Run {
    world.run(Remediation::new(world, &format!("run at {}", world.clock().now()), asked).run())
}

#[test]
fn d2_t5_a_service_settles_in_it_without_a_finding_and_goes_again_without_a_trace() {
    for is_named in [true, false] {
        let (world, corp) = begin(1);
        let before = world.inventory(&[]);
        let asked = settle(&world, &asked(&corp, is_named));
        must_be_settled(&world, &asked);
        for number in 0..3 {
            let run = run(&world, &asked);
            assert_eq!(run.verdicts(), [Verdict::Clean; 2], "run {number}: {:#?}", run.checked);
        }
        until_removed(&world);
        must_be_as_before(&world, &before);
    }
}

fn lagging() -> Rules {
    Rules { lag: 4_000, lagging: 30, draining: (60_000, 90_000), lingering: (5_000, 40_000), ..Rules::default() }
}

#[test]
fn c5_any_one_fault_at_any_one_call_of_its_provision_changes_nothing_in_it() {
    any_fault_at_any_call(60, || {
        let (world, corp) = begin(2);
        let asked = asked(&corp, false);
        (world, asked)
    });
}

#[test]
fn c5_nor_does_one_where_endpoints_are_made_in_it() {
    any_fault_at_any_call(100, || {
        let (world, _, asked) = shut(2);
        (world, asked)
    });
}

fn any_fault_at_any_call(least: u64, begin: impl Fn() -> (World, Asked) + Sync) {
    let calls = |faults| {
        let (world, asked) = begin();
        let before = world.inventory(&[]);
        let asked = record(&world, &asked);
        let world = world.with(lagging(), faults);
        for round in 0..3 {
            let end = world.run(Execution::new(&world, &format!("number {round}"), &asked).run());
            if end == End::Settled {
                break;
            }
            assert_eq!(end, End::Killed, "one fault fails no execution\n{}", world.story());
        }
        let calls = world.read(|state| state.calls);
        must_be_settled(&world, &asked);
        until_removed(&world);
        must_be_as_before(&world, &before);
        calls
    };
    let all = calls(Faults::none());
    let other = |call: u64| Fault::ALL[(call % Fault::ALL.len() as u64) as usize];
    let cases: Vec<(u64, Fault)> =
        (0..all).flat_map(|call| [Fault::LostAnswer, Fault::KilledAfter, other(call)].map(|it| (call, it))).collect();
    assert!(all > least, "{all} calls");
    try_all("c5, any fault at any call of a guest", &cases, |(call, fault)| {
        calls(Faults::at(*call, *fault));
    });
}

#[test]
fn t5_many_faults_at_random_and_it_is_as_before_in_the_end() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let all_seeds = || (0..from_env("MOAT_SEEDS").unwrap_or(100)).collect();
    let seeds: Vec<u64> = from_env("MOAT_SEED").map_or_else(all_seeds, |seed| vec![seed]);
    try_all("a guest with faults", &seeds, |seed| {
        let mut chance = Chance::new(seed ^ 0x6775_6573);
        let (world, corp) = begin(*seed);
        let asked = asked(&corp, chance.percent(50));
        let before = world.inventory(&[]);
        // The documents are recorded before anything is made: so a teardown knows of the service in it.
        let asked = record(&world, &asked);
        let rules = Rules::lagging(&mut chance);
        let faults = Faults::some(u32::try_from(chance.between(0, 8)).unwrap_or(0), chance.between(1, 12));
        let world = world.with(rules, faults);
        for round in 0..3 {
            let end = world.run(Execution::new(&world, &format!("up {round}"), &asked).run());
            let is_ours = matches!(&end, End::Failed(failure) if !failure.kind.is_retryable());
            assert!(!is_ours, "nobody is to blame but AWS, yet it ended as {end:?}\n{}", world.story());
        }
        if chance.percent(50) {
            let world = world.clone().with(Rules::lagging(&mut chance), Faults::none());
            world.wait(world.read(|state| state.rules.quiet()));
            settle(&world, &asked);
            must_be_settled(&world, &asked);
        }
        let faults = Faults::some(u32::try_from(chance.between(0, 6)).unwrap_or(0), chance.between(1, 10));
        let world = world.with(Rules::lagging(&mut chance), faults);
        world.wait(world.read(|state| state.rules.quiet()));
        until_removed(&world);
        must_be_as_before(&world, &before);
    });
}

type Misfit = (&'static str, fn(&World, &Landlord), &'static str);

const MISFITS: [Misfit; 6] = [
    (
        "a private subnet that leads to the Internet",
        |world, corp| {
            let target = Target::InternetGateway(corp.internet_gateway.clone());
            world.lead(&corp.private_table, "0.0.0.0/0", Some(target));
        },
        "should be to no Internet gateway",
    ),
    (
        "a private subnet that gives public IPs",
        |world, corp| world.change_subnet(&corp.private[1], |subnet| subnet.gives_public_ips = true),
        "public IPs: should be none",
    ),
    (
        "a public subnet that leads nowhere",
        |world, corp| world.lead(&corp.public_table, "0.0.0.0/0", None),
        "should be to an Internet gateway, but is none",
    ),
    (
        "two public subnets in one zone",
        |world, corp| world.change_subnet(&corp.public[1], |subnet| subnet.zone = "us-east-1a".into()),
        "public subnets in us-east-1a: should be one",
    ),
    (
        "tasks in a zone without a door",
        |world, corp| world.change_subnet(&corp.private[0], |subnet| subnet.zone = "us-east-1c".into()),
        "should be one that has a public subnet",
    ),
    (
        "a subnet of another VPC",
        |world, corp| world.change_subnet(&corp.private[0], |subnet| subnet.vpc = "vpc-0aa".into()),
        "VPC: should be",
    ),
];

#[test]
fn e2_a_network_that_does_not_fit_is_refused_before_anything_is_made() {
    for (what, change, reason) in MISFITS {
        let (world, corp) = begin(3);
        change(&world, &corp);
        let before = world.inventory(&[]);
        let end = world.run(Execution::new(&world, "up", &asked(&corp, true)).run());
        let End::Failed(failure) = end else { panic!("{what}: {end:?}\n{}", world.story()) };
        assert_eq!(failure.kind, Kind::Refused, "{what}: {failure}");
        assert!(failure.message.contains(reason), "{what}: {failure}");
        assert_eq!(world.inventory(&[]), before, "{what}: nothing was made");
    }
}

#[test]
fn a_subnet_that_is_not_there_is_refused_also_later() {
    let (world, corp) = begin(4);
    let mut asked = asked(&corp, true);
    let end = world.run(Execution::new(&world, "up", &asked).run());
    assert_eq!(end, End::Settled);
    let existing = asked.network.existing.as_mut().expect("it is one");
    existing.private_subnets[1] = SubnetId::from("subnet-0f");
    let end = world.run(Execution::new(&world, "again", &asked).run());
    assert!(matches!(&end, End::Failed(failure) if failure.message.contains("subnet-0f should be there")), "{end:?}");
}

#[test]
fn d4_e3_a_private_subnet_that_became_public_is_told_and_nothing_is_done() {
    for is_named in [true, false] {
        let (world, corp) = begin(5);
        let asked = settle(&world, &asked(&corp, is_named));
        let internet = Target::InternetGateway(corp.internet_gateway.clone());
        world.lead(&corp.private_table, "0.0.0.0/0", Some(internet));
        let things = || -> BTreeSet<String> {
            world.inventory(&[]).into_iter().filter(|line| !line.starts_with("parameter ")).collect()
        };
        let before = things();
        let checked = run(&world, &asked).checked;
        let network = &checked[0];
        let told: Vec<_> = network.findings.iter().map(|told| (told.finding.is_hole, told.fate)).collect();
        assert_eq!(told.len(), 2, "one for each private subnet: {network:#?}");
        assert!(told.iter().all(|(is_hole, fate)| *is_hole && *fate == Fate::Reported), "{told:?}");
        assert!(network.findings[0].finding.to_string().contains("Take the route away"), "{network:#?}");
        assert_eq!(things(), before, "nothing was done:\n{}", world.story());
        world.lead(&corp.private_table, "0.0.0.0/0", Some(Target::NatGateway(corp.nat_gateway.clone())));
        world.wait(20_000);
        assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean; 2]);
    }
}

type Deed = fn(&World, &Landlord);

/// What its owner may do there without moat having anything to say about it.
const OWN_BUSINESS: [(&str, Deed); 4] = [
    ("a route to a peer", |world, corp| {
        world.lead(&corp.private_table, "10.9.0.0/16", Some(Target::Other("pcx-1".into())));
    }),
    ("another way out", |world, corp| {
        world.lead(&corp.private_table, "0.0.0.0/0", Some(Target::Other("tgw-1".into())));
    }),
    ("a way in to the public subnets by IPv6", |world, corp| {
        world.lead(&corp.public_table, "::/0", Some(Target::InternetGateway(corp.internet_gateway.clone())));
    }),
    ("no public IPs in a public subnet", |world, corp| {
        world.change_subnet(&corp.public[0], |subnet| subnet.gives_public_ips = false);
    }),
];

#[test]
fn d1_what_its_owner_changes_otherwise_is_no_finding() {
    for (what, change) in OWN_BUSINESS {
        let (world, corp) = begin(8);
        let asked = settle(&world, &asked(&corp, false));
        change(&world, &corp);
        world.wait(20_000);
        let run = run(&world, &asked);
        assert_eq!(run.verdicts(), [Verdict::Clean; 2], "{what}: {:#?}", run.checked);
    }
}

#[test]
fn d4_what_must_hold_is_told_when_it_does_no_longer() {
    for (what, change, reason) in MISFITS {
        let (world, corp) = begin(9);
        let asked = settle(&world, &asked(&corp, true));
        change(&world, &corp);
        world.wait(20_000);
        let run = run(&world, &asked);
        let told: Vec<String> = run.checked[0].findings.iter().map(|told| told.finding.to_string()).collect();
        assert!(told.iter().any(|text| text.contains(reason)), "{what}: {told:?}");
    }
}

#[test]
fn t5_it_is_not_forgotten_while_a_service_lives_in_it() {
    let (world, corp) = begin(10);
    settle(&world, &asked(&corp, true));
    let alone = order(json!({"network": "corp", "confirm": "corp"}));
    let end = world.run(Teardown::new(&world, "down", &alone).run());
    assert!(matches!(&end, TeardownEnd::Failed(failure) if failure.kind == Kind::Refused), "{end:?}");
}

#[test]
fn a_subnet_that_others_add_later_moves_nothing() {
    let (world, corp) = begin(6);
    let asked = settle(&world, &asked(&corp, false));
    let fresh = world.landlord();
    for id in fresh.private.iter().chain(&fresh.public) {
        world.change_subnet(id, |subnet| subnet.vpc = corp.vpc.clone());
    }
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean; 2], "the subnets that were found are recorded");
}

/// The network with endpoints of ours in it, and nothing else that leads out.
fn shut(seed: u64) -> (World, Landlord, Asked) {
    let world = empty(seed);
    let corp = world.shut_landlord();
    let text = include_str!("../../../events/provision/existing-endpoints.json");
    let mut input: Value = serde_json::from_str(text).expect("a sample");
    input["network"]["existing"]["vpcId"] = json!(corp.vpc);
    let read = moat::spec::read(&input).expect("a good input");
    let (network, service) = (read.network.expect("it is there"), read.service.expect("it is there"));
    (world, corp, Asked { network, service, needs: BTreeSet::new() })
}

#[test]
fn d4_endpoints_of_ours_are_mended_and_nothing_of_others() {
    let begin = || {
        let (world, corp, mut asked) = shut(20);
        world.others_answer(&corp, EndpointService::Kms, true);
        asked.network.drift.repair = Repair::Destructive;
        let asked = settle(&world, &asked);
        (world, asked)
    };
    let is_ours = |mutation: &Mutation| {
        mutation.resource.starts_with("vpc-endpoint ") || mutation.resource == "security-group endpoints"
    };
    let all: Vec<Mutation> = begin().0.ways().mutations;
    let ways: Vec<usize> = (0..all.len()).filter(|&at| is_ours(&all[at])).collect();
    assert!(ways.len() > 30, "{} ways", ways.len());
    try_all("ways to change endpoints in a network of others", &ways, |at| {
        let (world, asked) = begin();
        let mutation = &world.ways().mutations[*at];
        let (what, nature) = (format!("{}: {}", mutation.resource, mutation.what), mutation.nature);
        mutation.strike(&world);
        let is_found = run(&world, &asked).checked.iter().any(|checked| !checked.findings.is_empty());
        assert_eq!(is_found, nature != Nature::Delegated, "{what}\n{}", world.story());
        if nature == Nature::Riddle {
            return;
        }
        world.wait(600_000);
        run(&world, &asked);
        world.wait(600_000);
        assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean; 2], "{what}\n{}", world.story());
        must_be_settled(&world, &asked);
    });
}

#[test]
fn what_others_answer_for_in_it_is_used_and_the_proof_judges_whether_it_works() {
    let (world, corp, asked) = shut(21);
    world.others_answer(&corp, EndpointService::Logs, true);
    let before = world.inventory(&[]);
    let end = world.run(Execution::new(&world, "up", &asked).run());
    assert_eq!(world.count("vpc-endpoint logs"), 0, "theirs has the name: {end:?}\n{}", world.story());
    assert_eq!(world.count("vpc-endpoint ecr.api"), 1);
    // Their group lets nobody in but its own members.
    let egress = world.proofs(&asked).expect("there is a VPC").egress;
    assert!(egress.to_string().contains("CloudWatch Logs"), "{egress}");
    assert_eq!(egress.verdict, moat::proof::Verdict::Fails, "{egress}");
    record(&world, &asked);
    until_removed(&world);
    must_be_as_before(&world, &before);
}

#[test]
fn e1_names_that_do_not_work_in_it_are_refused_and_not_turned_on() {
    let (world, corp, asked) = shut(22);
    world.work_names(&corp, false);
    let before = world.inventory(&[]);
    let end = world.run(Execution::new(&world, "up", &asked).run());
    let End::Failed(failure) = end else { panic!("{end:?}\n{}", world.story()) };
    assert!(failure.message.contains("DNS hostnames: should be on, but is off"), "{failure}");
    assert_eq!(world.inventory(&[]), before, "nothing was made");
}

#[test]
fn c13_endpoints_come_and_go_in_it_as_the_document_says() {
    let (world, corp) = begin(23);
    world.work_names(&corp, true);
    let before = world.inventory(&[]);
    let without = asked(&corp, false);
    let mut with = without.clone();
    with.network.egress = Egress { nat: None, endpoints: Some(Endpoints::Auto) };
    for asked in [&without, &with, &without] {
        let asked = settle(&world, asked);
        must_be_settled(&world, &asked);
        let endpoints = if asked.network.egress.has_endpoints() { 1 } else { 0 };
        for name in ["vpc-endpoint logs", "security-group endpoints"] {
            assert_eq!(world.count(name), endpoints, "{name}\n{}", world.story());
        }
        assert_eq!(world.count("vpc-endpoint s3"), 0, "theirs leads there from every table");
    }
    until_removed(&world);
    must_be_as_before(&world, &before);
}

#[test]
fn what_moat_made_in_it_is_mended() {
    let (world, corp) = begin(7);
    let asked = settle(&world, &asked(&corp, false));
    let _ = world.clone().without("listener http");
    run(&world, &asked);
    world.wait(60_000);
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean; 2], "{}", world.story());
    world.push(IMAGE, &digest(2));
    must_be_settled(&world, &settle(&world, &asked));
}
