//! What exists, with when it can be seen: AWS shows new things late, and old ones for a while after they are gone.

use moat::tags::Owner;
use std::collections::BTreeMap;

pub type Tags = BTreeMap<String, String>;

/// A thing that has an id.
pub trait HasId {
    fn id(&self) -> &str;
}

/// A thing on a shelf.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    pub thing: T,
    pub tags: Tags,
    seen_from: u64,
    usable_from: u64,
    /// Gone, but described until this time.
    gone: Option<u64>,
}

/// All things of one kind, also those that are gone but not yet out of sight.
#[derive(Debug, Clone)]
pub struct Shelf<T>(Vec<Kept<T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: HasId + Clone> Shelf<T> {
    /// Puts a thing that describes show from `seen_from` on, and that other calls accept from `usable_from` on.
    pub fn put(&mut self, thing: T, tags: Tags, seen_from: u64, usable_from: u64) {
        self.0.push(Kept { thing, tags, seen_from, usable_from, gone: None });
    }

    /// What exists, whether or not it can be seen.
    pub fn there(&self) -> impl Iterator<Item = &T> {
        self.kept().map(|kept| &kept.thing)
    }

    /// What exists, and what ever did.
    pub fn ever(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|kept| &kept.thing)
    }

    pub fn there_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().filter(|kept| kept.gone.is_none()).map(|kept| &mut kept.thing)
    }

    pub fn kept(&self) -> impl Iterator<Item = &Kept<T>> {
        self.0.iter().filter(|kept| kept.gone.is_none())
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.there().find(|thing| thing.id() == id)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.there_mut().find(|thing| thing.id() == id)
    }

    /// Takes all tags off a thing.
    pub fn untag(&mut self, id: &str) {
        self.0.iter_mut().filter(|kept| kept.thing.id() == id).for_each(|kept| kept.tags.clear());
    }

    /// A thing that another call may name by now.
    pub fn usable(&self, id: &str, now: u64) -> Option<&T> {
        self.kept().find(|kept| kept.thing.id() == id && kept.usable_from <= now).map(|kept| &kept.thing)
    }

    /// What describes show now.
    pub fn seen(&self, now: u64) -> impl Iterator<Item = &Kept<T>> {
        self.0.iter().filter(move |kept| kept.seen_from <= now && kept.gone.is_none_or(|until| now < until))
    }

    /// What a describe that is filtered by the owner's tag shows now, in an order that says nothing.
    pub fn seen_of(&self, owner: &Owner, now: u64) -> impl Iterator<Item = &Kept<T>> {
        self.seen(now).filter(move |kept| owner.owns(&kept.tags))
    }

    /// Takes all tags off a thing.
    pub fn strip(&mut self, id: &str) {
        self.0.iter_mut().filter(|kept| kept.thing.id() == id).for_each(|kept| kept.tags.clear());
    }

    /// Takes away what `is_it` picks; describes show it until `until`. Returns whether there was any.
    pub fn remove(&mut self, mut is_it: impl FnMut(&T) -> bool, until: u64) -> bool {
        let mut any = false;
        for kept in self.0.iter_mut().filter(|kept| kept.gone.is_none()) {
            if is_it(&kept.thing) {
                kept.gone = Some(until);
                any = true;
            }
        }
        any
    }
}

/// A part of a thing that is seen late or longer than it is there: a route, a rule, an association.
#[derive(Debug, Clone)]
pub struct Part<T> {
    pub part: T,
    pub seen_from: u64,
    pub gone: Option<u64>,
}

/// The parts of one thing.
#[derive(Debug, Clone)]
pub struct Parts<T>(Vec<Part<T>>);

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Parts<T> {
    pub fn of(parts: Vec<T>) -> Self {
        Self(parts.into_iter().map(|part| Part { part, seen_from: 0, gone: None }).collect())
    }

    pub fn put(&mut self, part: T, seen_from: u64) {
        self.0.push(Part { part, seen_from, gone: None });
    }

    pub fn there(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter(|part| part.gone.is_none()).map(|part| &part.part)
    }

    pub fn seen(&self, now: u64) -> impl Iterator<Item = &T> {
        let is_seen = move |part: &&Part<T>| part.seen_from <= now && part.gone.is_none_or(|until| now < until);
        self.0.iter().filter(is_seen).map(|part| &part.part)
    }

    pub fn remove(&mut self, mut is_it: impl FnMut(&T) -> bool, until: u64) -> bool {
        let mut any = false;
        for part in self.0.iter_mut().filter(|part| part.gone.is_none()) {
            if is_it(&part.part) {
                part.gone = Some(until);
                any = true;
            }
        }
        any
    }
}
