//! Which of the things that were found are the ones that count.
//!
//! Two matches where one is expected are never settled by taking the first. One that is in use wins over empty ones,
//! which are twins: left over from a create call whose answer was lost. Two in use are a refusal that names both.

use super::NetworkStageSpec;
use super::desired::{self, NatPlace, Zone};
use super::endpoints::{FoundEndpoints, Ground, desired as wanted, s3};
use super::observed::{
    Address, EgressOnlyInternetGateway, Endpoint, InternetGateway, Ipv6Range, NatGateway, NatState, Observed,
    RouteTable, Subnet, Target, Vpc,
};
use crate::cidr::{Cidr, Side};
use crate::ids::{NatGatewayId, VpcId};
use crate::name::Logical;
use crate::plan::{Bindings, Problem, Refusal};
use crate::spec::NetworkSpec;
use std::collections::BTreeSet;

/// The observation, sorted into the ones that count and their twins.
#[derive(Debug)]
pub struct Found<'a> {
    pub zones: Vec<Zone>,
    pub vpc: Option<&'a Vpc>,
    pub twin_vpcs: Vec<&'a Vpc>,
    pub internet_gateway: Option<&'a InternetGateway>,
    pub twin_internet_gateways: Vec<&'a InternetGateway>,
    /// Where the spec asks for one.
    pub egress_only_gateway: Option<&'a EgressOnlyInternetGateway>,
    /// Those that the spec has no use for, or that are one too many.
    pub spare_egress_only_gateways: Vec<&'a EgressOnlyInternetGateway>,
    pub subnets: Vec<&'a Subnet>,
    pub tables: Vec<&'a RouteTable>,
    pub twin_tables: Vec<&'a RouteTable>,
    pub addresses: Vec<&'a Address>,
    /// Addresses that the spec has no use for, or that are one too many.
    pub spare_addresses: Vec<&'a Address>,
    /// Live ones only.
    pub nat_gateways: Vec<&'a NatGateway>,
    /// Live ones that the spec has no use for, or that are one too many.
    pub spare_nat_gateways: Vec<&'a NatGateway>,
    /// The gateway endpoint of S3.
    pub endpoint: Option<&'a Endpoint>,
    pub twin_endpoints: Vec<&'a Endpoint>,
    pub endpoints: FoundEndpoints<'a>,
}

/// The one that counts, and the rest.
pub(super) type Choice<'a, T> = (Option<&'a T>, Vec<&'a T>);

impl<'a> Found<'a> {
    /// # Errors
    /// Every ambiguity at once, and zones that the region does not have.
    pub fn of(spec: &'a NetworkStageSpec, observed: &'a Observed) -> Result<Self, Refusal> {
        let mut problems = Vec::new();
        let is_used = |vpc: &Vpc| is_in_use(observed, &vpc.id);
        let id = |vpc: &Vpc| vpc.id.0.clone();
        let (vpc, twin_vpcs) = choose(&desired::vpc(), observed.vpcs.iter().collect(), id, is_used, &mut problems);
        let home = vpc.map(|vpc| &vpc.id);
        let zones =
            desired::zones(&spec.network, observed, home).map_err(|problem| problems.push(problem)).unwrap_or_default();

        let id = |gateway: &InternetGateway| gateway.id.0.clone();
        let is_used = |gateway: &InternetGateway| gateway.vpc.is_some();
        let ours =
            observed.internet_gateways.iter().filter(|gateway| gateway.vpc.is_none() || gateway.vpc.as_ref() == home);
        let (internet_gateway, twin_internet_gateways) =
            choose(&desired::internet_gateway(), ours.collect(), id, is_used, &mut problems);

        let mut found = Self {
            zones,
            vpc,
            twin_vpcs,
            internet_gateway,
            twin_internet_gateways,
            egress_only_gateway: None,
            spare_egress_only_gateways: Vec::new(),
            subnets: Vec::new(),
            tables: Vec::new(),
            twin_tables: Vec::new(),
            addresses: Vec::new(),
            spare_addresses: Vec::new(),
            nat_gateways: Vec::new(),
            spare_nat_gateways: Vec::new(),
            endpoint: None,
            twin_endpoints: Vec::new(),
            endpoints: FoundEndpoints::default(),
        };
        found.choose_egress_only_gateways(&spec.network, observed, &mut problems);
        found.choose_subnets(observed, &mut problems);
        found.choose_tables(observed, &mut problems);
        found.choose_nat_gateways(observed, &mut problems);
        found.choose_addresses(observed, &mut problems);
        let ours = observed.endpoints.iter().filter(|endpoint| Some(&endpoint.vpc) == home && endpoint.is_live);
        let is_used = |endpoint: &Endpoint| !endpoint.tables.is_empty();
        let id = |endpoint: &Endpoint| endpoint.id.0.clone();
        (found.endpoint, found.twin_endpoints) =
            choose(&desired::s3_endpoint(), ours.collect(), id, is_used, &mut problems);
        found.endpoints = FoundEndpoints::of(&found.ground(spec), observed, &mut problems);
        Refusal::unless_none(problems, found)
    }

