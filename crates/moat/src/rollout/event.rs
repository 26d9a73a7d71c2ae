//! What starts a rollout: an event that says that an image was pushed, or a person's command.

use super::candidates;
use super::words::shortened;
use crate::image::{Digest, Ecr, is_tag};
use crate::moment::Moment;
use crate::name::Name;
use crate::plan::Problem;
use crate::spec::{Reader, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an execution of `moat-rollout` was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trigger", rename_all = "kebab-case")]
pub enum Trigger {
    /// An image got a tag. Look at every service that tracks it.
    Push(Push),
    /// A person, or a schedule, names the service.
    Command(Command),
    /// A command that is wrong: every problem at once, for `Moat.SpecInvalid`.
    Wrong { problems: Vec<Problem> },
    /// Nothing to do with a rollout. The execution ends well, with this sentence.
    Ignore { why: String },
}

/// An image got a tag in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    pub repository: Ecr,
    pub tag: String,
    /// What the event says that the tag means. The registry may say otherwise by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where it was replicated from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The event's id and time, where they are right. Nothing is decided by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Moment>,
}

/// `{"service":"web"}`, `{"service":"web","to":"previous"}`, `{"service":"web","to":"sha256:…"}` or
/// `{"service":"web","release":"sha256:…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    pub service: Name,
    pub order: Order,
}

/// What to do with the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// See whether there is something to roll, by the same rules as after a push.
    #[default]
    Look,
    /// Go back to the digest that ran before, whatever the rules say.
    Previous,
    /// Deploy this digest, whatever the rules say.
    Digest(Digest),
    /// Let this digest out of quarantine, then look.
    Release(Digest),
}

/// Reads what an execution was started with. Never fails: what cannot be read is ignored, and says why.
///
/// An object with `service` and without `source` and `detail-type` is a person's command. EventBridge always sends the
/// other two.
pub fn read(input: &Value) -> Trigger {
    let has = |name: &str| input.get(name).is_some();
    if has("service") && !has("source") && !has("detail-type") {
        return match command(input) {
            Ok(command) => Trigger::Command(command),
            Err(problems) => Trigger::Wrong { problems },
        };
    }
    match push(input) {
        Ok(push) => Trigger::Push(push),
        Err(why) => Trigger::Ignore { why },
    }
}

fn command(input: &Value) -> Result<Command, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut command = None;
    if let Some(mut fields) = Reader::open("", input, &["service", "to", "release"], &mut problems) {
        let service = fields.required::<Name>("service");
        let to = fields.value("to").is_some().then(|| to(&mut fields)).flatten();
        let release = fields.value("release").is_some().then(|| fields.required("release")).flatten();
        if fields.value("to").is_some() && fields.value("release").is_some() {
            fields.report(
                "release",
                "cannot be said together with \"to\"; release the digest first, it is then looked at",
            );
        }
        let order = to.or(release.map(Order::Release)).unwrap_or_default();
        command = service.map(|service| Command { service, order });
    }
    command.filter(|_| problems.is_empty()).ok_or(problems)
}

fn to(fields: &mut Reader<'_>) -> Option<Order> {
    let text: String = fields.required("to")?;
    if text == "previous" {
        return Some(Order::Previous);
    }
    let digest = Digest::new(&text).map(Order::Digest);
    digest.map_err(|error| fields.report("to", format!("{error}; or say \"previous\""))).ok()
}

/// The fields of an event are read one by one, so that the reason names the one that is wrong.
fn push(input: &Value) -> Result<Push, String> {
    if input.get("source").is_none() && input.get("detail-type").is_none() {
        return Err("it is neither an event nor a command; a command is like {\"service\": \"web\"}".into());
    }
    let kind = kind(input)?;
    let detail = input.get("detail").filter(|detail| detail.is_object());
    let detail = detail.ok_or_else(|| "the event is malformed: it has no detail".to_owned())?;
    expect(detail, kind.result, "SUCCESS")?;
    if let Some(action) = kind.action {
        expect(detail, "action-type", action)?;
    }
    if let Some(artifact) = text(detail, "artifact-media-type")?
        && !candidates::is_config(artifact)
    {
        return Err(format!("an artifact was pushed ({artifact}), not an image"));
    }
    let tag = tag(detail)?;
    let digest = text(detail, "image-digest")?.map(Digest::new).transpose();
    let digest = digest.map_err(|error| format!("the event is malformed: {error}"))?;
    Ok(Push {
        repository: Ecr {
            account: required(input, "account")?,
            region: required(input, "region")?,
            repository: required(detail, "repository-name")?,
        },
        tag,
        digest,
        source: if kind.is_copy { Some(source(detail)?) } else { None },
        event: input.get("id").and_then(Value::as_str).map(|id| shortened(id, 64)),
        time: input.get("time").and_then(Value::as_str).and_then(|time| Moment::new(time).ok()),
    })
}

