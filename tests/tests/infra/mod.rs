//! The state machines and the template, read from `infra/` as plain data.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A file of the project, by its path from the root.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

pub fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The state machines, by file name without extension.
pub fn machines() -> BTreeMap<&'static str, Value> {
    let read = |name| serde_json::from_str(&text(&format!("infra/statemachines/{name}.asl.json"))).expect(name);
    ["provision", "remediate", "rollout", "settle", "teardown", "verify"].map(|name| (name, read(name))).into()
}

/// A part of a machine that runs by itself: the machine, one branch of a Parallel, or the rounds of a Map.
pub struct Scope<'a> {
    pub name: String,
    pub start: &'a str,
    pub states: &'a Map<String, Value>,
}

/// The machine and all parts in it.
pub fn scopes<'a>(name: &str, machine: &'a Value) -> Vec<Scope<'a>> {
    let states = machine["States"].as_object().expect("states");
    let start = machine["StartAt"].as_str().expect("a start");
    let mut found = vec![Scope { name: name.to_owned(), start, states }];
    for (state_name, state) in states {
        for (at, branch) in list(&state["Branches"]).iter().enumerate() {
            found.extend(scopes(&format!("{name} / {state_name} / {at}"), branch));
        }
        if let Some(each) = state.get("ItemProcessor") {
            found.extend(scopes(&format!("{name} / {state_name}"), each));
        }
    }
    found
}

/// Every state of the machine and its parts.
pub fn states<'a>(name: &str, machine: &'a Value) -> Vec<(String, &'a Value)> {
    scopes(name, machine).iter().flat_map(|scope| scope.states).map(|(name, state)| (name.clone(), state)).collect()
}

/// The states that may come right after this one in its scope.
pub fn successors(state: &Value) -> Vec<&str> {
    let choices = list(&state["Choices"]).iter().chain(list(&state["Catch"]));
    let ways = choices.map(|way| &way["Next"]).chain([&state["Next"], &state["Default"]]);
    ways.filter_map(Value::as_str).collect()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The strings of a list, or the one string.
pub fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        many => list(many).iter().filter_map(Value::as_str).collect(),
    }
}

/// All strings anywhere in a value.
pub fn all_strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(one) => found.push(one),
        Value::Array(many) => many.iter().for_each(|inner| all_strings(inner, found)),
        Value::Object(fields) => fields.values().for_each(|inner| all_strings(inner, found)),
        _ => {}
    }
}

/// The names between an opening mark and the next closing one: `between("a${b}c", "${", "}")` is `b`.
pub fn between<'a>(text: &'a str, open: &str, close: char) -> BTreeSet<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

/// The template as an account with ownership conditions and a schedule sees it: `!If` decided, `!Sub` as its text, `!Ref X` as `X`,
/// `!GetAtt X.Arn` as `X.Arn`.
pub fn template() -> Value {
    let yaml: Yaml = serde_yaml_ng::from_str(&text("infra/template.yaml")).expect("YAML");
    resolve(yaml).expect("a template")
}

const NO_VALUE: &str = "AWS::NoValue";

fn resolve(yaml: Yaml) -> Option<Value> {
    Some(match yaml {
        Yaml::Tagged(tagged) if tagged.tag == "If" => {
            let Yaml::Sequence(parts) = tagged.value else { panic!("!If takes a list") };
            assert!(
                ["IsOwnershipEnforced", "IsScheduled"].contains(&parts[0].as_str().unwrap_or_default()),
                "{parts:?}"
            );
            return resolve(parts[1].clone());
        }
        Yaml::Tagged(tagged) => match resolve(tagged.value)? {
            Value::String(name) if tagged.tag == "Ref" && name == NO_VALUE => return None,
            value => value,
        },
        Yaml::Sequence(items) => Value::Array(items.into_iter().filter_map(resolve).collect()),
        Yaml::Mapping(fields) => {
            let field = |(key, value): (Yaml, Yaml)| Some((key.as_str()?.to_owned(), resolve(value)?));
            Value::Object(fields.into_iter().filter_map(field).collect())
        }
        plain => serde_json::to_value(plain).ok()?,
    })
}

/// The template's resources of one type, by logical id.
pub fn resources<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let all = template["Resources"].as_object().expect("resources");
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
}

/// The event patterns of the rules that start rollouts, by the rule's id.
pub fn patterns() -> BTreeMap<String, Value> {
    let template = template();
    let rules = resources(&template, "AWS::Events::Rule");
    rules.into_iter().map(|(id, rule)| (id.to_owned(), rule["EventPattern"].clone())).collect()
}

/// Whether EventBridge takes an event, for the operators that the patterns here use.
/// Source: "Comparison operators for use in event patterns", Amazon EventBridge User Guide.
pub fn matches(pattern: &Value, event: &Value) -> bool {
    pattern.as_object().expect("a pattern").iter().all(|(field, wanted)| match (wanted, event.get(field)) {
        (_, None) => false,
        (Value::Object(_), Some(inner)) => matches(wanted, inner),
        (wanted, Some(found)) => list(wanted).iter().any(|way| takes(way, found)),
    })
}

fn takes(way: &Value, found: &Value) -> bool {
    match (way, found) {
        (way, Value::Array(many)) => many.iter().any(|found| takes(way, found)),
        (Value::Object(operator), found) => {
            let prefixes = strings(&way["anything-but"]["prefix"]);
            assert!(operator.len() == 1 && !prefixes.is_empty(), "{way} is not known here");
            found.as_str().is_some_and(|found| !prefixes.iter().any(|prefix| found.starts_with(prefix)))
        }
        (way, found) => way == found,
    }
}

/// The JSON files of a folder, by name without extension.
pub fn samples(folder: &str) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(path(folder)).expect(folder).map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

/// The statements of a role's own policies.
pub fn statements(role: &Value) -> Vec<&Value> {
    list(&role["Policies"]).iter().flat_map(|policy| list(&policy["PolicyDocument"]["Statement"])).collect()
}

/// The role of a function or machine, by the id of that function or machine.
pub fn role_of<'a>(template: &'a Value, properties: &Value) -> &'a Value {
    let id = properties["Role"].as_str().expect("a role").trim_end_matches(".Arn");
    resources(template, "AWS::IAM::Role")[id]
}
