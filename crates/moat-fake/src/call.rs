//! One call to AWS: a request on its way, what it does, and an answer on its way back. Either may get lost.

use crate::answer::{Answer, Verb, learn};
use crate::fault::Fault;
use crate::rules::LATE;
use crate::state::State;
use crate::world::World;
use moat::error::{Failure, Kind};
use moat::stage::Done;
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The hands of one Lambda of one execution. It implements `Cloud` for all three stages.
#[derive(Clone)]
pub struct Hand {
    pub(crate) world: World,
    pub(crate) execution: String,
    is_killed: Rc<Cell<bool>>,
    is_dead: Rc<Cell<bool>>,
}

impl Hand {
    pub fn new(world: &World, execution: &str) -> Self {
        let (is_killed, is_dead) = (Rc::default(), Rc::default());
        Self { world: world.clone(), execution: execution.to_owned(), is_killed, is_dead }
    }

    /// Runs one call of a Lambda.
    ///
    /// # Errors
    /// `Moat.Unavailable` when the Lambda died; otherwise as `work`.
    pub async fn lambda<T>(&self, work: impl AsyncFnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let hand = Self { is_dead: Rc::default(), ..self.clone() };
        let mut work = pin!(work(&hand));
        poll_fn(|context| {
            let poll = work.as_mut().poll(context);
            match hand.is_dead.get() {
                true => Poll::Ready(Err(Failure::new(Kind::Unavailable, "the Lambda died"))),
                false => poll,
            }
        })
        .await
    }

    /// Runs an execution; `None` when it was killed.
    pub(crate) async fn mortal<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            let poll = work.as_mut().poll(context).map(Some);
            if self.is_killed.get() { Poll::Ready(None) } else { poll }
        })
        .await
    }

    /// Reads something. It cannot be known from the answer whether it is old.
    pub(crate) async fn look<T: 'static>(
        &self,
        what: impl Display,
        read: impl FnOnce(&State) -> T + 'static,
    ) -> Result<T, Failure> {
        self.call(what.to_string(), move |world: &World| Ok(world.read(read))).await
    }

    /// Does something.
    pub(crate) async fn act(
        &self,
        verb: Verb,
        what: impl Display,
        act: impl FnOnce(&mut State) -> Answer + 'static,
    ) -> Result<Done, Failure> {
        let doing = what.to_string();
        self.world.change(|state| state.acts.push(state.calls));
        let execution = self.execution.clone();
        let effect = move |world: &World| {
            let answer = world.act(&doing, |state| {
                let is_deaf = state.rules.deaf_to.as_ref() == Some(&doing);
                let answer = if is_deaf { Ok(Done::Changed) } else { act(state) };
                let line = format!("[{:>8} ms, {execution}] {doing}: {answer:?}", state.now);
                state.log.push(line);
                answer
            });
            learn(verb, doing, answer)
        };
        self.call(what.to_string(), effect).await
    }

    pub(crate) async fn call<T: 'static>(
        &self,
        what: String,
        effect: impl FnOnce(&World) -> Result<T, Failure> + 'static,
    ) -> Result<T, Failure> {
        let (fault, there, back) = self.world.change(|state| {
            let State { faults, chance, calls, .. } = state;
            let fault = faults.next(*calls, chance);
            let (there, back) = (chance.between(20, 200), chance.between(20, 200));
            if let Some(fault) = fault {
                let line = format!("[{:>8} ms, {}] call {}, {what}: {fault:?}", state.now, self.execution, state.calls);
                state.log.push(line);
                state.struck.push(fault);
            }
            state.calls += 1;
            (fault, there, back)
        });
        let clock = self.world.clock().clone();
        let unavailable = || Failure::new(Kind::Unavailable, format!("could not {what}: AWS did not answer in time"));
        match fault {
            Some(Fault::Throttled) => {
                clock.sleep(there + back).await;
                return Err(Failure::new(Kind::Throttled, format!("could not {what}: AWS said RequestLimitExceeded")));
            }
            Some(Fault::LostRequest) => {
                clock.sleep(there + back).await;
                return Err(unavailable());
            }
            Some(fault @ (Fault::LambdaDiesBefore | Fault::KilledBefore)) => return self.die(fault).await,
            None | Some(Fault::LostAnswer | Fault::Late | Fault::LambdaDiesAfter | Fault::KilledAfter) => {}
        }
        // The request goes on even if the one who sent it dies.
        let slot = Slot::default();
        let (world, answer) = (self.world.clone(), slot.clone());
        let late =
            if fault == Some(Fault::Late) { self.world.change(|state| state.chance.between(500, LATE)) } else { 0 };
        clock.spawn(async move {
            world.clock().sleep(there + late).await;
            answer.put(effect(&world));
        });
        if late > 0 {
            clock.sleep(there + back).await;
            return Err(unavailable());
        }
        let result = slot.get().await;
        match fault {
            Some(fault @ (Fault::LambdaDiesAfter | Fault::KilledAfter)) => self.die(fault).await,
            Some(Fault::LostAnswer) => {
                clock.sleep(back).await;
                Err(unavailable())
            }
            _ => {
                clock.sleep(back).await;
                result
            }
        }
    }

    /// Never comes back: whoever runs this Lambda or this execution sees that it is dead.
    async fn die<T>(&self, fault: Fault) -> T {
        if matches!(fault, Fault::KilledBefore | Fault::KilledAfter) {
            self.is_killed.set(true);
        }
        self.is_dead.set(true);
        std::future::pending().await
    }
}

/// Where an answer arrives.
struct Slot<T>(Rc<Cells<T>>);

/// The answer, and who waits for it.
type Cells<T> = (RefCell<Option<T>>, RefCell<Option<Waker>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    fn put(&self, value: T) {
        *self.0.0.borrow_mut() = Some(value);
        if let Some(waker) = self.0.1.take() {
            waker.wake();
        }
    }

    async fn get(&self) -> T {
        poll_fn(|context| match self.0.0.borrow_mut().take() {
            Some(value) => Poll::Ready(value),
            None => {
                *self.0.1.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
