//! What the account says of the secrets of a service, before a task is to read them. Only reads, and never a value.

use crate::answer::Answer;
use aws_config::{Region, SdkConfig};
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use aws_sdk_ssm::types::{ParameterStringFilter, ResourceTypeForTagging};
use futures_util::future::try_join_all;
use moat::error::{Failure, Kind};
use moat::service::access::{self, Denied, Facts, Found};
use moat::spec::{Secret, ServiceSpec, Store};
use std::collections::{BTreeMap, BTreeSet};

/// The key by which IAM knows on whose behalf KMS is called ("AWS KMS condition keys", KMS guide).
const VIA: &str = "kms:ViaService";

/// Secrets Manager and Parameter Store in every region, and IAM.
#[derive(Debug, Clone)]
pub struct SecretsCloud {
    config: SdkConfig,
    iam: aws_sdk_iam::Client,
    /// ARN of the role with which ECS reads secrets.
    execution_role: String,
}

impl SecretsCloud {
    pub fn new(config: &SdkConfig, execution_role: &str) -> Self {
        let iam = aws_sdk_iam::Client::new(config);
        Self { config: config.clone(), iam, execution_role: execution_role.to_owned() }
    }

    /// What is known of each secret of the service, by its ARN. What moat may not see is unreadable, and no failure.
    pub async fn found(&self, spec: &ServiceSpec) -> Result<BTreeMap<String, Found>, Failure> {
        let secrets: BTreeMap<String, &Secret> =
            access::named(spec).into_values().map(|secret| (secret.arn(), secret)).collect();
        let each =
            secrets.into_iter().map(|(arn, secret)| async move { Ok::<_, Failure>((arn, self.one(secret).await?)) });
        Ok(try_join_all(each).await?.into_iter().collect())
    }

    async fn one(&self, secret: &Secret) -> Result<Found, Failure> {
        let found = match secret.store() {
            Store::SecretsManager => self.secret(secret).await,
            Store::ParameterStore => self.parameter(secret).await,
        };
        let (tags, key) = match found {
            Ok(Seen::There { tags, key }) => (tags, key),
            Ok(Seen::Absent) => return Ok(Found::Absent),
            Ok(Seen::Deleted) => return Ok(Found::Deleted),
            Err(failure) if failure.kind == Kind::Denied => return Ok(Found::Unreadable(failure.message)),
            Err(failure) => return Err(failure),
        };
        let denied = self.denied(secret, &tags, key.as_deref()).await?;
        Ok(Found::There(Facts { tags, key, denied }))
    }

    /// The configuration for the region that the secret is in.
    fn config(&self, secret: &Secret) -> SdkConfig {
        self.config.to_builder().region(Region::new(secret.region().to_owned())).build()
    }

    async fn secret(&self, secret: &Secret) -> Result<Seen, Failure> {
        let client = aws_sdk_secretsmanager::Client::new(&self.config(secret));
        let arn = secret.arn();
        let found = match client.describe_secret().secret_id(&arn).send().await {
            // The same code means other things elsewhere.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                return Ok(Seen::Absent);
            }
            found => found.read(format!("describe secret {arn}"))?,
        };
        if found.deleted_date().is_some() {
            return Ok(Seen::Deleted);
        }
        let tags = found.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
        // Where none is named, it is AWS's own key of Secrets Manager, which every role of the account may use there.
        let key = found.kms_key_id().filter(|key| !key.ends_with("alias/aws/secretsmanager")).map(str::to_owned);
        Ok(Seen::There { tags: tags.collect(), key })
    }

    async fn parameter(&self, secret: &Secret) -> Result<Seen, Failure> {
        let client = aws_sdk_ssm::Client::new(&self.config(secret));
        let name = secret.stored_as();
        let doing = format!("describe parameter {}", secret.arn());
        let filter = ParameterStringFilter::builder().key("Name").option("Equals").values(&name).build();
        let filter = filter.map_err(|error| Failure::new(Kind::Unexpected, format!("could not {doing}: {error}")))?;
        let pages = client.describe_parameters().parameter_filters(filter).into_paginator().send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let mut found = pages.iter().flat_map(|page| page.parameters());
        let Some(found) = found.find(|found| found.name() == Some(&name)) else { return Ok(Seen::Absent) };
        let tags = client.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let tags = tags.resource_id(&name).send().await.read(format!("list the tags of parameter {}", secret.arn()))?;
        let tags = tags.tag_list().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        // Only what is encrypted has one.
        let key = found.key_id().filter(|key| *key != "alias/aws/ssm").map(str::to_owned);
        Ok(Seen::There { tags, key })
    }

    /// What IAM's simulation of the execution role denies. It looks up no tags by itself, so it is told those that were
    /// found ("SimulatePrincipalPolicy", IAM API).
    async fn denied(
        &self,
        secret: &Secret,
        tags: &BTreeMap<String, String>,
        key: Option<&str>,
    ) -> Result<Denied, Failure> {
        let keys = tags
            .iter()
            .flat_map(|(tag, value)| access::tag_keys(secret.store(), tag).map(|key| entry(key, value.clone())));
        let read = self.simulate(access::action(secret.store()), &secret.arn(), keys.collect()).await?;
        let mut denied = match read {
            Ok(denied) => denied,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(key) = key.map(|key| key_arn(secret, key)) {
            let suffix = if secret.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
            let via = format!("{}.{}.{suffix}", secret.store().service(), secret.region());
            match self.simulate("kms:Decrypt", &key, vec![entry(VIA.into(), via)]).await? {
                Ok(also) => denied.extend(also),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(denied))
    }

    async fn simulate(&self, action: &str, resource: &str, entries: Vec<ContextEntry>) -> Result<Denied, Failure> {
        let call = self.iam.simulate_principal_policy().policy_source_arn(&self.execution_role);
        let call = call.action_names(action).resource_arns(resource).set_context_entries(Some(entries));
        let doing = format!("simulate {action} on {resource} for {}", self.execution_role);
        let answer = match call.send().await.read(doing) {
            Ok(answer) => answer,
            Err(failure) if failure.kind == Kind::Denied => return Ok(Err(failure.message)),
            Err(failure) => return Err(failure),
        };
        let results = answer.evaluation_results();
        if results.is_empty() {
            return Ok(Err(format!("IAM's simulation of {action} had no result")));
        }
        let is_denied = results.iter().any(|it| *it.eval_decision() != PolicyEvaluationDecisionType::Allowed);
        Ok(Ok(BTreeSet::from_iter(is_denied.then(|| action.to_owned()))))
    }
}

enum Seen {
    There { tags: BTreeMap<String, String>, key: Option<String> },
    Absent,
    Deleted,
}

fn entry(key: String, value: String) -> ContextEntry {
    let entry = ContextEntry::builder().context_key_name(key).context_key_values(value);
    entry.context_key_type(ContextKeyTypeEnum::String).build()
}

/// A key's id alone is of the secret's account and region. An alias says nothing of its key, so any key stands for it.
fn key_arn(secret: &Secret, key: &str) -> String {
    if key.starts_with("arn:") && key.contains(":key/") {
        return key.to_owned();
    }
    let id = if key.contains("alias/") { "*" } else { key };
    format!("arn:{}:kms:{}:{}:key/{id}", secret.partition(), secret.region(), secret.account())
}
