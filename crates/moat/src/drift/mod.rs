//! What others changed behind moat's back: found, graded, mended or told.
//!
//! Drift is the plan of a provision, read as findings: there is no second comparer. [`inspect`] looks at one stage,
//! [`rule`] decides what becomes of each finding, a pass with a [`Permit`] takes the steps that may be taken
//! ([`grade`]), and [`conclude`] says what came of it, from a second look. What was mended before is in [`memory`].

pub mod conclude;
pub mod finding;
pub mod grade;
pub mod inspect;
pub mod leftover;
pub mod looks;
pub mod memory;
pub mod order;
pub mod pace;
pub mod price;
pub mod proven;
pub mod report;
pub mod ruling;
pub mod verdict;

pub use conclude::{Checked, Conclusion, conclude};
pub use finding::{ChangedBy, Difference, Finding};
pub use grade::Permit;
pub use inspect::{Inspection, inspect};
pub use leftover::{Leftover, Tagged, leftovers};
pub use looks::Ground;
pub use memory::Memory;
pub use order::{Order, Scope};
pub use proven::proven;
pub use report::Report;
pub use ruling::{Ruling, rule};
pub use verdict::{Fate, Told, Verdict};

use crate::plan::Problem;
use crate::stage::Stage;
use serde::Serialize;

/// A stage whose plan can be read as drift.
pub trait Inspected: Stage<Observed: Serialize> {
    /// What was expected and what was found where this part of a step would be taken.
    fn difference(spec: &Self::Spec, observed: &Self::Observed, part: &Self::Step) -> Difference;

    /// What no step mends, as a finding.
    fn told(_: &Self::Spec, _: &Self::Observed, problem: &Problem) -> Finding {
        Finding::beyond(Self::NAME, problem)
    }

    /// The step as parts that are graded each by itself. Most steps are one part.
    fn parts(step: Self::Step) -> Vec<Self::Step>;

    /// Parts of one step as one step again. Neighbours only.
    fn together(parts: Vec<Self::Step>) -> Vec<Self::Step>;

    /// What goes on there that a repair would disturb (D3), a sentence part each.
    fn under_way(spec: &Self::Spec, observed: &Self::Observed) -> Vec<String>;

    /// What has gone on for so long that nobody knows whether it ends, a problem each.
    fn stuck(spec: &Self::Spec, observed: &Self::Observed) -> Vec<Problem>;

    /// Why nothing there can be repaired, though a provision would go on: what is seen does not fit together.
    fn doubts(observed: &Self::Observed) -> Vec<Problem>;

    /// The observation without what changes by itself and is nobody's drift.
    fn at_rest(observed: &Self::Observed) -> Self::Observed;
}
