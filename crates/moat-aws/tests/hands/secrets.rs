//! What is asked about secrets, and what is made of the answers.

use crate::wire::{Answer, Wire};
use moat::error::Kind;
use moat::service::access::{Facts, Found};
use moat::spec::ServiceSpec;
use moat_aws::secrets::SecretsCloud;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ROLE: &str = "arn:aws:iam::123456789012:role/moat-task-execution-eu-west-1";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1B2c3";
const PARAMETER: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/api";

fn spec(secret: &str) -> ServiceSpec {
    let service =
        json!({ "name": "web", "network": "main", "image": "ghcr.io/team/web:1", "secrets": { "A": secret } });
    serde_json::from_value(service).unwrap()
}

async fn look(wire: &Wire, secret: &str) -> Result<Found, moat::error::Failure> {
    let found = SecretsCloud::new(&wire.config(), ROLE).found(&spec(secret)).await?;
    Ok(found.into_values().next().expect("the secret"))
}

fn simulated(decision: &str) -> Answer {
    let result = format!("<member><EvalActionName>x</EvalActionName><EvalDecision>{decision}</EvalDecision></member>");
    format!("<EvaluationResults>{result}</EvaluationResults><IsTruncated>false</IsTruncated>").into()
}

fn described(more: &Value) -> Value {
    let mut answer = json!({ "ARN": SECRET, "Name": "db", "Tags": [{ "Key": "moat:readable", "Value": "true" }] });
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answer
}

fn there(key: Option<&str>, denied: &[&str]) -> Found {
    let tags = BTreeMap::from([("moat:readable".to_owned(), "true".to_owned())]);
    let denied: BTreeSet<String> = denied.iter().map(|action| (*action).to_owned()).collect();
    Found::There(Facts { tags, key: key.map(str::to_owned), denied: Ok(denied) })
}

#[tokio::test]
async fn a_secret_is_looked_at_in_its_own_region_and_its_value_never() {
    let wire = Wire::default().on("DescribeSecret", [described(&json!({}))]);
    let wire = wire.on("SimulatePrincipalPolicy", [simulated("allowed")]);
    assert_eq!(look(&wire, &format!("{SECRET}:password::")).await, Ok(there(None, &[])));
    let call = wire.call("DescribeSecret");
    assert_eq!(call.json, json!({ "SecretId": SECRET }));
    assert!(call.host.contains(".us-east-1."), "{}", call.host);
    let asked: Vec<String> = wire.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(asked, ["DescribeSecret", "SimulatePrincipalPolicy"]);
}

#[tokio::test]
async fn the_simulation_is_of_the_execution_role_on_that_one_secret_with_the_tags_it_has() {
    let wire = Wire::default().on("DescribeSecret", [described(&json!({}))]);
    let wire = wire.on("SimulatePrincipalPolicy", [simulated("implicitDeny")]);
    assert_eq!(look(&wire, SECRET).await, Ok(there(None, &["secretsmanager:GetSecretValue"])));
    let call = wire.call("SimulatePrincipalPolicy");
    assert_eq!(call.field("PolicySourceArn"), ROLE);
    assert_eq!(call.field("ActionNames.member.1"), "secretsmanager:GetSecretValue");
    assert_eq!(call.field("ResourceArns.member.1"), SECRET);
    let entry = |i: u32, field: &str| call.field(&format!("ContextEntries.member.{i}.{field}")).to_owned();
    assert_eq!(entry(1, "ContextKeyName"), "secretsmanager:ResourceTag/moat:readable");
    assert_eq!(entry(2, "ContextKeyName"), "aws:ResourceTag/moat:readable");
    assert_eq!((entry(1, "ContextKeyValues.member.1"), entry(1, "ContextKeyType")), ("true".into(), "string".into()));
}

#[tokio::test]
async fn a_key_of_the_account_is_simulated_too_by_way_of_the_store() {
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234";
    for (id, expected) in [(key, key), ("1234", key), ("alias/ours", "arn:aws:kms:us-east-1:123456789012:key/*")] {
        let wire = Wire::default().on("DescribeSecret", [described(&json!({ "KmsKeyId": id }))]);
        let wire = wire.on("SimulatePrincipalPolicy", [simulated("allowed"), simulated("explicitDeny")]);
        assert_eq!(look(&wire, SECRET).await, Ok(there(Some(id), &["kms:Decrypt"])));
        let calls = wire.calls();
        let call = calls.last().unwrap();
        assert_eq!(
            (call.field("ActionNames.member.1"), call.field("ResourceArns.member.1")),
            ("kms:Decrypt", expected)
        );
        assert_eq!(call.field("ContextEntries.member.1.ContextKeyName"), "kms:ViaService");
        let via = call.field("ContextEntries.member.1.ContextKeyValues.member.1");
        assert_eq!(via, "secretsmanager.us-east-1.amazonaws.com");
    }
}

#[tokio::test]
async fn a_parameter_is_found_by_its_whole_name_and_its_tags_are_read() {
    let found = json!({ "Parameters": [{ "Name": "/prod/api", "Type": "SecureString", "KeyId": "alias/aws/ssm" }] });
    let tags = json!({ "TagList": [{ "Key": "moat:readable", "Value": "true" }] });
    let wire = Wire::default().on("DescribeParameters", [found]).on("ListTagsForResource", [tags]);
    let wire = wire.on("SimulatePrincipalPolicy", [simulated("allowed")]);
    assert_eq!(look(&wire, PARAMETER).await, Ok(there(None, &[])));
    let filters = json!([{ "Key": "Name", "Option": "Equals", "Values": ["/prod/api"] }]);
    assert_eq!(wire.call("DescribeParameters").json["ParameterFilters"], filters);
    let expected = json!({ "ResourceType": "Parameter", "ResourceId": "/prod/api" });
    assert_eq!(wire.call("ListTagsForResource").json, expected);
    assert_eq!(wire.call("SimulatePrincipalPolicy").field("ResourceArns.member.1"), PARAMETER);
}

#[tokio::test]
async fn absent_deleted_and_unreadable_are_told_apart() {
    let wire = Wire::default().on("DescribeSecret", [Answer::error("ResourceNotFoundException")]);
    assert_eq!(look(&wire, SECRET).await, Ok(Found::Absent));
    let wire = Wire::default().on("DescribeSecret", [described(&json!({ "DeletedDate": 1_577_836_800 }))]);
    assert_eq!(look(&wire, SECRET).await, Ok(Found::Deleted));
    let wire = Wire::default().on("DescribeSecret", [Answer::error("AccessDeniedException")]);
    assert!(matches!(look(&wire, SECRET).await, Ok(Found::Unreadable(_))));
    let wire = Wire::default().on("DescribeParameters", [json!({ "Parameters": [] })]);
    assert_eq!(look(&wire, PARAMETER).await, Ok(Found::Absent));
    let wire = Wire::default().on("DescribeSecret", [Answer::Error(500, "InternalServiceError", "try later")]);
    assert_eq!(look(&wire, SECRET).await.unwrap_err().kind, Kind::Unavailable);
}

#[tokio::test]
async fn without_a_simulation_nobody_knows_what_the_role_may_do() {
    let wire = Wire::default().on("DescribeSecret", [described(&json!({}))]);
    let wire = wire.on("SimulatePrincipalPolicy", [Answer::error("AccessDenied")]);
    let Ok(Found::There(facts)) = look(&wire, SECRET).await else { panic!("it is there") };
    assert!(facts.denied.is_err());
}
