//! The tasks of a service that does not exist yet, or does already: where they run and what they need.

use super::facts::{Evidence, Need, Placement, Role};
use super::names;
use crate::ids::SubnetId;
use crate::ingress::desired::Group;
use crate::plan::Bindings;
use crate::spec::ServiceSpec;

/// The part of the evidence that is about one service, as far as it is not read from its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasks {
    pub placement: Placement,
    pub needs: Vec<Need>,
    pub role: Role,
}

impl Tasks {
    /// As moat would run them: in the private subnets that are bound, in the tasks' group, with no public IP.
    ///
    /// Without a service only the subnets are looked at. The load balancer is left out, since it is not yet the door of
    /// anything.
    pub fn planned(service: Option<&ServiceSpec>, region: &str, bindings: &Bindings) -> Self {
        let group = service.and_then(|_| bindings.get(&Group::Tasks.logical()));
        Self {
            placement: Placement {
                name: service.map(|service| service.name.to_string()).unwrap_or_default(),
                subnets: private_subnets(bindings),
                groups: group.into_iter().map(Into::into).collect(),
                assigns_public_ip: false,
                port: service.map(|service| service.port).unwrap_or_default(),
                target_groups: Vec::new(),
            },
            needs: service.map(|service| names::of_spec(service, region)).unwrap_or_default(),
            role: Role::default(),
        }
    }
}

fn private_subnets(bindings: &Bindings) -> Vec<SubnetId> {
    let private = bindings.iter().filter(|(name, _)| name.as_str().starts_with("subnet private-"));
    private.map(|(_, id)| id.into()).collect()
}

impl Evidence {
    /// The same network with other tasks in it, of which no interface and no door was read.
    pub fn of_tasks(&self, tasks: Tasks) -> Self {
        let Tasks { placement, needs, role } = tasks;
        let (load_balancers, target_groups, interfaces) = (Vec::new(), Vec::new(), Vec::new());
        Self { service: placement, needs, role, load_balancers, target_groups, interfaces, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Logical;
    use crate::proof::facts::What;

    #[test]
    fn e1_before_the_service_its_tasks_are_where_they_would_be() {
        let pairs =
            [("subnet private-b", "subnet-2"), ("subnet public-a", "subnet-9"), ("security-group tasks", "sg-2")];
        let bindings: Bindings = pairs.iter().map(|(name, id)| (Logical::from(*name), (*id).to_owned())).collect();
        let service = serde_json::json!({"name": "web", "network": "main", "image": "nginx:1", "port": 8080});
        let service: ServiceSpec = serde_json::from_value(service).unwrap();
        let tasks = Tasks::planned(Some(&service), "eu-west-1", &bindings);
        assert_eq!((tasks.placement.subnets, tasks.placement.port), (vec!["subnet-2".into()], 8080));
        assert_eq!(tasks.placement.groups, ["sg-2".into()]);
        let needs: Vec<What> = tasks.needs.into_iter().map(|need| need.what).collect();
        assert_eq!(needs, [What::Registry("docker.io".into()), What::Logs]);
        let nobody = Tasks::planned(None, "eu-west-1", &bindings);
        assert!(nobody.placement.groups.is_empty() && nobody.needs.is_empty() && nobody.placement.name.is_empty());
    }
}
