//! What the command's exit code tells a script.

use moat::error::{Failure, Kind};

/// The exit codes, which are part of the interface. `--help` lists them with the words of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Settled and proven; or the plan is shown.
    Settled = 0,
    Failed = 1,
    /// Bad usage, or `Moat.SpecInvalid`. Nothing was started.
    Usage = 2,
    /// `Moat.Refused`
    Refused = 3,
    /// `Moat.Denied`
    Denied = 4,
    /// `Moat.Locked` or `Moat.Conflict`
    Busy = 5,
    /// The execution goes on without us, or ran out of time.
    Running = 6,
    /// Only with `plan --detailed-exitcode`: there is something to do.
    Changes = 10,
    /// Ctrl-C. The execution goes on.
    Interrupted = 130,
}

/// The codes in words, for `--help`.
pub const TABLE: &str = "\
Exit codes:
    0  settled and proven; or planned
    1  failed
    2  bad usage, or the spec is invalid: nothing was started
    3  refused: the spec does not fit what exists
    4  denied: AWS does not allow it, or knows no credentials
    5  busy: another execution holds the name, or a resource is in use
    6  still running when following stopped; or the execution timed out
   10  `plan --detailed-exitcode` only: there is something to do
  130  interrupted with Ctrl-C; the execution goes on";

impl Exit {
    /// The code for the error that an execution ended with.
    pub fn of(error: &str) -> Self {
        match Kind::ALL.into_iter().find(|kind| kind.name() == error) {
            Some(Kind::SpecInvalid) => Self::Usage,
            Some(Kind::Refused) => Self::Refused,
            Some(Kind::Denied) => Self::Denied,
            Some(Kind::Locked | Kind::Conflict) => Self::Busy,
            Some(Kind::Quota | Kind::Throttled | Kind::Unavailable | Kind::Unexpected) => Self::Failed,
            None if error == "States.Timeout" => Self::Running,
            None => Self::Failed,
        }
    }
}

/// Why the command ends before it has a result: a message that is ready to print, and the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub exit: Exit,
    pub message: String,
}

impl Stop {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self { exit: Exit::of(failure.kind.name()), message: failure.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_in_the_help() {
        let told: Vec<u8> = TABLE.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        let codes = [
            Exit::Settled,
            Exit::Failed,
            Exit::Usage,
            Exit::Refused,
            Exit::Denied,
            Exit::Busy,
            Exit::Running,
            Exit::Changes,
            Exit::Interrupted,
        ];
        assert_eq!(told, codes.map(|code| code as u8));
    }

    #[test]
    fn an_error_that_nobody_knows_is_a_failure() {
        assert_eq!(Exit::of("States.Runtime"), Exit::Failed);
        assert_eq!(Exit::of("Moat.Locked"), Exit::Busy);
    }
}
