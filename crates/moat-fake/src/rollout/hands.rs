//! The hands of a rollout on the fake. Each call may be late, lost, throttled, or the last that its Lambda makes.

use super::{Ground, moment};
use crate::call::Hand;
use crate::parameters::Store;
use crate::state::State;
use moat::error::{Failure, Kind};
use moat::image::{Digest, Ecr, Image};
use moat::moment::Moment;
use moat::name::Name;
use moat::rollout::flow::{Found, Hands, Locks, Memory, Running};
use moat::rollout::registry::Rules;
use moat::rollout::revisions::{Revision, obsolete};
use moat::rollout::track::Mutability;
use moat::rollout::{Candidate, Lookup, Platform, Release, Seen, Started};
use moat::tags::Owner;
use moat::{lock, parameters};
use std::collections::BTreeSet;

impl Hand {
    async fn read<T: 'static>(&self, what: &str, read: impl FnOnce(&Ground) -> T + 'static) -> Result<T, Failure> {
        self.look(what, move |state| read(&state.ground)).await
    }

    async fn write<T: 'static>(
        &self,
        what: String,
        write: impl FnOnce(&mut Ground, u64) -> Result<T, Failure> + 'static,
    ) -> Result<T, Failure> {
        self.keep(what, move |state| {
            let now = state.now;
            Ok(write(&mut state.ground, now))
        })
        .await
    }

    /// Changes something. An outer error is a promise that is broken.
    async fn keep<T: 'static>(
        &self,
        what: String,
        change: impl FnOnce(&mut State) -> Result<Result<T, Failure>, String> + 'static,
    ) -> Result<T, Failure> {
        let by = self.execution.clone();
        self.call(what.clone(), move |world| {
            let kept = world.change(|state| {
                let line = format!("[{:>8} ms, {by}] {what}", state.now);
                state.log.push(line);
                change(state)
            });
            kept.unwrap_or_else(|why| panic!("{by} wants to {what}, but {why}\n{}", world.story()))
        })
        .await
    }
}

fn digest_of(image: &str) -> Option<Digest> {
    Image::new(image).ok().and_then(|image| image.digest())
}

impl Hands for Hand {
    /// What other people changed in a revision.
    type Revision = Vec<String>;

    fn now(&self) -> Moment {
        moment(self.world.clock().now())
    }

    async fn made_from(&self, repository: &Ecr) -> Result<Vec<Found>, Failure> {
        let repository = repository.clone();
        self.read("list the services of a repository", move |ground| {
            let ours = ground.spec.iter().filter(|spec| spec.image.ecr().as_ref() == Some(&repository));
            ours.map(|spec| Found { name: spec.name.clone(), spec: Ok(spec.clone()) }).collect()
        })
        .await
    }

    async fn memory(&self, _: &Name) -> Result<Memory, Failure> {
        self.read("read the spec and the record", |ground| {
            let spec = ground.spec.clone().ok_or_else(|| "no service is recorded".to_owned());
            Memory { spec, release: ground.release(), version: ground.record.as_ref().map_or(0, |kept| kept.1) }
        })
        .await
    }

    async fn remember(&self, _: &Name, version: i64, release: &Release) -> Result<i64, Failure> {
        let text = release.to_text();
        self.write(format!("write the record over version {version}"), move |ground, _| {
            let kept = ground.record.as_ref().map_or(0, |kept| kept.1);
            if version == 0 && kept > 0 {
                return Err(Failure::new(Kind::Conflict, "the record was there already"));
            }
            ground.record = Some((text, kept + 1));
            if kept == version {
                return Ok(kept + 1);
            }
            ground.lost_updates += 1;
            Err(Failure::new(Kind::Conflict, format!("the record has version {kept}")))
        })
        .await
    }

    async fn running(&self, service: &Name) -> Result<Result<Running<Vec<String>>, String>, Failure> {
        let service = service.clone();
        self.read("describe the service and its revision", move |ground| {
            let ecs = ground.shown();
            let current = ecs.current().filter(|_| !ecs.is_gone).ok_or("the service does not exist")?;
            Ok(Running {
                service,
                digest: Some(current.digest.clone()),
                tag: current.tag.clone(),
                since: Some(moment(current.at)),
                is_settled: ecs.is_settled(),
                arn: Some(current.arn.clone()),
                target_groups: vec!["targets".into()],
                revision: current.extras.clone(),
            })
        })
        .await
    }

    async fn candidates(&self, _: &Ecr, lookup: &Lookup) -> Result<Vec<Candidate>, Failure> {
        let lookup = lookup.clone();
        self.read("describe images", move |ground| ground.registry.describe(&lookup)).await
    }

