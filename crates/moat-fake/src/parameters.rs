//! The Parameter Store, as far as locks go.

use crate::call::Hand;
use crate::state::State;
use moat::error::Failure;

/// Systems Manager and Step Functions, as the lock uses them.
pub struct Store<'a>(pub &'a Hand);

impl moat::lock::Store for Store<'_> {
    async fn get(&self, name: &str) -> Result<Option<String>, Failure> {
        let key = name.to_owned();
        self.0.look(format!("read parameter {name}"), move |state| state.parameters.get(&key).cloned()).await
    }

    async fn put_new(&self, name: &str, value: &str) -> Result<bool, Failure> {
        let (key, value) = (name.to_owned(), value.to_owned());
        self.write(format!("put parameter {name}"), move |state| {
            let is_new = !state.parameters.contains_key(&key);
            if is_new {
                state.parameters.insert(key, value);
            }
            is_new
        })
        .await
    }

    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Failure> {
        let (key, value) = (name.to_owned(), value.to_owned());
        self.write(format!("overwrite parameter {name}"), move |state| {
            state.parameters.insert(key, value);
        })
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), Failure> {
        let key = name.to_owned();
        self.write(format!("delete parameter {name}"), move |state| {
            state.parameters.remove(&key);
        })
        .await
    }

    /// Whether an execution still runs. Step Functions learns of a dead Lambda only after its timeout.
    async fn is_running(&self, execution: &str) -> Result<bool, Failure> {
        let who = execution.to_owned();
        self.0
            .look(format!("describe execution {execution}"), move |state| {
                state.ended.get(&who).is_none_or(|at| state.now < at + state.rules.quiet())
            })
            .await
    }
}

impl State {
    /// The locks that are held. A claim that its winner died too early to remove never matters again.
    pub fn locks(&self) -> Vec<String> {
        self.parameters.keys().filter(|name| !name.contains("/claims/")).cloned().collect()
    }
}

impl Store<'_> {
    async fn write<T: 'static>(
        &self,
        what: String,
        write: impl FnOnce(&mut State) -> T + 'static,
    ) -> Result<T, Failure> {
        self.0.call(what, move |world| Ok(world.change(write))).await
    }
}
