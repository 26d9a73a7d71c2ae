//! What the ingress's steps send.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{bindings, item, list, network, service, tag};
use moat::cidr::Cidr;
use moat::error::{Failure, Kind};
use moat::ingress::desired::{AddressType, End, Group, Wanted};
use moat::ingress::observed::HealthCheck;
use moat::ingress::shared::Conditions;
use moat::ingress::{IngressSpec, IngressStep};
use moat::name::Logical;
use moat::plan::Bindings;
use moat::rule::{Direction, Rule};
use moat::spec::{LoadBalancerKind, Scheme};
use moat::stage::{Cloud, Done};
use moat_aws::ingress::IngressCloud;
use serde_json::{Value, json};

pub fn spec() -> IngressSpec {
    IngressSpec { network: network(), service: service(), given: Bindings::default() }
}

/// The same with a load balancer like this.
pub fn spec_with(door: Value) -> IngressSpec {
    let mut spec = spec();
    let input = json!({ "service": { "name": "web", "network": "main", "image": "web:1", "loadBalancer": door } });
    spec.service.load_balancer = moat::spec::read(&input).unwrap().service.unwrap().load_balancer;
    spec
}

pub const CERTIFICATE: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/one";

fn door(kind: LoadBalancerKind, scheme: Scheme, subnets: &[&str]) -> IngressStep {
    let subnets = subnets.iter().map(|name| Logical::from(*name)).collect();
    IngressStep::CreateLoadBalancer { kind, scheme, address_type: AddressType::Ipv4, subnets }
}

async fn apply(wire: &Wire, step: &IngressStep) -> Result<Done, Failure> {
    apply_to(wire, &spec(), step).await
}

async fn apply_to(wire: &Wire, spec: &IngressSpec, step: &IngressStep) -> Result<Done, Failure> {
    let known = bindings(&[
        ("vpc", "vpc-1"),
        ("internet-gateway attachment", "igw-1"),
        ("subnet public-a", "subnet-1"),
        ("subnet public-b", "subnet-2"),
        ("security-group load-balancer", "sg-1"),
        ("security-group tasks", "sg-2"),
        ("load-balancer", "arn:lb"),
        ("target-group", "arn:tg"),
        ("listener tcp", "arn:listener"),
        ("subnet private-a", "subnet-3"),
        ("subnet private-b", "subnet-4"),
    ]);
    IngressCloud::new(&wire.config()).apply(spec, step, &known).await
}

fn made(id: &str) -> Result<Done, Failure> {
    Ok(Done::Made(id.to_owned()))
}

fn check() -> HealthCheck {
    HealthCheck {
        path: "/up".into(),
        protocol: "HTTP".into(),
        port: "traffic-port".into(),
        codes: "200".into(),
        interval: 10,
        timeout: 5,
        healthy: 2,
        unhealthy: 3,
    }
}

#[track_caller]
fn assert_tagged(call: &Call, prefix: &str, resource: &str) {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected =
        [pair("Name", &format!("moat web {resource}")), pair("moat:resource", resource), pair("moat:service", "web")];
    assert_eq!(call.pairs(prefix, "Key", "Value"), expected);
}

#[tokio::test]
async fn c5_a_group_is_created_in_the_vpc_under_a_name_that_is_unique_there() {
    let wire = Wire::default().on("CreateSecurityGroup", [tag("groupId", "sg-9")]);
    assert_eq!(apply(&wire, &IngressStep::CreateGroup { group: Group::Tasks }).await, made("sg-9"));
    let call = wire.call("CreateSecurityGroup");
    assert_eq!((call.field("VpcId"), call.field("GroupName")), ("vpc-1", "moat-web-tasks"));
    assert_eq!(call.field("GroupDescription"), "moat: tasks of service web");
    assert_eq!(call.field("TagSpecification.1.ResourceType"), "security-group");
    assert_tagged(&call, "TagSpecification.1.Tag", "security-group tasks");
}

