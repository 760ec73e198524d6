// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verifies one message: headers, body, device and token. Pure: bytes in, verdict out.

use hyper::header::{
    AsHeaderName, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, TRANSFER_ENCODING,
};

use super::device::Registry;
use super::event::Token;
use super::senml::{self, Resolved};
use super::token;

/// The header that carries the token.
pub const TOKEN_HEADER: &str = "things-message-token";

/// Longest part of a body that a sentence quotes, in characters.
const QUOTE_MAX: usize = 2_000;

/// What a reason means for the device; the configuration maps each to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A missing header or a wrong body.
    Malformed,
    /// The token could not be verified.
    Token,
    /// The device is not known.
    Device,
}

/// The path by which a message came in.
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

    /// The prefix of its devices' URNs.
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
    /// The time of reception in seconds since 1970.
    pub now: f64,
}

/// The subject of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The request line.
    Request,
    /// A header that is present, or should be.
    Header(&'static str),
    /// The body as a whole.
    Body,
    /// A byte of the body.
    Byte(usize),
    /// A record, from 0, and a label of it.
    Record(usize, Option<String>),
}

/// One reason to refuse a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it means.
    pub class: Class,
    /// The sentence that describes it.
    pub sentence: String,
    /// Where it shows.
    pub place: Place,
    /// What to do about it.
    pub advice: String,
}

impl Reason {
    /// A reason that makes the message malformed.
    pub fn malformed(place: Place, sentence: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            class: Class::Malformed,
            sentence: sentence.into(),
            place,
            advice: advice.into(),
        }
    }
}

/// The verdict on a message.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Every reason to refuse, the one that decides the status first.
    pub reasons: Vec<Reason>,
    /// What is odd but accepted.
    pub notes: Vec<String>,
    /// The first base name.
    pub device: Option<String>,
    /// The state of the token, if the device is known.
    pub token: Option<Token>,
    /// The measurements.
    pub records: Vec<Resolved>,
}

impl Verdict {
    fn malformed(&mut self, place: Place, sentence: impl Into<String>, advice: &str) {
        self.reasons
            .push(Reason::malformed(place, sentence, advice));
    }
}

/// Verifies `message` strictly and reports everything that is wrong with it.
pub fn verify(registry: &Registry, message: &Message<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    check_headers(&mut verdict, message);
    match senml::parse(message.body) {
        Ok(pack) => {
            let checked = senml::check(&pack, message.now);
            for problem in checked.problems {
                let advice = advice_for(&problem);
                let place = match problem.record {
                    Some(record) => Place::Record(record, problem.label),
                    None => Place::Body,
                };
                verdict.malformed(place, problem.sentence, advice);
            }
            verdict.notes.extend(checked.notes);
            verdict.records = checked.records;
            verdict.device = senml::first_base_name(&pack).map(str::to_owned);
        }
        Err(problem) => {
            let nul = message.body.iter().position(|&byte| byte == 0);
            let (sentence, advice) = match nul {
                Some(at) => (
                    format!("{}; there is a NUL byte at offset {at}", problem.sentence),
                    "Send the text without the NUL that ends it in memory.",
                ),
                None => (
                    problem.sentence,
                    "Send one JSON array of objects in UTF-8, whole, with nothing behind it.",
                ),
            };
            let place = Place::Byte(nul.unwrap_or(problem.at));
            verdict.malformed(place, sentence, advice);
        }
    }
    if let Some(urn) = verdict.device.clone() {
        check_device(&mut verdict, registry, message, &urn);
    }
    verdict
}

/// The text about a chunked body.
pub const NO_CHUNKS: &str = "header Transfer-Encoding: the platform takes Content-Length only";
/// What to do about it.
pub const NO_CHUNKS_ADVICE: &str =
    "Send the length of the body in `Content-Length`, and the body in one piece.";