/// The tag, if it is one that people give to images.
fn tag(detail: &Value) -> Result<String, String> {
    let tag = match text(detail, "image-tag")? {
        None | Some("") => {
            return Err("the image has no tag, as the parts of an image of several platforms have none".into());
        }
        Some(tag) if !is_tag(tag) => {
            return Err(format!("the event is malformed: {:?} is not a tag", shortened(tag, 64)));
        }
        Some(tag) => tag,
    };
    match candidates::not_for_people(tag) {
        Some(what) => Err(format!("tag {tag} is {what}, not an image to deploy")),
        None => Ok(tag.to_owned()),
    }
}

/// Where an event of one kind says that it is about a push that went well.
struct Kind {
    result: &'static str,
    action: Option<&'static str>,
    is_copy: bool,
}

/// Sources: "Amazon ECR events and EventBridge", Amazon ECR User Guide.
fn kind(input: &Value) -> Result<Kind, String> {
    let source = required(input, "source")?;
    let detail_type = required(input, "detail-type")?;
    if source != "aws.ecr" && source != "moat.registry" {
        return Err(format!(
            "events of {} say nothing of images; moat listens to aws.ecr and moat.registry",
            shortened(&source, 64)
        ));
    }
    match detail_type.as_str() {
        "ECR Image Action" => Ok(Kind { result: "result", action: Some("PUSH"), is_copy: false }),
        "ECR Replication Action" => Ok(Kind { result: "result", action: Some("REPLICATE"), is_copy: true }),
        "ECR Pull Through Cache Action" => Ok(Kind { result: "sync-status", action: None, is_copy: false }),
        other => Err(format!("an event {:?} pushes nothing", shortened(other, 64))),
    }
}

fn source(detail: &Value) -> Result<Source, String> {
    Ok(Source { account: required(detail, "source-account")?, region: required(detail, "source-region")? })
}

fn expect(detail: &Value, name: &str, wanted: &str) -> Result<(), String> {
    match text(detail, name)? {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(format!("{name} is {}, not {wanted}", shortened(found, 64))),
        None => Err(format!("the event is malformed: its detail has no {name}")),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("the event is malformed: {name} is not text")),
    }
}

/// Accounts, regions and repositories are at most 256 characters long, and become part of a parameter's name.
fn required(value: &Value, name: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/ ".contains(&byte);
    match text(value, name)? {
        None | Some("") => Err(format!("the event is malformed: it has no {name}")),
        Some(text) if text.len() > 256 || !text.bytes().all(legal) => {
            Err(format!("the event is malformed: {name} is {:?}", shortened(text, 64)))
        }
        Some(text) => Ok(text.to_owned()),
    }
}

impl Trigger {
    /// Who or what it was, for the release record and for reports: `push of tag 1.4 (event 13cd…)`.
    pub fn by(&self) -> String {
        match self {
            Self::Push(push) => push.by(),
            Self::Command(command) => command.order.by(),
            Self::Wrong { .. } | Self::Ignore { .. } => "nothing".into(),
        }
    }
}

impl Push {
    pub fn by(&self) -> String {
        let what = if self.source.is_some() { "replication" } else { "push" };
        let event = self.event.as_deref().map(|event| format!(" (event {event})")).unwrap_or_default();
        format!("{what} of tag {}{event}", self.tag)
    }
}

impl Order {
    /// Whether a person says what to deploy. Then policy, quarantine, freeze windows, interval and approval do not count.
    pub const fn is_explicit(&self) -> bool {
        matches!(self, Self::Previous | Self::Digest(_))
    }

    pub fn by(&self) -> String {
        match self {
            Self::Look => "a look at the registry".into(),
            Self::Previous => "command to go back to the previous image".into(),
            Self::Digest(digest) => format!("command to deploy {}", digest.short()),
            Self::Release(digest) => format!("command to release {}", digest.short()),
        }
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
