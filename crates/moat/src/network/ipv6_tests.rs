use super::*;
use crate::ipv6::Ipv6Cidr;
use crate::network::NetworkStageSpec;
use crate::network::observed::{EgressOnlyInternetGateway, Observed};
use crate::network::plan::tests::{bindings, nothing, planned, settled, stage};
use crate::plan::{Hazard, Step};
use crate::spec::Needs;
use serde_json::json;

const BLOCK: &str = "2600:1f18:12:ab00::/56";

fn spec() -> NetworkStageSpec {
    with_ipv6(json!({ "nat": "single" }))
}

fn with_ipv6(egress: serde_json::Value) -> NetworkStageSpec {
    let mut stage = stage(2, egress, Needs::of([], "us-east-1"));
    stage.network.ipv6 = true;
    stage
}

fn range(text: &str) -> Ipv6Range {
    Ipv6Range { range: Ipv6Cidr::new(text).unwrap(), is_associated: true }
}

/// The settled network of two zones with everything that IPv6 adds.
fn dual() -> Observed {
    let mut observed = settled(&['a']);
    observed.vpcs[0].ipv6 = vec![range(BLOCK)];
    let numbers = [0, 1, 128, 129];
    for (subnet, number) in observed.subnets.iter_mut().zip(numbers) {
        subnet.ipv6 = crate::ipv6::subnet(&Ipv6Cidr::new(BLOCK).unwrap(), number)
            .map(|range| Ipv6Range { range, is_associated: true });
    }
    observed.egress_only_gateways = vec![exit("eigw-1")];
    let ways = [Target::InternetGateway("igw-1".into()), Target::egress_only(&"eigw-1".into())];
    for (table, way) in observed.route_tables.iter_mut().zip([&ways[0], &ways[1], &ways[1]]) {
        table.routes.push(route(way.clone()));
    }
    observed
}

fn exit(id: &str) -> EgressOnlyInternetGateway {
    EgressOnlyInternetGateway { id: id.into(), vpc: "vpc-1".into() }
}

fn route(target: Target) -> Route {
    Route { destination: "::/0".into(), target, is_active: true }
}

fn but(change: impl FnOnce(&mut Observed)) -> Observed {
    let mut observed = dual();
    change(&mut observed);
    observed
}

#[test]
fn an_empty_account_gets_ipv6_with_the_rest_and_knows_what_waits_for_the_block() {
    let whole = planned(&stage(2, json!({ "nat": "single" }), Needs::of([], "us-east-1")), &nothing());
    let plan = planned(&spec(), &nothing());
    let more: Vec<&str> = plan.lines().filter(|line| !whole.lines().any(|usual| usual == *line)).collect();
    insta::assert_snapshot!(more.join("\n"));
}

#[test]
fn turned_on_later_it_adds_and_replaces_nothing() {
    let (spec, before) = (spec(), settled(&['a']));
    insta::assert_snapshot!(planned(&spec, &before));
    let steps = crate::network::plan::plan(&spec, &before).unwrap().steps;
    assert!(steps.iter().all(|step| step.hazard() == Hazard::Safe), "{steps:?}");
}

#[test]
fn a_dual_stack_network_that_is_as_asked_gives_nothing_to_do() {
    assert_eq!(planned(&spec(), &dual()), "nothing to do\n");
    let second = but(|seen| seen.vpcs[0].ipv6.insert(0, range("2600:1f18:12:100::/56")));
    assert_eq!(planned(&spec(), &second), "nothing to do\n", "a second block costs nothing, and is anybody's");
    let by_hand = but(|seen| seen.subnets[0].ipv6 = Some(range("2600:1f18:12:ab77::/64")));
    assert_eq!(planned(&spec(), &by_hand), "nothing to do\n", "any range of the block will do");
}

