//! Services in a network of others: they reach out through what is there, and it is left as it was.

use super::image;
use crate::Body;
use aws_sdk_ec2::types::{DomainType, Filter};
use moat_tests::faults::Slowness;
use moat_tests::local::{Ended, Local, REGION};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![("d2_e1_t5_services_live_in_a_network_of_others_and_leave_it_as_it_was", |local| Box::pin(guests(local)))]
}

/// A VPC that somebody else made in two zones, with one NAT gateway. Nothing in it has a tag.
struct Corp {
    vpc: String,
    public: Vec<String>,
    private: Vec<String>,
}

const WHY: &str = "the local AWS answers";

impl Corp {
    async fn build(local: &Local) -> Self {
        let ec2 = &local.ec2;
        let made = ec2.create_vpc().cidr_block("172.20.0.0/16").send().await.expect(WHY);
        let vpc = made.vpc().and_then(|vpc| vpc.vpc_id()).expect("an id").to_owned();
        let made = ec2.create_internet_gateway().send().await.expect(WHY);
        let gateway = made.internet_gateway().and_then(|it| it.internet_gateway_id()).expect("an id").to_owned();
        ec2.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.expect(WHY);
        let (mut public, mut private) = (Vec::new(), Vec::new());
        for (side, thirds) in [(&mut public, [0, 1]), (&mut private, [2, 3])] {
            for (third, zone) in thirds.into_iter().zip(["a", "b"]) {
                let call = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("172.20.{third}.0/24"));
                let made = call.availability_zone(format!("{REGION}{zone}")).send().await.expect(WHY);
                side.push(made.subnet().and_then(|subnet| subnet.subnet_id()).expect("an id").to_owned());
            }
        }
        let address = ec2.allocate_address().domain(DomainType::Vpc).send().await.expect(WHY);
        let call =
            ec2.create_nat_gateway().subnet_id(&public[0]).allocation_id(address.allocation_id().expect("an id"));
        let made = call.send().await.expect(WHY);
        let nat = made.nat_gateway().and_then(|nat| nat.nat_gateway_id()).expect("an id").to_owned();
        for (subnets, is_public) in [(&public, true), (&private, false)] {
            let made = ec2.create_route_table().vpc_id(&vpc).send().await.expect(WHY);
            let table = made.route_table().and_then(|table| table.route_table_id()).expect("an id").to_owned();
            let route = ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0");
            let route = if is_public { route.gateway_id(&gateway) } else { route.nat_gateway_id(&nat) };
            route.send().await.expect(WHY);
            for subnet in subnets {
                ec2.associate_route_table().route_table_id(&table).subnet_id(subnet).send().await.expect(WHY);
            }
        }
        Self { vpc, public, private }
    }

    /// What is in it, as AWS shows it: routes, groups and their rules, subnets, gateways, endpoints.
    async fn contents(&self, local: &Local) -> Vec<String> {
        let inside = || Filter::builder().name("vpc-id").values(&self.vpc).build();
        let ec2 = &local.ec2;
        let vpcs = ec2.describe_vpcs().vpc_ids(&self.vpc).send().await.expect(WHY);
        let subnets = ec2.describe_subnets().filters(inside()).send().await.expect(WHY);
        let tables = ec2.describe_route_tables().filters(inside()).send().await.expect(WHY);
        let groups = ec2.describe_security_groups().filters(inside()).send().await.expect(WHY);
        let nats = ec2.describe_nat_gateways().filter(inside()).send().await.expect(WHY);
        let endpoints = ec2.describe_vpc_endpoints().send().await.expect(WHY);
        let endpoints = endpoints.vpc_endpoints().iter().filter(|it| it.vpc_id() == Some(&self.vpc));
        let subnets = subnets.subnets().iter().map(|it| {
            format!("{:?} {:?} {:?} {:?}", it.subnet_id(), it.cidr_block(), it.map_public_ip_on_launch(), it.tags())
        });
        let mut contents: Vec<String> = subnets.collect();
        contents.extend(vpcs.vpcs().iter().map(|it| format!("{it:?}")));
        contents.extend(tables.route_tables().iter().map(|it| format!("{it:?}")));
        contents.extend(groups.security_groups().iter().map(|it| format!("{it:?}")));
        contents.extend(nats.nat_gateways().iter().map(|it| format!("{:?} {:?}", it.nat_gateway_id(), it.state())));
        contents.extend(endpoints.map(|it| format!("{it:?}")));
        contents.sort();
        contents
    }
}

