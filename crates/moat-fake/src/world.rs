//! The account, as tests and hands share it.

use crate::breach;
use crate::call::Hand;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::landlord;
use crate::rules::Rules;
use crate::state::State;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

/// An AWS account in memory, with its clock. Clones are the same account.
#[derive(Clone)]
pub struct World(Rc<Inner>);

struct Inner {
    clock: Clock,
    state: RefCell<State>,
}

/// The longest that a pass acts on what it saw, in milliseconds.
const PASS: u64 = 10_000;

impl World {
    /// An empty account in us-east-1, which shows everything at once and never fails.
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(Inner { clock: Clock::default(), state: RefCell::new(State::new(seed)) }))
    }

    /// From now on the account behaves like this.
    pub fn with(self, rules: Rules, faults: Faults) -> Self {
        self.change(|state| {
            state.rules = rules;
            state.faults = faults;
            state.calls = 0;
            state.acts.clear();
        });
        self
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Runs a future on this account's clock.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.clock.run(future)
    }

    /// Lets time pass.
    pub fn wait(&self, milliseconds: u64) {
        self.run(self.0.clock.sleep(milliseconds));
    }

    /// A pair of hands that nothing happens to.
    pub fn hand(&self) -> Hand {
        Hand::new(self, "a bystander")
    }

    /// Reads the truth.
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.0.state.borrow_mut().tick(self.0.clock.now());
        read(&self.0.state.borrow())
    }

    /// Changes the truth, as another person would: moat is not to blame for what comes of it.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.state.borrow_mut();
        state.tick(self.0.clock.now());
        change(&mut state)
    }

    /// Changes the truth on moat's behalf.
    ///
    /// # Panics
    /// When the change opens a way that must stay closed, or touches what is not moat's.
    pub(crate) fn act<T>(&self, what: &str, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.state.borrow_mut();
        state.tick(self.0.clock.now());
        let (before, theirs) = (breach::breaches(&state), landlord::property(&state));
        let result = act(&mut state);
        let changed = landlord::property(&state) != theirs;
        assert!(!changed, "{what}: changes what others have\n{}", state.log.join("\n"));
        let fresh: Vec<String> = breach::breaches(&state).difference(&before).cloned().collect();
        let is_known = state.opened.is_none_or(|at| state.now > at + PASS);
        if !fresh.is_empty() && is_known {
            let log = state.log.join("\n");
            drop(state);
            panic!("{what}: {}\n{log}", fresh.join("; "));
        }
        result
    }

    /// Everything that happened, a line each.
    pub fn story(&self) -> String {
        self.0.state.borrow().log.join("\n")
    }
}
