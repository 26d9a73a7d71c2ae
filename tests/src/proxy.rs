//! A proxy in front of the local AWS. It makes one changing call fail on purpose, shows new NAT gateways as pending
//! and load balancers as provisioning for a while, honours client tokens and tells tags as AWS does, and counts every call.

use crate::buckets::Buckets;
use crate::faults::{Fault, Scheduled, Slowness};
use crate::tagging;
use crate::wire::{Operation, field};
use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat as Format};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;

/// One call that went through, in order.
#[derive(Debug, Clone)]
pub struct Call {
    pub operation: Operation,
    pub status: u16,
    pub fault: Option<Fault>,
}

/// From one answer to another.
#[derive(Clone)]
struct Rewrite(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl std::fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rewrite")
    }
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    mutating: usize,
    scheduled: Vec<Scheduled>,
    /// What was refused once is refused from then on, as by a role.
    denied: Option<String>,
    slowness: Slowness,
    /// AWS's token buckets, where they count.
    buckets: Option<Buckets>,
    /// An operation that is answered as done and never done.
    pretended: Option<&'static str>,
    /// What an operation of a JSON service answers instead, made from what it would have answered.
    shown: BTreeMap<&'static str, Rewrite>,
    /// When the newest NAT gateway and load balancer were created.
    created: BTreeMap<&'static str, Instant>,
    /// First answers by client token: AWS gives them again.
    answers: BTreeMap<String, (StatusCode, Bytes)>,
}

/// A running proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

type Answer = Response<Full<Bytes>>;

