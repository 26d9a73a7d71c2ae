//! The sample inputs: those that people copy must be right, and each bad one must be told what is bad about it.

mod infra;

use infra::{matches, patterns, samples};
use moat::rollout::{Trigger, read};
use moat::spec;
use moat::teardown;
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
    (
        "doors",
        &[
            "/service/loadBalancer/accessLogs/bucket",
            "/service/loadBalancer/accessLogs/prefix",
            "/service/loadBalancer/idleTimeout",
            "/service/loadBalancer/redirect",
            "/service/loadBalancer/tlsPolicy",
            "/service/loadBalancer/wafAcl",
        ],
    ),
    ("drift", &["/network/drift/repair", "/service/drift/approval", "/service/drift/repairs"]),
    ("empty", &[""]),
    ("exec-without-role", &["/service/exec"]),
    (
        "existing",
        &[
            "/network/cidr",
            "/network/egress/nat",
            "/network/existing/privateSubnets",
            "/network/existing/publicSubnets",
            "/network/existing/vpcId",
            "/network/zones",
        ],
    ),
    ("health-path-without-slash", &["/service/loadBalancer/healthCheck/path"]),
    ("image-without-tag", &["/service/image"]),
    ("list", &[""]),
    ("load-balancer-word", &["/service/loadBalancer"]),
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
    (
        "network-load-balancer",
        &[
            "/service/loadBalancer/certificate",
            "/service/loadBalancer/idleTimeout",
            "/service/loadBalancer/redirect",
            "/service/loadBalancer/wafAcl",
        ],
    ),
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
    (
        "secrets",
        &[
            "/service/registryCredentials",
            "/service/secrets/API_KEY",
            "/service/secrets/DB_PASSWORD",
            "/service/taskRole",
        ],
    ),
    ("string", &[""]),
    ("track-tag-of-digest", &["/service/track"]),
    ("track-two-ways", &["/service/track"]),
    ("unknown-field", &["/network/cdir"]),
    ("zones-one", &["/network/zones"]),
];

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
        ("schema/teardown.schema.json", teardown::order::schema()),
        ("schema/teardown-report.schema.json", teardown::report::schema()),
        ("schema/drift-event.schema.json", moat::drift::report::schema()),
        ("schema/remediate.schema.json", moat::drift::order::schema()),
        ("schema/verify.schema.json", moat::proof::order::schema()),
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
    for folder in ["events/provision", "events/remediate", "events/teardown", "events/verify"] {
        for (name, sample) in samples(folder) {
            let schema = sample["$schema"].as_str().unwrap_or_else(|| panic!("{name} names no schema"));
            assert!(infra::path(folder).join(schema).exists(), "{name}: {schema}");
        }
    }
}

/// Where each bad order of a remediation is bad.
const REMEDIATE_POINTERS: &[(&str, &[&str])] = &[
    ("approve-and-look", &["/approve"]),
    ("approve-whose", &["/approve"]),
    ("both", &[""]),
    ("mode-unknown", &["/mode"]),
    ("several", &["/approve", "/networks", "/service"]),
];

#[test]
fn an_order_to_remediate_is_good_or_is_told_where_it_is_bad() {
    for (name, sample) in samples("events/remediate") {
        assert!(moat::drift::order::read(&sample).is_ok(), "{name}");
    }
    let bad = samples("events/remediate/bad");
    assert_eq!(bad.len(), REMEDIATE_POINTERS.len());
    for (name, expected) in REMEDIATE_POINTERS {
        let problems = moat::drift::order::read(&bad[*name]).expect_err(name);
        let mut pointers: Vec<&str> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, *expected, "{name}");
    }
}

/// Where each bad order of a teardown is bad.
const TEARDOWN_POINTERS: &[(&str, &[&str])] = &[
    ("both", &[""]),
    ("confirmed-wrongly", &["/confirm"]),
    ("empty", &[""]),
    ("logs-of-network", &["/logs"]),
    ("many-problems", &["/confirm", "/force", "/logs", "/with"]),
    ("name-illegal", &["/service"]),
    ("not-confirmed", &["/confirm"]),
    ("string", &[""]),
    ("with-of-service", &["/with"]),
];

#[test]
fn an_order_to_tear_down_is_good_or_is_told_where_it_is_bad() {
    for (name, sample) in samples("events/teardown") {
        assert!(teardown::read(&sample).is_ok(), "{name}: {:?}", teardown::read(&sample));
    }
    let bad = samples("events/teardown/bad");
    let named: Vec<&str> = bad.keys().map(String::as_str).collect();
    assert_eq!(named, TEARDOWN_POINTERS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, expected) in TEARDOWN_POINTERS {
        let problems = teardown::read(&bad[*name]).expect_err(name);
        let mut pointers: Vec<&str> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, *expected, "{name}");
    }
}

