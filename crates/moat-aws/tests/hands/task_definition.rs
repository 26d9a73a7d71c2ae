//! A task definition there and back: what is registered reads as equal, and anything foreign in it never does.

use crate::service_apply::{apply, spec};
use crate::wire::Wire;
use moat::image::Image;
use moat::service::ServiceStep;
use moat::service::observed::{Observed, Revision, TaskDefinition};
use moat::stage::Cloud;
use moat_aws::scaling::Autoscaling;
use moat_aws::service::ServiceCloud;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/moat-web:1";

pub fn definition() -> TaskDefinition {
    spec().task_definition(Some("sha256:abc"))
}

/// What ECS would be asked to keep.
async fn registered(definition: &TaskDefinition) -> Value {
    let wire =
        Wire::default().on("RegisterTaskDefinition", [json!({ "taskDefinition": { "taskDefinitionArn": ARN } })]);
    let step = ServiceStep::RegisterTaskDefinition { definition: Box::new(definition.clone()) };
    apply(&wire, &step).await.unwrap();
    wire.call("RegisterTaskDefinition").json
}

/// What ECS makes of it: it adds its defaults.
fn kept(mut registered: Value) -> Value {
    registered["taskDefinitionArn"] = json!(ARN);
    registered["status"] = json!("ACTIVE");
    registered["revision"] = json!(1);
    for empty in ["volumes", "placementConstraints"] {
        registered[empty] = json!([]);
    }
    registered["compatibilities"] = json!(["EC2", "FARGATE"]);
    let container = &mut registered["containerDefinitions"][0];
    container["cpu"] = json!(0);
    container["portMappings"][0]["hostPort"] = container["portMappings"][0]["containerPort"].clone();
    for empty in ["mountPoints", "volumesFrom", "systemControls"] {
        container[empty] = json!([]);
    }
    registered
}

async fn read(described: Value) -> Observed {
    let wire = Wire::default().on("DescribeTaskDefinition", [json!({ "taskDefinition": described })]);
    ServiceCloud::new(&wire.config(), Autoscaling::absent()).observe(&spec()).await.unwrap()
}

#[tokio::test]
async fn a_definition_carries_the_digest_the_label_and_its_logs() {
    let call = registered(&definition()).await;
    assert_eq!(call["family"], "moat-web");
    assert_eq!((&call["networkMode"], &call["requiresCompatibilities"]), (&json!("awsvpc"), &json!(["FARGATE"])));
    assert_eq!((&call["cpu"], &call["memory"]), (&json!("256"), &json!("512")));
    assert_eq!(call["executionRoleArn"], "arn:aws:iam::123456789012:role/moat-execution");
    assert_eq!(call["taskRoleArn"], Value::Null);
    assert_eq!(call["runtimePlatform"], json!({ "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" }));
    let container = &call["containerDefinitions"][0];
    let repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web";
    assert_eq!(container["name"], "web");
    assert_eq!(container["image"], format!("{repository}@sha256:abc"));
    assert_eq!(container["dockerLabels"], json!({ "moat.image": format!("{repository}:1.2") }));
    assert_eq!(container["portMappings"], json!([{ "containerPort": 8080, "protocol": "tcp" }]));
    let options = json!({
        "awslogs-group": "/moat/web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "moat",
    });
    assert_eq!(container["logConfiguration"], json!({ "logDriver": "awslogs", "options": options }));
    let tag = json!({ "key": "moat:resource", "value": "task-definition" });
    assert!(call["tags"].as_array().unwrap().contains(&tag), "{call}");
}

#[tokio::test]
async fn what_is_registered_reads_as_equal_so_that_nothing_is_registered_twice() {
    let arm = TaskDefinition { architecture: "ARM64".into(), cpu: 16384, memory: 122_880, ..definition() };
    let command = TaskDefinition { command: vec!["serve".into(), "--port=80".into(), String::new()], ..definition() };
    let plain = TaskDefinition { environment: [].into(), labels: [].into(), port: u16::MAX, ..definition() };
    let odd = [("EMPTY", ""), ("Z", "a=b"), ("A", "é \"\\\n")].map(|(name, value)| (name.into(), value.into()));
    let variables = TaskDefinition { environment: odd.into(), ..definition() };
    let all = [definition(), arm, command, plain, variables, secretive()];
    for definition in all {
        let observed = read(kept(registered(&definition).await)).await;
        assert_eq!(observed.latest, Some(Revision::of(ARN.into(), definition)));
    }
}

/// One that reads secrets, comes from a private registry, and has a role.
fn secretive() -> TaskDefinition {
    let secrets =
        [("DB", format!("{SECRET}:password::")), ("API", "arn:aws:ssm:eu-west-1:123456789012:parameter/x".into())];
    TaskDefinition {
        image: "ghcr.io/team/web:1".into(),
        secrets: secrets.map(|(name, from)| (name.to_owned(), from)).into(),
        registry_credentials: Some(SECRET.into()),
        task_role: Some("arn:aws:iam::123456789012:role/moat-task-web".into()),
        ..definition()
    }
}

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3";

