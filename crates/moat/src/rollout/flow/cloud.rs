//! What the flow reads and does. `moat-aws` does it to AWS, `moat-fake` to a world in memory.

use crate::error::Failure;
use crate::image::{Digest, Ecr};
use crate::moment::Moment;
use crate::name::Name;
use crate::rollout::registry::Rules;
use crate::rollout::{Candidate, Lookup, Platform, Release, Seen, Started};
use crate::spec::ServiceSpec;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;

/// A service that the index names.
#[derive(Debug, Clone)]
pub struct Found {
    pub name: Name,
    /// Its recorded spec, or why there is none to go by.
    pub spec: Result<ServiceSpec, String>,
}

/// What is known of a service before anything of it is looked at.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The recorded spec, or why there is none to go by.
    pub spec: Result<ServiceSpec, String>,
    pub release: Release,
    /// The record's version; 0 when there is no record yet.
    pub version: i64,
}

/// An active service of ours with its current revision.
#[derive(Debug, Clone)]
pub struct Running<R> {
    pub service: Name,
    /// The digest in its task definition; `None` where that names no digest.
    pub digest: Option<Digest>,
    /// The tag by which it was found, as its label says.
    pub tag: Option<String>,
    /// When its revision was registered.
    pub since: Option<Moment>,
    /// The last deployment went well.
    pub is_settled: bool,
    /// ARN of its revision.
    pub arn: Option<String>,
    pub target_groups: Vec<String>,
    /// All of the revision, for the one that is made of it (R9).
    pub revision: R,
}

/// The hands of a rollout. An inner error is a sentence for a service about which nothing can be decided.
pub trait Hands {
    /// All of a task definition, as only the hands know it.
    type Revision: Debug + Clone;

    fn now(&self) -> Moment;

    /// The services that the index lists under this repository, with their recorded specs.
    fn made_from(&self, repository: &Ecr) -> impl Future<Output = Result<Vec<Found>, Failure>>;

    /// The recorded spec and the release record.
    fn memory(&self, service: &Name) -> impl Future<Output = Result<Memory, Failure>>;

    /// Writes the record over the version that was read, and answers its new version.
    ///
    /// # Errors
    /// `Moat.Conflict` when somebody else wrote in between.
    fn remember(&self, service: &Name, version: i64, release: &Release) -> impl Future<Output = Result<i64, Failure>>;

    fn running(&self, service: &Name)
    -> impl Future<Output = Result<Result<Running<Self::Revision>, String>, Failure>>;

    /// What the decision needs of the registry.
    fn candidates(&self, repository: &Ecr, lookup: &Lookup) -> impl Future<Output = Result<Vec<Candidate>, Failure>>;

    /// On what an image runs, where its manifest says so.
    fn platforms(
        &self,
        repository: &Ecr,
        image: &Candidate,
    ) -> impl Future<Output = Result<Option<Vec<Platform>>, Failure>>;

    /// The rules of a repository.
    fn rules(&self, repository: &Ecr) -> impl Future<Output = Result<Rules, Failure>>;

    /// Why no task could ever serve behind the load balancer (R12).
    fn closed_door(&self, running: &Running<Self::Revision>) -> impl Future<Output = Result<Option<String>, Failure>>;

    /// Registers the current revision again with another image and nothing else changed (R9). Answers its ARN.
    fn register(
        &self,
        running: &Running<Self::Revision>,
        image: &str,
        label: &str,
    ) -> impl Future<Output = Result<String, Failure>>;

    /// Points the service at a revision: that and nothing else (R11). Answers the id of the deployment.
    fn update(&self, service: &Name, revision: &str) -> impl Future<Output = Result<Option<String>, Failure>>;

    /// Sets the desired count to zero (E5).
    fn stand_down(&self, service: &Name) -> impl Future<Output = Result<(), Failure>>;

    /// ARN of the service deployment that was started (R1); `None` where ECS has none, or not that API.
    fn service_deployment_of(
        &self,
        service: &Name,
        started: &Started,
    ) -> impl Future<Output = Result<Option<String>, Failure>>;

    /// The service and, once it is known, the service deployment that was started. No tasks yet.
    fn look(&self, service: &Name, started: &Started) -> impl Future<Output = Result<Seen, Failure>>;

    /// The same with its tasks.
    fn look_closely(
        &self,
        service: &Name,
        started: &Started,
        seen: Seen,
    ) -> impl Future<Output = Result<Seen, Failure>>;

    /// Deregisters revisions of ours that nothing uses, but for the newest `keep` and the `named` ones (R7).
    fn clear(
        &self,
        service: &Name,
        named: BTreeSet<String>,
        keep: u32,
    ) -> impl Future<Output = Result<Vec<String>, Failure>>;
}

/// The lock of each service.
pub trait Locks {
    /// Takes the lock, or answers who has it.
    fn take(&self, service: &Name, execution: &str) -> impl Future<Output = Result<Option<String>, Failure>>;

    /// Whether an execution goes on. One that was stopped does not, though its lock is kept a moment longer.
    fn goes_on(&self, execution: &str) -> impl Future<Output = Result<bool, Failure>>;

    /// Gives the lock back; false when it was not ours.
    fn give_back(&self, service: &Name, execution: &str) -> impl Future<Output = Result<bool, Failure>>;
}
