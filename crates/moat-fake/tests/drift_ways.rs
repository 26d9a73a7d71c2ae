//! Every single way to drift: one change to a settled world, and the run finds exactly it, names it, grades it, and
//! mends it and nothing else, as far as the grade allows.

use moat::drift::{Checked, Fate, Told, Verdict};
use moat::plan::Hazard;
use moat::spec::{Egress, Endpoints, Nat, Repair};
use moat_fake::mutation::{Mutation, Nature};
use moat_fake::trial::{asked_with, must_be_settled, settled};
use moat_fake::{Asked, Remediation, World};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

const GRADES: [Repair; 4] = [Repair::None, Repair::Safe, Repair::Disruptive, Repair::Destructive];
const SEED: u64 = 4;

/// What was settled before something is changed.
struct Shape {
    door: Value,
    egress: Egress,
    ipv6: bool,
}

impl Shape {
    /// One NAT gateway, and this door.
    fn of_door(door: Value) -> Self {
        Self { door, egress: Egress::nat(Nat::Single), ipv6: false }
    }

    /// The usual door, and these ways out.
    fn of_egress(egress: Egress) -> Self {
        Self { egress, ..Self::of_door(json!({})) }
    }

    /// One NAT gateway, the usual door, and IPv6.
    fn of_ipv6() -> Self {
        Self { ipv6: true, ..Self::of_door(json!({})) }
    }
}

fn graded(Shape { door, egress, ipv6 }: &Shape, repair: Repair) -> Asked {
    let mut asked = asked_with(2, *egress);
    asked.network.ipv6 = *ipv6;
    let service = json!({ "name": "web", "network": "main", "image": "web:1", "loadBalancer": door });
    let input = moat::spec::read(&json!({ "service": service })).expect("a good document");
    asked.service.load_balancer = input.service.and_then(|service| service.load_balancer);
    asked.network.drift.repair = repair;
    asked.service.drift.repair = repair;
    asked
}

/// A settled world in which this was done, what the world was before and after it, and what a run then says.
struct Trial {
    world: World,
    asked: Asked,
    before: BTreeMap<String, String>,
    struck: BTreeMap<String, String>,
    checked: Vec<Checked>,
}

impl Trial {
    fn of(shape: &Shape, at: usize, repair: Repair) -> Self {
        let asked = graded(shape, repair);
        let world = settled(SEED, &asked);
        let before = world.shape();
        let ways = world.ways();
        ways.mutations[at].strike(&world);
        let struck = world.shape();
        let mut checked = Vec::new();
        for round in 0..4 {
            let run = world.run(Remediation::new(&world, &format!("run {round}"), &asked).run());
            let is_postponed = run.verdicts().contains(&Verdict::Postponed);
            checked.extend(run.checked.into_iter().filter(|checked| checked.verdict != Verdict::Postponed));
            if !is_postponed {
                return Self { world, asked, before, struck, checked };
            }
            // A deleted service drains for minutes, and the schedule comes back.
            world.wait(600_000);
        }
        panic!("postponed for ever\n{}", world.story())
    }

    fn told(&self) -> impl Iterator<Item = &Told> {
        self.checked.iter().flat_map(|checked| &checked.findings)
    }

    /// The gravest that was said.
    fn verdict(&self) -> Verdict {
        self.checked.iter().map(|checked| checked.verdict).max().unwrap_or(Verdict::Clean)
    }
}