impl Proxy {
    /// Listens on a free port of this machine, in front of `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let proxy = Self { address: listener.local_addr()?, state: Arc::default() };
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (proxy, client) = (serving.clone(), client.clone());
                let service = service_fn(move |request| {
                    let (proxy, client) = (proxy.clone(), client.clone());
                    async move { proxy.pass_on(&client, upstream, request).await }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // An error here is a connection that one side closed, as lost answers are meant to.
                tokio::spawn(async move { connection.await.ok() });
            }
        });
        Ok(proxy)
    }

    /// Forgets counts and faults, and sets new ones.
    pub fn plan(&self, scheduled: &[Scheduled], slowness: Slowness) {
        let answers = std::mem::take(&mut self.state().answers);
        *self.state() = State { scheduled: scheduled.to_vec(), slowness, answers, ..State::default() };
    }

    /// From now to the next [`Self::plan`], calls beyond AWS's token buckets are throttled as AWS does.
    pub fn limit(&self) {
        self.state().buckets = Some(Buckets::default());
    }

    /// How far each bucket has gone down since [`Self::limit`], as a share of what it holds.
    pub fn lowest(&self) -> BTreeMap<&'static str, f64> {
        self.state().buckets.as_ref().map(|buckets| buckets.lowest().clone()).unwrap_or_default()
    }

    /// From now to the next [`Self::plan`], this operation of a JSON service is answered as done, and not done.
    pub fn pretend(&self, operation: &'static str) {
        self.state().pretended = Some(operation);
    }

    /// From now to the next [`Self::plan`], every service that the Lambdas see is shown like this.
    pub fn show_services(&self, rewrite: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.show("DescribeServices", move |answer| {
            answer["services"].as_array_mut().into_iter().flatten().for_each(&rewrite);
        });
    }

    /// From now to the next [`Self::plan`], the Lambdas see what this makes of the answers of a JSON service's operation.
    pub fn show(&self, operation: &'static str, rewrite: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.state().shown.insert(operation, Rewrite(Arc::new(rewrite)));
    }

    /// The calls since the last [`Self::plan`].
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The changing ones among them.
    pub fn changes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.operation.is_mutating()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the state")
    }

    async fn pass_on(
        &self,
        client: &Client<HttpConnector, Full<Bytes>>,
        upstream: SocketAddr,
        request: Request<Incoming>,
    ) -> io::Result<Answer> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let operation = Operation::of(header("x-amz-target"), header(AUTHORIZATION.as_str()), &body);
        let fault = operation.as_ref().and_then(|operation| self.fault(operation));
        if let (Some(operation), Some(fault @ (Fault::Refused | Fault::Throttled))) = (&operation, fault) {
            let answer = refusal(operation, fault);
            self.record(operation, answer.status(), Some(fault));
            return Ok(answer);
        }
        if let Some(operation) = operation.as_ref().filter(|operation| self.state().pretended == Some(&operation.name))
        {
            self.record(operation, StatusCode::OK, None);
            return Ok(answer(StatusCode::OK, None, Bytes::from_static(b"{}")));
        }
        let token = field(&body, "ClientToken", "clientToken").filter(|_| operation.is_some());
        let asked = body.clone();
        let known = token.as_ref().and_then(|token| self.state().answers.get(token).cloned());
        let (status, bytes, headers) = match known {
            Some((status, bytes)) => (status, bytes, None),
            None => {
                // The host header stays as it came: the signature covers it.
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                parts.uri = format!("http://{upstream}{path}").parse().map_err(io::Error::other)?;
                let answer =
                    client.request(Request::from_parts(parts, Full::new(body))).await.map_err(io::Error::other)?;
                let (head, body) = answer.into_parts();
                let bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
                (head.status, bytes, Some(head.headers))
            }
        };
        let Some(operation) = operation else { return Ok(answer(status, headers, bytes)) };
        let bytes = match operation.name.as_str() {
            "GetResources" => tagging::complete(upstream, &asked, bytes).await,
            _ => bytes,
        };
        if let Some(token) = token.filter(|_| status.is_success()) {
            self.state().answers.insert(token, (status, bytes.clone()));
        }
        self.record(&operation, status, fault);
        if fault == Some(Fault::Lost) {
            return Err(io::Error::other("the answer is lost on purpose"));
        }
        Ok(answer(status, headers, self.slowed(&operation, bytes)))
    }

    /// The fault of this call, if its bucket is empty, or if it is a changing one whose turn has come.
    ///
    /// Only what makes the resources of a provision counts: locks and records are not its steps.
    fn fault(&self, operation: &Operation) -> Option<Fault> {
        if self.state().buckets.as_mut().is_some_and(|buckets| !buckets.take(operation, Instant::now())) {
            return Some(Fault::Throttled);
        }
        if !operation.is_mutating() || operation.service == "ssm" {
            return None;
        }
        let mut state = self.state();
        state.mutating += 1;
        let at = state.mutating;
        if state.denied.as_ref() == Some(&operation.name) {
            return Some(Fault::Refused);
        }
        let fault = state.scheduled.iter().find(|scheduled| scheduled.at == at).map(|scheduled| scheduled.fault);
        if fault == Some(Fault::Refused) {
            state.denied = Some(operation.name.clone());
        }
        fault
    }

    fn record(&self, operation: &Operation, status: StatusCode, fault: Option<Fault>) {
        let mut state = self.state();
        if status.is_success() {
            let now = Instant::now();
            match operation.name.as_str() {
                "CreateNatGateway" => _ = state.created.insert("nat-gateway", now),
                "CreateLoadBalancer" => _ = state.created.insert("load-balancer", now),
                _ => {}
            }
        }
        state.calls.push(Call { operation: operation.clone(), status: status.as_u16(), fault });
    }

    /// Shows new resources as AWS does while it is still at work on them, and as old as they would be there.
    fn slowed(&self, operation: &Operation, bytes: Bytes) -> Bytes {
        let state = self.state();
        if let Some(Rewrite(rewrite)) = state.shown.get(operation.name.as_str()) {
            let mut answer: Value = serde_json::from_slice(&bytes).expect("the service speaks JSON");
            rewrite(&mut answer);
            return Bytes::from(answer.to_string());
        }
        let (kind, time, from, to, field) = match operation.name.as_str() {
            "CreateNatGateway" | "DescribeNatGateways" => {
                let (from, to) = ("<state>available</state>", "<state>pending</state>");
                ("nat-gateway", state.slowness.nat_gateway, from, to, "createTime")
            }
            "CreateLoadBalancer" | "DescribeLoadBalancers" => {
                let (from, to) = ("<Code>active</Code>", "<Code>provisioning</Code>");
                ("load-balancer", state.slowness.load_balancer, from, to, "CreatedTime")
            }
            _ => return bytes,
        };
        let (Some(created), Ok(text)) = (state.created.get(kind), std::str::from_utf8(&bytes)) else { return bytes };
        let age = created.elapsed();
        let text = if age < time { text.replace(from, to) } else { text.to_owned() };
        Bytes::from(aged(&text, field, age * (state.slowness.hurry + 1)))
    }
}

