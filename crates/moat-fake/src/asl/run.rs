//! One execution, state by state.

use super::expression::Scope;
use super::retry::{Pause, Tries};
use super::template::Template;
use super::{Kind, Machine, State, Trouble};
use crate::clock::Clock;
use futures_util::future::{Either, select};
use futures_util::stream::{StreamExt, iter};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::{Pin, pin};

/// What a Task calls.
#[derive(Debug)]
pub struct Call<'a> {
    /// `arn:aws:states:::lambda:invoke`.
    pub resource: &'a str,
    pub arguments: Value,
}

/// What an execution runs in.
pub trait Account {
    fn clock(&self) -> &Clock;

    /// Milliseconds of this clock until a timestamp.
    fn until(&self, timestamp: &Value) -> u64;

    /// A number up to `most`.
    fn jitter(&self, most: u64) -> u64;

    /// A state was entered.
    fn entered(&self, state: &str);

    fn call(&self, call: Call<'_>) -> impl Future<Output = Result<Value, Trouble>>;
}

enum Then {
    Next(String, Value),
    End(Value),
}

impl Machine {
    /// Runs one execution to its end.
    ///
    /// # Errors
    /// As the execution fails.
    pub async fn run(&self, account: &impl Account, execution: &str, input: Value) -> Result<Value, Trouble> {
        let mut scope = Scope::default();
        scope.variables.insert(
            "states".into(),
            json!({"context": {"Execution": {"Id": execution}, "Task": {"Token": "a token"}}}),
        );
        self.states(account, scope, input).await
    }

    async fn states(&self, account: &impl Account, mut scope: Scope, input: Value) -> Result<Value, Trouble> {
        let (mut name, mut input) = (self.start_at.clone(), input);
        loop {
            let state = self.states.get(&name).unwrap_or_else(|| panic!("there is no state {name}"));
            account.entered(&name);
            scope.tell("input", input.clone());
            match state.run(account, &mut scope, input).await? {
                Then::Next(next, output) => (name, input) = (next, output),
                Then::End(output) => return Ok(output),
            }
        }
    }
}

impl Scope {
    fn states(&mut self) -> &mut Value {
        self.variables.entry("states".into()).or_default()
    }

    /// `$states.<name>`.
    fn tell(&mut self, name: &str, value: Value) {
        self.states()[name] = value;
    }

    fn forget(&mut self, name: &str) {
        self.states().as_object_mut().and_then(|states| states.remove(name));
    }

    /// All of it is worked out before any of it is assigned.
    fn assign(&mut self, assign: Option<&Template>) -> Result<(), Trouble> {
        if let Some(assign) = assign
            && let Value::Object(values) = assign.value(self)?
        {
            self.variables.extend(values);
        }
        Ok(())
    }
}

impl State {
    async fn run(&self, account: &impl Account, scope: &mut Scope, input: Value) -> Result<Then, Trouble> {
        let mut tries = Tries::default();
        loop {
            let ended = match self.work(account, scope, &input).await {
                Ok(result) => self.leave(scope, result, &input),
                Err(trouble) => Err(trouble),
            };
            let trouble = match ended {
                Ok(then) => return Ok(then),
                Err(trouble) => trouble,
            };
            let pause = match tries.next(self, &trouble) {
                Some(Pause::For(time)) => time,
                Some(Pause::UpTo(most)) => account.jitter(most),
                None => return self.caught(scope, trouble),
            };
            account.clock().sleep(pause).await;
        }
    }

    /// What the state itself does; `None` where it has no result.
    async fn work(&self, account: &impl Account, scope: &mut Scope, input: &Value) -> Result<Option<Value>, Trouble> {
        match self.kind {
            Kind::Pass | Kind::Choice => Ok(None),
            Kind::Task => self.task(account, scope).await.map(Some),
            Kind::Map => self.map(account, scope, input).await.map(Some),
            Kind::Wait => {
                let time = match (&self.seconds, &self.timestamp) {
                    (Some(seconds), _) => seconds.value(scope)?.as_u64().map(|seconds| seconds * 1000),
                    (None, Some(timestamp)) => Some(account.until(&timestamp.value(scope)?)),
                    (None, None) => None,
                };
                let time = time.ok_or_else(|| Trouble::new("States.Runtime", "a Wait without a time"))?;
                account.clock().sleep(time).await;
                Ok(None)
            }
            Kind::Fail => {
                let mut text = |of: &Option<Template>| {
                    let value = of.as_ref().map(|of| of.value(scope)).transpose()?.unwrap_or_default();
                    Ok(value.as_str().map(str::to_owned).unwrap_or_default())
                };
                Err(Trouble { error: text(&self.error)?, cause: text(&self.cause)? })
            }
        }
    }