#[tokio::test]
async fn secrets_credentials_and_the_role_are_written_by_arn() {
    let call = registered(&secretive()).await;
    assert_eq!(call["taskRoleArn"], "arn:aws:iam::123456789012:role/moat-task-web");
    let container = &call["containerDefinitions"][0];
    assert_eq!(container["repositoryCredentials"], json!({ "credentialsParameter": SECRET }));
    let expected = json!([
        { "name": "API", "valueFrom": "arn:aws:ssm:eu-west-1:123456789012:parameter/x" },
        { "name": "DB", "valueFrom": format!("{SECRET}:password::") },
    ]);
    assert_eq!(container["secrets"], expected);
    let plain = registered(&definition()).await;
    assert_eq!((&plain["containerDefinitions"][0]["secrets"], &plain["taskRoleArn"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn d4_another_role_secret_or_credentials_read_as_what_they_are_and_differ_from_ours() {
    let ours = kept(registered(&secretive()).await);
    let theirs = [
        ("/taskRoleArn", json!("arn:aws:iam::123456789012:role/theirs")),
        ("/containerDefinitions/0/secrets", json!([{ "name": "S", "valueFrom": "arn:s" }])),
        ("/containerDefinitions/0/repositoryCredentials", json!({ "credentialsParameter": "arn:s" })),
    ];
    for (pointer, value) in theirs {
        let mut described = ours.clone();
        *described.pointer_mut(pointer).unwrap() = value;
        let found = read(described).await.latest.unwrap().definition;
        assert!(found.is_some() && found != Some(secretive()), "{pointer}: {found:?}");
    }
}

#[tokio::test]
async fn the_order_in_which_ecs_returns_variables_is_no_difference() {
    let mut described = kept(registered(&definition()).await);
    described["containerDefinitions"][0]["environment"].as_array_mut().unwrap().reverse();
    assert_eq!(read(described).await.latest.unwrap().definition, Some(definition()));
}

#[tokio::test]
async fn what_is_said_as_empty_is_as_good_as_not_said() {
    let mut described = kept(registered(&definition()).await);
    for empty in ["taskRoleArn", "pidMode", "ipcMode"] {
        described[empty] = json!("");
    }
    for empty in ["proxyConfiguration", "ephemeralStorage"] {
        described[empty] = Value::Null;
    }
    assert_eq!(read(described).await.latest.unwrap().definition, Some(definition()));
}

/// At the definition, or at its container, each alone.
fn foreign() -> Vec<(&'static str, Value)> {
    vec![
        ("/volumes", json!([{ "name": "v" }])),
        ("/networkMode", json!("bridge")),
        ("/pidMode", json!("task")),
        ("/ipcMode", json!("task")),
        ("/ephemeralStorage", json!({ "sizeInGiB": 100 })),
        ("/proxyConfiguration", json!({ "containerName": "envoy" })),
        ("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE")),
        ("/containerDefinitions/0/name", json!("other")),
        ("/containerDefinitions/0/environmentFiles", json!([{ "value": "arn:s3", "type": "s3" }])),
        ("/containerDefinitions/0/mountPoints", json!([{ "sourceVolume": "v", "containerPath": "/v" }])),
        ("/containerDefinitions/0/volumesFrom", json!([{ "sourceContainer": "other" }])),
        ("/containerDefinitions/0/entryPoint", json!(["sh"])),
        ("/containerDefinitions/0/healthCheck", json!({ "command": ["CMD", "true"] })),
        ("/containerDefinitions/0/user", json!("root")),
        ("/containerDefinitions/0/workingDirectory", json!("/srv")),
        ("/containerDefinitions/0/cpu", json!(128)),
        ("/containerDefinitions/0/memory", json!(256)),
        ("/containerDefinitions/0/memoryReservation", json!(256)),
        ("/containerDefinitions/0/readonlyRootFilesystem", json!(true)),
        ("/containerDefinitions/0/privileged", json!(true)),
        ("/containerDefinitions/0/linuxParameters", json!({ "initProcessEnabled": true })),
        ("/containerDefinitions/0/ulimits", json!([{ "name": "nofile", "softLimit": 1, "hardLimit": 1 }])),
        ("/containerDefinitions/0/dependsOn", json!([{ "containerName": "web", "condition": "START" }])),
        ("/containerDefinitions/0/firelensConfiguration", json!({ "type": "fluentbit" })),
        ("/containerDefinitions/0/stopTimeout", json!(120)),
        ("/containerDefinitions/0/startTimeout", json!(120)),
        ("/containerDefinitions/0/systemControls", json!([{ "namespace": "n", "value": "1" }])),
        ("/containerDefinitions/0/logConfiguration/logDriver", json!("splunk")),
        ("/containerDefinitions/0/logConfiguration/options/awslogs-stream-prefix", json!("other")),
        ("/containerDefinitions/0/logConfiguration/options/mode", json!("non-blocking")),
        ("/containerDefinitions/0/logConfiguration/secretOptions", json!([{ "name": "t", "valueFrom": "arn:s" }])),
        ("/containerDefinitions/0/portMappings/0/protocol", json!("udp")),
    ]
}

#[tokio::test]
async fn a_definition_with_anything_foreign_in_it_never_equals_ours() {
    let ours = kept(registered(&definition()).await);
    for (pointer, value) in foreign() {
        let mut described = ours.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        described.pointer_mut(parent).unwrap()[key] = value;
        let revision = read(described).await.latest.unwrap();
        assert_eq!((revision.arn, revision.definition), (ARN.into(), None), "{pointer}");
    }
}

#[tokio::test]
async fn a_sidecar_or_a_second_port_never_equals_ours() {
    for list in ["/containerDefinitions", "/containerDefinitions/0/portMappings"] {
        let mut described = kept(registered(&definition()).await);
        let list = described.pointer_mut(list).unwrap().as_array_mut().unwrap();
        list.push(list[0].clone());
        assert_eq!(read(described).await.latest.unwrap().definition, None);
    }
}

#[tokio::test]
async fn an_image_by_tag_is_written_as_it_is_where_no_registry_tells_the_digest() {
    let mut spec = spec();
    spec.service.image = Image::new("ghcr.io/team/web:1.2").unwrap();
    let call = registered(&spec.task_definition(None)).await;
    assert_eq!(call["containerDefinitions"][0]["image"], "ghcr.io/team/web:1.2");
}
