//! IPv6 blocks, ranges and egress-only Internet gateways, as strictly as EC2 keeps them.

use super::known;
use crate::answer::{Answer, refuse};
use crate::state::State;
use moat::ids::EgressOnlyInternetGatewayId;
use moat::ipv6::{self, Ipv6Cidr};
use moat::network::desired;
use moat::network::observed::{EgressOnlyInternetGateway, Ipv6Range, Subnet};
use moat::rule::Rule;
use moat::stage::Done;
use moat::tags::Owner;

/// Milliseconds until a range is associated.
const ASSOCIATES: (u64, u64) = (500, 4_000);
/// The quota of IPv6 blocks per VPC ("Amazon VPC quotas").
const BLOCKS: usize = 5;

/// Each call gives one more block: EC2 takes no token for it.
pub fn associate_block(state: &mut State, vpc: &str) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    let (number, ready) = (state.chance.next() & 0xff_ffff, state.after(ASSOCIATES));
    let Some(found) = state.vpcs.get_mut(vpc) else { return refuse("InvalidVpcID.NotFound", vpc) };
    if found.ipv6.len() >= BLOCKS {
        return refuse("CidrLimitExceeded", format!("{vpc} has {BLOCKS} IPv6 blocks"));
    }
    let range = block(number).unwrap_or(Ipv6Cidr::ANYWHERE);
    found.ipv6.push(Ipv6Range { range, is_associated: false });
    state.associating.push((ready, vpc.to_owned()));
    // Where nobody has touched the default group's way out, AWS adds one by IPv6.
    let now = state.now;
    let is_untouched = |group: &&mut crate::state::Group| {
        let has = |rule: &Rule| group.rules.there().any(|there| there == rule);
        group.vpc.as_str() == vpc && group.name == "default" && has(&Rule::all_out()) && !has(&Rule::all_out_by_ipv6())
    };
    for group in state.groups.there_mut().filter(is_untouched) {
        group.rules.put(Rule::all_out_by_ipv6(), now);
    }
    Ok(Done::Changed)
}

fn block(number: u64) -> Option<Ipv6Cidr> {
    Ipv6Cidr::new(&format!("2600:1f18:{:x}:{:x}00::/56", number >> 8, number & 0xff)).ok()
}

pub fn associate_range(state: &mut State, subnet: &str, block: &str, number: u8) -> Answer {
    let found = known(state.subnets.usable(subnet, state.now), "InvalidSubnetID.NotFound", subnet)?.clone();
    if let Some(range) = &found.ipv6 {
        return refuse("SubnetCidrLimitExceeded", format!("{subnet} has {} already", range.range));
    }
    let range = Ipv6Cidr::new(block).ok().and_then(|block| ipv6::subnet(&block, number));
    let Some(range) = range else { return refuse("InvalidSubnet.Range", format!("{block} has no {number}")) };
    let is_home = |block: &Ipv6Range| block.is_associated && block.range.contains(&range);
    if !state.vpcs.get(found.vpc.as_str()).is_some_and(|vpc| vpc.ipv6.iter().any(is_home)) {
        return refuse("InvalidSubnet.Range", format!("{range} is in no block of {}", found.vpc));
    }
    let has_it = |other: &&Subnet| other.ipv6.as_ref().is_some_and(|there| there.range == range);
    if let Some(other) = state.subnets.there().find(has_it) {
        return refuse("InvalidSubnet.Conflict", format!("{} has {range}", other.id));
    }
    let ready = state.after(ASSOCIATES);
    if let Some(subnet) = state.subnets.get_mut(subnet) {
        subnet.ipv6 = Some(Ipv6Range { range, is_associated: false });
    }
    state.associating.push((ready, subnet.to_owned()));
    Ok(Done::Changed)
}

pub fn create_gateway(state: &mut State, owner: &Owner, vpc: &str) -> Answer {
    known(state.vpcs.usable(vpc, state.now), "InvalidVpcID.NotFound", vpc)?;
    let id = EgressOnlyInternetGatewayId(state.id("eigw"));
    let gateway = EgressOnlyInternetGateway { id: id.clone(), vpc: vpc.into() };
    let (seen, usable) = (state.seen_from(), state.seen_from());
    state.egress_only_gateways.put(gateway, owner.tags(&desired::egress_only_gateway()), seen, usable);
    Ok(Done::Made(id.0))
}

/// Also one that routes lead to: those are black holes then.
pub fn delete_gateway(state: &mut State, id: &EgressOnlyInternetGatewayId) -> Answer {
    let there = state.egress_only_gateways.get(id.as_str());
    known(there, "InvalidGatewayID.NotFound", id.as_str())?;
    let until = state.seen_from();
    state.egress_only_gateways.remove(|gateway| gateway.id == *id, until);
    Ok(Done::Changed)
}

impl State {
    /// Whether things in the VPC may have IPv6 addresses.
    pub(crate) fn has_ipv6(&self, vpc: &str) -> bool {
        self.vpcs.get(vpc).is_some_and(|vpc| !vpc.ipv6.is_empty())
    }

    /// What was to be associated by now is.
    pub(crate) fn ranges_go_on(&mut self) {
        let now = self.now;
        let due: Vec<String> = self.associating.iter().filter(|(at, _)| *at <= now).map(|(_, id)| id.clone()).collect();
        self.associating.retain(|(at, _)| *at > now);
        for id in due {
            let blocks = self.vpcs.get_mut(&id).into_iter().flat_map(|vpc| &mut vpc.ipv6);
            let range = self.subnets.get_mut(&id).into_iter().flat_map(|subnet| &mut subnet.ipv6);
            blocks.chain(range).for_each(|range| range.is_associated = true);
        }
    }
}
