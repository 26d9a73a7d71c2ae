//! The sample inputs: those that people copy must be right, and each bad one must be told what is bad about it.

mod infra;

use moat::spec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Bad in a way that only an account can tell.
const NEED_AN_ACCOUNT: &[&str] = &["image-not-in-registry", "zones-more-than-region"];

/// Where each of the others is bad.
const POINTERS: &[(&str, &[&str])] = &[
    ("cidr-malformed", &["/network/cidr"]),
    ("cidr-not-private", &["/network/cidr"]),
    ("cidr-too-small-for-zones", &["/network/cidr"]),
    ("cidr-with-host-bits", &["/network/cidr"]),
    ("cpu-memory-pair", &["/service/memory"]),
    ("empty", &[""]),
    ("health-path-without-slash", &["/service/loadBalancer/healthCheck/path"]),
    ("image-without-tag", &["/service/image"]),
    ("list", &[""]),
    (
        "many-problems",
        &[
            "/network/cidr",
            "/network/name",
            "/service/image",
            "/service/loadBalancer/healthCheck/path",
            "/service/memory",
            "/service/port",
        ],
    ),
    ("name-illegal", &["/network/name"]),
    ("name-too-long", &["/network/name"]),
    ("network-mismatch", &["/service/network"]),
    ("port-too-large", &["/service/port"]),
    ("port-zero", &["/service/port"]),
    (
        "rollout",
        &[
            "/service/rollout/approval",
            "/service/rollout/freeze/0/cron",
            "/service/rollout/freeze/0/timeZone",
            "/service/rollout/sources/0/account",
        ],
    ),
    ("string", &[""]),
    ("track-tag-of-digest", &["/service/track"]),
    ("track-two-ways", &["/service/track"]),
    ("unknown-field", &["/network/cdir"]),
    ("zones-one", &["/network/zones"]),
];

fn samples(folder: &str) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(infra::path(folder)).expect(folder).map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

#[test]
fn every_sample_is_a_good_input() {
    let samples = samples("events/provision");
    assert!(samples.len() >= 4);
    for (name, sample) in samples {
        if let Err(problems) = spec::read(&sample) {
            panic!("{name}: {problems:?}");
        }
    }
}

#[test]
fn every_bad_sample_is_told_where_it_is_bad() {
    let expected: BTreeMap<&str, &[&str]> = POINTERS.iter().copied().collect();
    for (name, sample) in samples("events/provision/bad") {
        let problems = spec::read(&sample).err();
        if NEED_AN_ACCOUNT.contains(&name.as_str()) {
            assert_eq!(problems, None, "{name}");
            continue;
        }
        let problems = problems.unwrap_or_else(|| panic!("{name} was taken"));
        let mut pointers: Vec<&str> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        pointers.sort_unstable();
        assert_eq!(Some(pointers.as_slice()), expected.get(name.as_str()).copied(), "{name}");
    }
}

#[test]
fn a_spec_that_no_parameter_can_hold_is_bad() {
    let long = "x".repeat(moat::parameters::MAX_SIZE);
    let service = json!({ "name": "web", "network": "main", "image": "nginx:1", "environment": { "LONG": long } });
    let problems = spec::read(&json!({ "service": service })).unwrap_err();
    assert_eq!(problems[0].pointer.as_deref(), Some("/service"));
}

#[test]
fn a_schema_is_the_one_that_the_types_give() {
    let schemas = [
        ("schema/provision.schema.json", spec::schema()),
        ("schema/rollout-event.schema.json", moat::rollout::report::schema()),
    ];
    for (path, fresh) in schemas {
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            let text = serde_json::to_string_pretty(&fresh).unwrap() + "\n";
            std::fs::create_dir_all(infra::path("schema")).unwrap();
            std::fs::write(infra::path(path), text).unwrap();
        }
        let kept: Value = serde_json::from_str(&infra::text(path)).unwrap();
        assert_eq!(kept, fresh, "{path}: run UPDATE_SCHEMA=1 cargo test -p moat-tests --test events");
    }
}

#[test]
fn a_sample_names_its_schema_for_editors() {
    for (name, sample) in samples("events/provision") {
        let schema = sample["$schema"].as_str().unwrap_or_else(|| panic!("{name} names no schema"));
        assert!(infra::path("events/provision").join(schema).exists(), "{name}: {schema}");
    }
}
