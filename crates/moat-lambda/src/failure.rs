//! A failure as Step Functions sees it: `Error` is the stable name, `Cause` the sentence.

use lambda_runtime::Diagnostic;
use moat::error::Failure;

/// A failure on its way out of a Lambda. Left to itself, the runtime would name the error after a Rust type.
#[derive(Debug)]
pub struct Rejected(pub Failure);

impl From<Rejected> for Diagnostic {
    fn from(Rejected(failure): Rejected) -> Self {
        Self { error_type: failure.kind.name().to_owned(), error_message: failure.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moat::error::Kind;

    #[test]
    fn s2_step_functions_sees_the_stable_name_and_the_sentence() {
        for kind in Kind::ALL {
            let diagnostic = Diagnostic::from(Rejected(Failure::new(kind, "/service/port: is 0")));
            assert_eq!(diagnostic.error_type, kind.name());
            assert_eq!(diagnostic.error_message, "/service/port: is 0");
        }
    }
}
