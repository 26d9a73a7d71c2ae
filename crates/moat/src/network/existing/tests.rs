use super::observed::{Existing, Subnet, Table, Vpc};
use super::*;
use crate::cidr::Cidr;
use crate::drift::Permit;
use crate::drift::inspect::inspection;
use crate::ids::SubnetId;
use crate::network::observed::{Route, Target};
use crate::network::{Network, NetworkStageSpec};
use crate::spec::Needs;
use crate::stage::Stage;
use serde_json::json;
use std::fmt::Write as _;

pub(super) const ACCOUNT: &str = "123456789012";
const PUBLIC: [&str; 2] = ["subnet-0a", "subnet-0b"];
pub(super) const PRIVATE: [&str; 2] = ["subnet-1a", "subnet-1b"];

fn spec(public: &[&str], private: &[&str]) -> NetworkSpec {
    let mut existing = json!({"vpcId": "vpc-0c0"});
    if !public.is_empty() {
        existing["publicSubnets"] = json!(public);
    }
    if !private.is_empty() {
        existing["privateSubnets"] = json!(private);
    }
    serde_json::from_value(json!({"name": "corp", "existing": existing})).unwrap()
}

fn named() -> NetworkSpec {
    spec(&PUBLIC, &PRIVATE)
}

fn subnet(id: &str, cidr: &str, zone: &str) -> Subnet {
    Subnet {
        id: id.into(),
        name: None,
        vpc: "vpc-0c0".into(),
        cidr: Some(Cidr::new(cidr).unwrap()),
        zone: zone.into(),
        gives_public_ips: false,
    }
}

pub(super) fn route(destination: &str, target: Target) -> Route {
    Route { destination: destination.into(), target, is_active: true }
}

pub(super) fn table(id: &str, is_main: bool, subnets: &[&str], routes: Vec<Route>) -> Table {
    let local = route("172.16.0.0/16", Target::Local);
    let subnets = subnets.iter().map(|id| SubnetId::from(*id)).collect();
    Table { id: id.into(), is_main, subnets, routes: [vec![local], routes].concat() }
}

/// A VPC of somebody else with two zones: the private subnets have a table, or rather the main one, to a transit gateway.
pub(super) fn observed() -> Observed {
    let to_internet = route("0.0.0.0/0", Target::InternetGateway("igw-0d".into()));
    let range = Cidr::new("172.16.0.0/16").unwrap();
    let to_hub = route("0.0.0.0/0", Target::Other("tgw-0e".into()));
    let existing = Existing {
        vpc: Some(Vpc { id: "vpc-0c0".into(), owner: Some(ACCOUNT.into()), cidr: range, ranges: vec![range] }),
        subnets: vec![
            subnet(PRIVATE[1], "172.16.3.0/24", "us-east-1b"),
            subnet(PUBLIC[0], "172.16.0.0/24", "us-east-1a"),
            subnet(PUBLIC[1], "172.16.1.0/24", "us-east-1b"),
            subnet(PRIVATE[0], "172.16.2.0/24", "us-east-1a"),
        ],
        tables: vec![table("rtb-0", true, &[], vec![to_hub]), table("rtb-1", false, &PUBLIC, vec![to_internet])],
        internet_gateways: vec!["igw-0d".into()],
        beside: None,
    };
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(String::from).into();
    Observed { region: "us-east-1".into(), zones, existing: Some(existing), ..Observed::default() }
}

