//! The looks at one owner: a network by itself, a service with its door, judged by where its network is.

use super::grade::Permit;
use super::inspect::{Inspection, inspect, inspection};
use crate::error::Failure;
use crate::ingress::{Ingress, IngressSpec};
use crate::network::Network;
use crate::plan::Bindings;
use crate::service::{Service, ServiceStageSpec, plan};
use crate::stage::Cloud;
use serde::{Deserialize, Serialize};

/// What the services of a network build on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ground {
    pub bindings: Bindings,
    /// Whether the network's look refused: then what it gives is not known, and what is judged by it is a guess.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refused: bool,
}

impl From<&Inspection> for Ground {
    fn from(network: &Inspection) -> Self {
        Self { bindings: network.bindings.clone(), is_refused: network.is_refused }
    }
}

/// Where the specs of a service's two stages come from, once it is known what they build on.
#[derive(Debug)]
pub struct Stages<I, S> {
    pub ingress: I,
    pub service: S,
}

/// Looks at a network, for what its services build on.
///
/// # Errors
/// As those of the observation: unreadable is not absent.
pub async fn ground(
    cloud: &impl Cloud<Network>,
    spec: &<Network as crate::stage::Stage>::Spec,
    permit: &Permit,
) -> Result<Ground, Failure> {
    let look = inspect::<Network, _>(cloud, spec, &Bindings::default(), permit).await?;
    Ok(Ground::from(&look))
}

/// What was seen of a service.
#[derive(Debug)]
pub struct Seen {
    pub looks: Vec<Inspection>,
    /// Whether a push may have been missed (I5).
    pub is_behind: bool,
}

/// Looks at a service: its door, then itself.
///
/// # Errors
/// As those of the observations: unreadable is not absent.
pub async fn service<I, S>(
    doors: &impl Cloud<Ingress>,
    services: &impl Cloud<Service>,
    stages: &Stages<I, S>,
    ground: &Ground,
    permit: &Permit,
) -> Result<Seen, Failure>
where
    I: Fn(&Bindings) -> IngressSpec,
    S: Fn(&Bindings) -> ServiceStageSpec,
{
    let judged = |look: Inspection, is_known: bool| if is_known { look } else { look.without_guesses() };
    let (known, is_known) = (&ground.bindings, !ground.is_refused);
    let door = inspect::<Ingress, _>(doors, &(stages.ingress)(known), known, permit).await?;
    let door = judged(door, is_known);
    let is_known = is_known && !door.is_refused;
    let mut all = known.clone();
    all.extend(&door.bindings);
    let spec = (stages.service)(&all);
    let observed = services.observe(&spec).await?;
    let service = inspection::<Service>(&spec, &observed, &door.given(known), permit);
    Ok(Seen { looks: vec![door, judged(service, is_known)], is_behind: plan::is_behind(&spec, &observed) })
}
