//! Several services behind the load balancer of one: each comes, settles, has no drift, and goes without the others.

mod down;

use down::{all, calm, down, must_be_gone, order, provision, refused, removed, try_all};
use moat::drift::Verdict;
use moat::spec::{Input, Repair, read};
use moat_fake::mutation::Mutation;
use moat_fake::trial::{IMAGE, empty, must_be_proven, plan};
use moat_fake::{Asked, End, Execution, Fault, Faults, Remediation, Rules, TeardownEnd, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn asked(name: &str, door: Value) -> Asked {
    let service = json!({"name": name, "network": "main", "image": IMAGE, "port": 8080, "loadBalancer": door});
    let document = json!({"network": {"name": "main"}, "service": service});
    let Input { network, service, .. } = read(&document).unwrap_or_else(|problems| panic!("{problems:?}"));
    Asked { network: network.expect("it is there"), service: service.expect("it is there"), needs: BTreeSet::new() }
}

fn host() -> Asked {
    asked("web", json!({}))
}

fn api() -> Asked {
    asked("api", json!({"shared": "web", "paths": ["/api/*"]}))
}

fn admin() -> Asked {
    asked("admin", json!({"shared": "web", "hosts": ["admin.example.com"], "healthCheck": {"path": "/up"}}))
}

fn must_be_well(world: &World, asked: &Asked) {
    let plan = plan(world, asked);
    assert!(plan.is_empty(), "nothing to do for {}, but:\n{plan}\n{}", asked.service.name, world.story());
    must_be_proven(world, asked);
}

/// A world with `web`, and its guests.
fn shared(seed: u64, guests: &[Asked]) -> World {
    let world = empty(seed);
    provision(&world, "web", &host());
    for guest in guests {
        provision(&world, guest.service.name.as_str(), guest);
    }
    calm(&world);
    world
}

fn alone(service: &str) -> moat::teardown::Order {
    order(json!({"service": service, "confirm": service, "logs": "delete"}))
}

#[test]
fn d2_services_behind_one_load_balancer_settle_and_none_drifts_from_the_others() {
    let every = [host(), api(), admin()];
    let world = shared(1, &every[1..]);
    for asked in &every {
        must_be_well(&world, asked);
        let shape = world.shape();
        let end = world.run(Execution::new(&world, "again", asked).run());
        assert_eq!((end, world.shape()), (End::Settled, shape), "a second run changes nothing");
        let run = world.run(Remediation::new(&world, "drift", asked).run());
        assert_eq!(run.verdicts(), [Verdict::Clean; 2], "{:#?}", run.checked);
    }
    assert_eq!(world.inventory(&[]).iter().filter(|thing| thing.starts_with("balancers ")).count(), 1);
}

#[test]
fn t5_a_guest_goes_without_its_host_and_a_host_not_without_its_guests() {
    let world = shared(2, &[api()]);
    let shape = world.shape();
    provision(&world, "admin", &admin());
    calm(&world);
    let why = refused(&world, &alone("web"));
    assert!(why.contains("service api uses security-group load-balancer"), "{why}");
    assert!(why.contains("service admin uses"), "{why}");
    assert_eq!(removed(&world, &alone("admin")).billable_leftovers, Some(0));
    calm(&world);
    let is_its = |thing: &&String| thing.contains("\"moat:service\": \"admin\"");
    assert_eq!(world.inventory(&[]).iter().filter(is_its).count(), 0);
    assert_eq!(world.shape(), shape, "its rule and the way to its tasks are gone too");
    for asked in [host(), api()] {
        must_be_well(&world, &asked);
    }
    assert_eq!(removed(&world, &alone("api")).billable_leftovers, Some(0));
    assert_eq!(removed(&world, &alone("web")).billable_leftovers, Some(0));
    assert!(matches!(down(&world, &all()), TeardownEnd::Removed(_)));
    calm(&world);
    must_be_gone(&world, &empty(2).inventory(&[]));
}

#[test]
fn t1_hosts_and_guests_go_together_with_their_network() {
    let world = shared(3, &[api(), admin()]);
    assert_eq!(removed(&world, &all()).billable_leftovers, Some(0));
    calm(&world);
    must_be_gone(&world, &empty(3).inventory(&[]));
}

#[test]
fn c4_t5_whatever_call_fails_there_is_one_rule_in_the_end_and_none_after_a_teardown() {
    let faults = [Fault::LostAnswer, Fault::Late, Fault::KilledBefore, Fault::KilledAfter];
    let cases: Vec<(u64, Fault)> = (0..150).flat_map(|at| faults.map(|fault| (at, fault))).collect();
    try_all("a guest with a fault at each call", &cases, |(at, fault)| {
        let world = shared(4, &[]);
        let before = world.shape();
        let world = world.with(Rules::default(), Faults::at(*at, *fault));
        world.run(Execution::new(&world, "first", &api()).run());
        let world = world.with(Rules::default(), Faults::none());
        calm(&world);
        provision(&world, "second", &api());
        calm(&world);
        for asked in [host(), api()] {
            must_be_well(&world, &asked);
        }
        let world = world.with(Rules::default(), Faults::at(*at, *fault));
        down(&world, &alone("api"));
        let world = world.with(Rules::default(), Faults::none());
        calm(&world);
        assert_eq!(removed(&world, &alone("api")).billable_leftovers, Some(0));
        calm(&world);
        assert_eq!(world.shape(), before, "{}", world.story());
    });
}

#[test]
fn what_cannot_be_shared_is_refused_with_the_reason() {
    let refusal = |world: &World, asked: &Asked| match world.run(Execution::new(world, "up", asked).run()) {
        End::Failed(failure) => failure.message,
        end => panic!("{end:?}"),
    };
    let world = empty(5);
    let why = refusal(&world, &api());
    assert!(why.contains("there is no load balancer of service web here"), "{why}");
    provision(&world, "web", &asked("web", json!({"type": "network"})));
    let why = refusal(&world, &api());
    assert!(why.contains("only one of type application can be shared"), "{why}");
    let world = shared(6, &[]);
    provision(&world, "api", &asked("api", json!({})));
    let why = refusal(&world, &api());
    assert!(why.contains("the service has a load balancer of its own"), "{why}");
    let world = shared(7, &[api()]);
    let why = refusal(&world, &asked("api", json!({})));
    assert!(why.contains("AWS takes one only"), "{why}");
}

/// The host, its guests, and what everybody has of each other.
#[test]
fn d4_every_way_to_change_what_host_and_guests_share_is_found_and_mended() {
    let every = || {
        [host(), api(), admin()].map(|mut asked| {
            asked.network.drift.repair = Repair::Destructive;
            asked.service.drift.repair = Repair::Destructive;
            asked
        })
    };
    let [_, guests @ ..] = every();
    let world = shared(8, &guests);
    let is_shared = |mutation: &Mutation| {
        let is_way =
            mutation.resource == "security-group load-balancer" && mutation.what.starts_with("rule tcp 8080 out");
        is_way || mutation.what.starts_with("rule of ") || mutation.what.starts_with("rules: ")
    };
    let ways = world.ways().mutations;
    let cases: Vec<usize> = (0..ways.len()).filter(|at| is_shared(&ways[*at])).collect();
    assert!(cases.len() >= 16, "{} ways", cases.len());
    try_all("ways to change what is shared", &cases, |at| {
        let world = shared(8, &guests);
        let before = world.shape();
        let mutation = world.ways().mutations.swap_remove(*at);
        mutation.strike(&world);
        let mut found = Vec::new();
        for asked in every() {
            let run = world.run(Remediation::new(&world, "drift", &asked).run());
            let of = run.checked.iter().filter(|checked| checked.verdict == Verdict::Repaired);
            found.extend(of.map(|checked| format!("{}: {:?}", asked.service.name, checked.findings)));
        }
        let what = format!("{}: {}\n{found:#?}\n{}", mutation.resource, mutation.what, world.story());
        // One that leads elsewhere is nobody's guest: the host removes it, and the guest makes it anew.
        let leads_elsewhere = mutation.what.contains("forwards_to");
        assert_eq!(found.len(), if leads_elsewhere { 2 } else { 1 }, "who finds it: {what}");
        let is_made_anew = leads_elsewhere || mutation.what.ends_with(": deleted");
        assert!(is_made_anew || world.shape() == before, "exactly it is mended: {what}");
        every().iter().for_each(|asked| must_be_well(&world, asked));
    });
}
