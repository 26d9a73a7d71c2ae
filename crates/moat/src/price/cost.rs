//! What two documents cost a month.

use super::{AS_OF, Item, PriceList, dollars};
use crate::spec::{Architecture, EndpointService, LoadBalancerKind, Nat, NetworkSpec, ServiceSpec, needs};
use serde::{Serialize, Serializer};

/// What is not in the sum, for whoever reads it.
const WITHOUT: &str = "data and traffic, capacity units of the load balancer, logs, and storage beyond 20 GB a task";

/// What the documents ask for, all of it, in a month of 730 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    #[serde(rename = "monthlyUsd", serialize_with = "usd")]
    pub cents: u64,
    pub lines: Vec<Line>,
    pub region: String,
    /// When the prices were looked up.
    pub priced: &'static str,
    /// Whether they are the region's own; else they are those of us-east-1.
    pub is_of_region: bool,
    pub without: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub what: String,
    pub count: u64,
    #[serde(rename = "monthlyUsd", serialize_with = "usd")]
    pub cents: u64,
}

fn usd<S: Serializer>(cents: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    // Exact: a cent is the last digit that JSON shows of it.
    dollars(*cents).parse::<f64>().unwrap_or_default().serialize(serializer)
}

/// How many subnets a network has on each side, one in each zone.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub public: u64,
    pub private: u64,
}

impl Spread {
    /// Of a network that moat makes.
    pub fn of(network: &NetworkSpec) -> Self {
        let zones = network.zones.into();
        Self { public: zones, private: zones }
    }
}

/// What a network and, where there is one, a service cost a month. `region` is where they are.
pub fn cost(network: &NetworkSpec, spread: Spread, service: Option<&ServiceSpec>, region: &str) -> Cost {
    let prices = PriceList::of(region);
    let mut lines = Lines { prices, spread, lines: Vec::new() };
    lines.network(network, service, region);
    if let Some(service) = service {
        lines.door(service);
        lines.tasks(service);
    }
    let lines = lines.lines;
    Cost {
        cents: lines.iter().map(|line| line.cents).sum(),
        lines,
        region: region.to_owned(),
        priced: AS_OF,
        is_of_region: prices.is_of_region,
        without: WITHOUT,
    }
}

struct Lines {
    prices: PriceList,
    spread: Spread,
    lines: Vec<Line>,
}

impl Lines {
    fn add(&mut self, what: impl Into<String>, item: Item, count: u64) {
        self.lines.push(Line { what: what.into(), count, cents: self.prices.cents(item, count) });
    }

    /// The VPC, its subnets and gateways, and the gateway endpoint of S3 cost nothing; nor does what was there before.
    fn network(&mut self, network: &NetworkSpec, service: Option<&ServiceSpec>, region: &str) {
        let zones = self.spread.private;
        if network.egress.has_endpoints() {
            let services = EndpointService::BASE.len() + service.map_or(0, |service| needs(service, region).len());
            self.add("interface endpoint in one zone", Item::InterfaceEndpoint, services as u64 * zones);
        }
        let Some(nat) = network.egress.nat.filter(|_| network.existing.is_none()) else { return };
        let (what, gateways) = match nat {
            Nat::Single => ("NAT gateway", 1),
            Nat::PerZone => ("NAT gateway", zones),
            // For each zone that it has spread to ("Amazon VPC Pricing", regional NAT gateway).
            Nat::Regional => ("regional NAT gateway in one zone", zones),
        };
        self.add(what, Item::NatGateway, gateways);
        self.add("public IPv4 address of a NAT gateway", Item::PublicIpv4, gateways);
    }

    /// An internet-facing load balancer has a public address in each zone ("Public IPv4 addresses", Amazon VPC Pricing).
    fn door(&mut self, service: &ServiceSpec) {
        let Some(door) = service.own_load_balancer() else { return };
        match door.kind {
            LoadBalancerKind::Application => {
                self.add("application load balancer", Item::ApplicationLoadBalancer, 1);
            }
            LoadBalancerKind::Network => self.add("network load balancer", Item::NetworkLoadBalancer, 1),
        }
        if !door.is_internal() {
            self.add("public IPv4 address of the load balancer", Item::PublicIpv4, self.spread.public);
        }
    }

