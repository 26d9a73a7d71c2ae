//! The requirements that need more than a plan to show: a cloud that answers late, says no, or is changed by others.

use moat::error::Kind;
use moat::ingress::desired::Group;
use moat::network::{Network, NetworkFacts};
use moat::pass::{Report, SETBACK, pass};
use moat::plan::Bindings;
use moat::rule::{Direction, Peer, Rule};
use moat::spec::Nat;
use moat_fake::trial::{IMAGE, asked, digest, empty, must_be_settled, plan, settled};
use moat_fake::{Asked, End, Execution, Fault, Faults, Rules, World};

fn run(world: &World, asked: &Asked) -> End {
    world.run(Execution::new(world, "it", asked).run())
}

/// The lines of the story from `from` on that say this.
fn lines(world: &World, what: &str) -> Vec<String> {
    world.story().lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
}

fn time(line: &str) -> u64 {
    line.trim_start_matches('[').trim_start().split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Every thing that is made can be seen and used only seconds later.
fn always_late() -> Rules {
    Rules { lag: 4_000, lagging: 100, ..Rules::default() }
}

#[test]
fn c1_an_address_that_cannot_be_used_yet_is_tried_again_and_no_other_is_allocated() {
    let asked = asked(2, Nat::Single);
    let met = (0..50).filter(|seed| {
        let world = empty(*seed).with(Rules { lag: 4_000, lagging: 20, ..Rules::default() }, Faults::none());
        assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
        assert_eq!(lines(&world, "allocate elastic-ip a: Ok").len(), 1);
        assert_eq!(lines(&world, "create nat-gateway a in subnet public-a: Ok").len(), 1);
        must_be_settled(&world, &asked);
        !lines(&world, "InvalidAllocationID.NotFound").is_empty()
    });
    assert!(met.count() > 0, "the address is not usable at first in some of the worlds");
}

#[test]
fn after_a_lost_answer_aws_is_left_alone_until_what_it_made_can_be_seen() {
    let asked = asked(2, Nat::Single);
    let fresh = || empty(5).with(Rules::default(), Faults::none());
    let quiet = fresh();
    assert!(first_pass(&quiet, &asked).retry_after < SETBACK, "{}", quiet.story());
    // The first nine calls are reads of the empty account.
    let lost = fresh().with(Rules::default(), Faults::at(9, Fault::LostAnswer));
    let report = first_pass(&lost, &asked);
    assert_eq!((report.setbacks.len(), report.retry_after), (1, SETBACK), "{}", lost.story());
}

fn first_pass(world: &World, asked: &Asked) -> Report<NetworkFacts> {
    let (hand, nothing) = (world.hand(), Bindings::default());
    let report = world.run(async { pass::<Network, _>(&hand, &asked.network(), &nothing, &nothing).await });
    report.expect("a lost answer fails no pass")
}

#[test]
fn c2_a_nat_gateway_that_failed_is_deleted_its_address_is_kept_and_the_refusal_says_why() {
    let asked = asked(2, Nat::Single);
    let why = "InsufficientFreeAddressesInSubnet: the subnet has no free address".to_owned();
    let world = empty(2).with(Rules { nat_gateway_fails: Some(why.clone()), ..Rules::default() }, Faults::none());
    let End::Failed(failure) = run(&world, &asked) else { panic!("a failed gateway is no success") };
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.message.contains(&why), "{failure}");
    assert_eq!(lines(&world, "delete nat-gateway a").len(), 1, "{}", world.story());
    assert_eq!(world.count("nat-gateway a"), 0);
    let address = world.id("elastic-ip a");

    let world = world.with(Rules::default(), Faults::none());
    assert_eq!(run(&world, &asked), End::Settled, "with the cause gone the next one works\n{}", world.story());
    assert_eq!(world.id("elastic-ip a"), address);
    must_be_settled(&world, &asked);
}

#[test]
fn c3_the_default_route_is_made_once_the_nat_gateway_is_available() {
    let world = settled(3, &asked(2, Nat::Single));
    let made = time(&lines(&world, "create nat-gateway a in subnet public-a: Ok")[0]);
    let routes = lines(&world, "create route 0.0.0.0/0 to nat-gateway a");
    assert_eq!(routes.len(), 2);
    assert!(routes.iter().all(|route| time(route) >= made + 85_000), "{routes:?}");
}

#[test]
fn c8_a_service_whose_listener_ecs_does_not_know_yet_is_tried_again() {
    let asked = asked(2, Nat::Single);
    let met = (0..20).filter(|seed| {
        let world = settled(*seed, &asked).without("service");
        world.wait(500_000);
        let world = world.without("listener http").with(always_late(), Faults::none());
        assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
        must_be_settled(&world, &asked);
        !lines(&world, "does not have an associated load balancer").is_empty()
    });
    assert!(met.count() > 0, "ECS refuses in some of the worlds");
}