#[test]
fn d2_each_part_that_is_missing_or_turned_is_put_back() {
    let elsewhere = Target::Other("eigw-theirs".into());
    let internet = Target::InternetGateway("igw-1".into());
    let cases = [
        ("a subnet without its range", but(|seen| seen.subnets[2].ipv6 = None)),
        (
            "a VPC without a block",
            but(|seen| {
                seen.vpcs[0].ipv6.clear();
                seen.subnets.iter_mut().for_each(|subnet| subnet.ipv6 = None);
            }),
        ),
        ("a block on its way", but(|seen| seen.vpcs[0].ipv6[0].is_associated = false)),
        (
            "a gateway that is gone, with routes into the void",
            but(|seen| {
                seen.egress_only_gateways.clear();
                seen.route_tables[1..].iter_mut().for_each(|table| table.routes[2].is_active = false);
            }),
        ),
        ("a private table without its route", but(|seen| _ = seen.route_tables[1].routes.pop())),
        ("the public table without its route", but(|seen| _ = seen.route_tables[0].routes.pop())),
        (
            "a private table that leads to the Internet gateway",
            but(|seen| seen.route_tables[1].routes[2].target = internet.clone()),
        ),
        (
            "the same, with no egress-only gateway",
            but(|seen| {
                seen.egress_only_gateways.clear();
                seen.route_tables[2].routes.pop();
                seen.route_tables[1].routes[2].target = internet.clone();
            }),
        ),
        (
            "a private table that leads to somebody else's exit",
            but(|seen| seen.route_tables[1].routes[2].target = elsewhere),
        ),
        ("a twin of the gateway", but(|seen| seen.egress_only_gateways.push(exit("eigw-0")))),
        (
            "two gateways in use",
            but(|seen| {
                seen.egress_only_gateways.push(exit("eigw-0"));
                seen.route_tables[1].routes[2].target = Target::egress_only(&"eigw-0".into());
            }),
        ),
    ];
    let text = cases.map(|(case, seen)| format!("{case}:\n{}", planned(&spec(), &seen)));
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn e3_without_ipv6_in_the_spec_an_egress_only_gateway_is_a_way_past_the_nat_gateway() {
    let plain = stage(2, json!({ "nat": "single" }), Needs::of([], "us-east-1"));
    let mut observed = settled(&['a']);
    observed.route_tables[1].routes.push(route(Target::Other("eigw-1".into())));
    assert_eq!(
        planned(&plain, &observed),
        "delete route ::/0 to eigw-1 in route-table private-a, which must stay private\n"
    );
}

#[test]
fn e1_with_endpoints_alone_no_private_table_leads_anywhere_by_ipv6() {
    let auto = with_ipv6(json!({ "endpoints": "auto" }));
    let new = planned(&auto, &nothing());
    assert!(new.contains("create route ::/0 to internet-gateway in route-table public"), "{new}");
    assert!(!new.contains("egress-only") && !new.contains("::/0 to egress"), "{new}");
    let moved = planned(&auto, &dual());
    let by_ipv6: Vec<&str> = moved.lines().filter(|line| line.contains("eigw") || line.contains("::/0")).collect();
    insta::assert_snapshot!(by_ipv6.join("\n"), @r"
    delete route ::/0 to eigw-1 in route-table private-a, since the endpoints are the only way out
    delete route ::/0 to eigw-1 in route-table private-b, since the endpoints are the only way out
    delete egress-only-internet-gateway eigw-1, which the spec does not ask for
    ");
}

#[test]
fn turning_it_off_is_refused_while_the_network_has_what_was_made_for_it() {
    let plain = stage(2, json!({ "nat": "single" }), Needs::of([], "us-east-1"));
    insta::assert_snapshot!(planned(&plain, &dual()), @"refused: /network/ipv6: is false, but the network has IPv6 already: block 2600:1f18:12:ab00::/56 and egress-only-internet-gateway eigw-1. moat takes no addresses away that tasks and clients may be using. Put true back, or take the network down and provision it again");
    let without_exit = but(|seen| {
        seen.egress_only_gateways.clear();
        seen.route_tables.iter_mut().for_each(|table| _ = table.routes.pop());
    });
    assert!(planned(&plain, &without_exit).starts_with("refused: /network/ipv6: is false, but"));
    let by_hand = but(|seen| {
        seen.egress_only_gateways.clear();
        seen.route_tables.iter_mut().for_each(|table| _ = table.routes.pop());
        seen.subnets[3].ipv6 = None;
    });
    assert_eq!(planned(&plain, &by_hand), "nothing to do\n", "what others gave to some subnets is their business");
}

#[test]
fn nothing_by_ipv6_is_done_before_the_block_is_associated() {
    let pending = but(|seen| {
        seen.vpcs[0].ipv6[0].is_associated = false;
        seen.subnets.iter_mut().for_each(|subnet| subnet.ipv6 = None);
    });
    let fact = desired::ipv6_range(&desired::vpc());
    assert!(!bindings(&spec(), &pending).has(&fact));
    assert_eq!(bindings(&spec(), &dual()).get(&fact), Some(BLOCK));
    let plan = crate::network::plan::plan(&spec(), &pending).unwrap();
    let waits: Vec<&NetworkStep> = plan.steps.iter().filter(|step| step.needs().contains(&fact)).collect();
    assert_eq!(waits.len(), 4, "{waits:?}");
    assert_eq!(plan.waiting[0].on, format!("IPv6 range {BLOCK} of vpc (associating)"));
}
