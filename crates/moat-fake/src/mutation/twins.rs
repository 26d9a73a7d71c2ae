//! Every resource twice: with the same tags, as a create call whose answer was lost leaves them, or as people copy them.

use super::{Nature, Walk, Ways, is_ours};
use crate::shelf::{HasId, Kept, Parts, Shelf, Tags};
use crate::state::{
    Balancer, Cluster, EcsService, Endpoint, Group, InterfaceEndpoint, Listener, State, Table, TargetGroup, Vpc,
};
use moat::cidr::Cidr;
use moat::ids::AllocationId;
use moat::network::observed::{NatState, Target};

pub fn walk(state: &State, ways: &mut Ways) {
    vpcs(state, ways);
    for kept in state.subnets.kept() {
        twin(
            ways,
            kept,
            Nature::Riddle,
            |state| &mut state.subnets,
            |_, subnet, id| {
                subnet.id = id.into();
                subnet.cidr = Cidr::new("10.0.255.0/28").unwrap_or(subnet.cidr);
            },
        );
    }
    gateways(state, ways);
    for kept in state.tables.kept().filter(is_ours) {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.tables,
            |_, table, id| {
                (table.id, table.associations) = (id.into(), Parts::default());
            },
        );
    }
    for kept in state.endpoints.kept().filter(is_ours) {
        let other = state.tables.there().find(|table| table.is_main).map(|table| table.id.clone());
        let change = move |_: &mut State, endpoint: &mut Endpoint, id: &str| {
            (endpoint.id, endpoint.tables) = (id.into(), Parts::of(other.clone().into_iter().collect()));
        };
        twin(ways, kept, Nature::Riddle, |state| &mut state.endpoints, change);
        let change = |_: &mut State, it: &mut Endpoint, id: &str| (it.id, it.tables) = (id.into(), Parts::default());
        twin(ways, kept, Nature::Twin, |state| &mut state.endpoints, change);
    }
    for kept in state.interface_endpoints.kept().filter(is_ours) {
        // AWS lets a name lead to one endpoint of a VPC only.
        let change = |_: &mut State, it: &mut InterfaceEndpoint, id: &str| (it.id, it.private_dns) = (id.into(), false);
        twin(ways, kept, Nature::Twin, |state| &mut state.interface_endpoints, change);
    }
    doors(state, ways);
    copies(state, ways);
}

/// With its main table and its default group, as AWS makes one.
fn vpcs(state: &State, ways: &mut Ways) {
    for kept in state.vpcs.kept() {
        let change = |state: &mut State, vpc: &mut Vpc, id: &str| {
            vpc.id = id.into();
            let main = Table {
                id: state.id("rtb").into(),
                vpc: id.into(),
                is_main: true,
                associations: Parts::default(),
                routes: Parts::of(vec![(vpc.cidr.to_string(), Target::Local)]),
            };
            let group = state.id("sg").into();
            let group = Group { id: group, name: "default".into(), vpc: id.into(), rules: Parts::default() };
            let now = state.now;
            state.tables.put(main, Tags::default(), now, now);
            state.groups.put(group, Tags::default(), now, now);
        };
        twin(ways, kept, Nature::Twin, |state| &mut state.vpcs, change);
    }
}

fn gateways(state: &State, ways: &mut Ways) {
    for kept in state.internet_gateways.kept() {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.internet_gateways,
            |_, gateway, id| {
                (gateway.id, gateway.vpc) = (id.into(), None);
            },
        );
    }
    for kept in state.egress_only_gateways.kept() {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.egress_only_gateways,
            |_, gateway, id| gateway.id = id.into(),
        );
    }
    for kept in state.addresses.kept() {
        twin(ways, kept, Nature::Twin, |state| &mut state.addresses, |_, address, id| address.id = id.into());
    }
    for kept in state.nat_gateways.kept() {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.nat_gateways,
            |state, gateway, id| {
                gateway.id = id.into();
                let vpc = gateway.vpc.0.clone();
                gateway.table = gateway.table.as_ref().map(|_| crate::network::gateway::own_table(state, &vpc));
                gateway.allocation = gateway.allocation.as_ref().map(|_| AllocationId::from("eipalloc-theirs"));
                (gateway.state, gateway.next) = (NatState::Available, None);
            },
        );
    }
}

fn doors(state: &State, ways: &mut Ways) {
    for kept in state.groups.kept().filter(is_ours) {
        twin(
            ways,
            kept,
            Nature::Riddle,
            |state| &mut state.groups,
            |_, group, id| {
                (group.id, group.name) = (id.into(), COPY.into());
            },
        );
    }
    for kept in state.listeners.kept() {
        let (thing, tags) = (kept.thing.clone(), kept.tags.clone());
        Walk::of(ways, &kept.tags).add(Nature::Field, "there twice", move |state| {
            // It listens at a load balancer that is there, which may have been made again since.
            let Some(balancer) = state.balancers.there().next().map(|it| it.arn.clone()) else { return };
            let arn = format!("{}-twin", thing.arn);
            let (listener, now) = (Listener { arn, balancer, port: 8443, ..thing.clone() }, state.now);
            state.listeners.put(listener, tags.clone(), now, now);
        });
    }
}

/// What is found by its name: a copy under another name is seen by nobody.
fn copies(state: &State, ways: &mut Ways) {
    for kept in state.balancers.kept() {
        let change = |_: &mut State, it: &mut Balancer, id: &str| (it.arn, it.name) = (id.to_owned(), COPY.into());
        twin(ways, kept, Nature::Stray, |state| &mut state.balancers, change);
    }
    for kept in state.targets.kept() {
        let change = |_: &mut State, it: &mut TargetGroup, id: &str| (it.arn, it.name) = (id.to_owned(), COPY.into());
        twin(ways, kept, Nature::Stray, |state| &mut state.targets, change);
    }
    for kept in state.clusters.kept() {
        let change = |_: &mut State, it: &mut Cluster, id: &str| (it.arn, it.name) = (id.to_owned(), COPY.into());
        twin(ways, kept, Nature::Stray, |state| &mut state.clusters, change);
    }
    for kept in state.log_groups.kept() {
        twin(ways, kept, Nature::Stray, |state| &mut state.log_groups, |_, it, id| it.name = id.to_owned());
    }
    for kept in state.services.kept() {
        let change = |_: &mut State, it: &mut EcsService, id: &str| (it.arn, it.name) = (id.to_owned(), COPY.into());
        twin(ways, kept, Nature::Stray, |state| &mut state.services, change);
    }
}

const COPY: &str = "a copy";

fn twin<T: HasId + Clone + 'static>(
    ways: &mut Ways,
    kept: &Kept<T>,
    nature: Nature,
    shelf: impl Fn(&mut State) -> &mut Shelf<T> + 'static,
    change: impl Fn(&mut State, &mut T, &str) + 'static,
) {
    let (thing, tags) = (kept.thing.clone(), kept.tags.clone());
    let what = if nature == Nature::Riddle { "there twice, and in use" } else { "there twice" };
    Walk::of(ways, &kept.tags).add(nature, what, move |state| {
        let id = format!("{}-twin", thing.id());
        let mut copy = thing.clone();
        change(state, &mut copy, &id);
        let now = state.now;
        shelf(state).put(copy, tags.clone(), now, now);
    });
}
