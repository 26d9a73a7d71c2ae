//! What other people do to the account behind moat's back.

use crate::shelf::HasId;
use crate::state::{Balancer, State};
use crate::world::World;
use moat::cidr::Cidr;
use moat::ids::SubnetId;
use moat::ingress::desired::Group;
use moat::network::observed::{NatState, Target};
use moat::rule::Rule;
use moat::spec::EndpointService;
use moat::tags;

impl World {
    /// The same account without this resource and without what AWS does not let stand without it.
    ///
    /// # Panics
    /// When the account has no such resource, or the fake does not know how to take it away.
    #[must_use]
    pub fn without(self, resource: &str) -> Self {
        self.change(|state| take_away(state, resource));
        self
    }

    /// Deletes the default route of a table.
    pub fn delete_default_route(&self, table: &str) {
        self.change(|state| {
            let (id, now) = (id_of(state, table), state.now);
            let anywhere = Cidr::ANYWHERE.to_string();
            state.tables.get_mut(&id).map(|table| table.routes.remove(|(to, _)| *to == anywhere, now));
        });
    }

    /// Leads a table to the Internet gateway, which in a private table opens it.
    pub fn lead_to_the_internet(&self, table: &str, destination: &str) {
        self.change(|state| {
            let (id, now) = (id_of(state, table), state.now);
            let gateway = state.internet_gateways.there().next().map(|gateway| gateway.id.clone());
            let target = Target::InternetGateway(gateway.unwrap_or_else(|| panic!("there is no Internet gateway")));
            state.opened = Some(now);
            let Some(table) = state.tables.get_mut(&id) else { return };
            table.routes.remove(|(to, _)| to == destination, now);
            table.routes.put((destination.to_owned(), target), now);
        });
    }

    /// Adds a rule to a group of the service, or takes it out.
    pub fn allow(&self, group: Group, rule: Rule) {
        self.change(|state| {
            let (id, now) = (id_of(state, group.logical().as_str()), state.now);
            if let Some(group) = state.groups.get_mut(&id) {
                group.rules.put(rule, now);
            }
        });
    }

    pub fn disallow(&self, group: Group, rule: &Rule) {
        self.change(|state| {
            let (id, now) = (id_of(state, group.logical().as_str()), state.now);
            state.groups.get_mut(&id).map(|group| group.rules.remove(|there| there == rule, now));
        });
    }

    /// Gives the tasks of every service public IPs.
    pub fn assign_public_ips(&self) {
        self.change(|state| state.services.there_mut().for_each(|service| service.network.assigns_public_ip = true));
    }

    /// Makes a subnet hand out public IPs.
    pub fn hand_out_public_ips(&self, subnet: &str) {
        self.change(|state| {
            let id = id_of(state, subnet);
            if let Some(subnet) = state.subnets.get_mut(&id) {
                subnet.gives_public_ips = true;
            }
        });
    }

    /// Moves a subnet to the VPC's main route table.
    pub fn move_to_the_main_table(&self, subnet: &str) {
        self.change(|state| {
            let (id, now) = (SubnetId(id_of(state, subnet)), state.now);
            let association = state.id("rtbassoc").into();
            for table in state.tables.there_mut() {
                table.associations.remove(|(_, there)| *there == id, now);
            }
            if let Some(main) = state.tables.there_mut().find(|table| table.is_main) {
                main.associations.put((association, id), now);
            }
        });
    }

    /// Changes how many tasks every service should run.
    pub fn scale(&self, tasks: u32) {
        self.change(|state| state.services.there_mut().for_each(|service| service.desired = tasks));
    }

    /// Pushes an image to ECR.
    pub fn push(&self, image: &str, digest: &str) {
        self.change(|state| state.images.insert(image.to_owned(), digest.to_owned()));
    }

    /// Lets ECR fetch what is below this prefix with the first pull.
    pub fn cache(&self, prefix: &str) {
        self.change(|state| state.cached.push(prefix.to_owned()));
    }

    /// Stops an execution.
    pub fn end(&self, execution: &str) {
        self.change(|state| state.ended.insert(execution.to_owned(), state.now));
    }

