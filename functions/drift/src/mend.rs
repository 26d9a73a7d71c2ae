//! A repair from lock to lock: look again, say what passes may do, and when they are over, what came of it.

use crate::Eyes;
use crate::look::{Looked, look, looks_at};
use crate::record::{self, Record};
use crate::request::Finished;
use moat::drift::conclude::Work;
use moat::drift::ruling::Standing;
use moat::drift::{Checked, Ground, Order, Permit, Ruling, conclude};
use moat::error::{Failure, Kind};
use moat::moment::Moment;
use moat::tags::Owner;
use serde_json::{Value, json};

/// Takes the lock and decides. Whatever was seen before the lock is seen again under it.
///
/// # Errors
/// As those of the look. The lock is then still held, and the state machine gives it back.
pub async fn begin(eyes: &Eyes, owner: &Owner, order: &Order, execution: &str) -> Result<Value, Failure> {
    match eyes.parameters.lock(owner, execution).await {
        // A lock that somebody else holds is no reason to wait: the next run looks again (D11).
        Err(failure) if failure.kind == Kind::Locked => {
            return Ok(json!({ "checked": Checked::unreadable(owner, &failure) }));
        }
        taken => taken?,
    }
    let looked = look(eyes, owner, record_of(eyes, owner).await?, order, None).await?;
    let Some(permit) = &looked.ruling.permit else {
        let Looked { record, ruling, ground, now, .. } = looked;
        let checked = conclude(owner, &ruling, Work::default(), None);
        let checked = remembered(eyes, owner, &record, &ruling, checked, now).await?;
        eyes.parameters.unlock(owner, execution).await?;
        return Ok(json!({ "checked": checked, "ground": ground }));
    };
    Ok(json!({ "stages": stages(owner, &looked, permit), "ruling": looked.ruling, "given": looked.ground.bindings }))
}

async fn record_of(eyes: &Eyes, owner: &Owner) -> Result<Record, Failure> {
    let missing = || Failure::new(Kind::Unexpected, format!("{owner} is not recorded"));
    record::read(eyes, std::slice::from_ref(owner)).await?.pop().unwrap_or_else(|| Err(missing()))
}

/// The stages that passes are made over, in order, with the request of each.
fn stages(owner: &Owner, looked: &Looked, permit: &Permit) -> Vec<Value> {
    let Looked { record, .. } = looked;
    let request = json!({
        "network": record.network, "service": record.service, "release": record.release, "permit": permit,
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
    let now = moat_aws::clock::now();
    let yes = order.approve.as_deref();
    let permit = Standing { drift: record.drift(), memory: &record.memory, yes, now }.permit();
    let again = looks_at(eyes, &owner, &record, &permit, None).await;
    let trouble = trouble.map(|message| Failure::new(Kind::Unexpected, message));
    let looks = again.as_ref().map(|(looks, _, _)| looks.as_slice());
    let checked = conclude(&owner, &ruling, Work { changes, trouble }, Some(looks));
    let ground: Option<Ground> = again.as_ref().ok().map(|(_, ground, _)| ground.clone());
    let checked = remembered(eyes, &owner, &record, &ruling, checked, now).await?;
    eyes.parameters.unlock(&owner, &execution).await?;
    Ok(json!({ "checked": checked, "ground": ground }))
}

async fn remembered(
    eyes: &Eyes,
    owner: &Owner,
    record: &Record,
    ruling: &Ruling,
    checked: Checked,
    now: Moment,
) -> Result<Checked, Failure> {
    let checked = Checked { is_new: checked.is_news(&record.memory, now), ..checked };
    let after = checked.remember(&record.memory, ruling, now);
    if after != record.memory {
        eyes.parameters.remember(owner, &after.text()).await?;
    }
    Ok(checked)
}
