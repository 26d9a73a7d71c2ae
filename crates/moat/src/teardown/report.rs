//! What a teardown has done, for the person who asked for it.

use super::facts::{Leftovers, TeardownFacts};
use crate::tags::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The output of `moat-teardown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "moat teardown output")]
pub struct Report {
    pub outcome: Outcome,
    /// `service web` or `network main`
    pub of: String,
    /// The steps that were taken, in words and in order.
    pub removed: Vec<String>,
    /// What stays, and why.
    pub kept: Vec<String>,
    /// What costs money and is still there, by kind. Kinds that nobody looked at are left out.
    pub leftovers: Leftovers,
    /// Their sum. It is left out unless every kind was counted that what was removed can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billable_leftovers: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A fresh look found nothing of it.
    Removed,
    /// There was nothing to remove.
    Absent,
}

/// What became of one stage: the steps of all its passes, and the facts of the last one, which found nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ended {
    pub changes: Vec<String>,
    pub facts: TeardownFacts,
}

impl Report {
    /// `ended` are the stages in the order in which they were torn down. `services` says how many went with a network.
    pub fn of(owner: &Owner, services: usize, ended: Vec<Ended>) -> Self {
        let mut leftovers = Leftovers::default();
        let (mut removed, mut kept): (Vec<String>, Vec<String>) = Default::default();
        for Ended { changes, facts } in ended {
            leftovers = leftovers.and(facts.leftovers);
            // AWS shows what is deleted for a while, so a step may have been taken again.
            for change in changes {
                if !removed.contains(&change) {
                    removed.push(change);
                }
            }
            kept.extend(facts.kept);
        }
        let billable_leftovers = sum(&leftovers, owner, services);
        Self {
            outcome: if removed.is_empty() { Outcome::Absent } else { Outcome::Removed },
            of: owner.to_string(),
            removed,
            kept,
            leftovers,
            billable_leftovers,
        }
    }
}

/// `None` when a kind was not counted that what was removed can have.
fn sum(leftovers: &Leftovers, owner: &Owner, services: usize) -> Option<u32> {
    let Leftovers { services: ecs, load_balancers, nat_gateways, elastic_ips, endpoints } = *leftovers;
    let is_network = matches!(owner, Owner::Network(_));
    let mut counts = Vec::new();
    if !is_network || services > 0 {
        counts.extend([ecs, load_balancers]);
    }
    if is_network {
        counts.extend([nat_gateways, elastic_ips, endpoints]);
    }
    counts.into_iter().sum()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Removed => writeln!(f, "Removed {}.", self.of)?,
            Outcome::Absent => writeln!(f, "There was nothing of {} to remove.", self.of)?,
        }
        for removed in &self.removed {
            writeln!(f, "  {removed}")?;
        }
        for kept in &self.kept {
            writeln!(f, "Kept {kept}.")?;
        }
        let counted = self.leftovers.counted();
        let counted: Vec<String> =
            counted.iter().filter_map(|(what, count)| Some(format!("{what} {}", (*count)?))).collect();
        match self.billable_leftovers {
            Some(sum) => write!(f, "Billable leftovers: {sum} ({}).", counted.join(", ")),
            None => f.write_str("Billable leftovers: unknown, since not everything was looked at."),
        }
    }
}

/// The JSON Schema of the output, as it is kept in the project.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    fn ended(changes: &[&str], leftovers: Leftovers) -> Ended {
        let facts = TeardownFacts { kept: Vec::new(), leftovers };
        Ended { changes: changes.iter().map(ToString::to_string).collect(), facts }
    }

    fn owner(kind: fn(Name) -> Owner, name: &str) -> Owner {
        kind(Name::new(name).unwrap())
    }

    #[test]
    fn t5_nothing_is_left_only_where_everything_was_counted() {
        let service = Leftovers { services: Some(0), ..Leftovers::default() };
        let door = Leftovers { load_balancers: Some(0), ..Leftovers::default() };
        let web = owner(Owner::Service, "web");
        assert_eq!(Report::of(&web, 0, vec![ended(&[], service)]).billable_leftovers, None);
        assert_eq!(Report::of(&web, 0, vec![ended(&[], service), ended(&[], door)]).billable_leftovers, Some(0));
        let main = owner(Owner::Network, "main");
        assert_eq!(Report::of(&main, 1, vec![ended(&[], service), ended(&[], door)]).billable_leftovers, None);
        let network =
            Leftovers { nat_gateways: Some(1), elastic_ips: Some(2), endpoints: Some(0), ..Leftovers::default() };
        assert_eq!(Report::of(&main, 0, vec![ended(&[], network)]).billable_leftovers, Some(3));
        let all = vec![ended(&[], service), ended(&[], door), ended(&[], network)];
        assert_eq!(Report::of(&main, 1, all).billable_leftovers, Some(3));
    }

    #[test]
    fn a_report_reads_as_sentences() {
        let facts = TeardownFacts {
            kept: vec!["log-group /moat/web: it holds what the service wrote".into()],
            leftovers: Leftovers { services: Some(0), ..Leftovers::default() },
        };
        let door = Leftovers { load_balancers: Some(0), ..Leftovers::default() };
        let steps = ["scale service from 2 tasks to 0", "delete service", "delete service"];
        let parts =
            vec![Ended { changes: steps.map(String::from).into(), facts }, ended(&["delete load-balancer"], door)];
        insta::assert_snapshot!(Report::of(&owner(Owner::Service, "web"), 0, parts), @"
        Removed service web.
          scale service from 2 tasks to 0
          delete service
          delete load-balancer
        Kept log-group /moat/web: it holds what the service wrote.
        Billable leftovers: 0 (ECS services 0, load balancers 0).
        ");
    }
}
