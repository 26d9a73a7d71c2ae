use super::super::found::RELIED_ON;
use super::super::policy::Policy;
use super::*;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::network::NetworkStageSpec;
use crate::network::observed::{Group, NatGateway, NatState, Target};
use crate::network::plan::tests::{bindings, planned, settled, stage};
use crate::plan::Step;
use crate::rule::{Direction, Peer};
use crate::spec::Needs;
use serde_json::json;
use std::collections::BTreeSet;

fn alone() -> NetworkStageSpec {
    stage(2, json!({ "endpoints": "auto" }), Needs::of([], "us-east-1"))
}

fn both() -> NetworkStageSpec {
    stage(2, json!({ "nat": "single", "endpoints": "auto" }), Needs::of([], "us-east-1"))
}

fn endpoint(service: EndpointService) -> InterfaceEndpoint {
    let policy = Policy::Own { registries: BTreeSet::new() };
    InterfaceEndpoint {
        id: format!("vpce-{service}").into(),
        resource: desired::endpoint(service),
        vpc: "vpc-1".into(),
        subnets: ["subnet-private-a", "subnet-private-b"].map(SubnetId::from).into(),
        groups: [SecurityGroupId::from("sg-endpoints")].into(),
        private_dns: true,
        policy: Some(policy.document("123456789012", "us-east-1").to_string()),
        state: EndpointState::Available,
        age: Some(RELIED_ON),
    }
}

/// With NAT gateways and the endpoints of every service.
fn with_endpoints(nats: &[char]) -> Observed {
    let mut observed = settled(nats);
    let https = Rule::tcp(Direction::Ingress, 443, Peer::Cidr(observed.vpcs[0].cidr));
    let group =
        Group { id: "sg-endpoints".into(), resource: desired::group(), vpc: "vpc-1".into(), rules: vec![https] };
    observed.groups.push(group);
    observed.interface_endpoints = EndpointService::BASE.map(endpoint).into();
    observed
}

/// With endpoints alone.
fn closed() -> Observed {
    let mut observed = with_endpoints(&['a']);
    observed.nat_gateways.clear();
    observed.addresses.clear();
    for table in observed.route_tables.iter_mut().skip(1) {
        table.routes.retain(|route| route.destination != "0.0.0.0/0");
    }
    let policy = Policy::OwnAndLayers.document("123456789012", "us-east-1").to_string();
    observed.endpoints[0].policy = Some(policy);
    observed
}

/// The steps that could be taken now.
fn due(spec: &NetworkStageSpec, observed: &Observed) -> Vec<String> {
    let bindings = bindings(spec, observed);
    let plan = crate::network::plan::plan(spec, observed).unwrap();
    let due = plan.steps.iter().filter(|step| step.needs().iter().all(|need| bindings.has(need)));
    due.map(ToString::to_string).collect()
}

#[test]
fn an_empty_account_with_endpoints_alone_gets_no_nat_gateway_and_no_private_route() {
    insta::assert_snapshot!(planned(&alone(), &crate::network::plan::tests::nothing()));
}

#[test]
fn a_network_with_endpoints_as_asked_gives_nothing_to_do() {
    assert_eq!(planned(&alone(), &closed()), "nothing to do\n");
    assert_eq!(planned(&both(), &with_endpoints(&['a'])), "nothing to do\n");
}

#[test]
fn an_endpoint_is_made_only_with_its_group_its_rule_its_subnets_and_names_that_resolve() {
    let mut observed = with_endpoints(&['a']);
    observed.interface_endpoints.remove(0);
    let create = "create vpc-endpoint ecr.api in subnet private-a, subnet private-b for the account's own resources";
    assert_eq!(due(&both(), &observed), [create]);
    let waits = |change: fn(&mut Observed)| {
        let mut observed = observed.clone();
        change(&mut observed);
        assert!(!due(&both(), &observed).iter().any(|step| step == create), "{:?}", due(&both(), &observed));
    };
    waits(|it| it.groups.clear());
    waits(|it| it.groups[0].rules.clear());
    waits(|it| it.vpcs[0].dns_support = false);
    waits(|it| it.vpcs[0].dns_hostnames = false);
    waits(|it| it.account = None);
    waits(|it| it.subnets.retain(|subnet| subnet.id.as_str() != "subnet-private-b"));
}

