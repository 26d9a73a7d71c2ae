//! Whether a load balancer can serve with a certificate.

use super::account::{Account, Fact};
use super::asked::Asked;
use super::finding::Finding;
use crate::moment::Moment;

/// What ACM says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// `ISSUED`, `PENDING_VALIDATION`, `EXPIRED` …
    pub status: String,
    /// When it stops being valid.
    pub not_after: Option<Moment>,
}

/// ACM renews sixty days before the end; what is not renewed two weeks before it will hardly be.
const SOON: i64 = 14 * 24 * 3600;

/// The region of a certificate in ACM; `None` for an ARN of another service, such as one uploaded to IAM.
pub fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':').skip(2);
    (parts.next()? == "acm").then(|| parts.next()).flatten()
}

/// What is wrong with each certificate that is asked for, at most one thing.
pub(super) fn check(asked: &Asked, account: &Account) -> Vec<Finding> {
    let certificates = asked.certificates().into_iter();
    certificates.filter_map(|(pointer, arn)| Some(of_one(arn, account)?.at(&pointer))).collect()
}

fn of_one(arn: &str, account: &Account) -> Option<Finding> {
    let (of, region) = (region_of(arn)?, &account.region);
    if of != region {
        let what = format!("the certificate is in {of}, but the load balancer is in {region}");
        let remedy = format!("Load balancers take certificates of their own region only: ask for one in {region}");
        return Some(Finding::stop(what, remedy));
    }
    judge(arn, account.certificates.get(arn)?, account.now?)
}

fn judge(arn: &str, found: &Fact<Option<Certificate>>, now: Moment) -> Option<Finding> {
    let stop = |what: String, remedy: &str| Some(Finding::stop(what, remedy));
    let Certificate { status, not_after } = match found {
        Err(why) => {
            let what = format!("moat could not read the certificate ({why})");
            return Some(Finding::warn(what, "The listener fails if it is not issued"));
        }
        Ok(None) => return stop(format!("there is no certificate {arn}"), "Look for its ARN in ACM, in this account"),
        Ok(Some(certificate)) => certificate,
    };
    if not_after.is_some_and(|end| end <= now) {
        return stop("the certificate has expired".into(), "Renew or replace it");
    }
    match status.as_str() {
        "ISSUED" => {
            let end = not_after.filter(|end| *end <= now.plus_seconds(SOON))?;
            let what = format!("the certificate ends on {end} and is not renewed yet");
            let remedy = "See in ACM what holds the renewal up; browsers turn away on that day";
            Some(Finding::warn(what, remedy))
        }
        "PENDING_VALIDATION" => stop(
            "the certificate is not issued yet: its validation is pending".into(),
            "Create the DNS records that ACM names, or follow the mail that it sent",
        ),
        other => stop(format!("the certificate is {other}, not ISSUED"), "Ask for another one in ACM"),
    }
}
