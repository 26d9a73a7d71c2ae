//! Classic misconfigurations: a good network, one change, and what the proof says about it.

use crate::networks::*;
use moat::network::observed::NatState;
use moat::proof::facts::*;
use moat::proof::{Proofs, prove};
use moat::rule::{Direction, Peer, Rule};

fn told(proofs: &Proofs) -> String {
    format!("{}{}", proofs.privacy, proofs.egress)
}

#[test]
fn e1_e3_a_network_with_nat_gateways_is_proven() {
    let proofs = prove(&with_nat());
    assert!(proofs.privacy.holds() && proofs.egress.holds());
    insta::assert_snapshot!(told(&proofs));
    insta::assert_snapshot!("the_picture_of_a_network_with_nat_gateways", proofs.picture);
}

#[test]
fn e1_e3_a_network_with_endpoints_and_no_route_to_the_internet_is_proven() {
    let proofs = prove(&with_endpoints());
    assert!(proofs.privacy.holds() && proofs.egress.holds());
    insta::assert_snapshot!(told(&proofs));
    insta::assert_snapshot!("the_picture_of_a_network_with_endpoints", proofs.picture);
}

/// One thing that people do wrong, and the codes of the faults and doubts that it must be told as.
struct Case {
    what: &'static str,
    network: fn() -> Evidence,
    change: fn(&mut Evidence),
    codes: &'static [&'static str],
}

const fn nat(what: &'static str, codes: &'static [&'static str], change: fn(&mut Evidence)) -> Case {
    Case { what, network: with_nat, change, codes }
}

const fn endpoints(what: &'static str, codes: &'static [&'static str], change: fn(&mut Evidence)) -> Case {
    Case { what, network: with_endpoints, change, codes }
}

const PA: usize = 0;
const A: usize = 2;
const PUBLIC: usize = 0;
const PRIVATE: usize = 1;
const API: usize = 1;
const LOGS: usize = 3;

fn default_route(evidence: &mut Evidence, table: usize) -> &mut Route {
    evidence.tables[table]
        .routes
        .iter_mut()
        .find(|one| one.destination == Destination::Range(range("0.0.0.0/0")))
        .unwrap()
}

/// Replaces "everything" of one direction with TCP on these ports.
fn narrow(evidence: &mut Evidence, acl: usize, direction: Direction, ports: &[(u16, u16)]) {
    let entries = &mut evidence.acls[acl].entries;
    entries.retain(|one| one.direction != direction);
    entries.extend(
        ports.iter().zip(100..).map(|(ports, number)| entry(number, direction, true, "0.0.0.0/0", Some(*ports))),
    );
}

fn interface(evidence: &mut Evidence, at: usize) -> (&mut Vec<moat::ids::SubnetId>, &mut bool) {
    match &mut evidence.endpoints[at].kind {
        EndpointKind::Interface { subnets, private_dns, .. } => (subnets, private_dns),
        other => panic!("{other:?} is no interface endpoint"),
    }
}

fn rules<'a>(evidence: &'a mut Evidence, group: &str) -> &'a mut Vec<Rule> {
    &mut evidence.groups.iter_mut().find(|one| one.id.as_str() == group).unwrap().rules
}

fn allows(actions: &[&str], resources: &[&str]) -> Policy {
    let text = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    let statement =
        Statement { allows: true, actions: text(actions), resources: text(resources), is_conditional: false };
    Policy::Statements(vec![statement])
}

