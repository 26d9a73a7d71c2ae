//! `moat-rollout` on a service that rolls over time: each outcome, and what a push does in each situation.

use futures_util::future::{join, join_all};
use moat::image::Digest;
use moat::rollout::flow;
use moat::rollout::outcome::Status;
use moat_fake::World;
use moat_fake::rollout::{Ended, Fate, Rollout};
use serde_json::{Value, json};

mod rollouts;
use rollouts::{digest, event, push, pushed, rolls, run, running, settled, spec, told};

#[track_caller]
fn is(world: &World, ended: &Ended, outcome: &str, runs: u64) {
    assert_eq!(ended.outcome(), outcome, "{}", world.story());
    assert_eq!(running(world), digest(runs), "{}", world.story());
    assert_eq!(world.read(|state| state.ground.lost_updates), 0);
}

#[test]
fn r1_a_rollout_that_completes_has_succeeded_and_is_remembered_with_what_ran_before() {
    let world = settled(1, &json!({}));
    is(&world, &pushed(&world, 2), "succeeded", 2);
    let release = world.read(|state| state.ground.release());
    assert_eq!(release.current.map(|current| current.digest), Some(digest(2)));
    assert_eq!(release.previous[0].digest, digest(1));
    assert!(release.rolling.is_none() && release.quarantine.is_empty());
    assert_eq!(told(&world)[0]["outcome"], "succeeded");
    assert_eq!(told(&world)[0]["running"][0]["digest"], json!(digest(2)));
}

#[test]
fn r2_what_ecs_takes_back_is_rolled_back_and_says_by_what() {
    let fates = [(Fate::Breaker(300_000), "breaker"), (Fate::Alarm(90_000), "alarm"), (Fate::Hook(10_000), "hook")];
    for has_api in [true, false] {
        for (fate, by) in fates {
            let world = settled(1, &json!({}));
            world.change(|state| {
                state.ground.ecs.has_service_deployments = has_api;
                state.ground.ecs.fates.insert(digest(2), fate);
            });
            is(&world, &pushed(&world, 2), "rolled-back", 1);
            assert_eq!(told(&world)[0]["undoneBy"], by, "{}", world.story());
            assert!(world.read(|state| state.ground.release()).quarantine.contains_key(&digest(2)));
        }
    }
}

#[test]
fn r2_a_person_who_stops_a_rollout_is_named_as_the_one() {
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.ecs.usual = Fate::Stalls);
    let input = event(&push(&world, 2));
    let person = async {
        world.clock().sleep(100_000).await;
        world.change(|state| state.ground.ecs.stop(state.now));
    };
    let (ended, ()) = world.run(join(Rollout::new(&world, "one", input).run(), person));
    is(&world, &ended, "rolled-back", 1);
    assert_eq!(told(&world)[0]["undoneBy"], "person");
}

#[test]
fn r1_a_rollout_that_is_stopped_and_left_so_is_stopped() {
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.ecs.usual = Fate::Stalls);
    let input = event(&push(&world, 2));
    let person = async {
        world.clock().sleep(100_000).await;
        world.change(|state| state.ground.ecs.abort(state.now));
    };
    let (ended, ()) = world.run(join(Rollout::new(&world, "one", input).run(), person));
    is(&world, &ended, "stopped", 2);
}

#[test]
fn r3_another_rollout_that_begins_meanwhile_supersedes_ours_and_is_not_fought() {
    for has_api in [true, false] {
        let world = settled(1, &json!({}));
        world.change(|state| state.ground.ecs.has_service_deployments = has_api);
        let input = event(&push(&world, 2));
        let person = async {
            world.clock().sleep(20_000).await;
            world.change(|state| {
                let revision = state.ground.ecs.register(&digest(9), None, Vec::new(), state.now);
                state.ground.ecs.update(&revision, "a person", state.now);
            });
        };
        let (ended, ()) = world.run(join(Rollout::new(&world, "one", input).run(), person));
        is(&world, &ended, "superseded", 9);
        assert_eq!(rolls(&world), 1);
        assert!(world.read(|state| state.ground.release()).quarantine.is_empty(), "that is no failure");
    }
}

