use super::*;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::network::endpoints::Policy;
use crate::network::endpoints::found::RELIED_ON;
use crate::network::existing::tests::{ACCOUNT, PRIVATE, closed, observed, reasons_of};
use crate::network::observed::{EndpointState, Group, InterfaceEndpoint, Target};
use crate::network::{Network, Observed};
use crate::plan::Step as _;
use crate::spec::Needs;
use crate::stage::Stage;
use serde_json::json;

/// The network of others, with endpoints of ours or without.
fn stage(with_endpoints: bool) -> NetworkStageSpec {
    let mut network = json!({"name": "corp", "existing": {"vpcId": "vpc-0c0"}});
    if with_endpoints {
        network["egress"] = json!({"endpoints": "auto"});
    }
    let network = serde_json::from_value(network).unwrap();
    NetworkStageSpec { network, needs: Needs { is_complete: true, ..Needs::default() } }
}

fn asked() -> NetworkStageSpec {
    stage(true)
}

fn beside(mut observed: Observed, endpoints: Vec<OtherEndpoint>) -> Observed {
    let beside = Beside { dns_support: true, dns_hostnames: true, endpoints };
    observed.existing.as_mut().unwrap().beside = Some(beside);
    observed.account = Some(ACCOUNT.into());
    observed
}

/// Without any route to the Internet.
fn shut() -> Observed {
    let mut observed = closed();
    observed.existing.as_mut().unwrap().tables[0].routes.truncate(1);
    beside(observed, Vec::new())
}

fn other(service: &str, kind: OtherKind) -> OtherEndpoint {
    OtherEndpoint {
        id: format!("vpce-theirs-{service}").into(),
        service: format!("com.amazonaws.us-east-1.{service}"),
        kind,
    }
}

fn named(service: &str) -> OtherEndpoint {
    other(service, OtherKind::Interface { private_dns: true })
}

fn interface(service: EndpointService, policy: &Policy) -> InterfaceEndpoint {
    InterfaceEndpoint {
        id: format!("vpce-{service}").into(),
        resource: wanted::endpoint(service),
        vpc: "vpc-0c0".into(),
        subnets: PRIVATE.map(SubnetId::from).into(),
        groups: [SecurityGroupId::from("sg-endpoints")].into(),
        private_dns: true,
        policy: Some(policy.document(ACCOUNT, "us-east-1").to_string()),
        state: EndpointState::Available,
        age: Some(RELIED_ON),
    }
}

/// With all endpoints of ours.
fn served(mut observed: Observed) -> Observed {
    let is_shut = !observed.existing.as_ref().unwrap().tables.iter().any(leads_out);
    let rules = vec![crate::rule::Rule::tcp(
        crate::rule::Direction::Ingress,
        443,
        crate::rule::Peer::Cidr(Cidr::new("172.16.0.0/16").unwrap()),
    )];
    observed.groups.push(Group { id: "sg-endpoints".into(), resource: wanted::group(), vpc: "vpc-0c0".into(), rules });
    let policy = if is_shut { Policy::Own { registries: BTreeSet::new() } } else { Policy::Open };
    observed.interface_endpoints = EndpointService::BASE.map(|service| interface(service, &policy)).into();
    let policy = if is_shut { Policy::OwnAndLayers } else { Policy::Open };
    observed.endpoints.push(Endpoint {
        id: "vpce-s3".into(),
        resource: desired::s3_endpoint(),
        vpc: "vpc-0c0".into(),
        tables: vec!["rtb-0".into()],
        policy: Some(policy.document(ACCOUNT, "us-east-1").to_string()),
        is_live: true,
    });
    observed
}

fn planned(stage: &NetworkStageSpec, observed: &Observed) -> String {
    Network::plan(stage, observed).unwrap().to_string()
}

/// The steps that could be taken now.
fn due(stage: &NetworkStageSpec, observed: &Observed) -> Vec<String> {
    let bindings = Network::bindings(stage, observed);
    let plan = Network::plan(stage, observed).unwrap();
    let due = plan.steps.iter().filter(|step| step.needs().iter().all(|need| bindings.has(need)));
    due.map(ToString::to_string).collect()
}