#[test]
fn c13_the_nat_gateway_goes_only_once_every_endpoint_answers_and_nobody_remembers_other_addresses() {
    let mut observed = with_endpoints(&['a']);
    let close = |table: &str| {
        format!("delete route 0.0.0.0/0 to nat-a in route-table {table}, since the endpoints are the only way out")
    };
    let policy = "set the policy of vpc-endpoint s3 to the account's own resources and the layers of images";
    assert_eq!(due(&alone(), &observed), [close("private-a"), close("private-b"), policy.to_owned()]);
    insta::assert_snapshot!(planned(&alone(), &observed));
    let keeps = |change: &dyn Fn(&mut Observed)| {
        let mut observed = observed.clone();
        change(&mut observed);
        let due = due(&alone(), &observed);
        assert!(!due.iter().any(|step| step.contains("0.0.0.0/0") || step.contains("nat-gateway")), "{due:?}");
    };
    keeps(&|it| it.interface_endpoints[0].state = EndpointState::Pending);
    keeps(&|it| it.interface_endpoints[1].private_dns = false);
    keeps(&|it| it.interface_endpoints[2].age = Some(RELIED_ON - 1));
    keeps(&|it| _ = it.interface_endpoints[2].subnets.pop_first());
    keeps(&|it| it.interface_endpoints[0].groups = ["sg-theirs".into()].into());
    keeps(&|it| it.interface_endpoints[0].policy = Some("{}".into()));
    keeps(&|it| it.groups[0].rules.clear());
    keeps(&|it| _ = it.interface_endpoints.remove(0));
    keeps(&|it| _ = it.endpoints[0].tables.pop());
    keeps(&|it| it.endpoints[0].is_live = false);
    keeps(&|it| it.endpoints[0].policy = Some("{}".into()));
    keeps(&|it| it.vpcs[0].dns_support = false);
    for table in observed.route_tables.iter_mut().skip(1) {
        table.routes.retain(|route| route.destination != "0.0.0.0/0");
    }
    assert_eq!(due(&alone(), &observed)[1..], ["delete nat-gateway a nat-a, which the spec does not ask for"]);
}

#[test]
fn c13_endpoints_go_only_once_every_private_subnet_has_another_way_out() {
    let spec = stage(2, json!({ "nat": "single" }), Needs::of([], "us-east-1"));
    let off = |service: &str| format!("turn off private DNS of vpc-endpoint {service}, a minute before it goes");
    let open = "set the policy of vpc-endpoint s3 to AWS's own, which lets everything through";
    assert_eq!(due(&spec, &closed()), ["allocate elastic-ip a", open]);
    let mut observed = with_endpoints(&['a']);
    assert_eq!(due(&spec, &observed), ["ecr.api", "ecr.dkr", "logs"].map(off));
    let mut one_left = observed.clone();
    one_left.route_tables[2].routes.pop();
    assert_eq!(due(&spec, &one_left), ["create route 0.0.0.0/0 to nat-gateway a in route-table private-b"]);
    observed.interface_endpoints.iter_mut().for_each(|endpoint| endpoint.private_dns = false);
    insta::assert_snapshot!(planned(&spec, &observed));
    observed.interface_endpoints.iter_mut().for_each(|endpoint| endpoint.state = EndpointState::Deleting);
    assert_eq!(due(&spec, &observed), [""; 0]);
    observed.interface_endpoints.clear();
    assert_eq!(due(&spec, &observed), ["delete security-group endpoints sg-endpoints, which nothing uses"]);
}

#[test]
fn c13_a_regional_gateway_takes_over_before_the_others_go() {
    let spec = stage(2, json!({ "nat": "regional" }), Needs::of([], "us-east-1"));
    let mut observed = settled(&['a', 'b']);
    insta::assert_snapshot!(planned(&spec, &observed));
    let create = "create nat-gateway regional for all zones, with addresses that AWS chooses";
    assert_eq!(due(&spec, &observed), [create]);
    observed.nat_gateways.push(NatGateway {
        id: "nat-r".into(),
        resource: "nat-gateway regional".into(),
        subnet: None,
        allocation: None,
        ips: vec!["203.0.113.7".into()],
        state: NatState::Pending,
        ..observed.nat_gateways[0].clone()
    });
    assert_eq!(due(&spec, &observed), [""; 0]);
    observed.nat_gateways[2].state = NatState::Available;
    assert_eq!(due(&spec, &observed).len(), 2, "the two routes turn");
    for table in observed.route_tables.iter_mut().skip(1) {
        table.routes[1].target = Target::NatGateway("nat-r".into());
    }
    assert_eq!(due(&spec, &observed).len(), 2, "the two gateways go, and their addresses after them");
}

