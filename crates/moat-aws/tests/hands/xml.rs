//! Just enough XML to write AWS's answers down, and what the tests talk about.

use moat::name::{Logical, Name};
use moat::network::NetworkStageSpec;
use moat::plan::Bindings;
use moat::spec::{NetworkSpec, ServiceSpec};
use serde_json::json;

/// `<name>content</name>`
pub fn tag(name: &str, content: impl AsRef<str>) -> String {
    format!("<{name}>{}</{name}>", content.as_ref())
}

/// `<list><item>…</item><item>…</item></list>`
pub fn list(name: &str, item: &str, items: &[String]) -> String {
    tag(name, items.iter().map(|content| tag(item, content)).collect::<String>())
}

/// One item of an EC2 answer: flat fields, then whatever else.
pub fn item(fields: &[(&str, &str)], rest: &[String]) -> String {
    let fields: String = fields.iter().map(|(name, value)| tag(name, value)).collect();
    fields + &rest.concat()
}

/// The tags by which a resource is the network's `main`.
pub fn ours(resource: &str) -> String {
    tags("moat:network", "main", resource)
}

pub fn tags(key: &str, owner: &str, resource: &str) -> String {
    let pair = |key: &str, value: &str| item(&[("key", key), ("value", value)], &[]);
    list("tagSet", "item", &[pair(key, owner), pair("moat:resource", resource)])
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn network() -> NetworkSpec {
    serde_json::from_value(json!({ "name": "main", "cidr": "10.0.0.0/16", "zones": 2 })).expect("a network")
}

pub fn stage() -> NetworkStageSpec {
    NetworkStageSpec { network: network(), needs: Default::default() }
}

pub fn service() -> ServiceSpec {
    let text = json!({
        "name": "web",
        "network": "main",
        "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.2",
        "port": 8080,
        "environment": { "B": "2", "A": "1" },
    });
    serde_json::from_value(text).expect("a service")
}

pub fn bindings(pairs: &[(&str, &str)]) -> Bindings {
    pairs.iter().map(|(name, id)| (Logical::from(*name), (*id).to_owned())).collect()
}
