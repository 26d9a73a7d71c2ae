//! AWS as far as one test needs it: answers by the name of the action, and every call on record.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What comes back.
#[derive(Debug, Clone)]
pub enum Answer {
    Body(String),
    /// An error with this HTTP status, code and message.
    Error(u16, &'static str, &'static str),
    /// A status and a body that is not AWS's, as a proxy on the way sends it.
    Page(u16),
    /// The connection broke. AWS may or may not have done it.
    Lost,
    TimedOut,
}

/// The beginning of an answer whose rest was lost.
pub const TORN: &str = "<Create";

impl Answer {
    pub fn error(code: &'static str) -> Self {
        Self::Error(400, code, "so it says.")
    }
}

impl From<&str> for Answer {
    fn from(body: &str) -> Self {
        Self::Body(body.to_owned())
    }
}

impl From<String> for Answer {
    fn from(body: String) -> Self {
        Self::Body(body)
    }
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self::Body(body.to_string())
    }
}

/// One request as it went out.
#[derive(Debug, Clone)]
pub struct Call {
    pub action: String,
    pub host: String,
    /// The parameters of a query protocol, decoded; empty for JSON.
    pub fields: BTreeMap<String, String>,
    /// The body of a JSON protocol; null for query.
    pub json: Value,
}

impl Call {
    /// A parameter by its name on the wire; empty when it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The filters or tags of an EC2 or ELB call: names with their values, in order.
    pub fn pairs(&self, prefix: &str, name: &str, value: &str) -> Vec<(String, String)> {
        let pair = |i: usize| Some((self.fields.get(&format!("{prefix}.{i}.{name}"))?, i));
        let value = |i: usize| self.field(&format!("{prefix}.{i}.{value}")).to_owned();
        (1..).map_while(pair).map(|(name, i)| (name.clone(), value(i))).collect()
    }

    pub fn filters(&self) -> Vec<(String, String)> {
        self.pairs("Filter", "Name", "Value.1")
    }
}

type Respond = Arc<dyn Fn(&Call) -> Answer + Send + Sync>;

#[derive(Default)]
struct State {
    scripts: BTreeMap<String, VecDeque<Answer>>,
    responders: BTreeMap<String, Respond>,
    calls: Vec<Call>,
}

#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<State>>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Answers an action with these, one after the other; the last one answers for ever after.
    pub fn on<A: Into<Answer>>(self, action: &str, answers: impl IntoIterator<Item = A>) -> Self {
        self.with(|state| state.scripts.insert(action.to_owned(), answers.into_iter().map(Into::into).collect()));
        self
    }

    pub fn respond(self, action: &str, respond: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        self.with(|state| state.responders.insert(action.to_owned(), Arc::new(respond)));
        self
    }

    /// What a Lambda in eu-west-1 has, but impatient: three attempts, a millisecond apart.
    pub fn config(&self) -> SdkConfig {
        let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
        let credentials = Credentials::new("id", "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries)
            .http_client(self.clone())
            .build()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.with(|state| state.calls.clone())
    }

    pub fn count(&self, action: &str) -> usize {
        self.calls().iter().filter(|call| call.action == action).count()
    }

    /// The one call of this action.
    #[track_caller]
    pub fn call(&self, action: &str) -> Call {
        let calls = self.calls();
        let of: Vec<&Call> = calls.iter().filter(|call| call.action == action).collect();
        let [call] = of[..] else { panic!("{} calls of {action} among {calls:#?}", of.len()) };
        call.clone()
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, call: &Call) -> Answer {
        let respond = self.with(|state| {
            state.calls.push(call.clone());
            state.responders.get(&call.action).cloned()
        });
        if let Some(respond) = respond {
            return respond(call);
        }
        let scripted = self.with(|state| {
            let script = state.scripts.get_mut(&call.action)?;
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        });
        let nothing = || match call.json {
            // An account in which there is nothing.
            Value::Null => Answer::Body(String::new()),
            _ => Answer::Body("{}".to_owned()),
        };
        scripted.unwrap_or_else(nothing)
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = read(&request);
        HttpConnectorFuture::ready(match self.answer(&call) {
            Answer::Body(body) => Ok(response(200, wrapped(&call, body))),
            Answer::Error(status, code, message) => Ok(response(status, error(&call, code, message))),
            Answer::Page(status) => Ok(response(status, "<html>Bad Gateway".into())),
            Answer::Lost => Err(ConnectorError::io("the connection broke".into())),
            Answer::TimedOut => Err(ConnectorError::timeout("no answer".into())),
        })
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

/// Query answers are written without their envelope.
fn wrapped(call: &Call, body: String) -> String {
    let action = &call.action;
    if call.json != Value::Null || body == TORN {
        return body;
    }
    match call.host.starts_with("ec2.") {
        true => format!("<{action}Response>{body}</{action}Response>"),
        false => format!("<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"),
    }
}

fn error(call: &Call, code: &str, message: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    match (&call.json, call.host.starts_with("ec2.")) {
        (Value::Null, true) => format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"),
        (Value::Null, false) => format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"),
        (_, _) => serde_json::json!({ "__type": code, "message": message }).to_string(),
    }
}

fn read(request: &HttpRequest) -> Call {
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    let host = request.uri().trim_start_matches("https://").trim_end_matches('/').to_owned();
    if let Some(target) = request.headers().get("x-amz-target") {
        let action = target.rsplit('.').next().unwrap_or_default().to_owned();
        return Call { action, host, fields: BTreeMap::new(), json: serde_json::from_str(&body).expect("JSON") };
    }
    let fields: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    Call { action: fields.get("Action").cloned().unwrap_or_default(), host, fields, json: Value::Null }
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().replace('+', " ").into_bytes();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).expect("two hexadecimal digits"));
        bytes.extend(rest.replace('+', " ").into_bytes());
    }
    String::from_utf8(bytes).expect("UTF-8")
}
