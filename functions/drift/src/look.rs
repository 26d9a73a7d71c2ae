//! Looks at owners and rules on what was seen. Nothing is changed, and no lock is taken.

use crate::record::{self, Record};
use crate::request::Group;
use crate::{Eyes, prove};
use futures_util::future::join_all;
use moat::drift::conclude::Work;
use moat::drift::looks::{self, Ground, Stages};
use moat::drift::{Checked, Conclusion, Inspection, Memory, Order, Permit, Ruling, conclude, inspect, rule};
use moat::error::{Failure, Kind};
use moat::moment::Moment;
use moat::network::Network;
use moat::plan::Bindings;
use moat::spec::{Mode, ServiceSpec};
use moat::tags::Owner;
use serde_json::{Value, json};

/// What was seen of one owner.
pub struct Seen {
    pub record: Record,
    pub looks: Vec<Inspection>,
    /// Where its network is: for services of the same network, and for the passes of a repair.
    pub ground: Ground,
    pub is_behind: bool,
}

/// What it came to.
pub struct Looked {
    pub seen: Seen,
    pub ruling: Ruling,
    pub now: Moment,
}

impl Seen {
    /// The service, where the plans have found nothing to do. What they found is told already, and is proven once it is
    /// mended.
    fn to_prove(&self) -> Option<&ServiceSpec> {
        self.record.service.as_ref().filter(|_| self.looks.iter().all(|look| look.findings.is_empty()))
    }

    fn judged(self, order: &Order) -> Looked {
        let now = moat_aws::clock::now();
        Looked { ruling: rule(&self.record.standing(order, now), &self.looks), now, seen: self }
    }
}

impl Looked {
    /// What there is to say where nothing is done.
    pub fn conclusion(&self, owner: &Owner, order: &Order) -> Conclusion {
        let standing = self.seen.record.standing(order, self.now);
        conclude(owner, &standing, &self.ruling, Work::default(), None)
    }

    /// Whether there is something to do or to remember, which needs the lock, or an open door to wait for.
    fn is_due(&self, after: &Memory) -> bool {
        let Self { seen: Seen { record: Record { memory, .. }, .. }, ruling, .. } = self;
        let is_remembered = after.asked == memory.asked && after.told == memory.told;
        ruling.permit.is_some() || ruling.retry_after.is_some() || !is_remembered
    }
}

/// Looks at a group. Those who are clean, or only reported, are done with; the others are due.
///
/// # Errors
/// When what is recorded cannot be read at all. An owner that cannot be looked at is told as such.
pub async fn group(eyes: &Eyes, group: &Group, order: &Order, ground: Option<Ground>) -> Result<Value, Failure> {
    let records = record::read(eyes, &group.owners).await?;
    let known = match (ground, group.owners.first()) {
        (None, Some(Owner::Service(_))) => ground_of(eyes, &records).await,
        (ground, _) => Ok(ground),
    };
    let looks = group.owners.iter().zip(records).map(async |(owner, record)| {
        let (record, ground) = (record?, known.clone()?);
        see(eyes, owner, record, order, ground).await
    });
    let looks = proven(eyes, join_all(looks).await).await;
    let (mut checked, mut due, mut behind, mut ground) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (owner, seen) in group.owners.iter().zip(looks) {
        match seen {
            // These may pass by themselves, and the state machine asks again.
            Err(failure) if matches!(failure.kind, Kind::Throttled | Kind::Unavailable) => return Err(failure),
            Err(failure) => checked.push(Checked::unreadable(owner, &failure)),
            Ok(seen) => {
                if seen.is_behind && order.mode == Mode::Apply {
                    behind.push(owner.name().clone());
                }
                let looked = seen.judged(order);
                let conclusion = looked.conclusion(owner, order);
                if looked.is_due(&conclusion.memory) && order.mode == Mode::Apply {
                    due.push(json!({ "owner": owner, "of": owner.to_string() }));
                } else {
                    checked.push(conclusion.checked);
                }
                ground = Some(looked.seen.ground);
            }
        }
    }
    Ok(json!({ "checked": checked, "due": due, "behind": behind, "network": group.owners.first(), "ground": ground }))
}