    fn tasks(&mut self, service: &ServiceSpec) {
        let (tasks, cpu, memory) = (u64::from(service.tasks), u64::from(service.cpu), u64::from(service.memory));
        let (vcpu, gb) = match service.architecture {
            Architecture::X86_64 => (Item::FargateVcpu, Item::FargateMemory),
            Architecture::Arm64 => (Item::FargateVcpuArm, Item::FargateMemoryArm),
        };
        // Both in 1024ths, divided once, at the end.
        let cents = self.prices.cents(vcpu, tasks * cpu) + self.prices.cents(gb, tasks * memory);
        let what = format!("Fargate task of {cpu} CPU units and {memory} MiB, {}", service.architecture.as_str());
        self.lines.push(Line { what, count: tasks, cents: (cents + 512) / 1024 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn priced(network: &NetworkSpec, service: Option<&ServiceSpec>, region: &str) -> Cost {
        cost(network, Spread::of(network), service, region)
    }

    fn documents(nat: &str, architecture: &str) -> (NetworkSpec, ServiceSpec) {
        let network = json!({"name": "main", "zones": 3, "egress": {"nat": nat}});
        let service = json!({"name": "web", "network": "main", "image": "nginx:1", "architecture": architecture});
        (serde_json::from_value(network).unwrap(), serde_json::from_value(service).unwrap())
    }

    fn told(cost: &Cost) -> String {
        let line = |line: &Line| format!("{} x {}: {}\n", line.count, line.what, dollars(line.cents));
        cost.lines.iter().map(line).collect::<String>() + &dollars(cost.cents)
    }

    #[test]
    fn a_network_and_its_service_are_priced_line_by_line() {
        let (network, service) = documents("single", "X86_64");
        insta::assert_snapshot!(told(&priced(&network, Some(&service), "us-east-1")), @r"
        1 x NAT gateway: 32.85
        1 x public IPv4 address of a NAT gateway: 3.65
        1 x application load balancer: 16.43
        3 x public IPv4 address of the load balancer: 10.95
        2 x Fargate task of 256 CPU units and 512 MiB, X86_64: 18.02
        81.90
        ");
    }

    #[test]
    fn a_nat_gateway_in_each_zone_costs_each_time_and_arm_costs_less() {
        let (network, service) = documents("per-zone", "ARM64");
        insta::assert_snapshot!(told(&priced(&network, Some(&service), "us-east-1")), @r"
        3 x NAT gateway: 98.55
        3 x public IPv4 address of a NAT gateway: 10.95
        1 x application load balancer: 16.43
        3 x public IPv4 address of the load balancer: 10.95
        2 x Fargate task of 256 CPU units and 512 MiB, ARM64: 14.42
        151.30
        ");
    }

    #[test]
    fn a_network_of_others_is_priced_by_the_subnets_that_serve() {
        let (_, service) = documents("single", "X86_64");
        let corp = json!({"name": "corp", "existing": {"vpcId": "vpc-0c0"}, "egress": {"endpoints": "auto"}});
        let corp: NetworkSpec = serde_json::from_value(corp).unwrap();
        let spread = Spread { public: 3, private: 1 };
        insta::assert_snapshot!(told(&cost(&corp, spread, Some(&service), "us-east-1")), @r"
        3 x interface endpoint in one zone: 21.90
        1 x application load balancer: 16.43
        3 x public IPv4 address of the load balancer: 10.95
        2 x Fargate task of 256 CPU units and 512 MiB, X86_64: 18.02
        67.30
    ");
    }

    #[test]
    fn what_is_told_has_dollars_the_date_and_whose_prices_they_are() {
        let (network, _) = documents("single", "X86_64");
        let told = serde_json::to_value(priced(&network, None, "eu-south-2")).unwrap();
        assert_eq!(told["monthlyUsd"], json!(36.5));
        assert_eq!((&told["priced"], &told["region"]), (&json!(AS_OF), &json!("eu-south-2")));
        assert_eq!(told["isOfRegion"], json!(false));
    }
}
