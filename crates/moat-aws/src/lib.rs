//! The hands of moat: the only crate that names the AWS SDK.
//!
//! Each module reads one part of an account into the types of `moat`, and does the steps that `moat` decided on. It
//! decides nothing. There is one feature per AWS service, so that a Lambda links only what it calls.

pub mod answer;
#[cfg(any(feature = "ec2", feature = "ecs"))]
mod binding;
#[cfg(any(feature = "ec2", feature = "ecs", feature = "sfn"))]
pub mod clock;
pub mod config;

#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(any(all(feature = "ecr", feature = "logs"), feature = "scaling"))]
mod ecs;
#[cfg(feature = "ec2")]
mod endpoints;
#[cfg(all(feature = "ec2", feature = "ecs", feature = "elb"))]
pub mod evidence;
#[cfg(all(feature = "ec2", feature = "elb", feature = "waf"))]
pub mod ingress;
#[cfg(feature = "ec2")]
mod interface;
#[cfg(all(feature = "ec2", feature = "ecs", feature = "tagging"))]
pub mod leftovers;
#[cfg(feature = "ec2")]
pub mod network;
#[cfg(all(feature = "ssm", feature = "sfn"))]
pub mod parameters;
#[cfg(all(
    feature = "acm",
    feature = "ec2",
    feature = "elb",
    feature = "iam",
    feature = "quotas",
    feature = "secrets",
    feature = "ssm"
))]
pub mod preflight;
#[cfg(feature = "ssm")]
pub mod records;
#[cfg(all(feature = "ecs", feature = "ecr", feature = "elb", feature = "ssm"))]
pub mod rollout;
#[cfg(feature = "ec2")]
mod routes;
#[cfg(all(feature = "scaling", feature = "ecs"))]
pub mod scaling;
#[cfg(all(feature = "secrets", feature = "iam", feature = "ssm"))]
pub mod secrets;
#[cfg(all(feature = "ecs", feature = "ecr", feature = "logs", feature = "scaling"))]
pub mod service;
#[cfg(feature = "tagging")]
mod tags;
#[cfg(all(feature = "ec2", feature = "ecs", feature = "elb", feature = "logs", feature = "scaling", feature = "ssm"))]
pub mod teardown;
#[cfg(any(feature = "elb", feature = "logs", feature = "scaling", feature = "tagging"))]
mod together;
