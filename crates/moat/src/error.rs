//! Why something did not work, in names that the state machines match and sentences that people read.
//!
//! [`Kind`] is an interface: its nine names appear in `infra/statemachines/*.asl.json`, and a test holds the two
//! together. AWS's own error codes are sorted by meaning in one table, [`meaning`]; nothing else compares codes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The nine errors that moat's Lambdas answer with. Only the retryable ones are ever tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The input is wrong. Nothing was read or changed.
    #[serde(rename = "Moat.SpecInvalid")]
    SpecInvalid,
    /// The input is fine but what exists makes it impossible or unsafe. Nothing was changed.
    #[serde(rename = "Moat.Refused")]
    Refused,
    /// AWS says that this role may not do this.
    #[serde(rename = "Moat.Denied")]
    Denied,
    /// An account limit is reached.
    #[serde(rename = "Moat.Quota")]
    Quota,
    /// AWS asks to slow down.
    #[serde(rename = "Moat.Throttled")]
    Throttled,
    /// No answer, or an answer that says "try later". It may or may not have been done.
    #[serde(rename = "Moat.Unavailable")]
    Unavailable,
    /// Something that this needs is not there yet, or is busy.
    #[serde(rename = "Moat.Conflict")]
    Conflict,
    /// Another execution holds the name.
    #[serde(rename = "Moat.Locked")]
    Locked,
    /// Everything else. A defect of moat, or a case that nobody has met yet.
    #[serde(rename = "Moat.Unexpected")]
    Unexpected,
}

impl Kind {
    /// All of them, for tests that compare the list with the state machines.
    pub const ALL: [Self; 9] = [
        Self::SpecInvalid,
        Self::Refused,
        Self::Denied,
        Self::Quota,
        Self::Throttled,
        Self::Unavailable,
        Self::Conflict,
        Self::Locked,
        Self::Unexpected,
    ];

    /// The name that Step Functions sees as the error.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpecInvalid => "Moat.SpecInvalid",
            Self::Refused => "Moat.Refused",
            Self::Denied => "Moat.Denied",
            Self::Quota => "Moat.Quota",
            Self::Throttled => "Moat.Throttled",
            Self::Unavailable => "Moat.Unavailable",
            Self::Conflict => "Moat.Conflict",
            Self::Locked => "Moat.Locked",
            Self::Unexpected => "Moat.Unexpected",
        }
    }

    /// Whether trying the same again can help.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Conflict | Self::Locked)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One failed piece of work: its kind, and one sentence that says what was being done, on what, why it failed and what
/// to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    #[serde(rename = "error")]
    pub kind: Kind,
    pub message: String,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// What an AWS error code means to moat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Creating: it is there. Success.
    AlreadyThere,
    /// Deleting: it is gone. Success. Describing by name: absent.
    NotThere,
    /// Anything that is not an answer to "is it there".
    Is(Kind),
}

