//! The Parameter Store: recorded specs, outputs, and the locks.

use crate::answer::Answer;
use crate::clock::age;
use aws_config::SdkConfig;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, Tag};
use moat::error::{Failure, Kind};
use moat::lock;
use moat::name::{Logical, Name};
use moat::parameters;
use moat::tags::Owner;
use serde_json::Value;

/// Seconds for which a Lambda may go on after somebody stopped its execution: the time-out of moat's Lambdas, in
/// `infra/template.yaml`. Stopping an execution does not stop the Lambda that it waits for.
const WINDING_DOWN: u32 = 30;

/// Systems Manager for parameters, Step Functions to ask whether a lock's holder still runs.
#[derive(Debug, Clone)]
pub struct Parameters {
    ssm: aws_sdk_ssm::Client,
    /// Calls once: a repeated put without overwrite would meet its own first one.
    ssm_once: aws_sdk_ssm::Client,
    sfn: aws_sdk_sfn::Client,
}

impl Parameters {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            ssm: aws_sdk_ssm::Client::new(config),
            ssm_once: aws_sdk_ssm::Client::new(&crate::config::once(config)),
            sfn: aws_sdk_sfn::Client::new(config),
        }
    }

    /// From clients that a test made.
    pub fn of(ssm: aws_sdk_ssm::Client, sfn: aws_sdk_sfn::Client) -> Self {
        Self { ssm_once: ssm.clone(), ssm, sfn }
    }

    /// The recorded spec of a network or a service.
    pub async fn recorded(&self, owner: &Owner) -> Result<Option<Value>, Failure> {
        let name = parameters::spec(owner);
        let Some(text) = self.get(&name).await? else { return Ok(None) };
        let unreadable = |error| Failure::new(Kind::Unexpected, format!("parameter {name} is not JSON: {error}"));
        serde_json::from_str(&text).map(Some).map_err(unreadable)
    }

    /// Records a spec; false when it was recorded like that already.
    pub async fn record(&self, owner: &Owner, spec: &Value) -> Result<bool, Failure> {
        self.write(&parameters::spec(owner), &spec.to_string(), owner, &Logical::from("spec")).await
    }

    /// Publishes where a service answers, for other stacks to read.
    pub async fn publish_url(&self, service: &Name, url: &str) -> Result<bool, Failure> {
        let owner = Owner::Service(service.clone());
        self.write(&parameters::url(service), url, &owner, &Logical::from("output url")).await
    }

    /// Takes the lock of a name for the execution `me`, also from one that has ended.
    ///
    /// # Errors
    /// `Moat.Locked`, naming the execution that holds it.
    pub async fn lock(&self, owner: &Owner, me: &str) -> Result<(), Failure> {
        match lock::take(&Locks { parameters: self, owner }, &parameters::lock(owner), me).await? {
            None => Ok(()),
            Some(holder) => Err(locked(owner, &holder)),
        }
    }

    /// Gives the lock back; false when it was not ours.
    pub async fn unlock(&self, owner: &Owner, me: &str) -> Result<bool, Failure> {
        lock::give_back(&Locks { parameters: self, owner }, &parameters::lock(owner), me).await
    }

    async fn get(&self, name: &str) -> Result<Option<String>, Failure> {
        let answer = self.ssm.get_parameter().name(name).send().await.find(format!("read parameter {name}"))?;
        Ok(answer.and_then(|answer| answer.parameter).and_then(|parameter| parameter.value))
    }

    /// Writes a value where it differs. A new parameter is tagged; AWS takes no tags when one is overwritten.
    async fn write(&self, name: &str, value: &str, owner: &Owner, resource: &Logical) -> Result<bool, Failure> {
        match self.get(name).await? {
            Some(found) if found == value => return Ok(false),
            Some(_) => self.overwrite(name, value).await?,
            None => {
                let tags = owner.tags(resource).into_iter().filter_map(tag).collect();
                let call = self.ssm_once.put_parameter().name(name).value(value).r#type(ParameterType::String);
                let call = call.tier(ParameterTier::IntelligentTiering).overwrite(false).set_tags(Some(tags));
                if call.send().await.create(format!("write parameter {name}"))?.is_none() {
                    self.overwrite(name, value).await?;
                }
            }
        }
        Ok(true)
    }

    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Failure> {
        let call = self.ssm.put_parameter().name(name).value(value).r#type(ParameterType::String);
        let call = call.tier(ParameterTier::IntelligentTiering).overwrite(true);
        call.send().await.read(format!("write parameter {name}")).map(|_| ())
    }
}

/// The locks of an owner. Each lock and each claim is a parameter.
#[derive(Debug)]
struct Locks<'a> {
    parameters: &'a Parameters,
    owner: &'a Owner,
}

impl lock::Store for Locks<'_> {
    async fn get(&self, name: &str) -> Result<Option<String>, Failure> {
        self.parameters.get(name).await
    }

    async fn put_new(&self, name: &str, value: &str) -> Result<bool, Failure> {
        let tags = self.owner.tags(&Logical::from("lock")).into_iter().filter_map(tag).collect();
        let call = self.parameters.ssm_once.put_parameter().name(name).value(value).r#type(ParameterType::String);
        let answer = call.overwrite(false).set_tags(Some(tags)).send().await;
        Ok(answer.create(format!("write parameter {name}"))?.is_some())
    }

    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.parameters.overwrite(name, value).await
    }

    async fn delete(&self, name: &str) -> Result<(), Failure> {
        self.parameters.ssm.delete_parameter().name(name).send().await.remove(format!("delete parameter {name}"))
    }

    async fn is_running(&self, execution: &str) -> Result<bool, Failure> {
        match self.parameters.sfn.describe_execution().execution_arn(execution).send().await {
            Ok(answer) => {
                let is_running = matches!(answer.status(), ExecutionStatus::Running | ExecutionStatus::PendingRedrive);
                let is_winding_down = *answer.status() == ExecutionStatus::Aborted
                    && age(answer.stop_date()).is_some_and(|age| age <= WINDING_DOWN);
                Ok(is_running || is_winding_down)
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => Ok(false),
            Err(error) => Err(error).read(format!("describe execution {execution}, which holds a lock")),
        }
    }
}

fn tag((key, value): (String, String)) -> Option<Tag> {
    Tag::builder().key(key).value(value).build().ok()
}

fn locked(owner: &Owner, holder: &str) -> Failure {
    let message = format!("{owner} is being changed by {holder}. moat waits for it; or stop that execution");
    Failure::new(Kind::Locked, message)
}
