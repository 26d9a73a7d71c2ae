//! The state machine `moat-rollout`, state by state as in `infra/statemachines/rollout.asl.json`.

use crate::call::Hand;
use crate::execution::again;
use crate::world::World;
use moat::error::{Failure, Kind};
use moat::moment::Moment;
use moat::rollout::flow::{Request, answer};
use serde_json::{Value, json};

/// How often and after how many milliseconds a lock is asked for again.
const LOCKED: (u32, u64) = (40, 15_000);

/// One execution.
pub struct Rollout {
    hand: Hand,
    input: Value,
}

/// How it ended for the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The `outcome` of the output.
    With(String),
    Failed(Failure),
    Killed,
}

impl Ended {
    pub fn outcome(&self) -> &str {
        match self {
            Self::With(outcome) => outcome,
            Self::Failed(_) => "error",
            Self::Killed => "killed",
        }
    }
}

impl Rollout {
    pub fn new(world: &World, name: &str, input: Value) -> Self {
        let arn = format!("arn:aws:states:us-east-1:123456789012:execution:moat-rollout:{name}");
        Self { hand: Hand::new(world, &arn), input }
    }

    pub async fn run(self) -> Ended {
        let world = self.hand.world.clone();
        let ended = match self.hand.mortal(self.services()).await {
            None => Ended::Killed,
            Some(Ok(outcome)) => Ended::With(outcome),
            Some(Err(failure)) => Ended::Failed(failure),
        };
        world.change(|state| {
            state.ended.insert(self.hand.execution.clone(), state.now);
            let line = format!("[{:>8} ms, {}] ended: {ended:?}", state.now, self.hand.execution);
            state.log.push(line);
        });
        ended
    }

    /// One call of the Lambda, with the retries of its state.
    async fn call(&self, request: &Value) -> Result<Value, Failure> {
        again(&self.hand, async |hand| lambda(hand, request).await).await
    }

    async fn services(&self) -> Result<String, Failure> {
        let found = self.call(&json!({"do": "find", "input": self.input, "execution": self.hand.execution})).await?;
        let Some(service) = found["services"].as_array().and_then(|services| services.first()) else {
            return Ok("ignored".into());
        };
        let end = self.rounds(service, found["trigger"].clone()).await;
        if end.is_err() {
            let unlock = json!({"do": "unlock", "service": service, "execution": self.hand.execution});
            self.call(&unlock).await.ok();
        }
        end
    }

    async fn rounds(&self, service: &Value, mut trigger: Value) -> Result<String, Failure> {
        let me = &self.hand.execution;
        let (mut answer, mut after, mut ended) = (Value::Null, Value::Null, None);
        loop {
            if !self.lock(service, &trigger).await? {
                return Ok(ended.unwrap_or_else(|| "ignored".into()));
            }
            let roll = self
                .call(&json!({"do": "roll", "service": service, "execution": me, "trigger": trigger, "answer": answer}))
                .await?;
            (trigger, answer) = (roll["trigger"].clone(), Value::Null);
            if !roll["about"].is_null() {
                after = roll["about"].clone();
            }
            let mut notice = roll["notice"].clone();
            if roll["next"] == "follow" {
                let concluded = self.follow(service, &roll).await?;
                ended = concluded["outcome"].as_str().map(str::to_owned);
                notice = concluded["notice"].clone();
            } else if let (None, Some(outcome)) = (&ended, roll["ended"]["outcome"].as_str()) {
                ended = Some(outcome.to_owned());
            }
            self.call(&json!({"do": "unlock", "service": service, "execution": me})).await.ok();
            if notice.is_object() {
                self.tell(&notice);
            }
            match roll["next"].as_str() {
                Some("ask") => answer = self.ask(&roll).await,
                Some("wait") => self.until(&roll["decision"]["at"]).await,
                _ => {
                    let look =
                        json!({"do": "look", "service": service, "execution": me, "trigger": trigger, "after": after});
                    if self.call(&look).await?["again"] != true {
                        return Ok(ended.unwrap_or_default());
                    }
                }
            }
        }
    }

    async fn lock(&self, service: &Value, trigger: &Value) -> Result<bool, Failure> {
        let request = json!({"do": "lock", "service": service, "execution": self.hand.execution, "trigger": trigger});
        let mut tries = 0;
        loop {
            match self.call_once_locked(&request).await {
                Err(failure) if failure.kind == Kind::Locked && tries < LOCKED.0 => tries += 1,
                reply => return reply.map(|reply| reply["isTaken"] == true),
            }
            self.hand.world.clock().sleep(LOCKED.1).await;
        }
    }

    /// A lock that somebody has is asked for again later than after other setbacks.
    async fn call_once_locked(&self, request: &Value) -> Result<Value, Failure> {
        let tried = again(&self.hand, async |hand| match lambda(hand, request).await {
            Err(failure) if failure.kind == Kind::Locked => Ok(Err(failure)),
            reply => reply.map(Ok),
        });
        tried.await?
    }

    async fn follow(&self, service: &Value, roll: &Value) -> Result<Value, Failure> {
        let mut following = roll.clone();
        loop {
            let seconds = following["retryAfter"].as_u64().unwrap_or(1).max(1);
            self.hand.world.clock().sleep(seconds * 1000).await;
            let started = &following["started"];
            following = self.call(&json!({"do": "follow", "service": service, "started": started})).await?;
            if following["isEnded"] == true {
                break;
            }
        }
        let (started, verdict) = (&following["started"], &following["verdict"]);
        let execution = &self.hand.execution;
        self.call(&json!({
            "do": "conclude", "service": service, "execution": execution, "started": started, "verdict": verdict
        }))
        .await
    }

    fn tell(&self, notice: &Value) {
        let event = notice["event"].clone();
        self.hand.world.change(|state| state.ground.told.push(event));
    }

    /// Waits for a person's answer, or until the question expires.
    async fn ask(&self, roll: &Value) -> Value {
        let clock = self.hand.world.clock().clone();
        let expires = roll["expiresAfter"].as_u64().unwrap_or(1) * 1000;
        let digest = &roll["decision"]["digest"];
        match self.hand.world.read(|state| state.ground.answers) {
            Some((is_yes, after)) if after < expires => {
                clock.sleep(after).await;
                let word = if is_yes { "yes" } else { "no" };
                json!({"digest": digest, "said": {"digest": digest, "answer": word}})
            }
            _ => {
                clock.sleep(expires).await;
                json!({ "digest": digest })
            }
        }
    }

    async fn until(&self, at: &Value) {
        let at: Moment = serde_json::from_value(at.clone()).expect("a moment");
        let now = super::moment(self.hand.world.clock().now());
        self.hand.world.clock().sleep(at.seconds_since(now) * 1000 + 1000).await;
    }
}

async fn lambda(hand: &Hand, request: &Value) -> Result<Value, Failure> {
    let request: Request = serde_json::from_value(request.clone()).expect("the machine sends what the Lambda knows");
    answer(hand, hand, request).await
}
