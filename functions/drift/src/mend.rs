//! A repair from lock to lock: look again, say what passes may do, and when they are over, what came of it.

use crate::Eyes;
use crate::look::{Looked, Seen, look, see_and_prove};
use crate::record::{self, Record};
use crate::request::Finished;
use moat::drift::conclude::Work;
use moat::drift::{Conclusion, Order, Permit, conclude};
use moat::error::{Failure, Kind};
use moat::tags::Owner;
use serde_json::{Value, json};

/// Takes the lock and decides. Whatever was seen before the lock is seen again under it.
///
/// # Errors
/// As those of the look. The lock is then still held, and the state machine gives it back.
pub async fn begin(eyes: &Eyes, owner: &Owner, order: &Order, execution: &str) -> Result<Value, Failure> {
    let held = match eyes.parameters.lock(owner, execution).await {
        Err(failure) if failure.kind == Kind::Locked => Some(failure.message),
        taken => taken.map(|_| None)?,
    };
    let mut looked = look(eyes, owner, record_of(eyes, owner).await?, order).await?;
    if let Some(why) = held {
        // What somebody else holds is told as it stands, and neither changed nor remembered.
        looked.ruling = looked.ruling.standing_back(why);
        return Ok(json!({ "checked": looked.conclusion(owner, order).checked, "ground": looked.seen.ground }));
    }
    if let Some(permit) = &looked.ruling.permit {
        let stages = stages(owner, &looked, permit);
        return Ok(json!({ "stages": stages, "ruling": looked.ruling, "given": looked.seen.ground.bindings }));
    }
    let conclusion = looked.conclusion(owner, order);
    remember(eyes, owner, &looked.seen.record, &conclusion).await?;
    eyes.parameters.unlock(owner, execution).await?;
    Ok(json!({ "checked": conclusion.checked, "ground": looked.seen.ground }))
}

async fn record_of(eyes: &Eyes, owner: &Owner) -> Result<Record, Failure> {
    let missing = || Failure::new(Kind::Unexpected, format!("{owner} is not recorded"));
    record::read(eyes, std::slice::from_ref(owner)).await?.pop().unwrap_or_else(|| Err(missing()))
}

/// The stages that passes are made over, in order, with the request of each.
fn stages(owner: &Owner, looked: &Looked, permit: &Permit) -> Vec<Value> {
    let Looked { seen: Seen { record, .. }, .. } = looked;
    let request = json!({
        "network": record.network, "needs": record.needs, "service": record.service, "release": record.release, "permit": permit,
    });
    let of = |stage: &str| json!({ "stage": stage, "what": format!("{stage} of {owner}"), "request": request });
    match owner {
        Owner::Network(_) => vec![json!({ "stage": "network", "what": owner.to_string(), "request": request })],
        Owner::Service(_) => vec![of("ingress"), of("service")],
    }
}

/// Reads everything back, and says, remembers and releases.
///
/// # Errors
/// When the memory cannot be written. The lock is then still held, and the state machine gives it back.
pub async fn finish(eyes: &Eyes, finished: Finished) -> Result<Value, Failure> {
    let Finished { owner, order, execution, ruling, changes, trouble } = finished;
    let record = record_of(eyes, &owner).await?;
    let standing = record.standing(&order, moat_aws::clock::now());
    let again = see_and_prove(eyes, &owner, record.clone(), &order).await;
    let trouble = trouble.map(|message| Failure::new(Kind::Unexpected, message));
    let looks = again.as_ref().map(|seen| seen.looks.as_slice());
    let conclusion = conclude(&owner, &standing, &ruling, Work { changes, trouble }, Some(looks));
    let ground = again.as_ref().ok().map(|seen| seen.ground.clone());
    remember(eyes, &owner, &record, &conclusion).await?;
    eyes.parameters.unlock(&owner, &execution).await?;
    Ok(json!({ "checked": conclusion.checked, "ground": ground }))
}

async fn remember(eyes: &Eyes, owner: &Owner, record: &Record, conclusion: &Conclusion) -> Result<(), Failure> {
    if conclusion.memory == record.memory {
        return Ok(());
    }
    eyes.parameters.remember(owner, &conclusion.memory.text()).await.map(|_| ())
}
