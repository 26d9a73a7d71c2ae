use super::*;
use crate::name::Name;
use crate::plan::Step;
use crate::teardown::network::observed::{Address, Endpoint, InternetGateway, NatGateway, RouteTable, Subnet};
use std::collections::BTreeSet;

fn spec(services: &[&str]) -> NetworkTeardownSpec {
    let name = |text: &&str| Name::new(text).unwrap();
    NetworkTeardownSpec { network: name(&"main"), services: services.iter().map(name).collect() }
}

fn interface(description: &str, kind: &str, public_ip: Option<&str>) -> Interface {
    Interface {
        id: "eni-1".into(),
        vpc: "vpc-1".into(),
        subnet: "subnet-1".into(),
        groups: BTreeSet::new(),
        kind: kind.into(),
        description: description.into(),
        requester: Some(if description.starts_with("ELB") { "amazon-elb" } else { "123456789012" }.into()),
        instance: None,
        public_ip: public_ip.map(str::to_owned),
        tags: Default::default(),
    }
}

fn whole() -> Observed {
    let vpc = || VpcId::from("vpc-1");
    Observed {
        vpcs: vec![vpc()],
        endpoints: vec![Endpoint {
            id: "vpce-1".into(),
            resource: "vpc-endpoint s3".into(),
            vpc: vpc(),
            state: State::There,
        }],
        nat_gateways: vec![NatGateway {
            id: "nat-1".into(),
            resource: "nat-gateway a".into(),
            vpc: vpc(),
            allocations: vec!["eipalloc-1".into()],
            is_regional: false,
            interfaces: vec!["eni-1".into()],
            state: State::There,
        }],
        addresses: vec![Address {
            id: "eipalloc-1".into(),
            resource: "elastic-ip a".into(),
            ip: "198.51.100.1".into(),
            interface: Some("eni-1".into()),
        }],
        internet_gateways: vec![InternetGateway { id: "igw-1".into(), vpc: Some(vpc()) }],
        subnets: vec![Subnet { id: "subnet-1".into(), resource: "subnet public-a".into(), vpc: vpc() }],
        route_tables: vec![RouteTable {
            id: "rtb-1".into(),
            resource: "route-table private-a".into(),
            vpc: vpc(),
            nat_routes: vec![("0.0.0.0/0".into(), "nat-1".into())],
            exit_routes: Vec::new(),
        }],
        interfaces: vec![interface("Interface for NAT Gateway nat-1", "nat_gateway", Some("198.51.100.1"))],
        ..Observed::default()
    }
}

fn due(observed: &Observed) -> Vec<String> {
    let plan = plan(&spec(&["web"]), observed).unwrap();
    let bindings = facts(observed).bindings();
    let due = plan.steps.iter().filter(|step| step.needs().iter().all(|need| bindings.has(need)));
    due.map(ToString::to_string).collect()
}

fn waits(observed: &Observed) -> Vec<String> {
    plan(&spec(&["web"]), observed).unwrap().waiting.into_iter().map(|waiting| waiting.on).collect()
}

