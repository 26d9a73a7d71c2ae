//! What an execution is started with: checked as far as can be without an account, before anything is started.

use crate::args::Start;
use crate::document;
use crate::exit::{Exit, Stop};
use moat::name::Name;
use moat::plan::Problem;
use moat::rollout::Trigger;
use serde_json::{Value, json};

pub const PROVISION: &str = "moat-provision";
pub const ROLLOUT: &str = "moat-rollout";
pub const REMEDIATE: &str = "moat-remediate";
pub const TEARDOWN: &str = "moat-teardown";
pub const VERIFY: &str = "moat-verify";

/// The machines that a person starts.
pub const MACHINES: [&str; 5] = [PROVISION, ROLLOUT, REMEDIATE, TEARDOWN, VERIFY];

/// A checked input.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub input: Value,
    /// What it is about. Executions are named after it.
    pub subject: String,
}

impl Start {
    /// The machine that it starts, where it has the name that moat gives it.
    pub const fn machine(&self) -> &'static str {
        match self {
            Self::Provision { .. } | Self::Plan { .. } => PROVISION,
            Self::Roll { .. } => ROLLOUT,
            Self::Drift { .. } => REMEDIATE,
            Self::Teardown { .. } => TEARDOWN,
            Self::Verify { .. } => VERIFY,
        }
    }

    /// The order that a verb gives.
    ///
    /// # Errors
    /// Every problem that can be seen from here.
    pub fn order(&self) -> Result<Order, Stop> {
        match self {
            Self::Provision { file } => document::read(file, false),
            Self::Plan { file, .. } => document::read(file, true),
            Self::Roll { service, to, release } => {
                roll(service, to.as_deref(), release.as_deref()).map_err(|problems| invalid(&problems))
            }
            Self::Drift { service, network, plan, approve, .. } => {
                drift(service.as_deref(), network.as_deref(), *plan, approve.as_deref())
                    .map_err(|problems| invalid(&problems))
            }
            Self::Verify { service, cluster, vpc, .. } => {
                verify(service, cluster.as_deref(), vpc.as_deref()).map_err(|problems| invalid(&problems))
            }
            Self::Teardown { service, network, confirm, with_services, plan } => {
                let (kind, name) = service.as_ref().map_or(("network", network), |_| ("service", service));
                let (name, confirm) = (name.as_deref().unwrap_or_default(), confirm.as_deref());
                Removal { kind, name, confirm, with_services: *with_services, is_plan: *plan }.order()
            }
        }
    }
}

/// A person's command to `moat-rollout`, read as that machine will read it.
fn roll(service: &str, to: Option<&str>, release: Option<&str>) -> Result<Order, Vec<Problem>> {
    let mut input = json!({"service": service});
    for (field, said) in [("to", to), ("release", release)] {
        if let Some(said) = said {
            input[field] = said.into();
        }
    }
    match moat::rollout::read(&input) {
        Trigger::Command(command) => Ok(Order { input, subject: command.service.to_string() }),
        Trigger::Wrong { problems } => Err(problems),
        // An object with a service and no source is a command.
        Trigger::Push(_) | Trigger::Ignore { .. } => Err(vec![Problem::general("is no command to a service")]),
    }
}

/// A run of `moat-remediate`, read as that machine will read it.
fn drift(
    service: Option<&str>,
    network: Option<&str>,
    is_plan: bool,
    approve: Option<&str>,
) -> Result<Order, Vec<Problem>> {
    let mut input = json!({});
    for (field, said) in [("service", service), ("network", network), ("approve", approve)] {
        if let Some(said) = said {
            input[field] = said.into();
        }
    }
    if is_plan {
        input["mode"] = "plan".into();
    }
    moat::drift::order::read(&input)?;
    Ok(Order { input, subject: service.or(network).unwrap_or("drift").to_owned() })
}

/// What `moat-verify` is asked for, read as it will read it.
fn verify(service: &str, cluster: Option<&str>, vpc: Option<&str>) -> Result<Order, Vec<Problem>> {
    let mut input = json!({"service": service});
    for (field, said) in [("cluster", cluster), ("vpc", vpc)] {
        if let Some(said) = said {
            input[field] = said.into();
        }
    }
    moat::proof::order::read(&input)?;
    let subject = service.rsplit('/').next().unwrap_or(service).to_owned();
    Ok(Order { input, subject })
}

/// What to remove. Whoever wants it says the name twice; nobody is asked, since what is asked often is answered unread.
struct Removal<'a> {
    kind: &'static str,
    name: &'a str,
    confirm: Option<&'a str>,
    with_services: bool,
    is_plan: bool,
}

impl Removal<'_> {
    fn order(&self) -> Result<Order, Stop> {
        let Self { kind, name, confirm, with_services, is_plan } = *self;
        let refuse = |message: String| Err(Stop::new(Exit::Usage, format!("{message}. Nothing was started")));
        if let Err(error) = Name::new(name) {
            return refuse(format!("--{kind}: {error}"));
        }
        match confirm {
            Some(other) if other != name => {
                return refuse(format!("--confirm is {other:?}, but the {kind} to remove is {name:?}"));
            }
            None if !is_plan => {
                return refuse(format!(
                    "{kind} {name} would be removed for good: add --confirm {name} to do that, or --plan to see what would go"
                ));
            }
            _ => {}
        }
        let mut input = json!({kind: name});
        let with = with_services.then_some("services");
        for (field, said) in [("confirm", confirm), ("with", with), ("mode", is_plan.then_some("plan"))] {
            if let Some(said) = said {
                input[field] = said.into();
            }
        }
        Ok(Order { input, subject: name.to_owned() })
    }
}

