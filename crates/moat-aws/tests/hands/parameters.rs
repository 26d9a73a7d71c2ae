//! The Parameter Store, as the spec's keeper uses it: recording what was asked for, and publishing what came of it.

use crate::wire::{Answer, Call, Wire};
use crate::xml::name;
use moat::error::Kind;
use moat::tags::Owner;
use moat_aws::parameters::Parameters;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The parameters of an account, and the executions that still run.
#[derive(Debug, Clone, Default)]
pub struct Store(pub Arc<Mutex<BTreeMap<String, String>>>);

impl Store {
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self(Arc::new(Mutex::new(pairs.collect())))
    }

    pub fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub fn set(&self, name: &str, value: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn put(&self, call: &Call) -> Answer {
        let (name, value) = (text(call, "Name"), text(call, "Value"));
        let mut all = self.0.lock().unwrap();
        if call.json["Overwrite"] != true && all.contains_key(&name) {
            return Answer::error("ParameterAlreadyExists");
        }
        all.insert(name, value);
        json!({ "Version": 1 }).into()
    }

    pub fn wire(&self) -> Wire {
        let (getting, putting, deleting) = (self.clone(), self.clone(), self.clone());
        Wire::default()
            .respond("GetParameter", move |call| match getting.0.lock().unwrap().get(&text(call, "Name")) {
                Some(value) => json!({ "Parameter": { "Value": value } }).into(),
                None => Answer::error("ParameterNotFound"),
            })
            .respond("PutParameter", move |call| putting.put(call))
            .respond("DeleteParameter", move |call| match deleting.0.lock().unwrap().remove(&text(call, "Name")) {
                Some(_) => json!({}).into(),
                None => Answer::error("ParameterNotFound"),
            })
    }
}

pub fn text(call: &Call, field: &str) -> String {
    call.json[field].as_str().unwrap_or_default().to_owned()
}

fn owner() -> Owner {
    Owner::Network(name("main"))
}

#[tokio::test]
async fn a_spec_is_recorded_with_its_tags_read_again_and_not_written_twice() {
    let store = Store::default();
    let wire = store.wire();
    let parameters = Parameters::new(&wire.config());
    let spec = json!({ "name": "main", "zones": 2 });
    assert_eq!(parameters.recorded(&owner()).await, Ok(None));
    assert_eq!(parameters.record(&owner(), &spec).await, Ok(true));
    assert_eq!(parameters.recorded(&owner()).await, Ok(Some(spec.clone())));
    assert_eq!(parameters.record(&owner(), &spec).await, Ok(false));
    let put = wire.call("PutParameter").json;
    assert_eq!((&put["Name"], &put["Type"]), (&json!("/moat/networks/main"), &json!("String")));
    assert_eq!((&put["Overwrite"], &put["Tier"]), (&json!(false), &json!("Intelligent-Tiering")));
    let tag = json!({ "Key": "moat:network", "Value": "main" });
    assert!(put["Tags"].as_array().unwrap().contains(&tag), "{put}");
}

#[tokio::test]
async fn a_changed_spec_is_overwritten_without_tags_which_aws_would_refuse() {
    let store = Store::of(&[("/moat/networks/main", "{}")]);
    let wire = store.wire();
    let changed = Parameters::new(&wire.config()).record(&owner(), &json!({ "zones": 3 })).await;
    assert_eq!(changed, Ok(true));
    let put = wire.call("PutParameter").json;
    assert_eq!((&put["Overwrite"], &put["Tags"]), (&json!(true), &Value::Null));
    assert_eq!(store.all(), [("/moat/networks/main".to_owned(), r#"{"zones":3}"#.to_owned())]);
}

#[tokio::test]
async fn a_recorded_spec_that_is_not_json_is_a_failure_that_names_the_parameter() {
    let wire = Store::of(&[("/moat/networks/main", "{")]).wire();
    let failure = Parameters::new(&wire.config()).recorded(&owner()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
    assert!(failure.message.starts_with("parameter /moat/networks/main is not JSON"), "{failure}");
}

#[tokio::test]
async fn a_parameter_that_may_not_be_read_is_not_taken_for_one_that_is_not_there() {
    let wire = Wire::default().on("GetParameter", [Answer::error("AccessDeniedException")]);
    let failure = Parameters::new(&wire.config()).record(&owner(), &json!({})).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Denied);
    assert_eq!(wire.count("PutParameter"), 0);
}

#[tokio::test]
async fn the_url_is_published_where_other_stacks_look() {
    let store = Store::default();
    let wire = store.wire();
    let parameters = Parameters::new(&wire.config());
    assert_eq!(parameters.publish_url(&name("web"), "http://web").await, Ok(true));
    assert_eq!(parameters.publish_url(&name("web"), "http://web").await, Ok(false));
    assert_eq!(store.all(), [("/moat/outputs/web/url".to_owned(), "http://web".to_owned())]);
}
