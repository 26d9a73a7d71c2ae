//! What goes over the wire twice: never a create without a token, since AWS would make a twin of it.

use crate::network_apply::{apply, cidr};
use crate::wire::{Answer, Wire};
use crate::xml::{stage, tag};
use moat::cidr::Anywhere;
use moat::error::Kind;
use moat::name::Logical;
use moat::network::NetworkStep;
use moat::network::desired::NatPlace;
use moat::network::step::Gateway;
use moat::stage::{Cloud, Done};
use moat_aws::network::NetworkCloud;

/// Every way in which an answer can be lost.
fn losses() -> [Answer; 5] {
    let status = |status, code| Answer::Error(status, code, "try later");
    [Answer::Lost, Answer::TimedOut, status(500, "InternalError"), status(503, "Unavailable"), Answer::Page(502)]
}

fn nat() -> NetworkStep {
    NetworkStep::CreateNatGateway { place: NatPlace::Zone('a'), predecessor: None }
}

#[tokio::test]
async fn c5_a_create_without_a_token_is_sent_once_however_its_answer_was_lost() {
    let table = || Logical::from("route-table public");
    let steps = [
        ("CreateVpc", NetworkStep::CreateVpc { cidr: cidr("10.0.0.0/16") }),
        ("CreateInternetGateway", NetworkStep::CreateInternetGateway),
        ("AllocateAddress", NetworkStep::AllocateAddress { address: Logical::from("elastic-ip a") }),
        (
            "CreateRoute",
            NetworkStep::CreateRoute { table: table(), destination: Anywhere::Ipv4, gateway: Gateway::Internet },
        ),
        ("AttachInternetGateway", NetworkStep::AttachInternetGateway),
    ];
    for (action, step) in steps {
        for loss in losses() {
            let wire = Wire::default().on(action, [loss.clone()]);
            let failure = apply(&wire, &step).await.unwrap_err();
            assert_eq!(failure.kind, Kind::Unavailable, "{action} {loss:?}");
            assert_eq!(wire.count(action), 1, "{action} {loss:?}");
        }
    }
}

#[tokio::test]
async fn a_throttled_create_without_a_token_is_left_to_the_next_pass() {
    let wire = Wire::default().on("AllocateAddress", [Answer::Error(503, "RequestLimitExceeded", "slow down")]);
    let step = NetworkStep::AllocateAddress { address: Logical::from("elastic-ip a") };
    assert_eq!(apply(&wire, &step).await.unwrap_err().kind, Kind::Throttled);
    assert_eq!(wire.count("AllocateAddress"), 1);
}

#[tokio::test]
async fn c4_a_create_with_a_token_is_sent_again_with_the_same_one() {
    for loss in losses() {
        let made = Answer::from(tag("natGateway", tag("natGatewayId", "nat-9")));
        let wire = Wire::default().on("CreateNatGateway", [loss.clone(), loss, made]);
        assert_eq!(apply(&wire, &nat()).await, Ok(Done::Made("nat-9".into())));
        let tokens: Vec<String> = wire.calls().iter().map(|call| call.field("ClientToken").to_owned()).collect();
        assert_eq!(tokens.len(), 3);
        assert!(tokens.iter().all(|token| *token == tokens[0] && !token.is_empty()));
    }
}

#[tokio::test]
async fn a_create_with_a_token_is_given_up_after_three_attempts() {
    let wire = Wire::default().on("CreateNatGateway", [Answer::Lost]);
    assert_eq!(apply(&wire, &nat()).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(wire.count("CreateNatGateway"), 3);
}

#[tokio::test]
async fn reading_is_tried_three_times() {
    for loss in losses() {
        let wire = Wire::default().on("DescribeVpcs", [loss.clone(), loss, Answer::from("")]);
        let observed = NetworkCloud::new(&wire.config()).observe(&stage()).await;
        assert!(observed.is_ok(), "{observed:?}");
        assert_eq!(wire.count("DescribeVpcs"), 3);
    }
}

#[tokio::test]
async fn c1_a_token_does_not_make_the_sdk_repeat_what_is_refused() {
    let wire = Wire::default().on("CreateNatGateway", [Answer::error("InvalidAllocationID.NotFound")]);
    assert_eq!(apply(&wire, &nat()).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(wire.count("CreateNatGateway"), 1);
}
