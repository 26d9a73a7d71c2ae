//! Every resource twice: with the same tags, as a create call whose answer was lost leaves them, or as people copy them.

use super::{Nature, Walk, Ways, is_ours};
use crate::shelf::{HasId, Kept, Parts, Shelf, Tags};
use crate::state::{Group, State, Table};
use moat::cidr::Cidr;
use moat::ids::AllocationId;
use moat::network::observed::{NatState, Target};

pub fn walk(state: &State, ways: &mut Ways) {
    for kept in state.vpcs.kept() {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.vpcs,
            |state, vpc, id| {
                vpc.id = id.into();
                let main = Table {
                    id: state.id("rtb").into(),
                    vpc: id.into(),
                    is_main: true,
                    associations: Parts::default(),
                    routes: Parts::of(vec![(vpc.cidr.to_string(), Target::Local)]),
                };
                let group = Group {
                    id: state.id("sg").into(),
                    name: "default".into(),
                    vpc: id.into(),
                    rules: Parts::default(),
                };
                let now = state.now;
                state.tables.put(main, Tags::default(), now, now);
                state.groups.put(group, Tags::default(), now, now);
            },
        );
    }
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
                table.id = id.into();
                table.associations = Parts::default();
            },
        );
    }
    for kept in state.endpoints.kept() {
        let other = state.tables.there().find(|table| table.is_main).map(|table| table.id.clone());
        twin(
            ways,
            kept,
            Nature::Riddle,
            |state| &mut state.endpoints,
            move |_, endpoint, id| {
                endpoint.id = id.into();
                endpoint.tables = Parts::of(other.clone().into_iter().collect());
            },
        );
    }
    door(state, ways);
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
    for kept in state.addresses.kept() {
        twin(ways, kept, Nature::Twin, |state| &mut state.addresses, |_, address, id| address.id = id.into());
    }
    for kept in state.nat_gateways.kept() {
        twin(
            ways,
            kept,
            Nature::Twin,
            |state| &mut state.nat_gateways,
            |_, gateway, id| {
                gateway.id = id.into();
                gateway.allocation = AllocationId::from("eipalloc-theirs");
                (gateway.state, gateway.next) = (NatState::Available, None);
            },
        );
    }
}

fn door(state: &State, ways: &mut Ways) {
    for kept in state.groups.kept().filter(is_ours) {
        twin(
            ways,
            kept,
            Nature::Riddle,
            |state| &mut state.groups,
            |_, group, id| {
                (group.id, group.name) = (id.into(), "a copy".into());
            },
        );
    }
    for kept in state.listeners.kept() {
        twin(
            ways,
            kept,
            Nature::Field,
            |state| &mut state.listeners,
            |_, listener, id| {
                (listener.arn, listener.port) = (id.to_owned(), 8443);
            },
        );
    }
    for kept in state.balancers.kept() {
        twin(
            ways,
            kept,
            Nature::Stray,
            |state| &mut state.balancers,
            |_, it, id| {
                (it.arn, it.name) = (id.to_owned(), "a copy".into());
            },
        );
    }
    for kept in state.targets.kept() {
        twin(
            ways,
            kept,
            Nature::Stray,
            |state| &mut state.targets,
            |_, it, id| {
                (it.arn, it.name) = (id.to_owned(), "a copy".into());
            },
        );
    }
    for kept in state.clusters.kept() {
        twin(
            ways,
            kept,
            Nature::Stray,
            |state| &mut state.clusters,
            |_, it, id| {
                (it.arn, it.name) = (id.to_owned(), "a copy".into());
            },
        );
    }
    for kept in state.log_groups.kept() {
        twin(ways, kept, Nature::Stray, |state| &mut state.log_groups, |_, it, id| it.name = id.to_owned());
    }
    for kept in state.services.kept() {
        twin(
            ways,
            kept,
            Nature::Stray,
            |state| &mut state.services,
            |_, it, id| {
                (it.arn, it.name) = (id.to_owned(), "a copy".into());
            },
        );
    }
}

fn twin<T: HasId + Clone + 'static>(
    ways: &mut Ways,
    kept: &Kept<T>,
    nature: Nature,
    shelf: impl Fn(&mut State) -> &mut Shelf<T> + 'static,
    change: impl Fn(&mut State, &mut T, &str) + 'static,
) {
    let (thing, tags) = (kept.thing.clone(), kept.tags.clone());
    Walk::of(ways, &kept.tags).add(nature, "there twice", move |state| {
        let id = format!("{}-twin", thing.id());
        let mut copy = thing.clone();
        change(state, &mut copy, &id);
        let now = state.now;
        shelf(state).put(copy, tags.clone(), now, now);
    });
}
