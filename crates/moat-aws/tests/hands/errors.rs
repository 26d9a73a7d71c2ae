//! What AWS's errors become, from bytes on the wire to the name that a state machine matches.

use crate::network_apply::{apply, cidr};
use crate::wire::{Answer, TORN, Wire};
use moat::error::Kind;
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired::NatPlace;

fn subnet() -> NetworkStep {
    let subnet = Logical::from("subnet private-a");
    NetworkStep::CreateSubnet { subnet, cidr: cidr("10.0.16.0/20"), zone: "eu-west-1a".into() }
}

#[tokio::test]
async fn each_code_becomes_the_kind_that_the_machines_match() {
    let table = [
        ("UnauthorizedOperation", Kind::Denied),
        ("AuthFailure", Kind::Denied),
        ("ExpiredToken", Kind::Denied),
        ("SubnetLimitExceeded", Kind::Quota),
        ("AddressLimitExceeded", Kind::Quota),
        ("RequestLimitExceeded", Kind::Throttled),
        ("Throttling", Kind::Throttled),
        ("InternalError", Kind::Unavailable),
        ("Unavailable", Kind::Unavailable),
        ("InvalidVpcID.NotFound", Kind::Conflict),
        ("InvalidAllocationID.NotFound", Kind::Conflict),
        ("DependencyViolation", Kind::Conflict),
        // It makes no sense for a create, but may come right by itself.
        ("NatGatewayNotFound", Kind::Conflict),
        ("SomethingNobodyHasMet", Kind::Unexpected),
    ];
    for (code, kind) in table {
        let wire = Wire::default().on("CreateSubnet", [Answer::error(code)]);
        let failure = apply(&wire, &subnet()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{code}");
        assert!(failure.message.starts_with("could not create subnet private-a 10.0.16.0/20"), "{failure}");
        assert!(failure.message.contains(&format!("AWS said {code}: so it says")), "{failure}");
    }
}

#[tokio::test]
async fn c1_an_address_that_is_not_visible_yet_is_a_conflict_and_not_the_end() {
    let wire = Wire::default().on("CreateNatGateway", [Answer::error("InvalidAllocationID.NotFound")]);
    let step = NetworkStep::CreateNatGateway { place: NatPlace::Zone('a'), predecessor: None };
    let failure = apply(&wire, &step).await.unwrap_err();
    assert!(failure.kind == Kind::Conflict && failure.kind.is_retryable());
    assert!(failure.message.ends_with("moat tries again when AWS has caught up"), "{failure}");
    assert_eq!(wire.count("AllocateAddress"), 0);
}

#[tokio::test]
async fn a_denial_names_the_step_and_says_what_to_do() {
    let denial = Answer::Error(403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
    let wire = Wire::default().on("CreateSubnet", [denial]);
    let failure = apply(&wire, &subnet()).await.unwrap_err();
    assert_eq!(
        failure.message,
        "could not create subnet private-a 10.0.16.0/20 in eu-west-1a: AWS said UnauthorizedOperation: You are not \
         authorized to perform this operation. Allow it in the role of this Lambda, or look for a service control \
         policy that forbids it"
    );
}

#[tokio::test]
async fn no_answer_is_unavailable_with_the_reason() {
    for (answer, why) in [(Answer::Lost, "the connection broke"), (Answer::TimedOut, "no answer")] {
        let wire = Wire::default().on("CreateSubnet", [answer]);
        let failure = apply(&wire, &subnet()).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Unavailable);
        assert!(failure.message.contains(why), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_as_good_as_none() {
    let wire = Wire::default().on("CreateSubnet", [TORN]);
    let failure = apply(&wire, &subnet()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert!(failure.message.contains("AWS's answer could not be read"), "{failure}");
    assert_eq!(wire.count("CreateSubnet"), 1);
}

#[tokio::test]
async fn a_server_error_without_a_code_is_unavailable_by_its_status() {
    for status in [500, 502, 503, 504] {
        let wire = Wire::default().on("CreateSubnet", [Answer::Page(status)]);
        let failure = apply(&wire, &subnet()).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Unavailable, "{status}: {failure}");
        assert!(failure.message.contains(&status.to_string()), "{failure}");
    }
}

#[tokio::test]
async fn a_code_that_nobody_has_met_with_the_status_of_a_server_error_is_unavailable() {
    let wire = Wire::default().on("CreateSubnet", [Answer::Error(500, "NewKindOfTrouble", "it hurts")]);
    assert_eq!(apply(&wire, &subnet()).await.unwrap_err().kind, Kind::Unavailable);
    let wire = Wire::default().on("CreateSubnet", [Answer::Error(429, "NewKindOfHaste", "slow down")]);
    assert_eq!(apply(&wire, &subnet()).await.unwrap_err().kind, Kind::Throttled);
}