#[test]
fn d4_d5_every_single_way_to_drift_is_found_named_graded_and_mended() {
    let tally = every_way(&Shape::of_door(json!({})), |_| true);
    insta::assert_snapshot!("every_way_to_drift", tally.table);
    insta::assert_snapshot!("fixed", tally.fixed.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(tally.mutations > 150, "{:?}", tally.natures);
}

/// What is not the door's is the same with every door.
#[test]
fn d4_d5_every_single_way_to_change_a_door_of_another_kind_is_found_named_graded_and_mended() {
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/one";
    let other = "arn:aws:acm:us-east-1:123456789012:certificate/two";
    let acl = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/all/1";
    let logs = json!({ "bucket": "logs-of-web", "prefix": "door" });
    let doors = [
        (
            "https",
            json!({ "certificate": certificate, "additionalCertificates": [other], "idleTimeout": 300, "accessLogs": logs, "wafAcl": acl }),
        ),
        ("internal_network", json!({ "type": "network", "scheme": "internal", "idleTimeout": 600 })),
        ("worker", json!("none")),
    ];
    for (name, door) in doors {
        let is_the_doors = |mutation: &Mutation| {
            let kinds = ["listener", "load-balancer", "security-group", "target-group"];
            kinds.contains(&kind(&mutation.resource)) || ["grace", "target_group"].contains(&mutation.what.as_str())
        };
        let tally = every_way(&Shape::of_door(door), is_the_doors);
        insta::assert_snapshot!(format!("every_way_to_drift_{name}"), tally.table);
    }
}

/// What IPv6 adds, and what it changes: ranges, gateways and routes, the load balancer's addresses, the groups.
#[test]
fn d4_d5_every_single_way_to_change_what_ipv6_adds_is_found_named_graded_and_mended() {
    let is_of_ipv6 = |mutation: &Mutation| {
        let words = ["ipv6", "::/0", "egress-only", "address type"];
        mutation.resource.contains("egress-only") || words.iter().any(|word| mutation.what.contains(word))
    };
    let tally = every_way(&Shape::of_ipv6(), is_of_ipv6);
    insta::assert_snapshot!("every_way_to_drift_ipv6", tally.table);
}

/// What is not the network's is the same with every way out.
#[test]
fn d4_d5_every_single_way_to_change_a_network_with_another_way_out_is_found_named_graded_and_mended() {
    let endpoints = Some(Endpoints::Auto);
    let ways_out = [
        ("endpoints", Egress { nat: None, endpoints }, 100),
        ("nat_and_endpoints", Egress { nat: Some(Nat::Single), endpoints }, 100),
        ("regional", Egress::nat(Nat::Regional), 50),
    ];
    let mut fixed = BTreeSet::new();
    for (name, egress, least) in ways_out {
        let is_the_networks = |mutation: &Mutation| {
            let kinds = ["default-security-group", "elastic-ip", "internet-gateway", "nat-gateway", "route-table"];
            let kinds = [&kinds[..], &["subnet", "vpc", "vpc-endpoint"]].concat();
            kinds.contains(&kind(&mutation.resource)) || mutation.resource == "security-group endpoints"
        };
        let tally = every_way(&Shape::of_egress(egress), is_the_networks);
        assert!(tally.mutations > least, "{name}: {:?}", tally.natures);
        insta::assert_snapshot!(format!("every_way_to_drift_{name}"), tally.table);
        fixed.extend(tally.fixed);
    }
    insta::assert_snapshot!("fixed_in_networks", fixed.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What came of all trials.
struct Tally {
    table: String,
    fixed: BTreeSet<String>,
    mutations: usize,
    natures: BTreeMap<String, usize>,
}

fn every_way(shape: &Shape, is_tried: impl Fn(&Mutation) -> bool) -> Tally {
    let world = settled(SEED, &graded(shape, Repair::Safe));
    let ways = world.ways();
    let (mut table, mut failed) = (String::new(), Vec::new());
    let mut natures: BTreeMap<String, usize> = BTreeMap::new();
    let tried = ways.mutations.iter().enumerate().filter(|(_, mutation)| is_tried(mutation));
    for (at, mutation) in tried {
        *natures.entry(format!("{:?}", mutation.nature)).or_default() += 1;
        for repair in GRADES {
            match catch_unwind(AssertUnwindSafe(|| judge(shape, at, mutation, repair))) {
                Ok(lines) if repair == Repair::Destructive => table.push_str(&lines),
                Ok(_) => {}
                Err(panic) => failed.push((name(mutation, repair), message(&*panic))),
            }
        }
    }
    if let Some((_, story)) = failed.first() {
        let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
        panic!("{} trials failed:\n{}\nThe first:\n{story}", names.len(), names.join("\n"));
    }
    let mutations: usize = natures.values().sum();
    println!("{mutations} mutations, {} trials, {natures:?}", mutations * GRADES.len());
    println!("{} fields that nobody can change:", ways.fixed.len());
    let fixed = ways.fixed.iter().map(|it| format!("{}: {} ({})", kind(&it.resource), it.field, it.why)).collect();
    Tally { table: unnamed(&world, &table), fixed, mutations, natures }
}

/// What is said of it, a line each.
fn judge(shape: &Shape, at: usize, mutation: &Mutation, repair: Repair) -> String {
    let trial = Trial::of(shape, at, repair);
    let story = || format!("{}\n{:#?}\n{}", name(mutation, repair), trial.checked, trial.world.story());
    match mutation.nature {
        Nature::Delegated | Nature::Stray => {
            assert_eq!(trial.told().count(), 0, "{}", story());
            assert_eq!(trial.struck, trial.world.shape(), "{}", story());
        }
        Nature::Riddle => {
            assert_eq!(trial.verdict(), Verdict::Reported, "{}", story());
            assert_eq!(trial.struck, trial.world.shape(), "{}", story());
        }
        Nature::Field | Nature::Deleted | Nature::Twin => mended(mutation, &trial, repair, &story),
    }
    let Mutation { resource, what, nature, .. } = mutation;
    let mut lines = format!("{resource}: {what} [{nature:?}] -> {}\n", trial.verdict());
    for told in trial.told() {
        let hazard = told.finding.hazard.map(|hazard| format!("{hazard:?}")).unwrap_or_default();
        let _ = writeln!(lines, "    [{hazard}{}] {told}", if told.finding.is_hole { ", hole" } else { "" });
    }
    lines
}

fn name(mutation: &Mutation, repair: Repair) -> String {
    format!("{}: {}, repair {repair}", mutation.resource, mutation.what)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    text.unwrap_or("a panic").to_owned()
}

fn mended(mutation: &Mutation, trial: &Trial, repair: Repair, story: &dyn Fn() -> String) {
    let resources: BTreeSet<&str> = trial.told().map(|told| told.finding.resource.as_str()).collect();
    assert!(!resources.is_empty(), "nothing was found\n{}", story());
    let keys: BTreeSet<String> = trial.told().map(|told| told.finding.key()).collect();
    if mutation.nature != Nature::Deleted {
        assert_eq!(keys.len(), 1, "exactly it is found\n{}", story());
    }
    for told in trial.told() {
        let is_let = repair.lets(told.finding.hazard.unwrap_or(Hazard::Destructive), told.finding.is_hole);
        match told.fate {
            Fate::Repaired => assert!(is_let, "{}", story()),
            Fate::Reported if mutation.nature == Nature::Deleted => {
                assert_ne!(repair, Repair::Destructive, "{}", story())
            }
            Fate::Reported => assert!(!is_let, "{}", story()),
            _ => panic!("{told}\n{}", story()),
        }
    }
    let after = trial.world.shape();
    if trial.told().all(|told| told.fate == Fate::Reported) {
        assert_eq!(trial.struck, after, "nothing was to be done\n{}", story());
    }
    if trial.told().all(|told| told.fate == Fate::Repaired) {
        must_be_settled(&trial.world, &trial.asked);
        match mutation.nature {
            Nature::Deleted => kept(mutation, trial, &after, story),
            _ => assert_eq!(trial.before, after, "exactly it is mended\n{}", story()),
        }
    } else {
        assert_ne!(repair, Repair::Destructive, "everything is mended at the highest grade\n{}", story());
    }
}

/// What was not touched is still the same thing.
fn kept(mutation: &Mutation, trial: &Trial, after: &BTreeMap<String, String>, story: &dyn Fn() -> String) {
    let its_own = format!("\"moat:resource\": \"{}\"", mutation.resource);
    let others = trial.struck.iter().filter(|(_, words)| !words.contains(&its_own));
    for (id, _) in others {
        assert!(after.contains_key(id), "{id} is gone\n{}", story());
    }
}

fn kind(resource: &str) -> &str {
    resource.split(' ').next().unwrap_or_default()
}

/// The text without ids, which are as random as AWS's.
fn unnamed(world: &World, text: &str) -> String {
    let mut text = text.to_owned();
    for (id, words) in world.shape() {
        let name = words.split("moat:resource\": \"").nth(1).and_then(|rest| rest.split('"').next());
        text = text.replace(&id, &format!("<{}>", name.unwrap_or("main")));
    }
    text
}
