//! Which image a provision deploys, where the service runs one already.
//!
//! What a rollout decided is not undone by the next provision: a digest in quarantine stays there (R8), what a person
//! chose stays chosen, and a service that follows versions or a pattern is not set back to the one in its document.

use super::release::Release;
use super::track::{Policy, version};
use crate::image::{Digest, Image};
use crate::spec::{Approval, ServiceSpec};
use serde::Serialize;

/// The image in a revision: its digest, and the tag by which that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// By digest, where the registry is ECR.
    pub image: Image,
    /// The same image by tag, as the label of the container says.
    pub found_as: Option<Image>,
}

impl Running {
    /// From a container's image and the label on it.
    pub fn of(image: &str, label: Option<&str>) -> Option<Self> {
        let found_as = label.and_then(|label| Image::new(label).ok());
        Some(Self { image: Image::new(image).ok()?, found_as })
    }

    fn tag(&self) -> Option<&str> {
        self.found_as.as_ref().and_then(Image::tag)
    }
}

/// Why the image that runs stays, in words; `None` when the document's is deployed. `means` is the digest that the
/// document's tag has in the registry.
///
/// A digest that the document names itself is deployed, whatever was before: a person wrote it there.
pub fn kept(spec: &ServiceSpec, release: &Release, running: &Running, means: Option<&Digest>) -> Option<String> {
    let (image, digest) = (&spec.image, running.image.digest()?);
    if running.image.repository != image.repository || means == Some(&digest) {
        return None;
    }
    let (tag, means) = (image.tag()?, means?);
    let name = format!("{tag} ({})", means.short());
    if let Some(quarantine) = release.quarantine.get(means) {
        return Some(format!("{name} is in quarantine: {}. A person releases it with moat-rollout", quarantine.why));
    }
    let policy = Policy::of(spec);
    match &policy {
        Policy::None(_) => None,
        // Another tag in the document is a person's choice.
        Policy::Tag(_) if running.tag().is_some_and(|running| running != tag) => None,
        Policy::Tag(_) => {
            let held = release.hold().filter(|held| held.aside.as_ref() == Some(means));
            if let Some(held) = held {
                return Some(format!("a person chose another image than {name} at {}", held.at.up_to_second()));
            }
            let is_asked = spec.rollout.approval == Approval::Ask;
            let is_approved = release.asked.as_ref().is_some_and(|asked| asked.is_approved && asked.digest == *means);
            (is_asked && !is_approved).then(|| format!("{name} waits for a person's yes; moat-rollout asks for it"))
        }
        Policy::Semver { .. } => {
            let is_ahead = version(tag) > running.tag().and_then(version);
            (follows(&policy, release, running) && !is_ahead).then(|| followed(&policy))
        }
        Policy::Glob(_) | Policy::Regex(_) => follows(&policy, release, running).then(|| followed(&policy)),
    }
}

/// Why the image that runs is no drift, whatever the document's tag means by now: a rollout, a person or a provision
/// deployed it. What somebody else put there is.
pub fn stays(spec: &ServiceSpec, release: &Release, running: &Running) -> Option<String> {
    let digest = running.image.digest()?;
    if running.image.repository != spec.image.repository || release.quarantine.contains_key(&digest) {
        return None;
    }
    let deployed = release.current.iter().map(|deployed| &deployed.digest);
    let rolling = release.rolling.iter().map(|rolling| &rolling.digest);
    if deployed.chain(rolling).any(|known| *known == digest) {
        return Some("moat-rollout deployed it".into());
    }
    // What a provision deployed is in no record. The tag that it was found by tells that it was not somebody else.
    let policy = Policy::of(spec);
    let tag = running.tag().filter(|tag| spec.image.tag() == Some(tag) || policy.takes(tag))?;
    Some(format!("it was found as {tag}, and moat-rollout says what follows it"))
}

/// Whether moat-rollout may have something to deploy: the tag means another image than the one that runs, or only a
/// look at the whole repository can tell (I5). What is in quarantine stays there (R8).
pub fn is_behind(spec: &ServiceSpec, release: &Release, running: &Running, means: Option<&Digest>) -> bool {
    match Policy::of(spec) {
        Policy::None(_) => false,
        Policy::Tag(_) => means.is_some_and(|means| {
            running.image.digest().as_ref() != Some(means) && !release.quarantine.contains_key(means)
        }),
        Policy::Semver { .. } | Policy::Glob(_) | Policy::Regex(_) => true,
    }
}

