//! What may go wrong with a call.

use crate::chance::Chance;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not done; AWS asks to slow down.
    Throttled,
    /// Not done, and no answer.
    LostRequest,
    /// Done, but the answer is lost.
    LostAnswer,
    /// No answer, and done some seconds after that.
    Late,
    /// The Lambda dies before it calls. Its execution starts it again.
    LambdaDiesBefore,
    /// The Lambda dies after the call was done.
    LambdaDiesAfter,
    /// The whole execution is stopped before the call.
    KilledBefore,
    /// The whole execution is stopped after the call was done.
    KilledAfter,
}

impl Fault {
    pub const ALL: [Self; 8] = [
        Self::Throttled,
        Self::LostRequest,
        Self::LostAnswer,
        Self::Late,
        Self::LambdaDiesBefore,
        Self::LambdaDiesAfter,
        Self::KilledBefore,
        Self::KilledAfter,
    ];
}

/// Which calls go wrong, and how.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// By the number of the call; the first is 0.
    at: BTreeMap<u64, Fault>,
    /// How many more may go wrong by chance.
    left: u32,
    percent: u64,
}

impl Faults {
    pub fn none() -> Self {
        Self::default()
    }

    /// One fault at one call.
    pub fn at(call: u64, fault: Fault) -> Self {
        Self { at: BTreeMap::from([(call, fault)]), ..Self::default() }
    }

    /// Up to `count` faults, each call having one in `percent` of a hundred cases.
    pub fn some(count: u32, percent: u64) -> Self {
        Self { at: BTreeMap::new(), left: count, percent }
    }

    pub(crate) fn next(&mut self, call: u64, chance: &mut Chance) -> Option<Fault> {
        if let Some(fault) = self.at.remove(&call) {
            return Some(fault);
        }
        if self.left == 0 || !chance.percent(self.percent) {
            return None;
        }
        self.left -= 1;
        Some(*chance.one_of(&Fault::ALL))
    }
}
