//! What an account holds for a network and a service, counted by asking AWS directly.

use crate::local::Local;
use aws_sdk_ec2::types::{Filter, NatGatewayState, Tag};
use std::collections::BTreeMap;

/// Counts by kind. Kinds with nothing are left out.
pub type Holdings = BTreeMap<&'static str, usize>;

fn is_of(tags: &[Tag], key: &str, value: &str) -> bool {
    tags.iter().any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
}

impl Local {
    /// Everything that carries the tag of this network.
    ///
    /// # Panics
    /// When the local AWS does not answer.
    pub async fn network_holdings(&self, network: &str) -> Holdings {
        let filter = || Filter::builder().name("tag:moat:network").values(network).build();
        let ours = |tags: &[Tag]| is_of(tags, "moat:network", network);
        let why = "the local AWS answers";
        let vpcs = self.ec2.describe_vpcs().filters(filter()).send().await.expect(why);
        let subnets = self.ec2.describe_subnets().filters(filter()).send().await.expect(why);
        let gateways = self.ec2.describe_internet_gateways().filters(filter()).send().await.expect(why);
        let tables = self.ec2.describe_route_tables().filters(filter()).send().await.expect(why);
        let nats = self.ec2.describe_nat_gateways().filter(filter()).send().await.expect(why);
        // The local AWS ignores the filters of these two.
        let addresses = self.ec2.describe_addresses().send().await.expect(why);
        let endpoints = self.ec2.describe_vpc_endpoints().send().await.expect(why);
        let live = |state: Option<&NatGatewayState>| {
            matches!(state, Some(NatGatewayState::Pending | NatGatewayState::Available))
        };
        let routes: usize = tables
            .route_tables()
            .iter()
            .map(|table| table.routes().iter().filter(|route| route.gateway_id() != Some("local")).count())
            .sum();
        let associations: usize = tables.route_tables().iter().map(|table| table.associations().len()).sum();
        counted([
            ("vpc", vpcs.vpcs().len()),
            ("subnet", subnets.subnets().len()),
            ("internet-gateway", gateways.internet_gateways().len()),
            ("route-table", tables.route_tables().len()),
            ("association", associations),
            ("route", routes),
            ("nat-gateway", nats.nat_gateways().iter().filter(|nat| live(nat.state())).count()),
            ("elastic-ip", addresses.addresses().iter().filter(|address| ours(address.tags())).count()),
            ("vpc-endpoint", endpoints.vpc_endpoints().iter().filter(|endpoint| ours(endpoint.tags())).count()),
        ])
    }

    /// Everything that belongs to this service, by tag or by name.
    ///
    /// # Panics
    /// When the local AWS does not answer.
    pub async fn service_holdings(&self, service: &str) -> Holdings {
        let name = format!("moat-{service}");
        let why = "the local AWS answers";
        let filter = Filter::builder().name("tag:moat:service").values(service).build();
        let groups = self.ec2.describe_security_groups().filters(filter).send().await.expect(why);
        let balancers = self.elb.describe_load_balancers().send().await.expect(why);
        let targets = self.elb.describe_target_groups().send().await.expect(why);
        let balancer = balancers.load_balancers().iter().filter(|found| found.load_balancer_name() == Some(&name));
        let balancer: Vec<&str> = balancer.filter_map(|found| found.load_balancer_arn()).collect();
        let mut listeners = 0;
        for arn in &balancer {
            let found = self.elb.describe_listeners().load_balancer_arn(*arn).send().await.expect(why);
            listeners += found.listeners().len();
        }
        let clusters = self.ecs.describe_clusters().clusters(&name).send().await.expect(why);
        let services = self.ecs.describe_services().cluster(&name).services(&name).send().await;
        let services =
            services.map_or(0, |found| found.services().iter().filter(|s| s.status() == Some("ACTIVE")).count());
        counted([
            ("security-group", groups.security_groups().len()),
            ("load-balancer", balancer.len()),
            ("target-group", targets.target_groups().iter().filter(|t| t.target_group_name() == Some(&name)).count()),
            ("listener", listeners),
            ("cluster", clusters.clusters().iter().filter(|c| c.status() == Some("ACTIVE")).count()),
            ("service", services),
        ])
    }
}

fn counted<const N: usize>(counts: [(&'static str, usize); N]) -> Holdings {
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What a network in this many zones with this many NAT gateways holds, exactly.
pub fn of_network(zones: usize, nats: usize) -> Holdings {
    counted([
        ("vpc", 1),
        ("subnet", 2 * zones),
        ("internet-gateway", 1),
        ("route-table", 1 + zones),
        ("association", 2 * zones),
        ("route", 1 + zones),
        ("nat-gateway", nats),
        ("elastic-ip", nats),
        ("vpc-endpoint", 1),
    ])
}

/// What a service holds, exactly.
pub fn of_service() -> Holdings {
    counted([
        ("security-group", 2),
        ("load-balancer", 1),
        ("target-group", 1),
        ("listener", 1),
        ("cluster", 1),
        ("service", 1),
    ])
}
