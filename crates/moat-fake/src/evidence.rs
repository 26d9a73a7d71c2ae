//! The account as the proof sees it: what is really there, whether or not a describe shows it by now.

use crate::execution::Asked;
use crate::state::{Balancer, Group, State, Table};
use crate::world::World;
use moat::ids::{SubnetId, VpcEndpointId, VpcId};
use moat::ingress::desired::Group as Named;
use moat::network::observed as network;
use moat::plan::Bindings;
use moat::proof::facts::{
    Acl, Destination, Endpoint, EndpointKind, EndpointState, Entry, Evidence, Interface, InternetGateway, Listener,
    LoadBalancer, NatGateway, NatPlace, PrefixList, Route, RouteTable, Subnet, Target, TargetGroup, Vpc,
};
use moat::proof::planned::Tasks;
use moat::proof::ranges::Range;
use moat::proof::{Proofs, names, policies, prove};
use moat::rule::Direction;
use moat::tags::{self, Owner};
use std::collections::BTreeSet;

/// The prefix list of S3, and a part of what is in it.
const S3_LIST: &str = "pl-63a5400a";
const S3_RANGES: [&str; 2] = ["3.5.0.0/19", "52.216.0.0/15"];

impl World {
    /// What there is to prove of this service and its network; `None` where there is no VPC of it.
    ///
    /// Before ECS has the service, its tasks are where moat would run them.
    pub fn evidence(&self, asked: &Asked) -> Option<Evidence> {
        self.read(|state| state.evidence(asked))
    }

    /// Both theorems, on what is really there; `None` where there is no VPC.
    pub fn proofs(&self, asked: &Asked) -> Option<Proofs> {
        self.evidence(asked).map(|evidence| prove(&evidence))
    }
}

impl State {
    pub(crate) fn evidence(&self, asked: &Asked) -> Option<Evidence> {
        let vpc = self.vpc_to_prove(asked)?;
        let around = self.surroundings(&vpc)?;
        let mut evidence = around.of_tasks(self.tasks(asked, &vpc));
        self.add_door(&mut evidence);
        let (name, groups) = (asked.service(&Bindings::default()).aws_name(), &evidence.service.groups);
        let is_one = |interface: &moat::teardown::Interface| {
            interface.vpc == vpc
                && interface.groups.iter().any(|group| groups.contains(group))
                && interface.may_be_of(&name)
        };
        let interfaces = self.network_interfaces().into_iter().filter(is_one).map(|interface| Interface {
            id: interface.id,
            subnet: interface.subnet,
            groups: interface.groups.into_iter().collect(),
            public_ip: interface.public_ip,
        });
        evidence.interfaces = interfaces.collect();
        Some(evidence)
    }

    /// The VPC of the service's tasks, or else that of the network which has most subnets: an unused twin has none.
    fn vpc_to_prove(&self, asked: &Asked) -> Option<VpcId> {
        let name = asked.service(&Bindings::default()).aws_name();
        let service = self.services.there().find(|service| service.name == name && service.draining.is_none());
        let of_tasks = service.and_then(|service| service.network.subnets.iter().next());
        let of_tasks = of_tasks.and_then(|subnet| Some(self.subnets.get(subnet.as_str())?.vpc.clone()));
        let owner = Owner::Network(asked.network.name.clone());
        let ours = self.vpcs.kept().filter(|kept| owner.owns(&kept.tags)).map(|kept| kept.thing.id.clone());
        let size = |vpc: &VpcId| self.subnets.there().filter(|subnet| subnet.vpc == *vpc).count();
        of_tasks.or_else(|| ours.max_by_key(size))
    }

    /// A VPC with everything that decides where packets in it go, and no tasks.
    fn surroundings(&self, id: &VpcId) -> Option<Evidence> {
        let vpc = self.vpcs.get(id.as_str())?;
        let subnets: Vec<Subnet> = self.subnets.there().filter(|subnet| subnet.vpc == *id).map(subnet).collect();
        let gateways = self.nat_gateways.there().filter(|gateway| gateway.vpc == *id);
        Some(Evidence {
            region: self.region.clone(),
            vpc: Vpc {
                id: id.clone(),
                ranges: ranges(vpc),
                dns_support: vpc.dns_support,
                dns_hostnames: vpc.dns_hostnames,
                other_resolvers: Vec::new(),
            },
            // The fake knows no ACLs but the one that AWS gives a new VPC.
            acls: vec![open_acl(subnets.iter().map(|subnet| subnet.id.clone()).collect())],
            subnets,
            tables: self.tables.there().filter(|table| table.vpc == *id).map(|table| self.shown(table)).collect(),
            internet_gateways: self
                .internet_gateways
                .there()
                .map(|gateway| InternetGateway {
                    id: gateway.id.clone(),
                    is_attached: gateway.vpc.as_ref() == Some(id),
                })
                .collect(),
            nat_gateways: gateways
                .map(|gateway| NatGateway {
                    id: gateway.id.clone(),
                    state: gateway.state.clone(),
                    is_public: true,
                    place: match (&gateway.subnet, &gateway.table) {
                        (Some(subnet), _) => NatPlace::Subnet(subnet.clone()),
                        (None, table) => NatPlace::Regional(table.clone().unwrap_or_else(|| "no table".into())),
                    },
                })
                .collect(),
            endpoints: self.endpoints_in(id),
            groups: self.groups.there().filter(|group| group.vpc == *id).map(group).collect(),
            prefix_lists: vec![PrefixList {
                id: S3_LIST.into(),
                name: format!("com.amazonaws.{}.s3", self.region),
                ranges: S3_RANGES.into_iter().filter_map(range).collect(),
            }],
            load_balancers: Vec::new(),
            target_groups: Vec::new(),
            service: Tasks::planned(None, &self.region, &Bindings::default()).placement,
            interfaces: Vec::new(),
            needs: Vec::new(),
            role: moat::proof::facts::Role::default(),
        })
    }

