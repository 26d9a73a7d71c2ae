//! From an order to the groups that are looked at together.

use crate::Eyes;
use crate::request::Group;
use moat::drift::pace::{self, Look};
use moat::drift::{Order, Scope, order};
use moat::error::{Failure, Kind};
use moat::name::Name;
use moat::plan::Problem;
use moat::tags::Owner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// As many services as one call looks at. Their calls to ELB, made in a second, are within its bucket ([`pace`]).
const TOGETHER: usize = 8;

/// Checks the input. Nothing is read from AWS.
///
/// # Errors
/// `Moat.SpecInvalid` with every problem on a line of its own.
pub fn check(input: &Value) -> Result<Value, Failure> {
    let order = order::read(input).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Failure::new(Kind::SpecInvalid, lines.join("\n"))
    })?;
    Ok(json!({ "order": order }))
}

/// Each network once, however many services share it, then the services of each network, eight at a time, each group with
/// the time of its turn.
///
/// # Errors
/// `Moat.Refused` when the one that was asked for is not recorded.
pub async fn list(eyes: &Eyes, order: &Order) -> Result<Value, Failure> {
    let alone = |owner: &Owner| Group { owners: vec![owner.clone()], network: None, after: 0 };
    let phases = match &order.scope {
        Scope::All => {
            let networks = eyes.records.specs("/moat/networks/").await?;
            let services = eyes.records.specs("/moat/services/").await?;
            let networks = networks.into_keys().map(|name| alone(&Owner::Network(name))).collect();
            [networks, groups(services)]
        }
        Scope::One(owner) => {
            let name = moat::parameters::spec(owner);
            let Some(text) = eyes.records.texts(std::slice::from_ref(&name)).await?.remove(&name) else {
                let message = format!(
                    "no {owner} is recorded in {name}, so nothing tells what it should be. See `moat provision`"
                );
                return Err(Failure::new(Kind::Refused, message));
            };
            match owner {
                Owner::Network(_) => [vec![alone(owner)], vec![]],
                Owner::Service(name) => [vec![], groups([(name.clone(), text)].into())],
            }
        }
    };
    let phases = phases.map(in_turn);
    let owners: Vec<&Owner> = phases.iter().flatten().flat_map(|group| &group.owners).collect();
    Ok(json!({ "phases": phases, "owners": owners }))
}

fn groups(services: BTreeMap<Name, String>) -> Vec<Group> {
    let mut by_network: BTreeMap<Option<Name>, Vec<Owner>> = BTreeMap::new();
    for (name, text) in services {
        // One that cannot be read is told by the look at it.
        let spec: Option<Value> = serde_json::from_str(&text).ok();
        let network = spec.as_ref().and_then(|spec| Name::new(spec.get("network")?.as_str()?).ok());
        by_network.entry(network).or_default().push(Owner::Service(name));
    }
    let some = |(network, owners): (Option<Name>, Vec<Owner>)| {
        let groups =
            owners.chunks(TOGETHER).map(|some| Group { owners: some.to_vec(), network: network.clone(), after: 0 });
        groups.collect::<Vec<_>>()
    };
    by_network.into_iter().flat_map(some).collect()
}

/// The groups of a phase, each with the time of its turn.
fn in_turn(mut groups: Vec<Group>) -> Vec<Group> {
    let look = |group: &Group| match group.owners.as_slice() {
        [Owner::Network(_)] => Look::Network,
        services => Look::Services(u32::try_from(services.len()).unwrap_or(u32::MAX)),
    };
    let starts = pace::starts(&groups.iter().map(look).collect::<Vec<_>>());
    groups.iter_mut().zip(starts).for_each(|(group, start)| group.after = start);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_grouped_by_network_eight_at_a_time_and_none_is_lost() {
        let name = |text: &str| Name::new(text).unwrap();
        let mut services: BTreeMap<Name, String> =
            (0..23).map(|at| (name(&format!("s{at}")), json!({"network": "main"}).to_string())).collect();
        services.insert(name("odd"), "{".into());
        services.insert(name("other"), json!({"network": "corp"}).to_string());
        let groups = groups(services);
        let sizes: Vec<_> = groups.iter().map(|group| (group.network.clone(), group.owners.len())).collect();
        let main = Some(name("main"));
        assert_eq!(sizes, [(None, 1), (Some(name("corp")), 1), (main.clone(), 8), (main.clone(), 8), (main, 7)]);
    }

    #[test]
    fn a_few_services_wait_for_nothing_and_many_are_looked_at_one_group_after_the_other() {
        let recorded = |number: usize| {
            let name = |at| Name::new(&format!("s{at}")).unwrap();
            (0..number).map(|at| (name(at), json!({"network": "main"}).to_string())).collect::<BTreeMap<_, _>>()
        };
        let turns = |number| in_turn(groups(recorded(number))).iter().map(|group| group.after).collect::<Vec<_>>();
        assert_eq!(turns(8), [0]);
        assert_eq!(turns(24), [0, 6, 12]);
    }

    #[test]
    fn s2_a_wrong_order_is_told_with_every_problem() {
        let failure = check(&json!({"network": "main", "service": "web", "force": true})).unwrap_err();
        assert_eq!(failure.kind, Kind::SpecInvalid);
        assert_eq!(failure.message.lines().count(), 2, "{failure}");
    }
}
