//! The ways out of a network, and every move from one to another: tasks that run never lose theirs.

mod down;

use down::try_all;
use moat::network::Network;
use moat::network::NetworkFacts;
use moat::pass::look;
use moat::spec::{Egress, Endpoints, Nat};
use moat_fake::mutation::Nature;
use moat_fake::trial::{asked_with, empty, must_be_settled, settled};
use moat_fake::{Asked, End, Execution, Fault, Faults, Rules, World};
use std::cell::RefCell;
use std::collections::BTreeSet;

const AUTO: Option<Endpoints> = Some(Endpoints::Auto);

/// Every way out.
const WAYS: [(&str, Egress); 5] = [
    ("single", Egress::nat(Nat::Single)),
    ("per-zone", Egress::nat(Nat::PerZone)),
    ("regional", Egress::nat(Nat::Regional)),
    ("endpoints", Egress { nat: None, endpoints: AUTO }),
    ("single and endpoints", Egress { nat: Some(Nat::Single), endpoints: AUTO }),
];

fn asked(egress: Egress) -> Asked {
    asked_with(2, egress)
}

fn run(world: &World, asked: &Asked) -> End {
    world.run(Execution::new(world, "move", asked).run())
}

/// Every ordered pair of different ways.
fn moves() -> Vec<(&'static str, Egress, Egress)> {
    let pairs = WAYS.into_iter().flat_map(|from| WAYS.into_iter().map(move |to| (from, to)));
    let pairs = pairs.filter(|(from, to)| from.0 != to.0);
    pairs.map(|((name, from), (_, to))| (name, from, to)).collect()
}

/// Runs the move, and sees every second that nothing is lost which an act alone does not show: what a task remembers.
fn watched(world: &World, asked: &Asked) -> End {
    let end = RefCell::new(None);
    let mover = async {
        *end.borrow_mut() = Some(Execution::new(world, "move", asked).run().await);
    };
    let watch = async {
        while end.borrow().is_none() {
            world.clock().sleep(1_000).await;
            let lost = world.lost_ways();
            assert!(lost.is_empty(), "running tasks lost {}\n{}", lost.join(", "), world.story());
        }
    };
    world.run(futures_util::future::join(mover, watch));
    end.into_inner().expect("it ended")
}

/// What each network shows in the end, whatever it was before.
fn facts(world: &World, asked: &Asked) -> NetworkFacts {
    let hand = world.hand();
    world.run(async { look::<Network, _>(&hand, &asked.network()).await }).expect("nothing fails").facts
}

#[test]
fn e1_every_way_out_settles_from_nothing_is_found_as_it_is_and_goes_without_a_trace() {
    for (name, egress) in WAYS {
        let asked = asked(egress);
        let world = empty(3);
        assert_eq!(run(&world, &asked), End::Settled, "{name}\n{}", world.story());
        must_be_settled(&world, &asked);
        assert_eq!(world.throttled(), 0, "{name} (C11)\n{}", world.story());
        let facts = facts(&world, &asked);
        let gateways = match egress.nat {
            None => 0,
            Some(Nat::PerZone) => 2,
            Some(Nat::Single | Nat::Regional) => 1,
        };
        assert_eq!(facts.nat_gateways.len(), gateways, "{name}");
        assert_eq!(facts.interface_endpoints.len(), if egress.has_endpoints() { 3 } else { 0 }, "{name}");
        assert!(facts.interface_endpoints.iter().all(|endpoint| endpoint.is_available));
        down::record(&world, &asked);
        down::removed(&world, &down::all());
        down::calm(&world);
        down::must_be_gone(&world, &BTreeSet::new());
        assert_eq!(world.throttled(), 0, "{name}, on its way out (C11)\n{}", world.story());
    }
}

#[test]
fn c13_e1_every_move_keeps_a_way_out_for_tasks_that_run_and_every_address_that_may_stay() {
    for (from_name, from, to) in moves() {
        let (before, after) = (asked(from), asked(to));
        let world = settled(5, &before);
        let (kept, of_a) = (world.elastic_ips(), world.ids("elastic-ip a"));
        world.watch_ways_out();
        assert_eq!(watched(&world, &after), End::Settled, "{from_name} to {to:?}\n{}", world.story());
        must_be_settled(&world, &after);
        assert_eq!(world.throttled(), 0, "{from_name} to {to:?} (C11)\n{}", world.story());
        let is_zonal = |egress: Egress| egress.nat.is_some_and(|nat| nat != Nat::Regional);
        if is_zonal(from) && is_zonal(to) {
            let now = world.elastic_ips();
            let stays = kept.iter().filter(|ip| now.contains(ip)).count();
            assert_eq!(stays, kept.len().min(now.len()), "{from_name} to {to:?}: {kept:?}, {now:?}");
            assert_eq!(world.ids("elastic-ip a"), of_a, "the first address stays (C13)");
        }
    }
}

