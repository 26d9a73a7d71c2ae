//! Whether tasks can run the image that is asked for (I9).

use super::account::Fact;
use super::finding::Finding;
use crate::rollout::Candidate;
use crate::spec::ServiceSpec;

/// What is wrong with the image. Whether there is one at all, the look of the service says.
pub fn check(spec: &ServiceSpec, found: &Fact<Option<Candidate>>) -> Option<Finding> {
    match found {
        Err(why) => {
            let what = format!("moat could not tell on what {} runs ({why})", spec.image);
            let remedy = format!("Its tasks do not start unless it is for linux and {}", spec.architecture.as_str());
            Some(Finding::warn(what, remedy).at("/service/image"))
        }
        Ok(found) => {
            let objection = found.as_ref()?.objection(spec.architecture)?;
            let remedy = "Or ask for the architecture that it has in service.architecture";
            Some(Finding::stop(objection, remedy).at("/service/image"))
        }
    }
}
