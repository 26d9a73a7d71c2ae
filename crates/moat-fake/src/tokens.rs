//! Client tokens, derived exactly as the hands derive them, and what AWS remembers of them.
//!
//! AWS answers a repeated token with the first result, whether or not that thing still exists: EC2 answers the token of
//! a terminated instance with that instance or with `IdempotentInstanceTerminated`, never with a new one. So a derived
//! token is of use only where the thing that died can be named in it. That is so for NAT gateways alone: AWS shows them
//! for an hour after they died, and an answer with one that was made longer ago names it too. A route table that somebody deleted leaves no trace, and its token would answer
//! with the dead one for ever; route tables have twins instead, which are found and removed. An S3 endpoint cannot have
//! a twin, since AWS refuses a second one on the same table, and an ECS service cannot, since its name is taken.

use crate::answer::{Refused, refuse};
use moat::name::Logical;
use std::collections::BTreeMap;

/// What was made under which token, from which parameters, and when.
#[derive(Debug, Clone, Default)]
pub struct Tokens(BTreeMap<String, Made>);

#[derive(Debug, Clone)]
pub struct Made {
    parameters: String,
    pub id: String,
    pub at: u64,
}

/// The token of a NAT gateway: `moat::token::derive(what it is made from, logical name, predecessor)`.
pub fn derived(scope: &str, resource: &Logical, predecessor: Option<&str>) -> String {
    moat::token::derive(scope, resource, predecessor)
}

impl Tokens {
    /// What was made under this token before, if it was used.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` when it was used with other parameters.
    pub fn made(&self, token: &str, parameters: &str) -> Result<Option<&Made>, Refused> {
        match self.0.get(token) {
            None => Ok(None),
            Some(made) if made.parameters == parameters => Ok(Some(made)),
            Some(Made { parameters: before, id, .. }) => refuse(
                "IdempotentParameterMismatch",
                format!("the token made {id} from {before}, and now comes with {parameters}"),
            ),
        }
    }

    pub fn keep(&mut self, token: String, parameters: String, id: String, at: u64) {
        self.0.insert(token, Made { parameters, id, at });
    }
}
