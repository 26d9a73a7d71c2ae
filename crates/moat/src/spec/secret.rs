//! Where a secret is kept, by its ARN: in Secrets Manager or in Parameter Store.
//!
//! Only ARNs are taken, since a name alone does not say in which region and account it is. Sources: "Pass sensitive data
//! to an Amazon ECS container" and "Private registry authentication for tasks", Amazon ECS Developer Guide.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The ARN of a secret, and of which part of it.
///
/// `arn:aws:secretsmanager:<region>:<account>:secret:<name>`, where `:<json-key>:<version-stage>:<version-id>` may follow,
/// each of the three empty or not; or `arn:aws:ssm:<region>:<account>:parameter/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(
    with = "String",
    extend("pattern" = "^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)")
)]
pub struct Secret {
    partition: String,
    store: Store,
    region: String,
    account: String,
    /// The name in its store, without the slash that follows `parameter` in an ARN.
    name: String,
    /// Key, version stage and version id in Secrets Manager, as they were written.
    part: Option<String>,
}

/// The service that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    SecretsManager,
    ParameterStore,
}

impl Store {
    /// As ARNs and endpoints name it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::ParameterStore => "ssm",
        }
    }
}

const SHAPE: &str =
    "write arn:aws:secretsmanager:<region>:<account>:secret:<name>, or arn:aws:ssm:<region>:<account>:parameter/<name>";

impl Secret {
    pub fn new(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, service, region, account, rest @ ..] = parts.as_slice() else {
            return Err(format!("{text:?} is not the ARN of a secret; {SHAPE}"));
        };
        let is_place = partition.starts_with("aws")
            && !region.is_empty()
            && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && is_account(account);
        if !is_place {
            return Err(format!("{text:?} has no region or no account of twelve digits; {SHAPE}"));
        }
        let (store, name, part) = match (*service, rest) {
            ("secretsmanager", ["secret", name]) => (Store::SecretsManager, *name, None),
            ("secretsmanager", ["secret", name, _, stage, id]) => {
                if !stage.is_empty() && !id.is_empty() {
                    return Err(format!(
                        "{text:?} names a version stage and a version id; only one of them can be given"
                    ));
                }
                (Store::SecretsManager, *name, Some(rest[2..].join(":")))
            }
            ("secretsmanager", ["secret", ..]) => {
                return Err(format!(
                    "{text:?} names a part of the secret, but not like <name>:<json-key>:<version-stage>:<version-id>; what is not asked for is left empty, such as <name>:password::"
                ));
            }
            ("ssm", [resource]) if resource.starts_with("parameter/") => {
                (Store::ParameterStore, &resource["parameter/".len()..], None)
            }
            ("ssm", [resource, ..]) if resource.starts_with("parameter/") => {
                return Err(format!(
                    "{text:?} names a version; ECS takes the newest one of a parameter, by its ARN alone"
                ));
            }
            _ => return Err(format!("{text:?} is not the ARN of a secret; {SHAPE}")),
        };
        let also = if store == Store::SecretsManager { "/_+=.@-" } else { "/_.-" };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c)) {
            return Err(format!("{name:?} is not the name of a secret: it has letters, digits and {also}"));
        }
        // Secrets Manager's keys are free text, but SSM takes no {{ in what is recorded.
        if part.as_ref().is_some_and(|part| part.contains("{{") || part.contains(char::is_whitespace)) {
            return Err(format!("{text:?} has {{{{ or a space in it, which ECS or the recorded spec does not take"));
        }
        Ok(Self {
            partition: (*partition).to_owned(),
            store,
            region: (*region).to_owned(),
            account: (*account).to_owned(),
            name: name.to_owned(),
            part,
        })
    }

    pub const fn store(&self) -> Store {
        self.store
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Whether it is a part of the secret, or one version of it.
    pub const fn is_part(&self) -> bool {
        self.part.is_some()
    }

    /// The ARN of the whole secret.
    pub fn arn(&self) -> String {
        let Self { partition, store, region, account, name, part: _ } = self;
        let kind = match store {
            Store::SecretsManager => "secret:",
            Store::ParameterStore => "parameter/",
        };
        format!("arn:{partition}:{}:{region}:{account}:{kind}{name}", store.service())
    }

    /// What its store calls it. A parameter in a hierarchy begins with a slash, which its ARN has only once ("Working
    /// with Parameter Store", Systems Manager guide).
    pub fn stored_as(&self) -> String {
        match self.store {
            Store::SecretsManager => self.arn(),
            Store::ParameterStore if self.name.contains('/') => format!("/{}", self.name),
            Store::ParameterStore => self.name.clone(),
        }
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

impl TryFrom<String> for Secret {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.to_string()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn())?;
        self.part.as_ref().map_or(Ok(()), |part| write!(f, ":{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DB: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1B2c3";

    #[test]
    fn an_arn_is_taken_apart_and_written_as_it_was() {
        for text in [
            DB.to_owned(),
            format!("{DB}:password::"),
            format!("{DB}::AWSPREVIOUS:"),
            format!("{DB}:::9d4cb84b-ad69-40c0-a0ab-cead3EXAMPLE"),
            "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/prod/db".into(),
            "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/db".into(),
        ] {
            assert_eq!(Secret::new(&text).unwrap().to_string(), text);
        }
        let secret = Secret::new(&format!("{DB}:password::")).unwrap();
        assert_eq!((secret.arn().as_str(), secret.stored_as().as_str(), secret.is_part()), (DB, DB, true));
        assert_eq!(
            (secret.region(), secret.account(), secret.store()),
            ("eu-west-1", "123456789012", Store::SecretsManager)
        );
    }

    #[test]
    fn a_parameter_is_known_by_its_name_with_a_slash_only_in_a_hierarchy() {
        let name = |text: &str| Secret::new(&format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{text}")).unwrap();
        assert_eq!(name("prod/db").stored_as(), "/prod/db");
        assert_eq!(name("db").stored_as(), "db");
    }

    #[test]
    fn what_is_no_arn_of_a_secret_is_refused_with_what_is_wrong() {
        for (text, why) in [
            ("db", "is not the ARN"),
            ("arn:aws:s3:::bucket", "no region"),
            ("arn:aws:sqs:eu-west-1:123456789012:queue", "is not the ARN"),
            ("arn:aws:secretsmanager:eu-west-1:1234:secret:db", "account of twelve digits"),
            ("arn:aws:secretsmanager::123456789012:secret:db", "no region"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:", "is not the name"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:password", "left empty"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db::AWSCURRENT:1", "only one of them"),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/db:3", "names a version"),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/", "is not the name"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:{{x}}::", "does not take"),
        ] {
            let said = Secret::new(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