    /// From now on moat is to blame when it takes their last way out from running tasks.
    pub fn watch_ways_out(&self) {
        self.change(|state| state.is_watched = true);
    }

    /// What running tasks do not reach now.
    pub fn lost_ways(&self) -> Vec<String> {
        self.read(|state| state.lost_ways().into_iter().collect())
    }

    /// How many calls for VPC endpoints EC2 refused, since there were too many.
    pub fn throttled(&self) -> u64 {
        self.read(|state| state.endpoint_calls.refused)
    }

    /// The public addresses of the network's NAT gateways that are the account's own.
    pub fn elastic_ips(&self) -> Vec<String> {
        self.read(|state| state.addresses.there().map(|address| address.ip.clone()).collect())
    }

    /// What the Parameter Store holds.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.read(|state| state.parameters.clone().into_iter().collect())
    }

    /// The ids of all resources of this name that exist.
    pub fn ids(&self, resource: &str) -> Vec<String> {
        self.read(|state| ids_of(state, resource))
    }

    /// How many resources of this name exist.
    pub fn count(&self, resource: &str) -> usize {
        self.ids(resource).len()
    }

    /// The id of a resource.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn id(&self, resource: &str) -> String {
        self.read(|state| id_of(state, resource))
    }
}

/// The ids of everything that exists under this logical name.
pub fn ids_of(state: &State, resource: &str) -> Vec<String> {
    fn of<'a, T: HasId + Clone + 'a>(
        shelf: &'a crate::shelf::Shelf<T>,
        name: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        let is_it = move |kept: &&crate::shelf::Kept<T>| kept.tags.get(tags::RESOURCE).is_some_and(|tag| tag == name);
        shelf.kept().filter(is_it).map(|kept| kept.thing.id().to_owned())
    }
    let live = |id: &String| state.nat_gateways.get(id).is_none_or(|gateway| gateway.state.is_live());
    let answers = |id: &String| state.interface_endpoints.get(id).is_none_or(|endpoint| endpoint.state.is_live());
    of(&state.vpcs, resource)
        .chain(of(&state.subnets, resource))
        .chain(of(&state.internet_gateways, resource))
        .chain(of(&state.egress_only_gateways, resource))
        .chain(of(&state.addresses, resource))
        .chain(of(&state.nat_gateways, resource).filter(live))
        .chain(of(&state.tables, resource))
        .chain(of(&state.endpoints, resource))
        .chain(of(&state.interface_endpoints, resource).filter(answers))
        .chain(of(&state.groups, resource))
        .chain(of(&state.balancers, resource))
        .chain(of(&state.targets, resource))
        .chain(of(&state.listeners, resource))
        .chain(of(&state.clusters, resource))
        .chain(of(&state.log_groups, resource))
        .chain(of(&state.services, resource))
        .collect()
}

fn id_of(state: &State, resource: &str) -> String {
    match ids_of(state, resource).as_slice() {
        [id] => id.clone(),
        ids => panic!("{resource} should exist once, and exists as {ids:?}"),
    }
}

