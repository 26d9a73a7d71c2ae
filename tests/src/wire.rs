//! Which AWS operation an HTTP request is.

/// An operation with its service, such as `ec2 CreateVpc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub service: String,
    pub name: String,
}

impl Operation {
    /// Reads it from the target header of the JSON protocols, or from the form of the query protocols.
    ///
    /// `scope` is the credential scope of the request's signature, which names the service.
    pub fn of(target: Option<&str>, authorization: Option<&str>, body: &[u8]) -> Option<Self> {
        let service = authorization.and_then(|text| text.split('/').nth(3)).unwrap_or_default().to_owned();
        if let Some((_, name)) = target.and_then(|target| target.rsplit_once('.')) {
            return Some(Self { service, name: name.to_owned() });
        }
        let form = std::str::from_utf8(body).ok()?;
        let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="))?;
        Some(Self { service, name: action.to_owned() })
    }

    /// Whether it may change something. Everything else is reading.
    pub fn is_mutating(&self) -> bool {
        !["Describe", "Get", "List", "BatchGet"].iter().any(|verb| self.name.starts_with(verb))
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.service, self.name)
    }
}

/// The value of a field in a form or in JSON, found by its name. Enough for client tokens and names, which need no
/// unescaping.
pub fn field(body: &[u8], form: &str, json: &str) -> Option<String> {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        return value.get(json)?.as_str().map(str::to_owned);
    }
    let text = std::str::from_utf8(body).ok()?;
    text.split('&').find_map(|pair| pair.strip_prefix(form)?.strip_prefix('=')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: Option<&str> = Some("AWS4-HMAC-SHA256 Credential=ASIA/20260101/us-east-1/ec2/aws4_request, more");

    #[test]
    fn an_operation_is_known_by_its_form_or_its_target() {
        let query = Operation::of(None, SIGNED, b"Action=CreateVpc&Version=2016").unwrap();
        assert_eq!(query.to_string(), "ec2 CreateVpc");
        assert!(query.is_mutating());
        let json = Operation::of(Some("AmazonSSM.GetParameter"), SIGNED, b"{}").unwrap();
        assert_eq!(json.name, "GetParameter");
        assert!(!json.is_mutating());
    }

    #[test]
    fn a_client_token_is_found_in_both_protocols() {
        assert_eq!(field(b"Action=X&ClientToken=abc&Y=1", "ClientToken", "clientToken").unwrap(), "abc");
        assert_eq!(field(br#"{"clientToken":"abc"}"#, "ClientToken", "clientToken").unwrap(), "abc");
        assert_eq!(field(b"Action=X", "ClientToken", "clientToken"), None);
    }
}
