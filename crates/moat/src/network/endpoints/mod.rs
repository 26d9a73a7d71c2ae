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
use crate::ids::{RouteTableId, SubnetId, VpcId};
use crate::name::{Logical, Name};
use crate::spec::{Egress, EndpointService, Needs};
use std::collections::BTreeSet;

/// Where endpoints go, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    /// The name of the network, which owns them.
    pub network: &'a Name,
    pub egress: Egress,
    /// Whether private subnets reach out through endpoints alone.
    pub is_only_way: bool,
    /// Whether interface endpoints may let the account's own through alone. What answers for a name answers everything in
    /// the VPC, and where others live there too, they may ask for what is another account's.
    pub is_limited: bool,
    pub needs: &'a Needs,
    pub vpc: Option<&'a VpcId>,
    /// The IPv4 ranges of the VPC.
    pub ranges: Vec<Cidr>,
    /// One private subnet of each zone, with its id where it exists.
    pub subnets: Vec<(Logical, Option<&'a SubnetId>)>,
    /// The route tables of these subnets that get the route to S3, each with its id where it exists.
    pub tables: Vec<(Logical, Option<&'a RouteTableId>)>,
    /// What endpoints of others in the VPC answer for: a name leads to one endpoint only.
    pub served: BTreeSet<EndpointService>,
}
