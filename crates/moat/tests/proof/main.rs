//! The proof of privacy and egress: on networks with one thing wrong, and against a walker that tries every packet.

mod agreement;
mod catalogue;
mod networks;
mod private;
mod random;
mod walker;
