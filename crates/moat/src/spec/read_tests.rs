use super::*;
use serde_json::json;

/// The problems of an input, one a line.
fn problems(value: serde_json::Value) -> String {
    let problems = read(&value).expect_err("the input is wrong");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn with_service(change: serde_json::Value) -> serde_json::Value {
    let mut service = json!({"name": "web", "network": "main", "image": "ghcr.io/team/web:1"});
    for (key, value) in change.as_object().unwrap() {
        service[key] = value.clone();
    }
    json!({"network": {"name": "main"}, "service": service})
}

fn with_network(change: serde_json::Value) -> serde_json::Value {
    let mut network = json!({"name": "main"});
    for (key, value) in change.as_object().unwrap() {
        network[key] = value.clone();
    }
    json!({ "network": network })
}

#[test]
fn the_least_that_can_be_said_has_defaults_for_the_rest() {
    let input = read(&with_service(json!({}))).unwrap();
    let network = input.network.unwrap();
    assert_eq!(
        (network.cidr.to_string().as_str(), network.zones, network.egress.nat),
        ("10.0.0.0/16", 2, Some(Nat::Single))
    );
    let service = input.service.unwrap();
    assert_eq!((service.port, service.cpu, service.memory, service.tasks), (80, 256, 512, 2));
    assert_eq!(input.mode, Mode::Apply);
}

#[test]
fn what_is_recorded_reads_back_as_the_same() {
    let input =
        read(&with_service(json!({"environment": {"A": "b"}, "command": ["x"], "architecture": "ARM64"}))).unwrap();
    let document = json!({"network": input.network, "service": input.service});
    assert_eq!(read(&document).unwrap(), input);
}

#[test]
fn an_input_that_is_no_object_says_what_it_is() {
    insta::assert_snapshot!(problems(json!("web")), @"the input: must be a JSON object, but it is a string");
    insta::assert_snapshot!(problems(json!([1])), @"the input: must be a JSON object, but it is a list");
    insta::assert_snapshot!(problems(json!(null)), @"the input: must be a JSON object, but it is empty");
    insta::assert_snapshot!(problems(json!({})), @"the input: names neither a network nor a service; give at least one of the two documents");
    insta::assert_snapshot!(problems(json!({"network": "main"})), @"/network: must be a JSON object, but it is a string");
}

#[test]
fn s2_all_problems_come_at_once_each_with_its_pointer() {
    let input = json!({
        "network": {"name": "Main", "cidr": "10.0.0.1/16", "zone": 2, "egress": {"nat": "double"}},
        "service": {
            "name": "w".repeat(40), "network": "main", "image": "ghcr.io/team/web", "port": 0, "cpu": 256,
            "memory": 4096, "tasks": -1, "loadBalancer": {"healthCheck": {"path": "health"}, "allow": ["10.0.0.0", "192.0.2.0/24", "2001:db8::1/32"]}
        },
        "mod": "plan"
    });
    insta::assert_snapshot!(problems(input));
}

#[test]
fn an_unknown_field_is_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(problems(with_service(json!({"memroy": 512, "loadbalancer": {}, "x/y": 1}))));
}

#[test]
fn what_ssm_takes_for_a_reference_is_refused_where_it_stands() {
    let expected = "has {{ in it, which the SSM parameter that records it does not take";
    let environment = with_service(json!({"environment": {"A": "{x}", "B/C": "{{ssm:x}}"}}));
    assert_eq!(problems(environment), format!("/service/environment/B~1C: {expected}"));
    let command = with_service(json!({"command": ["serve", "{{x}}"]}));
    assert_eq!(problems(command), format!("/service/command/1: {expected}"));
}

#[test]
fn a_range_too_small_for_the_zones_says_how_many_fit() {
    insta::assert_snapshot!(problems(with_network(json!({"cidr": "10.0.0.0/25", "zones": 3}))), @"/network/cidr: 10.0.0.0/25 is too small for 3 zones: it has room for 2; use a larger range");
    insta::assert_snapshot!(problems(with_network(json!({"cidr": "10.0.0.0/26"}))), @"/network/cidr: 10.0.0.0/26 is too small: two zones with two subnets of at least /27 need /25 or larger");
    insta::assert_snapshot!(problems(with_network(json!({"cidr": "10.0.0.0/8"}))), @"/network/cidr: 10.0.0.0/8 is too large: AWS allows a VPC /16 at most");
    insta::assert_snapshot!(problems(with_network(json!({"cidr": "52.0.0.0/16"}))), @"/network/cidr: 52.0.0.0/16 is not private address space; use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10");
}

