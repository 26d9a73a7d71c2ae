//! From JSON to `service.track` and `service.rollout`.

use super::read::seconds;
use super::reader::{Reader, kind};
use super::rollout::{TrackGlob, TrackRegex, TrackSemver};
use super::{Approval, Freeze, RolloutSpec, Source, Track};
use crate::image::Image;
use crate::rollout::freeze;
use serde_json::Value;

/// Reads `track`, which is a word or an object. `image` is `None` where it could not be read.
pub(super) fn track(fields: &mut Reader<'_>, image: Option<&Image>) -> Option<Track> {
    let track = match fields.value("track")? {
        Value::String(word) if word == "tag" => Track::TAG,
        Value::String(word) if word == "none" => Track::NONE,
        Value::Object(_) => return fields.object("track", PATTERNS, None, |fields| pattern(fields).map(Some)),
        other => {
            let found = if let Value::String(word) = other { format!("{word:?}") } else { kind(other).to_owned() };
            let message = format!(
                "must be \"tag\", \"none\", or an object with \"semver\", \"glob\" or \"regex\", but it is {found}"
            );
            fields.report("track", message);
            return None;
        }
    };
    if track == Track::TAG && image.is_some_and(|image| image.tag().is_none()) {
        fields.report("track", "is \"tag\", but the image is named by digest, so there is no tag to track");
    }
    Some(track)
}

const PATTERNS: &[&str] = &["semver", "prereleases", "glob", "regex"];

fn pattern(fields: &mut Reader<'_>) -> Option<Track> {
    let given: Vec<&str> =
        ["semver", "glob", "regex"].into_iter().filter(|name| fields.value(name).is_some()).collect();
    let [one] = given.as_slice() else {
        let found = if given.is_empty() { "none of them".to_owned() } else { given.join(" and ") };
        fields.report_here(format!("must have one of \"semver\", \"glob\" and \"regex\", but it has {found}"));
        return None;
    };
    if *one != "semver" && fields.value("prereleases").is_some() {
        fields.report("prereleases", "goes with \"semver\" only");
    }
    let prereleases = fields.optional("prereleases", false);
    let text: String = fields.required(one)?;
    let (most, error) = match *one {
        "semver" => (100, semver::VersionReq::parse(&text).err().map(|error| error.to_string())),
        "glob" => (128, glob::Pattern::new(&text).err().map(|error| error.to_string())),
        _ => (200, regex_lite::Regex::new(&text).err().map(|error| error.to_string())),
    };
    if text.is_empty() || text.len() > most {
        fields.report(one, format!("is {} characters long, but it is 1 to {most}", text.len()));
    } else if let Some(error) = error {
        fields.report(one, format!("{text:?} cannot be read: {error}"));
    }
    Some(match *one {
        "semver" => Track::Semver(TrackSemver { semver: text, prereleases }),
        "glob" => Track::Glob(TrackGlob { glob: text }),
        _ => Track::Regex(TrackRegex { regex: text }),
    })
}

pub(super) const ROLLOUT_FIELDS: &[&str] =
    &["approval", "approvalExpires", "minimumInterval", "freeze", "keepRevisions", "timeLimit", "sources"];

pub(super) fn rollout(fields: &mut Reader<'_>) -> Option<RolloutSpec> {
    let approval = fields.optional("approval", Approval::default());
    let expires = fields.optional("approvalExpires", RolloutSpec::default_approval_expires());
    let approval_expires = fields.check("approvalExpires", expires, |expires| seconds(*expires, 60, 604_800));
    let interval = fields.optional("minimumInterval", 0);
    let minimum_interval = fields.check("minimumInterval", interval, |interval| seconds(*interval, 0, 604_800));
    let freeze = windows(fields);
    let keep = fields.optional("keepRevisions", RolloutSpec::default_keep_revisions());
    let keep_revisions = fields.check("keepRevisions", keep, |keep| {
        (!(1..=100).contains(keep)).then(|| format!("is {keep}, but it is 1 to 100 revisions"))
    });
    let limit = fields.optional("timeLimit", RolloutSpec::default_time_limit());
    let time_limit = fields.check("timeLimit", limit, |limit| seconds(*limit, 60, 21_600));
    let sources = fields.list("sources", 20, &["account", "region"], source);
    Some(RolloutSpec { approval, approval_expires, minimum_interval, freeze, keep_revisions, time_limit, sources })
}

fn windows(fields: &mut Reader<'_>) -> Vec<Freeze> {
    let windows = fields.list("freeze", 10, &["cron", "duration", "timeZone"], window);
    if freeze::is_endless(&windows) {
        fields.report(
            "freeze",
            "never ends, so nothing would ever be rolled; to roll by hand only, set \"track\" to \"none\"",
        );
    }
    windows
}

fn window(fields: &mut Reader<'_>) -> Option<Freeze> {
    let cron: Option<String> = fields.required("cron");
    let cron = cron.map(|cron| fields.check("cron", cron, |cron| freeze::cron_objection(cron)));
    let duration = fields.required("duration");
    let duration = duration.map(|duration| fields.check("duration", duration, |d| seconds(*d, 60, 2_678_400)));
    let time_zone = fields.optional("timeZone", Freeze::utc());
    let time_zone = fields.check("timeZone", time_zone, |name| freeze::zone_objection(name));
    Some(Freeze { cron: cron?, duration: duration?, time_zone })
}

fn source(fields: &mut Reader<'_>) -> Option<Source> {
    let account: Option<String> = fields.required("account");
    let account = account.map(|account| {
        fields.check("account", account, |account| {
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            (!is_account).then(|| format!("{account:?} is not an account; it is 12 digits, in quotes"))
        })
    });
    let region: Option<String> = fields.required("region");
    let region = region.map(|region| {
        fields.check("region", region, |region| {
            let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let is_region = region.contains('-') && region.len() <= 32 && region.bytes().all(legal);
            (!is_region).then(|| format!("{region:?} is not a region; write it like eu-west-1"))
        })
    });
    Some(Source { account: account?, region: region? })
}
