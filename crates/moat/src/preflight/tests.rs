use super::samples::*;
use super::*;
use crate::cidr::Cidr;
use crate::moment::Moment;
use crate::name::Logical;
use crate::rollout::{Candidate, Platform};
use std::collections::BTreeMap;

fn told(asked: &Asked, account: &Account) -> String {
    let findings = preflight(asked, account).findings;
    let lines: Vec<String> = findings.iter().map(|found| format!("{:?}: {found}", found.severity)).collect();
    lines.join("\n")
}

#[test]
fn an_account_with_room_has_nothing_in_the_way() {
    for nat in ["single", "per-zone"] {
        let verdict = preflight(&first(nat), &roomy());
        assert_eq!((verdict.findings, verdict.steps), (vec![], vec![]));
    }
}

#[test]
fn c10_what_is_short_by_one_stops_and_says_how_many_are_needed_used_and_allowed() {
    insta::assert_snapshot!(told(&first("single"), &used(Quota::Addresses, REGION, 5)), @r#"Stop: the quota "EC2-VPC Elastic IPs" is too low in eu-west-1: 1 more needed, 5 used, 5 allowed. Remove what nobody uses, or ask for more and start again when AWS has agreed: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 --desired-value 6"#);
}

#[test]
fn c10_each_quota_is_short_by_one_exactly_where_the_last_one_no_longer_fits() {
    let asked = first("per-zone");
    let zones = ["eu-west-1a".to_owned(), "eu-west-1b".to_owned()];
    let needs = asked.needs(REGION, &zones);
    let counted: Vec<(Quota, u32)> = needs.iter().map(|(quota, places)| (*quota, places.values().sum())).collect();
    insta::assert_debug_snapshot!(counted, @r"
    [
        (
            Vpcs,
            1,
        ),
        (
            InternetGateways,
            1,
        ),
        (
            Addresses,
            2,
        ),
        (
            NatGateways,
            2,
        ),
        (
            GatewayEndpoints,
            1,
        ),
        (
            SecurityGroups,
            2,
        ),
        (
            ApplicationLoadBalancers,
            1,
        ),
        (
            FargateVcpus,
            1,
        ),
    ]
    ");
    for (quota, places) in needs.iter().filter(|(quota, _)| quota.is_counted()) {
        for (place, need) in places {
            let fits = preflight(&asked, &used(*quota, place, 5 - need));
            assert!(fits.problems.is_empty(), "{quota:?}: {:?}", fits.problems);
            let short = preflight(&asked, &used(*quota, place, 6 - need));
            assert_eq!(short.problems.len(), 1, "{quota:?}");
            let message = &short.problems[0].message;
            let said = format!("in {place}: {need} more needed, {} used, 5 allowed", 6 - need);
            assert!(message.contains(&said) && message.contains(quota.code()), "{message}");
        }
    }
}

#[test]
fn c10_a_rule_too_many_on_a_shared_load_balancer_and_a_way_out_by_ipv6_too_many_stop() {
    let mut asked = first("single");
    let door = serde_json::json!({ "shared": "front", "paths": ["/api/*"] });
    asked.service.as_mut().unwrap().load_balancer = serde_json::from_value(door).unwrap();
    asked.looks.network.makes = vec![Logical::from("egress-only-internet-gateway")];
    asked.looks.ingress.makes = vec![Logical::from("security-group tasks"), Logical::from("listener-rule")];
    assert!(asked.quotas().contains(&Quota::ListenerRules));
    let rules = |count| used(Quota::ListenerRules, "moat-front", count);
    assert_eq!(told(&asked, &rules(4)), "");
    insta::assert_snapshot!(told(&asked, &rules(5)), @r#"Stop: the quota "Rules per Application Load Balancer" is too low in moat-front: 1 more needed, 5 used, 5 allowed. Remove what nobody uses, or ask for more and start again when AWS has agreed: aws service-quotas request-service-quota-increase --service-code elasticloadbalancing --quota-code L-7EED9B64 --desired-value 6"#);
    let exits = |count| preflight(&asked, &used(Quota::EgressOnlyInternetGateways, REGION, count)).problems.len();
    assert_eq!((exits(4), exits(5)), (0, 1));
}

#[test]
fn c10_all_that_is_short_is_told_at_once() {
    let mut account = roomy();
    account.limits = Quota::ALL.map(|quota| (quota, Ok(0))).into();
    let verdict = preflight(&first("single"), &account);
    assert_eq!(verdict.problems.len(), 8, "{:#?}", verdict.problems);
}

#[test]
fn c10_vcpus_are_compared_with_what_is_allowed_alone() {
    let mut asked = first("single");
    let service = asked.service.as_mut().unwrap();
    (service.tasks, service.cpu) = (3, 2048);
    insta::assert_snapshot!(told(&asked, &roomy()), @r#"Stop: the quota "Fargate On-Demand vCPU resource count" is too low in eu-west-1: 6 more needed, what runs already not counted, 5 allowed. Remove what nobody uses, or ask for more and start again when AWS has agreed: aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 6"#);
}

#[test]
fn c10_a_second_provision_needs_nothing_and_reads_no_quota() {
    let mut account = roomy();
    account.limits = Quota::ALL.map(|quota| (quota, Ok(0))).into();
    assert!(second().quotas().is_empty() && second().linked_roles().is_empty());
    assert_eq!(preflight(&second(), &account).findings, vec![]);
}

#[test]
fn c10_quotas_that_cannot_be_read_are_one_warning_and_stop_nothing() {
    let mut account = roomy();
    account.limits = Quota::ALL.map(|quota| (quota, Err("AWS said InvalidAction".to_owned()))).into();
    insta::assert_snapshot!(told(&first("single"), &account), @"Warn: moat could not tell whether the account's quotas suffice (AWS said InvalidAction): VPCs per Region, Internet gateways per Region, EC2-VPC Elastic IPs, NAT gateways per Availability Zone, Gateway VPC endpoints per Region, VPC security groups per Region, Application Load Balancers per Region, Fargate On-Demand vCPU resource count. If one is short, a create fails with Moat.Quota, and nothing is undone");
}

#[test]
fn c10_a_quota_that_aws_does_not_name_is_unknown_and_not_unlimited() {
    let mut account = roomy();
    account.limits.remove(&Quota::Vpcs);
    account.used.insert(Quota::Addresses, Err("AWS said UnauthorizedOperation".into()));
    let verdict = preflight(&first("single"), &account);
    assert_eq!((verdict.problems.len(), verdict.warnings.len()), (0, 1));
    let warning = &verdict.warnings[0];
    assert!(warning.contains("VPCs per Region") && warning.contains("Elastic IPs"), "{warning}");
}

#[test]
fn c10_gateways_are_counted_in_the_zone_that_they_will_be_in() {
    let asked = first("per-zone");
    let full = |zone: &str| preflight(&asked, &used(Quota::NatGateways, zone, 5)).problems.len();
    assert_eq!((full("eu-west-1a"), full("eu-west-1b"), full("eu-west-1c")), (1, 1, 0));
}

#[test]
fn c6_a_role_that_is_missing_is_made_first_and_one_that_cannot_be_read_is_told() {
    let mut account = roomy();
    account.roles.insert(LinkedRole::Ecs, Ok(false));
    account.roles.insert(LinkedRole::ElasticLoadBalancing, Err("AWS said AccessDenied".into()));
    let verdict = preflight(&first("single"), &account);
    assert_eq!(verdict.roles, [LinkedRole::Ecs]);
    assert_eq!(verdict.steps[0].step, "create service-linked role AWSServiceRoleForECS");
    insta::assert_snapshot!(told(&first("single"), &account), @"Warn: moat could not tell whether the role AWSServiceRoleForElasticLoadBalancing exists (AWS said AccessDenied). If a create fails for want of it: aws iam create-service-linked-role --aws-service-name elasticloadbalancing.amazonaws.com");
}

#[test]
fn zones_without_fargate_are_told_only_where_the_network_is_in_them() {
    let mut asked = first("single");
    let zone = |name: &str, id: &str| zones::Zone { name: name.into(), id: id.into() };
    let tokyo = vec![
        zone("ap-northeast-1a", "apne1-az4"),
        zone("ap-northeast-1b", "apne1-az3"),
        zone("ap-northeast-1c", "apne1-az1"),
    ];
    let account = Account { region: "ap-northeast-1".into(), zones: Some(Ok(tokyo)), ..roomy() };
    assert_eq!(preflight(&asked, &account).findings, vec![], "a new network avoids them");
    let facts = serde_json::json!({"publicSubnets": [{"name": "public-a", "zone": "ap-northeast-1b"}]});
    asked.looks.network.facts = serde_json::from_value(facts).unwrap();
    insta::assert_snapshot!(told(&asked, &account), @"Warn: /network/zones: the network is in ap-northeast-1b (apne1-az3), which had no Fargate in 2026-06. Tasks run in its other zones only; a network in other zones needs another name");
}

#[test]
fn a_zone_that_the_list_does_not_know_has_fargate() {
    assert!(zones::has_fargate("use1-az3") && zones::has_fargate("") && zones::has_fargate("new9-az1"));
    assert!(!zones::has_fargate("usw1-az2") && !zones::has_fargate("cnn1-az4"));
}

#[test]
fn a_range_that_overlaps_another_network_is_a_warning_with_its_field() {
    let taken = |range: &str, by: &str| Taken { range: Cidr::new(range).unwrap(), by: by.into() };
    let mut account = roomy();
    account.taken = Some(Ok(vec![
        taken("10.0.64.0/18", "vpc-1"),
        taken("172.31.0.0/16", "vpc-2"),
        taken("10.0.0.0/8", "a peer of vpc-2"),
    ]));
    insta::assert_snapshot!(told(&first("single"), &account), @"Warn: /network/cidr: 10.0.0.0/16 overlaps vpc-1 (10.0.64.0/18), a peer of vpc-2 (10.0.0.0/8). The two can never be peered or routed to each other; choose another range now if they may have to be, since it cannot be changed later");
}

#[test]
fn what_cannot_be_read_is_a_warning_each_time_and_stops_nothing() {
    let account = Account {
        region: REGION.into(),
        zones: Some(Err("no answer".into())),
        taken: Some(Err("no answer".into())),
        ..Account::default()
    };
    let verdict = preflight(&first("single"), &account);
    assert!(verdict.problems.is_empty());
    assert_eq!(verdict.warnings.len(), 3, "{:#?}", verdict.warnings);
}

const ARN: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/1";

#[test]
fn a_certificate_must_be_there_issued_in_the_region_and_not_at_its_end() {
    let now = Moment::new("2026-06-01T00:00:00Z").unwrap();
    let found =
        |status: &str, end: &str| Ok(Some(Certificate { status: status.into(), not_after: Moment::new(end).ok() }));
    let cases = [
        ("good", ARN, found("ISSUED", "2026-12-01T00:00:00Z")),
        ("without an end", ARN, found("ISSUED", "")),
        ("ending", ARN, found("ISSUED", "2026-06-10T00:00:00Z")),
        ("ended", ARN, found("ISSUED", "2026-05-31T00:00:00Z")),
        ("pending", ARN, found("PENDING_VALIDATION", "")),
        ("revoked", ARN, found("REVOKED", "2026-12-01T00:00:00Z")),
        ("absent", ARN, Ok(None)),
        ("unreadable", ARN, Err("AWS said AccessDeniedException".into())),
        ("elsewhere", "arn:aws:acm:us-east-1:123456789012:certificate/1", Ok(None)),
        ("in IAM", "arn:aws:iam::123456789012:server-certificate/old", Ok(None)),
    ];
    let line = |(name, arn, found): &(&str, &str, Fact<Option<Certificate>>)| {
        let mut asked = first("single");
        let door = serde_json::json!({ "certificate": arn });
        asked.service.as_mut().unwrap().load_balancer = serde_json::from_value(door).unwrap();
        let certificates = [((*arn).to_owned(), found.clone())].into();
        let account = Account { certificates, now: Some(now), ..roomy() };
        let findings = preflight(&asked, &account).findings;
        assert!(findings.len() < 2);
        format!("{name}: {}", findings.first().map_or("fine".into(), |it| format!("{:?} {it}", it.severity)))
    };
    insta::assert_snapshot!(cases.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    good: fine
    without an end: fine
    ending: Warn /service/loadBalancer/certificate: the certificate ends on 2026-06-10T00:00:00Z and is not renewed yet. See in ACM what holds the renewal up; browsers turn away on that day
    ended: Stop /service/loadBalancer/certificate: the certificate has expired. Renew or replace it
    pending: Stop /service/loadBalancer/certificate: the certificate is not issued yet: its validation is pending. Create the DNS records that ACM names, or follow the mail that it sent
    revoked: Stop /service/loadBalancer/certificate: the certificate is REVOKED, not ISSUED. Ask for another one in ACM
    absent: Stop /service/loadBalancer/certificate: there is no certificate arn:aws:acm:eu-west-1:123456789012:certificate/1. Look for its ARN in ACM, in this account
    unreadable: Warn /service/loadBalancer/certificate: moat could not read the certificate (AWS said AccessDeniedException). The listener fails if it is not issued
    elsewhere: Stop /service/loadBalancer/certificate: the certificate is in us-east-1, but the load balancer is in eu-west-1. Load balancers take certificates of their own region only: ask for one in eu-west-1
    in IAM: fine
    ");
}

#[test]
fn each_additional_certificate_is_judged_at_its_own_field() {
    let other = |number: u8| format!("arn:aws:acm:eu-west-1:123456789012:certificate/{number}");
    let mut asked = first("single");
    let door = serde_json::json!({ "certificate": ARN, "additionalCertificates": [other(2), other(3)] });
    asked.service.as_mut().unwrap().load_balancer = serde_json::from_value(door).unwrap();
    let issued = || Ok(Some(Certificate { status: "ISSUED".into(), not_after: None }));
    let certificates = [(ARN.to_owned(), issued()), (other(2), issued()), (other(3), Ok(None))].into();
    let account = Account { certificates, now: Moment::new("2026-06-01T00:00:00Z").ok(), ..roomy() };
    let told = told(&asked, &account);
    assert!(
        told.starts_with("Stop: /service/loadBalancer/additionalCertificates/1: there is no certificate"),
        "{told}"
    );
}

#[test]
fn i9_an_image_for_another_architecture_stops_and_an_unreadable_one_is_told() {
    let runs_on = |architecture: &str| Candidate {
        digest: crate::image::Digest::new(&format!("sha256:{}", "a".repeat(64))).unwrap(),
        tags: Default::default(),
        pushed_at: Moment::from_millis(0),
        media_type: None,
        artifact_type: None,
        platforms: Some(vec![Platform { os: "linux".into(), architecture: architecture.into() }]),
    };
    let check = |found| check_image(&service(), &found);
    assert_eq!(check(Ok(Some(runs_on("amd64")))), None);
    assert_eq!(check(Ok(None)), None);
    let stop = check(Ok(Some(runs_on("arm64")))).unwrap();
    insta::assert_snapshot!(stop, @"/service/image: the image runs on linux/arm64, but the service's tasks are linux/amd64; build it for that too. Or ask for the architecture that it has in service.architecture");
    assert_eq!(check(Err("AWS said AccessDenied".into())).unwrap().severity, Severity::Warn);
}

#[test]
fn the_time_is_that_of_the_longest_way_and_none_where_nothing_is_to_do() {
    let said = |asked: &Asked| {
        let Time { seconds, because } = preflight(asked, &roomy()).time;
        format!("{seconds} s: {because}")
    };
    let mut network = first("single");
    (network.service, network.looks.ingress, network.looks.service) = (None, Looked::default(), Looked::default());
    let mut rolling = second();
    rolling.looks.service = first("single").looks.service;
    rolling.looks.service.makes.clear();
    let mut slow = first("single");
    slow.looks.network = Looked::default();
    let mut waiting = second();
    waiting.looks.ingress.waiting = vec!["load-balancer (provisioning)".into()];
    let all = [&first("single"), &network, &rolling, &slow, &waiting, &second()].map(said);
    insta::assert_snapshot!(all.join("\n"), @r"
    215 s: the NAT gateway about 115 s, then the tasks about 85 s; meanwhile the load balancer about 152 s
    130 s: the NAT gateway about 115 s
    100 s: the tasks about 85 s
    167 s: the load balancer about 152 s; meanwhile the tasks about 85 s
    167 s: the load balancer about 152 s
    0 s: there is nothing to do
    ");
}

#[test]
fn the_verdict_has_its_findings_in_both_forms() {
    let verdict = preflight(&first("single"), &used(Quota::Vpcs, REGION, 5));
    let told = serde_json::to_value(&verdict).unwrap();
    assert_eq!(told["findings"][0]["severity"], "stop");
    assert!(told["findings"][0]["remedy"].as_str().unwrap().contains("--quota-code L-F678F1CE --desired-value 6"));
    assert_eq!(told["problems"].as_array().unwrap().len(), 1);
    assert_eq!(told["cost"]["region"], REGION);
    assert_eq!(told["roles"], serde_json::json!([]));
    let _: BTreeMap<String, serde_json::Value> = serde_json::from_value(told).unwrap();
}