    async fn task(&self, account: &impl Account, scope: &mut Scope) -> Result<Value, Trouble> {
        let arguments = self.arguments.as_ref().map(|of| of.value(scope)).transpose()?.unwrap_or_default();
        let heartbeat = self.heartbeat_seconds.as_ref().map(|of| of.value(scope)).transpose()?;
        let call = pin!(account.call(Call { resource: &self.resource, arguments }));
        // Nobody sends a heartbeat, so it is a time limit by another name.
        let limits = [
            (self.timeout_seconds, "States.Timeout"),
            (heartbeat.and_then(|heartbeat| heartbeat.as_u64()), "States.HeartbeatTimeout"),
        ];
        let limits = limits.into_iter().filter_map(|(seconds, error)| seconds.map(|seconds| (seconds, error)));
        let Some((seconds, error)) = limits.min() else { return call.await };
        match select(call, account.clock().sleep(seconds * 1000)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(Trouble::new(error, String::new())),
        }
    }

    async fn map(&self, account: &impl Account, scope: &mut Scope, input: &Value) -> Result<Value, Trouble> {
        let items = self.items.as_ref().map(|items| items.value(scope)).transpose()?;
        let items = items.unwrap_or_else(|| input.clone());
        let items = items.as_array().cloned().ok_or_else(|| Trouble::new("States.Runtime", "Items is no list"))?;
        let machine = self.item_processor.as_ref().ok_or_else(|| Trouble::new("States.Runtime", "nothing to do"))?;
        let outside = scope.clone();
        let one = async |item: Value| {
            let mut scope = outside.clone();
            scope.states()["context"]["Map"] = json!({"Item": {"Value": item}});
            let input = self.item_selector.as_ref().map(|of| of.value(&mut scope)).transpose()?.unwrap_or(item);
            let inner: Pin<Box<dyn Future<Output = Result<Value, Trouble>>>> =
                Box::pin(machine.states(account, scope, input));
            inner.await
        };
        let width = if self.max_concurrency == 0 { usize::MAX } else { self.max_concurrency };
        let ended: Vec<Result<Value, Trouble>> = iter(items).map(one).buffered(width).collect().await;
        ended.into_iter().collect()
    }

    fn leave(&self, scope: &mut Scope, result: Option<Value>, input: &Value) -> Result<Then, Trouble> {
        if let Some(result) = &result {
            scope.tell("result", result.clone());
        }
        let left = self.way_out(scope, result.unwrap_or_else(|| input.clone()));
        scope.forget("result");
        left
    }

    fn way_out(&self, scope: &mut Scope, result: Value) -> Result<Then, Trouble> {
        let output = self.output.as_ref().map(|output| output.value(scope)).transpose()?.unwrap_or(result);
        for choice in &self.choices {
            match choice.condition.value(scope)? {
                Value::Bool(false) => {}
                Value::Bool(true) => {
                    scope.assign(choice.assign.as_ref())?;
                    return Ok(Then::Next(choice.next.clone(), output));
                }
                other => {
                    let why = format!("a condition is {other}, which is neither true nor false");
                    return Err(Trouble::new("States.QueryEvaluationError", why));
                }
            }
        }
        scope.assign(self.assign.as_ref())?;
        match self.next.as_ref().or(self.default.as_ref()) {
            Some(next) => Ok(Then::Next(next.clone(), output)),
            None if self.end => Ok(Then::End(output)),
            None => Err(Trouble::new("States.NoChoiceMatched", "no choice is true")),
        }
    }

    fn caught(&self, scope: &mut Scope, trouble: Trouble) -> Result<Then, Trouble> {
        let Some(catcher) = self.catcher(&trouble) else { return Err(trouble) };
        let output = json!({"Error": trouble.error, "Cause": trouble.cause});
        scope.tell("errorOutput", output.clone());
        let assigned = scope.assign(catcher.assign.as_ref());
        scope.forget("errorOutput");
        assigned.map(|()| Then::Next(catcher.next.clone(), output))
    }
}