fn of_privacy() -> Vec<Case> {
    vec![
        nat(
            "a private subnet with a route to the Internet gateway",
            &["open-route", "internet-gateway-without-public-ip"],
            |evidence| {
                default_route(evidence, A).target = Target::InternetGateway("igw-1".into());
            },
        ),
        nat(
            "tasks in a public subnet without public IPs",
            &["open-route", "internet-gateway-without-public-ip"],
            |evidence| {
                evidence.service.subnets = ids(&["subnet-pa"]);
                evidence.needs.retain(|need| need.what != What::Layers);
            },
        ),
        nat(
            "a subnet that fell back to a main table which is public",
            &["open-route", "internet-gateway-without-public-ip"],
            |evidence| {
                evidence.tables[A].subnets.clear();
                evidence.tables[0].routes.push(route("0.0.0.0/0", Target::InternetGateway("igw-1".into())));
                evidence.needs.retain(|need| need.what != What::Layers);
            },
        ),
        nat("an IPv6 default route to the Internet gateway", &["open-route"], |evidence| {
            evidence.vpc.ranges.push(range("2600:1f00::/56"));
            evidence.subnets[A].ranges.push(range("2600:1f00::/64"));
            evidence.tables[A].routes.push(route("::/0", Target::InternetGateway("igw-1".into())));
        }),
        nat("assignPublicIp is ENABLED", &["public-ip-assigned"], |evidence| {
            evidence.service.assigns_public_ip = true;
        }),
        nat("a task that has a public IP", &["public-ip"], |evidence| {
            evidence.interfaces = vec![Interface {
                id: "eni-1".into(),
                subnet: "subnet-a".into(),
                groups: vec!["sg-tasks".into()],
                public_ip: Some("203.0.113.9".into()),
            }];
        }),
        nat("a private subnet that gives public IPs", &["subnet-gives-public-ips"], |evidence| {
            evidence.subnets[A].gives_public_ips = true;
        }),
        nat("the tasks' group open to the world on the tasks' port", &["group-admits-internet"], |evidence| {
            rules(evidence, "sg-tasks").push(Rule::tcp(Direction::Ingress, 8080, cidr("0.0.0.0/0")));
        }),
        nat("SSH from an office", &["group-admits-internet"], |evidence| {
            rules(evidence, "sg-tasks").push(Rule::tcp(Direction::Ingress, 22, cidr("203.0.113.0/24")));
        }),
        nat("the tasks' group open to the world, IPv6 only", &["group-admits-internet"], |evidence| {
            rules(evidence, "sg-tasks").push(Rule::tcp(Direction::Ingress, 8080, Peer::Ipv6("::/0".into())));
        }),
        nat("a prefix list of public addresses in the tasks' group", &["group-admits-internet"], |evidence| {
            let ranges = vec![range("198.51.100.0/24")];
            evidence.prefix_lists.push(PrefixList { id: "pl-office".into(), name: "office".into(), ranges });
            rules(evidence, "sg-tasks").push(Rule::tcp(Direction::Ingress, 8080, Peer::PrefixList("pl-office".into())));
        }),
        nat("the load balancer's group open on all ports", &["open-beside-listeners"], |evidence| {
            rules(evidence, "sg-lb")[0] = Rule { direction: Direction::Ingress, ..Rule::all_out() };
        }),
        nat("the load balancer's group open on 80 with no listener there", &["open-beside-listeners"], |evidence| {
            rules(evidence, "sg-lb").push(Rule::tcp(Direction::Ingress, 80, cidr("0.0.0.0/0")));
        }),
        nat("no task subnet at all", &["nothing-to-prove", "nothing-to-prove"], |evidence| {
            evidence.service.subnets.clear();
        }),
    ]
}

