//! The evidence by its ids, and the parts of it that are in force for a subnet.

use super::facts::{
    Acl, Destination, Endpoint, Evidence, Group, InternetGateway, NatGateway, Need, PrefixList, Route, RouteTable,
    Subnet, Target, What,
};
use super::filters::{self, Ports};
use super::ranges::{Range, Ranges};
use crate::ids::{
    InternetGatewayId, NatGatewayId, NetworkAclId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId,
};
use crate::rule::Direction;
use std::cell::RefCell;
use std::collections::BTreeMap;

type Shut = (NetworkAclId, Direction, Ranges, Ports);

pub struct Lookup<'a> {
    pub evidence: &'a Evidence,
    subnets: BTreeMap<&'a SubnetId, &'a Subnet>,
    tables: BTreeMap<&'a RouteTableId, &'a RouteTable>,
    tables_of: BTreeMap<&'a SubnetId, &'a RouteTable>,
    acls_of: BTreeMap<&'a SubnetId, &'a Acl>,
    groups: BTreeMap<&'a SecurityGroupId, &'a Group>,
    lists: BTreeMap<&'a PrefixListId, &'a PrefixList>,
    nat_gateways: BTreeMap<&'a NatGatewayId, &'a NatGateway>,
    endpoints: BTreeMap<&'a VpcEndpointId, &'a Endpoint>,
    /// The Internet but this VPC's own addresses and those of services with gateway endpoints; IPv4.
    public: Ranges,
    /// Answers of the ACLs. Subnets share ACLs, and needs share addresses.
    shut: RefCell<BTreeMap<Shut, Ranges>>,
}

/// The addresses that one route takes, of those that were asked for.
pub struct Piece<'a> {
    pub addresses: Ranges,
    /// `None` where no route matches.
    pub route: Option<&'a Route>,
}

impl<'a> Lookup<'a> {
    pub fn of(evidence: &'a Evidence) -> Self {
        let main = evidence.tables.iter().find(|table| table.is_main);
        let mut tables_of: BTreeMap<_, _> =
            evidence.subnets.iter().filter_map(|subnet| Some((&subnet.id, main?))).collect();
        tables_of.extend(evidence.tables.iter().flat_map(|table| table.subnets.iter().map(move |id| (id, table))));
        let gateway_services = evidence.prefix_lists.iter().filter(|list| list.is_of_gateway_service());
        let not_public: Ranges =
            gateway_services.flat_map(|list| &list.ranges).chain(&evidence.vpc.ranges).copied().collect();
        Self {
            evidence,
            subnets: evidence.subnets.iter().map(|subnet| (&subnet.id, subnet)).collect(),
            tables: evidence.tables.iter().map(|table| (&table.id, table)).collect(),
            tables_of,
            acls_of: evidence.acls.iter().flat_map(|acl| acl.subnets.iter().map(move |id| (id, acl))).collect(),
            groups: evidence.groups.iter().map(|group| (&group.id, group)).collect(),
            lists: evidence.prefix_lists.iter().map(|list| (&list.id, list)).collect(),
            nat_gateways: evidence.nat_gateways.iter().map(|gateway| (&gateway.id, gateway)).collect(),
            endpoints: evidence.endpoints.iter().map(|endpoint| (&endpoint.id, endpoint)).collect(),
            public: Ranges::public_ipv4().minus(&not_public),
            shut: RefCell::default(),
        }
    }

