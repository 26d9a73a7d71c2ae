//! Facts that let a step go on, such as `service gone`. They are names that steps need, bound once they were observed.
//!
//! A step makes no fact: AWS shows what it deleted for some seconds, and answers a delete before it is done. Only a fresh
//! observation makes one, so each layer of a teardown is taken off in a pass of its own.

use crate::name::Logical;
use crate::plan::Bindings;
use std::collections::BTreeSet;

/// What every fact is bound to. The things that facts are about vanish, so no id of theirs will do: a pass waits to see
/// what the pass before had bound. This is always seen.
const OBSERVED: &str = "observed";

/// Facts with whether they hold.
#[derive(Debug, Default)]
pub struct Facts(Vec<(Logical, bool)>);

impl Facts {
    pub fn say(&mut self, fact: Logical, holds: bool) {
        self.0.push((fact, holds));
    }

    /// Those that hold, for the engine.
    pub fn bindings(self) -> Bindings {
        let hold = self.0.into_iter().filter(|(_, holds)| *holds);
        hold.map(|(fact, _)| (fact, OBSERVED.to_owned())).collect()
    }
}

/// What a teardown can see of what a pass before had bound. It makes nothing, so there is nothing else to look for.
pub fn visible() -> BTreeSet<String> {
    BTreeSet::from([OBSERVED.to_owned()])
}

/// The fact that there is nothing of this any more: `load-balancer gone`.
pub fn gone(what: impl std::fmt::Display) -> Logical {
    Logical::new(format!("{what} gone"))
}