    fn endpoints_in(&self, vpc: &VpcId) -> Vec<Endpoint> {
        let inside = self.endpoints.there().filter(|endpoint| endpoint.vpc == *vpc);
        let shown = inside.map(|endpoint| Endpoint {
            id: endpoint.id.clone(),
            service: format!("com.amazonaws.{}.s3", self.region),
            state: EndpointState::Available,
            kind: EndpointKind::Gateway { tables: endpoint.tables.there().cloned().collect() },
            policy: policies::read(Some(&endpoint.policy)),
        });
        let inside = self.interface_endpoints.there().filter(|endpoint| endpoint.vpc == *vpc);
        let interfaces = inside.map(|endpoint| Endpoint {
            id: endpoint.id.clone(),
            service: format!("com.amazonaws.{}.{}", self.region, endpoint.service),
            state: match &endpoint.state {
                network::EndpointState::Available => EndpointState::Available,
                network::EndpointState::Pending => EndpointState::Pending,
                other => EndpointState::Other(other.to_string()),
            },
            kind: EndpointKind::Interface {
                subnets: endpoint.subnets.iter().cloned().collect(),
                groups: endpoint.groups.iter().cloned().collect(),
                private_dns: endpoint.private_dns,
            },
            policy: policies::read(Some(&endpoint.policy)),
        });
        shown.chain(interfaces).collect()
    }

