//! Drift among others: what is left alone, what is waited for, what is asked, and what is said when it does not help.

use moat::drift::{Checked, Fate, Memory, Verdict};
use moat::moment::Moment;
use moat::parameters;
use moat::rule::{Direction, Peer, Rule};
use moat::spec::{Approval, Nat, Repair};
use moat::tags::Owner;
use moat_fake::mutation::Nature;
use moat_fake::trial::{asked, must_be_settled, plan, settled};
use moat_fake::{Asked, End, Execution, Faults, Remediation, Rules, Run, World};
use std::collections::BTreeSet;

const HOUR: u64 = 3_600_000;

fn graded(repair: Repair, approval: Approval) -> Asked {
    let mut asked = asked(2, Nat::Single);
    (asked.network.drift.repair, asked.network.drift.approval) = (repair, approval);
    (asked.service.drift.repair, asked.service.drift.approval) = (repair, approval);
    asked
}

fn run(world: &World, asked: &Asked) -> Run {
    world.run(Remediation::new(world, &format!("run at {}", world.clock().now()), asked).run())
}

fn network(run: &Run) -> &Checked {
    &run.checked[0]
}

fn service(run: &Run) -> &Checked {
    &run.checked[1]
}

fn fates(checked: &Checked) -> Vec<(String, Fate)> {
    checked.findings.iter().map(|told| (told.finding.key(), told.fate)).collect()
}

/// What changed the account, as the story has it.
fn changes(world: &World) -> Vec<String> {
    world.story().lines().filter(|line| line.contains(": Ok(")).map(str::to_owned).collect()
}

#[test]
fn d2_a_clean_stack_gives_no_finding_on_the_first_run_and_on_the_hundredth() {
    for (zones, nat) in [(2, Nat::Single), (3, Nat::PerZone)] {
        let asked = asked(zones, nat);
        let world = settled(2, &asked);
        let (before, shape) = (changes(&world).len(), world.shape());
        for number in 0..100 {
            let run = run(&world, &asked);
            assert_eq!(run.verdicts(), [Verdict::Clean; 2], "run {number}: {:#?}", run.checked);
            assert!(run.checked.iter().all(|checked| checked.findings.is_empty()));
            world.wait(HOUR);
        }
        assert_eq!((changes(&world).len(), world.shape()), (before, shape), "nothing was changed");
        let left: Vec<String> = world.parameters().into_iter().map(|(name, _)| name).collect();
        assert!(left.is_empty(), "and nothing is remembered: {left:?}");
    }
}

#[test]
fn d3_while_a_deployment_is_under_way_nothing_is_changed() {
    let asked = asked(2, Nat::Single);
    let world = settled(3, &asked);
    world.deploy_anew();
    world.change_grace(5);
    let shape = world.shape();
    let first = run(&world, &asked);
    assert_eq!(first.verdicts(), [Verdict::Clean, Verdict::Postponed]);
    assert!(service(&first).why.as_ref().unwrap().contains("deployment"), "{:?}", service(&first));
    assert_eq!(service(&first).retry_after, None, "the next run is soon enough");
    assert_eq!(world.shape(), shape);
    world.wait(300_000);
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean, Verdict::Repaired]);
    must_be_settled(&world, &asked);
}

#[test]
fn d3_an_open_door_is_closed_as_soon_as_nothing_is_under_way_any_more() {
    let asked = asked(2, Nat::Single);
    let world = settled(3, &asked);
    world.deploy_anew();
    world.allow(moat::ingress::desired::Group::Tasks, Rule::tcp(Direction::Ingress, 22, Peer::Ipv6("::/0".into())));
    let look = world.run(Remediation::new(&world, "a look", &asked).only_looking().run());
    assert_eq!(look.verdicts(), [Verdict::Clean, Verdict::Postponed]);
    assert!(service(&look).retry_after.is_some(), "the next run would be too late");
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean, Verdict::Repaired]);
    must_be_settled(&world, &asked);
}

#[test]
fn d11_an_open_door_of_a_service_that_somebody_else_holds_is_told_at_once() {
    let asked = asked(2, Nat::Single);
    let world = settled(3, &asked);
    world.allow(moat::ingress::desired::Group::Tasks, Rule::tcp(Direction::Ingress, 22, Peer::Ipv6("::/0".into())));
    world.hold_lock(&asked, "a provision");
    let told = run(&world, &asked);
    assert_eq!(told.verdicts(), [Verdict::Postponed; 2]);
    let findings = &service(&told).findings;
    assert!(findings.len() == 1 && findings[0].finding.is_hole && findings[0].fate == Fate::Postponed, "{findings:?}");
    assert!(service(&told).is_new, "it is told to people");
}