fn of_nat() -> Vec<Case> {
    vec![
        nat("no default route", &["no-route"], |evidence| {
            evidence.tables[A].routes.retain(|one| one.destination != Destination::Range(range("0.0.0.0/0")));
        }),
        nat("a default route to a NAT gateway that was deleted", &["black-hole"], |evidence| {
            default_route(evidence, A).is_active = false;
        }),
        nat("a NAT gateway that failed", &["nat-not-available"], |evidence| {
            evidence.nat_gateways[0].state = NatState::Failed("Resource.AlreadyAssociated".into());
        }),
        nat("a NAT gateway that is still pending", &["nat-not-available"], |evidence| {
            evidence.nat_gateways[0].state = NatState::Pending;
        }),
        nat("a NAT gateway in a private subnet", &["nat-stranded"], |evidence| {
            evidence.nat_gateways[0] = nat_gateway("nat-a", "subnet-a");
        }),
        nat("a NAT gateway in a subnet with no way on", &["nat-stranded"], |evidence| {
            evidence.tables[1].subnets.remove(PA);
        }),
        nat("a private NAT gateway", &["nat-is-private"], |evidence| {
            evidence.nat_gateways[0].is_public = false;
        }),
        nat("an Internet gateway that is not attached", &["internet-gateway-detached"], |evidence| {
            evidence.internet_gateways[0].is_attached = false;
        }),
        nat("an Internet gateway that is gone", &["black-hole"], |evidence| {
            default_route(evidence, 1).is_active = false;
        }),
        nat("half of the Internet in a black hole", &["black-hole"], |evidence| {
            let mut hole = route("0.0.0.0/1", Target::TransitGateway("tgw-old".into()));
            hole.is_active = false;
            evidence.tables[A].routes.push(hole);
        }),
        nat("a default route to a transit gateway", &["not-followed"], |evidence| {
            default_route(evidence, A).target = Target::TransitGateway("tgw-1".into());
        }),
        nat("a default route to a NAT instance", &["not-followed"], |evidence| {
            default_route(evidence, A).target = Target::Interface("eni-nat".into());
        }),
        nat("a private ACL that lets 443 out and no answers in", &["acl-ephemeral-ports"], |evidence| {
            narrow(evidence, PRIVATE, Direction::Ingress, &[(8080, 8080)]);
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        nat("a private ACL that lets in only a part of the answers", &["acl-ephemeral-ports"], |evidence| {
            narrow(evidence, PRIVATE, Direction::Ingress, &[(8080, 8080), (49152, 65535)]);
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        nat("a private ACL that lets no 443 out", &["acl-https"], |evidence| {
            narrow(evidence, PRIVATE, Direction::Egress, &[(80, 80), (1024, 65535)]);
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        nat("a public ACL that lets in only answers to Linux", &["acl-ephemeral-ports"], |evidence| {
            narrow(evidence, PUBLIC, Direction::Ingress, &[(443, 443), (32768, 60999)]);
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        nat("a public ACL that does not take 443 from the tasks", &["acl-https"], |evidence| {
            evidence.acls[PUBLIC].entries.push(entry(50, Direction::Ingress, false, "10.0.128.0/20", None));
        }),
        nat("a public ACL that gives no answers to the tasks", &["acl-ephemeral-ports"], |evidence| {
            evidence.acls[PUBLIC].entries.push(entry(
                50,
                Direction::Egress,
                false,
                "10.0.128.0/20",
                Some((32768, 65535)),
            ));
        }),
        nat("an ACL whose deny comes before its allow", &["acl-https"], |evidence| {
            evidence.acls[PRIVATE].entries.push(entry(1, Direction::Egress, false, "0.0.0.0/0", Some((443, 443))));
        }),
        nat("a task group without egress", &["group-egress"], |evidence| {
            rules(evidence, "sg-tasks").pop();
        }),
        nat("a task group that lets out to the VPC only", &["group-egress"], |evidence| {
            rules(evidence, "sg-tasks")[1] = Rule::tcp(Direction::Egress, 443, cidr("10.0.0.0/16"));
        }),
        nat("DNS support off", &["dns-support-off"], |evidence| {
            evidence.vpc.dns_support = false;
        }),
        nat("name servers of somebody's own", &["other-resolvers"], |evidence| {
            evidence.vpc.other_resolvers = vec!["10.9.0.2".into()];
        }),
        nat("an execution role that may not fetch a token", &["role-denied"], |evidence| {
            evidence.role.rights.insert("ecr:GetAuthorizationToken".into(), false);
        }),
        nat("a leftover endpoint whose group does not admit the tasks", &["endpoint-group"], |evidence| {
            evidence.endpoints.push(interface_endpoint("vpce-logs", "logs"));
            evidence.groups.push(group("sg-endpoints", vec![]));
        }),
        nat("an ACL that could not be read", &["unread", "unread"], |evidence| {
            evidence.acls.remove(PRIVATE);
        }),
    ]
}

fn of_endpoints() -> Vec<Case> {
    vec![
        endpoints("the endpoint ecr.dkr is missing", &["no-endpoint"], |evidence| {
            evidence.endpoints.remove(2);
        }),
        endpoints("secrets are used and their endpoint is missing", &["no-endpoint"], |evidence| {
            evidence.needs.push(need(What::SecretsManager));
        }),
        endpoints("ECS Exec is used and its endpoint is missing", &["no-endpoint"], |evidence| {
            evidence.needs.push(need(What::SsmMessages));
        }),
        endpoints("an image in another region", &["no-route", "no-route"], |evidence| {
            evidence.needs[0].region = "eu-west-1".into();
        }),
        endpoints("an image in a registry on the Internet", &["no-route", "no-route"], |evidence| {
            evidence.needs.push(need(What::Registry("ghcr.io".into())));
        }),
        endpoints("the S3 endpoint is not on one table", &["endpoint-off-table"], |evidence| {
            evidence.tables[A].routes.pop();
        }),
        endpoints("no S3 endpoint", &["no-endpoint"], |evidence| {
            evidence.endpoints.remove(0);
            evidence.tables.iter_mut().for_each(|table| table.routes.truncate(1));
        }),
        endpoints("private DNS off", &["private-dns-off"], |evidence| {
            *interface(evidence, API).1 = false;
        }),
        endpoints("DNS hostnames off", &["dns-hostnames-off"], |evidence| {
            evidence.vpc.dns_hostnames = false;
        }),
        endpoints("an endpoint that is pending", &["endpoint-not-available"], |evidence| {
            evidence.endpoints[LOGS].state = EndpointState::Pending;
        }),
        endpoints("an endpoint that waits for acceptance", &["endpoint-not-available"], |evidence| {
            evidence.endpoints[LOGS].state = EndpointState::Other("pendingAcceptance".into());
        }),
        endpoints("an endpoint in no subnet", &["endpoint-without-subnets"], |evidence| {
            interface(evidence, LOGS).0.clear();
        }),
        endpoints("an endpoint group without 443", &["endpoint-group"], |evidence| {
            *rules(evidence, "sg-endpoints") = vec![Rule::tcp(Direction::Ingress, 80, cidr("0.0.0.0/0"))];
        }),
        endpoints("an endpoint group that admits one zone only", &["endpoint-group"], |evidence| {
            *rules(evidence, "sg-endpoints") = vec![Rule::tcp(Direction::Ingress, 443, cidr("10.0.128.0/20"))];
        }),
        endpoints("a task group that lets out to the endpoints but not to S3", &["group-egress"], |evidence| {
            rules(evidence, "sg-tasks")[1] = Rule::tcp(Direction::Egress, 443, Peer::Group("sg-endpoints".into()));
        }),
        endpoints("a task group that lets out to S3 but not to the endpoints", &["group-egress"], |evidence| {
            rules(evidence, "sg-tasks")[1] = Rule::tcp(Direction::Egress, 443, Peer::PrefixList("pl-s3".into()));
        }),
        endpoints("an ACL between the zones", &["acl-https"], |evidence| {
            evidence.acls[PRIVATE].entries.push(entry(1, Direction::Ingress, false, "10.0.128.0/20", Some((443, 443))));
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        endpoints("an ACL that takes no answers from S3", &["acl-ephemeral-ports"], |evidence| {
            let entries = &mut evidence.acls[PRIVATE].entries;
            entries.retain(|one| one.direction == Direction::Egress);
            entries.push(entry(100, Direction::Ingress, true, "10.0.0.0/16", None));
            evidence.service.subnets = ids(&["subnet-a"]);
        }),
        endpoints("an S3 policy that forgets ECR's layers", &["endpoint-policy"], |evidence| {
            evidence.endpoints[0].policy = allows(&["s3:*"], &["arn:aws:s3:::my-bucket/*"]);
        }),
        endpoints("a logs policy that allows reading only", &["endpoint-policy"], |evidence| {
            evidence.endpoints[LOGS].policy = allows(&["logs:Get*", "logs:Describe*"], &["*"]);
        }),
    ]
}

/// Each case is wrong in that one way and told as such; the good network that it came from is proven.
fn tried(cases: Vec<Case>) -> String {
    let mut text = String::new();
    for Case { what, network, change, codes } in cases {
        let good = prove(&network());
        assert!(good.privacy.holds() && good.egress.holds(), "{what}: the network was not good before");
        let mut evidence = network();
        change(&mut evidence);
        let proofs = prove(&evidence);
        let theorems = [&proofs.privacy, &proofs.egress];
        assert!(theorems.iter().any(|theorem| !theorem.holds()), "{what}: not found");
        let all = theorems.iter().flat_map(|theorem| theorem.faults.iter().map(|one| ("fault", one)));
        let doubts = theorems.iter().flat_map(|theorem| theorem.doubts.iter().map(|one| ("unknown", one)));
        let found: Vec<_> = all.chain(doubts).collect();
        assert_eq!(found.iter().map(|(_, one)| one.code.as_str()).collect::<Vec<_>>(), codes, "{what}");
        assert!(found.iter().all(|(_, one)| !one.fix.is_empty()), "{what}: no fix");
        text.push_str(&format!("{what}\n"));
        found.iter().for_each(|(kind, one)| text.push_str(&format!("  {kind}: {one}\n")));
    }
    text
}

#[test]
fn e2_e3_each_way_to_open_tasks_to_the_internet_is_found_and_named() {
    insta::assert_snapshot!(tried(of_privacy()));
}

#[test]
fn e1_each_way_to_break_a_network_with_nat_gateways_is_found_and_named() {
    insta::assert_snapshot!(tried(of_nat()));
}

#[test]
fn e1_each_way_to_break_a_network_with_endpoints_is_found_and_named() {
    insta::assert_snapshot!(tried(of_endpoints()));
}