    /// A table with its own routes and those that gateway endpoints put there.
    fn shown(&self, table: &Table) -> RouteTable {
        let vpc = self.vpcs.get(table.vpc.as_str());
        let local = vpc.into_iter().flat_map(ranges).map(|range| (Destination::Range(range), Target::Local));
        let own = table.routes.there().filter_map(|(destination, target)| {
            Some((self.destination(destination)?, self.target(target), self.is_active(target)))
        });
        let leads = |endpoint: &&crate::state::Endpoint| endpoint.tables.there().any(|id| *id == table.id);
        let endpoints = self.endpoints.there().filter(leads);
        let endpoints = endpoints
            .map(|endpoint| (Destination::List(S3_LIST.into()), Target::GatewayEndpoint(endpoint.id.clone()), true));
        let mut routes: Vec<Route> = Vec::new();
        let local = local.map(|(destination, target)| (destination, target, true));
        for (destination, target, is_active) in local.into_iter().chain(own).chain(endpoints) {
            let route = Route { destination, target, is_active, is_propagated: false };
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
        RouteTable {
            id: table.id.clone(),
            is_main: table.is_main,
            subnets: table.associations.there().map(|(_, subnet)| subnet.clone()).collect(),
            routes,
        }
    }

    fn destination(&self, text: &str) -> Option<Destination> {
        match text.strip_prefix("pl-") {
            Some(_) => Some(Destination::List(text.into())),
            None => range(text).map(Destination::Range),
        }
    }

    fn target(&self, target: &network::Target) -> Target {
        let gateways: Vec<VpcEndpointId> = self.endpoints.there().map(|endpoint| endpoint.id.clone()).collect();
        Target::of_id(&target.to_string(), &gateways)
    }

    /// As ECS runs them, or as moat would.
    fn tasks(&self, asked: &Asked, vpc: &VpcId) -> Tasks {
        let name = asked.service(&Bindings::default()).aws_name();
        let mut tasks = Tasks::planned(Some(&asked.service), &self.region, &self.bound(asked, vpc));
        if let Some(service) = self.services.there().find(|service| service.name == name && service.draining.is_none())
        {
            let placement = &mut tasks.placement;
            placement.subnets = service.network.subnets.iter().cloned().collect();
            placement.groups = service.network.groups.iter().cloned().collect();
            placement.assigns_public_ip = service.network.assigns_public_ip;
            placement.target_groups = service.target_group.iter().map(|arn| arn.as_str().into()).collect();
            if let Some(revision) = self.revisions.ever().find(|revision| revision.arn == service.revision) {
                tasks.needs = names::of_image_text(&revision.definition.image, &self.region);
                tasks.needs.extend(names::of_spec(&asked.service, &self.region));
                tasks.needs.sort();
                tasks.needs.dedup();
            }
        }
        tasks
    }

    fn bound(&self, asked: &Asked, vpc: &VpcId) -> Bindings {
        let (network, service) =
            (Owner::Network(asked.network.name.clone()), Owner::Service(asked.service.name.clone()));
        let subnets = self.subnets.kept().filter(|kept| network.owns(&kept.tags) && kept.thing.vpc == *vpc);
        let subnets = subnets.map(|kept| (kept.thing.resource.clone(), kept.thing.id.0.clone()));
        let is_of_tasks = |tags: &crate::shelf::Tags| {
            tags.get(tags::RESOURCE).is_some_and(|name| name == Named::Tasks.logical().as_str())
        };
        let groups = self.groups.kept().filter(|kept| service.owns(&kept.tags) && is_of_tasks(&kept.tags));
        let groups = groups.map(|kept| (Named::Tasks.logical(), kept.thing.id.0.clone()));
        subnets.chain(groups).collect()
    }

    /// The load balancers that forward to the service, and what they forward to.
    fn add_door(&self, evidence: &mut Evidence) {
        let ours = &evidence.service.target_groups;
        let listens = |balancer: &&Balancer| {
            self.listeners.there().any(|listener| {
                listener.balancer == balancer.arn && ours.iter().any(|group| listener.leads_to(group.as_str()))
            })
        };
        evidence.load_balancers = self.balancers.there().filter(listens).map(|balancer| self.door(balancer)).collect();
        evidence.target_groups = ours
            .iter()
            .map(|arn| TargetGroup { arn: arn.clone(), health_check_port: None, keeps_client_addresses: false })
            .collect();
    }

    fn door(&self, balancer: &Balancer) -> LoadBalancer {
        let targets = |listener: &crate::state::Listener| {
            let by_rule = listener.rules.iter().filter_map(|rule| rule.forwards_to.clone());
            listener.forwards_to.iter().map(|arn| arn.as_str().into()).chain(by_rule).collect()
        };
        let listeners = self.listeners.there().filter(|listener| listener.balancer == balancer.arn);
        LoadBalancer {
            arn: balancer.arn.as_str().into(),
            name: balancer.name.clone(),
            is_internet_facing: true,
            subnets: balancer.subnets.iter().cloned().collect(),
            groups: balancer.groups.iter().cloned().collect(),
            listeners: listeners
                .map(|listener| Listener {
                    port: listener.port,
                    protocol: listener.protocol.clone(),
                    target_groups: targets(listener),
                })
                .collect(),
        }
    }
}

fn subnet(found: &network::Subnet) -> Subnet {
    let name = found.resource.as_str();
    Subnet {
        id: found.id.clone(),
        name: name.strip_prefix("subnet ").unwrap_or(name).to_owned(),
        zone: found.zone.clone(),
        ranges: range(&found.cidr.to_string())
            .into_iter()
            .chain(found.ipv6.iter().filter_map(|one| range(&one.range.to_string())))
            .collect(),
        gives_public_ips: found.gives_public_ips,
    }
}

fn group(found: &Group) -> moat::proof::facts::Group {
    let rules: BTreeSet<_> = found.rules.there().cloned().collect();
    moat::proof::facts::Group { id: found.id.clone(), rules: rules.into_iter().collect() }
}

fn range(text: &str) -> Option<Range> {
    Range::new(text).ok()
}

fn ranges(vpc: &crate::state::Vpc) -> Vec<Range> {
    let ipv6 = vpc.ipv6.iter().map(|block| block.range.to_string());
    std::iter::once(vpc.cidr.to_string()).chain(ipv6).filter_map(|text| range(&text)).collect()
}

/// What AWS gives a new VPC: everything both ways, also by IPv6 once it has that ("Default network ACL", VPC guide).
fn open_acl(subnets: Vec<SubnetId>) -> Acl {
    let ways = [(100, "0.0.0.0/0"), (101, "::/0")];
    let ways =
        ways.into_iter().flat_map(|way| [Direction::Ingress, Direction::Egress].map(|direction| (way, direction)));
    let entries = ways.filter_map(|((number, anywhere), direction)| {
        let range = range(anywhere)?;
        Some(Entry { number, direction, allows: true, protocol: "-1".into(), range, ports: None })
    });
    Acl { id: "acl-default".into(), subnets, entries: entries.collect() }
}
