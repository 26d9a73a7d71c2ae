//! The rules of a repository.

use super::RolloutCloud;
use crate::answer::Answer;
use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::types::{ImageTagMutability, Repository};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use moat::error::{Failure, Kind};
use moat::image::Ecr;
use moat::rollout::registry::Rules;
use moat::rollout::track::Mutability;
use tokio::try_join;

impl RolloutCloud {
    /// Whether tags move, and what is deleted. What ECR does not let us read is unknown, and no failure.
    pub async fn rules(&self, repository: &Ecr) -> Result<Rules, Failure> {
        let (mutability, lifecycle) = try_join!(self.mutability(repository), self.lifecycle(repository))?;
        Ok(Rules { mutability, lifecycle })
    }

    /// No repository, no rules: what is missing is for the service's own look to say.
    async fn mutability(&self, repository: &Ecr) -> Result<Result<Mutability, String>, Failure> {
        let call = self.registry(repository).describe_repositories().registry_id(&repository.account);
        let answer = call.repository_names(&repository.repository).send().await;
        if is_missing(&answer) {
            return Ok(Ok(Mutability::Mutable));
        }
        let answer = match unless_denied(answer.read(format!("describe repository {repository}")))? {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        let unknown = || format!("ECR answered without repository {repository}");
        Ok(answer.repositories().first().map(mutability).ok_or_else(unknown))
    }

    async fn lifecycle(&self, repository: &Ecr) -> Result<Result<Option<String>, String>, Failure> {
        let call = self.registry(repository).get_lifecycle_policy().registry_id(&repository.account);
        let answer = call.repository_name(&repository.repository).send().await;
        if is_missing(&answer) {
            return Ok(Ok(None));
        }
        let answer = unless_denied(answer.read(format!("read the lifecycle policy of {repository}")))?;
        Ok(answer.map(|answer| answer.lifecycle_policy_text))
    }
}

fn is_missing<T, E: ProvideErrorMetadata>(answer: &Result<T, SdkError<E>>) -> bool {
    const CODES: [&str; 2] = ["RepositoryNotFoundException", "LifecyclePolicyNotFoundException"];
    let code = answer.as_ref().err().and_then(|error| error.as_service_error()?.code());
    code.is_some_and(|code| CODES.contains(&code))
}

fn unless_denied<T>(answer: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match answer {
        Err(failure) if failure.kind == Kind::Denied => Ok(Err(failure.message)),
        answer => answer.map(Ok),
    }
}

fn mutability(repository: &Repository) -> Mutability {
    let filters =
        || repository.image_tag_mutability_exclusion_filters().iter().map(|f| f.filter().to_owned()).collect();
    match repository.image_tag_mutability() {
        Some(ImageTagMutability::Immutable) => Mutability::Immutable,
        Some(ImageTagMutability::ImmutableWithExclusion) => Mutability::ImmutableExcept(filters()),
        Some(ImageTagMutability::MutableWithExclusion) => Mutability::MutableExcept(filters()),
        _ => Mutability::Mutable,
    }
}
