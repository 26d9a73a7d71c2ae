//! Network interfaces, which are what keeps subnets, groups and gateways from being deleted, and who holds each (T2).

use super::stranger::{Stranger, guess};
use crate::ids::{InterfaceId, NatGatewayId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A network interface, as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub id: InterfaceId,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub groups: BTreeSet<SecurityGroupId>,
    /// EC2's `InterfaceType`: `interface`, `nat_gateway`, `vpc_endpoint`, `lambda` and others.
    pub kind: String,
    pub description: String,
    /// EC2's `RequesterId`: which service of AWS made it, such as `amazon-elb`, or which account.
    pub requester: Option<String>,
    /// The instance that it is attached to.
    pub instance: Option<String>,
    pub public_ip: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// What an interface is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// By the load balancer's name.
    LoadBalancer(String),
    NatGateway(NatGatewayId),
    Endpoint(VpcEndpointId),
    /// A task of ECS, of this service where its tags tell.
    Task(Option<String>),
    Instance(String),
    /// Nothing that moat knows.
    Unknown,
}

impl Interface {
    /// Who holds it. AWS writes that into the description, and the requester tells that AWS wrote it.
    ///
    /// Sources: "Find the resources that a network interface is used for" (AWS re:Post Knowledge Center) and the
    /// descriptions of real accounts in terraform-provider-aws#655 and #9495.
    pub fn holder(&self) -> Holder {
        let said = self.description.as_str();
        if let Some(id) = said.strip_prefix("Interface for NAT Gateway ").filter(|_| self.kind == "nat_gateway") {
            return Holder::NatGateway(id.into());
        }
        if let Some(id) = said.strip_prefix("VPC Endpoint Interface ").filter(|_| self.kind == "vpc_endpoint") {
            return Holder::Endpoint(id.into());
        }
        if let Some(name) = said.strip_prefix("ELB ").filter(|_| self.requester.as_deref() == Some("amazon-elb")) {
            // "app/<name>/<id>", "net/<name>/<id>", or the name alone for a classic one.
            return Holder::LoadBalancer(name.split('/').nth(1).unwrap_or(name).to_owned());
        }
        if let Some(instance) = &self.instance {
            return Holder::Instance(instance.clone());
        }
        if said.starts_with("arn:aws") && said.contains(":ecs:") && said.contains(":attachment/") {
            return Holder::Task(self.tags.get("aws:ecs:serviceName").cloned());
        }
        Holder::Unknown
    }

    /// Whether a task of this ECS service may have it. What AWS gives to somebody else does not count; what nobody is
    /// known to hold does, since it is in the tasks' group.
    pub fn may_be_of(&self, service: &str) -> bool {
        match self.holder() {
            Holder::Task(of) => of.is_none_or(|of| of == service),
            Holder::Unknown => self.requester.as_ref().is_none_or(|by| !by.starts_with("amazon-")),
            Holder::LoadBalancer(_) | Holder::NatGateway(_) | Holder::Endpoint(_) | Holder::Instance(_) => false,
        }
    }

    pub fn stranger(&self) -> Stranger {
        let Self { kind, description, requester, public_ip, tags, .. } = self;
        let mut parts = vec![format!("type {kind}")];
        parts.extend((!description.is_empty()).then(|| description.clone()));
        parts.extend(match self.holder() {
            Holder::Instance(instance) => Some(format!("of instance {instance}")),
            _ => None,
        });
        parts.extend(public_ip.as_ref().map(|ip| format!("public IP {ip}")));
        // Where no tag tells, the one who had it made is the best guess.
        parts.extend(requester.as_ref().filter(|_| guess(tags).is_none()).map(|by| format!("made by {by}")));
        let description = parts.join(", ");
        Stranger { kind: "network interface".into(), id: self.id.0.clone(), description, tags: tags.clone() }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network interface {}", self.id)?;
        match self.holder() {
            Holder::LoadBalancer(name) => write!(f, " of load balancer {name}")?,
            Holder::NatGateway(id) => write!(f, " of NAT gateway {id}")?,
            Holder::Endpoint(id) => write!(f, " of VPC endpoint {id}")?,
            Holder::Task(Some(service)) => write!(f, " of a task of {service}")?,
            Holder::Task(None) => f.write_str(" of a task")?,
            Holder::Instance(id) => write!(f, " of instance {id}")?,
            Holder::Unknown => write!(f, " {:?}", self.description)?,
        }
        self.public_ip.as_ref().map_or(Ok(()), |ip| write!(f, " with public IP {ip}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(kind: &str, description: &str, requester: &str) -> Interface {
        Interface {
            id: "eni-1".into(),
            vpc: "vpc-1".into(),
            subnet: "subnet-1".into(),
            groups: BTreeSet::new(),
            kind: kind.into(),
            description: description.into(),
            requester: Some(requester.into()),
            instance: None,
            public_ip: None,
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn t2_aws_tells_what_an_interface_is_for_and_nobody_else_can() {
        let of = |kind, description, requester| interface(kind, description, requester).holder();
        let balancer = "ELB app/moat-web/50dc6c495c0c9188";
        assert_eq!(of("interface", balancer, "amazon-elb"), Holder::LoadBalancer("moat-web".into()));
        assert_eq!(of("interface", "ELB classic", "amazon-elb"), Holder::LoadBalancer("classic".into()));
        assert_eq!(of("interface", balancer, "123456789012"), Holder::Unknown);
        let gateway = "Interface for NAT Gateway nat-1";
        assert_eq!(of("nat_gateway", gateway, "123456789012"), Holder::NatGateway("nat-1".into()));
        assert_eq!(of("interface", gateway, "123456789012"), Holder::Unknown);
        let endpoint = "VPC Endpoint Interface vpce-1";
        assert_eq!(of("vpc_endpoint", endpoint, "123456789012"), Holder::Endpoint("vpce-1".into()));
        let task = "arn:aws:ecs:us-east-1:123456789012:attachment/0a1b";
        assert_eq!(of("interface", task, "578734482556"), Holder::Task(None));
        assert_eq!(of("lambda", "AWS Lambda VPC ENI-f-1", "AROA:f"), Holder::Unknown);
    }

    #[test]
    fn t2_a_stranger_of_an_interface_says_type_description_and_who_made_it() {
        let text = interface("lambda", "AWS Lambda VPC ENI-f-1", "AROA:f").stranger().to_string();
        let said = "network interface eni-1 \"type lambda, AWS Lambda VPC ENI-f-1, made by AROA:f\"";
        assert_eq!(text, format!("{said} (nothing tells whose it is)"));
    }
}
