//! What is told before a provision makes anything, on an account in memory, and the first use of ECS in an account.

use moat::error::Kind;
use moat::name::Name;
use moat::preflight::Quota;
use moat::spec::Nat;
use moat_fake::trial::{asked, empty, must_be_settled, settled};
use moat_fake::{Asked, End, Execution, Faults, Rules, World};

fn run(world: &World, asked: &Asked) -> End {
    world.run(Execution::new(world, "it", asked).run())
}

/// Another network with another service.
fn other(zones: u8, nat: Nat) -> Asked {
    let mut asked = asked(zones, nat);
    asked.network.name = Name::new("second").unwrap();
    asked.service.network = asked.network.name.clone();
    asked.service.name = Name::new("api").unwrap();
    asked
}

#[test]
fn c10_an_account_that_is_short_by_one_address_is_told_so_before_anything_is_made() {
    let first = asked(2, Nat::Single);
    let world = settled(1, &first).with(Rules { addresses: 2, ..Rules::default() }, Faults::none());
    let steps = world.story().lines().count();
    let verdict = world.preflight(&other(2, Nat::PerZone));
    let problems: Vec<&str> = verdict.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("2 more needed, 1 used, 2 allowed"), "{problems:?}");
    let made = world.story();
    let made: Vec<&str> =
        made.lines().skip(steps).filter(|line| line.contains("create") && line.contains("Ok")).collect();
    assert!(made.is_empty(), "{made:#?}");

    assert_eq!(world.preflight(&other(2, Nat::Single)).problems, vec![], "one more fits");
    assert_eq!(run(&world, &other(2, Nat::Single)), End::Settled);
}

#[test]
fn c10_what_the_preflight_counts_is_what_the_provision_makes() {
    for (zones, nat) in [(2, Nat::Single), (3, Nat::PerZone)] {
        let asked = asked(zones, nat);
        let world = empty(2)
            .with(Rules { addresses: if nat == Nat::Single { 1 } else { 3 }, ..Rules::default() }, Faults::none());
        assert_eq!(world.preflight(&asked).problems, vec![]);
        assert_eq!(run(&world, &asked), End::Settled, "exactly what is needed is allowed\n{}", world.story());
        must_be_settled(&world, &asked);
        let short = if nat == Nat::Single { 0 } else { 2 };
        let world = empty(2).with(Rules { addresses: short, ..Rules::default() }, Faults::none());
        assert_eq!(world.preflight(&asked).problems.len(), 1);
        let End::Failed(failure) = run(&world, &asked) else { panic!("one is missing") };
        assert_eq!(failure.kind, Kind::Quota, "without a preflight it fails in the middle");
    }
}

#[test]
fn c10_a_second_provision_needs_nothing_of_a_full_account() {
    let asked = asked(2, Nat::Single);
    let world = settled(3, &asked).with(Rules { addresses: 1, ..Rules::default() }, Faults::none());
    let verdict = world.preflight(&asked);
    assert_eq!((verdict.findings, verdict.time.seconds), (vec![], 0));
}

#[test]
fn c10_what_is_gone_is_needed_again_and_what_is_there_is_not() {
    let asked = asked(2, Nat::Single);
    let world =
        settled(4, &asked).without("nat-gateway a").with(Rules { addresses: 1, ..Rules::default() }, Faults::none());
    assert_eq!(world.preflight(&asked).findings, vec![], "its address is still there");
    assert!(world.preflight(&asked).time.because.contains("NAT gateway"));
}

#[test]
fn the_range_of_another_network_is_a_warning_and_stops_nothing() {
    let world = settled(5, &asked(2, Nat::Single));
    let verdict = world.preflight(&other(2, Nat::Single));
    assert!(verdict.problems.is_empty());
    assert!(verdict.warnings.iter().any(|warning| warning.starts_with("/network/cidr: 10.0.0.0/16 overlaps vpc-")));
    assert!(!verdict.findings.iter().any(|finding| finding.what.contains(Quota::Vpcs.name())));
}

/// The first line of the story from `from` on that says this, in milliseconds.
fn times(world: &World, what: &str) -> Vec<u64> {
    let story = world.story();
    let lines = story.lines().filter(|line| line.contains(what));
    lines.filter_map(|line| line.trim_start_matches('[').trim_start().split(' ').next()?.parse().ok()).collect()
}

const REFUSED: &str = "Unable to assume the service linked role";

#[test]
fn c6_a_role_that_appears_after_fifteen_seconds_is_waited_for() {
    let asked = asked(2, Nat::Single);
    let world = empty(6).with(Rules { ecs_role: Some(15_000), ..Rules::default() }, Faults::none());
    assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
    let refused = times(&world, REFUSED);
    assert!(refused.len() > 1, "{}", world.story());
    assert_eq!(times(&world, "create cluster moat-web: Ok").len(), 1);
    assert_eq!(times(&world, "create service with 2 tasks").iter().filter(|at| **at > refused[0] + 60_000).count(), 0);
    must_be_settled(&world, &asked);
}

#[test]
fn c6_a_role_that_never_appears_is_given_up_within_two_minutes_and_the_reason_is_told() {
    let asked = asked(2, Nat::Single);
    let world = empty(7).with(Rules { ecs_role: Some(u64::MAX / 2), ..Rules::default() }, Faults::none());
    let End::Failed(failure) = run(&world, &asked) else { panic!("no service without the role") };
    assert!(failure.message.contains(REFUSED), "{failure}");
    let refused = times(&world, REFUSED);
    let (first, last) = (refused[0], *refused.last().unwrap());
    assert!((30_000..=120_000).contains(&(last - first)), "{} ms", last - first);
}