/// The network of a group of services. They cannot be judged without it.
async fn ground_of(eyes: &Eyes, records: &[Result<Record, Failure>]) -> Result<Option<Ground>, Failure> {
    let Some(record) = records.iter().flatten().next() else { return Ok(None) };
    looks::ground(&eyes.network, &record.stage_of_network(), &Permit::default()).await.map(Some)
}

/// Looks at one owner, with the proof where nothing was found, and rules on it.
///
/// # Errors
/// Unreadable is not absent.
pub async fn look(eyes: &Eyes, owner: &Owner, record: Record, order: &Order) -> Result<Looked, Failure> {
    Ok(see_and_prove(eyes, owner, record, order).await?.judged(order))
}

/// Looks at one owner, with the proof where nothing was found.
///
/// # Errors
/// Unreadable is not absent.
pub async fn see_and_prove(eyes: &Eyes, owner: &Owner, record: Record, order: &Order) -> Result<Seen, Failure> {
    let seen = see(eyes, owner, record, order, None).await;
    let unseen = || Failure::new(Kind::Unexpected, format!("{owner} was not looked at"));
    proven(eyes, vec![seen]).await.pop().unwrap_or_else(|| Err(unseen()))
}

/// Adds the proof of each service of whom the plans have found nothing to do. They are in one network.
async fn proven(eyes: &Eyes, mut looks: Vec<Result<Seen, Failure>>) -> Vec<Result<Seen, Failure>> {
    let to_prove = looks.iter().flatten().filter_map(|seen| Some((&seen.ground, seen.to_prove()?)));
    let (grounds, services): (Vec<&Ground>, Vec<&ServiceSpec>) = to_prove.unzip();
    let Some(ground) = grounds.first() else { return looks };
    let mut proofs = prove::each(eyes, ground, &services).await.into_iter();
    for look in &mut looks {
        let Some(seen) = look.as_mut().ok().filter(|seen| seen.to_prove().is_some()) else { continue };
        match proofs.next() {
            Some(Ok(proof)) => seen.looks.extend(proof),
            Some(Err(failure)) => *look = Err(failure),
            None => {}
        }
    }
    looks
}

async fn see(
    eyes: &Eyes,
    owner: &Owner,
    record: Record,
    order: &Order,
    ground: Option<Ground>,
) -> Result<Seen, Failure> {
    let permit = record.standing(order, moat_aws::clock::now()).permit();
    let (looks, ground, is_behind) = looks_at(eyes, owner, &record, &permit, ground).await?;
    Ok(Seen { record, looks, ground, is_behind })
}

/// The looks themselves: one at a network, two at a service.
async fn looks_at(
    eyes: &Eyes,
    owner: &Owner,
    record: &Record,
    permit: &Permit,
    ground: Option<Ground>,
) -> Result<(Vec<Inspection>, Ground, bool), Failure> {
    let Some(service) = record.service.as_ref().filter(|_| matches!(owner, Owner::Service(_))) else {
        let look =
            inspect::<Network, _>(&eyes.network, &record.stage_of_network(), &Bindings::default(), permit).await?;
        let ground = Ground::from(&look);
        return Ok((vec![look], ground, false));
    };
    let ground = match ground {
        Some(ground) => ground,
        None => looks::ground(&eyes.network, &record.stage_of_network(), permit).await?,
    };
    let stages = Stages {
        ingress: |known: &Bindings| moat::ingress::IngressSpec {
            network: record.network.clone(),
            service: service.clone(),
            given: known.clone(),
        },
        service: |all: &Bindings| record.stage(eyes, service, all),
    };
    let seen = looks::service(&eyes.ingress, &eyes.service, &stages, &ground, permit).await?;
    Ok((seen.looks, ground, seen.is_behind))
}
