//! The certificates of a listener.

use super::Preflight;
use crate::answer::Answer;
use futures_util::future::join_all;
use moat::moment::Moment;
use moat::preflight::{Asked, Certificate, Fact, certificate_region};
use std::collections::BTreeMap;

impl Preflight {
    /// What ACM says of each. One in another region or of another service is not asked for: the ARN says enough.
    pub(super) async fn certificates(&self, asked: &Asked) -> BTreeMap<String, Fact<Option<Certificate>>> {
        let arns = asked.certificates().into_iter().map(|(_, arn)| arn);
        let here = arns.filter(|arn| certificate_region(arn) == Some(self.region.as_str()));
        join_all(here.map(async |arn| (arn.to_owned(), self.certificate(arn).await))).await.into_iter().collect()
    }

    async fn certificate(&self, arn: &str) -> Fact<Option<Certificate>> {
        let answer = self.acm.describe_certificate().certificate_arn(arn).send().await;
        if let Err(error) = &answer
            && error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception())
        {
            return Ok(None);
        }
        answer.fact().map(|answer| {
            let detail = answer.certificate?;
            let end = detail.not_after().and_then(|end| Some(Moment::from_millis(end.to_millis().ok()?)));
            Some(Certificate { status: detail.status()?.as_str().to_owned(), not_after: end })
        })
    }
}
