//! What the endpoints of a network should be.

use super::Ground;
use crate::ids::VpcEndpointId;
use crate::name::{Logical, Name};
use crate::rule::{Direction, Peer, Rule};
use crate::spec::EndpointService;

/// What AWS's clients speak.
pub const HTTPS: u16 = 443;

pub fn endpoint(service: EndpointService) -> Logical {
    Logical::new(format!("vpc-endpoint {service}"))
}

/// The service that an endpoint of this name is for.
pub fn service(endpoint: &Logical) -> Option<EndpointService> {
    let known = EndpointService::BASE.into_iter().chain(EndpointService::BEYOND);
    known.into_iter().find(|service| self::endpoint(*service) == *endpoint)
}

pub fn group() -> Logical {
    Logical::from("security-group endpoints")
}

/// The fact that every endpoint that there should be answers for the names of its service, from every private subnet.
pub fn all_available() -> Logical {
    Logical::from("vpc-endpoints").available()
}

/// The fact that the VPC resolves names, which private DNS builds on ("Private DNS names", PrivateLink guide).
pub fn names_available() -> Logical {
    Logical::from("vpc names").available()
}

/// The fact that no name leads to an endpoint any more.
pub fn nameless(id: &VpcEndpointId) -> Logical {
    Logical::new(format!("{id} without names"))
}

/// The group's name in AWS, unique in its VPC, so that it cannot be created twice.
pub fn group_name(network: &Name) -> String {
    format!("moat-{network}-endpoints")
}

/// What AWS shows as the group's description. It cannot be changed later.
pub fn group_description(network: &Name) -> String {
    format!("moat: endpoints of network {network}")
}

/// All rules of the group. Whatever is in the VPC may ask; endpoints answer and never ask themselves.
pub fn rules(ground: &Ground<'_>) -> Vec<Rule> {
    ground.ranges.iter().map(|range| Rule::tcp(Direction::Ingress, HTTPS, Peer::Cidr(*range))).collect()
}