async fn guests(local: Arc<Local>) {
    let corp = Corp::build(&local).await;
    let before = corp.contents(&local).await;
    assert!(before.len() >= 9, "a VPC, four subnets, two tables, a gateway, a group: {before:#?}");

    let found = json!({ "vpcId": corp.vpc });
    let named = json!({ "vpcId": corp.vpc, "publicSubnets": corp.public, "privateSubnets": corp.private });
    let swapped = json!({ "vpcId": corp.vpc, "publicSubnets": corp.private, "privateSubnets": corp.public });
    refused(&local, &document("corp-swapped", swapped, json!({}))).await;
    assert_eq!(corp.contents(&local).await, before, "what does not fit changes nothing");

    let shapes = [
        ("corp-found", found.clone(), json!({})),
        ("corp-named", named, json!({ "type": "network", "scheme": "internal" })),
        ("corp-worker", found, json!("none")),
    ];
    for (name, existing, door) in shapes {
        in_and_out(&local, name, &document(name, existing, door)).await;
        assert_eq!(corp.contents(&local).await, before, "{name} leaves it as it was");
    }
}

fn document(name: &str, existing: Value, door: Value) -> Value {
    json!({
        "network": { "name": name, "existing": existing },
        "service": { "name": name, "network": name, "image": image("hello:1"), "port": 8080, "loadBalancer": door },
    })
}

/// Every reason at once, and nothing recorded.
async fn refused(local: &Local, document: &Value) {
    local.plan(&[], Slowness::default());
    let ended = local.provision(document).await;
    assert_eq!(ended.error, "Moat.Refused", "{} {}", ended.cause, ended.output);
    for what in ["/network/existing/publicSubnets", "/network/existing/privateSubnets"] {
        assert_eq!(ended.cause.matches(what).count(), 2, "one for each subnet: {}", ended.cause);
    }
    assert_eq!(local.service_holdings("corp-swapped").await.len(), 0);
}

async fn in_and_out(local: &Local, name: &str, document: &Value) {
    let first = settled(local, name, document).await;
    let second = settled(local, name, document).await;
    assert!(second.changes().is_empty(), "{name}: the second provision changed {:#?}", second.changes());
    for of in ["network", "service"] {
        let drift = local.remediate(&json!({ of: name, "mode": "plan" })).await;
        assert_eq!(drift.output()["findings"], 0, "{name}: {:#}", drift.output());
    }
    local.plan(&[], Slowness::default());
    let order = json!({ "network": name, "confirm": name, "with": "services", "logs": "delete" });
    let gone = local.tear_down(&order).await;
    assert_eq!(gone.output()["billableLeftovers"], 0, "{name}: {} {}", gone.cause, gone.output);
    is_permitted(local, name);
    assert!(local.service_holdings(name).await.is_empty(), "{name}: {:?}", local.service_holdings(name).await);
    println!("  {name}: {} steps, settled, no drift, gone", first.changes().len());
}

async fn settled(local: &Local, name: &str, document: &Value) -> Ended {
    local.plan(&[], Slowness::default());
    let ended = local.provision(document).await;
    assert!(ended.error.is_empty(), "{name}: {}: {}", ended.error, ended.cause);
    assert_eq!(ended.output()["outcome"], "settled", "{name}: {:#}", ended.output());
    is_permitted(local, name);
    ended
}

fn is_permitted(local: &Local, name: &str) {
    let refused: Vec<_> = local.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(refused.is_empty(), "{name}: IAM refused {refused:?}");
}
