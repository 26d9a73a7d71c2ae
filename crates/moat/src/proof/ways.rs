//! Follows packets from a task to public addresses, and their answers back, through routes, gateways and ACLs.
//!
//! Every check is made whatever the others found, so that two faults on one way are both told.

use super::cause::{Cause, Thing};
use super::facts::{Destination, NatGateway, NatPlace, Route, RouteTable, Subnet, Target};
use super::filters::{self, Ports};
use super::hosts::Host;
use super::lookup::{Lookup, Piece};
use super::ranges::Ranges;
use super::trail::{Exit, Trail, Way};
use crate::ids::{InternetGatewayId, NatGatewayId, SecurityGroupId};
use crate::network::observed::NatState;
use crate::rule::Direction;

/// From this task to these addresses on port 443.
pub fn to_public(lookup: &Lookup<'_>, host: &Host<'_>, to: &Ranges) -> Trail {
    let mut walk = Walk { lookup, host, trail: Trail::default() };
    walk.group_out(&[], to, to);
    walk.filter(host.subnet, Direction::Egress, to, Ports::HTTPS, None);
    walk.filter(host.subnet, Direction::Ingress, to, Ports::TASK, None);
    walk.lists(host.table, to);
    for piece in lookup.pieces(host.table, to) {
        walk.leave(piece);
    }
    walk.trail
}

pub struct Walk<'a, 'b> {
    pub lookup: &'b Lookup<'a>,
    pub host: &'b Host<'a>,
    pub trail: Trail,
}

