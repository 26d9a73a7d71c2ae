//! What this Lambda is asked to do.

use moat::drift::{Checked, Ground, Order, Ruling};
use moat::moment::Moment;
use moat::name::Name;
use moat::tags::Owner;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Request {
    /// Read and check the input of an execution.
    Check { input: Value },
    /// List what is recorded, in groups that are looked at together: networks first, then services.
    List { order: Order },
    /// Look at a group, without locks and without changes.
    Look {
        #[serde(flatten)]
        group: Group,
        order: Order,
        /// Where the group's network is, from the look at it in the same run.
        #[serde(default)]
        ground: Option<Ground>,
    },
    /// Take the lock of an owner, look again, and decide what is to be mended.
    Begin { owner: Owner, order: Order, execution: String },
    /// Look once more, say what came of it, remember it, and give the lock back.
    Finish(Box<Finished>),
    /// Give a lock back that a failure has left.
    Release { owner: Owner, execution: String },
    /// Tell what the run came to.
    Report(Box<Ended>),
}

/// Owners that are looked at together: one network, or services of one network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    pub owners: Vec<Owner>,
    /// The network of the services; none where it cannot be told, or where the owner is a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Name>,
    /// Seconds from the beginning of its phase to its turn.
    #[serde(default)]
    pub after: u32,
}

/// The passes of a repair are over.
#[derive(Debug, Deserialize)]
pub struct Finished {
    pub owner: Owner,
    pub order: Order,
    pub execution: String,
    pub ruling: Ruling,
    #[serde(default)]
    pub changes: Vec<String>,
    /// Why the passes ended before they were settled.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// All groups have been looked after.
#[derive(Debug, Deserialize)]
pub struct Ended {
    pub execution: String,
    pub began: Moment,
    pub order: Order,
    /// Everybody who was to be looked at. Who is missing among `checked` was not.
    pub owners: BTreeSet<Owner>,
    #[serde(default)]
    pub checked: Vec<Checked>,
    /// Services for which moat-rollout was started.
    #[serde(default)]
    pub rollouts: Vec<String>,
}