    async fn platforms(&self, _: &Ecr, image: &Candidate) -> Result<Option<Vec<Platform>>, Failure> {
        let digest = image.digest.clone();
        self.read("read a manifest", move |ground| ground.registry.platforms(&digest)).await
    }

    async fn rules(&self, _: &Ecr) -> Result<Rules, Failure> {
        Ok(Rules { mutability: Ok(Mutability::Mutable), lifecycle: Ok(None) })
    }

    async fn closed_door(&self, _: &Running<Vec<String>>) -> Result<Option<String>, Failure> {
        let why = |ground: &Ground| ground.ecs.is_closed.then(|| "its target group is gone".to_owned());
        self.read("describe the target group", why).await
    }

    async fn register(&self, running: &Running<Vec<String>>, image: &str, label: &str) -> Result<String, Failure> {
        let (digest, extras) = (digest_of(image), running.revision.clone());
        let tag = Image::new(label).ok().and_then(|label| label.tag().map(str::to_owned));
        self.write(format!("register {image}"), move |ground, now| {
            let digest = digest.ok_or_else(|| Failure::new(Kind::Unexpected, "an image without a digest"))?;
            Ok(ground.ecs.register(&digest, tag.as_deref(), extras, now))
        })
        .await
    }

    async fn update(&self, _: &Name, revision: &str) -> Result<Option<String>, Failure> {
        let (revision, by) = (revision.to_owned(), self.execution.clone());
        self.keep(format!("point the service at {revision}"), move |state| {
            if !state.ground.ecs.revision(&revision).is_some_and(|found| found.is_active) {
                return Ok(Err(Failure::new(Kind::Unexpected, "TaskDefinition is inactive")));
            }
            state.ground.promise_to_update(&revision, &by)?;
            let (seen, now) = (state.seen_from(), state.now);
            let before = (seen > now).then(|| (seen, state.ground.ecs.clone()));
            state.ground.stale = before.or(state.ground.stale.take());
            Ok(Ok(Some(state.ground.ecs.update(&revision, &by, now))))
        })
        .await
    }

    async fn stand_down(&self, _: &Name) -> Result<(), Failure> {
        self.keep("set the desired count to 0".into(), |state| {
            state.ground.promise_to_stand_down()?;
            state.ground.ecs.desired = 0;
            Ok(Ok(()))
        })
        .await
    }

    async fn service_deployment_of(&self, _: &Name, started: &Started) -> Result<Option<String>, Failure> {
        let started = started.clone();
        self.read("list service deployments", move |ground| ground.shown().service_deployment(&started)).await
    }

    async fn look(&self, _: &Name, started: &Started) -> Result<Seen, Failure> {
        let started = started.clone();
        self.read("describe the service", move |ground| ground.shown().seen(&started)).await
    }

    async fn look_closely(&self, _: &Name, _: &Started, seen: Seen) -> Result<Seen, Failure> {
        self.read("list the tasks", move |ground| ground.shown().tasks(seen)).await
    }

    async fn clear(&self, _: &Name, named: BTreeSet<String>, keep: u32) -> Result<Vec<String>, Failure> {
        let (all, used) = self
            .read("list the revisions", |ground| {
                let active = ground.ecs.revisions.iter().filter(|revision| revision.is_active);
                let all = active.map(|r| Revision { arn: r.arn.clone(), number: r.number, is_ours: true });
                (all.collect::<Vec<_>>(), ground.shown().in_use())
            })
            .await?;
        let in_use: BTreeSet<String> = named.into_iter().chain(used).collect();
        let mut gone = Vec::new();
        for old in obsolete(&all, &in_use, keep) {
            let arn = old.arn.clone();
            self.write(format!("deregister {arn}"), move |ground, _| {
                assert!(!ground.ecs.in_use().contains(&arn), "{arn} is in use (R7)");
                ground.ecs.revisions.iter_mut().filter(|r| r.arn == arn).for_each(|r| r.is_active = false);
                Ok(())
            })
            .await?;
            gone.push(old.arn.clone());
        }
        Ok(gone)
    }
}

fn address(service: &Name) -> String {
    parameters::lock(&Owner::Service(service.clone()))
}

impl Locks for Hand {
    async fn take(&self, service: &Name, execution: &str) -> Result<Option<String>, Failure> {
        lock::take(&Store(self), &address(service), execution).await
    }

    async fn goes_on(&self, execution: &str) -> Result<bool, Failure> {
        let who = execution.to_owned();
        self.look("describe an execution", move |state| !state.ended.contains_key(&who)).await
    }

    async fn give_back(&self, service: &Name, execution: &str) -> Result<bool, Failure> {
        lock::give_back(&Store(self), &address(service), execution).await
    }
}
