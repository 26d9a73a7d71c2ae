//! AWS's refusals, and what the hands make of them.

use moat::error::{Failure, Kind, Meaning, meaning, meaning_of_removal};
use moat::stage::Done;
use std::fmt::Display;

/// An error of AWS: its code and its message.
#[derive(Debug, Clone)]
pub struct Refused {
    code: &'static str,
    message: String,
    /// Where the code alone says too little and the hands must look at the message.
    kind: Option<Kind>,
}

pub type Answer = Result<Done, Refused>;

pub fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { code, message: message.into(), kind: None })
}

/// A refusal whose code means many things (`InvalidParameterException`), so that its message decides.
pub fn refuse_as<T>(kind: Kind, code: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { code, message: message.into(), kind: Some(kind) })
}

/// What a call was for. "It is there" answers a create, "it is gone" a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Remove,
    /// Takes a thing away: an id that is not known is gone.
    Delete,
    Change,
}

/// What the step learns: the same judgement as in the hands.
pub fn learn(verb: Verb, doing: impl Display, answer: Answer) -> Result<Done, Failure> {
    let Refused { code, message, kind } = match answer {
        Ok(done) => return Ok(done),
        Err(refused) => refused,
    };
    let judge = || if verb == Verb::Delete { meaning_of_removal(code, &message) } else { meaning(code) };
    let meaning = kind.map_or_else(judge, Meaning::Is);
    match (verb, meaning) {
        (Verb::Create, Meaning::AlreadyThere) => Ok(Done::Already),
        (Verb::Remove | Verb::Delete, Meaning::NotThere) => Ok(Done::Changed),
        (_, Meaning::Is(kind)) => Err(Failure::new(kind, format!("could not {doing}: AWS said {code}: {message}"))),
        (_, Meaning::AlreadyThere | Meaning::NotThere) => {
            Err(Failure::new(Kind::Conflict, format!("could not {doing}: AWS said {code}: {message}")))
        }
    }
}