/// All problems of a command line as one message. A field of the input is named by its option.
fn invalid(problems: &[Problem]) -> Stop {
    let line = |problem: &Problem| match problem.pointer.as_deref().map(|pointer| pointer.trim_start_matches('/')) {
        None | Some("") => format!("\n  {}", problem.message),
        Some("service") => format!("\n  SERVICE: {}", problem.message),
        Some(option) => format!("\n  --{option}: {}", problem.message),
    };
    let lines: String = problems.iter().map(line).collect();
    Stop::new(Exit::Usage, format!("the command has {}; nothing was started:{lines}", document::count(problems)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_roll_is_what_a_person_would_type_in_the_console() {
        let input = |to, release| roll("web", to, release).unwrap().input;
        assert_eq!(input(None, None), json!({"service": "web"}));
        assert_eq!(input(Some("previous"), None), json!({"service": "web", "to": "previous"}));
        assert_eq!(input(Some(DIGEST), None), json!({"service": "web", "to": DIGEST}));
        assert_eq!(input(None, Some(DIGEST)), json!({"service": "web", "release": DIGEST}));
        assert_eq!(roll("web", None, None).unwrap().subject, "web");
    }

    #[test]
    fn a_wrong_roll_starts_nothing_and_tells_every_problem() {
        let problems = roll("Web", Some("1.4"), Some("sha256:abc")).unwrap_err();
        insta::assert_snapshot!(invalid(&problems).message, @r#"
        the command has 4 problems; nothing was started:
          SERVICE: "Web" has the character 'W'; a name has lower-case letters, digits and hyphens only
          --to: "1.4" is not a digest; it is sha256: and 64 hexadecimal digits; or say "previous"
          --release: "sha256:abc" is not a digest; it is sha256: and 64 hexadecimal digits
          --release: cannot be said together with "to"; release the digest first, it is then looked at
        "#);
    }

    #[test]
    fn a_drift_run_is_about_everything_or_one_thing() {
        let input = |service, network, is_plan| drift(service, network, is_plan, None).unwrap().input;
        assert_eq!(input(None, None, false), json!({}));
        assert_eq!(input(Some("web"), None, false), json!({"service": "web"}));
        assert_eq!(input(None, Some("main"), true), json!({"network": "main", "mode": "plan"}));
        assert_eq!(drift(None, None, false, None).unwrap().subject, "drift");
        assert!(invalid(&drift(Some("Web"), None, false, None).unwrap_err()).message.contains("SERVICE: "));
    }

    #[test]
    fn d6_a_yes_to_a_question_names_whose_it_is() {
        let yes = drift(Some("web"), None, false, Some("5f0c")).unwrap();
        assert_eq!(yes.input, json!({"service": "web", "approve": "5f0c"}));
        assert!(invalid(&drift(None, None, false, Some("5f0c")).unwrap_err()).message.contains("--approve: "));
    }

    #[test]
    fn a_proof_is_of_a_service_of_moat_or_of_any_other() {
        assert_eq!(verify("web", None, None).unwrap().input, json!({"service": "web"}));
        let arn = "arn:aws:ecs:us-east-1:123456789012:service/prod/api";
        let api = verify(arn, Some("prod"), Some("vpc-0a1b")).unwrap();
        assert_eq!(api.input, json!({"service": arn, "cluster": "prod", "vpc": "vpc-0a1b"}));
        assert_eq!(api.subject, "api");
        assert!(invalid(&verify("Web", None, None).unwrap_err()).message.contains("SERVICE: "));
    }

    fn removal<'a>(kind: &'static str, name: &'a str, confirm: Option<&'a str>) -> Removal<'a> {
        Removal { kind, name, confirm, with_services: false, is_plan: false }
    }

    #[test]
    fn a_teardown_repeats_the_name() {
        let order = removal("service", "web", Some("web")).order().unwrap();
        assert_eq!(order.input, json!({"service": "web", "confirm": "web"}));
        let all = Removal { with_services: true, ..removal("network", "main", Some("main")) };
        assert_eq!(all.order().unwrap().input, json!({"network": "main", "confirm": "main", "with": "services"}));
        let look = Removal { is_plan: true, ..removal("network", "main", None) };
        assert_eq!(look.order().unwrap().input, json!({"network": "main", "mode": "plan"}));
    }

    #[test]
    fn a_teardown_without_its_confirmation_starts_nothing_and_says_what_to_add() {
        let refused = [
            removal("service", "web", None),
            removal("network", "main", Some("web")),
            Removal { is_plan: true, ..removal("service", "web", Some("wbe")) },
            removal("service", "Web", Some("Web")),
        ]
        .map(|removal| removal.order().unwrap_err());
        assert!(refused.iter().all(|stop| stop.exit == Exit::Usage));
        insta::assert_snapshot!(refused.map(|stop| stop.message).join("\n"), @r#"
        service web would be removed for good: add --confirm web to do that, or --plan to see what would go. Nothing was started
        --confirm is "web", but the network to remove is "main". Nothing was started
        --confirm is "wbe", but the service to remove is "web". Nothing was started
        --service: "Web" has the character 'W'; a name has lower-case letters, digits and hyphens only. Nothing was started
        "#);
    }
}
