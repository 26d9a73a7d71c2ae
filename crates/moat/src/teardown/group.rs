//! Security groups on their way out. Groups that name each other block each other, so rules go first (T6).

use super::fact::{Facts, gone};
use super::interface::Interface;
use crate::ids::{SecurityGroupId, VpcId};
use crate::name::{Logical, Name};
use crate::plan::{Plan, Problem};
use crate::rule::{Peer, Rule};
use std::fmt;

/// A group that carries our tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: SecurityGroupId,
    pub resource: Logical,
    pub vpc: VpcId,
    pub rules: Vec<Rule>,
}

/// A rule in a group of somebody else that names one of ours, and so keeps it from being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub group: SecurityGroupId,
    /// The other group's name.
    pub name: String,
    /// Which service of moat the other group is of, and what it is to it, by its tags.
    pub of: Option<(Name, Logical)>,
    pub rule: Rule,
}

/// What is done to groups, the same in each stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupStep {
    /// Takes the rules out that name other groups.
    Untangle {
        group: Logical,
        id: SecurityGroupId,
        rules: Vec<Rule>,
    },
    Delete {
        group: Logical,
        id: SecurityGroupId,
    },
}

/// The fact that no group of ours names another.
fn untangled() -> Logical {
    Logical::from("security groups free of each other")
}

/// The fact that no network interface uses the group.
fn unused(id: &SecurityGroupId) -> Logical {
    Logical::new(format!("{id} without network interfaces"))
}

/// The fact that all groups are gone.
pub fn all_gone() -> Logical {
    gone("security groups")
}

impl GroupStep {
    pub(super) fn needs(&self) -> Vec<Logical> {
        match self {
            Self::Untangle { id, .. } => vec![unused(id)],
            Self::Delete { id, .. } => vec![unused(id), untangled()],
        }
    }
}

impl fmt::Display for GroupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untangle { group, id, rules } => {
                let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
                write!(f, "remove from {group} {id}, before groups are deleted: {}", rules.join(", "))
            }
            Self::Delete { group, id } => write!(f, "delete {group} {id}"),
        }
    }
}

/// The steps that take these groups away, in their order.
pub fn remove<S>(groups: &[Group], plan: &mut Plan<S>, step: impl Fn(GroupStep) -> S) {
    for group in groups {
        let rules = tangles(group);
        if !rules.is_empty() {
            plan.step(step(GroupStep::Untangle { group: group.resource.clone(), id: group.id.clone(), rules }));
        }
    }
    for group in groups {
        plan.step(step(GroupStep::Delete { group: group.resource.clone(), id: group.id.clone() }));
    }
}

pub fn say(groups: &[Group], interfaces: &[Interface], facts: &mut Facts) {
    for group in groups {
        facts.say(unused(&group.id), !interfaces.iter().any(|interface| interface.groups.contains(&group.id)));
    }
    facts.say(untangled(), groups.iter().all(|group| tangles(group).is_empty()));
    facts.say(all_gone(), groups.is_empty());
}

/// A group that names itself blocks nobody.
fn tangles(group: &Group) -> Vec<Rule> {
    let names_another = |rule: &&Rule| matches!(&rule.peer, Peer::Group(peer) if *peer != group.id);
    group.rules.iter().filter(names_another).cloned().collect()
}

/// Rules of others that name our groups: theirs to remove.
pub fn referred<'a>(groups: &[Group], references: impl Iterator<Item = &'a Reference>) -> Vec<Problem> {
    let problem = |reference: &Reference| {
        let named = groups.iter().find(|group| reference.rule.peer == Peer::Group(group.id.clone()))?;
        if let Some((service, _)) = &reference.of {
            return Some(Problem::general(format!(
                "service {service} uses {}: its security group {} ({}) has the rule {}. Take service {service} down first, or both with their network",
                named.resource, reference.group, reference.name, reference.rule
            )));
        }
        Some(Problem::general(format!(
            "security group {} ({}), which is somebody else's, has a rule that names {}: {}. Remove that rule, since AWS deletes no group that another names",
            reference.group, reference.name, named.resource, reference.rule
        )))
    };
    references.filter_map(problem).collect()
}
