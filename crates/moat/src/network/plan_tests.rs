use super::*;
use crate::cidr::Cidr;
use crate::ids::{AllocationId, InternetGatewayId, NatGatewayId, RouteTableId, SubnetId, VpcEndpointId, VpcId};
use crate::name::Logical;
use crate::network::desired::NatPlace;
use crate::network::observed::{Address, DefaultGroup, Endpoint, InternetGateway, NatGateway, Route, Subnet, Vpc};
use crate::plan::Step;
use crate::rule::Rule;
use crate::spec::Needs;

fn spec(zones: u8, nat: &str) -> NetworkStageSpec {
    stage(zones, serde_json::json!({ "nat": nat }), Needs::of([], "us-east-1"))
}

pub(in crate::network) fn stage(zones: u8, egress: serde_json::Value, needs: Needs) -> NetworkStageSpec {
    let network = serde_json::json!({ "name": "main", "zones": zones, "egress": egress });
    NetworkStageSpec { network: serde_json::from_value(network).unwrap(), needs }
}

fn route(destination: &str, target: Target) -> Route {
    Route { destination: destination.into(), target, is_active: true }
}

pub(in crate::network) fn nothing() -> Observed {
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(String::from).into();
    Observed { region: "us-east-1".into(), zones, ..Observed::default() }
}

/// A network of two zones just as the spec wants it, with a NAT gateway in each zone of `nats`.
pub(in crate::network) fn settled(nats: &[char]) -> Observed {
    let vpc = VpcId::from("vpc-1");
    let id = |name: &str| name.replace(' ', "-");
    let subnet = |side: Side, letter: char, slot: u8| Subnet {
        id: SubnetId(format!("subnet-{side}-{letter}")),
        resource: desired::subnet(side, letter),
        vpc: vpc.clone(),
        cidr: crate::cidr::subnet(&Cidr::new("10.0.0.0/16").unwrap(), side, slot).unwrap(),
        zone: format!("us-east-1{letter}"),
        gives_public_ips: false,
        ipv6: None,
    };
    let table = |name: Logical, subnets: &[&str], target: Target| RouteTable {
        id: RouteTableId(id(name.as_str())),
        resource: Some(name),
        vpc: vpc.clone(),
        associations: subnets.iter().map(|s| (format!("assoc-{s}").into(), (*s).into())).collect(),
        routes: vec![route("10.0.0.0/16", Target::Local), route("0.0.0.0/0", target)],
    };
    let nat = |letter| if nats.contains(&letter) { letter } else { 'a' };
    let way = |letter| Target::NatGateway(NatGatewayId(format!("nat-{}", nat(letter))));
    let internet = Target::InternetGateway(InternetGatewayId::from("igw-1"));
    Observed {
        account: Some("123456789012".into()),
        vpcs: vec![Vpc {
            id: vpc.clone(),
            cidr: Cidr::new("10.0.0.0/16").unwrap(),
            dns_support: true,
            dns_hostnames: true,
            ipv6: Vec::new(),
            is_ipv6_coming: false,
        }],
        subnets: vec![
            subnet(Side::Public, 'a', 0),
            subnet(Side::Public, 'b', 1),
            subnet(Side::Private, 'a', 0),
            subnet(Side::Private, 'b', 1),
        ],
        internet_gateways: vec![InternetGateway { id: "igw-1".into(), vpc: Some(vpc.clone()) }],
        addresses: nats.iter().map(|letter| address(*letter)).collect(),
        nat_gateways: nats.iter().map(|letter| gateway(*letter, NatState::Available)).collect(),
        route_tables: vec![
            table(desired::public_table(), &["subnet-public-a", "subnet-public-b"], internet),
            table(desired::private_table('a'), &["subnet-private-a"], way('a')),
            table(desired::private_table('b'), &["subnet-private-b"], way('b')),
        ],
        endpoints: vec![Endpoint {
            id: VpcEndpointId::from("vpce-1"),
            resource: desired::s3_endpoint(),
            vpc: vpc.clone(),
            tables: vec!["route-table-private-a".into(), "route-table-private-b".into()],
            policy: None,
            is_live: true,
        }],
        default_groups: vec![DefaultGroup { id: "sg-default".into(), vpc, rules: Vec::new() }],
        ..nothing()
    }
}