#[test]
fn c9_one_zone_is_refused_since_a_load_balancer_needs_two() {
    insta::assert_snapshot!(problems(with_network(json!({"zones": 1}))), @"/network/zones: is 1, but a load balancer needs subnets in at least 2 zones");
}

#[test]
fn a_service_names_the_network_that_comes_with_it() {
    insta::assert_snapshot!(problems(with_service(json!({"network": "other"}))), @"/service/network: the service is for network other, but the network here is main");
}

#[test]
fn a_spec_larger_than_a_parameter_is_refused_before_anything_is_made() {
    let text = problems(with_service(json!({"environment": {"BIG": "x".repeat(9000)}})));
    assert!(text.starts_with("/service: is ") && text.contains("holds 8192 at most"), "{text}");
}

#[test]
fn an_environment_variable_is_text() {
    insta::assert_snapshot!(problems(with_service(json!({"environment": {"A": 1}}))), @"/service/environment/A: must be text, but it is `1`");
    assert!(problems(with_service(json!({"environment": {"A=": "1"}}))).contains("has no ="));
}

#[test]
fn a_number_out_of_range_is_told_in_words() {
    insta::assert_snapshot!(problems(with_service(json!({"port": 70000}))), @"/service/port: must be a whole number from 0 to 65535, but it is `70000`");
    insta::assert_snapshot!(problems(with_service(json!({"port": "80"}))), @r#"/service/port: must be a whole number from 0 to 65535, but it is string "80""#);
    insta::assert_snapshot!(problems(with_service(json!({"command": "run"}))), @r#"/service/command: must be a list, but it is string "run""#);
}

#[test]
fn a_spec_recorded_before_there_were_rollouts_reads_and_writes_unchanged() {
    let recorded = json!({
        "name": "web", "network": "main", "image": "ghcr.io/team/web:1", "port": 80, "cpu": 256, "memory": 512,
        "tasks": 2, "architecture": "X86_64",
        "loadBalancer": {
            "type": "application", "allow": ["0.0.0.0/0"], "deregistrationDelay": 20,
            "healthCheck": {"path": "/", "interval": 10, "grace": 60}
        },
        "logs": {"retentionDays": 30}
    });
    let service: ServiceSpec = serde_json::from_value(recorded.clone()).unwrap();
    assert_eq!(serde_json::to_value(&service).unwrap(), recorded);
    assert_eq!((service.track, service.rollout), (None, RolloutSpec::default()));
}

#[test]
fn every_way_to_track_and_roll_reads_back_as_the_same() {
    let tracks = [
        json!("tag"),
        json!("none"),
        json!({"semver": ">=1.2, <2"}),
        json!({"semver": "^1", "prereleases": true}),
        json!({"glob": "release-*"}),
        json!({"regex": "^build-[0-9]+$"}),
    ];
    for track in tracks {
        let rollout = json!({
            "approval": "ask", "approvalExpires": 3600, "minimumInterval": 600, "keepRevisions": 3, "timeLimit": 900,
            "freeze": [{"cron": "0 18 * * FRI", "duration": 216_000, "timeZone": "Europe/Berlin"}],
            "sources": [{"account": "123456789012", "region": "eu-west-1"}]
        });
        let input = read(&with_service(json!({"track": track, "rollout": rollout}))).unwrap();
        let service = input.service.as_ref().unwrap();
        assert_eq!(service.rollout.freeze[0].time_zone, "Europe/Berlin");
        let document = json!({"network": input.network, "service": input.service});
        assert_eq!(read(&document).unwrap(), input, "{track}");
        assert_eq!(&serde_json::from_value::<ServiceSpec>(document["service"].clone()).unwrap(), service);
    }
}

#[test]
fn an_image_by_digest_tracks_no_tag() {
    let image = format!("ghcr.io/team/web@sha256:{}", "a".repeat(64));
    assert!(read(&with_service(json!({ "image": image }))).is_ok());
    assert!(read(&with_service(json!({"image": image, "track": "none"}))).is_ok());
    assert!(read(&with_service(json!({"image": image, "track": {"semver": "1"}}))).is_ok());
    insta::assert_snapshot!(problems(with_service(json!({"image": image, "track": "tag"}))), @r#"/service/track: is "tag", but the image is named by digest, so there is no tag to track"#);
}

#[test]
fn s2_everything_wrong_with_a_rollout_comes_at_once() {
    let rollout = json!({
        "approval": "maybe", "approvalExpires": 1, "minimumInterval": 700_000, "keepRevisions": 0, "timeLimit": 10,
        "freeze": [{"cron": "0 25 * * *", "duration": 5, "timeZone": "Berlin"}, {"crom": "0 1 * * *"}, 3],
        "sources": [{"account": "123", "region": "Ireland"}, {"account": 123_456_789_012_u64}],
        "trak": "tag"
    });
    insta::assert_snapshot!(problems(with_service(json!({"rollout": rollout}))), @r#"
    /service/rollout/trak: there is no such field; the fields here are approval, approvalExpires, minimumInterval, freeze, keepRevisions, timeLimit, sources
    /service/rollout/approval: must be `none` or `ask`, but it is `maybe`
    /service/rollout/approvalExpires: is 1, but it is 60 to 604800 seconds
    /service/rollout/minimumInterval: is 700000, but it is 0 to 604800 seconds
    /service/rollout/freeze/0/cron: "0 25 * * *" is not a crontab expression (Number out of bounds); it is minute, hour, day of the month, month and day of the week, like 0 18 * * FRI
    /service/rollout/freeze/0/duration: is 5, but it is 60 to 2678400 seconds
    /service/rollout/freeze/0/timeZone: "Berlin" is not a time zone; use a name of the IANA time zone database, like Europe/Berlin or UTC
    /service/rollout/freeze/1/crom: there is no such field; did you mean "cron"?
    /service/rollout/freeze/1/cron: is required
    /service/rollout/freeze/1/duration: is required
    /service/rollout/freeze/2: must be a JSON object, but it is a number
    /service/rollout/keepRevisions: is 0, but it is 1 to 100 revisions
    /service/rollout/timeLimit: is 10, but it is 60 to 21600 seconds
    /service/rollout/sources/0/account: "123" is not an account; it is 12 digits, in quotes
    /service/rollout/sources/0/region: "Ireland" is not a region; write it like eu-west-1
    /service/rollout/sources/1/account: must be text, but it is `123456789012`
    /service/rollout/sources/1/region: is required
    "#);
}

#[test]
fn a_wrong_way_to_track_is_told_where_it_is_wrong() {
    let of = |track: serde_json::Value| problems(with_service(json!({ "track": track })));
    let wrong = [
        json!("latest"),
        json!(3),
        json!({}),
        json!({"semver": "1", "glob": "*"}),
        json!({"semver": ">=one"}),
        json!({"glob": "a[", "prereleases": true}),
        json!({"regex": "("}),
        json!({"regex": 1}),
        json!({"regexp": "a"}),
        json!({"glob": ""}),
    ];
    insta::assert_snapshot!(wrong.map(of).join("\n"), @r#"
    /service/track: must be "tag", "none", or an object with "semver", "glob" or "regex", but it is "latest"
    /service/track: must be "tag", "none", or an object with "semver", "glob" or "regex", but it is a number
    /service/track: must have one of "semver", "glob" and "regex", but it has none of them
    /service/track: must have one of "semver", "glob" and "regex", but it has semver and glob
    /service/track/semver: ">=one" cannot be read: unexpected character 'o' while parsing major version number
    /service/track/prereleases: goes with "semver" only
    /service/track/glob: "a[" cannot be read: Pattern syntax error near position 1: invalid range pattern
    /service/track/regex: "(" cannot be read: found open group without closing ')'
    /service/track/regex: must be text, but it is `1`
    /service/track/regexp: there is no such field; did you mean "regex"?
    /service/track: must have one of "semver", "glob" and "regex", but it has none of them
    /service/track/glob: is 0 characters long, but it is 1 to 128
    "#);
}

#[test]
fn a_freeze_without_end_is_refused() {
    let freeze = json!([{"cron": "0 * * * *", "duration": 3600}]);
    insta::assert_snapshot!(problems(with_service(json!({"rollout": {"freeze": freeze}}))), @r#"/service/rollout/freeze: never ends, so nothing would ever be rolled; to roll by hand only, set "track" to "none""#);
    let freeze = vec![json!({"cron": "0 1 * * *", "duration": 60}); 11];
    insta::assert_snapshot!(problems(with_service(json!({"rollout": {"freeze": freeze}}))), @"/service/rollout/freeze: has 11 entries, but it has at most 10");
}

#[test]
fn d5_drift_is_repaired_where_it_is_safe_unless_the_document_says_otherwise() {
    let input = read(&with_service(json!({}))).unwrap();
    assert_eq!(input.service.unwrap().drift, DriftSpec { repair: Repair::Safe, approval: Approval::None });
    let drift = json!({"repair": "destructive", "approval": "ask"});
    let mut document = with_service(json!({ "drift": drift }));
    document["network"]["drift"] = json!({"repair": "none"});
    let input = read(&document).unwrap();
    assert_eq!(input.network.as_ref().unwrap().drift.repair, Repair::None);
    assert_eq!(
        input.service.as_ref().unwrap().drift,
        DriftSpec { repair: Repair::Destructive, approval: Approval::Ask }
    );
    assert_eq!(read(&json!({"network": input.network, "service": input.service})).unwrap(), input);
    let mut bad = with_service(json!({"drift": {"repair": "all", "aproval": "ask"}}));
    bad["network"]["drift"] = json!({"approval": true});
    insta::assert_snapshot!(problems(bad), @r#"
    /network/drift/approval: must be string or map, but it is boolean `true`
    /service/drift/aproval: there is no such field; did you mean "approval"?
    /service/drift/repair: must be one of `none`, `safe`, `disruptive`, `destructive`, but it is `all`
    "#);
}

#[test]
fn a_network_that_is_there_already_needs_its_id_and_reads_back_as_the_same() {
    let existing = json!({"vpcId": "vpc-0c0", "publicSubnets": ["subnet-0a", "subnet-0b"]});
    let input = read(&with_network(json!({"existing": existing}))).unwrap();
    let document = json!({"network": input.network});
    assert_eq!(document["network"], json!({"name": "main", "existing": existing}));
    assert_eq!(read(&document).unwrap(), input);
}

#[test]
fn endpoints_stand_beside_an_existing_network_and_are_recorded_and_no_other_way_out_does() {
    let existing = json!({"vpcId": "vpc-0c0"});
    let with = |egress: Value| with_network(json!({"existing": existing, "egress": egress}));
    let network = read(&with(json!({"endpoints": "auto"}))).unwrap().network.unwrap();
    assert!(network.egress.is_endpoints_only());
    let document = json!(network);
    assert_eq!(document, json!({"name": "main", "existing": existing, "egress": {"endpoints": "auto"}}));
    assert_eq!(read(&json!({"network": document})).unwrap().network, Some(network), "it can be read again");
    insta::assert_snapshot!(problems(with(json!({"nat": "single", "endpoints": "auto"}))), @r#"/network/egress/nat: cannot stand beside "existing": moat makes no NAT gateway in a VPC of others and leads none of their routes there; it takes the ways out as they are, and proves them. Leave it out, or say {"endpoints": "auto"} alone"#);
    insta::assert_snapshot!(problems(with(json!({}))), @r#"/network/egress: says nothing beside "existing": moat takes the ways out as they are, and proves them. Leave it out, or say {"endpoints": "auto"}"#);
}

#[test]
fn what_cannot_stand_beside_an_existing_network_is_told_at_once() {
    let existing = json!({
        "vpcId": "vpc-main", "publicSubnets": ["subnet-0a"], "privateSubnets": ["subnet-0a", "subnet-0b", "subnet-0b", "sub"],
        "subnets": []
    });
    let change =
        json!({"cidr": "10.0.0.0/16", "zones": 2, "egress": {"nat": "single"}, "ipv6": true, "existing": existing});
    insta::assert_snapshot!(problems(with_network(change)), @r#"
    /network/cidr: cannot stand beside "existing": the VPC has its range already. Leave it out
    /network/zones: cannot stand beside "existing": the zones are those of its subnets. Leave it out
    /network/ipv6: cannot stand beside "existing": whether the VPC has IPv6 is for those to say who made it, and moat changes nothing in it. Leave it out
    /network/egress/nat: cannot stand beside "existing": moat makes no NAT gateway in a VPC of others and leads none of their routes there; it takes the ways out as they are, and proves them. Leave it out, or say {"endpoints": "auto"} alone
    /network/existing/subnets: there is no such field; the fields here are vpcId, publicSubnets, privateSubnets
    /network/existing/vpcId: "vpc-main" is no id; it looks like vpc-0123456789abcdef0
    /network/existing/privateSubnets/2: subnet-0b is there twice
    /network/existing/privateSubnets/3: "sub" is no id; it looks like subnet-0123456789abcdef0
    /network/existing/publicSubnets: names one subnet, but a load balancer needs subnets in at least 2 zones
    /network/existing/privateSubnets/0: subnet-0a is under publicSubnets too; a subnet is one or the other
    "#);
    let change = json!({"existing": {"publicSubnets": []}});
    insta::assert_snapshot!(problems(with_network(change)), @r"
    /network/existing/vpcId: is required
    /network/existing/publicSubnets: is empty; name the subnets, or leave it out to have them found by their routes
    ");
}

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3";

#[test]
fn secrets_credentials_role_and_exec_read_back_as_the_same() {
    let document = with_service(json!({
        "secrets": { "DB": format!("{SECRET}:password::"), "API": "arn:aws:ssm:eu-west-1:123456789012:parameter/api" },
        "registryCredentials": SECRET,
        "taskRole": "arn:aws:iam::123456789012:role/moat-task-web",
        "exec": true
    }));
    let input = read(&document).unwrap();
    let service = input.service.as_ref().unwrap();
    assert_eq!((service.secrets.len(), service.exec), (2, true));
    let again = read(&json!({"network": input.network, "service": input.service})).unwrap();
    assert_eq!(again, input);
    // What is recorded today has none of them, and stays as it is.
    let text = serde_json::to_string(&read(&with_service(json!({}))).unwrap().service).unwrap();
    assert!(!["secrets", "registryCredentials", "taskRole", "exec"].iter().any(|field| text.contains(field)), "{text}");
}

#[test]
fn s2_what_is_wrong_with_secrets_is_told_for_each_of_them_at_once() {
    insta::assert_snapshot!(problems(with_service(json!({
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1",
        "environment": { "DB": "x" },
        "secrets": { "DB": SECRET, "API": "api", "A=B": SECRET },
        "registryCredentials": "arn:aws:ssm:eu-west-1:123456789012:parameter/ghcr",
        "taskRole": "arn:aws:iam::123456789012:role/admin",
        "exec": true
    }))), @r#"
    /service/secrets/A=B: an environment variable's name is not empty and has neither = nor {{
    /service/secrets/API: "api" is not the ARN of a secret; write arn:aws:secretsmanager:<region>:<account>:secret:<name>, or arn:aws:ssm:<region>:<account>:parameter/<name>
    /service/secrets/DB: is in environment, too; a variable has one value, so take it out of one of the two
    /service/registryCredentials: is for other registries; ECR is read with the execution role. Take it out, or name an image that is not in ECR
    /service/registryCredentials: is in Parameter Store, but ECS takes credentials from Secrets Manager only
    /service/taskRole: is role "admin", but moat may pass only roles whose names begin with moat-task-, so that who starts a provision cannot give a container any role of the account. Name a role so
    "#);
    insta::assert_snapshot!(problems(with_service(json!({ "exec": true, "registryCredentials": format!("{SECRET}:a::") }))), @r"
    /service/registryCredentials: names a part of a secret; ECS takes the whole one, a JSON object with username and password
    /service/exec: needs taskRole: ECS Exec works with the container's own role, which must be allowed ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel
    ");
}

fn door(input: serde_json::Value) -> Result<Option<LoadBalancerSpec>, String> {
    let service = serde_json::json!({ "name": "web", "network": "main", "image": "nginx:1", "loadBalancer": input });
    let read = read(&serde_json::json!({ "service": service }));
    let words = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    read.map(|input| input.service.unwrap().load_balancer).map_err(words)
}

#[test]
fn a_door_is_recorded_as_it_was_read_and_a_plain_one_as_ever() {
    let plain = serde_json::json!({
        "type": "application",
        "allow": ["0.0.0.0/0"],
        "healthCheck": { "path": "/", "interval": 10, "grace": 60 },
        "deregistrationDelay": 20,
    });
    for (input, expected) in [
        (serde_json::json!({}), Some(plain.clone())),
        (serde_json::Value::Null, Some(plain.clone())),
        (plain.clone(), Some(plain)),
        (serde_json::json!("none"), Some(serde_json::json!("none"))),
        (serde_json::json!({ "scheme": "internal" }), None),
        (serde_json::json!({ "type": "network", "idleTimeout": 60 }), None),
        (serde_json::json!({ "shared": "front", "hosts": ["api.example.com"], "paths": ["/v1/*"] }), None),
    ] {
        let service =
            serde_json::json!({ "name": "web", "network": "main", "image": "nginx:1", "loadBalancer": input });
        let spec = read(&serde_json::json!({ "service": service })).unwrap().service.unwrap();
        let recorded = serde_json::to_value(&spec).unwrap();
        assert!(expected.is_none_or(|expected| recorded["loadBalancer"] == expected), "{recorded}");
        assert_eq!(serde_json::from_value::<ServiceSpec>(recorded.clone()).unwrap(), spec);
        assert_eq!(read(&serde_json::json!({ "service": recorded })).unwrap().service, Some(spec));
    }
}

#[test]
fn who_may_connect_to_an_internal_door_is_the_network_unless_it_is_said() {
    let network: NetworkSpec =
        serde_json::from_value(serde_json::json!({ "name": "main", "cidr": "10.7.0.0/16" })).unwrap();
    let allowed =
        |input| door(input).unwrap().unwrap().allowed(&network).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(allowed(serde_json::json!({})), ["0.0.0.0/0"]);
    assert_eq!(allowed(serde_json::json!({ "scheme": "internal" })), ["10.7.0.0/16"]);
    assert_eq!(allowed(serde_json::json!({ "scheme": "internal", "allow": ["192.0.2.0/24"] })), ["192.0.2.0/24"]);
}

#[test]
fn s2_every_contradiction_of_a_door_is_told_at_once_with_its_field() {
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/one";
    insta::assert_snapshot!(door(serde_json::json!({
        "allow": [],
        "redirect": true,
        "tlsPolicy": "ELBSecurityPolicy-2016-08",
        "idleTimeout": 0,
        "accessLogs": { "bucket": "s3://logs", "prefix": "AWSLogs/" },
        "wafAcl": "all",
    })).unwrap_err(), @r#"
    /service/loadBalancer/allow: is empty, so nobody could connect; leave it out to allow anyone, or name ranges
    /service/loadBalancer/redirect: without a certificate nothing listens on port 443, so there is nothing to redirect to
    /service/loadBalancer/tlsPolicy: without a certificate there is no TLS, so there is no policy for it
    /service/loadBalancer/idleTimeout: is 0, but it is 1 to 4000 seconds
    /service/loadBalancer/accessLogs/bucket: "s3://logs" is no name of an S3 bucket: 3 to 63 letters, digits, dots and hyphens
    /service/loadBalancer/accessLogs/prefix: "AWSLogs/" must neither begin nor end with a slash, nor have AWSLogs in it
    /service/loadBalancer/wafAcl: "all" is no regional web ACL, which looks like arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>
    "#);
    insta::assert_snapshot!(door(serde_json::json!({
        "type": "network",
        "redirect": false,
        "idleTimeout": 30,
        "accessLogs": { "bucket": "logs-of-web" },
        "wafAcl": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/all/1",
    })).unwrap_err(), @r#"
    /service/loadBalancer/redirect: a network load balancer does not speak HTTP, so it redirects nothing
    /service/loadBalancer/idleTimeout: is 30, but it is 60 to 6000 seconds
    /service/loadBalancer/accessLogs: a network load balancer logs connections with TLS only; give it a certificate, or leave this out
    /service/loadBalancer/wafAcl: AWS WAF looks at HTTP, and a network load balancer does not speak it; use type "application"
    "#);
    insta::assert_snapshot!(door(serde_json::json!({
        "type": "network",
        "certificate": certificate,
        "tlsPolicy": "modern",
        "idleTimeout": 350,
    })).unwrap_err(), @r#"
    /service/loadBalancer/tlsPolicy: "modern" is no security policy of Elastic Load Balancing: their names begin with ELBSecurityPolicy-
    /service/loadBalancer/idleTimeout: AWS has none for TLS on a network load balancer, where it is always 350 seconds; leave it out
    "#);
    insta::assert_snapshot!(door(serde_json::json!({ "certificate": "arn:aws:iam::123456789012:server-certificate/one" })).unwrap_err(), @r#"/service/loadBalancer/certificate: "arn:aws:iam::123456789012:server-certificate/one" is no certificate of AWS Certificate Manager, which looks like arn:aws:acm:<region>:<account>:certificate/<id>"#);
    insta::assert_snapshot!(door(serde_json::json!("nothing")).unwrap_err(), @r#"/service/loadBalancer: is "nothing"; it is an object, or "none" for no load balancer"#);
}

#[test]
fn ipv6_is_recorded_where_it_is_asked_for_and_nowhere_else() {
    let input = read(&with_network(json!({"ipv6": true}))).unwrap();
    let document = json!({"network": input.network, "service": input.service});
    assert_eq!(document["network"]["ipv6"], true);
    assert_eq!(read(&document).unwrap(), input);
    let plain = read(&with_network(json!({"ipv6": false}))).unwrap();
    assert!(!serde_json::to_string(&plain.network).unwrap().contains("ipv6"), "what is recorded today stays as it is");
    insta::assert_snapshot!(problems(with_network(json!({"ipv6": "yes"}))), @r#"/network/ipv6: must be a boolean, but it is string "yes""#);
}

#[test]
fn s2_certificates_for_other_names_stand_beside_the_main_one_and_once_each() {
    let one = "arn:aws:acm:us-east-1:123456789012:certificate/one";
    let two = one.replace("one", "two");
    let told = |door: serde_json::Value| self::door(door).unwrap_err();
    insta::assert_snapshot!(told(serde_json::json!({ "additionalCertificates": [two] })), @r#"/service/loadBalancer/additionalCertificates: stand beside "certificate" only, which is shown to clients that name no host"#);
    insta::assert_snapshot!(told(serde_json::json!({ "certificate": one, "additionalCertificates": [two, one, two, "mine"] })), @r#"
    /service/loadBalancer/additionalCertificates/1: arn:aws:acm:us-east-1:123456789012:certificate/one is there twice
    /service/loadBalancer/additionalCertificates/2: arn:aws:acm:us-east-1:123456789012:certificate/two is there twice
    /service/loadBalancer/additionalCertificates/3: "mine" is no certificate of AWS Certificate Manager, which looks like arn:aws:acm:<region>:<account>:certificate/<id>
    "#);
    let many: Vec<String> = (0..25).map(|at| one.replace("one", &at.to_string())).collect();
    insta::assert_snapshot!(told(serde_json::json!({ "certificate": one, "additionalCertificates": many })), @"/service/loadBalancer/additionalCertificates: has 25 certificates; name at most 24");
    let read = door(serde_json::json!({ "certificate": one, "additionalCertificates": [two] })).unwrap().unwrap();
    assert_eq!(read.additional_certificates, [two]);
}

#[test]
fn s2_what_belongs_to_the_load_balancer_of_another_service_is_said_there() {
    insta::assert_snapshot!(door(serde_json::json!({
        "shared": "front",
        "scheme": "internal",
        "allow": ["10.0.0.0/8"],
        "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/one",
        "hosts": ["localhost", "API.example.com"],
        "paths": ["api", "/a b", "/v1/*", "/v1/*"],
    })).unwrap_err(), @r#"
    /service/loadBalancer/scheme: belongs to the load balancer of service front; say it there
    /service/loadBalancer/allow: belongs to the load balancer of service front; say it there
    /service/loadBalancer/certificate: belongs to the load balancer of service front; say it there
    /service/loadBalancer/hosts/0: "localhost" is no host: it has at least one dot and ends with letters, like api.example.com
    /service/loadBalancer/hosts/1: "API.example.com" has more than small letters, digits, hyphens, dots, * and ?
    /service/loadBalancer/paths/0: "api" must begin with a slash, like /api
    /service/loadBalancer/paths/1: "/a b" has ' ' in it, which ELB takes in no path pattern
    /service/loadBalancer/paths/3: "/v1/*" is there twice
    /service/loadBalancer/hosts: has 6 patterns together with paths, but a rule of a listener takes 5
    "#);
    insta::assert_snapshot!(door(serde_json::json!({ "shared": "front" })).unwrap_err(), @r#"/service/loadBalancer/shared: names neither hosts nor paths, so no request would come to the service; give at least one"#);
    insta::assert_snapshot!(door(serde_json::json!({ "shared": "web", "paths": ["/"] })).unwrap_err(), @r#"/service/loadBalancer/shared: is the service itself; leave it out for a load balancer of its own"#);
    insta::assert_snapshot!(door(serde_json::json!({ "paths": ["/api/*"] })).unwrap_err(), @r#"/service/loadBalancer/paths: stands beside "shared" only: all requests to a load balancer of its own come to the service"#);
}
