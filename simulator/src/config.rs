// SPDX-License-Identifier: MIT OR Apache-2.0
//! Settings, put together from the command line and the devices file.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::model::{self, Model, Refusal};
use crate::platform::register;

/// What the server does with connections and messages.
#[derive(Debug, Clone)]
pub struct Config {
    /// Status per outcome.
    pub statuses: Statuses,
    /// Requests that one connection accepts before it is closed.
    pub requests_per_connection: u32,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections to the API at a time.
    pub max_api_connections: usize,
    /// Longest request head in bytes.
    pub max_head: usize,
    /// Longest body in bytes.
    pub max_body: usize,
    /// How long a head or a body may take to arrive, idle time between requests included.
    pub read_timeout: Duration,
    /// Content-Type of a response that carries a downlink.
    pub downlink_type: HeaderValue,
    /// Ends the program after this many messages.
    pub exit_after: Option<u64>,
    /// Whether there is a port with TLS.
    pub tls: bool,
}

/// The status of each outcome. Public documentation does not give the codes of the three errors.
#[derive(Debug, Clone, Copy)]
pub struct Statuses {
    /// Accepted for further processing.
    pub accepted: StatusCode,
    /// A missing header or a wrong body.
    pub malformed: StatusCode,
    /// The token could not be verified.
    pub token: StatusCode,
    /// The device is not known.
    pub device: StatusCode,
}

impl Default for Statuses {
    fn default() -> Self {
        Self {
            accepted: StatusCode::ACCEPTED,
            malformed: StatusCode::BAD_REQUEST,
            token: StatusCode::UNAUTHORIZED,
            device: StatusCode::NOT_FOUND,
        }
    }
}

/// `PATH=FILE` from the command line, with the file's content.
pub fn read_file_argument(argument: &str) -> Result<(String, Bytes), String> {
    let (path, name) = argument
        .split_once('=')
        .filter(|(path, _)| path.starts_with('/'))
        .ok_or_else(|| format!("--file {argument}: expected /PATH=FILE"))?;
    Ok((path.to_owned(), read_file(Path::new(name))?))
}

/// `URN=FILE` from the command line, with the file's content.
pub fn read_firmware_argument(argument: &str) -> Result<(String, Bytes), String> {
    let (urn, name) = argument
        .split_once('=')
        .ok_or_else(|| format!("--firmware {argument}: expected URN=FILE"))?;
    Ok((urn.to_owned(), read_file(Path::new(name))?))
}

fn read_file(path: &Path) -> Result<Bytes, String> {
    fs::read(path)
        .map(Bytes::from)
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// `OUTCOME=CODE` from the command line.
#[derive(Debug, Clone)]
pub struct StatusChoice {
    outcome: String,
    code: StatusCode,
}

impl FromStr for StatusChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (outcome, code) = text
            .split_once('=')
            .ok_or("expected OUTCOME=CODE, such as token=403")?;
        if !["accepted", "malformed", "token", "device"].contains(&outcome) {
            return Err("the outcome is one of accepted, malformed, token, device".to_owned());
        }
        let code = code
            .parse()
            .ok()
            .filter(|code: &StatusCode| (200..600).contains(&code.as_u16()))
            .ok_or("the code is a number from 200 to 599")?;
        Ok(Self {
            outcome: outcome.to_owned(),
            code,
        })
    }
}

impl Statuses {
    /// The defaults with `choices` applied in order.
    pub fn with(choices: &[StatusChoice]) -> Self {
        let mut statuses = Self::default();
        for choice in choices {
            let place = match choice.outcome.as_str() {
                "accepted" => &mut statuses.accepted,
                "malformed" => &mut statuses.malformed,
                "token" => &mut statuses.token,
                _ => &mut statuses.device,
            };
            *place = choice.code;
        }
        statuses
    }
}

/// The devices file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DevicesFile {
    #[serde(default)]
    device: Vec<DeviceEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceEntry {
    urn: String,
    secret: Option<String>,
    #[serde(default)]
    downlinks: Vec<String>,
}

/// Registers the devices of a file; `@file` in it is relative to the file's folder.
pub fn read_devices(model: &mut Model, path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    import(model, &text, Some(folder)).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(())
}

