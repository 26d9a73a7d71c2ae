//! The command line.

use crate::exit;
use clap::{ArgGroup, Args, Parser, Subcommand};

/// Private Fargate networks and services, provisioned by Step Functions in your own AWS account.
#[derive(Debug, Parser)]
#[command(name = "moat", version, after_help = exit::TABLE, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub place: Place,
    /// Print the result as JSON on stdout; a failure too, as {"outcome":"failed","error":…,"message":…}
    #[arg(long, global = true)]
    pub json: bool,
    /// Stop following after this many seconds; the execution goes on (exit code 6)
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Start(Start),
    /// Follow an execution that was started before, or show how it ended
    #[command(after_help = exit::TABLE)]
    Follow {
        /// The execution's ARN, or its name
        execution: String,
    },
}

/// The verbs that start an execution.
#[derive(Debug, Subcommand)]
pub enum Start {
    /// Bring the account to what FILE says, and follow it until it is settled and proven
    #[command(after_help = exit::TABLE)]
    Provision {
        /// A JSON document with "network", "service" or both; - reads stdin
        file: String,
    },
    /// Show the steps that a provision would take; change nothing
    #[command(after_help = exit::TABLE)]
    Plan {
        /// A JSON document with "network", "service" or both; - reads stdin
        file: String,
        /// Exit with 10 when there is something to do, and with 0 when there is not
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Look whether SERVICE has a newer image and roll it; or deploy the one that is named. Follow it to its outcome
    #[command(after_help = exit::TABLE)]
    Roll {
        /// The service's name
        service: String,
        /// Deploy this image whatever the rules say: "previous", or a digest (sha256:…)
        #[arg(long, value_name = "IMAGE")]
        to: Option<String>,
        /// Let this digest (sha256:…) out of quarantine, then look
        #[arg(long, value_name = "DIGEST")]
        release: Option<String>,
    },
    /// Find what is no longer as it was asked for, everywhere or in one place, and mend what is safe
    #[command(after_help = exit::TABLE)]
    Drift {
        /// One service only
        service: Option<String>,
        /// One network only
        #[arg(long, value_name = "NAME", conflicts_with = "service")]
        network: Option<String>,
        /// Look only; change nothing
        #[arg(long)]
        plan: bool,
        /// Say yes to the open question with this id, as the report gives it
        #[arg(long, value_name = "ID", conflicts_with = "plan")]
        approve: Option<String>,
        /// Exit with 10 when something is left to do, and with 0 when nothing is
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Prove that the tasks of a service are private and reach what they need, whoever made it; change nothing
    #[command(after_help = exit::TABLE)]
    Verify {
        /// A service of moat's by its name; with --cluster any ECS service
        #[arg(long, value_name = "NAME")]
        service: String,
        /// The name or ARN of the ECS cluster, where moat did not make the service
        #[arg(long, value_name = "NAME")]
        cluster: Option<String>,
        /// The VPC that the service is expected in
        #[arg(long, value_name = "ID", requires = "cluster")]
        vpc: Option<String>,
        /// Print the ways as a Mermaid flowchart, and nothing else
        #[arg(long, conflicts_with = "json")]
        picture: bool,
    },
    /// Remove a service, or a network, for good
    #[command(after_help = exit::TABLE, group = ArgGroup::new("what").args(["service", "network"]).required(true))]
    Teardown {
        /// The service to remove
        #[arg(long, value_name = "NAME")]
        service: Option<String>,
        /// The network to remove
        #[arg(long, value_name = "NAME")]
        network: Option<String>,
        /// The same name once more: there is no way back
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Remove the services of the network first; without it a network in use is refused
        #[arg(long, conflicts_with = "service")]
        with_services: bool,
        /// Show what would go; remove nothing
        #[arg(long)]
        plan: bool,
    },
}

/// Where moat is deployed. The same chain as the AWS CLI's fills in what is not given.
#[derive(Debug, Args)]
pub struct Place {
    /// AWS region [default: AWS_REGION, or that of the profile]
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// Profile in the AWS configuration files [default: AWS_PROFILE]
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Address of the AWS API, for a local AWS [default: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Name or ARN of the state machine [default: moat-provision, moat-rollout …, as the verb is]
    #[arg(long, global = true, env = "MOAT_MACHINE")]
    pub machine: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_may_stand_after_the_verb() {
        let cli = Cli::parse_from(["moat", "plan", "-", "--region", "eu-central-1", "--json", "--detailed-exitcode"]);
        assert!(cli.json);
        assert_eq!(cli.place.region.as_deref(), Some("eu-central-1"));
        assert!(matches!(cli.command, Command::Start(Start::Plan { file, detailed_exitcode: true }) if file == "-"));
    }

    #[test]
    fn a_proof_names_a_service_and_may_name_where_it_is() {
        let parses = |args: &[&str]| Cli::try_parse_from(["moat", "verify"].iter().chain(args)).is_ok();
        assert!(parses(&["--service", "web", "--picture"]));
        assert!(parses(&["--vpc", "vpc-0a1b", "--cluster", "prod", "--service", "api"]));
        assert!(!parses(&["--cluster", "prod"]));
        assert!(!parses(&["--vpc", "vpc-0a1b", "--service", "web"]));
        assert!(!parses(&["--service", "web", "--picture", "--json"]));
    }

    #[test]
    fn a_teardown_names_one_thing() {
        let parses = |args: &[&str]| Cli::try_parse_from(["moat", "teardown"].iter().chain(args)).is_ok();
        assert!(parses(&["--network", "main", "--with-services", "--confirm", "main"]));
        assert!(!parses(&["--confirm", "web"]));
        assert!(!parses(&["--service", "web", "--network", "main"]));
        assert!(!parses(&["--service", "web", "--with-services"]));
        assert!(Cli::try_parse_from(["moat", "drift", "web", "--network", "main"]).is_err());
    }
}