#[test]
fn r4_an_old_deployment_that_failed_has_no_say_in_a_new_one() {
    let world = settled(1, &json!({}));
    world.change(|state| _ = state.ground.ecs.fates.insert(digest(2), Fate::Breaker(60_000)));
    is(&world, &pushed(&world, 2), "rolled-back", 1);
    is(&world, &pushed(&world, 3), "succeeded", 3);
}

#[test]
fn r5_a_service_without_tasks_never_succeeds() {
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.ecs.desired = 0);
    let ended = pushed(&world, 2);
    assert_eq!(ended.outcome(), "no-tasks", "{}", world.story());
    assert_eq!(world.read(|state| state.ground.ecs.desired), 0, "R11: a rollout scales nothing");
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.ecs.usual = Fate::Stalls);
    let input = event(&push(&world, 2));
    let person = async {
        world.clock().sleep(40_000).await;
        world.change(|state| state.ground.ecs.desired = 0);
    };
    let (ended, ()) = world.run(join(Rollout::new(&world, "one", input).run(), person));
    assert_eq!(ended.outcome(), "no-tasks", "{}", world.story());
}

#[test]
fn r6_when_time_is_up_nothing_is_undone_and_the_next_event_looks_again() {
    let world = settled(1, &json!({"rollout": {"timeLimit": 600}}));
    world.change(|state| _ = state.ground.ecs.fates.insert(digest(2), Fate::Good(2_000_000)));
    let began = world.clock().now();
    is(&world, &pushed(&world, 2), "timed-out", 2);
    assert!(world.clock().now() - began < 700_000, "it took {} ms", world.clock().now() - began);
    assert!(world.read(|state| state.ground.ecs.is_busy()), "ECS goes on");
    assert_eq!(rolls(&world), 1);
    // The same event once more, long after: it has come to its end by itself.
    world.wait(2_000_000);
    is(&world, &run(&world, "later", event(&digest(2))), "succeeded", 2);
    assert_eq!(rolls(&world), 1);
    let outcomes: Vec<Value> = told(&world).iter().map(|event| event["outcome"].clone()).collect();
    assert_eq!(outcomes, ["timed-out", "succeeded"]);
}

#[test]
fn r6_what_a_person_chose_is_not_undone_when_time_is_up() {
    let world = settled(1, &json!({"rollout": {"timeLimit": 600}}));
    is(&world, &pushed(&world, 2), "succeeded", 2);
    world.change(|state| state.ground.ecs.usual = Fate::Good(2_000_000));
    is(&world, &run(&world, "back", json!({"service": "web", "to": "previous"})), "timed-out", 1);
    assert_eq!(rolls(&world), 2, "the look after it rolled to what the policy picks");
    is(&world, &run(&world, "look", json!({"service": "web"})), "timed-out", 1);
    world.wait(2_000_000);
    is(&world, &run(&world, "later", json!({"service": "web"})), "succeeded", 1);
    world.change(|state| state.ground.ecs.usual = Fate::Good(60_000));
    is(&world, &pushed(&world, 3), "succeeded", 3);
}

#[test]
fn r7_old_revisions_go_and_those_in_use_or_to_go_back_to_stay() {
    let world = settled(1, &json!({"rollout": {"keepRevisions": 1}}));
    for number in 2..10 {
        is(&world, &pushed(&world, number), "succeeded", number);
    }
    let active: Vec<u64> = world.read(|state| {
        let active = state.ground.ecs.revisions.iter().filter(|revision| revision.is_active);
        active.map(|revision| u64::from(revision.number)).collect()
    });
    // The running one and the five before it, which the record names.
    assert_eq!(active, [4, 5, 6, 7, 8, 9], "{}", world.story());
}

