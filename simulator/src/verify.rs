//! Judges one message: headers, body, device and token. Pure: bytes in, verdict out.

use hyper::header::{
    AsHeaderName, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, TRANSFER_ENCODING,
};

use crate::device::Registry;
use crate::senml::{self, Resolved};
use crate::token;

/// The header that carries the token.
pub const TOKEN_HEADER: &str = "things-message-token";

/// Longest part of a body that a sentence quotes, in characters.
const QUOTE_MAX: usize = 2_000;

/// What a reason means for the device; the configuration gives each a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A missing header or a wrong body.
    Malformed,
    /// The token could not be verified.
    Token,
    /// The device is not known.
    Device,
}

/// The way a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/ingestion/m2m/senml/v1`, through KPN's private network.
    M2m,
    /// `/ingestion/ip/senml/v1`, through the Internet.
    Internet,
}

impl Endpoint {
    /// The endpoint of a path.
    pub fn from_path(path: &str) -> Option<Self> {
        match path {
            "/ingestion/m2m/senml/v1" => Some(Self::M2m),
            "/ingestion/ip/senml/v1" => Some(Self::Internet),
            _ => None,
        }
    }

    /// How the URNs of its devices begin.
    fn urn_prefix(self) -> &'static str {
        match self {
            Self::M2m => "urn:dev:IMEI:",
            Self::Internet => "urn:dev:DVNUUID:",
        }
    }
}

/// One message as received.
pub struct Message<'a> {
    /// Where it was sent to.
    pub endpoint: Endpoint,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, complete.
    pub body: &'a [u8],
    /// The moment of reception in seconds since 1970.
    pub now: f64,
}

/// The judgement of a message.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Every reason to refuse, the one that decides the status first.
    pub reasons: Vec<(Class, String)>,
    /// What is odd but accepted.
    pub notes: Vec<String>,
    /// The first base name.
    pub device: Option<String>,
    /// The measurements.
    pub records: Vec<Resolved>,
}

impl Verdict {
    fn malformed(&mut self, sentence: impl Into<String>) {
        self.reasons.push((Class::Malformed, sentence.into()));
    }
}

/// Verifies `message` strictly and says everything that is wrong with it.
pub fn verify(registry: &Registry, message: &Message<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    check_headers(&mut verdict, message);
    match senml::parse(message.body) {
        Ok(pack) => {
            let checked = senml::check(&pack, message.now);
            for problem in checked.problems {
                verdict.malformed(problem);
            }
            verdict.notes.extend(checked.notes);
            verdict.records = checked.records;
            verdict.device = senml::first_base_name(&pack).map(str::to_owned);
        }
        Err(problem) => {
            let problem = match message.body.iter().position(|&byte| byte == 0) {
                Some(at) => format!("{problem}; there is a NUL byte at offset {at}"),
                None => problem,
            };
            verdict.malformed(problem);
        }
    }
    if let Some(urn) = verdict.device.clone() {
        check_device(&mut verdict, registry, message, &urn);
    }
    verdict
}

fn check_headers(verdict: &mut Verdict, message: &Message<'_>) {
    let headers = message.headers;
    if one(verdict, headers, HOST, "Host").is_some_and(str::is_empty) {
        verdict.malformed("header Host is empty");
    }
    if let Some(content_type) = one(verdict, headers, CONTENT_TYPE, "Content-Type") {
        let (media_type, parameters) = match content_type.split_once(';') {
            Some((media_type, parameters)) => (media_type.trim_end(), Some(parameters.trim())),
            None => (content_type, None),
        };
        if !media_type.eq_ignore_ascii_case("application/json") {
            verdict.malformed(format!(
                "Content-Type is {content_type:?} instead of application/json"
            ));
        } else if let Some(parameters) = parameters {
            verdict.notes.push(format!(
                "Content-Type carries {parameters:?}, which application/json does not need"
            ));
        }
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        verdict.malformed("header Transfer-Encoding: the platform takes Content-Length only");
    } else {
        one(verdict, headers, CONTENT_LENGTH, "Content-Length");
    }
}

/// The text of a header that must stand in the head exactly once.
fn one<'a>(
    verdict: &mut Verdict,
    headers: &'a HeaderMap,
    header: impl AsHeaderName,
    name: &str,
) -> Option<&'a str> {
    let mut values = headers.get_all(header).iter();
    let Some(first) = values.next() else {
        verdict.malformed(format!("header {name} is missing"));
        return None;
    };
    if values.next().is_some() {
        verdict.malformed(format!("header {name} stands twice"));
        return None;
    }
    let text = first.to_str();
    if text.is_err() {
        verdict.malformed(format!("header {name} has bytes outside of ASCII"));
    }
    text.ok()
}

fn check_device(verdict: &mut Verdict, registry: &Registry, message: &Message<'_>, urn: &str) {
    if !urn.starts_with(message.endpoint.urn_prefix()) {
        verdict.notes.push(format!(
            "{urn} on the path of {} devices",
            message.endpoint.urn_prefix()
        ));
    }
    let Some(device) = registry.find(urn) else {
        verdict
            .reasons
            .push((Class::Device, format!("device {urn} is not registered")));
        return;
    };
    let tokens = message.headers.get_all(TOKEN_HEADER).iter().count();
    let Some(secret) = device.secret() else {
        if tokens > 0 {
            verdict.notes.push(
                "the token was not verified: the device is registered without a secret".to_owned(),
            );
        }
        return;
    };
    let Some(got) = one(
        verdict,
        message.headers,
        TOKEN_HEADER,
        "Things-Message-Token",
    ) else {
        return;
    };
    let expected = token::token(message.body, secret);
    if got == expected {
        return;
    }
    let mut sentence = match token::form_error(got) {
        Some(problem) => format!("{problem}: expected {expected}, got {got}"),
        None => format!("token differs: expected {expected}, got {got}"),
    };
    if let Some(meaning) = token::diagnose(message.body, secret, got) {
        sentence.push_str("; ");
        sentence.push_str(meaning);
    }
    sentence.push_str(&format!(
        "; the body hashed is {} bytes: {}",
        message.body.len(),
        quote(message.body)
    ));
    verdict.reasons.push((Class::Token, sentence));
}

/// Bytes as one line of text, cut when long.
pub fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut quoted: String = text
        .chars()
        .take(QUOTE_MAX)
        .flat_map(|c| {
            // Quotation marks stay as they are: JSON is full of them.
            let plain = c == '"' || c == '\'';
            let escaped = (!plain).then(|| c.escape_debug());
            plain
                .then_some(c)
                .into_iter()
                .chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(QUOTE_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_on_one_line() {
        assert_eq!(quote(b"a\r\n\0\"\xff"), "a\\r\\n\\0\"\u{fffd}");
        assert_eq!(quote(&[b'x'; 3000]).chars().count(), QUOTE_MAX + 1);
    }
}