fn gateway(letter: char, state: NatState) -> NatGateway {
    NatGateway {
        id: NatGatewayId(format!("nat-{letter}")),
        resource: desired::nat_gateway(letter),
        vpc: "vpc-1".into(),
        subnet: Some(SubnetId(format!("subnet-public-{letter}"))),
        allocation: Some(AllocationId(format!("eip-{letter}"))),
        ips: vec![address(letter).ip],
        state,
        age: Some(600),
    }
}

fn address(letter: char) -> Address {
    Address {
        id: AllocationId(format!("eip-{letter}")),
        resource: desired::elastic_ip(letter),
        ip: format!("198.51.100.{}", u32::from(letter)),
        is_associated: true,
    }
}

fn table<'a>(observed: &'a mut Observed, name: &str) -> &'a mut RouteTable {
    let name = Logical::from(name);
    observed.route_tables.iter_mut().find(|table| table.resource.as_ref() == Some(&name)).unwrap()
}

pub(in crate::network) fn bindings(spec: &NetworkStageSpec, observed: &Observed) -> crate::plan::Bindings {
    Found::of(spec, observed).unwrap().bindings(spec, observed)
}

pub(in crate::network) fn planned(spec: &NetworkStageSpec, observed: &Observed) -> String {
    match plan(spec, observed) {
        Ok(plan) => {
            let halts: String = plan.halts.iter().map(|problem| format!("halt: {problem}\n")).collect();
            format!("{plan}{halts}")
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}

#[test]
fn an_empty_account_gets_the_whole_plan_at_once() {
    insta::assert_snapshot!(planned(&spec(2, "single"), &nothing()), @r"
    create vpc 10.0.0.0/16
    turn on DNS hostnames of vpc
    create internet-gateway
    attach internet-gateway to vpc
    create subnet public-a 10.0.0.0/20 in us-east-1a
    create subnet public-b 10.0.16.0/20 in us-east-1b
    create subnet private-a 10.0.128.0/20 in us-east-1a
    create subnet private-b 10.0.144.0/20 in us-east-1b
    allocate elastic-ip a
    create nat-gateway a in subnet public-a
    create route-table public
    create route-table private-a
    create route-table private-b
    associate subnet public-a with route-table public
    associate subnet public-b with route-table public
    associate subnet private-a with route-table private-a
    associate subnet private-b with route-table private-b
    create route 0.0.0.0/0 to internet-gateway in route-table public
    create route 0.0.0.0/0 to nat-gateway a in route-table private-a
    create route 0.0.0.0/0 to nat-gateway a in route-table private-b
    create vpc-endpoint s3 on route-table private-a, route-table private-b
    remove all rules of default-security-group
    ");
}

#[test]
fn a_network_that_is_as_asked_gives_nothing_to_do() {
    assert_eq!(planned(&spec(2, "single"), &settled(&['a'])), "nothing to do\n");
    assert_eq!(planned(&spec(2, "per-zone"), &settled(&['a', 'b'])), "nothing to do\n");
}

#[test]
fn a_pending_nat_gateway_is_waited_for_and_its_routes_need_it_available() {
    let mut observed = settled(&['a']);
    observed.nat_gateways[0].state = NatState::Pending;
    observed.nat_gateways[0].age = Some(30);
    table(&mut observed, "route-table private-a").routes.pop();
    let plan = plan(&spec(2, "single"), &observed).unwrap();
    insta::assert_snapshot!(plan, @r"
    create route 0.0.0.0/0 to nat-gateway a in route-table private-a
    wait for nat-gateway a nat-a (pending)
    ");
    assert_eq!(plan.waiting[0].retry_after, 70);
    let c3 = Logical::from("nat-gateway a").available();
    assert!(plan.steps[0].needs().contains(&c3));
    assert!(!bindings(&spec(2, "single"), &observed).has(&c3));
}

#[test]
fn c2_a_failed_nat_gateway_is_deleted_and_told_and_not_made_again_in_the_same_breath() {
    let mut observed = settled(&['a']);
    observed.nat_gateways[0].state = NatState::Failed("Resource.AlreadyAssociated: in use".into());
    let spec = spec(2, "single");
    insta::assert_snapshot!(planned(&spec, &observed), @r"
    delete nat-gateway a nat-a, which failed: Resource.AlreadyAssociated: in use
    replace route 0.0.0.0/0 to nat-a in route-table private-a: to nat-gateway a
    replace route 0.0.0.0/0 to nat-a in route-table private-b: to nat-gateway a
    halt: AWS could not create nat-gateway a nat-a: Resource.AlreadyAssociated: in use. moat deleted it and kept its elastic IP. Remove the cause and start the provision again
    ");
    let deletion = NetworkStep::DeleteNatGateway {
        gateway: desired::nat_gateway('a'),
        id: "nat-a".into(),
        why: String::new(),
        is_unused: false,
    };
    let bindings = bindings(&spec, &observed);
    assert!(deletion.needs().iter().all(|need| bindings.has(need)), "what was announced can be done");
}

#[test]
fn c13_a_nat_gateway_in_each_zone_adds_the_missing_one_and_turns_one_route() {
    insta::assert_snapshot!(planned(&spec(2, "per-zone"), &settled(&['a'])), @r"
    allocate elastic-ip b
    create nat-gateway b in subnet public-b
    replace route 0.0.0.0/0 to nat-a in route-table private-b: to nat-gateway b
    ");
}

#[test]
fn c13_a_third_zone_touches_nothing_that_is_there() {
    insta::assert_snapshot!(planned(&spec(3, "single"), &settled(&['a'])), @r"
    create subnet public-c 10.0.32.0/20 in us-east-1c
    create subnet private-c 10.0.160.0/20 in us-east-1c
    create route-table private-c
    associate subnet public-c with route-table public
    associate subnet private-c with route-table private-c
    create route 0.0.0.0/0 to nat-gateway a in route-table private-c
    add route-table private-c to vpc-endpoint s3
    ");
}

#[test]
fn back_to_a_single_nat_gateway_the_route_turns_first() {
    insta::assert_snapshot!(planned(&spec(2, "single"), &settled(&['a', 'b'])), @r"
    replace route 0.0.0.0/0 to nat-b in route-table private-b: to nat-gateway a
    delete nat-gateway b nat-b, which the spec does not ask for
    release elastic-ip b 198.51.100.98, which nothing uses
    ");
}

#[test]
fn e3_a_way_from_a_private_subnet_to_the_internet_is_closed() {
    let mut observed = settled(&['a']);
    let internet = Target::InternetGateway("igw-1".into());
    table(&mut observed, "route-table private-a").routes[1].target = internet.clone();
    table(&mut observed, "route-table private-b").routes.push(route("::/0", internet));
    insta::assert_snapshot!(planned(&spec(2, "single"), &observed), @r"
    replace route 0.0.0.0/0 to igw-1 in route-table private-a: to nat-gateway a
    delete route ::/0 to igw-1 in route-table private-b, which must stay private
    ");
}

#[test]
fn e3_no_subnet_is_moved_into_a_private_table_before_that_is_closed() {
    let mut observed = settled(&['a']);
    let open = table(&mut observed, "route-table private-a");
    open.routes.push(route("0.0.0.0/1", Target::InternetGateway("igw-1".into())));
    open.associations.clear();
    insta::assert_snapshot!(planned(&spec(2, "single"), &observed), @"delete route 0.0.0.0/1 to igw-1 in route-table private-a, which must stay private");
}

#[test]
fn of_two_vpcs_the_one_in_use_counts_and_the_empty_one_goes() {
    let mut observed = settled(&['a']);
    let twin = Vpc { id: "vpc-0".into(), ..observed.vpcs[0].clone() };
    observed.vpcs.insert(0, twin);
    insta::assert_snapshot!(planned(&spec(2, "single"), &observed), @"delete vpc-0, an empty twin of vpc");
}

#[test]
fn two_vpcs_in_use_are_a_refusal_that_names_both() {
    let mut observed = settled(&['a']);
    observed.vpcs.push(Vpc { id: "vpc-2".into(), ..observed.vpcs[0].clone() });
    observed.subnets.push(Subnet { id: "subnet-9".into(), vpc: "vpc-2".into(), ..observed.subnets[0].clone() });
    insta::assert_snapshot!(planned(&spec(2, "single"), &observed), @"refused: vpc exists 2 times and each is in use: vpc-1, vpc-2. Remove all but one, or take the moat tags off those that are not moat's");
}

#[test]
fn a_spare_address_is_released_and_one_in_use_is_not() {
    let mut observed = settled(&['a']);
    observed.addresses.push(Address { id: "eip-0".into(), is_associated: false, ..address('a') });
    let spec = spec(2, "single");
    insta::assert_snapshot!(planned(&spec, &observed), @"release elastic-ip a 198.51.100.97, which nothing uses");
    let bindings = bindings(&spec, &observed);
    assert!(
        bindings.iter().all(|(_, id)| observed.ids().contains(id) && id != "eip-0"),
        "nobody waits to see it again"
    );
}

#[test]
fn the_predecessor_of_a_new_gateway_is_the_youngest_dead_one() {
    let mut observed = settled(&['a']);
    let dead = |id: &str, age| NatGateway { id: id.into(), age: Some(age), ..gateway('a', NatState::Deleted) };
    observed.nat_gateways = vec![dead("nat-9", 900), dead("nat-1", 60), dead("nat-5", 300)];
    let spec = spec(2, "single");
    let found = Found::of(&spec, &observed).unwrap();
    assert_eq!(found.predecessor(&observed, NatPlace::Zone('a')), Some("nat-1".into()));
}

#[test]
fn what_cannot_be_reached_is_refused_with_the_way_out() {
    let mut other = spec(2, "single");
    other.network.cidr = Cidr::new("10.1.0.0/16").unwrap();
    let fewer = spec(2, "single");
    let mut three = settled(&['a']);
    three.subnets.push(Subnet {
        id: "subnet-c".into(),
        resource: desired::subnet(Side::Private, 'c'),
        ..three.subnets[3].clone()
    });
    let too_many = spec(4, "single");
    let all = [planned(&other, &settled(&['a'])), planned(&fewer, &three), planned(&too_many, &nothing())];
    insta::assert_snapshot!(all.join("\n"), @r"
    refused: /network/cidr: is 10.1.0.0/16, but the network exists with 10.0.0.0/16 and AWS cannot change that. Put 10.0.0.0/16 back, or make another network
    refused: /network/zones: is 2, but the network has more already: subnet private-c subnet-c. moat takes no zone away, since tasks may be running there
    refused: /network/zones: is 4, but us-east-1 has 3 availability zones open to this account: us-east-1a, us-east-1b, us-east-1c
    ");
}

#[test]
fn the_default_group_loses_its_rules() {
    let mut observed = settled(&['a']);
    observed.default_groups[0].rules = vec![Rule::all_out()];
    insta::assert_snapshot!(planned(&spec(2, "single"), &observed), @"remove all rules of default-security-group: all traffic out to anywhere (0.0.0.0/0)");
}
