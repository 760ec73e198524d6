// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the fleet has to do with the simulator besides messages: devices made known to it, and the memory of its process.

use std::fmt::Write as _;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::device::{DOWNLINK, Device};

/// Bytes of one request to the API, roughly.
const IMPORT_MAX: usize = 256 << 10;

/// The devices as the simulator's `--devices` reads them, each with so many downlinks, in one text for each device.
pub fn as_toml(devices: &[Device], downlinks: u32) -> Vec<String> {
    let name = DOWNLINK.to_string_lossy();
    devices
        .iter()
        .map(|device| {
            let urn = device.urn();
            let mut text = format!(
                "[[device]]\nurn = \"{}\"\nsecret = \"{}\"\n",
                urn.trim_end_matches(':'),
                device.secret()
            );
            if downlinks > 0 {
                text.push_str("downlinks = [\n");
                for number in 0..downlinks {
                    // Writing into a String cannot fail.
                    let _ = writeln!(
                        text,
                        "  '[{{\"bn\":\"{urn}\"}},{{\"n\":\"{name}\",\"v\":{number}}}]',"
                    );
                }
                text.push_str("]\n");
            }
            text
        })
        .collect()
}

/// Registers them through the API.
pub async fn register(api: &str, token: Option<&str>, known: &[String]) -> Result<(), String> {
    let mut rest = known;
    while !rest.is_empty() {
        let mut text = String::new();
        while let Some((first, others)) = rest.split_first()
            && (text.is_empty() || text.len() + first.len() <= IMPORT_MAX)
        {
            text.push_str(first);
            rest = others;
        }
        import(api, token, text).await?;
    }
    Ok(())
}

async fn import(api: &str, token: Option<&str>, text: String) -> Result<(), String> {
    let stream = TcpStream::connect(api).await.map_err(told)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    tokio::spawn(connection);
    let mut request = Request::post("/api/v1/devices/import")
        .header(HOST, api)
        .header(CONTENT_TYPE, "application/toml");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Full::new(Bytes::from(text))).map_err(told)?;
    let answer = sender.send_request(request).await.map_err(told)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(told)?.to_bytes();
    if status.is_success() {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&body);
    Err(format!("it answers {status}: {body}"))
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// What a process has of the machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Its resident set.
    pub bytes: u64,
}

impl Memory {
    /// Of this process, now.
    pub fn of(pid: u32) -> Result<Self, String> {
        let path = format!("/proc/{pid}/status");
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        Self::read(&status).ok_or_else(|| format!("{path}: no VmRSS"))
    }

    fn read(status: &str) -> Option<Self> {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(Self {
            bytes: kilobytes << 10,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_devices_as_the_simulator_reads_them() {
        let devices = [Device::new(0).unwrap(), Device::new(1).unwrap()];
        let texts = as_toml(&devices, 2);
        assert_eq!(texts.len(), 2);
        assert!(texts[0].starts_with("[[device]]\nurn = \"urn:dev:IMEI:35693800000000"));
        assert!(texts[0].contains(r#":"},{"n":"fleet","v":1}]',"#));
        assert!(!as_toml(&devices, 0)[1].contains("downlinks"));
    }

    #[test]
    fn reads_the_memory_of_a_process() {
        let status = "Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    1234 kB\n";
        assert_eq!(Memory::read(status), Some(Memory { bytes: 1234 << 10 }));
        assert_eq!(Memory::read("Name:\tx\n"), None);
        assert!(Memory::of(std::process::id()).unwrap().bytes > 1 << 20);
    }
}
