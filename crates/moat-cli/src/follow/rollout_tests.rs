//! The replies of `moat-rollout`, as its Lambda gives them.

use super::super::event::{Event, What};
use super::super::lane::Lane;
use super::*;
use serde_json::json;

const OLD: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What a lane says when a task of its state `state` answers with `payload`.
fn hear(lane: &mut Lane, at: f64, state: &str, payload: Value) -> Vec<News> {
    let output = json!({"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200});
    let what = [
        What::Entered { state: state.into(), kind: "Task".into() },
        What::Answered { output },
        What::Exited { state: state.into() },
    ];
    let mut news = Vec::new();
    for what in what {
        let id = lane.seen + 1;
        // As a local AWS writes it, without a chain.
        news.extend(lane.hear(Event { id, previous: 0, at, what }));
    }
    news.retain(|news| !matches!(news, News::Begun { .. }));
    news
}

fn decided(decision: Value, next: &str) -> Value {
    let trigger = json!({"trigger": "command", "service": "web", "order": "look"});
    json!({"decision": decision, "next": next, "trigger": trigger, "retryAfter": 15})
}

fn follow(how: &str) -> Value {
    json!({"isEnded": false, "why": how, "retryAfter": 15, "started": {"digest": NEW, "since": "2026-03-01T18:00:00Z", "timeLimit": 1800}})
}

#[test]
fn r1_a_rollout_is_told_from_its_decision_to_its_outcome() {
    let mut lane = Lane::default();
    assert_eq!(hear(&mut lane, 1.0, "Take lock", json!({"isTaken": true})), []);
    let decision = json!({"decision": "deploy", "digest": NEW, "tag": "1.4"});
    let deploy = Decision::deserialize(&decision).unwrap();
    let news = hear(&mut lane, 2.0, "Roll", decided(decision, "follow"));
    assert_eq!(news, [News::Decided { service: Some("web".into()), decision: deploy }]);
    assert_eq!(lane.status().line(2.0), "rolling: ECS has been told, next look in 15 s");

    let how = "1 of 2 tasks run";
    assert_eq!(hear(&mut lane, 17.0, "Follow the rollout", follow(how)), [News::Rolling { how: how.into() }]);
    assert_eq!(hear(&mut lane, 32.0, "Follow the rollout", follow(how)), [], "the same standing is not told twice");
    assert_eq!(lane.status().line(40.0), "rolling: 1 of 2 tasks run, next look in 7 s");
    assert_eq!(hear(&mut lane, 47.0, "Follow the rollout", json!({"isEnded": true, "verdict": {}})), []);
    assert_eq!(lane.status().pause, None);

    let event = json!({
        "version": 1, "service": "web", "outcome": "succeeded", "message": "Service web was rolled.", "by": "a look",
        "execution": "arn", "at": "2026-03-01T18:01:00Z", "to": {"digest": NEW, "tag": "1.4"}, "from": {"digest": OLD},
    });
    let notice = json!({"subject": "moat: web", "text": "…", "event": event});
    let concluded =
        json!({"outcome": "succeeded", "message": "Service web was rolled.", "notice": notice, "cleared": []});
    let news = hear(&mut lane, 48.0, "Conclude the rollout", concluded);
    assert_eq!(news, [News::Concluded { outcome: "succeeded".into() }]);
    assert_eq!(lane.reports.len(), 1);
    assert_eq!(lane.reports[0].to.as_ref().unwrap().tag.as_deref(), Some("1.4"));
}

/// As AWS writes it, two services side by side in a Map: each event names the one before it in its own iteration.
#[test]
fn two_services_that_are_in_the_same_state_are_told_apart() {
    let mut lane = Lane::default();
    let entered = |state: &str, kind: &str| What::Entered { state: state.into(), kind: kind.into() };
    let taken = |is_taken: bool| What::Answered { output: json!({"Payload": {"isTaken": is_taken, "why": "busy"}}) };
    let lock = || What::Exited { state: "Take lock".into() };
    let mut told = Vec::new();
    for (id, previous, what) in [
        (1, 0, entered("Roll each service", "Map")),
        (2, 1, entered("Take lock", "Task")),
        (3, 1, entered("Take lock", "Task")),
        (4, 3, taken(false)),
        (5, 2, taken(true)),
        (6, 5, lock()),
    ] {
        told.extend(lane.hear(Event { id, previous, at: id as f64, what }));
    }
    let begun = |state: &str| News::Begun { state: state.into() };
    assert_eq!(told, [begun("Roll each service"), begun("Take lock"), News::PassedOver("busy".into())]);
    assert_eq!(lane.status().since, 3.0, "the first service has its lock, the second is still at it");
    assert_eq!(lane.hear(Event { id: 7, previous: 4, at: 7.0, what: lock() }), []);
    assert_eq!(lane.status().states, ["Roll each service"]);
}

#[test]
fn a_freeze_window_is_counted_down_until_the_lock_is_taken_again() {
    let mut lane = Lane::default();
    let why = "a freeze window is on, so 1.4 waits until 2026-03-01T18:00:00Z";
    let later = json!({"decision": "later", "at": "2026-03-01T18:00:00Z", "why": why});
    let at = 1_772_388_000.0 - 7500.0;
    hear(&mut lane, at, "Roll", decided(later, "wait"));
    assert!(lane.is_held());
    // Giving back the lock says nothing of the wait.
    hear(&mut lane, at, "Release lock", json!({"isReleased": true}));
    assert_eq!(lane.status().line(at), format!("held for 2 h 5 min more: {why}"));
    hear(&mut lane, at + 7500.0, "Take lock", json!({"isTaken": true}));
    assert!(!lane.is_held());
}

#[test]
fn i12_a_question_is_shown_with_the_time_that_is_left_and_then_with_its_answer() {
    let mut lane = Lane::default();
    let question = "Roll service web from sha256:aaaaaaaaaaaa to 1.4 (sha256:bbbbbbbbbbbb)?";
    let ask = json!({"decision": "ask", "digest": NEW, "tag": "1.4", "expires": "2026-03-01T18:00:00Z", "question": question});
    let at = 1_772_388_000.0 - 90.0;
    hear(&mut lane, at, "Roll", decided(ask, "ask"));
    assert_eq!(lane.status().line(at), format!("waiting for an answer, 1 min 30 s left: {question}"));
    assert_eq!(lane.status().line(at + 91.0), format!("nobody has answered in time: {question}"));
    let news = hear(&mut lane, at + 5.0, "Ask people", json!({"digest": NEW, "answer": "yes"}));
    assert_eq!(news, [News::Answered { digest: NEW.into(), answer: "yes".into() }]);
    assert!(!lane.is_held());
}

#[test]
fn a_service_that_another_rollout_works_on_is_passed_over_with_the_reason() {
    let why = "arn:other rolls service web, and looks again when it is done";
    let news = hear(&mut Lane::default(), 1.0, "Take lock", json!({"isTaken": false, "why": why}));
    assert_eq!(news, [News::PassedOver(why.into())]);
}

#[test]
fn what_is_no_reply_of_a_rollout_is_left_to_others() {
    let pass = json!({"outcome": "settled", "changes": [], "waiting": [], "retryAfter": 0});
    for other in [json!({"isReleased": true}), json!({"MessageId": "1"}), json!("text"), json!(null), pass] {
        assert!(find(&other, 0.0).is_none(), "{other}");
    }
    assert!(find(&decided(json!({"decision": "of another day"}), "end"), 0.0).is_none());
}