#[tokio::test]
async fn a_group_that_is_there_already_is_no_failure_and_its_id_is_left_to_the_next_look() {
    let wire = Wire::default().on("CreateSecurityGroup", [Answer::error("InvalidGroup.Duplicate")]);
    assert_eq!(apply(&wire, &IngressStep::CreateGroup { group: Group::Tasks }).await, Ok(Done::Already));
}

#[tokio::test]
async fn c5_a_group_is_created_once_however_its_answer_was_lost() {
    for loss in [Answer::Lost, Answer::Error(503, "Unavailable", "try later")] {
        let wire = Wire::default().on("CreateSecurityGroup", [loss]);
        let failure = apply(&wire, &IngressStep::CreateGroup { group: Group::Tasks }).await.unwrap_err();
        assert_eq!((failure.kind, wire.count("CreateSecurityGroup")), (Kind::Unavailable, 1));
    }
}

#[tokio::test]
async fn tasks_are_reached_from_the_load_balancers_group_and_from_no_address() {
    let wire = Wire::default();
    let rule = Wanted { direction: Direction::Ingress, port: Some(8080), end: End::Group(Group::LoadBalancer) };
    let step = IngressStep::AddRule { group: Group::Tasks, rule };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("AuthorizeSecurityGroupIngress");
    let field = |name: &str| call.field(&format!("IpPermissions.1.{name}")).to_owned();
    assert_eq!(call.field("GroupId"), "sg-2");
    assert_eq!(["IpProtocol", "FromPort", "ToPort"].map(field), ["tcp", "8080", "8080"]);
    assert_eq!(["Groups.1.GroupId", "IpRanges.1.CidrIp"].map(field), ["sg-1", ""]);
}

#[tokio::test]
async fn a_rule_that_is_there_already_and_one_that_is_gone_already_are_fine() {
    let wire = Wire::default()
        .on("AuthorizeSecurityGroupEgress", [Answer::error("InvalidPermission.Duplicate")])
        .on("RevokeSecurityGroupEgress", [Answer::error("InvalidPermission.NotFound")]);
    let rule = Wanted { direction: Direction::Egress, port: None, end: End::Cidr(Cidr::ANYWHERE) };
    let step = IngressStep::AddRule { group: Group::Tasks, rule };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Already));
    let step = IngressStep::RemoveRule { group: Group::Tasks, id: "sg-2".into(), rule: Rule::all_out() };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("RevokeSecurityGroupEgress");
    assert_eq!(call.field("IpPermissions.1.IpProtocol"), "-1");
    assert_eq!(call.field("IpPermissions.1.FromPort"), "", "all traffic has no ports");
}

#[tokio::test]
async fn c9_the_load_balancer_is_made_in_the_public_subnets_and_in_its_group_only() {
    let balancer = tag("LoadBalancerArn", "arn:lb-9");
    let wire = Wire::default().on("CreateLoadBalancer", [list("LoadBalancers", "member", &[balancer])]);
    let step = door(LoadBalancerKind::Application, Scheme::InternetFacing, &["subnet public-a", "subnet public-b"]);
    assert_eq!(apply(&wire, &step).await, made("arn:lb-9"));
    let call = wire.call("CreateLoadBalancer");
    let fields = ["Name", "Type", "Scheme", "Subnets.member.1", "Subnets.member.2", "Subnets.member.3"];
    let expected = ["moat-web", "application", "internet-facing", "subnet-1", "subnet-2", ""];
    assert_eq!(fields.map(|name| call.field(name)), expected);
    assert_eq!((call.field("SecurityGroups.member.1"), call.field("SecurityGroups.member.2")), ("sg-1", ""));
    assert_tagged(&call, "Tags.member", "load-balancer");
}

