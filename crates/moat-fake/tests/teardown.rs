//! The requirements of a teardown, one by one.

mod down;

use down::{
    all, down as tear_down, must_be_gone, neighbours, network, order, provision, record, refused, removed, service,
    settled,
};
use moat::spec::Nat;
use moat_fake::trial::{asked, empty, must_be_settled};
use moat_fake::{Asked, End, Execution, Foreign, TeardownEnd, World};
use serde_json::json;
use std::collections::BTreeSet;

fn main_and_web() -> Asked {
    asked(2, Nat::PerZone)
}

/// What was done to the account since line `from` of its story, in the order in which it was done.
fn deeds(world: &World, from: usize) -> Vec<String> {
    let story = world.story();
    let lines = story.lines().skip(from).filter(|line| line.ends_with(": Ok(Changed)"));
    lines.filter_map(|line| Some(line.split_once("] ")?.1.trim_end_matches(": Ok(Changed)").to_owned())).collect()
}

#[test]
fn t1_everything_goes_in_the_order_in_which_it_hangs_together() {
    let asked = main_and_web();
    let world = settled(1, &asked);
    world.autoscale(2);
    let from = world.story().lines().count();
    let report = removed(&world, &all());
    must_be_gone(&world, &BTreeSet::new());
    assert_eq!(report.billable_leftovers, Some(0), "{report}");

    let order = [
        "stop the autoscaling",
        "scale service",
        "delete service",
        "deregister task-definition",
        "delete task-definition",
        "delete listener",
        "delete load-balancer",
        "delete target-group",
        "remove from security-group",
        "delete security-group",
        "delete vpc-endpoint",
        "delete route 0.0.0.0/0",
        "delete nat-gateway",
        "release elastic-ip",
        "detach internet-gateway",
        "delete internet-gateway",
        "delete subnet",
        "delete route-table",
        "delete vpc vpc-",
        "delete parameter",
    ];
    let deeds = deeds(&world, from);
    let mut at = 0;
    for deed in deeds.iter().filter(|deed| !deed.starts_with("delete cluster") && !deed.starts_with("delete log-group"))
    {
        let place = order.iter().position(|part| deed.starts_with(part)).unwrap_or_else(|| panic!("{deed}?"));
        assert!(place >= at, "{deed} comes after {}:\n{}", order[at], deeds.join("\n"));
        at = place;
    }
    let missing: Vec<_> = order.iter().filter(|part| !deeds.iter().any(|deed| deed.starts_with(**part))).collect();
    assert!(missing.is_empty(), "{missing:?} never happened:\n{}", deeds.join("\n"));
    let specs: Vec<&String> = deeds.iter().filter(|deed| deed.starts_with("delete parameter")).collect();
    assert!(specs.last().is_some_and(|last| last.ends_with("/moat/networks/main")), "{specs:?}");
    println!("t1: {} deeds in order", deeds.len());
}
