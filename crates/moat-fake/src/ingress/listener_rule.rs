//! Rules of listeners.

use crate::answer::{Answer, Refused, refuse};
use crate::network::known;
use crate::state::{Listener, State};
use moat::ids::ListenerRuleArn;
use moat::ingress::observed::ListenerRule;
use moat::ingress::shared::Conditions;
use moat::name::Name;
use moat::stage::Done;

pub fn create(
    state: &mut State,
    service: Name,
    listener: &str,
    priority: u32,
    conditions: &Conditions,
    target: &str,
) -> Answer {
    let balancer = known(state.listeners.usable(listener, state.now), "ListenerNotFound", listener)?.balancer.clone();
    free(state, &balancer, target)?;
    let of = listener.replace(":listener/", ":listener-rule/");
    let arn = state.id(&format!("{of}/"));
    let rule = ListenerRule {
        arn: arn.as_str().into(),
        priority: priority.to_string(),
        service: Some(service),
        conditions: conditions.clone(),
        forwards_to: Some(target.into()),
    };
    let Some(listener) = state.listeners.get_mut(listener) else { return refuse("ListenerNotFound", listener) };
    if let Some(other) = listener.rules.iter().find(|other| other.priority == rule.priority) {
        return refuse("PriorityInUse", format!("priority {priority} is that of {}", other.arn));
    }
    listener.rules.push(rule);
    Ok(Done::Made(arn))
}

pub fn set(state: &mut State, arn: &ListenerRuleArn, conditions: &Conditions, target: &str) -> Answer {
    let Some(balancer) = holder(state, arn).map(|listener| listener.balancer.clone()) else {
        return refuse("RuleNotFound", arn.as_str());
    };
    free(state, &balancer, target)?;
    change(state, arn, |rule| (rule.conditions, rule.forwards_to) = (conditions.clone(), Some(target.into())))
}

pub fn set_priority(state: &mut State, arn: &ListenerRuleArn, priority: u32) -> Answer {
    let priority = priority.to_string();
    let is_taken =
        |listener: &Listener| listener.rules.iter().any(|rule| rule.arn != *arn && rule.priority == priority);
    if holder(state, arn).is_some_and(is_taken) {
        return refuse("PriorityInUse", priority);
    }
    change(state, arn, |rule| rule.priority = priority)
}

pub fn delete(state: &mut State, arn: &ListenerRuleArn) -> Answer {
    let mut listeners = state.listeners.there_mut();
    match listeners.find(|listener| listener.rules.iter().any(|rule| rule.arn == *arn)) {
        Some(listener) => {
            listener.rules.retain(|rule| rule.arn != *arn);
            Ok(Done::Changed)
        }
        None => refuse("RuleNotFound", arn.as_str()),
    }
}

fn change(state: &mut State, arn: &ListenerRuleArn, how: impl FnOnce(&mut ListenerRule)) -> Answer {
    let rules = state.listeners.there_mut().flat_map(|listener| &mut listener.rules);
    match rules.into_iter().find(|rule| rule.arn == *arn) {
        Some(rule) => {
            how(rule);
            Ok(Done::Changed)
        }
        None => refuse("RuleNotFound", arn.as_str()),
    }
}

fn holder<'a>(state: &'a State, arn: &ListenerRuleArn) -> Option<&'a Listener> {
    state.listeners.there().find(|listener| listener.rules.iter().any(|rule| rule.arn == *arn))
}

/// One load balancer at most forwards to a target group.
fn free(state: &State, balancer: &str, target: &str) -> Result<(), Refused> {
    known(state.targets.usable(target, state.now), "TargetGroupNotFound", target)?;
    let other = state.listeners.there().find(|listener| listener.balancer != balancer && listener.leads_to(target));
    match other {
        Some(other) => refuse("TargetGroupAssociationLimit", format!("{target} is behind {}", other.balancer)),
        None => Ok(()),
    }
}