/// Removes a resource with everything that cannot be without it.
pub(crate) fn take_away(state: &mut State, resource: &str) {
    let now = state.now;
    if let Some(route) = resource.strip_prefix("default route of ") {
        let id = id_of(state, route);
        let anywhere = Cidr::ANYWHERE.to_string();
        state.tables.get_mut(&id).map(|table| table.routes.remove(|(to, _)| *to == anywhere, now));
        return;
    }
    if resource == "task-definition" {
        state.revisions.remove(|_| true, now);
        return;
    }
    // Absent already: something that it could not be without was taken away before.
    let Some(id) = ids_of(state, resource).first().cloned() else { return };
    let kind = resource.split(' ').next().unwrap_or_default();
    let also: Vec<String> = match kind {
        "subnet" if resource.contains("public") => {
            let letter = resource.chars().last().unwrap_or('a');
            vec![format!("nat-gateway {letter}"), "load-balancer".into()]
        }
        "subnet" => {
            let is_in = |balancer: &Balancer| balancer.subnets.iter().any(|subnet| subnet.as_str() == id);
            let door = state.balancers.there().any(is_in).then(|| "load-balancer".to_owned());
            ["service".to_owned()].into_iter().chain(door).collect()
        }
        "cluster" => vec!["service".into()],
        "internet-gateway" => {
            let gateways = ["a", "b", "c", "d"].map(|letter| format!("nat-gateway {letter}"));
            gateways.into_iter().chain(["nat-gateway regional".into(), "load-balancer".into()]).collect()
        }
        "elastic-ip" => vec![resource.replace("elastic-ip", "nat-gateway")],
        "security-group" if resource.contains("tasks") => vec!["service".into()],
        "security-group" if resource.contains("endpoints") => {
            let services = EndpointService::BASE.into_iter().chain(EndpointService::BEYOND);
            services.map(|service| format!("vpc-endpoint {service}")).collect()
        }
        "security-group" => vec!["load-balancer".into()],
        // Listeners go with their load balancer, also those that others made.
        "load-balancer" => {
            state.listeners.remove(|listener| listener.balancer == id, now);
            Vec::new()
        }
        "target-group" => {
            let listeners = ["http", "https", "tcp", "tls"].map(|protocol| format!("listener {protocol}"));
            let forwards = |name: &String| {
                let ids = ids_of(state, name);
                state.listeners.there().any(|it| ids.contains(&it.arn) && it.forwards_to.as_ref() == Some(&id))
            };
            listeners.into_iter().filter(forwards).chain(["service".into()]).collect()
        }
        _ => Vec::new(),
    };
    for other in also {
        take_away(state, &other);
    }
    remove(state, kind, &id);
}

fn remove(state: &mut State, kind: &str, id: &str) {
    let now = state.now;
    let is_it = |there: &str| there == id;
    match kind {
        "subnet" => {
            state.subnets.remove(|it| is_it(it.id()), now);
            state.tables.there_mut().for_each(|table| {
                table.associations.remove(|(_, subnet)| is_it(subnet.as_str()), now);
            });
            // AWS deletes no subnet with an endpoint in it, so the endpoints were taken out of it before.
            state.interface_endpoints.there_mut().for_each(|it| it.subnets.retain(|subnet| !is_it(subnet.as_str())));
        }
        "internet-gateway" => _ = state.internet_gateways.remove(|it| is_it(it.id()), now),
        "egress-only-internet-gateway" => _ = state.egress_only_gateways.remove(|it| is_it(it.id()), now),
        "elastic-ip" => _ = state.addresses.remove(|it| is_it(it.id()), now),
        "nat-gateway" => {
            if let Some(gateway) = state.nat_gateways.get_mut(id) {
                // Somebody deleted it a while ago: it is shown as deleted for an hour from now.
                (gateway.state, gateway.next) = (NatState::Deleted, Some((now + 3_600_000, NatState::Deleted)));
            }
        }
        "route-table" => {
            state.tables.remove(|it| is_it(it.id()), now);
            state.endpoints.there_mut().for_each(|endpoint| {
                endpoint.tables.remove(|table| is_it(table.as_str()), now);
            });
        }
        "vpc-endpoint" => {
            state.endpoints.remove(|it| is_it(it.id()), now);
            state.interface_endpoints.remove(|it| is_it(it.id()), now);
        }
        "security-group" => {
            let peers = |rule: &Rule| matches!(&rule.peer, moat::rule::Peer::Group(peer) if is_it(peer.as_str()));
            state.groups.there_mut().for_each(|group| _ = group.rules.remove(peers, now));
            state.groups.remove(|it| is_it(it.id()), now);
        }
        "load-balancer" => _ = state.balancers.remove(|it| is_it(it.id()), now),
        "target-group" => _ = state.targets.remove(|it| is_it(it.id()), now),
        "listener" => _ = state.listeners.remove(|it| is_it(it.id()), now),
        "cluster" => _ = state.clusters.remove(|it| is_it(it.id()), now),
        "log-group" => _ = state.log_groups.remove(|it| is_it(it.id()), now),
        "service" => {
            let until = state.after(state.rules.draining);
            if let Some(service) = state.services.get_mut(id) {
                (service.draining, service.running, service.completes) = (Some(until), 0, None);
            }
        }
        other => panic!("the fake does not know how to take away a {other}"),
    }
}
