//! Which old revisions of a task definition may be deregistered (R7).

use std::collections::BTreeSet;

/// One active revision of the service's family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub arn: String,
    /// The number at the end of the ARN.
    pub number: u32,
    /// It has moat's tags. Others are left alone.
    pub is_ours: bool,
}

/// The revisions of ours that may go, the oldest first: neither in use nor among the newest `keep`.
///
/// `in_use` is what any deployment, task or the release record names.
pub fn obsolete<'a>(all: &'a [Revision], in_use: &BTreeSet<String>, keep: u32) -> Vec<&'a Revision> {
    let mut ours: Vec<&Revision> = all.iter().filter(|revision| revision.is_ours).collect();
    ours.sort_by_key(|revision| revision.number);
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    ours.truncate(ours.len().saturating_sub(keep));
    ours.retain(|revision| !in_use.contains(&revision.arn));
    ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn revision(number: u32) -> Revision {
        Revision { arn: format!("arn:aws:ecs:eu-west-1:1:task-definition/moat-web:{number}"), number, is_ours: true }
    }

    fn numbers(all: &[Revision], in_use: &[u32], keep: u32) -> Vec<u32> {
        let in_use = in_use.iter().map(|number| revision(*number).arn).collect();
        obsolete(all, &in_use, keep).into_iter().map(|revision| revision.number).collect()
    }

    #[test]
    fn r7_the_newest_and_those_in_use_are_kept() {
        let all: Vec<Revision> = [12, 3, 4, 10, 5, 11, 9].map(revision).into();
        assert_eq!(numbers(&all, &[4], 3), [3, 5, 9]);
        assert_eq!(numbers(&all, &[], 10), Vec::<u32>::new());
    }

    #[test]
    fn r7_revisions_that_moat_did_not_make_are_left_alone() {
        let mut all: Vec<Revision> = (1..=5).map(revision).collect();
        all[1].is_ours = false;
        assert_eq!(numbers(&all, &[], 1), [1, 3, 4]);
    }

    proptest! {
        #[test]
        fn r7_nothing_in_use_is_ever_deregistered(
            numbers in prop::collection::btree_set(1u32..60, 0..30),
            used in prop::collection::btree_set(1u32..60, 0..30),
            keep in 1u32..20,
        ) {
            let all: Vec<Revision> = numbers.iter().map(|number| revision(*number)).collect();
            let in_use: BTreeSet<String> = used.iter().map(|number| revision(*number).arn).collect();
            let gone = obsolete(&all, &in_use, keep);
            prop_assert!(gone.iter().all(|revision| !in_use.contains(&revision.arn)));
            prop_assert!(all.len() - gone.len() >= all.len().min(keep as usize));
        }
    }
}
