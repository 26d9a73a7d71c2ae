//! The prover and the walker on the same networks: every verdict must agree.

use crate::random::{Chance, Change, base, change};
use crate::walker::walk;
use moat::proof::facts::Evidence;
use moat::proof::{Proofs, Verdict, prove};
use std::collections::BTreeMap;

/// In each of the four parts; together 12,000.
const NETWORKS: u64 = 3_000;

struct Trial {
    seed: u64,
    changes: Vec<Change>,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        base(&mut chance);
        let count = chance.below(9);
        Self { seed, changes: (0..count).map(|_| change(&mut chance)).collect() }
    }

    fn network(&self) -> Evidence {
        let mut evidence = base(&mut Chance::new(self.seed));
        self.changes.iter().for_each(|change| change.apply(&mut evidence));
        evidence
    }

    fn without(&self, at: usize) -> Self {
        let mut changes = self.changes.clone();
        changes.remove(at);
        Self { seed: self.seed, changes }
    }

    /// The first verdict on which the two do not agree.
    fn dispute(&self) -> Option<String> {
        let evidence = self.network();
        dispute(&evidence, &prove(&evidence))
    }

    /// As few changes as keep the dispute.
    fn shrunk(self) -> Self {
        let shorter = (0..self.changes.len()).map(|at| self.without(at)).find(|trial| trial.dispute().is_some());
        shorter.map_or(self, Self::shrunk)
    }

    fn told(&self, dispute: &str) -> String {
        let evidence = self.network();
        let proofs = prove(&evidence);
        let changes: Vec<String> = self.changes.iter().map(|change| format!("  {change:?}")).collect();
        format!(
            "seed {}: {dispute}\nafter these changes:\n{}\nthe prover says:\n{}{}",
            self.seed,
            changes.join("\n"),
            proofs.privacy,
            proofs.egress
        )
    }
}

fn dispute(evidence: &Evidence, proofs: &Proofs) -> Option<String> {
    let walked = walk(evidence);
    let differs = |what: String, prover, walker| {
        (prover != walker).then(|| format!("{what}: the prover says {prover:?}, the walker says {walker:?}"))
    };
    if proofs.reaches.len() != walked.reaches.len() {
        let (prover, walker) = (proofs.reaches.len(), walked.reaches.len());
        return Some(format!("the prover looked at {prover} ways, the walker at {walker}"));
    }
    differs("privacy".into(), proofs.privacy.verdict, walked.privacy)
        .or_else(|| {
            proofs.reaches.iter().zip(&walked.reaches).find_map(|(reach, (subnet, verdict))| {
                let what = format!("from {} ({subnet}) to {}", reach.subnet, reach.to);
                differs(what, reach.verdict, *verdict)
            })
        })
        .or_else(|| differs("egress".into(), proofs.egress.verdict, walked.egress))
}

/// Tries one part of the seeds. A disagreement is told with as few changes as keep it.
fn part(part: u64) {
    let mut verdicts: BTreeMap<(&str, Verdict), u64> = BTreeMap::new();
    for seed in part * NETWORKS..(part + 1) * NETWORKS {
        let trial = Trial::new(seed);
        let evidence = trial.network();
        let proofs = prove(&evidence);
        if dispute(&evidence, &proofs).is_some() {
            let trial = trial.shrunk();
            let dispute = trial.dispute().unwrap();
            panic!("{}", trial.told(&dispute));
        }
        *verdicts.entry(("privacy", proofs.privacy.verdict)).or_default() += 1;
        for reach in &proofs.reaches {
            *verdicts.entry(("egress", reach.verdict)).or_default() += 1;
        }
    }
    println!("seeds {}..{}: {verdicts:?}", part * NETWORKS, (part + 1) * NETWORKS);
    for theorem in ["privacy", "egress"] {
        for verdict in [Verdict::Holds, Verdict::Unknown, Verdict::Fails] {
            let count = verdicts.get(&(theorem, verdict)).copied().unwrap_or_default();
            assert!(count >= NETWORKS / 100, "{theorem} {verdict:?} came only {count} times, so the test says little");
        }
    }
}

#[test]
fn e1_e3_prover_and_walker_agree_on_random_networks_first_part() {
    part(0);
}

#[test]
fn e1_e3_prover_and_walker_agree_on_random_networks_second_part() {
    part(1);
}

#[test]
fn e1_e3_prover_and_walker_agree_on_random_networks_third_part() {
    part(2);
}

#[test]
fn e1_e3_prover_and_walker_agree_on_random_networks_fourth_part() {
    part(3);
}
