//! What it costs, and how long it takes.

use super::duration;
use crate::paint::Paint;
use serde::Deserialize;
use serde_json::Value;

/// The part of an output that says what the documents cost a month.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    monthly_usd: f64,
    lines: Vec<Line>,
    region: String,
    priced: String,
    is_of_region: bool,
    without: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    what: String,
    count: u64,
    monthly_usd: f64,
}

#[derive(Debug, Deserialize)]
struct Time {
    seconds: u32,
    because: String,
}

fn part<T: for<'de> Deserialize<'de>>(output: &Value, field: &str) -> Option<T> {
    T::deserialize(output.get(field)?).ok()
}

/// Each thing that is paid for by the hour, and all of them. Nothing where the output has no cost.
pub fn cost(output: &Value, paint: Paint) -> String {
    let Some(Cost { monthly_usd, lines, region, priced, is_of_region, without }) = part(output, "cost") else {
        return String::new();
    };
    let title = paint.bold("What all of it costs in a month of 730 hours, in USD");
    let rows: String = lines
        .iter()
        .map(|Line { what, count, monthly_usd }| format!("  {monthly_usd:>9.2}  {count} x {what}\n"))
        .collect();
    let whose = if is_of_region {
        format!("Prices of {region}, {priced}.")
    } else {
        format!("Prices of us-east-1, {priced}: moat does not know those of {region}.")
    };
    format!("\n{title}\n{rows}  {monthly_usd:>9.2}  together, without {without}\n{whose}\n")
}

/// How long it will take; nothing where there is nothing to do.
pub fn time(output: &Value) -> String {
    match part(output, "time") {
        Some(Time { seconds: seconds @ 1.., because }) => {
            format!("It takes about {}: {because}.\n", duration(seconds.into()))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn output(is_of_region: bool) -> Value {
        json!({
            "cost": {"monthlyUsd": 52.93, "region": "eu-west-1", "priced": "2026-06", "isOfRegion": is_of_region,
                "without": "data and traffic", "lines": [
                    {"what": "NAT gateway", "count": 1, "monthlyUsd": 32.85},
                    {"what": "Fargate task of 256 CPU units and 512 MiB, X86_64", "count": 2, "monthlyUsd": 18.02},
                ]},
            "time": {"seconds": 215, "because": "the NAT gateway about 115 s, then the tasks about 85 s"},
        })
    }

    #[test]
    fn the_cost_is_a_bill_with_its_date_and_whose_prices_they_are() {
        insta::assert_snapshot!(cost(&output(true), Paint::OFF).trim(), @r"
        What all of it costs in a month of 730 hours, in USD
              32.85  1 x NAT gateway
              18.02  2 x Fargate task of 256 CPU units and 512 MiB, X86_64
              52.93  together, without data and traffic
        Prices of eu-west-1, 2026-06.
        ");
        assert!(
            cost(&output(false), Paint::OFF)
                .ends_with("Prices of us-east-1, 2026-06: moat does not know those of eu-west-1.\n")
        );
        assert_eq!(cost(&json!({}), Paint::OFF), "");
    }

    #[test]
    fn the_time_says_what_takes_it_and_nothing_takes_none() {
        assert_eq!(
            time(&output(true)),
            "It takes about 3 min 35 s: the NAT gateway about 115 s, then the tasks about 85 s.\n"
        );
        assert_eq!(time(&json!({"time": {"seconds": 0, "because": "there is nothing to do"}})), "");
    }
}