/// One move, with one thing that goes wrong on the way.
#[derive(Debug, Clone)]
struct Case {
    move_at: usize,
    call: u64,
    fault: Fault,
}

fn moved_with_a_fault(Case { move_at, call, fault }: &Case) {
    let (from_name, from, to) = moves()[*move_at];
    let (before, after) = (asked(from), asked(to));
    let world = settled(7, &before).with(Rules::default(), Faults::at(*call, *fault));
    world.watch_ways_out();
    let story = || format!("{from_name} to {to:?}, {fault:?} at call {call}\n{}", world.story());
    let end = watched(&world, &after);
    assert!(matches!(end, End::Settled | End::Killed), "{end:?}: {}", story());
    world.wait(20_000);
    assert_eq!(watched(&world, &after), End::Settled, "{}", story());
    must_be_settled(&world, &after);
}

/// The calls of a move: how many there are, and which of them do something.
fn calls(from: Egress, to: Egress) -> (u64, BTreeSet<u64>) {
    let world = settled(7, &asked(from)).with(Rules::default(), Faults::none());
    world.watch_ways_out();
    assert_eq!(watched(&world, &asked(to)), End::Settled);
    world.read(|state| (state.calls, state.acts.iter().copied().collect()))
}

#[test]
fn c13_e1_any_fault_at_any_step_of_any_move_takes_no_way_out_from_running_tasks() {
    let mut cases = Vec::new();
    for (move_at, (name, from, to)) in moves().into_iter().enumerate() {
        let (_, steps) = calls(from, to);
        assert!(!steps.is_empty(), "{name} to {to:?} takes steps");
        cases.extend(steps.into_iter().flat_map(|call| Fault::ALL.map(|fault| Case { move_at, call, fault })));
    }
    assert!(cases.len() > 1_000, "{} cases", cases.len());
    try_all("moves with a fault at a step", &cases, moved_with_a_fault);
}

/// What goes wrong with reading comes to the same whatever it is: a pass that saw nothing, or the end of the execution. So
/// each call has one fault, and another one in each move; one in as many calls as this is tried, or all with `MOAT_SHARES`.
const SHARES: u64 = 10;

