//! What a provision would do.

use super::{cost, count, warnings};
use crate::paint::Paint;
use moat::pass::Sentence;
use moat::plan::Hazard;
use serde::Deserialize;
use serde_json::Value;

/// The part of a planned execution's output that is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Planned {
    steps: Vec<Staged>,
    waiting: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Staged {
    #[serde(default)]
    stage: String,
    #[serde(flatten)]
    sentence: Sentence,
}

/// Whether an execution's output is that of a plan.
pub fn is_plan(output: &Value) -> bool {
    output.get("steps").is_some_and(Value::is_array)
}

/// One step of a plan as a line, if that is what it is.
pub fn step(step: &Value, paint: Paint) -> Option<String> {
    Some(line(&Sentence::deserialize(step).ok()?, paint))
}

/// The steps by stage, marked `+` safe, `~` disruptive and `-` destructive, and how many there are of each.
pub fn plan(output: &Value, paint: Paint) -> String {
    let Planned { steps, waiting } = Planned::deserialize(output).unwrap_or_default();
    let mut text = String::new();
    let mut stage = None;
    for step in &steps {
        if stage != Some(&step.stage) {
            text.push_str(&format!("{}{}\n", if stage.is_some() { "\n" } else { "" }, paint.bold(&step.stage)));
            stage = Some(&step.stage);
        }
        text.push_str(&format!("  {}\n", line(&step.sentence, paint)));
    }
    if !waiting.is_empty() {
        text.push_str(&format!(
            "{}{}\n",
            if steps.is_empty() { "" } else { "\n" },
            paint.bold("AWS is still busy with")
        ));
        waiting.iter().for_each(|on| text.push_str(&format!("  {on}\n")));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&verdict(&steps, &waiting, paint));
    text.push('\n');
    text.push_str(&cost::time(output));
    text.push_str(&cost::cost(output, paint));
    text.push_str(&warnings(output, paint));
    text
}

fn line(sentence: &Sentence, paint: Paint) -> String {
    let Sentence { step, hazard } = sentence;
    match hazard {
        Hazard::Safe => format!("{} {step}", paint.green("+")),
        Hazard::Disruptive => paint.yellow(format!("~ {step}  (disruptive)")),
        Hazard::Destructive => paint.red(format!("- {step}  (destructive)")),
    }
}

fn verdict(steps: &[Staged], waiting: &[String], paint: Paint) -> String {
    let of = |hazard| steps.iter().filter(|step| step.sentence.hazard == hazard).count();
    let (disruptive, destructive) = (of(Hazard::Disruptive), of(Hazard::Destructive));
    match (steps.len(), disruptive, destructive) {
        (0, ..) if waiting.is_empty() => paint.green("Plan: nothing to do, everything is as the spec says."),
        (0, ..) => "Plan: no steps, only waiting.".into(),
        (all, 0, 0) => format!("Plan: {}, none disruptive.", count(all, "step")),
        (all, some, 0) => format!("Plan: {}, {some} disruptive.", count(all, "step")),
        (all, 0, some) => format!("Plan: {}, {some} destructive.", count(all, "step")),
        (all, some, more) => format!("Plan: {}, {some} disruptive and {more} destructive.", count(all, "step")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_are_grouped_by_stage_and_marked_by_hazard() {
        let output = json!({"outcome": "planned", "waiting": ["load-balancer (provisioning)"], "steps": [
            {"stage": "network", "step": "create vpc 10.0.0.0/16", "hazard": "safe"},
            {"stage": "network", "step": "replace route 0.0.0.0/0 to igw-1 in route-table private-a: to nat-gateway a", "hazard": "disruptive"},
            {"stage": "ingress", "step": "delete listener HTTP on port 81, which the spec does not ask for", "hazard": "destructive"},
        ]});
        assert!(is_plan(&output));
        insta::assert_snapshot!(plan(&output, Paint::OFF), @r"
        network
          + create vpc 10.0.0.0/16
          ~ replace route 0.0.0.0/0 to igw-1 in route-table private-a: to nat-gateway a  (disruptive)

        ingress
          - delete listener HTTP on port 81, which the spec does not ask for  (destructive)

        AWS is still busy with
          load-balancer (provisioning)

        Plan: 3 steps, 1 disruptive and 1 destructive.
        ");
    }

    #[test]
    fn a_first_plan_disrupts_nothing() {
        let output = json!({"outcome": "planned", "steps": [{"stage": "network", "step": "create vpc 10.0.0.0/16", "hazard": "safe"}]});
        insta::assert_snapshot!(plan(&output, Paint::OFF), @r"
        network
          + create vpc 10.0.0.0/16

        Plan: 1 step, none disruptive.
        ");
    }

    #[test]
    fn what_it_costs_and_how_long_it_takes_come_after_the_steps() {
        let output = json!({"outcome": "planned", "steps": [{"stage": "network", "step": "create vpc 10.0.0.0/16", "hazard": "safe"}],
            "time": {"seconds": 130, "because": "the NAT gateway about 115 s"},
            "cost": {"monthlyUsd": 32.85, "region": "us-east-1", "priced": "2026-06", "isOfRegion": true, "without": "data and traffic",
                "lines": [{"what": "NAT gateway", "count": 1, "monthlyUsd": 32.85}]},
            "warnings": ["the quotas could not be read"]});
        insta::assert_snapshot!(plan(&output, Paint::OFF), @r"
        network
          + create vpc 10.0.0.0/16

        Plan: 1 step, none disruptive.
        It takes about 2 min 10 s: the NAT gateway about 115 s.

        What all of it costs in a month of 730 hours, in USD
              32.85  1 x NAT gateway
              32.85  together, without data and traffic
        Prices of us-east-1, 2026-06.

        warning: the quotas could not be read
        ");
    }

    #[test]
    fn a_settled_account_has_nothing_to_do() {
        insta::assert_snapshot!(plan(&json!({"outcome": "settled", "steps": [], "waiting": []}), Paint::OFF), @"Plan: nothing to do, everything is as the spec says.");
    }
}