#[test]
fn c9_an_internal_application_load_balancer_has_private_subnets_in_two_zones() {
    let mut seen = observed();
    let existing = seen.existing.as_mut().unwrap();
    existing.subnets.retain(|subnet| subnet.id.as_str() == PRIVATE[0]);
    let reasons = |is_internal_application| -> Vec<String> {
        let needs = Needs { is_internal_application, is_complete: true, ..Needs::default() };
        let stage = NetworkStageSpec { network: spec(&[], &[]), needs };
        let Err(refusal) = Network::plan(&stage, &seen) else { return Vec::new() };
        refusal.problems.iter().map(ToString::to_string).collect()
    };
    assert_eq!(reasons(false), [""; 0], "tasks and a network load balancer need one");
    insta::assert_snapshot!(reasons(true).join("\n"), @r#"/network/existing/privateSubnets: vpc-0c0, private subnets: should be one in each of at least two zones, but is subnet-1a in us-east-1a alone. An internal application load balancer needs two zones; one with "type": "network" does not"#);
}

/// With a service that the Internet reaches.
fn staged(spec: &NetworkSpec) -> NetworkStageSpec {
    let needs = Needs { is_internet_facing: true, is_complete: true, ..Needs::default() };
    NetworkStageSpec { network: spec.clone(), needs }
}

/// With services that the Internet does not reach.
fn inward(spec: &NetworkSpec) -> NetworkStageSpec {
    NetworkStageSpec { network: spec.clone(), needs: Needs { is_complete: true, ..Needs::default() } }
}

/// A permit for every step.
fn any() -> Permit {
    Permit { repair: crate::spec::Repair::Destructive, ..Permit::default() }
}

fn but(change: impl FnOnce(&mut Existing)) -> Observed {
    let mut observed = observed();
    change(observed.existing.as_mut().unwrap());
    observed
}

fn at<'a>(seen: &'a mut Existing, id: &str) -> &'a mut Subnet {
    seen.subnets.iter_mut().find(|subnet| subnet.id.as_str() == id).unwrap()
}

fn reasons(spec: &NetworkSpec, observed: &Observed) -> Vec<String> {
    reasons_of(&staged(spec), observed)
}

pub(super) fn reasons_of(stage: &NetworkStageSpec, observed: &Observed) -> Vec<String> {
    match Network::plan(stage, observed) {
        Ok(plan) => {
            assert!(plan.is_empty(), "nothing is done in it:\n{plan}");
            Vec::new()
        }
        Err(refusal) => refusal.problems.iter().map(ToString::to_string).collect(),
    }
}

fn bound(spec: &NetworkSpec, observed: &Observed) -> Vec<String> {
    Network::bindings(&staged(spec), observed).iter().map(|(name, id)| format!("{name} {id}")).collect()
}

const ALL: [&str; 7] = [
    "internet-gateway igw-0d",
    "internet-gateway attachment igw-0d",
    "subnet private-a subnet-1a",
    "subnet private-b subnet-1b",
    "subnet public-a subnet-0a",
    "subnet public-b subnet-0b",
    "vpc vpc-0c0",
];

#[test]
fn a_network_that_fits_is_settled_at_once_and_bound_in_the_order_of_its_zones() {
    for spec in [named(), spec(&[], &[]), spec(&PUBLIC, &[]), spec(&[], &PRIVATE)] {
        assert_eq!(reasons(&spec, &observed()), Vec::<String>::new());
        assert_eq!(bound(&spec, &observed()), ALL);
        let bindings = Network::bindings(&staged(&spec), &observed());
        assert!(Network::milestones(&staged(&spec)).iter().all(|name| bindings.has(name)));
        assert!(bindings.iter().all(|(_, id)| Network::visible(&observed()).contains(id)));
    }
}

#[test]
fn facts_tell_where_each_subnet_leads() {
    let facts = Network::facts(&staged(&spec(&[], &[])), &observed());
    insta::assert_snapshot!(serde_json::to_string_pretty(&facts).unwrap());
}

#[test]
fn subnets_that_were_found_are_recorded_by_name_and_named_ones_stay() {
    let facts = Network::facts(&staged(&spec(&[], &[])), &observed());
    assert_eq!(recorded(&spec(&[], &[]), &facts), named());
    let one = spec(&[], &PRIVATE[..1]);
    assert_eq!(recorded(&one, &Network::facts(&staged(&one), &observed())), spec(&PUBLIC, &PRIVATE[..1]));
    let text = serde_json::to_value(named()).unwrap();
    assert_eq!(crate::spec::read(&json!({"network": text})).unwrap().network, Some(named()), "it can be read again");
}

#[test]
fn c9_private_subnets_without_a_public_one_in_their_zone_are_not_found() {
    let more = but(|seen| seen.subnets.push(subnet("subnet-1c", "172.16.4.0/24", "us-east-1c")));
    assert_eq!(bound(&spec(&[], &[]), &more), ALL);
    let spec = spec(&PUBLIC, &["subnet-1a", "subnet-1c"]);
    assert_eq!(reasons(&spec, &more).len(), 1, "but when they are named, that is told");
}

#[test]
fn subnets_of_one_zone_serve_with_the_one_that_is_named() {
    let more = but(|seen| seen.subnets.push(subnet("subnet-2a", "172.16.4.0/24", "us-east-1a")));
    assert_eq!(reasons(&named(), &more), Vec::<String>::new());
    assert_eq!(
        bound(&spec(&[], &[]), &more),
        ["internet-gateway igw-0d", "internet-gateway attachment igw-0d", "vpc vpc-0c0"]
    );
}