#[test]
fn c13_e1_nor_does_one_at_any_other_call() {
    let shares = std::env::var("MOAT_SHARES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut cases = Vec::new();
    for (move_at, (_, from, to)) in moves().into_iter().enumerate() {
        let (all, steps) = calls(from, to);
        let others = (0..all).filter(|call| !steps.contains(call));
        for call in others.filter(|call| (call + move_at as u64) % SHARES < shares) {
            let fault = Fault::ALL[(call as usize + move_at) % Fault::ALL.len()];
            cases.push(Case { move_at, call, fault });
        }
    }
    try_all("moves with a fault at another call", &cases, moved_with_a_fault);
}

#[test]
fn c13_addresses_are_released_only_when_the_spec_has_no_use_for_them() {
    let world = settled(9, &asked(Egress::nat(Nat::Single)));
    let first = world.elastic_ips();
    assert_eq!(run(&world, &asked(WAYS[4].1)), End::Settled);
    assert_eq!(world.elastic_ips(), first, "endpoints beside it change nothing");
    assert_eq!(run(&world, &asked(WAYS[1].1)), End::Settled);
    assert!(world.elastic_ips().contains(&first[0]), "the first stays when there are more");
    assert_eq!(run(&world, &asked(WAYS[3].1)), End::Settled);
    assert_eq!(world.elastic_ips(), [""; 0], "with endpoints alone nothing uses one");
}

/// AWS shows a dead NAT gateway for an hour, and remembers its token for longer.
#[test]
fn c4_a_nat_gateway_that_was_forgotten_comes_again() {
    for (name, egress) in [("regional", Egress::nat(Nat::Regional)), ("nat single", Egress::nat(Nat::Single))] {
        let endpoints_alone = asked(Egress { nat: None, endpoints: AUTO });
        let world = settled(5, &asked(egress));
        for round in 0..3 {
            assert_eq!(run(&world, &endpoints_alone), End::Settled, "{name}, away, round {round}\n{}", world.story());
            world.wait(2 * HOUR);
            assert_eq!(run(&world, &asked(egress)), End::Settled, "{name}, back, round {round}\n{}", world.story());
            must_be_settled(&world, &asked(egress));
        }
    }
}

#[test]
fn c4_a_nat_gateway_that_died_long_ago_comes_again_where_no_route_remembers_it_either() {
    let asked = asked(Egress::nat(Nat::PerZone));
    for forgotten in ["route-table private-a", "route 0.0.0.0/0"] {
        let world = settled(5, &asked);
        for deed in world.ways().mutations {
            let is_of = |resource: &str| deed.resource == resource;
            let kills = deed.nature == Nature::Deleted && is_of("nat-gateway a");
            let forgets = match forgotten {
                "route 0.0.0.0/0" => is_of("route-table private-a") && deed.what == "route 0.0.0.0/0 removed",
                table => deed.nature == Nature::Deleted && is_of(table),
            };
            if kills || forgets {
                println!("{} {}", deed.resource, deed.what);
                deed.do_now(&world);
            }
        }
        world.wait(2 * HOUR);
        assert_eq!(run(&world, &asked), End::Settled, "{forgotten}\n{}", world.story());
        must_be_settled(&world, &asked);
    }
}

const HOUR: u64 = 3_600_000;

#[test]
fn c11_eight_endpoints_are_made_three_calls_at_a_time_and_never_throttled() {
    let mut wide = asked(WAYS[3].1);
    wide.needs.extend(moat::spec::EndpointService::BEYOND);
    let world = empty(11);
    assert_eq!(run(&world, &wide), End::Settled, "{}", world.story());
    must_be_settled(&world, &wide);
    assert_eq!(world.throttled(), 0, "{}", world.story());
    let made = |line: &&str| line.contains("create vpc-endpoint") && line.contains("Ok(");
    let story = world.story();
    let made: Vec<u64> = story.lines().filter(made).map(time).collect();
    assert_eq!(made.len(), 9, "with S3's");
    assert!(made[8] - made[0] >= 10_000, "{made:?}");
    let mut few = wide.clone();
    few.needs.clear();
    assert_eq!(run(&world, &few), End::Settled, "{}", world.story());
    must_be_settled(&world, &few);
    assert_eq!(world.throttled(), 0, "{}", world.story());
}

fn time(line: &str) -> u64 {
    line.trim_start_matches('[').trim_start().split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The same with IPv6 beside IPv4.
fn dual(egress: Egress) -> Asked {
    let mut asked = asked(egress);
    asked.network.ipv6 = true;
    asked
}

#[test]
fn c13_ipv6_comes_to_a_network_that_runs_and_replaces_nothing() {
    for (name, egress) in WAYS {
        let (before, after) = (asked(egress), dual(egress));
        let world = settled(5, &before);
        let kept = ["vpc", "subnet public-a", "subnet private-b", "load-balancer", "service", "route-table private-a"];
        let ids = kept.map(|name| world.id(name));
        world.watch_ways_out();
        assert_eq!(watched(&world, &after), End::Settled, "{name}\n{}", world.story());
        must_be_settled(&world, &after);
        assert_eq!(kept.map(|name| world.id(name)), ids, "{name}");
        let facts = facts(&world, &after);
        let subnets = facts.public_subnets.iter().chain(&facts.private_subnets);
        assert!(facts.ipv6_cidr.is_some() && subnets.clone().all(|subnet| subnet.ipv6_cidr.is_some()), "{facts:?}");
        assert_eq!(facts.egress_only_internet_gateway.is_some(), !egress.is_endpoints_only(), "{name}");
    }
}

#[test]
fn c13_e1_with_ipv6_every_move_keeps_a_way_out_for_tasks_that_run() {
    for (from_name, from, to) in moves() {
        let (before, after) = (dual(from), dual(to));
        let world = settled(5, &before);
        world.watch_ways_out();
        assert_eq!(watched(&world, &after), End::Settled, "{from_name} to {to:?}\n{}", world.story());
        must_be_settled(&world, &after);
    }
}

#[test]
fn turning_ipv6_off_is_refused_and_touches_nothing() {
    for (name, egress) in WAYS {
        let world = settled(5, &dual(egress));
        let before = world.shape();
        let End::Failed(failure) = run(&world, &asked(egress)) else { panic!("{name}\n{}", world.story()) };
        assert_eq!(failure.kind, moat::error::Kind::Refused);
        assert!(failure.message.contains("/network/ipv6: is false, but the network has IPv6 already"), "{failure}");
        assert_eq!(world.shape(), before, "{name}");
        let mut grown = asked(egress);
        grown.network.zones = 3;
        assert!(matches!(run(&world, &grown), End::Failed(_)), "{name}: nor with one zone more");
        assert_eq!(world.shape(), before, "{name}");
    }
}

#[test]
fn c4_a_fault_at_any_call_of_a_provision_with_ipv6_leaves_no_twin_and_no_leak() {
    let faults = [Fault::LostAnswer, Fault::LostRequest, Fault::LambdaDiesAfter, Fault::KilledAfter, Fault::Throttled];
    let asked = dual(Egress::nat(Nat::Single));
    let calls = {
        let world = empty(3);
        run(&world, &asked);
        world.read(|state| state.calls)
    };
    for call in 0..calls {
        let fault = faults[usize::try_from(call).unwrap_or(0) % faults.len()];
        let world = empty(3).with(Rules::default(), Faults::at(call, fault));
        run(&world, &asked);
        let world = world.with(Rules::default(), Faults::none());
        world.wait(600_000);
        assert_eq!(run(&world, &asked), End::Settled, "{fault:?} at {call}\n{}", world.story());
        must_be_settled(&world, &asked);
        down::record(&world, &asked);
        down::removed(&world, &down::all());
        down::calm(&world);
        down::must_be_gone(&world, &std::collections::BTreeSet::new());
    }
    println!("{calls} calls");
}

#[test]
fn c13_a_network_with_ipv6_grows_by_a_zone_that_has_it_too() {
    for door in ["internet-facing", "internal"] {
        let grown = |zones| {
            let mut asked = dual(Egress::nat(Nat::PerZone));
            asked.network.zones = zones;
            let service = serde_json::json!({
                "name": "web", "network": "main", "image": moat_fake::trial::IMAGE, "port": 8080, "tasks": 2,
                "loadBalancer": { "scheme": door }
            });
            asked.service = serde_json::from_value(service).expect("a constant document");
            asked
        };
        let world = settled(6, &grown(2));
        let kept = ["vpc", "subnet public-a", "subnet private-b", "load-balancer", "egress-only-internet-gateway"];
        let ids = kept.map(|name| world.id(name));
        assert_eq!(run(&world, &grown(3)), End::Settled, "{door}\n{}", world.story());
        must_be_settled(&world, &grown(3));
        assert_eq!(kept.map(|name| world.id(name)), ids, "{door}");
    }
}

/// T5: killed at any call, it goes away without a trace, also while nothing is recorded.
#[test]
fn t5_a_network_with_ipv6_that_is_half_made_is_taken_down_to_nothing() {
    let asked = dual(Egress::nat(Nat::Single));
    let calls = {
        let world = empty(3);
        run(&world, &asked);
        world.read(|state| state.calls)
    };
    let mut exits = 0;
    for call in 0..calls {
        let world = empty(3).with(Rules::default(), Faults::at(call, Fault::KilledAfter));
        run(&world, &asked);
        exits += world.count("egress-only-internet-gateway");
        let world = world.with(Rules::default(), Faults::none());
        world.wait(600_000);
        down::removed(&world, &down::all());
        down::calm(&world);
        down::must_be_gone(&world, &std::collections::BTreeSet::new());
    }
    assert!(exits > 0, "the gateway is there in some of them");
}

#[test]
fn t1_the_way_out_by_ipv6_goes_after_its_routes_and_before_the_vpc() {
    let asked = dual(Egress::nat(Nat::Single));
    let world = settled(3, &asked);
    down::record(&world, &asked);
    let from = world.story().lines().count();
    down::removed(&world, &down::all());
    let story = world.story();
    let deeds: Vec<&str> = story.lines().skip(from).filter(|line| line.contains(": Ok(")).collect();
    let at =
        |what: &str| deeds.iter().rposition(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}\n{story}"));
    assert!(at("delete route ::/0") < at("delete egress-only-internet-gateway"), "{story}");
    assert!(at("delete egress-only-internet-gateway") < at("delete vpc vpc-"), "{story}");
}