/// The text with every time in this element set to `age` ago.
fn aged(text: &str, field: &str, age: Duration) -> String {
    let (open, close) = (format!("<{field}>"), format!("</{field}>"));
    let then = DateTime::from(SystemTime::now() - age).fmt(Format::DateTime).expect("a time of this century");
    let mut parts = text.split(&open);
    let mut aged = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once(&close).map_or(part, |(_, rest)| rest);
        aged.extend([&open, then.as_str(), &close, rest]);
    }
    aged
}

fn answer(status: StatusCode, headers: Option<hyper::HeaderMap>, bytes: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(bytes));
    *answer.status_mut() = status;
    let kept = headers.into_iter().flatten().filter_map(|(name, value)| Some((name?, value)));
    let kept = kept.filter(|(name, _)| *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING);
    answer.headers_mut().extend(kept);
    answer
}

/// How AWS refuses, in the protocol of the service.
fn refusal(operation: &Operation, fault: Fault) -> Answer {
    let denied = fault == Fault::Refused;
    let status = match (denied, operation.service.as_str()) {
        (true, _) => StatusCode::FORBIDDEN,
        (false, "ec2") => StatusCode::SERVICE_UNAVAILABLE,
        (false, _) => StatusCode::BAD_REQUEST,
    };
    let message = format!("{} is made to fail by a test", operation.name);
    let text = match operation.service.as_str() {
        "ec2" => {
            let code = if denied { "UnauthorizedOperation" } else { "RequestLimitExceeded" };
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>test</RequestID></Response>"
            )
        }
        "elasticloadbalancing" => {
            let code = if denied { "AccessDenied" } else { "Throttling" };
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>test</RequestId></ErrorResponse>"
            )
        }
        _ => {
            let code = if denied { "AccessDeniedException" } else { "ThrottlingException" };
            format!(r#"{{"__type":"{code}","message":"{message}"}}"#)
        }
    };
    answer(status, None, Bytes::from(text))
}

/// Posts JSON to a server on this machine; its status.
pub async fn post(endpoint: &str, path: &str, body: String) -> u16 {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("{endpoint}{path}")).header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(body))).expect("the request is well formed");
    client.request(request).await.map_or(0, |answer| answer.status().as_u16())
}

/// Calls an operation of a JSON service for which there is no client here; its answer.
///
/// # Panics
/// When there is no answer, or it is an error.
pub async fn ask(endpoint: &str, service: &str, target: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    let text = send(endpoint, service, &headers, body.to_string()).await;
    serde_json::from_str(&text).expect("the answer is JSON")
}

/// The same for a service with a query protocol: `form` is the request, the answer XML.
///
/// # Panics
/// When there is no answer, or it is an error.
pub async fn ask_form(endpoint: &str, service: &str, form: String) -> String {
    send(endpoint, service, &[("content-type", "application/x-www-form-urlencoded")], form).await
}

async fn send(endpoint: &str, service: &str, headers: &[(&str, &str)], body: String) -> String {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    // The local AWS knows who asks by the key, and does not check the signature.
    let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
    let request = Request::post(endpoint).header(AUTHORIZATION, format!("{scope}, SignedHeaders=host, Signature=none"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Full::new(Bytes::from(body))).expect("the request is well formed");
    let answer = client.request(request).await.expect("the local AWS answers");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("the answer has a body").to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(status.is_success(), "{service} {headers:?}: {status} {text}");
    text
}
