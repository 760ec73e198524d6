// SPDX-License-Identifier: MIT OR Apache-2.0
//! `fleet`: many devices at once, each of which speaks through the C functions of the library.
//!
//! A crate of its own, so that the compiler sees to it that the simulator, which judges what the library writes, has none of the library:
//! it can start a fleet, and reaches nothing else from here.
//!
//! ```text
//! device    the C functions, the only unsafe code     drive     the life of a device: connections, messages, retries
//! platform  devices made known, memory of a process   figures   what came of it
//! ```

mod device;
mod drive;
mod figures;
mod platform;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use tokio::task::LocalSet;

use device::Device;
use drive::Plan;
use figures::Figures;

/// Shown below the options.
const MORE: &str = r"The devices have URNs from urn:dev:IMEI:356938000000009 on, and a secret each. Either the simulator has an API, and they are
registered there, or it is started with the file that --write-devices writes. It has to take as many connections as there are devices.

A device keeps its connection for as many requests as the platform takes on one, tries again as the library tells it to when a failure may
pass, and reads the downlinks in the answers. With --rate, the latency of a message counts from the moment at which it was due.

Ends with 0 when every message was accepted and every downlink came once, with 1 when not, with 2 when it could not begin.";

/// Drives many devices at once, each through the C functions of the library
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct Fleet {
    /// Address and port of the simulator
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    to: String,

    /// How many devices
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: u32,

    /// Messages of each device
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,

    /// Messages per second, of all devices together [default: each device sends as soon as the last one is accepted]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Downlinks that are queued for each device
    #[arg(long, value_name = "N", default_value = "0", requires = "known", value_parser = clap::value_parser!(u32).range(..=1000))]
    downlinks: u32,

    /// Address and port of the simulator's API, where the devices are registered
    #[arg(long, value_name = "ADDRESS:PORT", group = "known")]
    api: Option<String>,

    /// Bearer token of the API
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KPN_THINGS_API_TOKEN",
        hide_env_values = true
    )]
    api_token: Option<String>,

    /// Writes the devices, in TOML, and ends
    #[arg(long, value_name = "FILE", group = "known")]
    write_devices: Option<PathBuf>,

    /// Requests of a device on one connection
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u16).range(1..))]
    requests_per_connection: u16,

    /// Attempts to send a message before it is given up
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,

    /// Seconds that a connection and an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,

    /// Process of the simulator, whose memory is told
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,

    /// Writes the figures as JSON
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && (0.001..=1e9).contains(rate))
        .ok_or_else(|| "a number of messages per second, 0.001 or more".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds: &f64| (0.001..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds up to 3600".to_owned())
}

/// File descriptors for all but the connections of devices.
const OTHER_DESCRIPTORS: u64 = 32;

/// Runs it.
pub async fn run(arguments: Fleet) -> Result<ExitCode, String> {
    let devices: Vec<Device> = (0..arguments.devices)
        .map(Device::new)
        .collect::<Result<_, _>>()?;
    let known = platform::as_toml(&devices, arguments.downlinks);
    if let Some(path) = &arguments.write_devices {
        return std::fs::write(path, known.concat())
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| format!("{}: {error}", path.display()));
    }
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)
        .map_err(|error| format!("the number of file descriptors: {error}"))?;
    let needed = u64::from(arguments.devices) + OTHER_DESCRIPTORS;
    if descriptors < needed {
        return Err(format!(
            "{} devices need {needed} file descriptors, and there are {descriptors}: raise the limit (ulimit -n)",
            arguments.devices
        ));
    }
    if let Some(api) = &arguments.api {
        platform::register(api, arguments.api_token.as_deref(), &known)
            .await
            .map_err(|error| format!("the API at {api}: {error}"))?;
    }
    let address = tokio::net::lookup_host(&arguments.to)
        .await
        .map_err(|error| format!("{}: {error}", arguments.to))?
        .next()
        .ok_or_else(|| format!("{}: no such host", arguments.to))?;
    let plan = Plan {
        address,
        devices: arguments.devices,
        messages: arguments.messages,
        rate: arguments.rate,
        downlinks: arguments.downlinks,
        requests_per_connection: arguments.requests_per_connection,
        attempts: arguments.attempts,
        timeout: arguments.timeout,
        pid: arguments.pid,
    };
    let figures = LocalSet::new()
        .run_until(drive::run(Rc::new(plan), devices))
        .await?;
    tell(&figures, arguments.json).map_err(|error| format!("standard output: {error}"))?;
    Ok(ExitCode::from(u8::from(!figures.all_went_well())))
}

fn tell(figures: &Figures, json: bool) -> io::Result<()> {
    let text = if json {
        serde_json::to_string(&figures.summary())?
    } else {
        figures.to_string()
    };
    writeln!(io::stdout(), "{}", text.trim_end())
}
