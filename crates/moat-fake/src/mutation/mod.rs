//! Every single way in which somebody may change what moat made, found by walking what there is.
//!
//! Each kind of resource is taken apart field by field, so that a new field does not compile before somebody has said
//! what becomes of it: a change that is drift, a change that is somebody else's business, or a field that AWS does not
//! let anybody change, with the reason.

mod door;
mod network;
mod service;
mod shape;
mod twins;

use crate::shelf::{Kept, Tags};
use crate::state::State;
use crate::world::World;
use moat::tags;

/// One change to one field of one resource, or a resource that is gone or there twice.
pub struct Mutation {
    /// The logical name of the resource.
    pub resource: String,
    /// What is done to it: `gives_public_ips`, `deleted`, `route 0.0.0.0/1 to the Internet gateway`.
    pub what: String,
    pub nature: Nature,
    deed: Box<dyn Fn(&mut State)>,
}

/// What a run should say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// One field of one resource is not as it should be: exactly this one is found.
    Field,
    /// The resource is gone, and so is what cannot be without it.
    Deleted,
    /// There is a second one that nothing uses: it is found, and removed.
    Twin,
    /// There is a second one and moat cannot tell which counts, or it is not moat's any more: told, and left alone.
    Riddle,
    /// There is a second one that no stage looks at: it is found among what carries moat's tags.
    Stray,
    /// Somebody else's business (D1): nothing is found.
    Delegated,
}

/// A field that nobody can change in AWS, or that is no setting.
#[derive(Debug, Clone)]
pub struct Fixed {
    pub resource: String,
    pub field: &'static str,
    pub why: &'static str,
}

/// What a walk found.
#[derive(Default)]
pub struct Ways {
    pub mutations: Vec<Mutation>,
    pub fixed: Vec<Fixed>,
}

impl Mutation {
    /// Does it, as another person would, and lets a second pass.
    pub fn strike(&self, world: &World) {
        self.do_now(world);
        world.wait(1_000);
    }

    /// Does it, as another person would.
    pub fn do_now(&self, world: &World) {
        world.change(|state| {
            state.opened = Some(state.now);
            let line = format!("[{:>8} ms] somebody: {}: {}", state.now, self.resource, self.what);
            state.log.push(line);
            (self.deed)(state);
        });
    }
}

impl World {
    /// Every way to change what is there now.
    pub fn ways(&self) -> Ways {
        self.read(|state| {
            let mut ways = Ways::default();
            network::walk(state, &mut ways);
            door::walk(state, &mut ways);
            service::walk(state, &mut ways);
            twins::walk(state, &mut ways);
            ways
        })
    }

    /// Every resource that is there, by id, with its settings in words; without what changes by itself.
    pub fn shape(&self) -> std::collections::BTreeMap<String, String> {
        self.read(shape::shape)
    }
}

/// A change to one field, and its name.
type Change<T> = (&'static str, fn(&mut T));

/// A resource on the walk.
struct Walk<'a> {
    ways: &'a mut Ways,
    resource: String,
}

impl<'a> Walk<'a> {
    fn of(ways: &'a mut Ways, tags: &Tags) -> Self {
        Self { ways, resource: tags.get(tags::RESOURCE).cloned().unwrap_or_else(|| "default-security-group".into()) }
    }

    fn add(&mut self, nature: Nature, what: impl Into<String>, deed: impl Fn(&mut State) + 'static) {
        let (resource, what) = (self.resource.clone(), what.into());
        self.ways.mutations.push(Mutation { resource, what, nature, deed: Box::new(deed) });
    }

    fn field(&mut self, what: impl Into<String>, deed: impl Fn(&mut State) + 'static) {
        self.add(Nature::Field, what, deed);
    }

    fn delegated(&mut self, what: impl Into<String>, deed: impl Fn(&mut State) + 'static) {
        self.add(Nature::Delegated, what, deed);
    }

    fn deleted(&mut self) {
        let resource = self.resource.clone();
        self.add(Nature::Deleted, "deleted", move |state| crate::people::take_away(state, &resource));
    }

    fn fixed(&mut self, field: &'static str, why: &'static str) {
        self.ways.fixed.push(Fixed { resource: self.resource.clone(), field, why });
    }
}

/// The id is what a thing is known by.
const IDENTITY: &str = "it is what the thing is known by";
const SET_ONCE: &str = "AWS sets it when the thing is made, and has no call that changes it";
const CLOCK: &str = "it is a time in the fake, not a setting in AWS";

/// Whether moat made it.
fn is_ours<T>(kept: &&Kept<T>) -> bool {
    kept.tags.contains_key(tags::RESOURCE)
}
