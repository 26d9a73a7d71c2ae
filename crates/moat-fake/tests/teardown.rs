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
    world.keep_at_least("web", 2);
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

#[test]
fn t1_a_service_goes_alone_and_its_network_stays_as_it_was() {
    let world = settled(2, &main_and_web());
    let rest: BTreeSet<String> = world.inventory(&["web"]);
    let report = removed(&world, &service());
    assert_eq!(report.billable_leftovers, Some(0), "{report}");
    let logs: BTreeSet<String> =
        world.inventory(&["main"]).into_iter().filter(|line| line.contains("log_groups")).collect();
    assert_eq!((logs.len(), report.kept.len()), (1, 1), "the logs are the user's data: {report}");
    must_be_gone(&world, &rest.union(&logs).cloned().collect());
}

#[test]
fn t1_logs_are_deleted_when_that_was_said() {
    let world = settled(3, &main_and_web());
    let rest = world.inventory(&["web"]);
    let report = removed(&world, &order(json!({"service": "web", "confirm": "web", "logs": "delete"})));
    assert_eq!(report.kept, [""; 0]);
    must_be_gone(&world, &rest);
}

#[test]
fn t1_an_autoscaler_goes_first_since_it_would_put_the_tasks_back() {
    let world = settled(4, &main_and_web());
    world.keep_at_least("web", 2);
    removed(&world, &service());
    assert!(world.story().contains("stop the autoscaling of service/moat-web/moat-web"));
}

#[test]
fn t1_a_load_balancer_that_somebody_protected_is_refused_before_anything_goes() {
    let world = settled(5, &main_and_web());
    world.protect();
    let message = refused(&world, &service());
    assert!(
        message.contains("protected from deletion") && message.contains("deletion_protection.enabled"),
        "{message}"
    );
}

