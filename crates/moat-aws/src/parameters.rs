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
use moat::rollout::{Release, flow};
use moat::spec::ServiceSpec;
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

    /// What rollouts have decided about a service; nothing where none ever began.
    pub async fn release(&self, service: &Name) -> Result<Release, Failure> {
        let name = parameters::release(service);
        self.get(&name).await?.map_or(Ok(Release::default()), |text| release(&name, &text))
    }

    /// Writes down what drift found and mended.
    pub async fn remember(&self, owner: &Owner, memory: &str) -> Result<bool, Failure> {
        self.write(&parameters::drift(owner), memory, owner, &Logical::from("drift")).await
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
        self.try_lock(owner, me).await?.map_or(Ok(()), |holder| Err(locked(owner, &holder)))
    }

    /// Takes the lock, or answers who has it.
    async fn try_lock(&self, owner: &Owner, me: &str) -> Result<Option<String>, Failure> {
        lock::take(&Locks { parameters: self, owner }, &parameters::lock(owner), me).await
    }

    /// How an execution stands, and how many seconds ago it ended; `None` when it is not known any more.
    async fn status(&self, execution: &str) -> Result<Option<(ExecutionStatus, Option<u32>)>, Failure> {
        match self.sfn.describe_execution().execution_arn(execution).send().await {
            Ok(answer) => Ok(Some((answer.status().clone(), age(answer.stop_date())))),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => Ok(None),
            Err(error) => Err(error).read(format!("describe execution {execution}, which holds a lock")),
        }
    }

    /// Lists a service under the repository of its image, where a rollout looks for it, and takes it away from under
    /// the one of `before`. False when it was so already.
    pub async fn list(&self, service: &ServiceSpec, before: Option<&ServiceSpec>) -> Result<bool, Failure> {
        let owner = Owner::Service(service.name.clone());
        let address = |spec: &ServiceSpec| spec.image.ecr().map(|ecr| parameters::image(&ecr, &spec.name));
        let (now, before) = (address(service), before.and_then(address));
        let mut has_changed = false;
        if let Some(name) = &now {
            has_changed |= self.write(name, service.name.as_str(), &owner, &Logical::from("image")).await?;
        }
        if let Some(name) = before.filter(|before| now.as_ref() != Some(before)) {
            self.delete(&name).await?;
            has_changed = true;
        }
        Ok(has_changed)
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

    async fn delete(&self, name: &str) -> Result<(), Failure> {
        self.ssm.delete_parameter().name(name).send().await.remove(format!("delete parameter {name}"))
    }

    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Failure> {
        let call = self.ssm.put_parameter().name(name).value(value).r#type(ParameterType::String);
        let call = call.tier(ParameterTier::IntelligentTiering).overwrite(true);
        call.send().await.read(format!("write parameter {name}")).map(|_| ())
    }
}

impl flow::Locks for Parameters {
    async fn take(&self, service: &Name, execution: &str) -> Result<Option<String>, Failure> {
        self.try_lock(&Owner::Service(service.clone()), execution).await
    }

    async fn goes_on(&self, execution: &str) -> Result<bool, Failure> {
        Ok(self.status(execution).await?.is_some_and(|(status, _)| status == ExecutionStatus::Running))
    }

    async fn give_back(&self, service: &Name, execution: &str) -> Result<bool, Failure> {
        self.unlock(&Owner::Service(service.clone()), execution).await
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
        self.parameters.delete(name).await
    }

    async fn is_running(&self, execution: &str) -> Result<bool, Failure> {
        let Some((status, ended)) = self.parameters.status(execution).await? else { return Ok(false) };
        let is_winding_down = status == ExecutionStatus::Aborted && ended.is_some_and(|age| age <= WINDING_DOWN);
        Ok(matches!(status, ExecutionStatus::Running | ExecutionStatus::PendingRedrive) || is_winding_down)
    }
}

/// Reads a release record. One that cannot be read is not an empty one.
pub(crate) fn release(name: &str, text: &str) -> Result<Release, Failure> {
    Release::read(text).map_err(|error| {
        let message = format!(
            "the release record {name} cannot be read: {error}. It may hold a quarantine, so mend it, or delete it to \
             begin anew"
        );
        Failure::new(Kind::Unexpected, message)
    })
}

fn tag((key, value): (String, String)) -> Option<Tag> {
    Tag::builder().key(key).value(value).build().ok()
}

fn locked(owner: &Owner, holder: &str) -> Failure {
    let message = format!("{owner} is being changed by {holder}. moat waits for it; or stop that execution");
    Failure::new(Kind::Locked, message)
}