/// AWS's error codes by meaning. The codes are matched exactly, never by part of a message.
///
/// Sources: "Error codes for the Amazon EC2 API"; the API references of ELB v2, ECS, ECR, CloudWatch Logs, SSM, IAM and
/// WAF.
pub fn meaning(code: &str) -> Meaning {
    match code {
        // Created before, by us: names and CIDRs are unique in their scope, attachments and routes are single.
        "InvalidGroup.Duplicate"
        | "InvalidPermission.Duplicate"
        | "InvalidSubnet.Conflict"
        | "Resource.AlreadyAssociated"
        | "RouteAlreadyExists"
        | "RouteTableAlreadyAssociated"
        | "ResourceAlreadyExistsException"
        | "EntityAlreadyExists"
        | "DuplicateLoadBalancerName"
        | "DuplicateTargetGroupName"
        | "DuplicateListener"
        | "ParameterAlreadyExists" => Meaning::AlreadyThere,

        "InvalidPermission.NotFound"
        | "InvalidRoute.NotFound"
        | "NatGatewayNotFound"
        | "Gateway.NotAttached"
        | "LoadBalancerNotFound"
        | "TargetGroupNotFound"
        | "ListenerNotFound"
        | "RuleNotFound"
        | "WAFNonexistentItemException"
        | "ClusterNotFoundException"
        | "ServiceNotFoundException"
        | "NoSuchEntity"
        | "ParameterNotFound" => Meaning::NotThere,

        // Not visible yet, or still in use: the next pass looks again (C1, C3, C12).
        "InvalidVpcID.NotFound"
        | "InvalidSubnetID.NotFound"
        | "InvalidSubnet"
        | "InvalidInternetGatewayID.NotFound"
        | "InvalidElasticIpID.NotFound"
        | "InvalidAllocationID.NotFound"
        | "InvalidNatGatewayID.NotFound"
        | "InvalidRouteTableID.NotFound"
        | "InvalidAssociationID.NotFound"
        | "InvalidGroup.NotFound"
        | "InvalidGroupId.NotFound"
        | "InvalidVpcEndpointId.NotFound"
        | "InvalidGatewayID.NotFound"
        | "SubnetNotFound"
        | "InvalidSecurityGroup"
        | "IdempotentParameterMismatch"
        | "IncorrectState"
        | "IncorrectInstanceState"
        | "InvalidIPAddress.InUse"
        | "DependencyViolation"
        | "ResourceInUse"
        | "UpdateInProgressException"
        | "OperationAbortedException"
        | "ConcurrentModification"
        | "TooManyUpdates"
        | "WAFUnavailableEntityException" => Meaning::Is(Kind::Conflict),

        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException" => Meaning::Is(Kind::Denied),

        "VpcLimitExceeded"
        | "SubnetLimitExceeded"
        | "InternetGatewayLimitExceeded"
        | "AddressLimitExceeded"
        | "NatGatewayLimitExceeded"
        | "RouteTableLimitExceeded"
        | "RouteLimitExceeded"
        | "VpcEndpointLimitExceeded"
        | "GatewayVpcEndpointLimitExceeded"
        | "SecurityGroupLimitExceeded"
        | "RulesPerSecurityGroupLimitExceeded"
        | "SecurityGroupsPerInterfaceLimitExceeded"
        | "TooManyLoadBalancers"
        | "TooManyTargetGroups"
        | "TooManyListeners"
        | "LimitExceeded"
        | "LimitExceededException"
        | "ParameterLimitExceeded" => Meaning::Is(Kind::Quota),

        "RequestLimitExceeded"
        | "RequestThrottled"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RateExceeded" => Meaning::Is(Kind::Throttled),

        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "Unavailable"
        | "RequestTimeout" => Meaning::Is(Kind::Unavailable),

        _ => Meaning::Is(Kind::Unexpected),
    }
}

/// The meaning of an error whose code says too little, by its message. Each is a narrow match, for want of a code.
pub fn meaning_of(code: &str, message: &str) -> Meaning {
    let says = |part: &str| message.contains(part);
    match code {
        // CreateVpcEndpoint: an endpoint whose create answer was lost is there, and cannot be seen yet.
        "InvalidParameter" if says("conflicting DNS domain") => Meaning::Is(Kind::Conflict),
        // CreateService: no listener names the target group yet (C8), or the old service is still stopping (C12). The
        // first use of ECS in an account: its role is made with the cluster, and cannot be used at once.
        "InvalidParameterException" | "ClientException"
            if says("does not have an associated load balancer")
                || says("still Draining")
                || says("Unable to assume the service linked role") =>
        {
            Meaning::Is(Kind::Conflict)
        }
        // CreateServiceLinkedRole: there is one of a service, and it has a name of its own (C6).
        "InvalidInput" if says("has been taken in this account") => Meaning::AlreadyThere,
        code => meaning(code),
    }
}

