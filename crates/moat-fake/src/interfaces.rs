//! Network interfaces: those of what runs, those that AWS has not taken away yet, and those of others.

use crate::state::{Balancer, EcsService, InterfaceEndpoint, NatGateway, State};
use moat::ids::{InterfaceId, SubnetId, VpcId};
use moat::network::observed::NatState;
use moat::spec::{LoadBalancerKind, Scheme};
use moat::teardown::Interface;
use std::collections::{BTreeMap, BTreeSet};

/// The number of the account, which AWS gives as the requester of what it makes for a NAT gateway.
pub(crate) const ACCOUNT: &str = "123456789012";

impl State {
    /// All that there are now.
    pub(crate) fn network_interfaces(&self) -> Vec<Interface> {
        let gateways = self
            .nat_gateways
            .there()
            .filter(|gateway| matches!(gateway.state, NatState::Pending | NatState::Available | NatState::Deleting));
        let gateways = gateways.filter_map(|gateway| self.of_gateway(gateway));
        let endpoints = self.interface_endpoints.there().flat_map(Self::of_endpoint);
        let balancers = self.balancers.there().flat_map(|balancer| self.of_balancer(balancer));
        let tasks = self.services.there().flat_map(|service| self.of_service(service));
        let lingering = self.lingering.iter().map(|(_, interface)| interface.clone());
        gateways
            .chain(endpoints)
            .chain(balancers)
            .chain(tasks)
            .chain(lingering)
            .chain(self.interfaces.there().cloned())
            .collect()
    }

    pub(crate) fn interface_of(gateway: &NatGateway) -> InterfaceId {
        format!("eni-of-{}", gateway.id).into()
    }

    /// One in each subnet.
    fn of_endpoint(endpoint: &InterfaceEndpoint) -> impl Iterator<Item = Interface> + '_ {
        endpoint.subnets.iter().map(|subnet| Interface {
            id: format!("eni-of-{}-{subnet}", endpoint.id).into(),
            vpc: endpoint.vpc.clone(),
            subnet: subnet.clone(),
            groups: endpoint.groups.clone(),
            kind: "vpc_endpoint".into(),
            description: format!("VPC Endpoint Interface {}", endpoint.id),
            requester: Some(ACCOUNT.into()),
            instance: None,
            public_ip: None,
            tags: BTreeMap::new(),
        })
    }

    /// A regional one has none in the VPC's subnets.
    fn of_gateway(&self, gateway: &NatGateway) -> Option<Interface> {
        Some(Interface {
            id: Self::interface_of(gateway),
            vpc: gateway.vpc.clone(),
            subnet: gateway.subnet.clone()?,
            groups: BTreeSet::new(),
            kind: "nat_gateway".into(),
            description: format!("Interface for NAT Gateway {}", gateway.id),
            requester: Some(ACCOUNT.into()),
            instance: None,
            public_ip: self.addresses.get(gateway.allocation.as_ref()?.as_str()).map(|address| address.ip.clone()),
            tags: BTreeMap::new(),
        })
    }

    /// One in each subnet, each with a public address unless it is internal.
    fn of_balancer<'a>(&'a self, balancer: &'a Balancer) -> impl Iterator<Item = Interface> + 'a {
        let last = balancer.arn.rsplit('/').next().unwrap_or_default();
        let short = if balancer.kind == LoadBalancerKind::Network { "net" } else { "app" };
        let has_addresses = balancer.scheme == Scheme::InternetFacing;
        balancer.subnets.iter().enumerate().filter_map(move |(at, subnet)| {
            Some(Interface {
                id: format!("eni-of-lb{last}-{at}").into(),
                vpc: self.vpc_of(subnet)?,
                subnet: subnet.clone(),
                groups: balancer.groups.clone(),
                kind: "interface".into(),
                description: format!("ELB {short}/{}/{last}", balancer.name),
                requester: Some("amazon-elb".into()),
                instance: None,
                public_ip: has_addresses.then(|| format!("203.0.113.{at}")),
                tags: BTreeMap::new(),
            })
        })
    }

    /// One for each task, spread over the subnets. ECS tags them in some accounts only.
    fn of_service<'a>(&'a self, service: &'a EcsService) -> impl Iterator<Item = Interface> + 'a {
        let tag = ("aws:ecs:serviceName".to_owned(), service.name.clone());
        let tags: BTreeMap<String, String> =
            Some(tag).filter(|_| service.began.is_multiple_of(2)).into_iter().collect();
        let subnets = service.network.subnets.iter().cycle().take(service.running as usize);
        subnets.enumerate().filter_map(move |(at, subnet)| {
            Some(Interface {
                id: format!("eni-of-{}-{at}", service.name).into(),
                vpc: self.vpc_of(subnet)?,
                subnet: subnet.clone(),
                groups: service.network.groups.clone(),
                kind: "interface".into(),
                description: format!("arn:aws:ecs:us-east-1:{ACCOUNT}:attachment/{}-{at}", service.name),
                requester: Some("578734482556".into()),
                instance: None,
                public_ip: None,
                tags: tags.clone(),
            })
        })
    }

    fn vpc_of(&self, subnet: &SubnetId) -> Option<VpcId> {
        self.subnets.get(subnet.as_str()).map(|subnet| subnet.vpc.clone())
    }

    /// Leaves the interfaces of a load balancer behind that is being deleted.
    pub(crate) fn leave_behind(&mut self, balancer: &Balancer) {
        let left: Vec<Interface> = self.of_balancer(balancer).collect();
        for interface in left {
            let until = self.after(self.rules.lingering);
            self.lingering.push((until, interface));
        }
    }

    /// Tasks of a service that has drained leave their interfaces behind; what was left behind before goes.
    pub(crate) fn leave(&mut self) {
        let now = self.now;
        let drained = self.services.there().filter(|service| service.draining.is_some_and(|until| until <= now));
        let left: Vec<Interface> = drained.flat_map(|service| self.of_service(service)).collect();
        for interface in left {
            let until = self.after(self.rules.lingering);
            self.lingering.push((until, interface));
        }
        self.lingering.retain(|(until, _)| *until > now);
    }

    /// The autoscaler puts back what is fewer than its least.
    pub(crate) fn scale(&mut self) {
        let scalings = self.scalings.clone();
        for service in self.services.there_mut().filter(|service| service.draining.is_none()) {
            let least = scalings.get(&service.name).map_or(0, |scaling| scaling.least);
            service.desired = service.desired.max(least);
        }
    }
}