#[test]
fn r8_a_digest_in_quarantine_is_deployed_by_no_event_until_a_person_releases_it() {
    let world = settled(1, &json!({}));
    world.change(|state| _ = state.ground.ecs.fates.insert(digest(2), Fate::Breaker(60_000)));
    is(&world, &pushed(&world, 2), "rolled-back", 1);
    is(&world, &run(&world, "again", event(&digest(2))), "quarantined", 1);
    is(&world, &run(&world, "look", json!({"service": "web"})), "quarantined", 1);
    world.change(|state| _ = state.ground.ecs.fates.remove(&digest(2)));
    is(&world, &run(&world, "release", json!({"service": "web", "release": digest(2)})), "succeeded", 2);
}

#[test]
fn r9_what_other_people_changed_in_the_revision_is_carried_over() {
    let world = settled(1, &json!({}));
    world.change(|state| {
        let ground = &mut state.ground;
        let revision = ground.ecs.register(&digest(1), Some("latest"), vec!["sidecar".into()], state.now);
        ground.ecs.update(&revision, "a person", state.now);
    });
    world.wait(600_000);
    is(&world, &pushed(&world, 2), "succeeded", 2);
    assert_eq!(world.read(|state| state.ground.ecs.current().unwrap().extras.clone()), ["sidecar"]);
}

#[test]
fn r12_behind_a_closed_door_nothing_is_rolled() {
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.ecs.is_closed = true);
    is(&world, &pushed(&world, 2), "refused", 1);
    assert_eq!(rolls(&world), 0);
}

#[test]
fn e5_with_nothing_to_go_back_to_the_service_is_left_at_no_tasks_in_bounded_time() {
    let world = World::new(1);
    world.change(|state| {
        let ground = &mut state.ground;
        ground.spec = Some(spec(&json!({})));
        ground.registry.push(&digest(1), "latest", 0);
        ground.ecs.usual = Fate::Stalls;
        let revision = ground.ecs.register(&digest(1), Some("latest"), Vec::new(), 0);
        ground.ecs.update(&revision, "moat-provision", 0);
        ground.ecs.fates.insert(digest(2), Fate::Breaker(300_000));
    });
    let began = world.clock().now();
    is(&world, &pushed(&world, 2), "failed", 2);
    assert_eq!(world.read(|state| state.ground.ecs.desired), 0);
    assert!(world.clock().now() - began < 400_000);
    assert!(!told(&world)[0]["causes"].as_array().unwrap().is_empty(), "E4: it says why: {}", told(&world)[0]);
}

#[test]
fn i1_a_push_of_several_platforms_is_one_rollout_to_the_index() {
    let world = settled(1, &json!({}));
    let parts = [digest(20), digest(21), digest(22), digest(23)];
    let digests = world.change(|state| state.ground.registry.push_index(parts, &digest(2), "latest", state.now));
    let untagged = |digest: &Digest| {
        let mut event = event(digest);
        event["detail"].as_object_mut().unwrap().remove("image-tag");
        event
    };
    let (index, parts) = digests.split_last().unwrap();
    let inputs: Vec<Value> = parts.iter().map(untagged).chain([event(index)]).collect();
    let all = inputs.into_iter().enumerate().map(|(at, input)| Rollout::new(&world, &at.to_string(), input).run());
    let ended = world.run(join_all(all));
    let outcomes: Vec<&str> = ended.iter().map(Ended::outcome).collect();
    assert_eq!(outcomes, ["ignored", "ignored", "ignored", "ignored", "succeeded"]);
    assert_eq!((rolls(&world), running(&world)), (1, digest(2)));
}

#[test]
fn i6_an_old_image_that_gets_the_tag_is_promoted_and_under_newest_it_is_not() {
    let world = settled(1, &json!({}));
    world.change(|state| state.ground.registry.push(&digest(2), "old", 0));
    world.change(|state| state.ground.registry.tag(&digest(2), "latest"));
    is(&world, &run(&world, "promotion", event(&digest(2))), "succeeded", 2);

    let world = settled(1, &json!({"track": {"glob": "build-*"}}));
    let push = |number: u64, tag: &str| {
        world.change(|state| state.ground.registry.push(&digest(number), tag, state.now));
        let mut event = event(&digest(number));
        event["detail"]["image-tag"] = json!(tag);
        run(&world, tag, event)
    };
    is(&world, &push(2, "build-2"), "succeeded", 2);
    world.change(|state| state.ground.registry.push(&digest(3), "release", 0));
    world.change(|state| state.ground.registry.tag(&digest(3), "build-3"));
    let mut promoted = event(&digest(3));
    promoted["detail"]["image-tag"] = json!("build-3");
    is(&world, &run(&world, "promotion", promoted), "already-running", 2);
}