/// The meaning of the error of a call that takes one thing away. An id that AWS does not know is gone: whether it really
/// is, the next observation tells.
///
/// `AuthFailure` is what EC2 says of an Elastic IP that a NAT gateway still holds (T4). A role that may not release
/// addresses gets `UnauthorizedOperation`.
pub fn meaning_of_removal(code: &str, message: &str) -> Meaning {
    match code {
        "InvalidVpcID.NotFound"
        | "InvalidSubnetID.NotFound"
        | "InvalidInternetGatewayID.NotFound"
        // An egress-only Internet gateway.
        | "InvalidGatewayID.NotFound"
        | "InvalidAllocationID.NotFound"
        | "InvalidNatGatewayID.NotFound"
        | "InvalidRouteTableID.NotFound"
        | "InvalidGroup.NotFound"
        | "InvalidGroupId.NotFound"
        | "InvalidVpcEndpointId.NotFound"
        | "ServiceNotActiveException"
        | "ObjectNotFoundException"
        | "ResourceNotFoundException" => Meaning::NotThere,
        "AuthFailure"
        | "OperationNotPermitted"
        | "ClusterContainsServicesException"
        | "ClusterContainsTasksException"
        | "ConcurrentUpdateException" => Meaning::Is(Kind::Conflict),
        // DeleteService: the deployments of a service follow its count a moment later.
        "InvalidParameterException" if message.contains("cannot be stopped while") => Meaning::Is(Kind::Conflict),
        code => meaning_of(code, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t4_what_is_not_there_is_gone_and_an_address_that_is_held_is_waited_for() {
        assert_eq!(meaning_of_removal("InvalidAllocationID.NotFound", ""), Meaning::NotThere);
        assert_eq!(meaning_of_removal("AuthFailure", ""), Meaning::Is(Kind::Conflict));
        assert_eq!(meaning_of_removal("UnauthorizedOperation", ""), Meaning::Is(Kind::Denied));
        assert_eq!(meaning_of_removal("DependencyViolation", ""), Meaning::Is(Kind::Conflict));
        let message = "The service cannot be stopped while deployments are scaled above 0.";
        assert_eq!(meaning_of_removal("InvalidParameterException", message), Meaning::Is(Kind::Conflict));
    }

    #[test]
    fn a_name_is_the_same_on_the_wire_and_in_print() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn only_what_can_get_better_by_itself_is_retried() {
        let retried: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        assert_eq!(retried, [Kind::Throttled, Kind::Unavailable, Kind::Conflict, Kind::Locked]);
    }

    #[test]
    fn c8_a_target_group_without_a_listener_is_waited_for() {
        let message = "The target group with targetGroupArn arn:x does not have an associated load balancer.";
        assert_eq!(meaning_of("InvalidParameterException", message), Meaning::Is(Kind::Conflict));
        assert_eq!(meaning_of("InvalidParameterException", "cpu is wrong"), Meaning::Is(Kind::Unexpected));
    }

    #[test]
    fn c6_a_role_that_cannot_be_assumed_yet_is_waited_for_and_one_that_exists_is_made() {
        let message =
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
        assert_eq!(meaning_of("InvalidParameterException", message), Meaning::Is(Kind::Conflict));
        let message =
            "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.";
        assert_eq!(meaning_of("InvalidInput", message), Meaning::AlreadyThere);
        assert_eq!(meaning_of("InvalidInput", "it is wrong"), Meaning::Is(Kind::Unexpected));
        assert_eq!(meaning("NoSuchEntity"), Meaning::NotThere);
    }

    #[test]
    fn c12_a_service_that_is_still_draining_is_waited_for() {
        let message = "Unable to Start a service that is still Draining.";
        assert_eq!(meaning_of("InvalidParameterException", message), Meaning::Is(Kind::Conflict));
    }

    #[test]
    fn a_code_is_matched_whole() {
        assert_eq!(meaning("RouteAlreadyExists"), Meaning::AlreadyThere);
        assert_eq!(meaning("RouteAlreadyExistsNot"), Meaning::Is(Kind::Unexpected));
    }
}
