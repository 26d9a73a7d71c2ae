//! `Cloud<RecordTeardown>`: the Parameter Store on the way out.

use crate::answer::{Verb, refuse};
use crate::call::Hand;
use moat::error::Failure;
use moat::parameters;
use moat::plan::Bindings;
use moat::stage::{Cloud, Done};
use moat::tags::Owner;
use moat::teardown::record::{Observed, RecordStep, RecordTeardown, RecordTeardownSpec};

impl Cloud<RecordTeardown> for Hand {
    async fn observe(&self, spec: &RecordTeardownSpec) -> Result<Observed, Failure> {
        let owner = spec.owner.clone();
        let parameters = self.look("describe parameters", move |state| {
            let named = parameters::of(&owner);
            let all = state.parameters.keys();
            all.filter(|name| named.contains(name) || is_tagged(&owner, name)).cloned().collect()
        });
        Ok(Observed { parameters: parameters.await? })
    }

    async fn apply(&self, _: &RecordTeardownSpec, step: &RecordStep, _: &Bindings) -> Result<Done, Failure> {
        let (RecordStep::Delete { parameter } | RecordStep::DeleteSpec { parameter }) = step.clone();
        self.act(Verb::Delete, step, move |state| match state.parameters.remove(&parameter) {
            Some(_) => Ok(Done::Changed),
            None => refuse("ParameterNotFound", &parameter),
        })
        .await
    }
}

/// The fake keeps no tags of parameters. The hands tag the lock and the entry in the list of images, besides those that
/// have the owner in their names.
fn is_tagged(owner: &Owner, name: &str) -> bool {
    let is_listed = |service: &moat::name::Name| {
        name.starts_with("/moat/images/") && name.rsplit('/').next() == Some(service.as_str())
    };
    name == parameters::lock(owner) || matches!(owner, Owner::Service(service) if is_listed(service))
}