#[test]
fn e1_a_vpc_without_any_way_out_gets_endpoints_and_nothing_else() {
    insta::assert_snapshot!(planned(&asked(), &shut()));
    assert_eq!(planned(&asked(), &served(shut())), "nothing to do\n");
    assert_eq!(
        due(&asked(), &shut()),
        [
            "create vpc-endpoint s3 on route-table private-a for the account's own resources and the layers of images",
            "create security-group endpoints"
        ]
    );
}

#[test]
fn e1_where_others_reach_out_too_the_policies_stay_aws_s_own() {
    let open = beside(observed(), Vec::new());
    insta::assert_snapshot!(planned(&asked(), &open));
    assert_eq!(planned(&asked(), &served(open)), "nothing to do\n");
}

#[test]
fn what_others_answer_for_is_not_made_again() {
    let theirs = vec![
        named("logs"),
        other("ecr.api", OtherKind::Interface { private_dns: false }),
        other("s3", OtherKind::Gateway(vec!["rtb-0".into()])),
    ];
    let plan = planned(&asked(), &beside(shut(), theirs));
    assert!(!plan.contains("vpc-endpoint logs") && !plan.contains("vpc-endpoint s3"), "{plan}");
    assert!(plan.contains("create vpc-endpoint ecr.api") && plan.contains("create vpc-endpoint ecr.dkr"), "{plan}");
    let all = ["ecr.api", "ecr.dkr", "logs"].map(named);
    let all = [all.to_vec(), vec![other("s3", OtherKind::Gateway(vec!["rtb-0".into()]))]].concat();
    assert_eq!(planned(&asked(), &beside(shut(), all)), "nothing to do\n");
}

#[test]
fn e1_names_must_work_in_the_vpc_and_moat_turns_nothing_on() {
    let mut off = shut();
    let beside = off.existing.as_mut().unwrap().beside.as_mut().unwrap();
    (beside.dns_support, beside.dns_hostnames) = (false, false);
    insta::assert_snapshot!(reasons_of(&asked(), &off).join("\n"));
    assert_eq!(reasons_of(&stage(false), &off), [""; 0], "without endpoints it is of no account");
}

#[test]
fn e1_a_default_route_to_nowhere_is_no_misfit_beside_endpoints() {
    let mut dead = served(shut());
    let route = crate::network::existing::tests::route("0.0.0.0/0", Target::NatGateway("nat-gone".into()));
    let dead_route = crate::network::observed::Route { is_active: false, ..route };
    dead.existing.as_mut().unwrap().tables[0].routes.push(dead_route);
    assert_eq!(planned(&asked(), &dead), "nothing to do\n");
    assert_eq!(
        reasons_of(&stage(false), &dead).len(),
        2 + 1,
        "for each private subnet, and for the endpoints that would go"
    );
}

#[test]
fn c13_endpoints_that_are_not_asked_for_any_more_go_only_where_something_else_leads_out() {
    insta::assert_snapshot!(reasons_of(&stage(false), &served(shut())).join("\n"));
    let open = served(beside(observed(), Vec::new()));
    let plan = due(&stage(false), &open);
    assert_eq!(plan.len(), 4, "{plan:?}");
    assert!(plan[..3].iter().all(|step| step.starts_with("turn off private DNS")), "{plan:?}");
    assert_eq!(plan[3], "delete vpc-endpoint s3 vpce-s3, which nothing needs");
}

#[test]
fn endpoints_of_ours_in_another_vpc_are_not_forgotten() {
    let mut moved = served(shut());
    moved.interface_endpoints.iter_mut().for_each(|endpoint| endpoint.vpc = "vpc-0aa".into());
    let reasons = reasons_of(&asked(), &moved);
    assert!(reasons[0].contains("vpce-ecr.api, vpce-ecr.dkr, vpce-logs. Take it down first"), "{reasons:?}");
}

#[test]
fn every_range_of_the_vpc_may_ask() {
    let mut wide = served(shut());
    let ranges = &mut wide.existing.as_mut().unwrap().vpc.as_mut().unwrap().ranges;
    ranges.push(Cidr::new("100.64.0.0/16").unwrap());
    let plan = planned(&asked(), &wide);
    assert!(plan.contains("100.64.0.0/16") && plan.lines().count() == 1, "{plan}");
}