/// Each thing that can be wrong, with what people are told (E1, E2, C9).
#[test]
fn e2_every_misfit_is_refused_with_what_to_do() {
    let igw = || Target::InternetGateway("igw-0d".into());
    let cases: Vec<(&str, NetworkSpec, Observed)> = vec![
        ("no such VPC", named(), but(|seen| seen.vpc = None)),
        ("no Internet gateway", named(), but(|seen| seen.internet_gateways.clear())),
        ("a subnet that is not there", spec(&["subnet-0a", "subnet-0f"], &PRIVATE), observed()),
        ("a subnet of another VPC", named(), but(|seen| at(seen, PRIVATE[0]).vpc = "vpc-0aa".into())),
        ("a subnet for IPv6 alone", named(), but(|seen| at(seen, PRIVATE[0]).cidr = None)),
        ("a subnet in a Local Zone", named(), but(|seen| at(seen, PRIVATE[1]).zone = "us-east-1-bos-1a".into())),
        ("two named in one zone", named(), but(|seen| at(seen, PUBLIC[1]).zone = "us-east-1a".into())),
        (
            "two found in one zone",
            spec(&[], &[]),
            but(|seen| {
                seen.subnets.push(subnet("subnet-2a", "172.16.4.0/24", "us-east-1a"));
                at(seen, "subnet-2a").name = Some("databases".into());
            }),
        ),
        ("one public zone found", spec(&[], &[]), but(|seen| seen.tables[1].subnets.truncate(1))),
        ("no public subnet found", spec(&[], &[]), but(|seen| seen.tables[1].subnets.clear())),
        ("no private subnet found", spec(&[], &[]), but(|seen| seen.tables[0].routes[1].target = igw())),
        (
            "a private subnet in a zone without a door",
            named(),
            but(|seen| at(seen, PRIVATE[1]).zone = "us-east-1c".into()),
        ),
        ("a public subnet without a way in", named(), but(|seen| seen.tables[1].routes.truncate(1))),
        ("a public subnet that leads elsewhere", spec(&["subnet-0a", "subnet-1b"], &["subnet-1a"]), observed()),
        ("a public route that is a black hole", named(), but(|seen| seen.tables[1].routes[1].is_active = false)),
        (
            "a public subnet that is too small",
            named(),
            but(|seen| {
                at(seen, PUBLIC[0]).cidr = Some(Cidr::new("172.16.0.0/28").unwrap());
            }),
        ),
        ("a private subnet with a way in", named(), but(|seen| seen.tables[0].routes[1].target = igw())),
        ("half a way in", named(), but(|seen| seen.tables[0].routes.push(route("::/0", igw())))),
        ("public IPs in a private subnet", named(), but(|seen| at(seen, PRIVATE[0]).gives_public_ips = true)),
        ("a private route that is a black hole", named(), but(|seen| seen.tables[0].routes[1].is_active = false)),
    ];
    let mut text = String::new();
    for (case, spec, observed) in &cases {
        let reasons = reasons(spec, observed);
        assert!(!reasons.is_empty(), "{case} fits");
        let _ = writeln!(text, "{case}:\n  {}", reasons.join("\n  "));
    }
    insta::assert_snapshot!(text);
}

/// A VPC without public subnets and without an Internet gateway.
pub(super) fn closed() -> Observed {
    but(|seen| {
        seen.internet_gateways.clear();
        seen.subnets.retain(|subnet| !PUBLIC.contains(&subnet.id.as_str()));
        seen.tables.truncate(1);
    })
}

#[test]
fn e1_only_a_load_balancer_that_the_internet_reaches_needs_public_subnets() {
    for spec in [spec(&[], &[]), spec(&[], &PRIVATE)] {
        assert_eq!(reasons_of(&inward(&spec), &closed()), Vec::<String>::new());
        let bindings = Network::bindings(&inward(&spec), &closed());
        let names: Vec<&str> = bindings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["subnet private-a", "subnet private-b", "vpc"]);
        assert!(Network::milestones(&inward(&spec)).iter().all(|name| bindings.has(name)));
        insta::allow_duplicates! { insta::assert_snapshot!(reasons(&spec, &closed())[..2].join("\n")) };
    }
    let facts = Network::facts(&inward(&spec(&[], &[])), &closed());
    assert_eq!(recorded(&spec(&[], &[]), &facts), spec(&[], &PRIVATE));
}

