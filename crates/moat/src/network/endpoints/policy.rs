//! Endpoint policies: whose identities reach whose resources through an endpoint.
//!
//! An endpoint with AWS's own policy lets anybody's credentials carry data to anybody's account. Where a network has no
//! other way out, that would be the way out for a thief, so the policies name the account ("Establishing a data
//! perimeter on AWS").

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;

/// What a policy lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// The account's identities reach the account's resources, and what is in the ECR registries of these accounts.
    Own { registries: BTreeSet<String> },
    /// The same for S3, and the layers of images for everybody: ECR keeps them in a bucket of AWS's own and signs the
    /// requests for them itself ("Amazon ECR interface VPC endpoints", ECR guide).
    OwnAndLayers,
    /// AWS's own, which lets everything through ("Control access to VPC endpoints using endpoint policies").
    Open,
}

impl Policy {
    /// The document.
    pub fn document(&self, account: &str, region: &str) -> Value {
        let own = |resources: BTreeSet<&str>| {
            json!({
                "Sid": "OwnResources", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
                "Condition": {
                    "StringEquals": { "aws:PrincipalAccount": account, "aws:ResourceAccount": resources },
                },
            })
        };
        let statements = match self {
            Self::Own { registries } => {
                vec![own(registries.iter().map(String::as_str).chain([account]).collect())]
            }
            Self::OwnAndLayers => {
                let layers = format!("arn:{}:s3:::prod-{region}-starport-layer-bucket/*", partition(region));
                let layers = json!({
                    "Sid": "ImageLayers", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                    "Resource": layers,
                });
                vec![layers, own([account].into())]
            }
            Self::Open => vec![json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })],
        };
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// Whether the document that was found says the same. AWS may write a list of one as the one.
    pub fn is(&self, found: Option<&str>, account: &str, region: &str) -> bool {
        if *self == Self::Open {
            return is_open(found);
        }
        let found = found.and_then(|text| serde_json::from_str::<Value>(text).ok());
        found.is_some_and(|found| normal(&found) == normal(&self.document(account, region)))
    }
}

/// Whether a document lets everybody do everything. AWS shows none where it is its own.
pub fn is_open(document: Option<&str>) -> bool {
    let Some(document) = document else { return true };
    let Ok(document) = serde_json::from_str::<Value>(document) else { return false };
    let statement = match &document["Statement"] {
        Value::Array(statements) if statements.len() == 1 => &statements[0],
        statement => statement,
    };
    let anyone = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
    let is_all = |field: &str| statement[field] == "*" || statement[field] == json!(["*"]);
    statement["Effect"] == "Allow"
        && anyone
        && is_all("Action")
        && is_all("Resource")
        && statement["Condition"].is_null()
}

/// The accounts beside `account` whose resources a document of ours lets through.
pub fn registries(document: Option<&str>) -> BTreeSet<String> {
    let document: Value = document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let statement = match &document["Statement"] {
        Value::Array(statements) => statements.first().unwrap_or(&Value::Null),
        statement => statement,
    };
    let accounts = &statement["Condition"]["StringEquals"]["aws:ResourceAccount"];
    let accounts = accounts.as_array().cloned().unwrap_or_else(|| vec![accounts.clone()]);
    accounts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A document in one way only: no list of one, and lists in the order of their items.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => normal(&items[0]),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect(),
        other => other.clone(),
    }
}

fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own { .. } => f.write_str("the account's own resources"),
            Self::OwnAndLayers => f.write_str("the account's own resources and the layers of images"),
            Self::Open => f.write_str("everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    #[test]
    fn a_policy_is_recognised_however_aws_writes_it_and_a_wider_one_is_not() {
        let own = Policy::Own { registries: BTreeSet::new() };
        let written = own.document(ACCOUNT, "us-east-1").to_string();
        assert!(own.is(Some(&written), ACCOUNT, "us-east-1"));
        let single = written.replace(&format!("[\"{ACCOUNT}\"]"), &format!("\"{ACCOUNT}\""));
        assert_ne!(single, written);
        assert!(own.is(Some(&single), ACCOUNT, "us-east-1"));
        assert!(!own.is(None, ACCOUNT, "us-east-1"));
        let wider = Policy::Own { registries: ["210987654321".to_owned()].into() };
        assert!(!own.is(Some(&wider.document(ACCOUNT, "us-east-1").to_string()), ACCOUNT, "us-east-1"));
        let found = wider.document(ACCOUNT, "us-east-1").to_string();
        assert_eq!(registries(Some(&found)), [ACCOUNT, "210987654321"].map(String::from).into());
    }

    #[test]
    fn the_policies_name_the_account_and_let_layers_through() {
        let own = Policy::Own { registries: ["210987654321".to_owned()].into() };
        let documents = [own, Policy::OwnAndLayers].map(|policy| policy.document(ACCOUNT, "us-east-1"));
        insta::assert_snapshot!(documents.map(|document| format!("{document:#}")).join("\n"));
    }
}