/// What to do about a problem of a pack.
fn advice_for(problem: &senml::Problem) -> &'static str {
    match problem.label.as_deref() {
        Some("bn") => "Write the device's URN and a colon behind it.",
        Some("bver") => "Leave `bver` out.",
        Some("n") => "Begin with a letter or a digit; then letters, digits and `- : . / _`.",
        Some("u" | "bu") => "Write a unit of the registry as a string, or leave it out.",
        Some("v" | "bv" | "s" | "bs" | "t" | "bt" | "ut") => {
            "Write a JSON number that a double can hold: no string, no NaN, no infinity."
        }
        Some("vb") => "Write `true` or `false`, without quotation marks.",
        Some("vs") => "Write a string in quotation marks.",
        Some("vd") => "Write base64url without padding, in quotation marks.",
        Some("i_") => "Write name and unit instead of the index of ThingsML.",
        Some(_) => "Leave the label out.",
        None if problem.record.is_some() => {
            "A measurement has one name `n` and one of `v`, `vs`, `vb`, `vd`; the first record has `bn`."
        }
        None => "Begin the pack with a record that has `bn`, the device's URN and a colon.",
    }
}

fn check_headers(verdict: &mut Verdict, message: &Message<'_>) {
    let headers = message.headers;
    if one(verdict, headers, HOST, "Host").is_some_and(str::is_empty) {
        verdict.malformed(
            Place::Header("Host"),
            "header Host is empty",
            "Send `Host: m.m`, or the host's name on the Internet path.",
        );
    }
    if let Some(content_type) = one(verdict, headers, CONTENT_TYPE, "Content-Type") {
        let (media_type, parameters) = match content_type.split_once(';') {
            Some((media_type, parameters)) => (media_type.trim_end(), Some(parameters.trim())),
            None => (content_type, None),
        };
        if !media_type.eq_ignore_ascii_case("application/json") {
            verdict.malformed(
                Place::Header("Content-Type"),
                format!("Content-Type is {content_type:?} instead of application/json"),
                "Send `Content-Type: application/json`, and SenML in JSON.",
            );
        } else if let Some(parameters) = parameters {
            verdict.notes.push(format!(
                "Content-Type carries {parameters:?}, which application/json does not need"
            ));
        }
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        verdict.malformed(
            Place::Header("Transfer-Encoding"),
            NO_CHUNKS,
            NO_CHUNKS_ADVICE,
        );
    } else {
        one(verdict, headers, CONTENT_LENGTH, "Content-Length");
    }
}

/// The text of a header that must occur in the head exactly once.
fn one<'a>(
    verdict: &mut Verdict,
    headers: &'a HeaderMap,
    header: impl AsHeaderName,
    name: &'static str,
) -> Option<&'a str> {
    let mut values = headers.get_all(header).iter();
    let place = Place::Header(name);
    let Some(first) = values.next() else {
        let advice = format!("Send the header `{name}`.");
        verdict.malformed(place, format!("header {name} is missing"), &advice);
        return None;
    };
    if values.next().is_some() {
        let advice = format!("Send `{name}` once.");
        verdict.malformed(place, format!("header {name} stands twice"), &advice);
        return None;
    }
    let text = first.to_str();
    if text.is_err() {
        let sentence = format!("header {name} has bytes outside of ASCII");
        verdict.malformed(place, sentence, "Send letters, digits and signs of ASCII.");
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
        verdict.reasons.push(Reason {
            class: Class::Device,
            sentence: format!("device {urn} is not registered"),
            place: Place::Record(0, Some("bn".to_owned())),
            advice: "Register the device, or send the URN under which it is registered.".to_owned(),
        });
        return;
    };
    let tokens = message.headers.get_all(TOKEN_HEADER).iter().count();
    let Some(secret) = device.secret() else {
        verdict.token = Some(Token::NotNeeded);
        if tokens > 0 {
            verdict.notes.push(
                "the token was not verified: the device is registered without a secret".to_owned(),
            );
        }
        return;
    };
    verdict.token = Some(Token::Missing);
    let Some(got) = one(
        verdict,
        message.headers,
        TOKEN_HEADER,
        "Things-Message-Token",
    ) else {
        return;
    };
    let secret = secret.expose();
    let expected = token::token(message.body, secret);
    verdict.token = Some(Token::Right);
    if got == expected {
        return;
    }
    verdict.token = Some(Token::Wrong);
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
    verdict.reasons.push(Reason {
        class: Class::Token,
        sentence,
        place: Place::Header("Things-Message-Token"),
        advice:
            "Hash the bytes of the body as they are sent, then those of the secret, with SHA-256; \
                 write it in lower-case hex. Compare the secret with the one registered."
                .to_owned(),
    });
}

/// Bytes as one line of text, cut if long.
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
