//! The way to AWS's own services without the Internet: interface endpoints in the private subnets, their security
//! group, and the gateway endpoint of S3 on the private route tables.
//!
//! Nothing here asks who made the VPC: a [`Ground`] says where it is, which private subnets and route tables it has,
//! and what of that exists.

pub mod desired;
pub mod finding;
pub mod found;
pub mod observed;
pub mod plan;
pub mod policy;
pub mod s3;
pub mod step;

pub use found::FoundEndpoints;
pub use policy::Policy;
pub use step::EndpointStep;

use crate::cidr::Cidr;
use crate::ids::{SubnetId, VpcId};
use crate::name::{Logical, Name};
use crate::spec::{Egress, Needs};

/// Where endpoints go, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    /// The name of the network, which owns them.
    pub network: &'a Name,
    pub egress: Egress,
    pub needs: &'a Needs,
    pub vpc: Option<&'a VpcId>,
    /// The IPv4 ranges of the VPC.
    pub ranges: Vec<Cidr>,
    /// One private subnet of each zone, with its id where it exists.
    pub subnets: Vec<(Logical, Option<&'a SubnetId>)>,
}
