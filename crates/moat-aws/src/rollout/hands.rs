//! The trait of the mind. What it names is done in the files beside this one, by methods of the same names.

use super::RolloutCloud;
use super::running::Current;
use moat::error::Failure;
use moat::image::Ecr;
use moat::moment::Moment;
use moat::name::Name;
use moat::rollout::flow::{Found, Hands, Memory, Running};
use moat::rollout::registry::Rules;
use moat::rollout::{Candidate, Lookup, Platform, Release, Seen, Started};
use std::collections::BTreeSet;

impl Hands for RolloutCloud {
    type Revision = Current;

    fn now(&self) -> Moment {
        crate::clock::now()
    }

    async fn made_from(&self, repository: &Ecr) -> Result<Vec<Found>, Failure> {
        self.made_from(repository).await
    }

    async fn memory(&self, service: &Name) -> Result<Memory, Failure> {
        self.memory(service).await
    }

    async fn remember(&self, service: &Name, version: i64, release: &Release) -> Result<i64, Failure> {
        self.remember(service, version, release).await
    }

    async fn running(&self, service: &Name) -> Result<Result<Running<Current>, String>, Failure> {
        self.running(service).await
    }

    async fn candidates(&self, repository: &Ecr, lookup: &Lookup) -> Result<Vec<Candidate>, Failure> {
        self.candidates(repository, lookup).await
    }

    async fn platforms(&self, repository: &Ecr, image: &Candidate) -> Result<Option<Vec<Platform>>, Failure> {
        self.platforms(repository, image).await
    }

    async fn rules(&self, repository: &Ecr) -> Result<Rules, Failure> {
        self.rules(repository).await
    }

    async fn closed_door(&self, running: &Running<Current>) -> Result<Option<String>, Failure> {
        self.closed_door(running).await
    }

    async fn register(&self, running: &Running<Current>, image: &str, label: &str) -> Result<String, Failure> {
        self.register(running, image, label).await
    }

    async fn update(&self, service: &Name, revision: &str) -> Result<Option<String>, Failure> {
        self.update(service, revision).await
    }

    async fn stand_down(&self, service: &Name) -> Result<(), Failure> {
        self.stand_down(service).await
    }

    async fn service_deployment_of(&self, service: &Name, started: &Started) -> Result<Option<String>, Failure> {
        self.service_deployment_of(service, started).await
    }

    async fn look(&self, service: &Name, started: &Started) -> Result<Seen, Failure> {
        self.look(service, started).await
    }

    async fn look_closely(&self, service: &Name, started: &Started, seen: Seen) -> Result<Seen, Failure> {
        self.look_closely(service, started, seen).await
    }

    async fn clear(&self, service: &Name, named: BTreeSet<String>, keep: u32) -> Result<Vec<String>, Failure> {
        self.clear(service, named, keep).await
    }
}