#[tokio::test]
async fn a_target_group_takes_addresses_since_fargate_has_no_instances() {
    let target = tag("TargetGroupArn", "arn:tg-9");
    let wire = Wire::default().on("CreateTargetGroup", [list("TargetGroups", "member", &[target])]);
    assert_eq!(apply(&wire, &IngressStep::CreateTargetGroup { health_check: check() }).await, made("arn:tg-9"));
    let call = wire.call("CreateTargetGroup");
    let fields = ["Name", "TargetType", "VpcId", "Protocol", "HealthCheckPath", "HealthCheckIntervalSeconds"];
    assert_eq!(fields.map(|name| call.field(name)), ["moat-web", "ip", "vpc-1", "HTTP", "/up", "10"]);
    let fields = ["HealthCheckTimeoutSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount"];
    assert_eq!(fields.map(|name| call.field(name)), ["5", "2", "3"]);
    assert_tagged(&call, "Tags.member", "target-group");
}

#[tokio::test]
async fn c8_the_listener_forwards_to_the_target_group() {
    let listener = tag("ListenerArn", "arn:listener-9");
    let wire = Wire::default().on("CreateListener", [list("Listeners", "member", &[listener])]);
    let listener = spec().listeners().remove(0);
    assert_eq!(apply(&wire, &IngressStep::CreateListener { listener }).await, made("arn:listener-9"));
    let call = wire.call("CreateListener");
    assert_eq!(["LoadBalancerArn", "Port", "Protocol"].map(|name| call.field(name)), ["arn:lb", "80", "HTTP"]);
    assert_eq!(call.field("DefaultActions.member.1.Type"), "forward");
    assert_eq!(call.field("DefaultActions.member.1.TargetGroupArn"), "arn:tg");
    assert_tagged(&call, "Tags.member", "listener http");
}

#[tokio::test]
async fn attributes_and_health_check_are_set_as_named() {
    let wire = Wire::default();
    let attributes = vec![("deregistration_delay.timeout_seconds", "20".to_owned())];
    apply(&wire, &IngressStep::SetTargetGroupAttributes { attributes }).await.unwrap();
    let call = wire.call("ModifyTargetGroupAttributes");
    let pair = ("deregistration_delay.timeout_seconds".to_owned(), "20".to_owned());
    assert_eq!(call.pairs("Attributes.member", "Key", "Value"), [pair]);
    let step = IngressStep::SetHealthCheck { arn: "arn:tg".into(), health_check: check() };
    apply(&wire, &step).await.unwrap();
    let call = wire.call("ModifyTargetGroup");
    assert_eq!((call.field("TargetGroupArn"), call.field("HealthCheckPath")), ("arn:tg", "/up"));
}

#[tokio::test]
async fn a_listener_that_is_gone_already_counts_as_deleted() {
    let wire = Wire::default().on("DeleteListener", [Answer::error("ListenerNotFound")]);
    let step = IngressStep::DeleteListener { arn: "arn:l".into(), port: 8443, protocol: "HTTPS".into() };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
}

#[tokio::test]
async fn an_answer_without_a_load_balancer_is_a_failure_and_no_panic() {
    let wire = Wire::default().on("CreateLoadBalancer", [item(&[], &[])]);
    let failure = apply(&wire, &door(LoadBalancerKind::Application, Scheme::InternetFacing, &[])).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
}

#[tokio::test]
async fn a_network_load_balancer_has_its_group_from_the_first_call_on() {
    let balancer = tag("LoadBalancerArn", "arn:lb-9");
    let wire = Wire::default().on("CreateLoadBalancer", [list("LoadBalancers", "member", &[balancer])]);
    let step = door(LoadBalancerKind::Network, Scheme::Internal, &["subnet private-a", "subnet private-b"]);
    assert_eq!(apply(&wire, &step).await, made("arn:lb-9"));
    let call = wire.call("CreateLoadBalancer");
    let fields = ["Type", "Scheme", "Subnets.member.1", "Subnets.member.2", "SecurityGroups.member.1"];
    assert_eq!(fields.map(|name| call.field(name)), ["network", "internal", "subnet-3", "subnet-4", "sg-1"]);
}

