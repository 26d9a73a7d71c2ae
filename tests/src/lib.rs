//! Test doubles that stand outside the program: a proxy in front of the local AWS, and the local AWS itself.

pub mod buckets;
pub mod faults;
pub mod holdings;
pub mod local;
pub mod people;
pub mod proxy;
pub mod start;
mod tagging;
pub mod wire;
