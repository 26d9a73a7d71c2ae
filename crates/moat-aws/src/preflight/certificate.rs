//! The certificate of a listener.

use super::Preflight;
use crate::answer::Answer;
use moat::moment::Moment;
use moat::preflight::{Certificate, Fact, certificate_region};

impl Preflight {
    /// What ACM says of it. One in another region or of another service is not asked for: the ARN says enough.
    pub(super) async fn certificate(&self, arn: Option<&str>) -> Option<Fact<Option<Certificate>>> {
        let arn = arn.filter(|arn| certificate_region(arn) == Some(self.region.as_str()))?;
        let answer = self.acm.describe_certificate().certificate_arn(arn).send().await;
        if let Err(error) = &answer
            && error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception())
        {
            return Some(Ok(None));
        }
        let found = answer.fact().map(|answer| {
            let detail = answer.certificate?;
            let end = detail.not_after().and_then(|end| Some(Moment::from_millis(end.to_millis().ok()?)));
            Some(Certificate { status: detail.status()?.as_str().to_owned(), not_after: end })
        });
        Some(found)
    }
}
