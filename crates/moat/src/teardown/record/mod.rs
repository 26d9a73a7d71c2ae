//! Forgets an owner: its parameters, the recorded spec after all others. Only once nothing of it is left.
//!
//! Locks stay, since the execution that tears down holds them, and gives them back.

use super::fact::{self, Facts, gone};
use super::facts::TeardownFacts;
use crate::name::Logical;
use crate::parameters;
use crate::plan::{Bindings, Hazard, Plan, Refusal, Step};
use crate::stage::Stage;
use crate::tags::Owner;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordTeardownSpec {
    pub owner: Owner,
}

/// The names of all parameters of the owner: those with its tags, and those that only it can have by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    pub parameters: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordStep {
    Delete {
        parameter: String,
    },
    /// The recorded spec. A teardown that ends before it finds the owner recorded still.
    DeleteSpec {
        parameter: String,
    },
}

fn others_gone() -> Logical {
    gone("other parameters")
}

impl Step for RecordStep {
    fn makes(&self) -> Option<Logical> {
        None
    }

    fn needs(&self) -> Vec<Logical> {
        match self {
            Self::Delete { .. } => vec![],
            Self::DeleteSpec { .. } => vec![others_gone()],
        }
    }

    fn hazard(&self) -> Hazard {
        Hazard::Destructive
    }
}

impl fmt::Display for RecordStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Delete { parameter } | Self::DeleteSpec { parameter }) = self;
        write!(f, "delete parameter {parameter}")
    }
}

/// The stage, as a type.
#[derive(Debug, Clone, Copy)]
pub struct RecordTeardown;

impl Stage for RecordTeardown {
    type Spec = RecordTeardownSpec;
    type Observed = Observed;
    type Step = RecordStep;
    type Facts = TeardownFacts;

    const NAME: &'static str = "teardown of record";

    fn plan(spec: &RecordTeardownSpec, observed: &Observed) -> Result<Plan<RecordStep>, Refusal> {
        let mut plan = Plan::default();
        let recorded = parameters::spec(&spec.owner);
        for parameter in others(spec, observed) {
            plan.step(RecordStep::Delete { parameter: parameter.clone() });
        }
        if observed.parameters.contains(&recorded) {
            plan.step(RecordStep::DeleteSpec { parameter: recorded });
        }
        Ok(plan)
    }

    fn bindings(spec: &RecordTeardownSpec, observed: &Observed) -> Bindings {
        let mut facts = Facts::default();
        facts.say(others_gone(), others(spec, observed).next().is_none());
        facts.bindings()
    }

    fn milestones(_: &RecordTeardownSpec) -> Vec<Logical> {
        vec![others_gone()]
    }

    fn visible(_: &Observed) -> BTreeSet<String> {
        fact::visible()
    }

    fn facts(_: &RecordTeardownSpec, _: &Observed) -> TeardownFacts {
        TeardownFacts::default()
    }
}

fn others<'a>(spec: &RecordTeardownSpec, observed: &'a Observed) -> impl Iterator<Item = &'a String> {
    let recorded = parameters::spec(&spec.owner);
    observed.parameters.iter().filter(move |name| **name != recorded && !parameters::is_lock(name))
}
