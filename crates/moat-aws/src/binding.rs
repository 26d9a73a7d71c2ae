//! Between the engine's names and AWS's ids: what a step needs going in, and what it made coming out.

use crate::answer::present;
use moat::error::{Failure, Kind};
use moat::name::Logical;
use moat::plan::Bindings;
use moat::stage::Done;

/// The id under a logical name. The engine runs a step only when all that it needs is bound.
pub(crate) fn bound<'a>(bindings: &'a Bindings, name: &Logical) -> Result<&'a str, Failure> {
    bindings.get(name).ok_or_else(|| {
        Failure::new(Kind::Unexpected, format!("a step was started before {name} was known, which is a defect of moat"))
    })
}

/// What came of a create call: outer `None` means that it was there already.
pub(crate) fn made(answer: Option<Option<String>>, step: impl std::fmt::Display) -> Result<Done, Failure> {
    match answer {
        None => Ok(Done::Already),
        Some(id) => Ok(Done::Made(present(id, step, "id")?)),
    }
}

pub(crate) fn changed<T>(answer: Option<T>) -> Done {
    if answer.is_some() { Done::Changed } else { Done::Already }
}