#[test]
fn c9_a_new_zone_is_the_load_balancers_before_it_is_the_tasks() {
    let world = settled(9, &asked(2, Nat::Single));
    let wider = asked(3, Nat::Single);
    assert_eq!(run(&world, &wider), End::Settled);
    let door = time(&lines(&world, "put load-balancer in")[0]);
    let tasks = time(&lines(&world, "update service to the private subnets")[0]);
    assert!(door < tasks);
    must_be_settled(&world, &wider);
}

#[test]
fn c10_a_quota_that_is_reached_is_told_and_nothing_is_lost_by_it() {
    let asked = asked(2, Nat::PerZone);
    let world = empty(10).with(Rules { addresses: 1, ..Rules::default() }, Faults::none());
    let End::Failed(failure) = run(&world, &asked) else { panic!("one address is not enough for two gateways") };
    assert_eq!(failure.kind, Kind::Quota, "{failure}");
    let world = world.with(Rules::default(), Faults::none());
    assert_eq!(run(&world, &asked), End::Settled);
    must_be_settled(&world, &asked);
}

#[test]
fn c12_a_deleted_service_of_the_same_name_is_waited_for_while_it_drains() {
    let asked = asked(2, Nat::Single);
    let world = settled(12, &asked).without("service");
    let before = world.story().lines().count();
    assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
    let story = world.story();
    let since: Vec<&str> = story.lines().skip(before).collect();
    assert!(since.iter().any(|line| line.contains("(draining)")), "{story}");
    assert_eq!(since.iter().filter(|line| line.contains("create service with 2 tasks")).count(), 1, "{story}");
    must_be_settled(&world, &asked);
}

#[test]
fn c13_neither_a_zone_nor_a_nat_gateway_more_changes_an_address() {
    let ids = |world: &World| ["nat-gateway a", "elastic-ip a", "subnet private-a", "vpc"].map(|name| world.id(name));
    let steps = [asked(2, Nat::Single), asked(3, Nat::Single), asked(3, Nat::PerZone), asked(4, Nat::PerZone)];
    let world = settled(13, &steps[0]);
    let before = ids(&world);
    for asked in &steps[1..] {
        assert_eq!(run(&world, asked), End::Settled, "{}", world.story());
        assert_eq!(ids(&world), before);
        must_be_settled(&world, asked);
    }
}

#[test]
fn going_back_to_a_single_nat_gateway_leaves_no_gateway_and_no_address_behind() {
    let world = settled(14, &asked(3, Nat::PerZone));
    let address = world.id("elastic-ip a");
    let single = asked(3, Nat::Single);
    assert_eq!(run(&world, &single), End::Settled, "{}", world.story());
    assert_eq!(world.id("elastic-ip a"), address);
    assert_eq!(lines(&world, "release elastic-ip").len(), 2, "{}", world.story());
    must_be_settled(&world, &single);
}

#[test]
fn a_new_image_under_the_same_tag_is_deployed_and_only_the_service_changes() {
    let asked = asked(2, Nat::Single);
    let world = settled(15, &asked);
    world.push(IMAGE, &digest(2));
    assert_eq!(run(&world, &asked), End::Settled);
    must_be_settled(&world, &asked);
}

/// What another person does, and the name under which a failure tells it.
type Deed = (&'static str, fn(&World));

fn all_rules(direction: Direction) -> Rule {
    Rule { direction, protocol: "-1".into(), ports: None, peer: Peer::Ipv6("::/0".into()) }
}

#[test]
fn e3_whatever_another_person_opens_or_takes_away_the_next_provision_puts_right() {
    let deeds: [Deed; 12] = [
        ("opens a private table", |world| world.lead_to_the_internet("route-table private-a", "0.0.0.0/0")),
        ("opens half of it", |world| world.lead_to_the_internet("route-table private-b", "0.0.0.0/1")),
        ("opens it for IPv6", |world| world.lead_to_the_internet("route-table private-b", "::/0")),
        ("deletes a private route", |world| world.delete_default_route("route-table private-a")),
        ("deletes the public route", |world| world.delete_default_route("route-table public")),
        ("moves a subnet to the main table", |world| world.move_to_the_main_table("subnet private-a")),
        ("lets everybody in to the tasks", |world| world.allow(Group::Tasks, all_rules(Direction::Ingress))),
        ("takes the way out from the tasks", |world| world.disallow(Group::Tasks, &Rule::all_out())),
        ("gives tasks public IPs", World::assign_public_ips),
        ("makes a subnet hand out public IPs", |world| world.hand_out_public_ips("subnet private-b")),
        ("makes a public subnet hand them out", |world| world.hand_out_public_ips("subnet public-a")),
        ("scales the service", |world| world.scale(5)),
    ];
    let asked = asked(2, Nat::PerZone);
    for (what, deed) in deeds {
        let world = settled(16, &asked);
        deed(&world);
        assert!(!plan(&world, &asked).is_empty(), "somebody {what}, and nobody sees it");
        assert_eq!(run(&world, &asked), End::Settled, "somebody {what}\n{}", world.story());
        must_be_settled(&world, &asked);
    }
}
