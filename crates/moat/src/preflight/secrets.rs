//! Whether the execution role can read the secrets of the service, which tasks need before they start.

use super::account::Account;
use super::asked::Asked;
use super::finding::Finding;
use crate::service::access::{Objection, judge};

/// Every reason why a task would not get a secret, or may not.
pub(super) fn check(asked: &Asked, account: &Account) -> Vec<Finding> {
    let (Some(service), Some(found)) = (&asked.service, &account.secrets) else { return Vec::new() };
    match found {
        Ok(found) => judge(service, &account.id, found).into_iter().map(finding).collect(),
        Err(why) => {
            let what = format!("moat could not look at the secrets of the service ({why})");
            let remedy = "Tasks do not start unless the execution role can read each of them";
            vec![Finding::warn(what, remedy).at("/service/secrets")]
        }
    }
}

fn finding(objection: Objection) -> Finding {
    let Objection { pointer, what, remedy, is_sure } = objection;
    let finding = if is_sure { Finding::stop(what, remedy) } else { Finding::warn(what, remedy) };
    finding.at(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::{Severity, preflight};
    use crate::service::access::{Facts, Found, READABLE};
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1B2c3";

    fn asked() -> Asked {
        let service = json!({"name": "web", "network": "main", "image": "nginx:1", "secrets": {"DB": SECRET}});
        serde_json::from_value(json!({"network": {"name": "main"}, "service": service, "looks": {}})).unwrap()
    }

    fn account(found: Result<Found, String>) -> Account {
        let secrets = found.map(|found| BTreeMap::from([(SECRET.to_owned(), found)]));
        Account { id: "123456789012".into(), region: "us-east-1".into(), secrets: Some(secrets), ..Account::default() }
    }

    fn tagged(value: &str) -> Found {
        let tags = BTreeMap::from([(READABLE.0.to_owned(), value.to_owned())]);
        Found::There(Facts { tags, key: None, denied: Ok(BTreeSet::new()) })
    }

    #[test]
    fn what_tasks_may_not_read_stops_the_provision_before_the_service_is_made() {
        assert_eq!(check(&asked(), &account(Ok(tagged("true")))), []);
        for found in [Found::Absent, Found::Deleted, tagged("no")] {
            let verdict = preflight(&asked(), &account(Ok(found)));
            let [problem] = verdict.problems.as_slice() else { panic!("{verdict:?}") };
            assert_eq!(problem.pointer.as_deref(), Some("/service/secrets/DB"), "{problem}");
        }
    }

    #[test]
    fn what_moat_may_not_see_is_told_and_stops_nothing() {
        for account in [account(Ok(Found::Unreadable("denied".into()))), account(Err("no answer".into()))] {
            let found = check(&asked(), &account);
            assert!(found.len() == 1 && found[0].severity == Severity::Warn, "{found:?}");
        }
    }

    #[test]
    fn a_service_without_secrets_asks_nothing() {
        let mut asked = asked();
        asked.service.as_mut().unwrap().secrets.clear();
        assert_eq!(check(&asked, &account(Ok(tagged("true")))), []);
    }
}
