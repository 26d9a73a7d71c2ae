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
    assert_eq!((network.cidr.to_string().as_str(), network.zones, network.egress.nat), ("10.0.0.0/16", 2, Nat::Single));
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
            "memory": 4096, "tasks": -1, "loadBalancer": {"healthCheck": {"path": "health"}, "allow": ["10.0.0.0"]}
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
