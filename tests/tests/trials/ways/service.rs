//! What somebody does to a service, its revisions and its log group.

use super::strangers::{REGISTERED, Strangers};
use super::{Call, Calls, Way};
use serde_json::{Value, json};

/// The calls that make this change, where it is about a service.
pub fn calls(way: &Way, them: &Strangers) -> Option<Calls> {
    let what = way.what.as_str();
    Some(match way.resource.as_str() {
        "cluster" if what == "deleted" => Err("AWS deletes no cluster with a service in it"),
        "cluster" => Err("moat looks for the name, which AWS allows once"),
        "log-group" => log_group(what, them),
        "service" => service(what, them),
        "task-definition" => task_definition(what, them),
        _ => return None,
    })
}

fn logs(action: &'static str, body: Value) -> Call {
    Call::Json("logs", action, body)
}

fn ecs(action: &'static str, body: Value) -> Call {
    Call::Json("ecs", action, body)
}

fn log_group(what: &str, them: &Strangers) -> Calls {
    let name = format!("/moat/{}", them.name());
    let keep =
        |days: u32| logs("Logs_20140328.PutRetentionPolicy", json!({"logGroupName": name, "retentionInDays": days}));
    Ok(vec![match what {
        "deleted" => logs("Logs_20140328.DeleteLogGroup", json!({ "logGroupName": name })),
        "retention_days: shorter" => keep(1),
        "retention_days: longer" => keep(3653),
        "retention_days: for ever" => logs("Logs_20140328.DeleteRetentionPolicy", json!({ "logGroupName": name })),
        _ => return Err("moat looks for the name, which AWS allows once"),
    }])
}

fn task_definition(what: &str, them: &Strangers) -> Calls {
    let running = them.definition();
    Ok(vec![if what == "deregistered" {
        let arn = running["taskDefinitionArn"].clone();
        ecs("AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition", json!({ "taskDefinition": arn }))
    } else {
        register(them, "cpu")
    }])
}

fn service(what: &str, them: &Strangers) -> Calls {
    let name = format!("moat-{}", them.name());
    let update = |mut change: Value| {
        (change["cluster"], change["service"]) = (json!(name), json!(name));
        ecs("AmazonEC2ContainerServiceV20141113.UpdateService", change)
    };
    if ["secrets", "registry_credentials", "task_role"].iter().any(|field| what == format!("revision: another {field}"))
    {
        return Err("its role and its secrets would have to be there; moat-fake has it");
    }
    if let Some(field) = what.strip_prefix("revision: another ") {
        return Ok(vec![register(them, field), update(json!({ "taskDefinition": REGISTERED }))]);
    }
    if let Some(change) = place(what, them) {
        return Ok(vec![update(json!({"networkConfiguration": {"awsvpcConfiguration": change}}))]);
    }
    if what == "deleted" {
        let body = json!({"cluster": name, "service": name, "force": true});
        return Ok(vec![ecs("AmazonEC2ContainerServiceV20141113.DeleteService", body)]);
    }
    let rules = |minimum: u32, maximum: u32, breaker: Value| {
        let rules =
            json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum, "deploymentCircuitBreaker": breaker});
        json!({ "deploymentConfiguration": rules })
    };
    let breaker = || json!({"enable": true, "rollback": true, "thresholdConfiguration": {"type": "COUNT", "value": 2}});
    let container = &them.definition()["containerDefinitions"][0];
    Ok(vec![update(match what {
        "deployment: minimum_percent" => rules(0, 200, breaker()),
        "deployment: maximum_percent" => rules(100, 100, breaker()),
        "deployment: has_breaker" => rules(100, 200, json!({"enable": false, "rollback": false})),
        "deployment: has_rollback" => rules(100, 200, json!({"enable": true, "rollback": false})),
        "deployment: failures" => rules(100, 200, json!({"enable": true, "rollback": true})),
        "grace" => json!({"healthCheckGracePeriodSeconds": 5}),
        "desired: more" => json!({"desiredCount": 7}),
        "desired: none" => json!({"desiredCount": 0}),
        "target_group" => json!({"loadBalancers": [{
            "targetGroupArn": them.id("target-group theirs"),
            "containerName": container["name"],
            "containerPort": container["portMappings"][0]["containerPort"],
        }]}),
        "exec" => return Err("the tasks would need a role; moat-fake has it"),
        "there twice" => return Err("moat looks for the name, which AWS allows once in a cluster"),
        _ => return Err("the local AWS has no Application Auto Scaling"),
    })])
}

/// The place of the tasks, where the change is about it.
fn place(what: &str, them: &Strangers) -> Option<Value> {
    let (a, b) = (them.id("subnet private-a"), them.id("subnet private-b"));
    let (own, theirs) = (them.id("security-group tasks"), them.id("sg-theirs"));
    let (subnets, groups, public) = match what {
        "subnets: not in subnet private-a" => (vec![b], vec![own], "DISABLED"),
        "subnets: not in subnet private-b" => (vec![a], vec![own], "DISABLED"),
        "subnets: a public one, too" => (vec![a, b, them.id("subnet public-a")], vec![own], "DISABLED"),
        "groups: another one" => (vec![a, b], vec![theirs], "DISABLED"),
        "groups: another one more" => (vec![a, b], vec![own, theirs], "DISABLED"),
        "assigns_public_ip" => (vec![a, b], vec![own], "ENABLED"),
        _ => return None,
    };
    Some(json!({"subnets": subnets, "securityGroups": groups, "assignPublicIp": public}))
}

/// Registers a revision like the running one that differs in this field.
fn register(them: &Strangers, field: &str) -> Call {
    let mut definition = them.definition().clone();
    let fields = definition.as_object_mut().expect("a definition");
    for read_only in [
        "taskDefinitionArn",
        "revision",
        "status",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "compatibilities",
    ] {
        fields.remove(read_only);
    }
    let container = &mut definition["containerDefinitions"][0];
    match field {
        "port" => container["portMappings"][0]["containerPort"] = json!(9999),
        "command" => container["command"] = json!(["theirs"]),
        "environment" => container["environment"] = json!([{"name": "THEIRS", "value": "1"}]),
        "log_group" => container["logConfiguration"]["options"]["awslogs-group"] = json!("/theirs"),
        "region" => container["logConfiguration"]["options"]["awslogs-region"] = json!("eu-west-1"),
        "cpu" => definition["cpu"] = json!("4096"),
        "memory" => (definition["cpu"], definition["memory"]) = (json!("1024"), json!("8192")),
        "architecture" => definition["runtimePlatform"]["cpuArchitecture"] = json!("ARM64"),
        "execution_role" => {
            definition["executionRoleArn"] = json!(format!("arn:aws:iam::000000000000:role/theirs-{}", them.name()))
        }
        other => panic!("{other}"),
    }
    ecs("AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", definition)
}
