//! What the account says, as far as it says anything.

use super::certificate::Certificate;
use super::quota::{Counts, Quota};
use super::roles::LinkedRole;
use super::zones::Zone;
use crate::cidr::Cidr;
use crate::moment::Moment;
use crate::service::access::Found;
use std::collections::BTreeMap;

/// A value, or why it could not be read. Unreadable is not absent.
pub type Fact<T> = Result<T, String>;

/// The facts that a provision needs. What it does not need is not read, and left out.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub region: String,
    /// The number of the account.
    pub id: String,
    /// What is allowed, of the quotas that anything new counts against.
    pub limits: BTreeMap<Quota, Fact<u32>>,
    /// What is used already, by place: the region, a zone, a VPC.
    pub used: BTreeMap<Quota, Fact<Counts>>,
    /// Whether each role that is needed exists.
    pub roles: BTreeMap<LinkedRole, Fact<bool>>,
    /// The region's zones that are open to this account, sorted by name.
    pub zones: Option<Fact<Vec<Zone>>>,
    /// The ranges of other networks, where a new VPC gets one.
    pub taken: Option<Fact<Vec<Taken>>>,
    /// What ACM says of the listener's certificates, by ARN, where it was asked; `None` inside where it knows none.
    pub certificates: BTreeMap<String, Fact<Option<Certificate>>>,
    /// What is known of each secret that the service names, by its ARN; where it names any.
    pub secrets: Option<Fact<BTreeMap<String, Found>>>,
    /// When this was read. Without anything to read there is no need to know.
    pub now: Option<Moment>,
}

/// A range that is taken, and by what: `vpc-1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub range: Cidr,
    pub by: String,
}
