//! Every fault at every call of a rollout: of a push, of a person who goes back, and of one who asks for a yes.

mod rollouts;

use moat::rollout::Release;
use moat_fake::rollout::{Ended, Rollout};
use moat_fake::{Fault, Faults, Rules, World};
use rollouts::{digest, event, push, pushed, rolls, running, settled, told};
use serde_json::{Value, json};

/// Runs an execution in one world after the other, with each fault at each of its calls; `check` sees how each ended.
/// A killed one leaves the rest to the look of the schedule.
fn struck(world: impl Fn() -> World, input: &Value, check: impl Fn(&World, &Ended, &str)) {
    for fault in Fault::ALL {
        for call in 0.. {
            let world = world().with(Rules::default(), Faults::at(call, fault));
            let mut ended = world.run(Rollout::new(&world, "struck", input.clone()).run());
            if world.read(|state| state.struck.is_empty()) {
                assert!(call > 10, "only {call} calls");
                break;
            }
            if ended == Ended::Killed {
                world.wait(600_000);
                ended = world.run(Rollout::new(&world, "look", json!({"service": "web"})).run());
            }
            check(&world, &ended, &format!("{fault:?} at call {call}"));
        }
    }
}

fn release(world: &World) -> Release {
    world.read(|state| state.ground.release())
}

#[test]
fn r1_a_push_is_one_rollout_with_one_end_whatever_fails_at_whatever_call() {
    let pushed = || {
        let world = settled(1, &json!({}));
        push(&world, 2);
        world
    };
    struck(pushed, &event(&digest(2)), |world, ended, what| {
        assert_eq!((rolls(world), running(world)), (1, digest(2)), "{what}\n{}", world.story());
        let current = release(world).current.expect("what runs is known");
        assert_eq!((current.digest, release(world).rolling), (digest(2), None), "{what}\n{}", world.story());
        assert!(world.read(|state| state.locks().is_empty()), "{what}");
        // Who is killed between the record and the telling takes it with him.
        let is_told = told(world).len() == 1 && told(world)[0]["outcome"] == "succeeded";
        let was_killed = what.starts_with("Killed");
        assert!(is_told || (was_killed && told(world).is_empty()), "{what}: {:?}\n{}", told(world), world.story());
        assert!(was_killed || ended.outcome() == "succeeded", "{what}: {ended:?}\n{}", world.story());
    });
}

#[test]
fn a_person_who_goes_back_goes_back_once_whatever_fails_at_whatever_call() {
    let rolled = || {
        let world = settled(1, &json!({}));
        assert_eq!(pushed(&world, 2).outcome(), "succeeded");
        world
    };
    struck(rolled, &json!({"service": "web", "to": "previous"}), |world, ended, what| {
        // An order that is killed before it is recorded is nobody's order.
        if what.starts_with("Killed") && rolls(world) == 1 {
            assert_eq!(running(world), digest(2), "{what}");
            return;
        }
        assert_eq!((rolls(world), running(world)), (2, digest(1)), "{what}: {ended:?}\n{}", world.story());
        assert!(release(world).held.is_some(), "{what}: the next look would undo it");
    });
}

#[test]
fn i12_one_yes_is_one_rollout_whatever_fails_at_whatever_call() {
    let asked = || {
        let world = settled(1, &json!({"rollout": {"approval": "ask"}}));
        world.change(|state| state.ground.answers = Some((true, 60_000)));
        push(&world, 2);
        world
    };
    struck(asked, &event(&digest(2)), |world, ended, what| {
        if what.starts_with("Killed") && rolls(world) == 0 {
            // The question stays open until it expires; then it is asked again.
            world.wait(86_400_000);
            world.run(Rollout::new(world, "the next day", json!({"service": "web"})).run());
        }
        assert_eq!((rolls(world), running(world)), (1, digest(2)), "{what}: {ended:?}\n{}", world.story());
    });
}