/// Whether what runs is what the policy or a person picked.
fn follows(policy: &Policy, release: &Release, running: &Running) -> bool {
    release.hold().is_some() || running.tag().is_some_and(|tag| policy.takes(tag))
}

fn followed(policy: &Policy) -> String {
    format!("the service follows {policy}, and moat-rollout says which")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use crate::rollout::release::{Asked, Hold, Quarantine};
    use serde_json::{Value, json};

    const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web";

    fn digest(letter: char) -> Digest {
        Digest::new(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
    }

    fn spec(tag: &str, rules: &Value) -> ServiceSpec {
        let mut document = json!({"name": "web", "network": "main", "image": format!("{REPOSITORY}:{tag}")});
        document.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        serde_json::from_value(document).unwrap()
    }

    fn running(tag: &str) -> Running {
        Running::of(&format!("{REPOSITORY}@{}", digest('a')), Some(&format!("{REPOSITORY}:{tag}"))).unwrap()
    }

    /// Of a tag that means another digest than the one that runs.
    fn keeps(tag: &str, rules: &Value, release: &Release, runs: &str) -> Option<String> {
        kept(&spec(tag, rules), release, &running(runs), Some(&digest('b')))
    }

    #[test]
    fn r8_what_was_rolled_back_is_not_deployed_by_a_provision_either() {
        let why = "its rollout was rolled back by the circuit breaker".into();
        let quarantine = [(digest('b'), Quarantine { at: Moment::from_millis(0), why })].into();
        let release = Release { quarantine, ..Release::default() };
        for (tag, rules) in [("latest", json!({})), ("2.0.0", json!({})), ("latest", json!({"track": "none"}))] {
            let why = keeps(tag, &rules, &release, "latest").unwrap();
            assert!(why.contains("quarantine") && why.contains("circuit breaker"), "{why}");
        }
        let named = spec("latest", &json!({"image": format!("{REPOSITORY}@{}", digest('b'))}));
        assert_eq!(kept(&named, &release, &running("latest"), None), None, "a person named the digest");
    }

    #[test]
    fn what_a_person_chose_stays_until_the_tag_moves_or_the_document_names_another() {
        let held = Some(Hold { at: Moment::from_millis(0), aside: Some(digest('b')) });
        let release = Release { held, ..Release::default() };
        assert!(keeps("latest", &json!({}), &release, "latest").unwrap().contains("a person chose another"));
        assert_eq!(keeps("v2", &json!({}), &release, "latest"), None);
        let moved = Some(Hold { at: Moment::from_millis(0), aside: Some(digest('c')) });
        assert_eq!(keeps("latest", &json!({}), &Release { held: moved, ..release }, "latest"), None);
    }

    #[test]
    fn i12_a_provision_does_not_answer_the_question_that_a_person_is_asked() {
        let ask = json!({"rollout": {"approval": "ask"}});
        assert!(keeps("latest", &ask, &Release::default(), "latest").unwrap().contains("person's yes"));
        let asked = Asked {
            digest: digest('b'),
            tag: None,
            at: Moment::from_millis(0),
            expires: Moment::from_millis(1),
            execution: "e".into(),
            is_approved: true,
        };
        assert_eq!(keeps("latest", &ask, &Release { asked: Some(asked), ..Release::default() }, "latest"), None);
    }

    #[test]
    fn i8_a_service_that_follows_versions_is_not_set_back_to_the_one_in_its_document() {
        let (semver, none) = (json!({"track": {"semver": ">=1.2, <2"}}), Release::default());
        assert!(keeps("1.2.0", &semver, &none, "1.10.0").unwrap().contains("follows versions"));
        assert_eq!(keeps("1.11.0", &semver, &none, "1.10.0"), None, "the document is ahead");
        assert_eq!(keeps("1.2.0", &semver, &none, "2.1.0"), None, "what runs is not what the policy takes any more");
        let glob = json!({"track": {"glob": "release-*"}});
        assert!(keeps("release-1", &glob, &none, "release-7").is_some());
        assert_eq!(keeps("release-1", &glob, &none, "latest"), None);
    }

    #[test]
    fn a_tag_that_moved_is_deployed_and_so_is_another_repository() {
        assert_eq!(keeps("latest", &json!({}), &Release::default(), "latest"), None);
        let elsewhere = spec("latest", &json!({"image": REPOSITORY.replace("web", "shop") + ":latest"}));
        assert_eq!(kept(&elsewhere, &Release::default(), &running("latest"), Some(&digest('b'))), None);
        assert_eq!(keeps("latest", &json!({"track": "none"}), &Release::default(), "latest"), None);
    }
}
