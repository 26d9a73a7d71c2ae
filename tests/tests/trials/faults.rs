//! What goes wrong on the wire: refused, throttled, and done but the answer lost.

use super::input;
use crate::Body;
use moat_tests::faults::{Fault, Scheduled, Slowness};
use moat_tests::holdings::{of_network, of_service};
use moat_tests::local::{Ended, Local};
use serde_json::Value;
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("c5_every_odd_answer_of_a_provision_can_be_lost_and_there_is_still_one_of_each", |l| {
            Box::pin(lost_answers(l, 1))
        }),
        ("c5_every_even_answer_of_a_provision_can_be_lost_and_there_is_still_one_of_each", |l| {
            Box::pin(lost_answers(l, 2))
        }),
        ("a_throttled_call_is_made_again_by_a_later_pass", |l| Box::pin(throttled(l))),
        ("a_step_that_never_helps_is_not_taken_for_ever", |l| Box::pin(never_helps(l))),
        ("a_denied_call_ends_the_execution_and_the_next_one_goes_on_from_there", |l| Box::pin(denied(l))),
    ]
}

/// How many changing calls a whole provision makes.
async fn count(local: &Local, name: &str) -> usize {
    local.plan(&[], Slowness::default());
    local.provision(&input(name, name)).await.output();
    local.proxy.changes().iter().filter(|call| call.operation.service != "ssm").count()
}

async fn with_fault(local: &Local, name: &str, at: usize, fault: Fault) -> (Value, Ended) {
    local.plan(&[Scheduled { at, fault }], Slowness::default());
    let wanted = input(name, name);
    let ended = local.provision(&wanted).await;
    let calls = local.proxy.calls();
    let hit = calls.iter().find(|call| call.fault == Some(fault)).map(|call| call.operation.to_string());
    assert!(hit.is_some(), "the fault at call {at} was never met");
    local.plan(&[], Slowness::default());
    (wanted, ended)
}

async fn is_whole(local: &Local, name: &str, what: &str) {
    assert_eq!(local.network_holdings(name).await, of_network(2, 1), "{what}");
    assert_eq!(local.service_holdings(name).await, of_service(), "{what}");
}

/// Two trials share the answers, so that they can run side by side.
async fn lost_answers(local: Arc<Local>, first: usize) {
    let calls = count(&local, &format!("count-{first}")).await;
    assert!(calls > 30, "a provision makes {calls} changing calls, which cannot be all");
    let turns: Vec<usize> = (first..=calls).step_by(2).collect();
    for &at in &turns {
        let name = format!("lost-{at}");
        let (wanted, ended) = with_fault(&local, &name, at, Fault::Lost).await;
        let again = local.provision(&wanted).await;
        assert_eq!(again.output()["outcome"], "settled", "answer {at} lost, then: {ended:?}");
        is_whole(&local, &name, &format!("answer {at} lost")).await;
    }
    println!("lost answers: {} of {calls} changing calls tried", turns.len());
}

async fn throttled(local: Arc<Local>) {
    for at in (1..=40).step_by(6) {
        let name = format!("throttled-{at}");
        let (_, ended) = with_fault(&local, &name, at, Fault::Throttled).await;
        assert_eq!(ended.output()["outcome"], "settled");
        is_whole(&local, &name, &format!("call {at} throttled")).await;
    }
}

async fn never_helps(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    local.proxy.pretend("PutRetentionPolicy");
    let wanted = input("restless", "restless");
    let ended = local.provision(&wanted).await;
    assert_eq!(ended.error, "Moat.Conflict", "{}", ended.cause);
    assert!(ended.cause.contains("the service does not settle") && ended.cause.contains("keep"), "{}", ended.cause);
    let taken = local.proxy.calls().iter().filter(|call| call.operation.name == "PutRetentionPolicy").count();
    assert_eq!(taken, 12, "{}", ended.cause);
    local.plan(&[], Slowness::default());
    assert_eq!(local.provision(&wanted).await.output()["outcome"], "settled");
    is_whole(&local, "restless", "after a step that did not help").await;
}

async fn denied(local: Arc<Local>) {
    for at in (1..=40).step_by(9) {
        let name = format!("denied-{at}");
        let (wanted, ended) = with_fault(&local, &name, at, Fault::Refused).await;
        assert_eq!(ended.error, "Moat.Denied", "{}", ended.cause);
        assert!(
            ended.cause.starts_with("could not ") && ended.cause.contains("Allow it in the role"),
            "{}",
            ended.cause
        );
        assert_eq!(local.provision(&wanted).await.output()["outcome"], "settled");
        is_whole(&local, &name, &format!("call {at} denied")).await;
    }
}