#[test]
fn e1_what_becomes_of_public_subnets_that_nothing_needs_is_no_misfit() {
    let changes: [fn(&mut Existing); 5] = [
        |seen| seen.tables[1].routes.truncate(1),
        |seen| at(seen, PUBLIC[1]).zone = "us-east-1a".into(),
        |seen| seen.subnets.retain(|subnet| subnet.id.as_str() != PUBLIC[0]),
        |seen| at(seen, PUBLIC[0]).cidr = Some(Cidr::new("172.16.0.0/28").unwrap()),
        |seen| seen.internet_gateways.clear(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(reasons_of(&inward(&named()), &but(change)), Vec::<String>::new(), "{number}");
        assert_ne!(reasons(&named(), &but(change)), Vec::<String>::new(), "{number}");
    }
    let two_found = but(|seen| at(seen, PUBLIC[1]).zone = "us-east-1a".into());
    assert_eq!(reasons_of(&inward(&spec(&[], &[])), &two_found), Vec::<String>::new());
    let facts = Network::facts(&inward(&spec(&[], &[])), &but(|seen| seen.tables[1].subnets.truncate(1)));
    assert_eq!(recorded(&spec(&[], &PRIVATE), &facts), spec(&[], &PRIVATE), "one public subnet is not remembered");
}

#[test]
fn all_misfits_are_told_at_once() {
    let many = but(|seen| {
        seen.internet_gateways.clear();
        at(seen, PUBLIC[0]).cidr = Some(Cidr::new("172.16.0.0/28").unwrap());
        at(seen, PRIVATE[0]).gives_public_ips = true;
        seen.tables[0].routes[1].target = Target::InternetGateway("igw-0d".into());
    });
    assert_eq!(reasons(&spec(&PUBLIC, &["subnet-1a", "subnet-1b", "subnet-0f"]), &many).len(), 6);
}

#[test]
fn a_network_that_moat_made_under_the_same_name_is_not_forgotten() {
    let mut before = observed();
    before.vpcs.push(crate::network::observed::Vpc {
        id: "vpc-0aa".into(),
        cidr: Cidr::new("10.0.0.0/16").unwrap(),
        dns_support: true,
        dns_hostnames: true,
        ipv6: Vec::new(),
        is_ipv6_coming: false,
    });
    let reasons = reasons(&named(), &before);
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].contains("vpc-0aa. Take it down first"), "{reasons:?}");
}

#[test]
fn d4_a_private_subnet_that_became_public_is_a_hole_that_moat_tells_and_does_not_mend() {
    let open = but(|seen| {
        seen.tables[0].routes[1].target = Target::InternetGateway("igw-0d".into());
        at(seen, PRIVATE[1]).gives_public_ips = true;
    });
    let look = inspection::<Network>(&staged(&named()), &open, &Bindings::default(), &any());
    let findings: Vec<&Finding> = look.findings.iter().map(|graded| &graded.finding).collect();
    assert!(findings.iter().all(|finding| finding.is_hole && finding.step.is_none()), "{findings:?}");
    assert!(look.is_refused && look.findings.iter().all(|graded| !graded.is_permitted));
    let text: Vec<String> = findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
    assert_eq!(
        look.bindings,
        Network::bindings(&staged(&named()), &observed()),
        "where its services live is known all the same"
    );
}

#[test]
fn d2_a_network_that_fits_gives_no_finding() {
    let look = inspection::<Network>(&staged(&named()), &observed(), &Bindings::default(), &any());
    assert_eq!((look.findings, look.is_refused), (Vec::new(), false));
}

#[test]
fn later_stages_use_the_subnets_that_are_known_and_none_by_a_guess() {
    let all = Network::bindings(&staged(&named()), &observed());
    let names = |side, known: &Bindings| -> Vec<String> {
        desired::subnets(&named(), side, known).iter().map(ToString::to_string).collect()
    };
    assert_eq!(names(Side::Private, &all), ["subnet private-a", "subnet private-b"]);
    let gone = but(|seen| seen.subnets.retain(|subnet| subnet.id.as_str() != PRIVATE[1]));
    let some = Network::bindings(&staged(&named()), &gone);
    assert!(names(Side::Private, &some).iter().all(|name| !some.has(&Logical::new(name.clone()))));
}