    /// Where the endpoints go.
    pub fn ground(&self, spec: &'a NetworkStageSpec) -> Ground<'a> {
        let private = self.zones.iter().map(|zone| zone.subnet(Side::Private));
        let tables = self.zones.iter().map(Zone::private_table);
        Ground {
            network: &spec.network.name,
            egress: spec.network.egress,
            is_only_way: spec.network.egress.is_endpoints_only(),
            is_limited: true,
            needs: &spec.needs,
            vpc: self.home(),
            ranges: vec![self.vpc.map_or(spec.network.cidr, |vpc| vpc.cidr)],
            subnets: private.map(|name| (name.clone(), self.subnet(&name).map(|subnet| &subnet.id))).collect(),
            tables: tables.map(|name| (name.clone(), self.table(&name).map(|table| &table.id))).collect(),
            served: BTreeSet::new(),
        }
    }

    fn home(&self) -> Option<&'a VpcId> {
        self.vpc.map(|vpc| &vpc.id)
    }

    fn choose_egress_only_gateways(&mut self, spec: &NetworkSpec, observed: &'a Observed, problems: &mut Vec<Problem>) {
        let home = self.home();
        let ours = observed.egress_only_gateways.iter().filter(|gateway| Some(&gateway.vpc) == home);
        if !spec.has_ipv6_egress() {
            self.spare_egress_only_gateways.extend(ours);
            return;
        }
        let is_used = |gateway: &EgressOnlyInternetGateway| is_routed(observed, &Target::egress_only(&gateway.id));
        (self.egress_only_gateway, self.spare_egress_only_gateways) =
            choose(&desired::egress_only_gateway(), ours.collect(), |it| it.id.0.clone(), is_used, problems);
    }

    fn choose_subnets(&mut self, observed: &'a Observed, problems: &mut Vec<Problem>) {
        for name in self.zones.iter().flat_map(|zone| [zone.subnet(Side::Public), zone.subnet(Side::Private)]) {
            let ours = observed.subnets.iter().filter(|s| Some(&s.vpc) == self.home() && s.resource == name);
            // A subnet is always in use: AWS gives no cheap sign that it is empty, so two are a refusal.
            let (subnet, _) = choose(&name, ours.collect(), |s| s.id.0.clone(), |_| true, problems);
            self.subnets.extend(subnet);
        }
    }

    fn choose_tables(&mut self, observed: &'a Observed, problems: &mut Vec<Problem>) {
        let private = self.zones.iter().map(Zone::private_table);
        for name in std::iter::once(desired::public_table()).chain(private).collect::<Vec<_>>() {
            let is_ours = |t: &&RouteTable| Some(&t.vpc) == self.home() && t.resource.as_ref() == Some(&name);
            let ours = observed.route_tables.iter().filter(is_ours).collect();
            let is_used = |table: &RouteTable| !table.associations.is_empty();
            let (table, twins) = choose(&name, ours, |t| t.id.0.clone(), is_used, problems);
            self.tables.extend(table);
            self.twin_tables.extend(twins);
        }
    }

    fn choose_nat_gateways(&mut self, observed: &'a Observed, problems: &mut Vec<Problem>) {
        let live = |gateway: &&NatGateway| Some(&gateway.vpc) == self.home() && gateway.state.is_live();
        let mut live: Vec<&NatGateway> = observed.nat_gateways.iter().filter(live).collect();
        for place in desired::nat_places(&self.zones) {
            let name = place.gateway();
            let (ours, others) = live.into_iter().partition(|gateway| gateway.resource == name);
            let is_used = |gateway: &NatGateway| is_routed(observed, &Target::NatGateway(gateway.id.clone()));
            let (gateway, twins) = choose(&name, ours, |g| g.id.0.clone(), is_used, problems);
            self.nat_gateways.extend(gateway);
            self.spare_nat_gateways.extend(twins);
            live = others;
        }
        self.spare_nat_gateways.extend(live);
    }

