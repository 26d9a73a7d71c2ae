//! The proof of privacy and egress: on networks with one thing wrong, and against a walker that tries every packet.

mod catalogue;
mod networks;