#[test]
fn d3_an_autoscaler_that_acted_a_moment_ago_is_left_alone_and_its_count_is_never_drift() {
    let asked = graded(Repair::Destructive, Approval::None);
    let world = settled(4, &asked);
    world.autoscale(1, 10, 6);
    world.change_grace(5);
    let first = run(&world, &asked);
    assert_eq!(service(&first).verdict, Verdict::Postponed);
    assert!(service(&first).why.as_ref().unwrap().contains("autoscaler"), "{:?}", service(&first));
    world.wait(300_000);
    let second = run(&world, &asked);
    assert_eq!(fates(service(&second)), [("service: health-check grace".into(), Fate::Repaired)]);
    assert_eq!(world.desired(), 6, "the number of tasks is the autoscaler's");
}

#[test]
fn d11_an_execution_that_holds_the_lock_postpones_the_run() {
    let asked = asked(2, Nat::Single);
    let world = settled(5, &asked);
    world.delete_default_route("route-table private-a");
    world.hold_lock(&asked, "a provision");
    let shape = world.shape();
    let first = run(&world, &asked);
    assert_eq!(first.verdicts(), [Verdict::Postponed; 2]);
    assert!(network(&first).why.as_ref().unwrap().contains("a provision"));
    assert_eq!(world.shape(), shape);
    world.end("a provision");
    world.wait(60_000);
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Repaired, Verdict::Clean]);
    must_be_settled(&world, &asked);
}

#[test]
fn d11_a_provision_and_a_run_at_once_wait_for_each_other() {
    let asked = asked(2, Nat::Single);
    for seed in 0..40 {
        let world = settled(seed, &asked);
        world.delete_default_route("route-table private-a");
        world.assign_public_ips();
        let provision = Execution::new(&world, "provision", &asked).run();
        let remediation = Remediation::new(&world, "remediation", &asked).run();
        let (end, run) = world.run(futures_util::future::join(provision, remediation));
        assert_eq!(end, End::Settled, "{}", world.story());
        let calm = [Verdict::Clean, Verdict::Repaired, Verdict::Postponed];
        assert!(run.verdicts().iter().all(|verdict| calm.contains(verdict)), "{:?}\n{}", run.verdicts(), world.story());
        must_be_settled(&world, &asked);
    }
}

#[test]
fn d8_a_field_that_somebody_puts_back_twice_in_a_day_is_left_alone_and_told() {
    let asked = asked(2, Nat::Single);
    let world = settled(6, &asked);
    let hands = || world.hand_out_public_ips("subnet private-a");
    for _ in 0..2 {
        hands();
        assert_eq!(network(&run(&world, &asked)).verdict, Verdict::Repaired);
        world.wait(HOUR);
    }
    hands();
    world.delete_default_route("route-table private-b");
    let third = run(&world, &asked);
    assert_eq!(network(&third).verdict, Verdict::TugOfWar);
    let expected = [
        ("subnet private-a: public IPs".to_owned(), Fate::TugOfWar),
        ("route-table private-b: route 0.0.0.0/0".to_owned(), Fate::Repaired),
    ];
    assert_eq!(fates(network(&third)), expected, "everything else is mended all the same");
    assert!(network(&third).findings[0].to_string().contains("two hands on one wheel"));
    for _ in 0..21 {
        world.wait(HOUR);
        assert_eq!(network(&run(&world, &asked)).verdict, Verdict::TugOfWar, "for the rest of the day");
    }
    world.wait(2 * HOUR);
    assert_eq!(network(&run(&world, &asked)).verdict, Verdict::Repaired, "a day later it is tried again");
    must_be_settled(&world, &asked);
}

#[test]
fn d9_a_repair_that_does_not_take_is_a_failure_and_never_called_repaired() {
    let asked = asked(2, Nat::Single);
    let deaf = "stop subnet private-a from handing out public IPs";
    let world = settled(7, &asked).with(Rules { deaf_to: Some(deaf.into()), ..Rules::default() }, Faults::none());
    world.hand_out_public_ips("subnet private-a");
    world.hand_out_public_ips("subnet private-b");
    let first = run(&world, &asked);
    assert_eq!(network(&first).verdict, Verdict::Failed);
    let expected = [
        ("subnet private-a: public IPs".to_owned(), Fate::Failed),
        ("subnet private-b: public IPs".to_owned(), Fate::Repaired),
    ];
    assert_eq!(fates(network(&first)), expected);
    assert!(network(&first).why.as_ref().unwrap().contains("to no effect"), "{:?}", network(&first));
    let parameter = parameters::drift(&Owner::Network(asked.network.name.clone()));
    let memory = world.parameters().into_iter().find(|(name, _)| *name == parameter).map(|(_, text)| text);
    let later = Moment::from_millis(i64::try_from(world.clock().now()).unwrap());
    let mut memory = Memory::read(memory.as_deref());
    for told in &network(&first).findings {
        memory = memory.with_repaired([&told.finding], later);
    }
    assert_eq!(memory.contested(later).len(), 1, "only what was mended is remembered as mended");
}