/// The text with every random part of an id, twelve hexadecimal digits, as one star.
fn nameless(text: &str) -> String {
    let is_random = |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = |word: &str| {
        let end = word.rsplit('-').next().map(|part| part.trim_end_matches([',', ':'])).filter(is_random);
        end.map_or_else(|| word.to_owned(), |random| word.replace(random, "*"))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn t1_a_plan_lists_every_step_and_changes_nothing() {
    let world = settled(6, &asked(2, Nat::Single));
    let before = world.inventory(&[]);
    let plan = order(json!({"network": "main", "with": "services", "mode": "plan"}));
    let TeardownEnd::Planned(steps) = tear_down(&world, &plan) else { panic!("{}", world.story()) };
    assert_eq!(before, world.inventory(&[]));
    let steps: Vec<String> = steps.iter().map(|step| nameless(step)).collect();
    insta::assert_snapshot!(steps.join("\n"));
    let from = world.story().lines().count();
    removed(&world, &order(json!({"network": "main", "confirm": "main", "with": "services"})));
    assert_eq!(deeds(&world, from).len(), steps.len(), "what was planned is what is done");
}

#[test]
fn t2_interfaces_that_aws_takes_away_late_are_waited_for_by_name() {
    let world = settled(7, &main_and_web());
    removed(&world, &all());
    let story = world.story();
    let waits = |what: &str| story.lines().filter(|line| line.contains("waits for") && line.contains(what)).count();
    assert!(waits("of load balancer moat-web") > 0, "{story}");
    assert!(waits("of a task") > 0, "{story}");
    assert!(!story.contains("DependencyViolation"), "nothing is tried that AWS must refuse: {story}");
}

#[test]
fn d7_things_of_others_in_the_vpc_are_named_at_once_and_nothing_is_touched() {
    let mut count = 0;
    for foreign in Foreign::ALL {
        for with_service in [true, false] {
            let world = settled(8, &main_and_web());
            if !with_service {
                removed(&world, &service());
            }
            let id = world.put(foreign);
            let message = refused(&world, &if with_service { all() } else { network() });
            assert!(message.contains(&id), "{foreign:?} {id}: {message}");
            assert_eq!(message.lines().count(), 1, "{foreign:?}: {message}");
            count += 1;
        }
    }
    println!("d7: {count} cases of one thing of others each");
}

#[test]
fn d7_all_that_is_in_the_way_is_told_at_once_with_its_probable_owner() {
    let world = settled(9, &main_and_web());
    let ids = Foreign::ALL.map(|foreign| world.put(foreign));
    let message = refused(&world, &all());
    assert_eq!(message.lines().count(), ids.len(), "{message}");
    assert!(ids.iter().all(|id| message.contains(id)), "{message}");
    for owner in ["CloudFormation stack billing", "ECS service billing", "of instance i-0123", "named theirs"] {
        assert!(message.contains(owner), "{owner}: {message}");
    }
}

/// What another person does, and the id of what comes of it.
type Deed = (&'static str, fn(&World) -> String);

#[test]
fn t2_what_others_have_in_our_groups_and_our_cluster_is_refused_by_name() {
    let deeds: [Deed; 5] = [
        ("uses the tasks' group", |world| world.use_group("security-group tasks")),
        ("uses the load balancer's group", |world| world.use_group("security-group load-balancer")),
        ("names the tasks' group", |world| world.name_group("security-group tasks")),
        ("names the load balancer's group", |world| world.name_group("security-group load-balancer")),
        ("runs in the cluster", World::move_in),
    ];
    for (what, deed) in deeds {
        let world = settled(10, &main_and_web());
        let id = deed(&world);
        let message = refused(&world, &service());
        assert!(message.contains(&id), "{what}: {message}");
    }
}

#[test]
fn t3_the_internet_gateway_goes_when_no_public_address_is_mapped_any_more() {
    let world = settled(11, &main_and_web());
    let id = world.put(Foreign::InstanceWithPublicIp);
    let message = refused(&world, &all());
    assert!(message.contains(&id) && message.contains("192.0.2.7"), "{message}");
    removed(&settled(11, &main_and_web()), &all());
    assert!(!world.story().contains("mapped public address"), "{}", world.story());
}

#[test]
fn t4_an_address_is_released_when_its_gateway_is_really_gone() {
    let world = settled(12, &main_and_web());
    removed(&world, &all());
    let story = world.story();
    let time = |what: &str| -> u64 {
        let line = story.lines().rfind(|line| line.contains(what) && line.ends_with("Ok(Changed)"));
        let line = line.unwrap_or_else(|| panic!("{what}: {story}"));
        line.trim_start_matches('[').trim_start().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(time("release elastic-ip a") >= time("delete nat-gateway a") + 53_000);
    assert!(!story.contains("AuthFailure"), "{story}");
}

#[test]
fn t5_a_teardown_twice_in_a_row_ends_clean_and_says_that_there_was_nothing() {
    let world = settled(13, &main_and_web());
    removed(&world, &all());
    let from = world.story().lines().count();
    let report = removed(&world, &order(json!({"network": "main", "confirm": "main"})));
    assert_eq!(
        report.to_string(),
        "There was nothing of network main to remove.\nBillable leftovers: 0 (NAT gateways 0, Elastic IPs 0, VPC endpoints 0)."
    );
    assert_eq!(deeds(&world, from), [""; 0]);
    assert_eq!(removed(&World::new(1), &service()).billable_leftovers, Some(0));
}

#[test]
fn t5_two_teardowns_at_once_end_clean() {
    for seed in 0..20 {
        let world = settled(seed, &main_and_web());
        let run = |name: &str| moat_fake::Teardown::new(&world, name, &all()).run();
        let (one, two) = world.run(futures_util::future::join(run("one"), run("two")));
        for end in [one, two] {
            let TeardownEnd::Removed(report) = end else { panic!("{end:?}\n{}", world.story()) };
            assert!(report.billable_leftovers == Some(0));
        }
        must_be_gone(&world, &BTreeSet::new());
    }
}

#[test]
fn t5_a_recorded_spec_that_is_missing_or_unreadable_is_no_obstacle() {
    for spec in [None, Some("{\"netw"), Some("{\"network\":\"main\",\"port\":\"many\"}")] {
        let world = settled(14, &main_and_web());
        match spec {
            Some(text) => world.write("/moat/services/web", text),
            None => world.forget("/moat/services/web"),
        }
        let message = refused(&world, &network());
        assert!(message.contains("service web lives in network main"), "{message}");
        removed(&world, &all());
        must_be_gone(&world, &BTreeSet::new());
    }
}

#[test]
fn t6_groups_that_name_each_other_are_freed_of_it_first() {
    let world = settled(15, &main_and_web());
    let from = world.story().lines().count();
    removed(&world, &service());
    let deeds = deeds(&world, from);
    let at = |what: &str| {
        deeds.iter().position(|deed| deed.starts_with(what)).unwrap_or_else(|| panic!("{what}: {deeds:?}"))
    };
    let last_rule = deeds.iter().rposition(|deed| deed.starts_with("remove from security-group")).unwrap();
    assert!(at("remove from security-group tasks") < at("delete security-group load-balancer"));
    assert!(last_rule < at("delete security-group"), "{deeds:?}");
}

#[test]
fn a_network_in_use_is_refused_unless_its_services_go_too() {
    let world = settled(16, &main_and_web());
    let message = refused(&world, &network());
    assert!(
        message.contains("/network: service web lives in network main") && message.contains("\"with\": \"services\""),
        "{message}"
    );
    // Recorded, with nothing made yet.
    let world = empty(16);
    record(&world, &main_and_web());
    assert!(refused(&world, &network()).contains("service web lives in network main"));
}

#[test]
fn what_has_our_name_and_not_our_tags_stays_and_is_told() {
    for resource in ["load-balancer", "cluster", "log-group"] {
        let world = settled(17, &main_and_web());
        world.take_tags_off(resource);
        let id = world.inventory(&["main", "web"]);
        let report = match tear_down(&world, &service()) {
            TeardownEnd::Removed(report) => report,
            // What is not ours may hold something that is.
            TeardownEnd::Failed(failure) => {
                assert_eq!(resource, "load-balancer", "{failure}");
                assert!(failure.message.contains("which is not service web's"), "{failure}");
                continue;
            }
            end => panic!("{end:?}"),
        };
        assert!(report.kept.iter().any(|kept| kept.contains("somebody else's")), "{report}");
        let left = world.inventory(&["main", "web"]);
        assert!(id.is_subset(&left), "{id:?} became {left:?}");
    }
}

#[test]
fn other_owners_networks_and_services_are_as_they_were_before() {
    let world = settled(18, &main_and_web());
    provision(&world, "theirs", &neighbours());
    let rest = world.inventory(&["main", "web"]);
    assert!(rest.len() > 30, "{rest:#?}");
    removed(&world, &all());
    must_be_gone(&world, &rest);
    must_still_be_settled(&world, &neighbours());
}

fn must_still_be_settled(world: &World, asked: &Asked) {
    let plan = moat_fake::trial::plan(world, asked);
    assert!(plan.is_empty(), "{plan}");
}

#[test]
fn a_provision_after_a_teardown_works() {
    let asked = main_and_web();
    let world = settled(19, &asked);
    for round in 0..3 {
        removed(&world, &all());
        must_be_gone(&world, &BTreeSet::new());
        let end = world.run(Execution::new(&world, &format!("again {round}"), &asked).run());
        assert_eq!(end, End::Settled, "{}", world.story());
        must_be_settled(&world, &asked);
        record(&world, &asked);
    }
}

#[test]
fn many_revisions_go_in_batches_of_ten() {
    let world = settled(20, &main_and_web());
    for number in 2..=35 {
        world.push(moat_fake::trial::IMAGE, &moat_fake::trial::digest(number));
        let end = world.run(Execution::new(&world, &format!("{number}"), &main_and_web()).run());
        assert_eq!(end, End::Settled);
    }
    let from = world.story().lines().count();
    removed(&world, &service());
    let batches = deeds(&world, from).iter().filter(|deed| deed.starts_with("delete task-definition")).count();
    assert_eq!(batches, 4, "{:?}", deeds(&world, from));
}
