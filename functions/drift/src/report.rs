//! What a run came to, for its output, for people, for programs and for CloudWatch.

use crate::Eyes;
use crate::request::Ended;
use moat::drift::report::Run;
use moat::drift::{Checked, Leftover, Report, Scope, leftovers};
use moat::error::{Failure, Kind};
use moat::spec::Mode;
use moat::tags::Owner;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Puts the report together. Nobody is told of a mere look, but for who made it.
pub async fn report(eyes: &Eyes, ended: Ended) -> Result<Value, Failure> {
    let Ended { execution, began, order, owners, checked, rollouts } = ended;
    let checked = complete(&owners, checked);
    let leftovers = match order.scope {
        Scope::All => left_over(eyes, &owners).await?,
        Scope::One(_) => Vec::new(),
    };
    let is_look = order.mode == Mode::Plan;
    let run = Run { execution, is_look, began, at: moat_aws::clock::now() };
    let report = Report::new(run, checked, leftovers, rollouts);
    if is_look {
        return Ok(json!({ "report": report, "tells": "nobody" }));
    }
    // CloudWatch takes metrics out of a log line that is this JSON and nothing else ("Embedded metric format").
    println!("{}", report.metrics());
    let tells = match () {
        () if report.is_news() => "everybody",
        () if report.is_eventful() => "programs",
        () => "nobody",
    };
    let notice = json!({ "subject": report.subject(), "text": report.text() });
    Ok(json!({ "report": report, "tells": tells, "notice": notice }))
}

/// Networks, then services, each once. Of whom nothing was heard, nothing is known.
fn complete(owners: &BTreeSet<Owner>, checked: Vec<Checked>) -> Vec<Checked> {
    let mut heard: BTreeMap<String, Checked> = checked.into_iter().map(|one| (one.owner.clone(), one)).collect();
    let silent = |owner: &Owner| {
        let message = "the part of the execution that looked at it ended without an answer; see its history";
        Checked::unreadable(owner, &Failure::new(Kind::Unexpected, message))
    };
    owners.iter().map(|owner| heard.remove(&owner.to_string()).unwrap_or_else(|| silent(owner))).collect()
}

async fn left_over(eyes: &Eyes, owners: &BTreeSet<Owner>) -> Result<Vec<Leftover>, Failure> {
    Ok(leftovers(owners, &BTreeMap::new(), &eyes.leftovers.tagged(owners).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use moat::drift::Verdict;
    use moat::name::Name;

    #[test]
    fn who_gave_no_answer_is_unreadable_and_not_clean() {
        let (main, web) = (Owner::Network(Name::new("main").unwrap()), Owner::Service(Name::new("web").unwrap()));
        let clean: Checked = serde_json::from_value(json!({"owner": "network main", "verdict": "clean"})).unwrap();
        let all = complete(&[main, web].into(), vec![clean]);
        let verdicts: Vec<_> = all.iter().map(|one| (one.owner.as_str(), one.verdict)).collect();
        assert_eq!(verdicts, [("network main", Verdict::Clean), ("service web", Verdict::Unreadable)]);
    }
}
