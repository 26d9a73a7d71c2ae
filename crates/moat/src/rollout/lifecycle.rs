//! Whether a repository's lifecycle policy would delete an image that is needed (I13).

use super::candidates::Candidate;
use super::track::wildcard;
use crate::image::Digest;
use crate::moment::Moment;
use serde::Deserialize;
use std::fmt;

/// An image that must stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    pub digest: Digest,
    /// `the running image` or `the previous image`.
    pub what: String,
}

/// One warning for each needed image that the policy would delete now, or as soon as the tracked tag moves on.
///
/// `policy` is the text of `GetLifecyclePolicy`; `moving` the tag that moves, where the service tracks one. A rule that
/// goes by days is taken to reach every image one day; one that goes by number, to see one more push.
pub fn warnings(
    policy: &str,
    candidates: &[Candidate],
    needed: &[Needed],
    moving: Option<&str>,
    now: Moment,
) -> Vec<String> {
    let Ok(Policy { mut rules }) = serde_json::from_str(policy) else {
        return vec![
            "the lifecycle policy of the repository cannot be read, so it may delete images that are needed".into(),
        ];
    };
    rules.sort_by_key(|rule| rule.rule_priority);
    let today: Vec<Image> = candidates.iter().map(Image::of).collect();
    let later = later(candidates, moving, now);
    let soon = moving.map_or(" in time".to_owned(), |tag| format!(" once tag {tag} moves on"));
    let dooms = |needed: &Needed| {
        let digest = Some(&needed.digest);
        let now = doom(&rules, &today, digest, Some(now)).map(|rule| (rule, ""));
        let (rule, when) = now.or_else(|| Some((doom(&rules, &later, digest, None)?, soon.as_str())))?;
        Some(format!(
            "rule {} of the repository's lifecycle policy ({}) {} {} ({}){when}. A task that starts after that cannot pull it. Let the rule keep more",
            rule.rule_priority,
            rule.selection,
            rule.verb(),
            needed.what,
            needed.digest.short()
        ))
    };
    needed.iter().filter_map(dooms).collect()
}

/// As the repository will be after one more push, which takes the moving tag away from the image that has it.
fn later<'a>(candidates: &'a [Candidate], moving: Option<&'a str>, now: Moment) -> Vec<Image<'a>> {
    let mut images: Vec<Image> = candidates.iter().map(Image::of).collect();
    for image in &mut images {
        image.tags.retain(|tag| Some(*tag) != moving);
    }
    // Without a moving tag the next image gets one like those of today's newest.
    let newest = images.iter().max_by_key(|image| image.pushed_at).map(|image| image.tags.clone());
    let tags = moving.map(|tag| vec![tag]).or(newest).unwrap_or_default();
    images.push(Image { digest: None, tags, pushed_at: now });
    images
}

struct Image<'a> {
    /// `None` for the one that is still to come.
    digest: Option<&'a Digest>,
    tags: Vec<&'a str>,
    pushed_at: Moment,
}

impl<'a> Image<'a> {
    fn of(candidate: &'a Candidate) -> Self {
        let tags = candidate.tags.iter().map(String::as_str).collect();
        Self { digest: Some(&candidate.digest), tags, pushed_at: candidate.pushed_at }
    }
}

/// The rule that deletes the image. `now` is `None` when enough days have passed for every rule.
///
/// Rules are applied by priority, and an image that fits the tags of one is out of reach for those after it; but it
/// still counts there. Source: "Lifecycle policy evaluation rules", Amazon ECR User Guide.
fn doom<'r>(rules: &'r [Rule], images: &[Image<'_>], digest: Option<&Digest>, now: Option<Moment>) -> Option<&'r Rule> {
    let image = images.iter().find(|image| image.digest == digest)?;
    let rule = rules.iter().find(|rule| rule.selection.fits(image))?;
    let is_doomed = match rule.selection.count_type.as_str() {
        "imageCountMoreThan" => {
            let newer = |other: &&Image<'_>| rule.selection.fits(other) && other.pushed_at > image.pushed_at;
            images.iter().filter(newer).count() as u64 >= rule.selection.count_number
        }
        "sinceImagePushed" => now
            .is_none_or(|now| now.seconds_since(image.pushed_at) > rule.selection.count_number.saturating_mul(86_400)),
        // By the last pull, or by the time in the archive: unknown today.
        _ => now.is_none(),
    };
    is_doomed.then_some(rule)
}

#[derive(Deserialize)]
struct Policy {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    rule_priority: u64,
    selection: Selection,
    #[serde(default)]
    action: Action,
}

#[derive(Deserialize, Default)]
struct Action {
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    count_type: String,
    count_number: u64,
}

impl Rule {
    fn verb(&self) -> &'static str {
        if self.action.kind == "transition" { "archives" } else { "deletes" }
    }
}

impl Selection {
    /// Every prefix and every pattern must be met by some tag of the image.
    fn fits(&self, image: &Image<'_>) -> bool {
        let has = |prefix: &String| image.tags.iter().any(|tag| tag.starts_with(prefix.as_str()));
        let is_like = |pattern: &String| image.tags.iter().any(|tag| wildcard(pattern, tag));
        match self.tag_status.as_str() {
            "untagged" => image.tags.is_empty(),
            "tagged" => {
                !image.tags.is_empty()
                    && self.tag_prefix_list.iter().all(has)
                    && self.tag_pattern_list.iter().all(is_like)
            }
            _ => true,
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.tag_status.as_str() {
            "untagged" => "untagged images".to_owned(),
            "tagged" => {
                let prefixes = self.tag_prefix_list.iter().map(|prefix| format!("{prefix}*"));
                let like: Vec<String> = prefixes.chain(self.tag_pattern_list.iter().cloned()).collect();
                format!("images with tags like {}", like.join(" and "))
            }
            _ => "all images".to_owned(),
        };
        match self.count_type.as_str() {
            "imageCountMoreThan" => write!(f, "{which}, but for the newest {}", self.count_number),
            "sinceImagePushed" => write!(f, "{which}, {} days after their push", self.count_number),
            other => write!(f, "{which}, {other} {} days", self.count_number),
        }
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
