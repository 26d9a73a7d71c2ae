//! What the command's exit code tells a script.

use moat::error::{Failure, Kind};

/// The exit codes, which are part of the interface. `--help` lists them with the words of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Settled and proven, rolled, mended or removed; or nothing was to do; or the plan is shown.
    Settled = 0,
    /// Also where a proof does not hold, or is not known to.
    Failed = 1,
    /// Bad usage, or `Moat.SpecInvalid`. Nothing was started.
    Usage = 2,
    /// `Moat.Refused`
    Refused = 3,
    /// `Moat.Denied`
    Denied = 4,
    /// `Moat.Locked` or `Moat.Conflict`
    Busy = 5,
    /// The execution goes on without us, or ran out of time; or ECS is still at a rollout whose time is up.
    Running = 6,
    /// A rollout was taken back.
    RolledBack = 7,
    /// Somebody stopped a rollout, or deleted the service.
    Stopped = 8,
    /// Only a person deploys the image that would be rolled.
    Quarantined = 9,
    /// Only with `--detailed-exitcode`: there is something to do.
    Changes = 10,
    /// The service is scaled to zero.
    NoTasks = 11,
    /// Ctrl-C. The execution goes on.
    Interrupted = 130,
}

/// The codes in words, for `--help`.
pub const TABLE: &str = "\
Exit codes:
    0  settled and proven, rolled, or nothing to do; or planned
    1  failed; or `moat verify` found that not all is proven
    2  bad usage, or the spec is invalid: nothing was started
    3  refused: the spec does not fit what exists, or the image cannot be deployed
    4  denied: AWS does not allow it, or knows no credentials
    5  busy: another execution holds the name, or a resource is in use
    6  still running when following stopped; or the execution or the rollout timed out
    7  rolled back: the service runs the image from before again
    8  the rollout was stopped, or the service deleted
    9  in quarantine: only a person deploys that image, see `moat roll --help`
   10  `--detailed-exitcode` only: there is something to do
   11  no tasks: the service is scaled to zero, so nothing was tried
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

    /// The code for how a service came out of a rollout. An outcome that this command does not know is no success.
    pub fn of_rollout(outcome: &str) -> Self {
        match outcome {
            "succeeded" | "superseded" | "already-running" | "not-tracked" | "ignored" => Self::Settled,
            "refused" => Self::Refused,
            "timed-out" => Self::Running,
            "rolled-back" => Self::RolledBack,
            "stopped" => Self::Stopped,
            "quarantined" => Self::Quarantined,
            "no-tasks" => Self::NoTasks,
            _ => Self::Failed,
        }
    }

    /// Of several services the gravest counts.
    pub fn gravest(exits: impl IntoIterator<Item = Self>) -> Self {
        const GRAVEST_FIRST: [Exit; 7] = [
            Exit::Failed,
            Exit::RolledBack,
            Exit::Stopped,
            Exit::Refused,
            Exit::Running,
            Exit::Quarantined,
            Exit::NoTasks,
        ];
        let rank = |exit: &Self| GRAVEST_FIRST.iter().position(|grave| grave == exit).unwrap_or(GRAVEST_FIRST.len());
        exits.into_iter().min_by_key(rank).unwrap_or(Self::Settled)
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
            Exit::RolledBack,
            Exit::Stopped,
            Exit::Quarantined,
            Exit::Changes,
            Exit::NoTasks,
            Exit::Interrupted,
        ];
        assert_eq!(told, codes.map(|code| code as u8));
    }

    #[test]
    fn r1_an_outcome_that_went_well_is_0_and_each_other_has_its_code() {
        let well = ["succeeded", "superseded", "already-running", "not-tracked", "ignored"];
        assert!(well.iter().all(|outcome| Exit::of_rollout(outcome) == Exit::Settled));
        let codes = ["failed", "refused", "timed-out", "rolled-back", "stopped", "quarantined", "no-tasks"]
            .map(|outcome| Exit::of_rollout(outcome) as u8);
        assert_eq!(codes, [1, 3, 6, 7, 8, 9, 11]);
        assert_eq!(Exit::of_rollout("of-another-day"), Exit::Failed);
    }

    #[test]
    fn of_several_services_the_gravest_counts() {
        assert_eq!(Exit::gravest([Exit::Settled, Exit::NoTasks, Exit::RolledBack]), Exit::RolledBack);
        assert_eq!(Exit::gravest([]), Exit::Settled);
    }

    #[test]
    fn an_error_that_nobody_knows_is_a_failure() {
        assert_eq!(Exit::of("States.Runtime"), Exit::Failed);
        assert_eq!(Exit::of("Moat.Locked"), Exit::Busy);
    }
}
