use super::*;
use serde_json::json;

const ACCOUNT: &str = "123456789012";
const DB: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3";
const API: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/api";
const GHCR: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3";

fn spec() -> ServiceSpec {
    let service = json!({
        "name": "web", "network": "main", "image": "ghcr.io/team/web:1",
        "secrets": { "DB/PASSWORD": format!("{DB}:password::"), "API": API },
        "registryCredentials": GHCR,
    });
    serde_json::from_value(service).unwrap()
}

fn readable() -> Facts {
    let tags = [(READABLE.0.to_owned(), READABLE.1.to_owned())].into();
    Facts { tags, key: None, denied: Ok(BTreeSet::new()) }
}

/// All three are readable, but for what is said of one.
fn with(arn: &str, found: Found) -> Vec<Objection> {
    let mut all: BTreeMap<String, Found> =
        [DB, API, GHCR].into_iter().map(|arn| (arn.to_owned(), Found::There(readable()))).collect();
    all.insert(arn.to_owned(), found);
    judge(&spec(), ACCOUNT, &all)
}

fn told(objections: &[Objection]) -> String {
    let line = |it: &Objection| {
        let Objection { pointer, what, remedy, is_sure } = it;
        format!("{}{pointer}: {what}. {remedy}", if *is_sure { "" } else { "perhaps " })
    };
    objections.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn secrets_that_the_execution_role_can_read_are_no_matter() {
    assert_eq!(with(DB, Found::There(readable())), []);
}

#[test]
fn a_secret_that_is_not_there_or_deleted_stops_the_provision_at_its_field() {
    insta::assert_snapshot!(told(&with(DB, Found::Absent)), @"/service/secrets/DB~1PASSWORD: secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3 does not exist. Create it, or mend the ARN: name, region and account must be right");
    insta::assert_snapshot!(told(&with(GHCR, Found::Deleted)), @"/service/registryCredentials: secret arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3 is deleted. Restore it with aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3, or name another");
}

#[test]
fn a_secret_without_the_tag_is_told_with_the_command_that_gives_it() {
    let untagged = Facts { tags: BTreeMap::new(), ..readable() };
    insta::assert_snapshot!(told(&with(API, Found::There(untagged))), @"/service/secrets/API: parameter arn:aws:ssm:eu-west-1:123456789012:parameter/prod/api has no tag moat:readable, and the execution role reads only secrets that have it with the value true. If tasks may have it: aws ssm add-tags-to-resource --region eu-west-1 --resource-type Parameter --resource-id /prod/api --tags Key=moat:readable,Value=true");
    let other = Facts { tags: [(READABLE.0.to_owned(), "false".to_owned())].into(), ..readable() };
    insta::assert_snapshot!(told(&with(GHCR, Found::There(other))), @r#"/service/registryCredentials: secret arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3 has the tag moat:readable = "false", and the execution role reads only secrets that have it with the value true. If tasks may have it: aws secretsmanager tag-resource --region us-east-1 --secret-id arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3 --tags Key=moat:readable,Value=true"#);
}

#[test]
fn what_iam_denies_all_the_same_is_told_for_each_action() {
    let denied = ["kms:Decrypt", "secretsmanager:GetSecretValue"].map(str::to_owned).into();
    let facts =
        Facts { key: Some("arn:aws:kms:eu-west-1:123456789012:key/1".into()), denied: Ok(denied), ..readable() };
    insta::assert_snapshot!(told(&with(DB, Found::There(facts))), @r"
    /service/secrets/DB~1PASSWORD: the execution role is not allowed kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/1, with which arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3 is encrypted. Look for a permissions boundary, a service control policy, or a denial on the role
    /service/secrets/DB~1PASSWORD: the execution role is not allowed secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3. It has the tag, so look for a permissions boundary, a service control policy or a denial on the role, and whether the stack is the newest
    ");
}

#[test]
fn what_cannot_be_read_is_never_called_absent_and_stops_nothing() {
    let unseen = with(DB, Found::Unreadable("AccessDenied".into()));
    let unsimulated = with(DB, Found::There(Facts { denied: Err("AccessDenied".into()), ..readable() }));
    for objections in [unseen, unsimulated] {
        assert_eq!(objections.len(), 1);
        assert!(!objections[0].is_sure && objections[0].what.contains("AccessDenied"), "{objections:?}");
    }
    assert!(judge(&spec(), ACCOUNT, &BTreeMap::new()).iter().all(|objection| !objection.is_sure));
}

#[test]
fn a_secret_of_another_account_is_a_doubt_since_its_policy_cannot_be_seen() {
    let objections = judge(&spec(), "999999999999", &[(DB.to_owned(), Found::There(readable()))].into());
    assert!(objections.iter().all(|objection| !objection.is_sure));
    assert!(told(&objections).contains("whose policies moat cannot see"), "{}", told(&objections));
}

#[test]
fn all_secrets_are_judged_at_once() {
    let all = [DB, API, GHCR].into_iter().map(|arn| (arn.to_owned(), Found::Absent)).collect();
    let pointers: Vec<String> = judge(&spec(), ACCOUNT, &all).into_iter().map(|it| it.pointer).collect();
    assert_eq!(pointers, ["/service/registryCredentials", "/service/secrets/API", "/service/secrets/DB~1PASSWORD"]);
}
