//! A local AWS with moat deployed on it, behind a proxy that the Lambdas call through.

use crate::faults::{Scheduled, Slowness};
use crate::proxy::Proxy;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

pub const ACCOUNT: &str = "000000000000";
pub const REGION: &str = "us-east-1";

/// A running local AWS. It ends with this value.
pub struct Local {
    root: PathBuf,
    dir: PathBuf,
    pub endpoint: String,
    pub proxy: Proxy,
    pub config: SdkConfig,
    pub sfn: aws_sdk_sfn::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub ssm: aws_sdk_ssm::Client,
}

/// How an execution ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub arn: String,
    pub status: ExecutionStatus,
    pub output: Value,
    pub error: String,
    pub cause: String,
}

impl Ended {
    /// The output of an execution that succeeded.
    ///
    /// # Panics
    /// When it did not, with its error and cause.
    pub fn output(&self) -> &Value {
        assert_eq!(self.status, ExecutionStatus::Succeeded, "{}: {}\n{}", self.arn, self.error, self.cause);
        &self.output
    }

    /// The steps that it took.
    pub fn changes(&self) -> Vec<String> {
        strings(&self.output()["changes"])
    }
}

pub fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("{list} is no list"));
    list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

impl Local {
    /// Starts the local AWS and the proxy on free ports, and deploys the stack.
    pub async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project is a folder");
        let port = free_port();
        let dir = std::env::temp_dir().join(format!("moat-test-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("the temporary folder can be written");
        let upstream = SocketAddr::from(([127, 0, 0, 1], port));
        let proxy = Proxy::start(upstream).await.expect("a port of this machine is free");
        let endpoint = format!("http://{upstream}");
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(&endpoint)
            .region(Region::new(REGION))
            .credentials_provider(aws_sdk_sfn::config::Credentials::new("test", "test", None, None, "tests"))
            .load()
            .await;
        let local = Self {
            root,
            dir,
            endpoint,
            proxy,
            sfn: aws_sdk_sfn::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            ecr: aws_sdk_ecr::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            config,
        };
        for script in ["local-up", "local-deploy"] {
            local.script(script, port).await;
        }
        local.push("hello", "1").await;
        local
    }

    /// Runs a script without blocking the proxy, and fails with what it printed.
    async fn script(&self, name: &str, port: u16) {
        let mut command = self.command(name, port);
        let run = move || command.output().expect("the script can be started");
        let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.expect("the script runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(status.success(), "scripts/{name} failed:\n{}\n{}", text(&stdout), text(&stderr));
    }

    fn command(&self, script: &str, port: u16) -> Command {
        let mut command = Command::new(self.root.join("scripts").join(script));
        command
            .current_dir(&self.root)
            .env("MOAT_LOCAL_PORT", port.to_string())
            .env("MOAT_LOCAL_DIR", &self.dir)
            .env("MOAT_LAMBDA_ENDPOINT", format!("http://{}", self.proxy.address))
            .env("MOAT_WAIT_SCALE", "0");
        command
    }

    fn port(&self) -> u16 {
        self.endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).expect("the endpoint has a port")
    }

    /// Sets the faults and the slowness of what comes next, and forgets the calls so far.
    pub fn plan(&self, scheduled: &[Scheduled], slowness: Slowness) {
        self.proxy.plan(scheduled, slowness);
    }

    /// Makes every wait of the state machines this many times as long; 0 for none.
    pub async fn scale_waits(&self, scale: f64) {
        let body = json!({"stepfunctions._SFN_WAIT_SCALE": scale}).to_string();
        let status = crate::proxy::post(&self.endpoint, "/_ministack/config", body).await;
        assert_eq!(status, 200, "the local AWS did not take the scale of waits");
    }

    /// Puts a small image into the local ECR. Its layers do not exist; nothing here pulls it.
    pub async fn push(&self, repository: &str, tag: &str) -> String {
        let made = self.ecr.create_repository().repository_name(repository).send().await;
        if let Err(error) = made {
            assert!(error.as_service_error().is_some_and(|e| e.is_repository_already_exists_exception()), "{error:?}");
        }
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": format!("sha256:{:064x}", tag.len())});
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [],
            "annotations": {"tag": tag}
        });
        let call = self.ecr.put_image().repository_name(repository).image_tag(tag).image_manifest(manifest.to_string());
        let answer = call.image_manifest_media_type("application/vnd.oci.image.manifest.v1+json").send().await;
        let image = answer.expect("the image can be put").image.expect("it was put");
        image.image_id.and_then(|id| id.image_digest).expect("it has a digest")
    }

    /// Starts `moat-provision` and does not wait for it.
    pub async fn start_provision(&self, input: &Value) -> String {
        let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:moat-provision");
        let call = self.sfn.start_execution().state_machine_arn(machine).input(input.to_string());
        call.send().await.expect("the machine is deployed").execution_arn
    }

    /// Starts `moat-provision` and waits for its end.
    pub async fn provision(&self, input: &Value) -> Ended {
        let arn = self.start_provision(input).await;
        self.end_of(&arn).await
    }

    /// Waits for the end of an execution.
    pub async fn end_of(&self, arn: &str) -> Ended {
        let begun = Instant::now();
        loop {
            let found = self.sfn.describe_execution().execution_arn(arn).send().await.expect("the execution is there");
            if *found.status() != ExecutionStatus::Running {
                let output = found.output().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                return Ended {
                    arn: arn.to_owned(),
                    status: found.status().clone(),
                    output,
                    error: found.error().unwrap_or_default().to_owned(),
                    cause: found.cause().unwrap_or_default().to_owned(),
                };
            }
            assert!(begun.elapsed() < Duration::from_secs(300), "{arn} does not end");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let ended = self.command("local-down", self.port()).output();
        if !ended.is_ok_and(|output| output.status.success()) {
            eprintln!("the local AWS on {} could not be ended", self.endpoint);
        }
        std::fs::remove_dir_all(&self.dir).ok();
    }
}

/// A port that nothing listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of this machine is free");
    listener.local_addr().expect("it is bound").port()
}
