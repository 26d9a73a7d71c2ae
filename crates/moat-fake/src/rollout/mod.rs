//! A registry, a service that rolls over the fake's time, what moat remembers of it, and `moat-rollout` at work on them.

mod ecs;
mod hands;
mod machine;
mod promises;
mod registry;

pub use ecs::{Ecs, Fate};
pub use machine::{Ended, Rollout};
pub use promises::Promises;
pub use registry::Registry;

use moat::moment::Moment;
use moat::rollout::Release;
use moat::spec::ServiceSpec;
use serde_json::Value;
use std::collections::BTreeMap;

/// All that a rollout deals with. One service is enough: each has a lock and a record of its own.
#[derive(Debug, Default)]
pub struct Ground {
    /// What is recorded of the service.
    pub spec: Option<ServiceSpec>,
    pub registry: Registry,
    pub ecs: Ecs,
    /// What ECS still shows instead, and until when.
    pub(crate) stale: Option<(u64, Ecs)>,
    pub(crate) promises: Promises,
    /// The release record's text and version.
    pub(crate) record: Option<(String, i64)>,
    /// How often a record was written over one that its writer had not read.
    pub lost_updates: u32,
    /// The events that were told.
    pub told: Vec<Value>,
    /// What a person answers to each question, and after how many milliseconds; nobody answers where this is `None`.
    pub answers: Option<(bool, u64)>,
    /// How many states each execution went through.
    pub transitions: BTreeMap<String, u32>,
}

impl Ground {
    /// ECS as it shows itself: "eventually consistent" (Amazon ECS API Reference, `DescribeServices`).
    pub(crate) fn shown(&self) -> &Ecs {
        self.stale.as_ref().map_or(&self.ecs, |(_, before)| before)
    }

    pub(crate) fn advance(&mut self, now: u64) {
        self.ecs.advance(now);
        self.stale.take_if(|(until, _)| *until <= now);
    }

    /// # Panics
    /// When the record cannot be read.
    pub fn release(&self) -> Release {
        self.record.as_ref().map_or_else(Release::default, |(text, _)| Release::read(text).expect("a record"))
    }
}

/// When the fake's clock began: a Sunday noon.
const BEGAN: i64 = 1_772_366_400_000;

/// The fake's time as a moment.
pub fn moment(now: u64) -> Moment {
    Moment::from_millis(BEGAN + i64::try_from(now).unwrap_or(i64::MAX - BEGAN))
}
