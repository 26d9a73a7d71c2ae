//! The state machine `moat-rollout`: `infra/statemachines/rollout.asl.json` itself, with the Lambda's calls, EventBridge,
//! SNS and the person who answers.

use crate::asl::{Account, Call, Machine, Trouble};
use crate::call::Hand;
use crate::clock::Clock;
use crate::world::World;
use moat::error::Failure;
use moat::moment::Moment;
use moat::rollout::flow::{Request, answer};
use serde_json::{Value, json};
use std::sync::LazyLock;

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let text = include_str!("../../../../infra/statemachines/rollout.asl.json");
    Machine::read(text).unwrap_or_else(|why| panic!("rollout.asl.json: {why}"))
});

/// States that an execution may enter: a Task is five events of 25,000 ("Step Functions service quotas").
const LIMIT: u32 = 5_000;

/// One execution.
pub struct Rollout {
    hand: Hand,
    input: Value,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this output.
    With(Value),
    Failed(Trouble),
    Killed,
}

impl Ended {
    /// The `outcome` of the output.
    pub fn outcome(&self) -> &str {
        match self {
            Self::With(output) => output["outcome"].as_str().unwrap_or_default(),
            Self::Failed(_) => "error",
            Self::Killed => "killed",
        }
    }
}

impl Rollout {
    pub fn new(world: &World, name: &str, input: Value) -> Self {
        let arn = format!("arn:aws:states:us-east-1:123456789012:execution:moat-rollout:{name}");
        if input.get("to").or(input.get("release")).is_some() {
            world.change(|state| state.ground.promises.ordered.insert(arn.clone()));
        }
        Self { hand: Hand::new(world, &arn), input }
    }

    pub async fn run(self) -> Ended {
        let Self { hand, input } = self;
        let ended = match hand.mortal(MACHINE.run(&hand, &hand.execution, input)).await {
            None => Ended::Killed,
            Some(Ok(output)) => Ended::With(output),
            Some(Err(trouble)) => Ended::Failed(trouble),
        };
        let kept = match &ended {
            Ended::With(output) => hand.world.read(|state| state.ground.promise_to_end(&hand.execution, output)),
            Ended::Failed(_) | Ended::Killed => Ok(()),
        };
        hand.world.change(|state| {
            state.ended.insert(hand.execution.clone(), state.now);
            let line = format!("[{:>8} ms, {}] ended: {ended:?}", state.now, hand.execution);
            state.log.push(line);
        });
        kept.unwrap_or_else(|why| panic!("{why}\n{}", hand.world.story()));
        ended
    }
}

impl Account for Hand {
    fn clock(&self) -> &Clock {
        self.world.clock()
    }

    fn until(&self, timestamp: &Value) -> u64 {
        let at: Moment = serde_json::from_value(timestamp.clone()).expect("a moment");
        let left = at.millis() - super::moment(self.world.clock().now()).millis();
        u64::try_from(left).unwrap_or(0)
    }

    fn jitter(&self, most: u64) -> u64 {
        self.world.change(|state| state.chance.between(0, most))
    }

    fn entered(&self, name: &str) {
        let count = self.world.change(|state| {
            let count = state.ground.transitions.entry(self.execution.clone()).or_default();
            *count += 1;
            *count
        });
        assert!(count < LIMIT, "{} enters {name} as its {count}th state (S1)\n{}", self.execution, self.world.story());
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, Trouble> {
        let Call { resource, arguments } = call;
        match resource {
            "arn:aws:states:::lambda:invoke" => {
                let reply = self.lambda(async |hand| lambda(hand, arguments["Payload"].clone()).await).await;
                reply.map(|payload| json!({ "Payload": payload })).map_err(|failure| wrapped(&failure))
            }
            "arn:aws:states:::events:putEvents" => {
                let detail = arguments["Entries"][0]["Detail"].as_str().unwrap_or_default();
                let event: Value = serde_json::from_str(detail).expect("the detail is JSON");
                let told = self.world.change(|state| {
                    let kept = state.ground.promise_to_tell(&event, &self.execution);
                    state.ground.told.push(event);
                    kept
                });
                told.unwrap_or_else(|why| panic!("{why}\n{}", self.world.story()));
                Ok(json!({"FailedEntryCount": 0}))
            }
            "arn:aws:states:::sns:publish" => Ok(json!({"MessageId": "a message"})),
            "arn:aws:states:::sns:publish.waitForTaskToken" => Ok(self.asked(&arguments).await),
            other => panic!("the fake has no {other}"),
        }
    }
}

impl Hand {
    /// What a person sends back: one of the two outputs that the message spells out.
    async fn asked(&self, arguments: &Value) -> Value {
        let message = arguments["Message"].as_str().expect("a message");
        let yes = message.split("--task-output '").nth(1).and_then(|rest| rest.split('\'').next());
        let mut said: Value = serde_json::from_str(yes.expect("it says how to answer")).expect("JSON");
        let Some((is_yes, after)) = self.world.read(|state| state.ground.answers) else {
            return std::future::pending().await;
        };
        self.world.clock().sleep(after).await;
        if is_yes {
            let digest = serde_json::from_value(said["digest"].clone()).expect("a digest");
            self.world.change(|state| state.ground.promises.approved.insert(digest));
        } else {
            said["answer"] = json!("no");
        }
        said
    }
}

/// As `moat-lambda` and Lambda put a failure.
fn wrapped(failure: &Failure) -> Trouble {
    let error = failure.kind.name();
    Trouble::new(error, json!({"errorType": error, "errorMessage": failure.message}).to_string())
}

async fn lambda(hand: &Hand, request: Value) -> Result<Value, Failure> {
    let request: Request = serde_json::from_value(request).expect("the machine sends what the Lambda knows");
    answer(hand, hand, request).await
}
