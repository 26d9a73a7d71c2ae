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
}