#[test]
fn an_endpoint_that_no_service_needs_goes_only_by_a_run_that_knows_all_needs() {
    let mut observed = with_endpoints(&['a']);
    observed.interface_endpoints.push(endpoint(EndpointService::SecretsManager));
    let mut spec = both();
    assert_eq!(due(&spec, &observed), ["turn off private DNS of vpc-endpoint secretsmanager, a minute before it goes"]);
    spec.needs = Needs::default();
    assert_eq!(planned(&spec, &observed), "nothing to do\n");
    spec.needs.services.insert(EndpointService::Ssm);
    let create = "create vpc-endpoint ssm in subnet private-a, subnet private-b for the account's own resources\n";
    assert_eq!(planned(&spec, &observed), create);
}

#[test]
fn the_registries_of_other_accounts_are_let_through_and_forgotten_only_by_a_run_that_knows_all_needs() {
    let mut observed = with_endpoints(&['a']);
    let mut spec = both();
    spec.needs.registries = ["210987654321".to_owned()].into();
    let steps = due(&spec, &observed);
    assert_eq!(steps.len(), 2, "ecr.api and ecr.dkr, and not logs: {steps:?}");
    let wider = Policy::Own { registries: spec.needs.registries.clone() }.document("123456789012", "us-east-1");
    observed.interface_endpoints[0].policy = Some(wider.to_string());
    observed.interface_endpoints[1].policy = Some(wider.to_string());
    assert_eq!(planned(&spec, &observed), "nothing to do\n");
    spec.needs = Needs::default();
    assert_eq!(planned(&spec, &observed), "nothing to do\n");
    spec.needs = Needs::of([], "us-east-1");
    assert_eq!(due(&spec, &observed).len(), 2);
}

#[test]
fn d4_each_field_of_an_endpoint_that_somebody_changed_is_put_back() {
    let mut observed = with_endpoints(&['a']);
    observed.interface_endpoints[0].private_dns = false;
    observed.interface_endpoints[0].groups.insert("sg-theirs".into());
    observed.interface_endpoints[1].subnets = ["subnet-private-a", "subnet-public-a"].map(SubnetId::from).into();
    observed.interface_endpoints[2].policy = None;
    observed.groups[0].rules =
        vec![Rule::all_out(), Rule::tcp(Direction::Ingress, 22, Peer::Cidr(crate::cidr::Cidr::ANYWHERE))];
    insta::assert_snapshot!(planned(&both(), &observed));
}

#[test]
fn c2_an_endpoint_that_failed_is_deleted_and_told_and_not_made_again_in_the_same_breath() {
    let mut observed = with_endpoints(&['a']);
    observed.interface_endpoints[0].state = EndpointState::Failed("no address is free".into());
    insta::assert_snapshot!(planned(&both(), &observed));
    observed.interface_endpoints[0].state = EndpointState::Deleting;
    insta::assert_snapshot!(planned(&both(), &observed));
    assert_eq!(due(&both(), &observed), [""; 0]);
}

#[test]
fn t4_an_address_stays_while_a_gateway_lives_that_does_not_show_what_it_holds() {
    let mut observed = settled(&['a']);
    observed.nat_gateways[0].allocation = None;
    observed.addresses[0].is_associated = false;
    for table in observed.route_tables.iter_mut().skip(1) {
        table.routes.retain(|route| route.destination != "0.0.0.0/0");
    }
    assert!(!due(&alone(), &observed).iter().any(|step| step.starts_with("release")));
    observed.nat_gateways[0].state = NatState::Deleted;
    assert!(due(&alone(), &observed).iter().any(|step| step.starts_with("release")));
}

#[test]
fn c11_the_calls_of_which_ec2_takes_few_are_paid_from_one_bucket() {
    let plan = crate::network::plan::plan(&alone(), &crate::network::plan::tests::nothing()).unwrap();
    let paid: Vec<String> = plan.steps.iter().filter(|step| step.bucket().is_some()).map(ToString::to_string).collect();
    insta::assert_snapshot!(paid.join("\n"));
    let bucket = crate::network::step::ENDPOINT_CALLS;
    assert!(bucket.holds <= 4 && bucket.seconds(bucket.holds) >= 10, "EC2 gives 0.3 a second");
}
