//! One execution at a time for each name.
//!
//! The lock is an SSM parameter that holds an execution's ARN. `PutParameter` without overwrite is the one atomic act
//! that SSM has: of two executions that put the same name, exactly one succeeds. Taking over the lock of an execution
//! that has ended needs a second such act, a *claim*, because "read, then overwrite" would let two take over at once.
//! The claim's name contains the ended execution's id, so it can be won once only for each ended execution.

use sha2::{Digest, Sha256};

/// What to do about a lock, given what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// It is ours.
    Held,
    /// Put it, without overwrite.
    Take,
    /// Somebody holds it and still runs.
    Wait { holder: String },
    /// Its holder has ended. Put the claim without overwrite; who succeeds looks again and may then overwrite the lock.
    Claim { ended: String },
}

/// `holder` is what the parameter holds, `is_running` whether that execution still runs, `me` our own execution.
pub fn decide(me: &str, holder: Option<&str>, is_running: impl FnOnce(&str) -> bool) -> Move {
    match holder {
        None => Move::Take,
        Some(holder) if holder == me => Move::Held,
        Some(holder) if is_running(holder) => Move::Wait { holder: holder.to_owned() },
        Some(holder) => Move::Claim { ended: holder.to_owned() },
    }
}

/// The name of the claim to the lock of an ended execution.
pub fn claim(lock: &str, ended: &str) -> String {
    let digest: String = Sha256::digest(ended.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{lock}/claims/{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_taken_over_only_when_its_holder_has_ended() {
        let never = |_: &str| unreachable!("nobody asks whether we ourselves run");
        assert_eq!(decide("me", None, never), Move::Take);
        assert_eq!(decide("me", Some("me"), never), Move::Held);
        assert_eq!(decide("me", Some("other"), |_| true), Move::Wait { holder: "other".into() });
        assert_eq!(decide("me", Some("other"), |_| false), Move::Claim { ended: "other".into() });
    }
}