impl<'a> Walk<'a, '_> {
    /// The tasks' groups must let 443 out to these addresses, or to these groups.
    pub fn group_out(&mut self, peers: &[SecurityGroupId], others: &Ranges, blocked: &Ranges) {
        let open = filters::open(self.lookup, self.host.groups, Direction::Egress, Ports::HTTPS.0);
        let left = others.minus(&open.ranges);
        if open.admits_one_of(peers) || left.is_empty() {
            return;
        }
        let (blocked, is_read) = (blocked.and(&left), open.unread.is_empty());
        for thing in open.unread {
            self.trail.may_stop(Cause::Unread(thing), left.clone());
        }
        if is_read {
            self.trail.stops(Cause::GroupOut(self.host.groups.to_vec()), blocked, left);
        }
    }

    /// The ACL of a subnet must let through these ports for `others`. `all`: what is cut off when it does not, where
    /// that is not the part of `others` itself.
    pub fn filter(
        &mut self,
        subnet: &Subnet,
        direction: Direction,
        others: &Ranges,
        ports: Ports,
        all: Option<&Ranges>,
    ) {
        let Some(acl) = self.lookup.acl_of(&subnet.id) else {
            let cause = Cause::Unread(Thing::AclOf(subnet.id.clone()));
            return self.trail.may_stop(cause, all.unwrap_or(others).clone());
        };
        let shut = self.lookup.shut(acl, direction, others, ports);
        if shut.is_empty() {
            return;
        }
        let blocked = all.unwrap_or(&shut).clone();
        self.trail.stops(Cause::Acl(acl.id.clone(), direction, ports), blocked, shut);
    }

    /// A prefix list that could not be read may lead any address elsewhere.
    pub fn lists(&mut self, table: &'a RouteTable, to: &Ranges) {
        for list in self.lookup.unread_lists(table) {
            self.trail.may_stop(Cause::Unread(Thing::List(list.clone())), to.clone());
        }
    }

    fn leave(&mut self, piece: Piece<'_>) {
        let (table, to) = (&self.host.table.id, piece.addresses);
        let Some(route) = piece.route else {
            return self.trail.stops(Cause::NoRoute(table.clone()), to.clone(), to);
        };
        let by = route.destination.clone();
        match &route.target {
            _ if !route.is_active => self.black_hole(self.host.table, route, to),
            Target::NatGateway(id) => self.nat(by, id, to),
            Target::GatewayEndpoint(id) => {
                self.trail.ways.push(Way::GatewayEndpoint { table: table.clone(), by, endpoint: id.clone() });
                self.trail.endpoints.push((id.clone(), to));
            }
            Target::InternetGateway(id) if self.host.has_public_ip => {
                self.trail.ways.push(Way::Direct { table: table.clone(), by, gateway: id.clone() });
                self.attached(id, &to);
            }
            Target::InternetGateway(id) => {
                self.trail.stops(Cause::NoPublicIp(table.clone(), by, id.clone()), to.clone(), to);
            }
            _ => self.unfollowed(self.host.table, route, to),
        }
    }

    fn attached(&mut self, id: &InternetGatewayId, to: &Ranges) {
        match self.lookup.internet_gateway(id) {
            Some(gateway) if gateway.is_attached => {}
            Some(_) => self.trail.stops(Cause::Detached(id.clone()), to.clone(), to.clone()),
            None => self.trail.may_stop(Cause::Unread(Thing::InternetGateway(id.clone())), to.clone()),
        }
    }

    fn nat(&mut self, by: Destination, id: &NatGatewayId, to: Ranges) {
        let Some(gateway) = self.lookup.nat_gateway(id) else {
            return self.trail.may_stop(Cause::Unread(Thing::NatGateway(id.clone())), to);
        };
        if let Some(state) = trouble(&gateway.state) {
            self.trail.stops(Cause::NatNotAvailable(id.clone(), state), to.clone(), to.clone());
        }
        if !gateway.is_public {
            self.trail.stops(Cause::NatIsPrivate(id.clone()), to.clone(), to.clone());
        }
        match &gateway.place {
            NatPlace::Subnet(subnet) => {
                let (Some(stands), Some(table)) = (self.lookup.subnet(subnet), self.lookup.table_of(subnet)) else {
                    return self.trail.may_stop(Cause::Unread(Thing::TableOf(subnet.clone())), to);
                };
                self.beside(stands, &to);
                self.beyond(by, gateway, Some(stands), table, to);
            }
            NatPlace::Regional(table) => match self.lookup.table(table) {
                Some(table) => self.beyond(by, gateway, None, table, to),
                None => self.trail.may_stop(Cause::Unread(Thing::Table(table.clone())), to),
            },
        }
    }

    /// The ACL of the gateway's subnet sees each packet twice: from the task, and to the Internet. A regional gateway
    /// stands in no subnet and so behind no ACL.
    fn beside(&mut self, stands: &Subnet, to: &Ranges) {
        let tasks = self.host.ipv4.clone();
        if stands.id != self.host.subnet.id {
            self.filter(stands, Direction::Ingress, &tasks, Ports::HTTPS, Some(to));
            self.filter(stands, Direction::Egress, &tasks, Ports::TASK, Some(to));
        }
        self.filter(stands, Direction::Egress, to, Ports::HTTPS, None);
        self.filter(stands, Direction::Ingress, to, Ports::NAT, None);
    }

    /// From the NAT gateway to the Internet, and back to the task.
    fn beyond(
        &mut self,
        by: Destination,
        nat: &NatGateway,
        stands: Option<&Subnet>,
        table: &'a RouteTable,
        to: Ranges,
    ) {
        self.lists(table, &to);
        let way = |exit| Way::Nat {
            table: self.host.table.id.clone(),
            by: by.clone(),
            gateway: nat.id.clone(),
            stands: stands.map(|subnet| subnet.id.clone()),
            exit,
        };
        let stranded = |target| {
            Cause::NatStranded(nat.id.clone(), stands.map(|subnet| subnet.id.clone()), table.id.clone(), target)
        };
        for Piece { addresses, route } in self.lookup.pieces(table, &to) {
            let Some(route) = route else {
                self.trail.stops(stranded(None), addresses.clone(), addresses);
                continue;
            };
            match &route.target {
                _ if !route.is_active => self.black_hole(table, route, addresses),
                Target::InternetGateway(id) => {
                    self.trail.ways.push(way(Exit::InternetGateway(table.id.clone(), id.clone())));
                    self.attached(id, &addresses);
                }
                Target::GatewayEndpoint(id) => {
                    self.trail.ways.push(way(Exit::GatewayEndpoint(table.id.clone(), id.clone())));
                    self.trail.endpoints.push((id.clone(), addresses));
                }
                Target::NatGateway(_) | Target::Local => {
                    self.trail.stops(stranded(Some(route.target.clone())), addresses.clone(), addresses);
                }
                _ => self.unfollowed(table, route, addresses),
            }
        }
        self.within(table, &self.host.ipv4.clone(), &to);
    }

    /// From a table of this VPC to addresses of this VPC: by the local route. `all`: what is cut off otherwise.
    pub fn within(&mut self, table: &'a RouteTable, to: &Ranges, all: &Ranges) {
        for Piece { addresses, route } in self.lookup.pieces(table, to) {
            match route {
                None => self.trail.stops(Cause::NoRoute(table.id.clone()), all.clone(), addresses),
                Some(route) if !route.is_active => self.black_hole(table, route, all.clone()),
                Some(route) if route.target == Target::Local => {}
                Some(route) => self.unfollowed(table, route, all.clone()),
            }
        }
    }

    fn black_hole(&mut self, table: &RouteTable, route: &Route, to: Ranges) {
        let cause = Cause::BlackHole(table.id.clone(), route.destination.clone(), route.target.clone());
        self.trail.stops(cause, to.clone(), to);
    }

    fn unfollowed(&mut self, table: &RouteTable, route: &Route, to: Ranges) {
        let cause = Cause::Unfollowed(table.id.clone(), route.destination.clone(), route.target.clone());
        self.trail.may_stop(cause, to);
    }
}

/// The state in words, where it is not available.
fn trouble(state: &NatState) -> Option<String> {
    Some(match state {
        NatState::Available => return None,
        NatState::Pending => "pending".into(),
        NatState::Failed(why) => format!("failed: {why}"),
        NatState::Deleting => "being deleted".into(),
        NatState::Deleted => "deleted".into(),
    })
}
