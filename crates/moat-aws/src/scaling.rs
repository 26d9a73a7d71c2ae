//! Application Auto Scaling of an ECS service: between which numbers of tasks it decides, and when it last did.

use crate::answer::Answer;
use crate::clock::age;
use crate::together::{Found, Together};
use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace};
use moat::error::Failure;
use moat::service::observed::Scaling;

/// The only dimension of an ECS service ("DescribeScalableTargets", Application Auto Scaling API).
pub(crate) const TASKS: ScalableDimension = ScalableDimension::EcsServiceDesiredCount;

/// As many as one page of DescribeScalableTargets has (Application Auto Scaling API).
const TARGETS: usize = 50;

/// Application Auto Scaling, or nothing where AWS has no such service, as the local one: then nothing is scaled.
#[derive(Debug, Clone)]
pub struct Autoscaling(Option<Asked>);

#[derive(Debug, Clone)]
struct Asked {
    client: Client,
    targets: Together<ScalableTarget>,
}

impl Autoscaling {
    pub fn new(config: &SdkConfig) -> Self {
        Self::of(Client::new(config))
    }

    /// As the environment variable `MOAT_APPLICATION_AUTO_SCALING` of a Lambda says: `available` or `absent`.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(config: &SdkConfig) -> Result<Self, std::env::VarError> {
        let says = std::env::var("MOAT_APPLICATION_AUTO_SCALING")?;
        Ok(if says == "available" { Self::new(config) } else { Self::absent() })
    }

    /// For an AWS that has no Application Auto Scaling.
    pub const fn absent() -> Self {
        Self(None)
    }

    /// From a client that a test made.
    pub fn of(client: Client) -> Self {
        Self(Some(Asked { client, targets: Together::new(TARGETS) }))
    }

    /// The limits between which an autoscaler decides how many tasks there are, where there is one.
    ///
    /// # Errors
    /// Unreadable is not absent.
    pub async fn limits(&self, resource: &str) -> Result<Option<Scaling>, Failure> {
        let Some(Asked { client, targets }) = &self.0 else { return Ok(None) };
        let call = async |resources: Vec<String>| found(client, resources).await;
        let Some(target) = targets.ask(resource, call).await? else { return Ok(None) };
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        let (least, most) = (number(target.min_capacity()), number(target.max_capacity()));
        Ok(Some(Scaling { least, most, quiet: quiet(client, resource).await? }))
    }

    /// The client, where there is one.
    pub(crate) const fn client(&self) -> Option<&Client> {
        match &self.0 {
            Some(asked) => Some(&asked.client),
            None => None,
        }
    }
}

/// The scalable targets of these resources. Those that nobody registered are left out.
async fn found(client: &Client, resources: Vec<String>) -> Result<Found<ScalableTarget>, Failure> {
    let doing = format!("describe the scalable target {}", resources.join(", "));
    let call = client.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
    let answer = call.set_resource_ids(Some(resources)).send().await.read(doing)?;
    let targets = answer.scalable_targets.into_iter().flatten();
    Ok(targets.map(|target| (target.resource_id().to_owned(), target)).collect())
}

/// Seconds since the autoscaler last changed something. The newest activity comes first ("DescribeScalingActivities").
async fn quiet(client: &Client, resource: &str) -> Result<Option<u32>, Failure> {
    let call = client.describe_scaling_activities().service_namespace(ServiceNamespace::Ecs).resource_id(resource);
    let answer = call.scalable_dimension(TASKS).max_results(1).send().await;
    let answer = answer.read(format!("describe the scaling activities of {resource}"))?;
    Ok(answer.scaling_activities().first().and_then(|newest| age(Some(newest.start_time()))))
}