#[tokio::test]
async fn a_check_by_tcp_has_neither_path_nor_codes() {
    let target = tag("TargetGroupArn", "arn:tg-9");
    let wire = Wire::default().on("CreateTargetGroup", [list("TargetGroups", "member", &[target])]);
    let health_check = HealthCheck { path: String::new(), protocol: "TCP".into(), codes: String::new(), ..check() };
    let spec = spec_with(json!({ "type": "network" }));
    let step = IngressStep::CreateTargetGroup { health_check: health_check.clone() };
    assert_eq!(apply_to(&wire, &spec, &step).await, made("arn:tg-9"));
    let step = IngressStep::SetHealthCheck { arn: "arn:tg-9".into(), health_check };
    assert_eq!(apply_to(&wire, &spec, &step).await, Ok(Done::Changed));
    assert_eq!(wire.call("CreateTargetGroup").field("Protocol"), "TCP");
    for action in ["CreateTargetGroup", "ModifyTargetGroup"] {
        let call = wire.call(action);
        let fields = ["HealthCheckProtocol", "HealthCheckPath", "Matcher.HttpCode", "HealthCheckPort"];
        assert_eq!(fields.map(|name| call.field(name)), ["TCP", "", "", "traffic-port"], "{action}");
    }
}

#[tokio::test]
async fn https_shows_its_certificate_by_its_policy_and_http_sends_clients_there_for_good() {
    let listener = list("Listeners", "member", &[tag("ListenerArn", "arn:listener-9")]);
    let wire = Wire::default().on("CreateListener", [listener.clone(), listener]);
    let spec = spec_with(json!({ "certificate": CERTIFICATE }));
    let [https, http] = &spec.listeners()[..] else { panic!("two listeners") };
    for listener in [https, http] {
        let step = IngressStep::CreateListener { listener: listener.clone() };
        assert_eq!(apply_to(&wire, &spec, &step).await, made("arn:listener-9"));
    }
    let calls: Vec<_> = wire.calls().into_iter().filter(|call| call.action == "CreateListener").collect();
    let fields = ["Port", "Protocol", "Certificates.member.1.CertificateArn", "SslPolicy"];
    let policy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";
    assert_eq!(fields.map(|name| calls[0].field(name)), ["443", "HTTPS", CERTIFICATE, policy]);
    assert_eq!(calls[0].field("DefaultActions.member.1.TargetGroupArn"), "arn:tg");
    assert_tagged(&calls[0], "Tags.member", "listener https");
    assert_eq!(fields.map(|name| calls[1].field(name)), ["80", "HTTP", "", ""]);
    let redirect = ["Type", "RedirectConfig.Protocol", "RedirectConfig.Port", "RedirectConfig.StatusCode"];
    let redirect = redirect.map(|name| calls[1].field(&format!("DefaultActions.member.1.{name}")));
    assert_eq!(redirect, ["redirect", "HTTPS", "443", "HTTP_301"]);
    assert_tagged(&calls[1], "Tags.member", "listener http");
}

#[tokio::test]
async fn certificates_for_other_names_are_added_to_the_listener() {
    let wire = Wire::default();
    let certificates = vec![CERTIFICATE.replace("one", "two"), CERTIFICATE.replace("one", "three")];
    let step = IngressStep::AddCertificates { listener: Logical::from("listener tcp"), certificates };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("AddListenerCertificates");
    assert_eq!(call.field("ListenerArn"), "arn:listener");
    assert_eq!(call.field("Certificates.member.2.CertificateArn"), CERTIFICATE.replace("one", "three"));
}

#[tokio::test]
async fn a_listener_is_set_whole() {
    let wire = Wire::default();
    let listener = spec_with(json!({ "certificate": CERTIFICATE, "tlsPolicy": "ELBSecurityPolicy-2016-08" }));
    let step = IngressStep::SetListener { arn: "arn:l".into(), listener: listener.listeners().remove(0) };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("ModifyListener");
    let fields = ["ListenerArn", "Port", "Protocol", "Certificates.member.1.CertificateArn", "SslPolicy"];
    let expected = ["arn:l", "", "HTTPS", CERTIFICATE, "ELBSecurityPolicy-2016-08"];
    assert_eq!(fields.map(|name| call.field(name)), expected);
}

