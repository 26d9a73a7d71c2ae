//! Which services live in a network, as far as anything tells.

use crate::name::Name;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Those whose recorded spec names the network, and those of which the network shows something (`seen`).
///
/// `recorded` holds the text of every recorded service. Only the one field is read, so a spec that is wrong otherwise,
/// or from another version of moat, still tells where its service lives (T5). One that is no JSON tells nothing; such a
/// service counts when something of it is seen.
pub fn of(network: &Name, recorded: &BTreeMap<Name, String>, seen: impl Iterator<Item = Name>) -> BTreeSet<Name> {
    let lives_here = |text: &str| {
        let spec: Option<Value> = serde_json::from_str(text).ok();
        spec.is_some_and(|spec| spec.get("network").and_then(Value::as_str) == Some(network.as_str()))
    };
    let recorded = recorded.iter().filter(|(_, text)| lives_here(text)).map(|(name, _)| name.clone());
    recorded.chain(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t5_a_service_lives_where_its_record_says_or_where_it_is_seen() {
        let name = |text: &str| Name::new(text).unwrap();
        let recorded = BTreeMap::from([
            (name("web"), r#"{"network":"main","port":"wrong"}"#.to_owned()),
            (name("shop"), r#"{"network":"other"}"#.to_owned()),
            (name("torn"), "{\"netw".to_owned()),
        ]);
        let of = |seen: &[&str]| of(&name("main"), &recorded, seen.iter().map(|text| name(text)));
        assert_eq!(of(&[]), BTreeSet::from([name("web")]));
        assert_eq!(of(&["torn"]), BTreeSet::from([name("torn"), name("web")]));
    }
}
