use super::*;
use proptest::prelude::*;
use serde_json::json;

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

/// An event as ECR sends it when a push has gone well.
fn pushed() -> Value {
    json!({
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2026-03-01T18:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "team/web",
            "image-digest": digest('a'),
            "action-type": "PUSH",
            "image-tag": "1.4.2",
            "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
            "artifact-media-type": "application/vnd.oci.image.config.v1+json"
        }
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut event = pushed();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[name] = value;
    event
}

fn ignored(event: &Value) -> String {
    match read(event) {
        Trigger::Ignore { why } => why,
        other => panic!("{other:?}"),
    }
}

fn push_of(event: &Value) -> Push {
    match read(event) {
        Trigger::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_push_says_what_was_pushed_where() {
    let push = push_of(&pushed());
    assert_eq!(push.repository.to_string(), "team/web in registry 123456789012 of eu-west-1");
    assert_eq!((push.tag.as_str(), push.digest), ("1.4.2", Digest::new(&digest('a')).ok()));
    assert_eq!((push.source, push.time), (None, Moment::new("2026-03-01T18:00:00Z").ok()));
    let by = read(&pushed()).by();
    assert_eq!(by, "push of tag 1.4.2 (event 13cde686-328b-6117-af20-0e5566167482)");
}

#[test]
fn our_own_source_says_the_same_in_one_line() {
    let event = json!({
        "source": "moat.registry", "detail-type": "ECR Image Action", "account": "123456789012", "region": "eu-west-1",
        "detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": "web", "image-tag": "latest"}
    });
    assert_eq!(push_of(&event).digest, None);
}

#[test]
fn i1_of_the_pushes_of_one_image_of_two_platforms_only_the_one_with_the_tag_counts() {
    let mut part = pushed();
    part["detail"].as_object_mut().unwrap().remove("image-tag");
    let parts = [part.clone(), part.clone(), part.clone(), with("/detail/image-tag", json!(""))];
    for part in parts {
        assert!(ignored(&part).starts_with("the image has no tag"));
    }
    let index = with("/detail/manifest-media-type", json!("application/vnd.oci.image.index.v1+json"));
    assert_eq!(push_of(&index).tag, "1.4.2");
}

#[test]
fn i2_what_is_no_push_of_an_image_is_ignored_with_the_reason() {
    let tag = |tag: String| with("/detail/image-tag", json!(tag));
    let hex = "a".repeat(64);
    let events = [
        with("/detail/action-type", json!("DELETE")),
        with("/detail/result", json!("FAILURE")),
        with("/detail-type", json!("ECR Image Scan")),
        with("/detail-type", json!("ECR Referrer Action")),
        with("/detail/artifact-media-type", json!("application/vnd.dev.cosign.artifact.sig.v1+json")),
        tag(format!("sha256-{hex}.sig")),
        tag(format!("sha256-{hex}.att")),
        tag(format!("sha256-{hex}")),
        tag("moat-keep-web-aaaaaaaaaaaa".into()),
        with("/source", json!("aws.s3")),
    ];
    insta::assert_snapshot!(events.map(|event| ignored(&event)).join("\n"), @r#"
    action-type is DELETE, not PUSH
    result is FAILURE, not SUCCESS
    an event "ECR Image Scan" pushes nothing
    an event "ECR Referrer Action" pushes nothing
    an artifact was pushed (application/vnd.dev.cosign.artifact.sig.v1+json), not an image
    tag sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sig is a signature, not an image to deploy
    tag sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.att is an attestation, not an image to deploy
    tag sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is a list of referrers, not an image to deploy
    tag moat-keep-web-aaaaaaaaaaaa is moat's own, which keeps an image from being deleted, not an image to deploy
    events of aws.s3 say nothing of images; moat listens to aws.ecr and moat.registry
    "#);
}

#[test]
fn i10_a_replicated_image_says_where_it_came_from() {
    let event = json!({
        "version": "0",
        "id": "c8b133b1-6029-ee73-e2a1-4f466b8ba999",
        "detail-type": "ECR Replication Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2026-03-01T18:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:ecr:eu-west-1:123456789012:repository/team/web"],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "team/web",
            "image-digest": digest('a'),
            "source-account": "210987654321",
            "action-type": "REPLICATE",
            "source-region": "us-east-1",
            "image-tag": "1.4.2"
        }
    });
    let push = push_of(&event);
    assert_eq!(push.source, Some(Source { account: "210987654321".into(), region: "us-east-1".into() }));
    assert!(push.by().starts_with("replication of tag 1.4.2"));
    let mut nameless = event;
    nameless["detail"]["source-account"] = Value::Null;
    assert_eq!(ignored(&nameless), "the event is malformed: it has no source-account");
}

#[test]
fn i10_an_image_pulled_through_the_cache_counts_like_a_push() {
    let event = json!({
        "id": "85fc3613-e913-7fc4-a80c-a3753e4aa9ae",
        "detail-type": "ECR Pull Through Cache Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2026-03-01T18:00:00Z",
        "region": "eu-west-1",
        "detail": {
            "rule-version": "1", "sync-status": "SUCCESS", "ecr-repository-prefix": "docker-hub",
            "repository-name": "docker-hub/alpine", "upstream-registry-url": "public.ecr.aws",
            "image-tag": "3.17.2", "image-digest": digest('a')
        }
    });
    assert_eq!(push_of(&event).tag, "3.17.2");
}

#[test]
fn a_malformed_event_is_ignored_and_names_what_is_wrong() {
    let events = [
        json!(null),
        json!("web"),
        json!([pushed()]),
        json!({}),
        json!({"Service": "web"}),
        with("/detail", json!("x")),
        with("/detail/image-tag", json!(3)),
        with("/detail/image-tag", json!("-x y")),
        with("/detail/image-digest", json!("sha256:12")),
        with("/detail/repository-name", json!("we\nb")),
        with("/account", Value::Null),
        with("/detail/result", Value::Null),
        with("/source", json!({"service": "web"})),
    ];
    insta::assert_snapshot!(events.map(|event| ignored(&event)).join("\n"), @r#"
    it is neither an event nor a command; a command is like {"service": "web"}
    it is neither an event nor a command; a command is like {"service": "web"}
    it is neither an event nor a command; a command is like {"service": "web"}
    it is neither an event nor a command; a command is like {"service": "web"}
    it is neither an event nor a command; a command is like {"service": "web"}
    the event is malformed: it has no detail
    the event is malformed: image-tag is not text
    the event is malformed: "-x y" is not a tag
    the event is malformed: "sha256:12" is not a digest; it is sha256: and 64 hexadecimal digits
    the event is malformed: repository-name is "we b"
    the event is malformed: it has no account
    the event is malformed: its detail has no result
    the event is malformed: source is not text
    "#);
}

#[test]
fn a_command_is_read_in_each_of_its_four_forms() {
    let order = |extra: Value| {
        let mut input = json!({"service": "web"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        match read(&input) {
            Trigger::Command(command) => command.order,
            other => panic!("{other:?}"),
        }
    };
    let a = Digest::new(&digest('a')).unwrap();
    assert_eq!(order(json!({})), Order::Look);
    assert_eq!(order(json!({"to": "previous"})), Order::Previous);
    assert_eq!(order(json!({"to": a})), Order::Digest(a.clone()));
    assert_eq!(order(json!({"release": a})), Order::Release(a.clone()));
    assert!(Order::Previous.is_explicit() && !Order::Release(a).is_explicit());
}

#[test]
fn s2_a_wrong_command_is_told_all_its_problems_at_once() {
    let inputs = [
        json!({"service": "Web", "to": "latest", "realease": digest('a')}),
        json!({"service": "web", "to": "previous", "release": digest('a')}),
        json!({"service": 3, "to": 4}),
        json!({"service": "web", "release": "sha256:1"}),
        json!({"service": null}),
    ];
    let problems = |input: Value| match read(&input) {
        Trigger::Wrong { problems } => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(inputs.map(problems).join("\n---\n"), @r#"
    /realease: there is no such field; did you mean "release"?
    /service: "Web" has the character 'W'; a name has lower-case letters, digits and hyphens only
    /to: "latest" is not a digest; it is sha256: and 64 hexadecimal digits; or say "previous"
    ---
    /release: cannot be said together with "to"; release the digest first, it is then looked at
    ---
    /service: must be text, but it is `3`
    /to: must be text, but it is `4`
    ---
    /release: "sha256:1" is not a digest; it is sha256: and 64 hexadecimal digits
    ---
    /service: is required
    "#);
}

#[test]
fn a_trigger_goes_through_json_unchanged() {
    let command = json!({"service": "web", "to": digest('a')});
    for input in [pushed(), command, json!({"service": "web"}), json!({"service": "W"}), json!(0)] {
        let trigger = read(&input);
        let text = serde_json::to_string(&trigger).unwrap();
        assert_eq!(serde_json::from_str::<Trigger>(&text).unwrap(), trigger);
    }
}

const NAMES: [&str; 15] = [
    "service",
    "to",
    "release",
    "source",
    "detail-type",
    "detail",
    "account",
    "region",
    "result",
    "action-type",
    "image-tag",
    "image-digest",
    "repository-name",
    "source-account",
    "other",
];
const TEXTS: [&str; 10] = [
    "aws.ecr",
    "moat.registry",
    "ECR Image Action",
    "ECR Replication Action",
    "SUCCESS",
    "PUSH",
    "REPLICATE",
    "web",
    "previous",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

/// Any JSON at all, with the names that mean something likelier than others.
fn anything() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        4 => prop::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
        2 => any::<Vec<char>>().prop_map(String::from_iter),
        1 => (0..400usize).prop_map(|length| "é".repeat(length)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(NAMES.map(str::to_owned).to_vec()), inner, 0..12)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A right event with some of its fields replaced.
fn almost_right() -> impl Strategy<Value = Value> {
    const POINTERS: [&str; 14] = [
        "/source",
        "/detail-type",
        "/account",
        "/region",
        "/id",
        "/time",
        "/detail",
        "/detail/result",
        "/detail/action-type",
        "/detail/repository-name",
        "/detail/image-tag",
        "/detail/image-digest",
        "/detail/artifact-media-type",
        "/service",
    ];
    let changes = prop::collection::vec((prop::sample::select(POINTERS.to_vec()), anything()), 0..4);
    changes.prop_map(|changes| {
        let mut event = pushed();
        for (pointer, value) in changes {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            if let Some(Value::Object(fields)) = event.pointer_mut(parent) {
                fields.insert(name.to_owned(), value);
            }
        }
        event
    })
}

/// Ten thousand, or as many as `PROPTEST_CASES` says.
fn many() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if config.cases == 256 { 10_000 } else { config.cases };
    ProptestConfig { cases, ..config }
}

fn is_sound(trigger: &Trigger) -> Result<(), TestCaseError> {
    match trigger {
        Trigger::Push(push) => {
            prop_assert!(is_tag(&push.tag) && candidates::not_for_people(&push.tag).is_none());
            prop_assert!(push.repository.repository.len() <= 256);
        }
        Trigger::Command(_) => {}
        Trigger::Wrong { problems } => prop_assert!(problems.iter().all(|problem| problem.pointer.is_some())),
        Trigger::Ignore { why } => prop_assert!(!why.is_empty() && why.len() < 1000, "{why}"),
    }
    let text = serde_json::to_string(trigger).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Trigger>(&text).unwrap(), trigger);
    Ok(())
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn whatever_json_comes_it_is_read_without_a_crash_and_what_is_no_event_is_ignored(input in anything()) {
        let trigger = read(&input);
        is_sound(&trigger)?;
        if !input.is_object() {
            let is_ignored = matches!(trigger, Trigger::Ignore { .. });
            prop_assert!(is_ignored);
        }
    }

    #[test]
    fn an_event_with_some_fields_replaced_is_a_push_or_ignored(input in almost_right()) {
        let trigger = read(&input);
        is_sound(&trigger)?;
        let is_either = matches!(trigger, Trigger::Push(_) | Trigger::Ignore { .. });
        prop_assert!(is_either);
    }
}
