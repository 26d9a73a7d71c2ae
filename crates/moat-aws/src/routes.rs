//! Routes, as a repair and a teardown delete them.

use crate::answer::Answer;
use moat::error::Failure;
use std::fmt::Display;

/// By its destination: a range of IPv4 or IPv6, or a prefix list.
pub(crate) async fn delete_route(
    ec2: &aws_sdk_ec2::Client,
    table: &str,
    destination: &str,
    step: impl Display,
) -> Result<(), Failure> {
    let call = ec2.delete_route().route_table_id(table);
    let call = match destination {
        range if range.contains(':') => call.destination_ipv6_cidr_block(range),
        list if list.starts_with("pl-") => call.destination_prefix_list_id(list),
        range => call.destination_cidr_block(range),
    };
    call.send().await.remove(step)
}
