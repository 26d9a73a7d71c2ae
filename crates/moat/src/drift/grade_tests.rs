use super::*;
use crate::cidr::Anywhere;
use crate::ingress::IngressStep;
use crate::ingress::desired::Group;
use crate::network::NetworkStep;
use crate::network::desired;
use crate::network::desired::NatPlace;
use crate::network::observed::Target;
use crate::network::step::Gateway;
use crate::rule::{Direction, Peer, Rule};
use crate::service::ServiceStep;
use crate::service::step::Change;

/// D5: each kind of step, what it may hurt, and so from which grade on it is taken.
#[test]
fn d5_what_is_put_back_is_safe_what_cuts_asks_and_what_removes_asks_louder() {
    let table = desired::private_table('a');
    let update = |change| ServiceStep::UpdateService { changes: vec![change], subnets: Vec::new() };
    let remove = |direction, peer| IngressStep::RemoveRule {
        group: Group::Tasks,
        id: "sg-1".into(),
        rule: Rule { direction, protocol: "-1".into(), ports: None, peer },
    };
    let anyone = || Peer::Ipv6("::/0".into());
    let replace = |is_black_hole| NetworkStep::ReplaceRoute {
        table: table.clone(),
        destination: Anywhere::Ipv4,
        gateway: Gateway::Nat(NatPlace::Zone('a')),
        old: Target::Other("eni-1".into()),
        is_black_hole,
    };
    let nat = |is_unused| NetworkStep::DeleteNatGateway {
        gateway: desired::nat_gateway('a'),
        id: "nat-1".into(),
        why: String::new(),
        is_unused,
    };
    let logs = |drops| ServiceStep::SetRetention { name: "/moat/web".into(), days: 30, drops };
    let kinds = [
        (
            "a missing route",
            NetworkStep::CreateRoute {
                table: table.clone(),
                destination: Anywhere::Ipv4,
                gateway: Gateway::Nat(NatPlace::Zone('a')),
            }
            .hazard(),
        ),
        ("a route into the void", replace(true).hazard()),
        ("a route elsewhere", replace(false).hazard()),
        ("an unused twin", nat(true).hazard()),
        ("a gateway too many", nat(false).hazard()),
        ("a policy", NetworkStep::ResetEndpointPolicy { endpoint: "vpce-1".into() }.hazard()),
        ("a rule that lets anyone in", remove(Direction::Ingress, anyone()).hazard()),
        ("a rule for another group", remove(Direction::Ingress, Peer::Group("sg-2".into())).hazard()),
        ("a way out", remove(Direction::Egress, Peer::PrefixList("pl-1".into())).hazard()),
        ("what AWS gives a new group", remove(Direction::Egress, anyone()).hazard()),
        (
            "a second listener",
            IngressStep::DeleteListener { arn: "l".into(), port: 443, protocol: "HTTPS".into() }.hazard(),
        ),
        ("groups of the load balancer", IngressStep::SetGroups { arn: "lb".into() }.hazard()),
        ("logs kept too short", logs(false).hazard()),
        ("logs kept too long", logs(true).hazard()),
        ("public IPs", update(Change::PublicIp).hazard()),
        ("another task definition", update(Change::TaskDefinition).hazard()),
        ("another number of tasks", update(Change::Tasks(2)).hazard()),
        ("no circuit breaker", update(Change::Deployment).hazard()),
    ];
    let lines: Vec<String> = kinds.iter().map(|(kind, hazard)| format!("{kind}: {hazard:?}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    a missing route: Safe
    a route into the void: Safe
    a route elsewhere: Disruptive
    an unused twin: Safe
    a gateway too many: Destructive
    a policy: Disruptive
    a rule that lets anyone in: Safe
    a rule for another group: Disruptive
    a way out: Disruptive
    what AWS gives a new group: Safe
    a second listener: Destructive
    groups of the load balancer: Disruptive
    logs kept too short: Safe
    logs kept too long: Destructive
    public IPs: Safe
    another task definition: Disruptive
    another number of tasks: Disruptive
    no circuit breaker: Safe
    ");
}

#[test]
fn d5_a_hole_is_closed_at_any_grade_but_none() {
    use Repair::{Destructive, Disruptive, None, Safe};
    let lets = |is_hole| {
        [Hazard::Safe, Hazard::Disruptive, Hazard::Destructive]
            .map(|hazard| [None, Safe, Disruptive, Destructive].map(|repair| repair.lets(hazard, is_hole)))
    };
    assert_eq!(lets(false), [[false, true, true, true], [false, false, true, true], [false, false, false, true]]);
    assert_eq!(lets(true), [[false, true, true, true]; 3]);
}

/// A step in letters: what it needs, what it makes, how grave it is.
#[derive(Debug, Clone)]
struct Letter(&'static str, Option<&'static str>, Hazard);

impl std::fmt::Display for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} -> {}", self.0, self.1.unwrap_or("-"))
    }
}

