//! Ranges that the new network's range overlaps. AWS allows that, but the two can never be connected.

use super::account::{Account, Taken};
use super::asked::Asked;
use super::finding::Finding;
use crate::cidr::Cidr;

pub(super) fn check(asked: &Asked, account: &Account) -> Vec<Finding> {
    if !asked.makes_one("vpc") {
        return Vec::new();
    }
    let range = asked.network.cidr;
    let taken = match &account.taken {
        None => return Vec::new(),
        Some(Err(why)) => {
            let what = format!("moat could not tell whether {range} overlaps another network ({why})");
            return vec![Finding::warn(what, "If it does, the two can never be connected").at("/network/cidr")];
        }
        Some(Ok(taken)) => taken,
    };
    let clashing: Vec<String> = taken
        .iter()
        .filter(|taken| overlap(&range, &taken.range))
        .map(|Taken { range, by }| format!("{by} ({range})"))
        .collect();
    let what = format!("{range} overlaps {}", clashing.join(", "));
    let remedy = "The two can never be peered or routed to each other; choose another range now if they may have to be, \
                  since it cannot be changed later";
    (!clashing.is_empty()).then(|| Finding::warn(what, remedy).at("/network/cidr")).into_iter().collect()
}

/// Two ranges of whole bits overlap only when one holds the other.
fn overlap(a: &Cidr, b: &Cidr) -> bool {
    a.contains(b) || b.contains(a)
}
