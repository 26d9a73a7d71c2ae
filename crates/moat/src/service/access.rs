//! Whether the execution role can read what a service's tasks need before they start: each secret, before the service is
//! made.
//!
//! The facts come from the account; here they are judged. What the role may read is a rule of the template: secrets and
//! parameters of its own account that their owner has given the tag `moat:readable` = `true`.

use crate::spec::{Secret, ServiceSpec, Store};
use std::collections::{BTreeMap, BTreeSet};

/// The tag by which the owner of a secret says that tasks may have it, and its value.
pub const READABLE: (&str, &str) = ("moat:readable", "true");

/// What the account says of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    There(Facts),
    Absent,
    /// Somebody deleted it, and it can still be restored.
    Deleted,
    /// moat was not told: unreadable is not absent.
    Unreadable(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub tags: BTreeMap<String, String>,
    /// The KMS key that it is encrypted with, where that is not AWS's own of the store.
    pub key: Option<String>,
    /// The actions that IAM's simulation denies the execution role, or why there was none.
    pub denied: Denied,
}

/// What a simulation of the role's policies said.
pub type Denied = Result<BTreeSet<String>, String>;

/// The secrets of a service by the pointer of the field that names each.
pub fn named(spec: &ServiceSpec) -> BTreeMap<String, &Secret> {
    let pointer = |name: &str| format!("/service/secrets/{}", name.replace('~', "~0").replace('/', "~1"));
    let secrets = spec.secrets.iter().map(|(name, secret)| (pointer(name), secret));
    let credentials = spec.registry_credentials.iter().map(|it| ("/service/registryCredentials".to_owned(), it));
    secrets.chain(credentials).collect()
}

/// What ECS does with the execution role to get at a secret ("Amazon ECS task execution IAM role", ECS guide).
pub const fn action(store: Store) -> &'static str {
    match store {
        Store::SecretsManager => "secretsmanager:GetSecretValue",
        Store::ParameterStore => "ssm:GetParameters",
    }
}

/// The keys under which IAM knows a tag of the secret in a condition ("Condition keys for AWS Secrets Manager", "… for AWS
/// Systems Manager", Service Authorization Reference).
pub fn tag_keys(store: Store, tag: &str) -> [String; 2] {
    let of_store = match store {
        Store::SecretsManager => format!("secretsmanager:ResourceTag/{tag}"),
        Store::ParameterStore => format!("ssm:resourceTag/{tag}"),
    };
    [of_store, format!("aws:ResourceTag/{tag}")]
}

/// One reason why a task would not get a secret, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// JSON pointer of the field that names the secret.
    pub pointer: String,
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
    /// What to do about it, likewise.
    pub remedy: String,
    /// Whether tasks cannot start. Otherwise nobody can tell.
    pub is_sure: bool,
}

/// Every reason, for all secrets at once. `account` is the one that the tasks run in; `found` is by ARN.
pub fn judge(spec: &ServiceSpec, account: &str, found: &BTreeMap<String, Found>) -> Vec<Objection> {
    let one = |(pointer, secret): (String, &Secret)| {
        let found = found.get(&secret.arn());
        let reasons =
            found.map_or_else(|| vec![unread(secret, "nobody asked")], |found| of_one(secret, account, found));
        let objection =
            move |Reason { what, remedy, is_sure }| Objection { pointer: pointer.clone(), what, remedy, is_sure };
        reasons.into_iter().map(objection)
    };
    named(spec).into_iter().flat_map(one).collect()
}

struct Reason {
    what: String,
    remedy: String,
    is_sure: bool,
}

fn sure(what: String, remedy: String) -> Reason {
    Reason { what, remedy, is_sure: true }
}

fn unread(secret: &Secret, why: &str) -> Reason {
    Reason {
        what: format!("moat could not tell whether the execution role can read {} ({why})", secret.arn()),
        remedy: format!("See that it exists and has the tag {} = {}", READABLE.0, READABLE.1),
        is_sure: false,
    }
}

fn of_one(secret: &Secret, account: &str, found: &Found) -> Vec<Reason> {
    let arn = secret.arn();
    match found {
        Found::Unreadable(why) => vec![unread(secret, why)],
        Found::Absent => {
            let remedy = "Create it, or mend the ARN: name, region and account must be right".to_owned();
            vec![sure(format!("{} does not exist", whole(secret)), remedy)]
        }
        Found::Deleted => {
            let remedy =
                format!("Restore it with aws secretsmanager restore-secret --secret-id {arn}, or name another");
            vec![sure(format!("{} is deleted", whole(secret)), remedy)]
        }
        Found::There(facts) => of_facts(secret, account, facts),
    }
}

fn of_facts(secret: &Secret, account: &str, facts: &Facts) -> Vec<Reason> {
    let Facts { tags, key, denied } = facts;
    if secret.account() != account {
        // A simulation knows nothing of policies in another account.
        return vec![unread(secret, &format!("it is in account {}, whose policies moat cannot see", secret.account()))];
    }
    if tags.get(READABLE.0).map(String::as_str) != Some(READABLE.1) {
        return vec![unmarked(secret, tags.get(READABLE.0))];
    }
    match denied {
        Err(why) => vec![unread(secret, why)],
        Ok(denied) => denied.iter().map(|action| forbidden(secret, action, key.as_deref())).collect(),
    }
}

fn unmarked(secret: &Secret, value: Option<&String>) -> Reason {
    let (tag, value_wanted) = READABLE;
    let has = value.map_or_else(|| format!("has no tag {tag}"), |value| format!("has the tag {tag} = {value:?}"));
    let command = match secret.store() {
        Store::SecretsManager => format!(
            "aws secretsmanager tag-resource --region {} --secret-id {} --tags Key={tag},Value={value_wanted}",
            secret.region(),
            secret.arn()
        ),
        Store::ParameterStore => format!(
            "aws ssm add-tags-to-resource --region {} --resource-type Parameter --resource-id {} --tags Key={tag},Value={value_wanted}",
            secret.region(),
            secret.stored_as()
        ),
    };
    let what = format!(
        "{} {has}, and the execution role reads only secrets that have it with the value {value_wanted}",
        whole(secret)
    );
    sure(what, format!("If tasks may have it: {command}"))
}

fn forbidden(secret: &Secret, action: &str, key: Option<&str>) -> Reason {
    let arn = secret.arn();
    if action.starts_with("kms:") {
        let key = key.unwrap_or("its key");
        let what = format!("the execution role is not allowed {action} on {key}, with which {arn} is encrypted");
        let remedy = "Look for a permissions boundary, a service control policy, or a denial on the role".to_owned();
        return sure(what, remedy);
    }
    let remedy = "It has the tag, so look for a permissions boundary, a service control policy or a denial on the role, and whether the stack is the newest".to_owned();
    sure(format!("the execution role is not allowed {action} on {arn}"), remedy)
}

fn whole(secret: &Secret) -> String {
    match secret.store() {
        Store::SecretsManager => format!("secret {}", secret.arn()),
        Store::ParameterStore => format!("parameter {}", secret.arn()),
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