#[tokio::test]
async fn the_idle_timeout_of_tcp_is_its_listeners() {
    let wire = Wire::default();
    let attributes = vec![("tcp.idle_timeout.seconds", "600".to_owned())];
    let step = IngressStep::SetListenerAttributes { listener: Logical::from("listener tcp"), attributes };
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    let call = wire.call("ModifyListenerAttributes");
    assert_eq!(call.field("ListenerArn"), "arn:listener");
    let pair = ("tcp.idle_timeout.seconds".to_owned(), "600".to_owned());
    assert_eq!(call.pairs("Attributes.member", "Key", "Value"), [pair]);
}

#[tokio::test]
async fn a_web_acl_is_put_before_the_load_balancer_and_one_that_is_not_ready_yet_is_tried_again() {
    let acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/all/1";
    let step = IngressStep::SetWebAcl { acl: acl.into(), replaces: None };
    let wire = Wire::default();
    assert_eq!(apply(&wire, &step).await, Ok(Done::Changed));
    assert_eq!(wire.call("AssociateWebACL").json, json!({ "WebACLArn": acl, "ResourceArn": "arn:lb" }));
    let wire = Wire::default().on("AssociateWebACL", [Answer::error("WAFUnavailableEntityException")]);
    assert_eq!(apply(&wire, &step).await.unwrap_err().kind, Kind::Conflict);
}

#[tokio::test]
async fn a_guests_rule_is_made_with_its_tags_and_set_whole() {
    let rules = list("Rules", "member", &[tag("RuleArn", "arn:rule-9")]);
    let wire = Wire::default().on("CreateRule", [rules]);
    let door = json!({ "shared": "host", "hosts": ["b.example.com", "a.example.com"], "paths": ["/api/*"] });
    let spec = spec_with(door);
    let conditions = Conditions::of(spec.door().unwrap());
    let step =
        IngressStep::CreateListenerRule { listener: "arn:l".into(), priority: 42, conditions: conditions.clone() };
    assert_eq!(apply_to(&wire, &spec, &step).await, made("arn:rule-9"));
    let call = wire.call("CreateRule");
    let fields = ["ListenerArn", "Priority", "Actions.member.1.Type", "Actions.member.1.TargetGroupArn"];
    assert_eq!(fields.map(|name| call.field(name)), ["arn:l", "42", "forward", "arn:tg"]);
    let asked = [
        "Conditions.member.1.Field",
        "Conditions.member.1.HostHeaderConfig.Values.member.1",
        "Conditions.member.1.HostHeaderConfig.Values.member.2",
        "Conditions.member.2.Field",
        "Conditions.member.2.PathPatternConfig.Values.member.1",
    ];
    let expected = ["host-header", "a.example.com", "b.example.com", "path-pattern", "/api/*"];
    assert_eq!(asked.map(|name| call.field(name)), expected);
    assert_tagged(&call, "Tags.member", "listener-rule");

    let step = IngressStep::SetListenerRule { arn: "arn:rule-9".into(), conditions };
    assert_eq!(apply_to(&wire, &spec, &step).await, Ok(Done::Changed));
    let call = wire.call("ModifyRule");
    assert_eq!((call.field("RuleArn"), call.field("Actions.member.1.TargetGroupArn")), ("arn:rule-9", "arn:tg"));
    assert_eq!(asked.map(|name| call.field(name)), expected);
    let step = IngressStep::SetRulePriority { arn: "arn:rule-9".into(), priority: 7 };
    assert_eq!(apply_to(&wire, &spec, &step).await, Ok(Done::Changed));
    let call = wire.call("SetRulePriorities");
    let fields = ["RulePriorities.member.1.RuleArn", "RulePriorities.member.1.Priority"];
    assert_eq!(fields.map(|name| call.field(name)), ["arn:rule-9", "7"]);
}