    fn choose_addresses(&mut self, observed: &'a Observed, problems: &mut Vec<Problem>) {
        let mut addresses: Vec<&Address> = observed.addresses.iter().collect();
        for name in desired::nat_places(&self.zones).into_iter().filter_map(NatPlace::address) {
            let (ours, others) = addresses.into_iter().partition(|address| address.resource == name);
            let is_used = |address: &Address| !is_free(observed, address);
            let (address, twins) = choose(&name, ours, |a| a.id.0.clone(), is_used, problems);
            self.addresses.extend(address);
            self.spare_addresses.extend(twins);
            addresses = others;
        }
        self.spare_addresses.extend(addresses);
    }

    /// The IPv6 block of the VPC: the one that subnets of ours are in, or else the lowest. A second one costs nothing, and
    /// nothing tells who asked for it, so it is left alone.
    pub fn ipv6_block(&self) -> Option<&'a Ipv6Range> {
        let blocks = &self.vpc?.ipv6;
        let ranges = || self.subnets.iter().filter_map(|subnet| subnet.ipv6.as_ref());
        let is_used = |block: &&Ipv6Range| ranges().any(|range| block.range.contains(&range.range));
        blocks.iter().find(is_used).or_else(|| blocks.iter().min())
    }

    pub fn subnet(&self, name: &Logical) -> Option<&'a Subnet> {
        self.subnets.iter().find(|subnet| subnet.resource == *name).copied()
    }

    pub fn table(&self, name: &Logical) -> Option<&'a RouteTable> {
        self.tables.iter().find(|table| table.resource.as_ref() == Some(name)).copied()
    }

    pub fn address(&self, name: &Logical) -> Option<&'a Address> {
        self.addresses.iter().find(|address| address.resource == *name).copied()
    }

    pub fn nat_gateway(&self, name: &Logical) -> Option<&'a NatGateway> {
        self.nat_gateways.iter().find(|gateway| gateway.resource == *name).copied()
    }

    /// The NAT gateway that died in this place last, if one did: it makes the next one's client token differ.
    ///
    /// It is the youngest of the dead: the token of an older one was used by those that came after it. AWS shows a
    /// deleted gateway for about an hour; a route that still points at it remembers it for longer.
    pub fn predecessor(&self, observed: &Observed, place: NatPlace) -> Option<NatGatewayId> {
        let name = place.gateway();
        let dead = observed.nat_gateways.iter().filter(|gateway| gateway.resource == name && !gateway.state.is_live());
        let youngest = dead.min_by_key(|gateway| (gateway.age.unwrap_or(u32::MAX), &gateway.id));
        let served = self.zones.iter().filter(|zone| zone.nat == Some(place));
        let routed = served.filter_map(|zone| self.table(&zone.private_table())).flat_map(|table| &table.routes);
        let remembered = routed.filter_map(|route| match &route.target {
            Target::NatGateway(id) if !route.is_active => Some(id),
            _ => None,
        });
        youngest.map(|gateway| &gateway.id).or_else(|| remembered.max()).cloned()
    }

    /// The NAT gateway in this place that is still being deleted, and holds its address until it is.
    pub fn deleting(&self, observed: &'a Observed, place: NatPlace) -> Option<&'a NatGateway> {
        let (name, address) = (place.gateway(), place.address().and_then(|name| self.address(&name)));
        let holds = |gateway: &NatGateway| address.is_some_and(|it| gateway.allocation.as_ref() == Some(&it.id));
        let mut deleting = observed.nat_gateways.iter().filter(|gateway| gateway.state == NatState::Deleting);
        deleting.find(|gateway| gateway.resource == name || holds(gateway))
    }

    /// What steps may need: ids by logical name, and facts.
    pub fn bindings(&self, spec: &'a NetworkStageSpec, observed: &Observed) -> Bindings {
        let mut bindings = Bindings::default();
        let Some(vpc) = self.vpc else { return bindings };
        bindings.bind(desired::vpc(), vpc.id.0.clone());
        if let Some(account) = &observed.account {
            bindings.bind(desired::account(), account.clone());
        }
        for subnet in &self.subnets {
            bindings.bind(subnet.resource.clone(), subnet.id.0.clone());
        }
        for (name, table) in self.tables.iter().filter_map(|table| Some((table.resource.as_ref()?, table))) {
            bindings.bind(name.clone(), table.id.0.clone());
        }
        for address in &self.addresses {
            bindings.bind(address.resource.clone(), address.id.0.clone());
        }
        for gateway in &self.nat_gateways {
            bindings.bind(gateway.resource.clone(), gateway.id.0.clone());
            if gateway.state == NatState::Available {
                bindings.bind(gateway.resource.available(), gateway.id.0.clone());
            }
        }
        if let Some(gateway) = self.internet_gateway {
            bindings.bind(desired::internet_gateway(), gateway.id.0.clone());
            if gateway.vpc.is_some() {
                bindings.bind(desired::attachment(), gateway.id.0.clone());
            }
        }
        self.bind_ipv6(&mut bindings);
        if let Some(endpoint) = self.endpoint {
            bindings.bind(desired::s3_endpoint(), endpoint.id.0.clone());
        }
        if let Some(group) = observed.default_groups.iter().find(|group| group.vpc == vpc.id) {
            bindings.bind(desired::default_group(), group.id.0.clone());
        }
        self.bind_endpoints(spec, observed, vpc, &mut bindings);
        self.bind_idle(observed, &vpc.id, &mut bindings);
        bindings
    }

    fn bind_ipv6(&self, bindings: &mut Bindings) {
        if let Some(gateway) = self.egress_only_gateway {
            bindings.bind(desired::egress_only_gateway(), gateway.id.0.clone());
        }
        if let Some(block) = self.ipv6_block().filter(|block| block.is_associated) {
            bindings.bind(desired::ipv6_range(&desired::vpc()), block.range.to_string());
        }
        let has_range = |subnet: &&&Subnet| subnet.ipv6.as_ref().is_some_and(|range| range.is_associated);
        for subnet in self.subnets.iter().filter(has_range) {
            bindings.bind(desired::ipv6_range(&subnet.resource), subnet.id.0.clone());
        }
    }

    fn bind_endpoints(&self, spec: &'a NetworkStageSpec, observed: &Observed, vpc: &Vpc, bindings: &mut Bindings) {
        for (name, id) in self.endpoints.bindings() {
            bindings.bind(name, id);
        }
        let ground = self.ground(spec);
        if let Some(group) = self.endpoints.group_in_use()
            && wanted::rules(&ground).iter().all(|rule| group.rules.contains(rule))
        {
            bindings.bind(wanted::group().available(), group.id.0.clone());
        }
        let has_names = vpc.dns_support && vpc.dns_hostnames;
        if has_names {
            bindings.bind(wanted::names_available(), vpc.id.0.clone());
        }
        let layers = self.endpoint.is_some_and(|endpoint| self.carries_layers(&ground, observed, endpoint));
        if has_names && layers && self.endpoints.all_answer(&ground, observed) && self.endpoints.too_young().is_none() {
            bindings.bind(wanted::all_available(), vpc.id.0.clone());
        }
    }

    /// Whether image layers reach every private subnet through the endpoint of S3.
    fn carries_layers(&self, ground: &Ground<'_>, observed: &Observed, endpoint: &Endpoint) -> bool {
        let is_on =
            |zone: &Zone| self.table(&zone.private_table()).is_some_and(|table| endpoint.tables.contains(&table.id));
        let is_limited = s3::has_policy(endpoint, s3::policy(ground).as_ref(), observed);
        self.zones.iter().all(is_on) && (endpoint.is_open() || is_limited)
    }

    /// Whether every private subnet reaches out through a NAT gateway that is available.
    pub fn has_way_out(&self) -> bool {
        let anywhere = Cidr::ANYWHERE.to_string();
        let leads = |zone: &Zone| {
            let nat = zone.nat.and_then(|place| self.nat_gateway(&place.gateway()));
            let target = nat.filter(|nat| nat.state == NatState::Available);
            let target = target.map(|nat| Target::NatGateway(nat.id.clone()));
            let mut routes = self.table(&zone.private_table()).into_iter().flat_map(|table| &table.routes);
            target.is_some_and(|target| {
                routes.any(|route| route.destination == anywhere && route.target == target && route.is_active)
            })
        };
        self.zones.iter().all(leads)
    }

    /// The facts that let something be removed: nothing uses it any more, or it never worked.
    ///
    /// They are bound to the VPC's id: the thing itself will soon be gone, and the next pass must not wait to see it.
    fn bind_idle(&self, observed: &Observed, vpc: &VpcId, bindings: &mut Bindings) {
        let spare = self
            .spare_nat_gateways
            .iter()
            .filter(|gateway| !is_routed(observed, &Target::NatGateway(gateway.id.clone())));
        let failed = observed.nat_gateways.iter().filter(|gateway| matches!(gateway.state, NatState::Failed(_)));
        for id in spare.copied().chain(failed).map(|gateway| &gateway.id) {
            bindings.bind(idle(&id.0), vpc.0.clone());
        }
        let exits = self.spare_egress_only_gateways.iter().map(|gateway| &gateway.id);
        for id in exits.filter(|id| !is_routed(observed, &Target::egress_only(id))) {
            bindings.bind(idle(&id.0), vpc.0.clone());
        }
        let places = desired::nat_places(&self.zones).into_iter();
        let predecessors = places.filter(|place| self.deleting(observed, *place).is_none());
        for id in predecessors.filter_map(|place| self.predecessor(observed, place)) {
            bindings.bind(idle(&id.0), vpc.0.clone());
        }
        for id in self.endpoints.nameless() {
            bindings.bind(wanted::nameless(id), vpc.0.clone());
        }
        for id in self.endpoints.idle(self.has_way_out()) {
            bindings.bind(idle(id), vpc.0.clone());
        }
        for address in self.spare_addresses.iter().filter(|address| is_free(observed, address)) {
            bindings.bind(idle(&address.id.0), vpc.0.clone());
        }
    }
}

