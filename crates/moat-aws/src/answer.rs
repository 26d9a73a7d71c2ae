//! What an answer of AWS means: done, done before, not there, or a failure with its kind and a sentence.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use moat::error::{Failure, Kind, Meaning, meaning_of, meaning_of_removal};
use std::fmt::Display;

/// An answer to a call. `doing` is what the call was for, such as `create subnet private-a`.
pub trait Answer<T> {
    /// For reading: anything but an answer is a failure. Unreadable is not absent.
    fn read(self, doing: impl Display) -> Result<T, Failure>;
    /// For reading one thing by name: `None` when AWS says that it does not exist.
    fn find(self, doing: impl Display) -> Result<Option<T>, Failure>;
    /// For creating or adding: `None` when AWS says that it is there already.
    fn create(self, doing: impl Display) -> Result<Option<T>, Failure>;
    /// For removing: fine when AWS says that it is gone already.
    fn remove(self, doing: impl Display) -> Result<(), Failure>;
    /// For reading what a judgement can do without: why it could not be read is told.
    fn fact(self) -> Result<T, String>;
    /// The same for one thing by name: `None` when AWS says that it does not exist.
    fn find_fact(self) -> Result<Option<T>, String>;
}

impl<T, E> Answer<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Display,
{
    fn read(self, doing: impl Display) -> Result<T, Failure> {
        self.map_err(|error| failure(doing, &error, meaning_of))
    }

    fn find(self, doing: impl Display) -> Result<Option<T>, Failure> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if says(&error, meaning_of) == Some(Meaning::NotThere) => Ok(None),
            Err(error) => Err(failure(doing, &error, meaning_of)),
        }
    }

    fn create(self, doing: impl Display) -> Result<Option<T>, Failure> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if says(&error, meaning_of) == Some(Meaning::AlreadyThere) => Ok(None),
            Err(error) => Err(failure(doing, &error, meaning_of)),
        }
    }

    fn remove(self, doing: impl Display) -> Result<(), Failure> {
        match self {
            Ok(_) => Ok(()),
            Err(error) if says(&error, meaning_of_removal) == Some(Meaning::NotThere) => Ok(()),
            Err(error) => Err(failure(doing, &error, meaning_of_removal)),
        }
    }

    fn fact(self) -> Result<T, String> {
        self.map_err(|error| cause(&error, meaning_of).1)
    }

    fn find_fact(self) -> Result<Option<T>, String> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if says(&error, meaning_of) == Some(Meaning::NotThere) => Ok(None),
            Err(error) => Err(cause(&error, meaning_of).1),
        }
    }
}

/// What a code and its message mean for this kind of call.
type Meanings = fn(&str, &str) -> Meaning;

fn says<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, meaning: Meanings) -> Option<Meaning> {
    let error = error.as_service_error()?;
    Some(meaning(error.code()?, error.message().unwrap_or_default()))
}

/// For a removal that answers with a list of what it could not remove: fine when AWS says that it is gone already.
pub fn unless_gone(code: &str, message: &str, doing: impl Display) -> Result<(), Failure> {
    let kind = match meaning_of_removal(code, message) {
        Meaning::NotThere => return Ok(()),
        Meaning::Is(kind) => kind,
        Meaning::AlreadyThere => Kind::Conflict,
    };
    Err(Failure::new(kind, format!("could not {doing}: AWS said {code}: {message}{}", advice(kind))))
}

/// A failed call as a sentence: what was being done, why it failed, what to do.
fn failure<E: ProvideErrorMetadata + Display>(
    doing: impl Display,
    error: &SdkError<E, HttpResponse>,
    meaning: Meanings,
) -> Failure {
    let (kind, why) = cause(error, meaning);
    Failure::new(kind, format!("could not {doing}: {why}{}", advice(kind)))
}

/// What AWS said, as a sentence part, and what it means.
fn cause<E: ProvideErrorMetadata + Display>(error: &SdkError<E, HttpResponse>, meaning: Meanings) -> (Kind, String) {
    let (kind, why) = match error {
        // What the SDK could not parse, it calls a service error as well.
        SdkError::ServiceError(context) if context.raw().status().is_success() => {
            (Kind::Unavailable, "AWS's answer could not be read".to_owned())
        }
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let code = context.err().code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            let message = context.err().message().unwrap_or_default();
            let kind = match meaning(&code, message) {
                Meaning::Is(Kind::Unexpected) => by_status(status),
                Meaning::Is(kind) => kind,
                // Said where it makes no sense: deleting what is there already, or creating what is not there.
                Meaning::AlreadyThere | Meaning::NotThere => Kind::Conflict,
            };
            (kind, format!("AWS said {code}: {}", if message.is_empty() { "nothing more" } else { message }))
        }
        SdkError::TimeoutError(_) => (Kind::Unavailable, "AWS did not answer in time".to_owned()),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| chain(error)).unwrap_or_default();
            (Kind::Unavailable, format!("AWS could not be reached{cause}"))
        }
        SdkError::ResponseError(_) => (Kind::Unavailable, "AWS's answer could not be read".to_owned()),
        SdkError::ConstructionFailure(_) => (Kind::Unexpected, "the request could not be built".to_owned()),
        _ => (Kind::Unexpected, "the SDK failed in a way that moat does not know".to_owned()),
    };
    (kind, why.trim_end_matches('.').to_owned())
}

/// What an answer means whose code nobody has met, or that has none because it comes from a proxy on the way.
const fn by_status(status: u16) -> Kind {
    match status {
        429 => Kind::Throttled,
        500.. => Kind::Unavailable,
        _ => Kind::Unexpected,
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        text.push_str(&format!(": {error}"));
        next = error.source();
    }
    text
}

/// What to do about it, for a person.
const fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::Denied => ". Allow it in the role of this Lambda, or look for a service control policy that forbids it",
        Kind::Quota => ". Ask for a higher quota in Service Quotas, or remove what is not needed any more",
        Kind::Throttled | Kind::Unavailable => ". moat looks again before it goes on",
        Kind::Conflict => ". moat tries again when AWS has caught up",
        Kind::SpecInvalid | Kind::Refused | Kind::Locked | Kind::Unexpected => "",
    }
}

/// A field that AWS always sends, but that the SDK's types leave open.
pub fn present<T>(value: Option<T>, doing: impl Display, field: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::new(Kind::Unexpected, format!("could not {doing}: AWS's answer has no {field}")))
}