    pub fn subnet(&self, id: &SubnetId) -> Option<&'a Subnet> {
        self.subnets.get(id).copied()
    }

    /// The subnet's name, or its id where it has none.
    pub fn called<'b>(&'b self, id: &'b SubnetId) -> &'b str {
        self.subnet(id).map_or(id.as_str(), |subnet| &subnet.name)
    }

    pub fn table(&self, id: &RouteTableId) -> Option<&'a RouteTable> {
        self.tables.get(id).copied()
    }

    /// The table in force: the one associated, or else the main one.
    pub fn table_of(&self, subnet: &SubnetId) -> Option<&'a RouteTable> {
        self.tables_of.get(subnet).copied()
    }

    pub fn acl_of(&self, subnet: &SubnetId) -> Option<&'a Acl> {
        self.acls_of.get(subnet).copied()
    }

    pub fn group(&self, id: &SecurityGroupId) -> Option<&'a Group> {
        self.groups.get(id).copied()
    }

    pub fn list(&self, id: &PrefixListId) -> Option<&'a PrefixList> {
        self.lists.get(id).copied()
    }

    pub fn nat_gateway(&self, id: &NatGatewayId) -> Option<&'a NatGateway> {
        self.nat_gateways.get(id).copied()
    }

    pub fn endpoint(&self, id: &VpcEndpointId) -> Option<&'a Endpoint> {
        self.endpoints.get(id).copied()
    }

    pub fn internet_gateway(&self, id: &InternetGatewayId) -> Option<&'a InternetGateway> {
        self.evidence.internet_gateways.iter().find(|gateway| gateway.id == *id)
    }

    /// The IPv4 addresses that something in the subnet may have.
    pub fn ipv4(&self, subnet: &Subnet) -> Ranges {
        subnet.ranges.iter().copied().collect::<Ranges>().ipv4()
    }

    pub const fn public(&self) -> &Ranges {
        &self.public
    }

    /// The addresses of what is needed, and whether they are all of them: AWS publishes those of S3 as a prefix list,
    /// and those of other services may be any public ones. An empty list says nothing.
    pub fn addresses(&self, need: &Need) -> (Ranges, bool) {
        if need.what == What::Layers {
            let name = need.endpoint_service();
            let list = self
                .evidence
                .prefix_lists
                .iter()
                .find(|list| Some(&list.name) == name.as_ref() && !list.ranges.is_empty());
            if let Some(list) = list {
                return (list.ranges.iter().copied().collect::<Ranges>().ipv4(), true);
            }
        }
        (self.public.clone(), need.what == What::Internet)
    }

    /// Which route takes which of these addresses.
    ///
    /// The longest prefix wins; among equals a static route, then a prefix list, then what was propagated ("Route
    /// priority", VPC guide).
    pub fn pieces(&self, table: &'a RouteTable, to: &Ranges) -> Vec<Piece<'a>> {
        let mut ranges: Vec<(u8, u8, Range, usize)> = Vec::new();
        for (at, route) in table.routes.iter().enumerate() {
            let mut add = |rank, range: Range| ranges.push((u8::MAX - range.prefix(), rank, range, at));
            match &route.destination {
                Destination::Range(range) if route.target == Target::Local => add(0, *range),
                Destination::Range(range) => add(if route.is_propagated { 3 } else { 1 }, *range),
                Destination::List(list) => {
                    self.list(list).into_iter().flat_map(|list| &list.ranges).for_each(|range| add(2, *range));
                }
            }
        }
        ranges.sort_unstable();
        let mut left = to.clone();
        let mut taken: BTreeMap<usize, Ranges> = BTreeMap::new();
        for (_, _, range, at) in ranges {
            let range = Ranges::of(range);
            let hit = left.and(&range);
            if !hit.is_empty() {
                left = left.minus(&range);
                let all = taken.entry(at).or_default();
                *all = all.or(&hit);
            }
        }
        let taken = taken.into_iter().map(|(at, addresses)| Piece { addresses, route: table.routes.get(at) });
        let lost = (!left.is_empty()).then_some(Piece { addresses: left, route: None });
        taken.chain(lost).collect()
    }

    /// Prefix lists that a table names and that could not be read.
    pub fn unread_lists(&self, table: &'a RouteTable) -> impl Iterator<Item = &'a PrefixListId> {
        table.routes.iter().filter_map(|route| match &route.destination {
            Destination::List(list) if self.list(list).is_none() => Some(list),
            _ => None,
        })
    }

    /// [`filters::shut`], asked once for each question.
    pub fn shut(&self, acl: &Acl, direction: Direction, others: &Ranges, ports: Ports) -> Ranges {
        let question = (acl.id.clone(), direction, others.clone(), ports);
        let known = self.shut.borrow().get(&question).cloned();
        known.unwrap_or_else(|| {
            let answer = filters::shut(acl, direction, others, ports);
            self.shut.borrow_mut().insert(question, answer.clone());
            answer
        })
    }
}
