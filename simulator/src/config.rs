//! Settings, put together from the command line and the devices file.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::device::Registry;
use crate::token;

/// What the server does with connections and messages.
#[derive(Debug, Clone)]
pub struct Config {
    /// Status per outcome.
    pub statuses: Statuses,
    /// Requests that one connection takes before it is closed.
    pub requests_per_connection: u32,
    /// Connections at a time.
    pub max_connections: usize,
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
}

/// The status of each outcome. Nobody outside KPN can tell the three errors from public material.
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

/// `PATH=FILE` of the command line, read.
pub fn read_file_argument(argument: &str) -> Result<(String, Bytes), String> {
    let (path, name) = argument
        .split_once('=')
        .filter(|(path, _)| path.starts_with('/'))
        .ok_or_else(|| format!("--file {argument}: expected /PATH=FILE"))?;
    Ok((path.to_owned(), read_file(Path::new(name))?))
}

/// `URN=FILE` of the command line, read.
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

/// `OUTCOME=CODE` of the command line.
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
pub fn read_devices(registry: &mut Registry, path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let file: DevicesFile =
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for entry in file.device {
        add_device(registry, &entry.urn, entry.secret)?;
        for downlink in &entry.downlinks {
            add_downlink(registry, &entry.urn, downlink, folder)?;
        }
    }
    Ok(())
}

/// Registers `URN=SECRET`, or `URN` alone for a device that needs no token.
pub fn add_device_argument(registry: &mut Registry, argument: &str) -> Result<(), String> {
    match argument.split_once('=') {
        Some((urn, secret)) => add_device(registry, urn, Some(secret.to_owned())),
        None => add_device(registry, argument, None),
    }
}

/// Queues `URN=JSON` or `URN=@file`.
pub fn add_downlink_argument(registry: &mut Registry, argument: &str) -> Result<(), String> {
    let (urn, downlink) = argument
        .split_once('=')
        .ok_or_else(|| format!("--downlink {argument}: expected URN=JSON or URN=@file"))?;
    add_downlink(registry, urn, downlink, Path::new("."))
}

fn add_device(registry: &mut Registry, urn: &str, secret: Option<String>) -> Result<(), String> {
    if urn.is_empty() {
        return Err("a device needs a URN".to_owned());
    }
    if let Some(secret) = &secret {
        if secret.is_empty() {
            return Err(format!(
                "device {urn}: the secret is empty; leave it out for a device that needs no token"
            ));
        }
        if !token::secret_is_regular(secret) {
            tracing::warn!(
                "device {urn}: the secret does not follow the platform's rule, 30 to 100 letters and digits"
            );
        }
    }
    registry.register(urn, secret);
    Ok(())
}

/// Queues JSON or `@file`, relative to `folder`.
pub fn add_downlink(
    registry: &mut Registry,
    urn: &str,
    downlink: &str,
    folder: &Path,
) -> Result<(), String> {
    let body = match downlink.strip_prefix('@') {
        Some(name) => read_file(&folder.join(name))?,
        None => Bytes::from(downlink.to_owned()),
    };
    queue_downlink(registry, urn, body)
}

/// Queues a body as it is.
pub fn queue_downlink(registry: &mut Registry, urn: &str, body: Bytes) -> Result<(), String> {
    // Wrong ones are allowed on purpose: firmware must survive them.
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(&body) {
        tracing::warn!("downlink for {urn} is not JSON ({error}); it will be sent as it is");
    }
    if registry.queue(urn, body) {
        Ok(())
    } else {
        Err(format!("downlink for {urn}: no such device is registered"))
    }
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
        let mut registry = Registry::default();
        add_device_argument(&mut registry, "urn:dev:IMEI:1:=secret").unwrap();
        add_device_argument(&mut registry, "urn:dev:IMEI:2").unwrap();
        assert_eq!(
            registry.find("urn:dev:IMEI:1").unwrap().secret(),
            Some("secret")
        );
        assert_eq!(registry.find("urn:dev:IMEI:2:").unwrap().secret(), None);
        add_downlink_argument(&mut registry, "urn:dev:IMEI:2=[{\"n\":\"a=b\"}]").unwrap();
        let handout = registry.hand_out("urn:dev:IMEI:2").unwrap();
        assert_eq!(&handout.body[..], b"[{\"n\":\"a=b\"}]");
        assert!(add_downlink_argument(&mut registry, "urn:dev:IMEI:3=[]").is_err());
        assert!(add_device_argument(&mut registry, "urn:dev:IMEI:1=").is_err());
    }
}
