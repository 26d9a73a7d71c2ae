//! What would make a provision fail, looked for before the first create: all at once, each with its remedy.
//!
//! [`Asked`] is what the plan would make, [`Account`] what the account says about it, [`preflight`] the judgement. A fact
//! that could not be read is told as a warning: unreadable is not absent, and not fine either. What needs nothing new asks
//! nothing of the account, so a second provision is quick.

mod account;
mod asked;
mod certificate;
mod finding;
mod image;
mod overlap;
mod quota;
mod roles;
mod secrets;
mod time;
pub mod zones;

pub use account::{Account, Fact, Taken};
pub use asked::{Asked, Looked, Looks};
pub use certificate::{Certificate, region_of as certificate_region};
pub use finding::{Finding, Severity};
pub use image::check as check_image;
pub use quota::{Counts, Quota};
pub use roles::LinkedRole;
pub use time::Time;
pub use zones::Zone;

use crate::pass::Sentence;
use crate::plan::{Hazard, Problem};
use crate::price::{Cost, cost};
use serde::Serialize;

/// What is told before anything is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// The findings that stop, in the form of a look's problems.
    pub problems: Vec<Problem>,
    /// The others, as sentences.
    pub warnings: Vec<String>,
    /// What is made before all else: roles that AWS defines and its services need.
    pub steps: Vec<Sentence>,
    /// The roles of those steps.
    pub roles: Vec<LinkedRole>,
    pub cost: Cost,
    pub time: Time,
}

/// Everything that stands in the way, what it costs, and how long it takes.
pub fn preflight(asked: &Asked, account: &Account) -> Verdict {
    let mut findings = quota::check(asked, account);
    findings.extend(roles::check(account));
    findings.extend(zones::check(asked, account));
    findings.extend(overlap::check(asked, account));
    findings.extend(certificate::check(asked, account));
    findings.extend(secrets::check(asked, account));
    let roles = roles::missing(account);
    let is_stop = |finding: &&Finding| finding.severity == Severity::Stop;
    Verdict {
        problems: findings.iter().filter(is_stop).map(Finding::problem).collect(),
        warnings: findings.iter().filter(|finding| !is_stop(finding)).map(ToString::to_string).collect(),
        steps: roles.iter().map(|role| Sentence { step: role.step(), hazard: Hazard::Safe }).collect(),
        roles,
        findings,
        cost: cost(&asked.network, asked.spread(), asked.service.as_ref(), &account.region),
        time: time::time(asked),
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