#[test]
fn t1_the_whole_way_is_planned() {
    insta::assert_snapshot!(plan(&spec(&[]), &whole()).unwrap(), @r"
    delete vpc-endpoint s3 vpce-1
    delete route 0.0.0.0/0 to nat-1 in route-table private-a
    delete nat-gateway a nat-1
    release elastic-ip a 198.51.100.1
    detach internet-gateway igw-1 from vpc-1
    delete internet-gateway igw-1
    delete subnet public-a subnet-1
    delete route-table private-a rtb-1
    delete vpc vpc-1, with its main route table, default group and default ACL
    ");
}

#[test]
fn t1_each_layer_is_due_when_the_one_before_was_seen_to_be_gone() {
    let mut observed = whole();
    assert_eq!(due(&observed), ["delete vpc-endpoint s3 vpce-1"]);
    observed.endpoints[0].state = State::Deleting(None);
    assert_eq!(due(&observed), ["delete route 0.0.0.0/0 to nat-1 in route-table private-a"]);
    observed.route_tables[0].nat_routes.clear();
    assert_eq!(due(&observed), ["delete nat-gateway a nat-1"]);
    observed.nat_gateways[0].state = State::Deleting(Some(20));
    observed.endpoints.clear();
    assert_eq!(due(&observed), [""; 0]);
    assert_eq!(plan(&spec(&[]), &observed).unwrap().waiting[0].retry_after, 30);
    observed.nat_gateways[0].state = State::Deleted;
    // T4: AWS still shows the association.
    assert_eq!(due(&observed), [""; 0]);
    assert!(waits(&observed).contains(&"elastic-ip a 198.51.100.1 to be given up by eni-1".to_owned()));
    observed.addresses[0].interface = None;
    assert_eq!(due(&observed), ["release elastic-ip a 198.51.100.1"]);
    observed.addresses.clear();
    // T3: something in the VPC still has a public address.
    assert_eq!(due(&observed), [""; 0]);
    observed.interfaces.clear();
    assert_eq!(due(&observed), ["detach internet-gateway igw-1 from vpc-1"]);
    observed.internet_gateways[0].vpc = None;
    assert_eq!(due(&observed), ["delete internet-gateway igw-1"]);
    observed.internet_gateways.clear();
    assert_eq!(due(&observed), ["delete subnet public-a subnet-1"]);
    observed.subnets.clear();
    assert_eq!(due(&observed), ["delete route-table private-a rtb-1"]);
    observed.route_tables.clear();
    assert_eq!(due(&observed), ["delete vpc vpc-1, with its main route table, default group and default ACL"]);
    observed.vpcs.clear();
    assert!(
        plan(&spec(&[]), &observed).unwrap().is_empty(),
        "the deleted gateway, which AWS shows for an hour, is none"
    );
}

#[test]
fn t3_what_holds_a_public_address_is_named_while_it_is_waited_for() {
    let mut observed = whole();
    observed.interfaces = vec![interface("ELB app/moat-web/1", "interface", Some("203.0.113.5"))];
    let said = "network interface eni-1 of load balancer moat-web with public IP 203.0.113.5 to be taken away by AWS";
    assert_eq!(waits(&observed), [said]);
    let refusal = plan(&spec(&["shop"]), &observed).unwrap_err().to_string();
    assert!(refusal.contains("eni-1") && refusal.contains("203.0.113.5"), "{refusal}");
}

#[test]
fn d7_a_service_that_is_not_taken_down_is_in_the_way() {
    let mut observed = whole();
    observed.tenants = vec![(Name::new("web").unwrap(), "sg-1".into()), (Name::new("shop").unwrap(), "sg-2".into())];
    let refusal = plan(&spec(&["web"]), &observed).unwrap_err();
    assert_eq!(refusal.problems.len(), 1, "{refusal}");
    assert_eq!(refusal.problems[0].pointer.as_deref(), Some("/network"));
    assert!(refusal.to_string().contains("service shop lives in network main"), "{refusal}");
    assert!(plan(&spec(&["shop", "web"]), &observed).is_ok());
}

#[test]
fn t5_a_gateway_that_is_attached_to_a_vpc_without_our_tags_is_refused() {
    let mut observed = whole();
    observed.vpcs.clear();
    let refusal = plan(&spec(&[]), &observed).unwrap_err().to_string();
    assert!(refusal.contains("igw-1 is attached to vpc-1, which has no moat tags of network main"), "{refusal}");
}

#[test]
fn t4_an_address_stays_while_a_gateway_lives_that_does_not_show_what_it_holds() {
    let mut observed = whole();
    observed.nat_gateways[0].allocations.clear();
    observed.addresses[0].interface = None;
    assert!(!due(&observed).iter().any(|step| step.starts_with("release")), "{:?}", due(&observed));
    observed.nat_gateways[0].state = State::Deleted;
    assert!(due(&observed).contains(&"release elastic-ip a 198.51.100.1".to_owned()), "{:?}", due(&observed));
}

#[test]
fn t4_an_address_that_somebody_else_uses_is_refused_by_name() {
    let mut observed = whole();
    observed.nat_gateways.clear();
    observed.route_tables.clear();
    observed.interfaces.clear();
    observed.addresses[0].interface = Some("eni-9".into());
    let refusal = plan(&spec(&[]), &observed).unwrap_err().to_string();
    assert!(refusal.contains("elastic-ip a 198.51.100.1 is used by network interface eni-9"), "{refusal}");
}

#[test]
fn t2_an_interface_of_a_gateway_that_aws_no_longer_shows_is_waited_for() {
    let gone = ["Interface for NAT Gateway nat-9", "VPC Endpoint Interface vpce-9"];
    for (description, kind) in gone.into_iter().zip(["nat_gateway", "vpc_endpoint"]) {
        let observed = Observed { interfaces: vec![interface(description, kind, None)], ..Observed::default() };
        assert_eq!(waits(&observed).len(), 1, "{description}");
    }
    // Of one that is there, the gateway itself is what is done about it.
    assert_eq!(waits(&whole()), [""; 0]);
}
