//! One execution at a time for each name.
//!
//! The lock is an SSM parameter that holds an execution's ARN. `PutParameter` without overwrite is the one atomic act
//! that SSM has: of two executions that put the same name, exactly one succeeds. Taking over the lock of an execution
//! that has ended needs a second such act, a *claim*, because "read, then overwrite" would let two take over at once.
//! The claim's name contains the ended execution's id, so it can be won once only for each ended execution. An
//! execution that ends between its claim and the overwrite leaves the claim, which is then taken over in the same way.

use crate::error::Failure;
use sha2::{Digest, Sha256};
use std::future::Future;

/// Where locks are kept, and who still runs.
pub trait Store {
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<String>, Failure>>;
    /// Puts a parameter that must not exist yet; false when it does.
    fn put_new(&self, name: &str, value: &str) -> impl Future<Output = Result<bool, Failure>>;
    fn overwrite(&self, name: &str, value: &str) -> impl Future<Output = Result<(), Failure>>;
    fn delete(&self, name: &str) -> impl Future<Output = Result<(), Failure>>;
    fn is_running(&self, execution: &str) -> impl Future<Output = Result<bool, Failure>>;
}

/// Takes the lock for the execution `me`, also from one that has ended. Asking again after a lost answer is fine.
///
/// Returns who has it when somebody else has.
pub async fn take(store: &impl Store, lock: &str, me: &str) -> Result<Option<String>, Failure> {
    // What must still be as it was when the last claim is won: the lock, then claims, each held by one that ended.
    let mut passed: Vec<(String, String)> = Vec::new();
    let mut rung = lock.to_owned();
    loop {
        let holder = store.get(&rung).await?;
        let is_running = match holder.as_deref() {
            Some(holder) if holder != me => store.is_running(holder).await?,
            _ => false,
        };
        match decide(me, holder.as_deref(), |_| is_running) {
            Move::Held => break,
            Move::Take if store.put_new(&rung, me).await? => break,
            Move::Take => return Ok(Some("an execution that was a moment faster".into())),
            Move::Wait { holder } => return Ok(Some(holder)),
            Move::Claim { ended } => {
                let claim = claim(lock, &ended);
                passed.push((std::mem::replace(&mut rung, claim), ended));
            }
        }
    }
    for (name, ended) in &passed {
        if store.get(name).await?.as_ref() != Some(ended) {
            store.delete(&rung).await?;
            return Ok(Some("an execution that was a moment faster".into()));
        }
    }
    if !passed.is_empty() {
        store.overwrite(lock, me).await?;
        // The lock never names the ended ones again, so their claims have no more use.
        for (_, ended) in &passed {
            store.delete(&claim(lock, ended)).await?;
        }
    }
    Ok(None)
}

/// Gives the lock back; false when it was not ours.
pub async fn give_back(store: &impl Store, lock: &str, me: &str) -> Result<bool, Failure> {
    let is_ours = store.get(lock).await?.as_deref() == Some(me);
    if is_ours {
        store.delete(lock).await?;
    }
    Ok(is_ours)
}

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
