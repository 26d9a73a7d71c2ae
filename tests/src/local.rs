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
        self.push_image(repository, tag, tag).await
    }

    /// The same with this content, on which alone the digest depends. Answers the digest.
    pub async fn push_image(&self, repository: &str, tag: &str, content: &str) -> String {
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": format!("sha256:{:064x}", content.len())});
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [],
            "annotations": {"tag": content}
        });
        self.put_image(repository, tag, &manifest).await
    }

    /// Puts an index whose images run on these architectures.
    pub async fn push_index(&self, repository: &str, tag: &str, architectures: &[&str]) -> String {
        let entry = |architecture: &&str| {
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2,
                "digest": format!("sha256:{:064x}", architecture.len()),
                "platform": {"os": "linux", "architecture": architecture}
            })
        };
        let manifests: Vec<Value> = architectures.iter().map(entry).collect();
        let kind = "application/vnd.oci.image.index.v1+json";
        self.put_image(repository, tag, &json!({"schemaVersion": 2, "mediaType": kind, "manifests": manifests})).await
    }

    async fn put_image(&self, repository: &str, tag: &str, manifest: &Value) -> String {
        let made = self.ecr.create_repository().repository_name(repository).send().await;
        if let Err(error) = made {
            assert!(error.as_service_error().is_some_and(|e| e.is_repository_already_exists_exception()), "{error:?}");
        }
        let call = self.ecr.put_image().repository_name(repository).image_tag(tag).image_manifest(manifest.to_string());
        let kind = manifest["mediaType"].as_str().expect("a media type");
        let image = match call.image_manifest_media_type(kind).send().await {
            Ok(answer) => answer.image.expect("it was put"),
            Err(error) => panic!("the image cannot be put: {error:?}"),
        };
        image.image_id.and_then(|id| id.image_digest).expect("it has a digest")
    }

    /// A certificate for this name. The local AWS issues it at once.
    pub async fn certificate(&self, domain: &str) -> String {
        let body = json!({"DomainName": domain});
        let answer = crate::proxy::ask(&self.endpoint, "acm", "CertificateManager.RequestCertificate", &body).await;
        answer["CertificateArn"].as_str().expect("it has an ARN").to_owned()
    }

    /// Starts a machine and does not wait for it.
    async fn begin(&self, name: &str, input: &Value) -> String {
        let call = self.sfn.start_execution().state_machine_arn(machine(name)).input(input.to_string());
        call.send().await.expect("the machine is deployed").execution_arn
    }

    /// Starts `moat-provision` and does not wait for it.
    pub async fn start_provision(&self, input: &Value) -> String {
        self.begin("moat-provision", input).await
    }

    /// Starts `moat-provision` and waits for its end.
    pub async fn provision(&self, input: &Value) -> Ended {
        self.end_of(&self.start_provision(input).await).await
    }

    /// Starts `moat-remediate` and waits for its end.
    pub async fn remediate(&self, order: &Value) -> Ended {
        self.end_of(&self.begin("moat-remediate", order).await).await
    }

    /// Starts `moat-verify` and waits for its end.
    pub async fn verify(&self, order: &Value) -> Ended {
        self.end_of(&self.begin("moat-verify", order).await).await
    }

    /// Starts `moat-teardown` and waits for its end.
    pub async fn tear_down(&self, order: &Value) -> Ended {
        self.end_of(&self.begin("moat-teardown", order).await).await
    }

    /// Takes away what drift remembers of a `network` or a `service`, as if a day had passed.
    pub async fn forget_drift(&self, kind: &str, name: &str) {
        let gone = self.ssm.delete_parameter().name(format!("/moat/drift/{kind}/{name}")).send().await;
        let is_absent = |error: &aws_sdk_ssm::error::SdkError<_>| {
            error
                .as_service_error()
                .is_some_and(aws_sdk_ssm::operation::delete_parameter::DeleteParameterError::is_parameter_not_found)
        };
        assert!(gone.as_ref().map_or_else(is_absent, |_| true), "{gone:?}");
    }

    /// The names of all parameters that have this word between their slashes.
    pub async fn parameters_of(&self, word: &str) -> Vec<String> {
        let call = self.ssm.get_parameters_by_path().path("/moat").recursive(true).into_paginator().send();
        let pages = call.collect::<Result<Vec<_>, _>>().await.expect("the parameters can be listed");
        let names = pages.iter().flat_map(|page| page.parameters()).filter_map(|found| found.name());
        names.filter(|name| name.split('/').any(|part| part == word)).map(str::to_owned).collect()
    }

    /// Starts `moat-rollout` with a person's command and waits for its end.
    pub async fn rollout(&self, command: &Value) -> Ended {
        self.end_of(&self.begin("moat-rollout", command).await).await
    }

    /// Posts an event to the default bus. The local AWS, like AWS, takes none of `aws.` sources.
    pub async fn post_event(&self, source: &str, detail_type: &str, detail: &Value) {
        let entry = json!({"Source": source, "DetailType": detail_type, "Detail": detail.to_string()});
        let entries = json!({ "Entries": [entry] });
        let answer = crate::proxy::ask(&self.endpoint, "events", "AWSEvents.PutEvents", &entries).await;
        assert_eq!(answer["FailedEntryCount"], 0, "the event was not taken: {answer}");
    }

    /// Posts the event of a pushed tag as any registry may, and waits for the end of the rollout that it starts.
    pub async fn pushed(&self, repository: &str, tag: &str, digest: &str) -> Ended {
        let before = self.rollouts().await;
        self.post_event("moat.registry", "ECR Image Action", &pushed(repository, tag, digest)).await;
        self.end_of(&self.rollouts_since(&before, 1).await[0]).await
    }

    /// The executions of `moat-rollout`.
    pub async fn rollouts(&self) -> Vec<String> {
        let call =
            self.sfn.list_executions().state_machine_arn(machine("moat-rollout")).into_paginator().items().send();
        let found = call.collect::<Result<Vec<_>, _>>().await.expect("the machine is deployed");
        found.into_iter().map(|execution| execution.execution_arn).collect()
    }

    /// The executions that have begun since, once there are so many.
    pub async fn rollouts_since(&self, before: &[String], number: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let new: Vec<String> = self.rollouts().await.into_iter().filter(|arn| !before.contains(arn)).collect();
            if new.len() >= number {
                return new;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{} of {number} rollouts have begun", new.len());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Stops an execution with those that it waits for, as AWS does. The local AWS stops the one that is named only.
    pub async fn stop(&self, arn: &str) {
        self.sfn.stop_execution().execution_arn(arn).send().await.expect("it can be stopped");
        let call = self
            .sfn
            .list_executions()
            .state_machine_arn(machine("moat-settle"))
            .status_filter(ExecutionStatus::Running);
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        for settling in found.expect("the machine is deployed") {
            let settling = settling.execution_arn;
            let found = self.sfn.describe_execution().execution_arn(&settling).send().await.expect("it is there");
            if found.input().is_some_and(|input| input.contains(arn)) {
                // It may have ended meanwhile.
                let _ = self.sfn.stop_execution().execution_arn(&settling).send().await;
            }
        }
        self.end_of(arn).await;
    }

    /// The digest that a service's task definition names.
    pub async fn deployed(&self, service: &str) -> String {
        let name = format!("moat-{service}");
        let found = self.ecs.describe_services().cluster(&name).services(&name).send().await.expect("it is there");
        let arn = found.services()[0].task_definition().expect("it has one").to_owned();
        let found = self.ecs.describe_task_definition().task_definition(arn).send().await.expect("it is there");
        let definition = found.task_definition.expect("it is there");
        let image = definition.container_definitions()[0].image().expect("it has an image");
        image.rsplit_once('@').map(|(_, digest)| digest.to_owned()).unwrap_or_default()
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

/// The detail of the event that ECR sends when a tag was pushed.
pub fn pushed(repository: &str, tag: &str, digest: &str) -> Value {
    json!({
        "action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-tag": tag, "image-digest": digest
    })
}

fn machine(name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}")
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
