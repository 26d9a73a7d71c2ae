//! Client tokens: the same intent always gives the same token, so AWS answers a repeated create with the first result.

use crate::name::Logical;
use sha2::{Digest, Sha256};

/// A token for creating `resource` inside `scope`, after `predecessor` (the id that this one replaces, if any).
///
/// `scope` is an id that dies with its owner, such as the VPC's, so that a network made again under the same name
/// never meets the tokens of the one before. 32 hexadecimal characters: ECS allows 36, EC2 allows 64.
pub fn derive(scope: &str, resource: &Logical, predecessor: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [scope, resource.as_str(), predecessor.unwrap_or_default()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The scope of a thing that is made from these: where one of them is another, it is another thing, and AWS would refuse the
/// token of the one before (`IdempotentParameterMismatch`).
pub fn scope(ids: &[&str]) -> String {
    ids.join(" ")
}

/// Seconds for which AWS shows a NAT gateway that was deleted ("Delete a NAT gateway", VPC guide: about an hour).
const SHOWN: u32 = 3_600;

/// Whether a token that AWS answered with a NAT gateway of this age, in seconds, is used up.
///
/// One that nobody saw before, but that was made so long ago, died so long ago that AWS shows it no more: the next one
/// comes after it. A younger one is what an attempt made whose answer was lost, or it is still shown and then tells itself.
pub fn is_spent(age: Option<u32>) -> bool {
    age.is_some_and(|age| age >= SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_changes_with_the_scope_the_resource_and_the_predecessor_and_with_nothing_else() {
        let nat = Logical::from("nat-gateway a");
        let token = derive("vpc-1", &nat, None);
        assert_eq!(token, derive("vpc-1", &nat, None));
        assert_eq!(token.len(), 32);
        assert_ne!(token, derive("vpc-2", &nat, None));
        assert_ne!(token, derive("vpc-1", &Logical::from("nat-gateway b"), None));
        assert_ne!(token, derive("vpc-1", &nat, Some("nat-dead")));
    }

    #[test]
    fn c4_an_answer_of_unknown_age_or_from_just_now_is_what_was_asked_for() {
        assert!(!is_spent(None) && !is_spent(Some(0)) && !is_spent(Some(3_599)));
        assert!(is_spent(Some(3_600)));
    }
}
