//! One reason why an existing network does not fit.

use crate::drift::Finding;
use crate::name::Logical;
use crate::plan::Problem;

/// It reads the same as the reason of a refusal and as a finding of drift: what should be, what is, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pointer: &'static str,
    pub finding: Finding,
}

pub const VPC: &str = "/network/existing/vpcId";
pub const PUBLIC: &str = "/network/existing/publicSubnets";
pub const PRIVATE: &str = "/network/existing/privateSubnets";

impl Misfit {
    /// `field` of `resource` should be `expected`, but is `found`; and what to do about it.
    pub fn of(
        pointer: &'static str,
        resource: impl Into<String>,
        field: impl Into<String>,
        expected: impl Into<String>,
        (found, fix): (impl Into<String>, &str),
    ) -> Self {
        let finding = Finding {
            resource: Logical::new(resource),
            field: field.into(),
            expected: expected.into(),
            found: format!("{}. {fix}", found.into()),
            step: None,
            hazard: None,
            is_hole: false,
            changed_by: None,
        };
        Self { pointer, finding }
    }

    /// The same, as a way in from the Internet.
    #[must_use]
    pub fn hole(mut self) -> Self {
        self.finding.is_hole = true;
        self
    }

    pub fn is_at(&self, pointer: &str) -> bool {
        self.pointer == pointer
    }

    pub fn problem(&self) -> Problem {
        Problem::at(self.pointer, self.finding.to_string())
    }
}
