//! What a proof takes on a large VPC: 200 subnets at least, 50 route tables, 500 rules of security groups.
//!
//! Run it with `make bench`. It prints the median of many proofs, and asserts nothing but that they hold.

#[path = "../tests/proof/networks.rs"]
#[allow(dead_code, reason = "the tests break these networks, the bench only looks at a large one")]
mod networks;

use moat::proof::facts::*;
use moat::proof::{Proofs, prove};
use moat::rule::{Direction, Rule};
use std::time::{Duration, Instant};

const SUBNETS: usize = 200;
const TABLES: usize = 50;
const RULES: usize = 500;
const PROOFS: usize = 101;

fn main() {
    // Under `cargo test` this is built, but there is nothing to test.
    if std::env::var_os("MOAT_BENCH").is_none() {
        return;
    }
    let evidence = large();
    let rules: usize = evidence.groups.iter().map(|group| group.rules.len()).sum();
    let mut times: Vec<Duration> = (0..PROOFS).map(|_| timed(&evidence)).collect();
    times.sort_unstable();
    let (subnets, tables, tasks) = (evidence.subnets.len(), evidence.tables.len(), evidence.service.subnets.len());
    println!(
        "proof on {subnets} subnets ({tasks} of them with tasks), {tables} route tables, {rules} rules: {:.2} ms (median of {PROOFS})",
        times[PROOFS / 2].as_secs_f64() * 1e3
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed(evidence: &Evidence) -> Duration {
    let begun = Instant::now();
    let Proofs { privacy, egress, .. } = prove(evidence);
    let took = begun.elapsed();
    assert!(privacy.holds() && egress.holds(), "{privacy:?} {egress:?}");
    took
}

/// A network with NAT gateways, and as many subnets and tables again and again as it takes.
fn large() -> Evidence {
    let mut evidence = networks::with_nat();
    let (public, private) = (evidence.tables[1].clone(), evidence.tables[2].clone());
    let of_a_table = SUBNETS.div_ceil(TABLES - evidence.tables.len());
    while evidence.tables.len() < TABLES {
        let number = evidence.tables.len();
        let is_private = number.is_multiple_of(2);
        let mut table = if is_private { private.clone() } else { public.clone() };
        (table.id, table.subnets) = (format!("rtb-{number}").as_str().into(), Vec::new());
        for at in 0..of_a_table {
            let (id, third) = (format!("subnet-{number}-{at}"), number * of_a_table + at);
            let subnet = networks::subnet(&id, &id, "us-east-1a", &format!("10.0.{}.0/26", third % 128));
            table.subnets.push(subnet.id.clone());
            evidence.acls[usize::from(is_private)].subnets.push(subnet.id.clone());
            if is_private {
                evidence.service.subnets.push(subnet.id.clone());
            }
            evidence.subnets.push(subnet);
        }
        if let Some(EndpointKind::Gateway { tables }) = evidence.endpoints.first_mut().map(|it| &mut it.kind) {
            tables.extend(is_private.then(|| table.id.clone()));
        }
        evidence.tables.push(table);
    }
    let tasks =
        evidence.groups.iter_mut().find(|group| group.id.as_str() == "sg-tasks").expect("the group of the tasks");
    let port = |at: usize| u16::try_from(9000 + at).unwrap_or(u16::MAX);
    tasks.rules.extend((0..RULES).map(|at| Rule::tcp(Direction::Egress, port(at), networks::cidr("10.0.0.0/8"))));
    evidence
}