/// Registers the devices of a text in TOML and returns their URNs. Without a folder, `@file` is refused.
pub fn import(model: &mut Model, text: &str, folder: Option<&Path>) -> Result<Vec<String>, String> {
    // The error's own text would quote a line, which may contain a secret.
    let file: DevicesFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        format!("line {line}: {}", error.message())
    })?;
    let mut bodies = Vec::new();
    for entry in &file.device {
        if model::device::key(&entry.urn).is_empty() || entry.secret.as_deref() == Some("") {
            return Err("each device needs a URN, and a secret is not empty".to_owned());
        }
        for downlink in &entry.downlinks {
            bodies.push(match (downlink.strip_prefix('@'), folder) {
                (Some(name), Some(folder)) => read_file(&folder.join(name))?,
                (Some(_), None) => {
                    return Err("a downlink from a file: only in --devices".to_owned());
                }
                (None, _) => Bytes::from(downlink.clone()),
            });
        }
    }
    let mut bodies = bodies.into_iter();
    let mut urns = Vec::new();
    for entry in file.device {
        register(model, &entry.urn, entry.secret).map_err(Refusal::sentence)?;
        for body in bodies.by_ref().take(entry.downlinks.len()) {
            queue_downlink(model, &entry.urn, body)?;
        }
        urns.push(entry.urn);
    }
    Ok(urns)
}

/// Registers `URN=SECRET`, or `URN` alone for a device that needs no token.
pub fn add_device_argument(model: &mut Model, argument: &str) -> Result<(), String> {
    let (urn, secret) = match argument.split_once('=') {
        Some((urn, secret)) => (urn, Some(secret.to_owned())),
        None => (argument, None),
    };
    register(model, urn, secret).map_err(Refusal::sentence)?;
    Ok(())
}

/// Queues `URN=JSON` or `URN=@file`.
pub fn add_downlink_argument(model: &mut Model, argument: &str) -> Result<(), String> {
    let (urn, downlink) = argument
        .split_once('=')
        .ok_or_else(|| format!("--downlink {argument}: expected URN=JSON or URN=@file"))?;
    let body = match downlink.strip_prefix('@') {
        Some(name) => read_file(Path::new(name))?,
        None => Bytes::from(downlink.to_owned()),
    };
    queue_downlink(model, urn, body)
}

/// Queues a body unchanged.
fn queue_downlink(model: &mut Model, urn: &str, body: Bytes) -> Result<(), String> {
    // Wrong ones are deliberately allowed: firmware must survive them.
    if let Err(refusal) = model::check_downlink(&body) {
        tracing::warn!(
            "downlink for {urn}: {}; it will be sent as it is",
            refusal.sentence()
        );
    }
    model.queue_once(urn, body).map_err(Refusal::sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_chosen_by_name() {
        let choices = ["token=403", "accepted=200"].map(|text| text.parse().unwrap());
        let statuses = Statuses::with(&choices);
        assert_eq!(statuses.token, StatusCode::FORBIDDEN);
        assert_eq!(statuses.accepted, StatusCode::OK);
        assert_eq!(statuses.device, StatusCode::NOT_FOUND);
        for wrong in ["token", "token=99", "token=100", "other=400", "token=x"] {
            assert!(wrong.parse::<StatusChoice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn devices_come_from_arguments() {
        let mut model = Model::default();
        add_device_argument(&mut model, "urn:dev:IMEI:1:=secret").unwrap();
        add_device_argument(&mut model, "urn:dev:IMEI:2").unwrap();
        let secret = |urn| model.devices().find(urn).unwrap().secret();
        assert_eq!(secret("urn:dev:IMEI:1").unwrap().expose(), "secret");
        assert_eq!(secret("urn:dev:IMEI:2:"), None);
        add_downlink_argument(&mut model, "urn:dev:IMEI:2=[{\"n\":\"a=b\"}]").unwrap();
        let handout = model.hand_out("urn:dev:IMEI:2").unwrap();
        assert_eq!(&handout.body[..], b"[{\"n\":\"a=b\"}]");
        assert!(add_downlink_argument(&mut model, "urn:dev:IMEI:3=[]").is_err());
        assert!(add_device_argument(&mut model, "urn:dev:IMEI:1=").is_err());
    }

    #[test]
    fn an_import_registers_all_or_none_and_quotes_no_secret() {
        let mut model = Model::default();
        let good = "[[device]]\nurn = \"a\"\nsecret = \"hush\"\ndownlinks = ['[]', '[{}]']\n[[device]]\nurn = \"b\"\n";
        assert_eq!(import(&mut model, good, None).unwrap(), ["a", "b"]);
        assert_eq!(model.devices().find("a").unwrap().downlinks().len(), 2);
        for wrong in [
            "[[device]]\nurn = \"c\"\n[[device]]\nurn = \"d\"\nsecret = \"hush\" x",
            "[[device]]\nurn = \"c\"\nsecret = \"hush\"\nsecret = \"hush\"",
            "[[device]]\nurn = \"c\"\n[[device]]\nurn = \"d\"\nsecrte = \"hush\"",
            "[[device]]\nurn = \"c\"\nsecret = \"hush\"\ndownlinks = [\"@x\"]",
            "[[device]]\nurn = \"c\"\n[[device]]\nurn = \"d\"\nsecret = \"\"",
        ] {
            let error = import(&mut model, wrong, None).unwrap_err();
            assert!(!error.contains("hush"), "{error}");
            assert!(model.devices().find("c").is_none(), "{wrong}");
        }
    }
}
