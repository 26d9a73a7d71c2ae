//! What the account is allowed.

use super::Preflight;
use crate::answer::Answer;
use aws_sdk_servicequotas::types::ServiceQuota;
use futures_util::future::join_all;
use moat::preflight::{Fact, Quota};
use std::collections::{BTreeMap, BTreeSet};

type Limits = BTreeMap<Quota, Fact<u32>>;

impl Preflight {
    /// One call for each service, and one more where it left a quota out. A quota that neither names is left out here.
    pub(super) async fn limits(&self, wanted: &BTreeSet<Quota>) -> Limits {
        let services: BTreeSet<&str> = wanted.iter().map(|quota| quota.service()).collect();
        let of = |service: &str| wanted.iter().copied().filter(|quota| quota.service() == service).collect::<Vec<_>>();
        let found = join_all(services.into_iter().map(|service| self.limits_of(service, of(service)))).await;
        found.into_iter().flatten().collect()
    }

    async fn limits_of(&self, service: &str, wanted: Vec<Quota>) -> Limits {
        let unread = |why: String| wanted.iter().map(|quota| (*quota, Err(why.clone()))).collect();
        let call = self.quotas.list_service_quotas().service_code(service).max_results(100);
        // EC2 has hundreds: one of them alone is asked for by its code.
        let call = if let [quota] = wanted[..] { call.quota_code(quota.code()) } else { call };
        let applied = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let mut limits = match applied.fact() {
            Ok(applied) => picked(&wanted, &applied),
            Err(why) => return unread(why),
        };
        // Where nobody ever asked for more, AWS may know the default alone.
        if limits.len() < wanted.len() {
            let call = self.quotas.list_aws_default_service_quotas().service_code(service).max_results(100);
            let defaults = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            match defaults.fact() {
                Ok(defaults) => picked(&wanted, &defaults).into_iter().for_each(|(quota, limit)| {
                    limits.entry(quota).or_insert(limit);
                }),
                Err(why) => wanted.iter().for_each(|quota| {
                    limits.entry(*quota).or_insert_with(|| Err(why.clone()));
                }),
            }
        }
        limits
    }
}

fn picked(wanted: &[Quota], found: &[ServiceQuota]) -> Limits {
    let value = |quota: &Quota| {
        let found = found.iter().find(|found| found.quota_code() == Some(quota.code()))?;
        // Quotas are whole numbers that the API writes with a point.
        Some((*quota, Ok(found.value()?.clamp(0.0, f64::from(u32::MAX)) as u32)))
    };
    wanted.iter().filter_map(value).collect()
}