#[test]
fn d6_a_question_is_asked_once_and_the_yes_mends_exactly_what_was_asked() {
    let asked = graded(Repair::Safe, Approval::Ask);
    let world = settled(8, &asked);
    world.scale(5);
    world.delete_default_route("route-table public");
    let first = run(&world, &asked);
    assert_eq!(first.verdicts(), [Verdict::Repaired, Verdict::Asked]);
    let question = service(&first).question.clone().unwrap();
    world.wait(HOUR);
    assert_eq!(service(&run(&world, &asked)).question.as_ref(), Some(&question), "the same question");
    assert_eq!(world.desired(), 5);
    let yes = world.run(Remediation::new(&world, "yes", &asked).with_yes(&question).run());
    assert_eq!(fates(service(&yes)), [("service: tasks".into(), Fate::Repaired)]);
    must_be_settled(&world, &asked);
    let again = world.run(Remediation::new(&world, "yes again", &asked).with_yes(&question).run());
    assert_eq!(service(&again).verdict, Verdict::Clean);
    assert!(service(&again).why.as_ref().unwrap().contains("no open question"));
}

#[test]
fn d6_a_yes_is_void_when_anything_has_changed_meanwhile() {
    let asked = graded(Repair::Safe, Approval::Ask);
    let others: [fn(&World); 3] =
        [|world| world.scale(7), |world| world.move_group_of_the_load_balancer(), |world| world.retain_logs_for(3653)];
    for (number, other) in others.into_iter().enumerate() {
        let world = settled(9, &asked);
        world.scale(5);
        let question = service(&run(&world, &asked)).question.clone().unwrap();
        other(&world);
        let shape = world.shape();
        let yes = world.run(Remediation::new(&world, "yes", &asked).with_yes(&question).run());
        assert_eq!(service(&yes).verdict, Verdict::Asked, "{number}");
        assert!(service(&yes).why.as_ref().unwrap().contains("void"), "{number}");
        assert_ne!(service(&yes).question.as_ref(), Some(&question), "{number}: it is asked anew");
        assert_eq!(world.shape(), shape, "{number}: nothing is done");
    }
}

#[test]
fn d5_the_third_act_of_the_demo_is_mended_at_once_and_then_there_is_nothing_to_do() {
    let asked = asked(2, Nat::Single);
    let world = settled(10, &asked);
    world.delete_default_route("route-table private-a");
    world.allow(moat::ingress::desired::Group::Tasks, Rule::tcp(Direction::Ingress, 22, Peer::Ipv6("::/0".into())));
    world.assign_public_ips();
    let look = world.run(Remediation::new(&world, "look", &asked).only_looking().run());
    assert_eq!(look.verdicts(), [Verdict::Reported; 2]);
    assert!(look.checked.iter().flat_map(|it| &it.findings).all(|told| told.fate == Fate::Due));
    assert!(!plan(&world, &asked).is_empty(), "a look changes nothing");
    let first = run(&world, &asked);
    assert_eq!(first.verdicts(), [Verdict::Repaired; 2]);
    assert_eq!(first.checked.iter().map(|checked| checked.findings.len()).sum::<usize>(), 3);
    must_be_settled(&world, &asked);
    assert_eq!(run(&world, &asked).verdicts(), [Verdict::Clean; 2]);
}

#[test]
fn what_is_there_twice_where_no_stage_looks_is_found_among_what_has_moats_tags() {
    let asked = asked(2, Nat::Single);
    let world = settled(11, &asked);
    let recorded: BTreeSet<Owner> =
        [Owner::Network(asked.network.name.clone()), Owner::Service(asked.service.name.clone())].into();
    let left = |world: &World| {
        let seen = world.seen(&asked);
        moat::drift::leftovers(&recorded, &seen, &world.tagged())
    };
    assert!(left(&world).is_empty(), "{:?}", left(&world));
    assert_eq!(
        moat::drift::leftovers(&BTreeSet::new(), &world.seen(&asked), &world.tagged()).len(),
        world.tagged().len()
    );
    let mut tried = 0;
    for mutation in world.ways().mutations.iter().filter(|mutation| mutation.nature == Nature::Stray) {
        let world = settled(11, &asked);
        mutation.strike(&world);
        let left = left(&world);
        assert_eq!(left.len(), 1, "{}: {left:?}", mutation.resource);
        assert_eq!(left[0].resource.as_str(), mutation.resource);
        tried += 1;
    }
    println!("{tried} strays");
    assert!(tried >= 5);
}
