//! What a provision refuses and what it tells, on the answer as a whole.

use crate::networks::{range, route, with_endpoints, with_nat};
use moat::error::Kind;
use moat::ids::SubnetId;
use moat::proof::facts::*;
use moat::proof::{Answer, Verdict, prove};

fn answer(evidence: &Evidence) -> Answer {
    Answer::new("service web", prove(evidence))
}

fn interface(public_ip: Option<&str>) -> Interface {
    Interface {
        id: "eni-1".into(),
        subnet: "subnet-a".into(),
        groups: vec!["sg-tasks".into()],
        public_ip: public_ip.map(str::to_owned),
    }
}

#[test]
fn e3_a_private_service_is_proven_in_sentences() {
    let mut evidence = with_endpoints();
    evidence.interfaces = vec![interface(None)];
    let answer = answer(&evidence);
    assert!(answer.proof.holds && answer.refusal().is_none());
    insta::assert_snapshot!(answer.proof.statements.join("\n"));
}

#[test]
fn e2_a_subnet_that_is_called_private_but_leads_to_the_internet_gateway_is_refused() {
    let mut evidence = with_nat();
    evidence.tables[2].routes[1] = route("0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    let refusal = answer(&evidence).refusal().unwrap();
    assert_eq!(refusal.kind, Kind::Refused);
    assert!(refusal.message.contains(
        "private-a (subnet-a) is not private: its route table rtb-a leads 0.0.0.0/0 to the Internet gateway igw-1. Delete that route, or run tasks in another subnet"
    ), "{refusal}");
}

#[test]
fn e2_a_service_in_a_public_subnet_is_refused_though_it_assigns_no_public_ip() {
    let mut evidence = with_nat();
    evidence.service.subnets.push(SubnetId::from("subnet-pa"));
    let refusal = answer(&evidence).refusal().unwrap();
    assert_eq!(refusal.kind, Kind::Refused);
    assert!(refusal.message.contains("public-a (subnet-pa) is not private"), "{refusal}");
}

#[test]
fn e3_every_fault_is_told_at_once() {
    let mut evidence = with_nat();
    evidence.subnets[2].gives_public_ips = true;
    evidence.service.assigns_public_ip = true;
    evidence.interfaces = vec![interface(Some("203.0.113.7"))];
    let codes: Vec<String> = answer(&evidence).privacy.faults.into_iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["public-ip-assigned", "public-ip", "subnet-gives-public-ips"]);
}

#[test]
fn e1_a_fault_of_privacy_and_one_of_egress_are_told_together() {
    let mut evidence = with_nat();
    evidence.service.assigns_public_ip = true;
    evidence.acls[1].entries.clear();
    let answer = answer(&evidence);
    let refusal = answer.refusal().unwrap();
    assert!(refusal.message.lines().count() >= 2, "{refusal}");
    assert!(
        refusal.message.contains("assignPublicIp is ENABLED") && refusal.message.contains("acl-private"),
        "{refusal}"
    );
}

#[test]
fn e1_what_is_not_known_of_egress_is_told_and_refuses_nothing() {
    let mut evidence = with_nat();
    evidence.acls.clear();
    let answer = answer(&evidence);
    assert_eq!((answer.privacy.verdict, answer.egress.verdict), (Verdict::Holds, Verdict::Unknown));
    assert!(!answer.proof.holds && answer.refusal().is_none());
    assert!(answer.proof.doubts[0].contains("the network ACL of private-a"), "{:?}", answer.proof.doubts);
}

#[test]
fn nothing_read_proves_nothing() {
    let mut evidence = with_nat();
    (evidence.service.subnets, evidence.interfaces) = (vec![], vec![]);
    assert_eq!(answer(&evidence).refusal().unwrap().kind, Kind::Unavailable);
    let mut evidence = with_nat();
    evidence.tables.clear();
    let answer = answer(&evidence);
    assert_eq!(answer.privacy.verdict, Verdict::Unknown);
    assert_eq!(answer.refusal().unwrap().kind, Kind::Unavailable, "it may be seen later");
}

#[test]
fn e3_an_ipv6_way_to_the_internet_gateway_counts() {
    let mut evidence = with_nat();
    evidence.tables[2].routes.push(route("::/0", Target::InternetGateway("igw-1".into())));
    assert_eq!(answer(&evidence).privacy.verdict, Verdict::Fails);
}

#[test]
fn e3_tasks_with_ipv6_addresses_and_an_egress_only_gateway_are_private() {
    let mut evidence = with_nat();
    evidence.vpc.ranges.push(range("2600:1f18:12:ab00::/56"));
    for (subnet, number) in evidence.subnets.iter_mut().zip(0u8..) {
        subnet.ranges.push(range(&format!("2600:1f18:12:ab{number:02x}::/64")));
    }
    let way_out = || route("::/0", Target::EgressOnlyInternetGateway("eigw-1".into()));
    for table in 1..evidence.tables.len() {
        evidence.tables[table].routes.push(way_out());
    }
    let answer = answer(&evidence);
    assert_eq!(answer.privacy.verdict, Verdict::Holds, "{:?}", answer.privacy);
    assert!(answer.proof.holds);
}

#[test]
fn e3_a_network_without_a_service_is_proven_by_its_subnets() {
    let evidence = with_nat();
    let mut service = evidence.service.clone();
    (service.name, service.groups) = (String::new(), vec![]);
    let tasks = moat::proof::planned::Tasks { placement: service, needs: vec![], role: Role::default() };
    let answer = answer(&evidence.of_tasks(tasks));
    assert!(answer.proof.holds);
    assert_eq!(
        answer.proof.statements,
        ["no route table in force for tasks leads to an Internet gateway: private-a (rtb-a) and private-b (rtb-b)"]
    );
}
