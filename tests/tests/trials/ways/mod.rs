//! Every single way to drift that the local AWS can express. Which ways there are and what is found of each is what
//! `crates/moat-fake/tests/drift_ways.rs` has proven of the fake; here somebody really calls AWS, and `moat-remediate`
//! must find the same.

mod door;
mod network;
mod service;
mod strangers;

use super::input;
use crate::Body;
use crate::infra;
use moat_tests::faults::Slowness;
use moat_tests::local::Local;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use strangers::Strangers;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("d4_every_way_of_a_network_to_drift_is_found_and_mended", |l| Box::pin(of_a_network(l))),
        ("d4_every_way_of_a_door_to_drift_is_found_and_mended", |l| Box::pin(of_a_door(l))),
        ("d4_every_way_of_a_service_to_drift_is_found_and_mended", |l| Box::pin(of_a_service(l))),
    ]
}

/// What somebody does, or why the local AWS cannot express it.
type Calls = Result<Vec<Call>, &'static str>;

/// One call in somebody's name.
#[derive(Debug, Clone)]
enum Call {
    /// To EC2 or to Elastic Load Balancing: the request's form.
    Form(&'static str, String),
    /// To a service that speaks JSON: its name, the target, the request.
    Json(&'static str, &'static str, Value),
}

fn ec2(form: impl Into<String>) -> Call {
    Call::Form("ec2", format!("Version=2016-11-15&Action={}", form.into()))
}

fn elb(form: impl Into<String>) -> Call {
    Call::Form("elasticloadbalancing", format!("Version=2015-12-01&Action={}", form.into()))
}

/// One way to drift, as the fake has it.
#[derive(Debug)]
struct Way {
    resource: String,
    what: String,
    /// `Field`, `Deleted`, `Twin`, `Riddle`, `Delegated` or `Stray`.
    nature: String,
    /// What is found: resources, with the field where it is not the resource itself.
    found: BTreeSet<String>,
}

/// All of them, from the snapshot that the fake's test keeps.
fn ways() -> Vec<Way> {
    let text = infra::text("crates/moat-fake/tests/snapshots/drift_ways__every_way_to_drift.snap");
    let mut ways: Vec<Way> = Vec::new();
    for line in text.split("---\n").nth(2).expect("a snapshot has a head").lines() {
        if let Some(finding) = line.strip_prefix("    [") {
            let sentence = finding.split_once("] ").expect("a hazard").1;
            let sentence = sentence.strip_prefix("Was open to the Internet: ").unwrap_or(sentence);
            let key = sentence.split(" should be ").next().unwrap_or(sentence);
            ways.last_mut().expect("a way first").found.insert(key.trim_end_matches(':').to_owned());
        } else {
            let (resource, rest) = line.split_once(": ").expect("a resource");
            let (what, rest) = rest.rsplit_once(" [").expect("a nature");
            let nature = rest.split(']').next().expect("a nature");
            let (resource, what, nature) = (resource.to_owned(), what.to_owned(), nature.to_owned());
            ways.push(Way { resource, what, nature, found: BTreeSet::new() });
        }
    }
    ways
}

async fn of_a_network(local: Arc<Local>) {
    let mut spec = input("astray", "astray");
    spec.as_object_mut().unwrap().remove("service");
    each(&local, spec, "network", "astray", 60, network::calls).await;
}

async fn of_a_door(local: Arc<Local>) {
    each(&local, input("ajar", "ajar"), "service", "ajar", 40, door::calls).await;
}

async fn of_a_service(local: Arc<Local>) {
    each(&local, input("adrift", "adrift"), "service", "adrift", 20, service::calls).await;
}

/// Tries every way that these calls are about. `least` is how many there are at least.
async fn each<F>(local: &Local, mut spec: Value, kind: &str, name: &str, least: usize, calls: F)
where
    F: Fn(&Way, &Strangers) -> Option<Calls>,
{
    for part in spec.as_object_mut().expect("an object").values_mut() {
        part["drift"] = json!({"repair": "destructive"});
    }
    local.provision(&spec).await.output();
    let mut strangers = Strangers::arrive(local, kind, name).await;
    let (mut tried, mut beyond, mut wrong) = (0, Vec::new(), Vec::new());
    for way in ways() {
        match calls(&way, &strangers) {
            None => {}
            Some(Err(why)) => beyond.push(format!("{}: {} ({why})", way.resource, way.what)),
            Some(Ok(calls)) => {
                local.plan(&[], Slowness::default());
                strangers.strike(local, &calls).await;
                let report = local.remediate(&json!({ kind: name })).await.output().clone();
                wrong.extend(judge(&way, &strangers, &report));
                strangers.undo(local, &way).await;
                local.forget_drift(kind, name).await;
                strangers.look_around(local).await;
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} ways:\n{}", wrong.len(), wrong.join("\n"));
    let clean = local.remediate(&json!({ kind: name })).await.output().clone();
    assert_eq!(clean["findings"], 0, "after everything was mended: {clean:#}");
    println!("{kind}: {tried} ways tried on the local AWS; {} that it cannot express:", beyond.len());
    beyond.iter().for_each(|way| println!("  {way}"));
    assert!(tried >= least, "{tried} ways tried");
}

/// What is wrong with the report.
fn judge(way: &Way, strangers: &Strangers, report: &Value) -> Option<String> {
    let checked = &report["checked"][0];
    let told = checked["findings"].as_array().cloned().unwrap_or_default();
    let found: BTreeSet<String> = told.iter().map(|told| strangers.unnamed(&key(told))).collect();
    let is_about = |key: &String| key == &way.resource || key.starts_with(&format!("{},", way.resource));
    let is_repaired = checked["verdict"] == "repaired";
    let is_right = match way.nature.as_str() {
        "Delegated" => report["findings"] == 0,
        "Riddle" => checked["verdict"] == "reported",
        "Deleted" => is_repaired && found.iter().any(is_about),
        // Its id is as random as AWS's.
        "Twin" => is_repaired && found.len() == 1 && found.iter().all(|key| key.contains(", unused ") && is_about(key)),
        _ => is_repaired && found == way.found,
    };
    let expected = if way.found.is_empty() { "nothing".into() } else { format!("{:?}", way.found) };
    let Way { resource, what, nature, .. } = way;
    (!is_right).then(|| {
        format!(
            "{resource}: {what} [{nature}]\n  expected {expected}\n  {}: {found:?}\n  {checked}",
            checked["verdict"]
        )
    })
}

fn key(told: &Value) -> String {
    let resource = told["resource"].as_str().expect("a resource");
    match told["field"].as_str().expect("a field") {
        "existence" => resource.to_owned(),
        field => format!("{resource}, {field}"),
    }
}
