//! `Cloud<Ingress>`: security groups and Elastic Load Balancing as the ingress stage uses them.

pub(crate) mod balancer;
mod group;
pub(crate) mod listener;
pub(crate) mod listener_rule;
mod observe;

pub use group::{authorize, create as create_group, revoke};

use crate::answer::Verb;
use crate::call::Hand;
use crate::network::bound;
use moat::error::Failure;
use moat::ingress::desired::{self, Group};
use moat::ingress::{Ingress, IngressSpec, IngressStep, Observed};
use moat::network::desired as network;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;

impl Cloud<Ingress> for Hand {
    async fn observe(&self, spec: &IngressSpec) -> Result<Observed, Failure> {
        observe::observe(self, spec, &Owner::Service(spec.service.name.clone())).await
    }

    async fn apply(&self, spec: &IngressSpec, step: &IngressStep, bindings: &Bindings) -> Result<Done, Failure> {
        let (doing, spec, bindings) = (step.clone(), spec.clone(), bindings.clone());
        self.act(verb(step), step, move |state| apply(state, &spec, &doing, &bindings)).await
    }
}

const fn verb(step: &IngressStep) -> Verb {
    match step {
        IngressStep::CreateGroup { .. }
        | IngressStep::AddRule { .. }
        | IngressStep::CreateLoadBalancer { .. }
        | IngressStep::CreateTargetGroup { .. }
        | IngressStep::CreateListener { .. }
        | IngressStep::CreateListenerRule { .. } => Verb::Create,
        IngressStep::SetSubnets { .. }
        | IngressStep::SetAddressType { .. }
        | IngressStep::SetGroups { .. }
        | IngressStep::SetLoadBalancerAttributes { .. }
        | IngressStep::SetHealthCheck { .. }
        | IngressStep::SetTargetGroupAttributes { .. }
        | IngressStep::SetListener { .. }
        | IngressStep::SetListenerAttributes { .. }
        | IngressStep::AddCertificates { .. }
        | IngressStep::SetListenerRule { .. }
        | IngressStep::SetRulePriority { .. }
        | IngressStep::SetWebAcl { .. } => Verb::Change,
        IngressStep::RemoveRule { .. }
        | IngressStep::DeleteListener { .. }
        | IngressStep::DeleteListenerRule { .. } => Verb::Remove,
    }
}

fn apply(
    state: &mut crate::state::State,
    spec: &IngressSpec,
    step: &IngressStep,
    bindings: &Bindings,
) -> crate::answer::Answer {
    let owner = &Owner::Service(spec.service.name.clone());
    let name = spec.aws_name();
    let ids = |names: &[moat::name::Logical]| names.iter().map(|name| bound(bindings, name).into()).collect();
    let door = || bound(bindings, &Group::LoadBalancer.logical());
    match step {
        IngressStep::CreateGroup { group } => {
            let vpc = bound(bindings, &network::vpc());
            group::create(state, owner, &vpc, &group.logical(), group.name(&spec.service))
        }
        IngressStep::AddRule { group, rule } => {
            let id_of = |group: Group| bindings.get(&group.logical()).map(Into::into);
            let rule = rule.rule(id_of).unwrap_or_else(|| panic!("a rule was added before its group was known"));
            group::authorize(state, &bound(bindings, &group.logical()), rule)
        }
        IngressStep::RemoveRule { id, rule, .. } => group::revoke(state, id.as_str(), std::slice::from_ref(rule)),
        IngressStep::CreateLoadBalancer { kind, scheme, address_type, subnets } => {
            balancer::create(state, owner, name, (*kind, *scheme, *address_type), ids(subnets), &door())
        }
        IngressStep::SetAddressType { arn, address_type, .. } => {
            balancer::set_address_type(state, arn.as_str(), *address_type)
        }
        IngressStep::SetSubnets { arn, subnets, .. } => balancer::set_subnets(state, arn.as_str(), ids(subnets)),
        IngressStep::SetGroups { arn } => balancer::set_groups(state, arn.as_str(), &door()),
        IngressStep::SetLoadBalancerAttributes { attributes } => {
            balancer::set_attributes(state, &bound(bindings, &desired::load_balancer()), attributes)
        }
        IngressStep::CreateTargetGroup { health_check } => {
            let vpc = bound(bindings, &network::vpc());
            let kind = spec.door().map_or_else(Default::default, |door| door.kind);
            balancer::create_target_group(state, owner, name, kind, &vpc, health_check)
        }
        IngressStep::SetHealthCheck { arn, health_check } => {
            balancer::set_health_check(state, arn.as_str(), health_check)
        }
        IngressStep::SetTargetGroupAttributes { attributes } => {
            balancer::set_target_group_attributes(state, &bound(bindings, &desired::target_group()), attributes)
        }
        IngressStep::CreateListener { listener } => {
            let balancer = bound(bindings, &desired::load_balancer());
            listener::create(state, owner, &balancer, bindings.get(&desired::target_group()), listener)
        }
        IngressStep::SetListener { arn, listener } => {
            listener::set(state, arn.as_str(), bindings.get(&desired::target_group()), listener)
        }
        IngressStep::AddCertificates { listener, certificates } => {
            listener::add_certificates(state, &bound(bindings, listener), certificates)
        }
        IngressStep::SetListenerAttributes { listener, attributes } => {
            listener::set_attributes(state, &bound(bindings, listener), attributes)
        }
        IngressStep::SetWebAcl { acl, .. } => {
            balancer::set_web_acl(state, &bound(bindings, &desired::load_balancer()), acl)
        }
        IngressStep::CreateListenerRule { listener, priority, conditions } => {
            let target = bound(bindings, &desired::target_group());
            listener_rule::create(state, spec.service.name.clone(), listener.as_str(), *priority, conditions, &target)
        }
        IngressStep::SetListenerRule { arn, conditions } => {
            let target = bound(bindings, &desired::target_group());
            listener_rule::set(state, arn, conditions, &target)
        }
        IngressStep::SetRulePriority { arn, priority } => listener_rule::set_priority(state, arn, *priority),
        IngressStep::DeleteListenerRule { arn, .. } => listener_rule::delete(state, arn),
        IngressStep::DeleteListener { arn, .. } => listener::delete(state, arn.as_str()),
    }
}
