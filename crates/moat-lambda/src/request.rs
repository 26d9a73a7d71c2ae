//! What the state machines send to a stage's Lambda.

use moat::drift::{Inspected, Permit};
use moat::error::{Failure, Kind};
use moat::network::NetworkStageSpec;
use moat::pass::{Everything, Look, Report, pass_of};
use moat::plan::Bindings;
use moat::rollout::Release;
use moat::spec::{Needs, NetworkSpec, ServiceSpec};
use moat::stage::Cloud;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request to a stage: look, or make a pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", tag = "mode")]
pub enum Request {
    /// Observe and plan; change nothing.
    Look(StageRequest),
    /// One pass.
    Pass(StageRequest),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StageRequest {
    pub network: NetworkSpec,
    /// What the services of the network need of its endpoints; nothing is taken away where it is not said.
    #[serde(default)]
    pub needs: Needs,
    #[serde(default)]
    pub service: Option<ServiceSpec>,
    /// What rollouts have decided about the service.
    #[serde(default)]
    pub release: Release,
    /// Ids from the stages before this one.
    #[serde(default)]
    pub given: Bindings,
    /// Ids from this stage's last pass.
    #[serde(default)]
    pub before: Bindings,
    /// What a repair of drift may do; a provision takes every step.
    #[serde(default)]
    pub permit: Option<Permit>,
}

impl StageRequest {
    /// What the network stage plans from.
    pub fn network(&self) -> NetworkStageSpec {
        NetworkStageSpec { network: self.network.clone(), needs: self.needs.clone() }
    }

    /// One pass: of every step, or of those that the permit lets through.
    pub async fn pass<S: Inspected, C: Cloud<S>>(
        &self,
        cloud: &C,
        spec: &S::Spec,
    ) -> Result<Report<S::Facts>, Failure> {
        match &self.permit {
            Some(permit) => pass_of(permit, cloud, spec, &self.given, &self.before).await,
            None => pass_of(&Everything, cloud, spec, &self.given, &self.before).await,
        }
    }

    /// The service document, where the stage cannot do without.
    pub fn service(&self) -> Result<ServiceSpec, Failure> {
        let missing = || Failure::new(Kind::SpecInvalid, "/service: is required by this stage");
        self.service.clone().ok_or_else(missing)
    }
}

/// What a stage answers: what it would do, or what it did.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Reply<F> {
    Look(Look<F>),
    Pass(Report<F>),
}

/// Reads a request. The state machines send it, so a wrong one is a defect, or somebody who calls a Lambda by hand.
///
/// # Errors
/// `Moat.SpecInvalid`, naming the field.
pub fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        let message =
            format!("the request to this Lambda is not one that it knows: {error}. Start moat-provision instead");
        Failure::new(Kind::SpecInvalid, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pass_may_leave_out_what_is_not_known_yet() {
        let request = json!({"mode": "pass", "network": {"name": "main"}});
        let Request::Pass(pass) = parse(request).unwrap() else { panic!("it is a pass") };
        assert!(pass.service.is_none() && pass.given == Bindings::default());
    }

    #[test]
    fn a_wrong_request_names_what_is_wrong() {
        let failure = parse::<Request>(json!({"mode": "apply"})).unwrap_err();
        assert_eq!(failure.kind, Kind::SpecInvalid);
        assert!(failure.message.contains("apply"), "{failure}");
    }
}