/// The fact that nothing uses this id any more.
pub fn idle(id: &str) -> Logical {
    Logical::idle(id)
}

/// Whether anything of ours is in the VPC. A VPC made and then lost from sight is empty.
fn is_in_use(observed: &Observed, vpc: &VpcId) -> bool {
    observed.subnets.iter().any(|subnet| subnet.vpc == *vpc)
        || observed.internet_gateways.iter().any(|gateway| gateway.vpc.as_ref() == Some(vpc))
        || observed.egress_only_gateways.iter().any(|gateway| gateway.vpc == *vpc)
        || observed.endpoints.iter().any(|endpoint| endpoint.vpc == *vpc && endpoint.is_live)
        || observed.interface_endpoints.iter().any(|endpoint| endpoint.vpc == *vpc && endpoint.state.is_live())
        || observed.nat_gateways.iter().any(|gateway| gateway.vpc == *vpc && gateway.state.is_live())
        || observed.route_tables.iter().any(|table| table.vpc == *vpc && table.resource.is_some())
}

/// Whether a route leads there.
fn is_routed(observed: &Observed, target: &Target) -> bool {
    let mut routes = observed.route_tables.iter().flat_map(|table| &table.routes);
    routes.any(|route| route.target == *target)
}

/// Whether the address can be released: no association, and no gateway that still holds it on its way in or out.
///
/// A gateway in a subnet that shows no address may hold any, unless it failed; a regional one holds none of ours.
fn is_free(observed: &Observed, address: &Address) -> bool {
    let holds = |gateway: &NatGateway| match (&gateway.allocation, &gateway.state) {
        (_, NatState::Deleted) => false,
        (Some(held), _) => *held == address.id,
        (None, NatState::Failed(_)) => false,
        (None, NatState::Pending | NatState::Available | NatState::Deleting) => gateway.subnet.is_some(),
    };
    !address.is_associated && !observed.nat_gateways.iter().any(holds)
}

/// The one in use, or the one with the lowest id when none is; more than one in use is a problem that names them.
pub(super) fn choose<'a, T>(
    name: &Logical,
    mut found: Vec<&'a T>,
    id: impl Fn(&T) -> String,
    is_used: impl Fn(&T) -> bool,
    problems: &mut Vec<Problem>,
) -> Choice<'a, T> {
    found.sort_by_key(|one| id(one));
    let used: Vec<usize> = (0..found.len()).filter(|&at| is_used(found[at])).collect();
    if used.len() > 1 {
        let ids: Vec<String> = used.iter().map(|&at| id(found[at])).collect();
        problems.push(Problem::general(format!(
            "{name} exists {} times and each is in use: {}. Remove all but one, or take the moat tags off those that are not moat's",
            ids.len(),
            ids.join(", ")
        )));
        return (None, Vec::new());
    }
    let at = used.first().copied().unwrap_or(0);
    let chosen = (at < found.len()).then(|| found.remove(at));
    (chosen, found)
}