/// Where each bad order of a proof is bad.
const VERIFY_POINTERS: &[(&str, &[&str])] = &[
    ("empty", &["/service"]),
    ("name-illegal", &["/service"]),
    ("several", &["/cluster", "/service", "/subnets", "/vpc"]),
    ("string", &[""]),
    ("vpc-alone", &["/cluster", "/service"]),
];

#[test]
fn an_order_to_prove_is_good_or_is_told_where_it_is_bad() {
    for (name, sample) in samples("events/verify") {
        assert!(moat::proof::order::read(&sample).is_ok(), "{name}");
    }
    let bad = samples("events/verify/bad");
    assert_eq!(bad.len(), VERIFY_POINTERS.len());
    for (name, expected) in VERIFY_POINTERS {
        let problems = moat::proof::order::read(&bad[*name]).expect_err(name);
        let mut pointers: Vec<&str> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, *expected, "{name}");
    }
}

/// What each event or command leads to: whether a rule lets it start a rollout, and what the rollout then makes of it:
/// `push`, `command`, `wrong`, or a part of the sentence that says why it is ignored.
const ROLLOUTS: &[(&str, bool, &str)] = &[
    ("artifact", false, "pushes nothing"),
    ("command-digest", false, "command"),
    ("command-look", false, "command"),
    ("command-previous", false, "command"),
    ("command-release", false, "command"),
    ("command-wrong", false, "wrong"),
    ("delete", false, "action-type is DELETE, not PUSH"),
    ("other-source", false, "events of ci.example say nothing of images"),
    ("pull-through", true, "push"),
    ("pull-through-failed", false, "sync-status is FAILED, not SUCCESS"),
    ("push", true, "push"),
    ("push-artifact", true, "an artifact was pushed"),
    ("push-attestation", false, "an attestation"),
    // An empty tag cannot be told from others in a pattern.
    ("push-attestation-manifest", true, "no tag"),
    ("push-failed", false, "result is FAILURE, not SUCCESS"),
    ("push-keep-tag", false, "moat's own"),
    ("push-malformed", true, "repository-name is not text"),
    // It is looked at, and no service is made from that repository.
    ("push-other-account", true, "push"),
    ("push-platform-amd64", false, "no tag"),
    ("push-platform-arm64", false, "no tag"),
    ("push-referrers", false, "a list of referrers"),
    ("push-signature", false, "a signature"),
    ("push-single-platform", true, "push"),
    ("referrer", false, "pushes nothing"),
    ("registry-push", true, "push"),
    ("replication", true, "push"),
    ("replication-failed", false, "result is FAILED, not SUCCESS"),
    ("scan", false, "pushes nothing"),
    ("scan-resource-change", false, "pushes nothing"),
];

#[test]
fn i2_every_event_leads_to_what_it_should_and_no_other() {
    let samples = samples("events/rollout");
    let named: Vec<&str> = samples.keys().map(String::as_str).collect();
    assert_eq!(named, ROLLOUTS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    for (name, _, expected) in ROLLOUTS {
        match read(&samples[*name]) {
            Trigger::Push(_) => assert_eq!(*expected, "push", "{name}"),
            Trigger::Command(_) => assert_eq!(*expected, "command", "{name}"),
            Trigger::Wrong { problems } => {
                assert_eq!((*expected, problems.len()), ("wrong", 3), "{name}: {problems:?}")
            }
            Trigger::Ignore { why } => assert!(why.contains(expected), "{name}: {why}"),
        }
    }
}

#[test]
fn i2_one_rule_at_most_takes_an_event_and_what_it_refuses_is_no_push() {
    let samples = samples("events/rollout");
    for (name, is_taken, expected) in ROLLOUTS {
        let event = &samples[*name];
        let rules = patterns();
        let rules: Vec<&String> =
            rules.iter().filter(|(_, pattern)| matches(pattern, event)).map(|(id, _)| id).collect();
        assert_eq!(rules.len(), usize::from(*is_taken), "{name}: {rules:?}");
        assert!(*is_taken || *expected != "push", "{name} never starts a rollout");
    }
}

#[test]
fn i1_of_the_events_of_one_buildx_push_exactly_one_is_a_push() {
    let samples = samples("events/rollout");
    let pushes = ["push-platform-amd64", "push-platform-arm64", "push-attestation-manifest", "push"];
    let pushes = pushes.iter().filter(|name| matches!(read(&samples[**name]), Trigger::Push(_)));
    assert_eq!(pushes.collect::<Vec<_>>(), [&"push"]);
}
