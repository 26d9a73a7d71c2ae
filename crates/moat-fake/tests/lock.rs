//! The lock: one holder at a time, and no dead one holds it for ever, whichever call it died at.

use moat::error::Failure;
use moat_fake::{Fault, Faults, Hand, Store, World};
use std::cell::Cell;

const LOCK: &str = "/moat/locks/network/main";

async fn take(hand: &Hand, me: &str) -> Result<Option<String>, Failure> {
    moat::lock::take(&Store(hand), LOCK, me).await
}

/// Says that this execution does not run any more.
fn end(world: &World, execution: &str) {
    world.end(execution);
    world.wait(60_000);
}

#[test]
fn a_lock_is_held_by_one_and_free_again_when_given_back() {
    let world = World::new(1);
    let hand = world.hand();
    world.run(async {
        assert_eq!(take(&hand, "one").await, Ok(None));
        assert_eq!(take(&hand, "one").await, Ok(None), "asking again is fine");
        assert_eq!(take(&hand, "two").await, Ok(Some("one".into())));
        assert_eq!(moat::lock::give_back(&Store(&hand), LOCK, "two").await, Ok(false));
        assert_eq!(moat::lock::give_back(&Store(&hand), LOCK, "one").await, Ok(true));
        assert_eq!(take(&hand, "two").await, Ok(None));
    });
}

#[test]
fn of_many_that_take_over_from_a_dead_one_exactly_one_wins() {
    for seed in 0..500 {
        let world = World::new(seed);
        let hand = world.hand();
        assert_eq!(world.run(take(&hand, "dead")), Ok(None));
        end(&world, "dead");
        let names = ["one", "two", "three"];
        let taken = world.run(futures_util::future::join_all(names.map(|me| take(&hand, me))));
        let winners = taken.iter().filter(|result| **result == Ok(None)).count();
        assert_eq!(winners, 1, "seed {seed}: {taken:?}");
        assert_eq!(world.parameters().len(), 1, "the claims are gone: {:?}", world.parameters());
    }
}

#[test]
fn one_that_dies_at_any_call_of_taking_over_is_taken_over_itself() {
    for call in 0..8 {
        for fault in Fault::ALL {
            let world = World::new(call);
            assert_eq!(world.run(take(&world.hand(), "dead")), Ok(None));
            end(&world, "dead");
            let world = world.with(moat_fake::Rules::default(), Faults::at(call, fault));
            let has_it = Cell::new(false);
            let hand = Hand::new(&world, "second");
            let _ = world.run(hand.lambda(async |hand| {
                has_it.set(take(hand, "second").await?.is_none());
                Ok(())
            }));
            world.change(|state| state.faults = Faults::none());
            world.wait(60_000);
            // The same one asks again, as the state machine lets it.
            assert_eq!(world.run(take(&world.hand(), "second")), Ok(None), "{fault:?} at {call}, had it: {has_it:?}");
            end(&world, "second");
            assert_eq!(world.run(take(&world.hand(), "third")), Ok(None), "{fault:?} at {call}");
        }
    }
}

#[test]
fn one_that_died_between_its_claim_and_the_lock_does_not_keep_it() {
    for call in 0..8 {
        for fault in [Fault::KilledBefore, Fault::KilledAfter] {
            let world = World::new(call);
            assert_eq!(world.run(take(&world.hand(), "dead")), Ok(None));
            end(&world, "dead");
            let world = world.with(moat_fake::Rules::default(), Faults::at(call, fault));
            let hand = Hand::new(&world, "second");
            let _ = world.run(hand.lambda(async |hand| take(hand, "second").await));
            world.change(|state| state.faults = Faults::none());
            end(&world, "second");
            assert_eq!(
                world.run(take(&world.hand(), "third")),
                Ok(None),
                "{fault:?} at {call}: {:?}",
                world.parameters()
            );
            end(&world, "third");
            assert_eq!(world.run(take(&world.hand(), "fourth")), Ok(None));
        }
    }
}
