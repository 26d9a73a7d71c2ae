//! Every single way to drift: one change to a settled world, and the run finds exactly it, names it, grades it, and
//! mends it and nothing else, as far as the grade allows.

use moat::drift::{Checked, Fate, Told, Verdict};
use moat::plan::Hazard;
use moat::spec::{Nat, Repair};
use moat_fake::mutation::{Mutation, Nature};
use moat_fake::trial::{asked, must_be_settled, settled};
use moat_fake::{Asked, Remediation, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const GRADES: [Repair; 4] = [Repair::None, Repair::Safe, Repair::Disruptive, Repair::Destructive];
const SEED: u64 = 4;

fn graded(repair: Repair) -> Asked {
    let mut asked = asked(2, Nat::Single);
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
    fn of(at: usize, repair: Repair) -> Self {
        let asked = graded(repair);
        let world = settled(SEED, &asked);
        let before = world.shape();
        let ways = world.ways();
        ways.mutations[at].strike(&world);
        let struck = world.shape();
        let run = world.run(Remediation::new(&world, "remediation", &asked).run());
        Self { world, asked, before, struck, checked: run.checked }
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
    let world = settled(SEED, &graded(Repair::Safe));
    let ways = world.ways();
    let mut table = String::new();
    let mut natures: BTreeMap<String, usize> = BTreeMap::new();
    for (at, mutation) in ways.mutations.iter().enumerate() {
        *natures.entry(format!("{:?}", mutation.nature)).or_default() += 1;
        for repair in GRADES {
            judge(at, mutation, repair, &mut table);
        }
    }
    let tried = ways.mutations.len() * GRADES.len();
    println!("{} mutations, {tried} trials, {natures:?}", ways.mutations.len());
    println!("{} fields that nobody can change:", ways.fixed.len());
    let fixed: BTreeSet<String> =
        ways.fixed.iter().map(|it| format!("{}: {} ({})", kind(&it.resource), it.field, it.why)).collect();
    insta::assert_snapshot!("every_way_to_drift", unnamed(&world, &table));
    insta::assert_snapshot!("fixed", fixed.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(ways.mutations.len() > 150, "{natures:?}");
}

fn judge(at: usize, mutation: &Mutation, repair: Repair, table: &mut String) {
    let trial = Trial::of(at, repair);
    let name = format!("{}: {}, repair {repair}", mutation.resource, mutation.what);
    let story = || format!("{name}\n{:#?}\n{}", trial.checked, trial.world.story());
    if repair == Repair::Destructive {
        let _ =
            writeln!(table, "{}: {} [{:?}] -> {}", mutation.resource, mutation.what, mutation.nature, trial.verdict());
        for told in trial.told() {
            let (hazard, hole) = (told.finding.hazard.map(|h| format!("{h:?}")), told.finding.is_hole);
            let _ = writeln!(table, "    [{}{}] {told}", hazard.unwrap_or_default(), if hole { ", hole" } else { "" });
        }
    }
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
            Fate::Repaired => assert!(is_let || repair != Repair::None, "{}", story()),
            Fate::Reported => assert!(!is_let || repair != Repair::Destructive, "{}", story()),
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
            Nature::Deleted => kept(trial, &after, story),
            _ => assert_eq!(trial.before, after, "exactly it is mended\n{}", story()),
        }
    } else {
        assert_ne!(repair, Repair::Destructive, "everything is mended at the highest grade\n{}", story());
    }
}

/// What was not taken away is still the same thing.
fn kept(trial: &Trial, after: &BTreeMap<String, String>, story: &dyn Fn() -> String) {
    let survivors = trial.struck.keys().filter(|id| trial.before.contains_key(*id));
    for id in survivors {
        assert!(
            after.contains_key(id) || trial.struck[id].contains("Delet") || trial.struck[id].ends_with("true)"),
            "{id} is gone\n{}",
            story()
        );
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
