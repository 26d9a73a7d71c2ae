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
use moat::spec::Mode;
use moat::tags::Owner;
use moat_aws::evidence::Around;
use serde_json::{Value, json};

/// What a look at one owner came to.
pub struct Looked {
    pub record: Record,
    pub ruling: Ruling,
    /// Where its network is: for services of the same network, and for the passes of a repair.
    pub ground: Ground,
    pub is_behind: bool,
    pub now: Moment,
}

impl Looked {
    /// What there is to say where nothing is done.
    pub fn conclusion(&self, owner: &Owner, order: &Order) -> Conclusion {
        let standing = self.record.standing(order, self.now);
        conclude(owner, &standing, &self.ruling, Work::default(), None)
    }

    /// Whether there is something to do or to remember, which needs the lock, or an open door to wait for.
    fn is_due(&self, after: &Memory) -> bool {
        let Self { record: Record { memory, .. }, ruling, .. } = self;
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
    let around = match &known {
        Ok(Some(ground)) => prove::around(eyes, ground).await,
        _ => Ok(None),
    };
    let looks = group.owners.iter().zip(records).map(async |(owner, record)| {
        let ground = known.clone()?;
        look(eyes, owner, record?, order, ground, around.clone()?.as_ref()).await
    });
    let (mut checked, mut due, mut behind, mut ground) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (owner, looked) in group.owners.iter().zip(join_all(looks).await) {
        match looked {
            // These may pass by themselves, and the state machine asks again.
            Err(failure) if matches!(failure.kind, Kind::Throttled | Kind::Unavailable) => return Err(failure),
            Err(failure) => checked.push(Checked::unreadable(owner, &failure)),
            Ok(looked) => {
                if looked.is_behind && order.mode == Mode::Apply {
                    behind.push(owner.name().clone());
                }
                let conclusion = looked.conclusion(owner, order);
                if looked.is_due(&conclusion.memory) && order.mode == Mode::Apply {
                    due.push(json!({ "owner": owner, "of": owner.to_string() }));
                } else {
                    checked.push(conclusion.checked);
                }
                ground = Some(looked.ground);
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

/// Looks at one owner and rules on it. Where nothing was found a service is proven too, in the VPC that was read.
///
/// # Errors
/// Unreadable is not absent.
pub async fn look(
    eyes: &Eyes,
    owner: &Owner,
    record: Record,
    order: &Order,
    ground: Option<Ground>,
    around: Option<&Around>,
) -> Result<Looked, Failure> {
    let now = moat_aws::clock::now();
    let standing = record.standing(order, now);
    let (mut looks, ground, is_behind) = looks_at(eyes, owner, &record, &standing.permit(), ground).await?;
    let mut ruling = rule(&standing, &looks);
    // What was found is told already, and is proven once it is mended.
    if is_clean(&looks)
        && let Some(proof) = proof(eyes, &record, &ground, around).await?
    {
        looks.push(proof);
        ruling = rule(&standing, &looks);
    }
    Ok(Looked { ruling, ground, is_behind, now, record })
}

/// Whether the plans have found nothing to do.
pub fn is_clean(looks: &[Inspection]) -> bool {
    looks.iter().all(|look| look.findings.is_empty())
}

/// The proof of a service as a look, in the VPC that was read or that is read now.
///
/// # Errors
/// Unreadable is not absent.
pub async fn proof(
    eyes: &Eyes,
    record: &Record,
    ground: &Ground,
    around: Option<&Around>,
) -> Result<Option<Inspection>, Failure> {
    let Some(service) = &record.service else { return Ok(None) };
    if let Some(around) = around {
        return prove::proof(eyes, service, around).await;
    }
    match prove::around(eyes, ground).await? {
        Some(around) => prove::proof(eyes, service, &around).await,
        None => Ok(None),
    }
}

/// The looks themselves: one at a network, two at a service.
///
/// # Errors
/// Unreadable is not absent.
pub async fn looks_at(
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
