//! The lock of a name, on SSM and Step Functions.

use crate::parameters::{Store, text};
use crate::wire::{Answer, Wire};
use crate::xml::name;
use moat::error::{Failure, Kind};
use moat::lock::claim;
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use serde_json::json;

const LOCK: &str = "/moat/locks/network/main";

fn owner() -> Owner {
    Owner::Network(name("main"))
}

async fn lock(wire: &Wire, me: &str) -> Result<(), Failure> {
    Parameters::new(&wire.config()).lock(&owner(), me).await
}

/// Executions whose name begins with `ended` have ended; one that begins with `forgotten` is not known any more.
fn wire(store: &Store) -> Wire {
    store.wire().respond("DescribeExecution", |call| {
        let arn = text(call, "executionArn");
        let status = if arn.starts_with("ended") { "FAILED" } else { "RUNNING" };
        if arn.starts_with("forgotten") {
            return Answer::error("ExecutionDoesNotExist");
        }
        json!({ "executionArn": arn, "stateMachineArn": "m", "status": status, "startDate": 1 }).into()
    })
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_free_lock_is_put_without_overwrite_and_with_tags() {
    let store = Store::default();
    let wire = wire(&store);
    assert_eq!(lock(&wire, "me").await, Ok(()));
    assert_eq!(store.all(), pairs(&[(LOCK, "me")]));
    let put = wire.call("PutParameter").json;
    assert_eq!(put["Overwrite"], json!(false));
    assert!(put["Tags"].as_array().unwrap().contains(&json!({ "Key": "moat:resource", "Value": "lock" })), "{put}");
}

#[tokio::test]
async fn a_lock_that_is_ours_is_held_and_nobody_is_asked() {
    let wire = wire(&Store::of(&[(LOCK, "me")]));
    assert_eq!(lock(&wire, "me").await, Ok(()));
    assert_eq!(wire.count("PutParameter") + wire.count("DescribeExecution"), 0);
}

#[tokio::test]
async fn c4_the_lock_of_a_running_execution_is_waited_for_by_name() {
    let store = Store::of(&[(LOCK, "arn:running")]);
    let wire = wire(&store);
    let failure = lock(&wire, "me").await.unwrap_err();
    assert_eq!(failure.kind, Kind::Locked);
    let expected = "network main is being changed by arn:running. moat waits for it; or stop that execution";
    assert_eq!(failure.message, expected);
    assert_eq!(store.all(), pairs(&[(LOCK, "arn:running")]));
}

#[tokio::test]
async fn the_lock_of_an_ended_or_forgotten_execution_is_taken_over_and_no_claim_is_left() {
    for holder in ["ended:1", "forgotten:1"] {
        let store = Store::of(&[(LOCK, holder)]);
        assert_eq!(lock(&wire(&store), "me").await, Ok(()));
        assert_eq!(store.all(), pairs(&[(LOCK, "me")]), "{holder}");
    }
}

#[tokio::test]
async fn a_claim_that_a_running_execution_holds_is_waited_for() {
    let claim = claim(LOCK, "ended:1");
    let store = Store::of(&[(LOCK, "ended:1"), (&claim, "arn:rival")]);
    let failure = lock(&wire(&store), "me").await.unwrap_err();
    assert_eq!(failure.kind, Kind::Locked);
    assert!(failure.message.contains("arn:rival"), "{failure}");
    assert_eq!(store.all(), pairs(&[(LOCK, "ended:1"), (&claim, "arn:rival")]), "nothing was touched");
}

#[tokio::test]
async fn a_claim_of_an_execution_that_ended_before_it_took_over_does_not_block_for_ever() {
    let claim = claim(LOCK, "ended:1");
    let store = Store::of(&[(LOCK, "ended:1"), (&claim, "ended:2")]);
    assert_eq!(lock(&wire(&store), "me").await, Ok(()));
    assert_eq!(store.all(), pairs(&[(LOCK, "me")]));
}

#[tokio::test]
async fn c4_who_loses_the_race_for_a_claim_takes_nothing() {
    let store = Store::of(&[(LOCK, "ended:1")]);
    let rival = store.clone();
    let wire = wire(&store).respond("PutParameter", move |call| {
        rival.set(&text(call, "Name"), "arn:rival");
        rival.put(call)
    });
    assert_eq!(lock(&wire, "me").await.unwrap_err().kind, Kind::Locked);
    assert_eq!(store.all(), pairs(&[(LOCK, "ended:1"), (&claim(LOCK, "ended:1"), "arn:rival")]));
}

#[tokio::test]
async fn c4_a_claim_that_was_won_too_late_is_given_back() {
    let store = Store::of(&[(LOCK, "ended:1")]);
    let rival = store.clone();
    // Between our look and our claim, a rival claimed, took over and cleared up after itself.
    let wire = wire(&store).respond("PutParameter", move |call| {
        rival.set(LOCK, "arn:rival");
        rival.put(call)
    });
    assert_eq!(lock(&wire, "me").await.unwrap_err().kind, Kind::Locked);
    assert_eq!(store.all(), pairs(&[(LOCK, "arn:rival")]));
}

#[tokio::test]
async fn c5_a_lock_whose_put_got_no_answer_is_ours_the_next_time() {
    for before in [vec![], vec![(LOCK, "ended:1")]] {
        let store = Store::of(&before);
        let deaf = store.clone();
        let losing = wire(&store).respond("PutParameter", move |call| {
            deaf.put(call);
            Answer::Lost
        });
        assert_eq!(lock(&losing, "me").await.unwrap_err().kind, Kind::Unavailable);
        assert_eq!(losing.count("PutParameter"), 1, "a put without overwrite would meet its own first one");
        assert_eq!(lock(&wire(&store), "me").await, Ok(()));
        assert_eq!(store.all(), pairs(&[(LOCK, "me")]));
    }
}

#[tokio::test]
async fn a_stopped_executions_lock_is_taken_over_only_when_its_lambda_must_be_done() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (ago, expected) in [(5, Err(Kind::Locked)), (60, Ok(()))] {
        let stopped = json!({
            "executionArn": "stopped:1",
            "stateMachineArn": "m",
            "status": "ABORTED",
            "startDate": 1,
            "stopDate": now - ago,
        });
        let wire = Store::of(&[(LOCK, "stopped:1")]).wire().on("DescribeExecution", [stopped]);
        assert_eq!(lock(&wire, "me").await.map_err(|failure| failure.kind), expected, "{ago} s ago");
    }
}

#[tokio::test]
async fn when_nobody_can_say_whether_the_holder_runs_its_lock_is_left_alone() {
    let store = Store::of(&[(LOCK, "ended:1")]);
    let wire = store.wire().on("DescribeExecution", [Answer::error("AccessDeniedException")]);
    assert_eq!(lock(&wire, "me").await.unwrap_err().kind, Kind::Denied);
    assert_eq!(store.all(), pairs(&[(LOCK, "ended:1")]));
}

#[tokio::test]
async fn only_ones_own_lock_is_given_back_and_twice_is_fine() {
    let store = Store::of(&[(LOCK, "me")]);
    let wire = wire(&store);
    let parameters = Parameters::new(&wire.config());
    assert_eq!(parameters.unlock(&owner(), "other").await, Ok(false));
    assert_eq!(parameters.unlock(&owner(), "me").await, Ok(true));
    assert_eq!(parameters.unlock(&owner(), "me").await, Ok(false));
    assert!(store.all().is_empty());
}
