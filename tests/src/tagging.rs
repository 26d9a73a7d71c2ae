//! What the local AWS leaves out of the Resource Groups Tagging API and AWS does not: the tags of log groups.

use crate::proxy::ask;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The answer to GetResources, with the log groups that were asked for by ARN.
pub async fn complete(upstream: SocketAddr, request: &[u8], answer: Bytes) -> Bytes {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let asked = request["ResourceARNList"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let groups: Vec<&str> = asked.filter(|arn| arn.contains(":log-group:")).collect();
    let Some(mut whole) = serde_json::from_slice::<Value>(&answer).ok().filter(|_| !groups.is_empty()) else {
        return answer;
    };
    for arn in groups {
        let target = "Logs_20140328.ListTagsForResource";
        let said = ask(&format!("http://{upstream}"), "logs", target, &json!({ "resourceArn": arn })).await;
        let tags = said["tags"].as_object().into_iter().flatten();
        let tags: Vec<Value> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        if let Some(list) = whole["ResourceTagMappingList"].as_array_mut() {
            list.push(json!({ "ResourceARN": arn, "Tags": tags }));
        }
    }
    Bytes::from(whole.to_string())
}
