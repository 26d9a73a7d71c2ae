//! What people are told: a queue that is subscribed to moat's topic.

use crate::local::{ACCOUNT, Local, REGION};
use crate::proxy::{ask, ask_form};
use serde_json::{Value, json};

/// Somebody who listens. What was told before nobody repeats.
pub struct People {
    queue: String,
}

impl People {
    /// # Panics
    /// When the local AWS does not answer.
    pub async fn listen(local: &Local, name: &str) -> Self {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"
        }]});
        let make = json!({"QueueName": name, "Attributes": {"Policy": policy.to_string()}});
        let made = ask(&local.endpoint, "sqs", "AmazonSQS.CreateQueue", &make).await;
        let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:moat-events");
        let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let form = format!("Action=Subscribe&Version=2010-03-31&TopicArn={topic}&Protocol=sqs&Endpoint={queue}");
        ask_form(&local.endpoint, "sns", form).await;
        Self { queue: made["QueueUrl"].as_str().expect("an address").to_owned() }
    }

    /// The next thing that they are told.
    ///
    /// # Panics
    /// When they are told nothing for a long time.
    pub async fn hear(&self, local: &Local) -> String {
        for _ in 0..100 {
            if let Some(told) = self.listen_once(local, 1).await {
                return told;
            }
        }
        panic!("nobody was told anything");
    }

    /// What they have been told and not heard yet.
    pub async fn overhear(&self, local: &Local) -> Option<String> {
        self.listen_once(local, 0).await
    }

    async fn listen_once(&self, local: &Local, seconds: u32) -> Option<String> {
        let receive = json!({"QueueUrl": self.queue, "WaitTimeSeconds": seconds});
        let answer = ask(&local.endpoint, "sqs", "AmazonSQS.ReceiveMessage", &receive).await;
        let message = answer["Messages"].as_array().and_then(|messages| messages.first())?;
        let delete = json!({"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]});
        ask(&local.endpoint, "sqs", "AmazonSQS.DeleteMessage", &delete).await;
        let envelope: Value = serde_json::from_str(message["Body"].as_str().expect("a body")).expect("JSON");
        Some(envelope["Message"].as_str().expect("a message").to_owned())
    }
}
