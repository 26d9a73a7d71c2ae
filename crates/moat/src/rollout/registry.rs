//! What a repository's own rules mean for a service that is made from it, told when the service is provisioned.

use super::candidates::Candidate;
use super::lifecycle::{self, Needed};
use super::release::Release;
use super::track::{Mutability, Policy, immutable};
use crate::image::Digest;
use crate::moment::Moment;
use crate::plan::Problem;
use crate::spec::ServiceSpec;
use serde::{Deserialize, Serialize};

/// The rules of a repository. What could not be read is unknown, and said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub mutability: Result<Mutability, String>,
    /// The text of the lifecycle policy, where there is one.
    pub lifecycle: Result<Option<String>, String>,
}

/// What stands in the way, and what a person should know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

/// Whether pushes can ever roll the service (I7), and whether the images that it needs stay (I13).
///
/// `candidates` are the repository's images; `running` is what the service runs now.
pub fn inspect(
    spec: &ServiceSpec,
    release: &Release,
    running: Option<&Digest>,
    rules: &Rules,
    candidates: &[Candidate],
    now: Moment,
) -> Findings {
    let Rules { mutability, lifecycle } = rules;
    let mut findings = Findings::default();
    match mutability {
        Ok(mutability) => findings.problems.extend(immutable(spec, mutability)),
        Err(why) => findings.warnings.push(format!(
            "{}: moat cannot tell whether its tags can be moved ({why}); if they cannot, a pushed tag rolls nothing",
            spec.image.repository
        )),
    }
    match lifecycle {
        Ok(None) => {}
        Ok(Some(policy)) => {
            let moving = if let Policy::Tag(tag) = Policy::of(spec) { Some(tag) } else { None };
            let needed = needed(release, running);
            findings.warnings.extend(lifecycle::warnings(policy, candidates, &needed, moving.as_deref(), now));
        }
        Err(why) => findings.warnings.push(format!(
            "{}: moat cannot tell whether its lifecycle policy deletes images that are needed ({why})",
            spec.image.repository
        )),
    }
    findings
}

/// The images that must stay: tasks that start later pull the running one again, and the previous one is the way back.
pub fn needed(release: &Release, running: Option<&Digest>) -> Vec<Needed> {
    let image = |digest: &Digest, what: &str| Needed { digest: digest.clone(), what: what.into() };
    let before = release.before(running).map(|before| image(&before.digest, "the previous image"));
    running.map(|digest| image(digest, "the running image")).into_iter().chain(before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;
    use serde_json::json;

    const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web";

    fn digest(letter: char) -> Digest {
        Digest::new(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
    }

    fn spec(track: &serde_json::Value) -> ServiceSpec {
        let image = Image::new(&format!("{REPOSITORY}:latest")).unwrap();
        serde_json::from_value(json!({"name": "web", "network": "main", "image": image, "track": track})).unwrap()
    }

    fn image(letter: char, tag: &str, second: i64) -> Candidate {
        Candidate {
            digest: digest(letter),
            tags: [tag.to_owned()].into(),
            pushed_at: Moment::from_millis(second * 1000),
            media_type: None,
            artifact_type: None,
            platforms: None,
        }
    }

    fn found(spec: &ServiceSpec, rules: &Rules) -> Findings {
        let images = [image('a', "latest", 1), image('b', "old", 0)];
        inspect(spec, &Release::default(), Some(&digest('a')), rules, &images, Moment::from_millis(2000))
    }

    #[test]
    fn i7_a_tag_that_can_never_move_is_a_problem_with_its_field() {
        let rules = Rules { mutability: Ok(Mutability::Immutable), lifecycle: Ok(None) };
        let findings = found(&spec(&json!("tag")), &rules);
        assert_eq!(findings.problems[0].pointer.as_deref(), Some("/service/track"));
        assert_eq!(found(&spec(&json!({"semver": "*"})), &rules), Findings::default());
        assert_eq!(found(&spec(&json!(null)), &rules), Findings::default());
    }

    #[test]
    fn i13_a_policy_that_deletes_the_running_image_is_a_warning() {
        let policy = json!({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any",
            "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]});
        let rules = Rules { mutability: Ok(Mutability::Mutable), lifecycle: Ok(Some(policy.to_string())) };
        let findings = found(&spec(&json!("tag")), &rules);
        assert!(findings.problems.is_empty());
        assert!(findings.warnings[0].contains("the running image"), "{:?}", findings.warnings);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_stops_nothing() {
        let rules = Rules { mutability: Err("AccessDenied".into()), lifecycle: Err("AccessDenied".into()) };
        let findings = found(&spec(&json!("tag")), &rules);
        assert!(findings.problems.is_empty());
        assert_eq!(findings.warnings.len(), 2);
        assert!(findings.warnings.iter().all(|warning| warning.contains("AccessDenied")));
    }
}
