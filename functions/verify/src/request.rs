//! What this Lambda is asked to prove.

use moat::error::{Failure, Kind};
use moat::ids::VpcId;
use moat::network::desired;
use moat::plan::{Bindings, Problem};
use moat::proof::order::{self, Order};
use moat::proof::planned::Tasks;
use moat::spec::{NetworkSpec, ServiceSpec};
use serde::Deserialize;
use serde_json::Value;

/// By the state machine of a provision, which ends where nothing is proven; or by hand, where the answer is the answer.
#[derive(Debug)]
pub enum Request {
    Provision(Box<Provision>),
    ByHand(Order),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provision {
    pub network: NetworkSpec,
    #[serde(default)]
    pub service: Option<ServiceSpec>,
    pub bindings: Bindings,
    /// Whether ECS does not know the service yet, and its tasks are looked for where they would be.
    #[serde(default)]
    pub is_planned: bool,
}

/// What a provision is to prove.
#[derive(Debug)]
pub enum Subject {
    Planned(Tasks),
    Running(Order),
}

impl Provision {
    /// The VPC, which a stage before has bound.
    ///
    /// # Errors
    /// `Moat.Refused` where none has: then nothing is proven.
    pub fn vpc(&self) -> Result<VpcId, Failure> {
        let unbound =
            || Failure::new(Kind::Refused, format!("network {} has no VPC, so nothing is proven", self.network.name));
        self.bindings.get(&desired::vpc()).map(Into::into).ok_or_else(unbound)
    }

    pub fn subject(&self, region: &str) -> Result<Subject, Failure> {
        Ok(match self.service.as_ref().filter(|_| !self.is_planned) {
            Some(service) => Subject::Running(Order { vpc: Some(self.vpc()?), ..Order::of(&service.name) }),
            None => Subject::Planned(Tasks::planned(self.service.as_ref(), region, &self.bindings)),
        })
    }

    /// Whose proof it is.
    pub fn of(&self) -> String {
        match &self.service {
            Some(service) => format!("service {}", service.name),
            None => format!("network {}", self.network.name),
        }
    }
}

/// Reads a request: one of the state machine names a network.
///
/// # Errors
/// `Moat.SpecInvalid`, with every problem on a line of its own.
pub fn read(event: Value) -> Result<Request, Failure> {
    if event["network"].is_object() {
        return moat_lambda::parse(event).map(|provision| Request::Provision(Box::new(provision)));
    }
    order::read(&event).map(Request::ByHand).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Failure::new(Kind::SpecInvalid, lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_provision_proves_what_would_run_and_then_what_does() {
        let service = json!({"name": "web", "network": "main", "image": "nginx:1"});
        let bindings = json!({"vpc": "vpc-1", "subnet private-a": "subnet-1", "security-group tasks": "sg-1"});
        let ask = |is_planned: bool, service: &Value| {
            let event =
                json!({"network": {"name": "main"}, "service": service, "bindings": bindings, "isPlanned": is_planned});
            let Request::Provision(provision) = read(event).unwrap() else { panic!("it names a network") };
            provision
        };
        let Subject::Planned(tasks) = ask(true, &service).subject("eu-west-1").unwrap() else {
            panic!("it is planned")
        };
        assert_eq!((tasks.placement.groups, tasks.placement.subnets), (vec!["sg-1".into()], vec!["subnet-1".into()]));
        let Subject::Running(order) = ask(false, &service).subject("eu-west-1").unwrap() else { panic!("it runs") };
        assert_eq!((order.to_string().as_str(), order.vpc), ("service web", Some("vpc-1".into())));
        let alone = ask(false, &Value::Null);
        assert!(matches!(alone.subject("eu-west-1").unwrap(), Subject::Planned(tasks) if tasks.needs.is_empty()));
        assert_eq!(alone.of(), "network main");
    }

    #[test]
    fn s2_what_is_asked_by_hand_is_told_all_its_problems() {
        let failure = read(json!({"vpc": "x", "service": "Web"})).unwrap_err();
        assert_eq!((failure.kind, failure.message.lines().count()), (Kind::SpecInvalid, 3), "{failure}");
        assert!(matches!(read(json!({"service": "web"})), Ok(Request::ByHand(_))));
    }

    #[test]
    fn a_network_that_is_nowhere_is_not_proven() {
        let Request::Provision(nowhere) = read(json!({"network": {"name": "main"}, "bindings": {}})).unwrap() else {
            panic!("it names a network")
        };
        assert_eq!(nowhere.vpc().unwrap_err().kind, Kind::Refused);
    }
}
