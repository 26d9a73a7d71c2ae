//! What the ingress's steps send.

use crate::wire::{Answer, Call, Wire};
use crate::xml::{bindings, item, list, network, service, tag};
use moat::cidr::Cidr;
use moat::error::{Failure, Kind};
use moat::ingress::desired::{End, Group, Wanted};
use moat::ingress::observed::HealthCheck;
use moat::ingress::{IngressSpec, IngressStep};
use moat::name::Logical;
use moat::plan::Bindings;
use moat::rule::{Direction, Rule};
use moat::stage::{Cloud, Done};
use moat_aws::ingress::IngressCloud;

pub fn spec() -> IngressSpec {
    IngressSpec { network: network(), service: service(), given: Bindings::default() }
}

async fn apply(wire: &Wire, step: &IngressStep) -> Result<Done, Failure> {
    let known = bindings(&[
        ("vpc", "vpc-1"),
        ("internet-gateway attachment", "igw-1"),
        ("subnet public-a", "subnet-1"),
        ("subnet public-b", "subnet-2"),
        ("security-group load-balancer", "sg-1"),
        ("security-group tasks", "sg-2"),
        ("load-balancer", "arn:lb"),
        ("target-group", "arn:tg"),
    ]);
    IngressCloud::new(&wire.config()).apply(&spec(), step, &known).await
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
    let subnets = vec![Logical::from("subnet public-a"), Logical::from("subnet public-b")];
    assert_eq!(apply(&wire, &IngressStep::CreateLoadBalancer { subnets }).await, made("arn:lb-9"));
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
    assert_eq!(apply(&wire, &IngressStep::CreateListener).await, made("arn:listener-9"));
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
    let failure = apply(&wire, &IngressStep::CreateLoadBalancer { subnets: vec![] }).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unexpected);
}
