//! The prices, on demand, in millionths of a US dollar for an hour.
//!
//! Sources, as of [`AS_OF`]: "Amazon VPC Pricing" (NAT gateway, public IPv4 address), "AWS PrivateLink Pricing"
//! (interface endpoint, in each zone), "Elastic Load Balancing Pricing" (without capacity units), "AWS Fargate Pricing"
//! (Linux; a vCPU is 1024 CPU units).

/// When the prices were looked up.
pub const AS_OF: &str = "2026-06";

/// Hours in a month, as AWS's own calculator counts them.
pub const HOURS: u64 = 730;

/// What is paid for by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    NatGateway,
    /// In one zone.
    InterfaceEndpoint,
    ApplicationLoadBalancer,
    NetworkLoadBalancer,
    PublicIpv4,
    FargateVcpu,
    /// A GB of memory.
    FargateMemory,
    FargateVcpuArm,
    FargateMemoryArm,
}

/// The prices of one region.
#[derive(Debug)]
pub struct Prices {
    nat_gateway: u64,
    interface_endpoint: u64,
    application_load_balancer: u64,
    network_load_balancer: u64,
    public_ipv4: u64,
    fargate_vcpu: u64,
    fargate_memory: u64,
    fargate_vcpu_arm: u64,
    fargate_memory_arm: u64,
}

impl Prices {
    pub const fn hourly(&self, item: Item) -> u64 {
        match item {
            Item::NatGateway => self.nat_gateway,
            Item::InterfaceEndpoint => self.interface_endpoint,
            Item::ApplicationLoadBalancer => self.application_load_balancer,
            Item::NetworkLoadBalancer => self.network_load_balancer,
            Item::PublicIpv4 => self.public_ipv4,
            Item::FargateVcpu => self.fargate_vcpu,
            Item::FargateMemory => self.fargate_memory,
            Item::FargateVcpuArm => self.fargate_vcpu_arm,
            Item::FargateMemoryArm => self.fargate_memory_arm,
        }
    }
}

/// us-east-1.
pub const HOME: Prices = Prices {
    nat_gateway: 45_000,
    interface_endpoint: 10_000,
    application_load_balancer: 22_500,
    network_load_balancer: 22_500,
    public_ipv4: 5_000,
    fargate_vcpu: 40_480,
    fargate_memory: 4_445,
    fargate_vcpu_arm: 32_380,
    fargate_memory_arm: 3_560,
};

/// Only regions all of whose prices were looked up.
pub const REGIONS: &[(&[&str], Prices)] = &[(&["us-east-1"], HOME)];
