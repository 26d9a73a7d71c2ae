//! Looks, before anything is created, for everything that would make a provision fail.

fn main() {}
