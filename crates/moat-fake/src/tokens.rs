//! Client tokens, derived exactly as the hands derive them, and what AWS remembers of them.
//!
//! AWS answers a repeated token with the first result, whether or not that thing still exists: EC2 answers the token of
//! a terminated instance with that instance or with `IdempotentInstanceTerminated`, never with a new one. So a derived
//! token is of use only where the thing that died can be named in it. That is so for NAT gateways alone, which AWS
//! shows for an hour after they died. A route table that somebody deleted leaves no trace, and its token would answer
//! with the dead one for ever; route tables have twins instead, which are found and removed. An S3 endpoint cannot have
//! a twin, since AWS refuses a second one on the same table, and an ECS service cannot, since its name is taken.

use crate::answer::{Refused, refuse};
use moat::name::Logical;
use std::collections::BTreeMap;

/// What was made under which token, from which parameters.
#[derive(Debug, Clone, Default)]
pub struct Tokens(BTreeMap<String, (String, String)>);

/// The token of a NAT gateway: `moat::token::derive(what it is made from, logical name, predecessor)`.
pub fn derived(scope: &str, resource: &Logical, predecessor: Option<&str>) -> String {
    moat::token::derive(scope, resource, predecessor)
}

impl Tokens {
    /// The id that was made under this token before, if it was used.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` when it was used with other parameters.
    pub fn made(&self, token: &str, parameters: &str) -> Result<Option<String>, Refused> {
        match self.0.get(token) {
            None => Ok(None),
            Some((before, id)) if before == parameters => Ok(Some(id.clone())),
            Some((before, id)) => refuse(
                "IdempotentParameterMismatch",
                format!("the token made {id} from {before}, and now comes with {parameters}"),
            ),
        }
    }

    pub fn keep(&mut self, token: String, parameters: String, id: String) {
        self.0.insert(token, (parameters, id));
    }
}
