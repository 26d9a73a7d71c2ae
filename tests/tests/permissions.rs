//! Each Lambda's role allows exactly what its code calls: nothing is missing on the day it is needed, and nothing is
//! there to be misused.

mod infra;

use infra::{resources, role_of, statements, strings, template};
use std::collections::{BTreeMap, BTreeSet};

/// Where each function's calls are.
const HANDS: &[(&str, &[&str])] = &[
    ("SpecFunction", &["parameters", "records"]),
    ("PreflightFunction", &["preflight", "secrets"]),
    ("NetworkFunction", &["endpoints", "network", "routes"]),
    ("IngressFunction", &["ingress"]),
    ("ServiceFunction", &["scaling", "service"]),
    ("RolloutFunction", &["parameters", "rollout"]),
    ("VerifyFunction", &["evidence", "interface"]),
    ("DriftFunction", &["evidence", "interface", "leftovers", "parameters", "records", "scaling", "tags"]),
    ("TeardownFunction", &["endpoints", "interface", "routes", "teardown"]),
];

/// Whose hands a function uses to look, and for nothing else.
const EYES: &[(&str, &[&str])] = &[("DriftFunction", &["ingress", "network", "service"])];

/// Permissions that no call is named after, and which call needs them.
const WITHOUT_A_CALL: &[(&str, &str)] = &[
    ("CreateTags", "EC2 asks for it in every create call that carries tags"),
    ("AddTags", "ELB asks for it in every create call that carries tags"),
    ("TagResource", "ECS and CloudWatch Logs ask for it in every create call that carries tags"),
    ("AddTagsToResource", "SSM asks for it when PutParameter makes a parameter with tags"),
    ("PassRole", "RegisterTaskDefinition names the execution role, and the role of the container"),
    ("SetWebACL", "ELB asks for it when AssociateWebACL puts one before a load balancer"),
    ("CreateServiceLinkedRole", "CreateLoadBalancer and CreateCluster, once in the life of an account"),
    ("CreateLogStream", "Lambda itself, for the function's own log"),
    ("PutLogEvents", "Lambda itself, for the function's own log"),
];

/// What ELB asks of EC2 in the name of whoever calls CreateLoadBalancer, CreateTargetGroup or SetSubnets ("Elastic Load
/// Balancing API permissions").
const ASKED_BY_ELB: &[&str] =
    &["DescribeAccountAttributes", "DescribeAddresses", "DescribeInternetGateways", "DescribeSubnets", "DescribeVpcs"];

/// How the SDK's calls begin.
const VERBS: &str = "add allocate associate attach authorize batch create delete deregister describe detach disable \
                     disassociate enable get list modify put register release remove replace revoke run send set simulate \
                     start stop tag untag update";

/// Fields that read like calls.
const FIELDS: &[&str] = &[
    "create_time",
    "delete_time",
    "enable_dns_hostnames",
    "enable_dns_support",
    "enable_execute_command",
    "get_or_insert_default",
    "start_time",
    "start_timeout",
    "stop_date",
    "stop_timeout",
    "tag_descriptions",
    "tag_list",
    "tag_set",
];

#[test]
fn each_role_allows_exactly_what_its_function_calls() {
    let template = template();
    let functions = resources(&template, "AWS::Serverless::Function");
    let calls = calls_by_module();
    assert_eq!(functions.len(), HANDS.len());
    for (id, modules) in HANDS {
        let role = role_of(&template, functions[id]);
        let allowed = statements(role).into_iter().flat_map(|statement| strings(&statement["Action"]));
        let allowed = allowed.map(|action| action.split(':').nth(1).unwrap().to_owned());
        let looks = EYES.iter().filter(|(eyes, _)| eyes == id).flat_map(|(_, modules)| *modules);
        let looks = looks.filter_map(|module| calls.get(*module)).flatten().filter(|call| is_reading(call));
        let called = modules.iter().filter_map(|module| calls.get(*module)).flatten().chain(looks);
        let called: BTreeSet<String> = called.cloned().collect();
        let is_called = |action: &String| {
            let is_for_elb = *id == "IngressFunction" && ASKED_BY_ELB.contains(&action.as_str());
            let is_silent = WITHOUT_A_CALL.iter().any(|(silent, _)| silent == action);
            called.contains(action) || !is_for_elb && !is_silent
        };
        let allowed: BTreeSet<String> = allowed.filter(is_called).collect();
        let missing: Vec<_> = BTreeSet::difference(&called, &allowed).collect();
        let unused: Vec<_> = allowed.difference(&called).collect();
        assert!(missing.is_empty() && unused.is_empty(), "{id}: missing {missing:?}, never called {unused:?}");
    }
}

fn is_reading(call: &str) -> bool {
    ["BatchGet", "Describe", "Get", "List"].iter().any(|verb| call.starts_with(verb))
}

#[test]
fn no_call_to_aws_hides_outside_the_hands_of_a_function() {
    let known: Vec<&str> = HANDS.iter().flat_map(|(_, modules)| *modules).copied().collect();
    for (module, calls) in calls_by_module() {
        assert!(calls.is_empty() || known.contains(&module.as_str()), "{module} calls {calls:?}");
    }
}

/// The names of the API calls in each module of moat-aws: a file, or a folder with all that is in it.
fn calls_by_module() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(infra::path("crates/moat-aws/src")).expect("the hands") {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut open = vec![path];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                found.entry(module.clone()).or_default().extend(calls(&text));
            }
        }
    }
    found
}

/// A call begins with its name and empty brackets: `client.create_vpc()`.
fn calls(text: &str) -> BTreeSet<String> {
    let code: String = text.split("#[cfg(test)]").next().unwrap_or_default().split('\n').filter(is_code).collect();
    let names = code.split('.').skip(1).filter_map(|rest| rest.split_once("()").map(|(name, _)| name));
    let is_call = |name: &&str| {
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let verb = name.split_once('_').map_or("", |(verb, _)| verb);
        is_name && VERBS.split(' ').any(|known| known == verb) && !FIELDS.contains(name)
    };
    names.filter(is_call).map(camel).collect()
}

fn is_code(line: &&str) -> bool {
    !line.trim_start().starts_with("//")
}

fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name: String = name.split('_').map(capital).collect();
    // The SDK's words for them, and IAM's.
    name.replace("ListAwsDefault", "ListAWSDefault").replace("WebAcl", "WebACL")
}

#[test]
fn a_call_is_found_in_whatever_shape_it_is_written() {
    let text =
        "self.ec2\n    .create_vpc()\n    .cidr_block(x); // .delete_vpc()\n/// .create_subnet()\nnat.create_time()";
    assert!(calls(text).contains("CreateVpc"));
    assert!(!calls(text).contains("CreateSubnet"));
    assert!(!calls(text).contains("CreateTime"));
}