impl Step for Letter {
    fn makes(&self) -> Option<Logical> {
        self.1.map(Logical::from)
    }

    fn needs(&self) -> Vec<Logical> {
        self.0.split_whitespace().map(|need| Logical::new(need.replace('_', " "))).collect()
    }

    fn hazard(&self) -> Hazard {
        self.2
    }
}

/// Which of these are taken at `safe`. The name of a step that closes a hole ends with an exclamation mark.
fn taken(steps: &[Letter], known: &str, is_waiting: bool) -> Vec<String> {
    let bound: Bindings = known.split_whitespace().map(|name| (Logical::from(name), "id".to_owned())).collect();
    let part = |step: &Letter| {
        let is_hole = step.1 == Some("hole");
        let difference = Difference::of("it", step.to_string(), "", "").hole_if(is_hole);
        Part { is_taken: Repair::Safe.lets(step.hazard(), is_hole), step: step.clone(), difference }
    };
    let mut parts: Vec<Part<Letter>> = steps.iter().map(part).collect();
    let forced = force(&mut parts, &bound);
    withhold_dependents(&mut parts, &forced, &bound);
    withhold_the_unreachable(&mut parts, &bound, is_waiting);
    parts.iter().filter(|part| part.is_taken).map(|part| part.step.to_string()).collect()
}

use Hazard::{Destructive, Disruptive, Safe};

#[test]
fn d5_what_needs_a_withheld_step_is_withheld_and_so_is_what_only_prepares_one() {
    let steps = [Letter("", Some("a"), Disruptive), Letter("a", Some("b"), Safe), Letter("b", None, Safe)];
    assert!(taken(&steps, "", false).is_empty());
    let prepares = [Letter("", Some("a"), Safe), Letter("a", None, Disruptive)];
    assert!(taken(&prepares, "", false).is_empty());
    let two = [Letter("", Some("a"), Safe), Letter("a", None, Disruptive), Letter("a", None, Safe)];
    assert_eq!(taken(&two, "", false), [" -> a", "a -> -"]);
    let known = [Letter("", Some("a"), Disruptive), Letter("a", None, Safe)];
    assert_eq!(taken(&known, "a", false), ["a -> -"]);
}

#[test]
fn d5_a_hole_is_closed_with_everything_that_it_needs() {
    let steps = [
        Letter("", Some("a"), Destructive),
        Letter("a", Some("b"), Disruptive),
        Letter("b", Some("hole"), Destructive),
    ];
    assert_eq!(taken(&steps, "", false).len(), 3);
}

#[test]
fn what_nothing_will_ever_make_is_not_waited_for() {
    let thing = [Letter("x", None, Safe)];
    assert!(taken(&thing, "", false).is_empty());
    assert_eq!(taken(&thing, "", true), ["x -> -"], "something is on its way");
    let fact = [Letter("x_available", None, Safe), Letter("", None, Safe)];
    assert_eq!(taken(&fact, "", false).len(), 2, "a fact comes with time, as long as something moves");
    assert!(taken(&fact[..1], "", false).is_empty());
    let made = [Letter("", Some("x"), Safe), Letter("x_available", None, Safe)];
    assert_eq!(taken(&made, "", false).len(), 2);
}
