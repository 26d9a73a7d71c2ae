//! VPC endpoints, as a repair and a teardown delete them.

use crate::answer::{Answer, unless_gone};
use moat::error::Failure;
use moat::ids::VpcEndpointId;
use std::fmt::Display;

/// EC2 answers with success, and lists those that it did not delete.
pub(crate) async fn delete_endpoint(
    ec2: &aws_sdk_ec2::Client,
    id: &VpcEndpointId,
    step: impl Display + Copy,
) -> Result<(), Failure> {
    let answer = ec2.delete_vpc_endpoints().vpc_endpoint_ids(id.as_str()).send().await.read(step)?;
    answer
        .unsuccessful()
        .iter()
        .filter_map(|item| item.error())
        .try_for_each(|error| unless_gone(error.code().unwrap_or_default(), error.message().unwrap_or_default(), step))
}