#[test]
fn i12_a_yes_counts_for_its_digest_and_in_time() {
    let ask = json!({"rollout": {"approval": "ask", "approvalExpires": 600}});
    let world = settled(1, &ask);
    world.change(|state| state.ground.answers = Some((true, 60_000)));
    is(&world, &pushed(&world, 2), "succeeded", 2);
    assert_eq!(told(&world)[0]["outcome"], "asked");
    world.change(|state| state.ground.answers = Some((false, 60_000)));
    is(&world, &pushed(&world, 3), "ignored", 2);
    is(&world, &run(&world, "again", event(&digest(3))), "quarantined", 2);
    world.change(|state| state.ground.answers = None);
    is(&world, &pushed(&world, 4), "ignored", 2);

    // The tag moves while the person thinks: the yes is for an image that is not the newest any more.
    let world = settled(1, &ask);
    world.change(|state| state.ground.answers = Some((true, 120_000)));
    let first = event(&push(&world, 2));
    let second = async {
        world.clock().sleep(60_000).await;
        push(&world, 3);
    };
    let (ended, ()) = world.run(join(Rollout::new(&world, "one", first).run(), second));
    is(&world, &ended, "succeeded", 3);
    let questions: Vec<Value> = told(&world).into_iter().filter(|event| event["outcome"] == "asked").collect();
    assert_eq!(questions.len(), 2, "it is asked again for the other digest");
    assert!(questions[1]["message"].as_str().unwrap().contains("no longer"), "{}", questions[1]);
}

#[test]
fn a_freeze_window_makes_one_rollout_of_all_that_was_pushed_in_it() {
    // The fake's clock begins on a Sunday at noon; the window is on from half past twelve for a day.
    let freeze = json!({"rollout": {"freeze": [{"cron": "30 12 * * SUN", "duration": 86_400, "timeZone": "UTC"}]}});
    let world = settled(1, &freeze);
    let mut all = Vec::new();
    for number in 2..8 {
        let world = &world;
        all.push(async move {
            world.clock().sleep(number * 600_000).await;
            let input = event(&push(world, number));
            Rollout::new(world, &number.to_string(), input).run().await
        });
    }
    let ended = world.run(join_all(all));
    assert_eq!((rolls(&world), running(&world)), (1, digest(7)), "{ended:?}\n{}", world.story());
    assert!(world.clock().now() > 24 * 3_600_000, "it was rolled inside the window");
}

#[test]
fn a_service_deployment_that_took_its_tasks_back_is_seen_by_its_record() {
    let world = settled(1, &json!({}));
    world.change(|state| _ = state.ground.ecs.fates.insert(digest(2), Fate::Breaker(60_000)));
    is(&world, &pushed(&world, 2), "rolled-back", 1);
    let last = world.read(|state| state.ground.ecs.records.last().unwrap().status);
    assert_eq!(last, Status::RollbackSuccessful);
}

#[test]
fn i9_a_provision_is_told_when_no_task_could_run_the_image_that_it_asks_for() {
    let inspected = |architecture: &str| {
        let world = World::new(1);
        world.change(|state| state.ground.registry.push_for("amd64", &digest(2), "latest", 0));
        let service = spec(&json!({ "architecture": architecture }));
        let request = serde_json::from_value(json!({ "do": "inspect", "service": service })).unwrap();
        let hand = world.hand();
        world.run(async { flow::answer(&hand, &hand, request).await }).unwrap()["problems"].clone()
    };
    assert_eq!(inspected("X86_64"), json!([]));
    let problems = inspected("ARM64");
    assert_eq!(problems[0]["pointer"], "/service/image");
    let message = problems[0]["message"].as_str().unwrap();
    assert!(message.contains("runs on linux/amd64, but the service's tasks are linux/arm64"), "{message}");
}
