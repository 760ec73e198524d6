// SPDX-License-Identifier: MIT OR Apache-2.0
//! The KPN Things platform on a desk.
//!
//! Firmware talks to this program instead of the live platform: it accepts SenML messages over HTTP as the live
//! endpoint does, says exactly what is wrong with them, and its answers are the same byte for byte. It shares no code
//! with the library whose messages it verifies, so two independent implementations meet.
//!
//! ```text
//! model     devices, queues, verdicts, history: no input, no output, no clock
//! platform  the model behind a lock, and who is told when it changes
//! store     what outlives the program
//! http      the door of devices: connections, messages, parts of files
//! api       the door of programs and people, with the feature `api`; page: what it shows to people
//! log       both logs                     sms        attempts on a faster clock
//! fault     what goes wrong on demand     files      parts of firmware
//! tap       a look at the raw bytes       tls        certificates of its own
//! door      ports                         arguments, config  settings
//! main      start and end
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(all(feature = "api", feature = "state", feature = "tls")),
    allow(
        dead_code,
        reason = "the model can do more than the doors that are there"
    )
)]

#[cfg(feature = "api")]
mod api;
mod arguments;
#[cfg(feature = "api")]
mod client;
mod config;
mod door;
#[cfg(feature = "api")]
mod expect;
mod fault;
mod files;
mod http;
mod log;
mod model;
#[cfg(feature = "api")]
mod page;
mod platform;
#[cfg(feature = "api")]
mod replay;
mod sms;
mod store;
mod tap;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use arguments::Arguments;
use config::{Config, Statuses};
use door::Door;
use fault::Faults;
use files::{Files, Manner};
use http::Security;
use log::Log;
use model::device::State;
use model::history::Limits;
use model::{Model, Refusal};
use platform::{Platform, Setup};
use store::Store;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = match (arguments.quiet, arguments.verbose) {
        (true, _) => Level::WARN,
        (_, true) => Level::DEBUG,
        _ => Level::INFO,
    };
    tracing_subscriber::fmt()
        .with_timer(Seconds)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .with_max_level(level)
        .init();
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match result {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(2)
        }
    }
}

/// The time of day in UTC, for the log.
struct Seconds;

impl FormatTime for Seconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let time = now.split_once('T').map_or(now.as_str(), |(_, time)| time);
        write!(writer, "{time}")
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    #[cfg(any(feature = "api", feature = "fleet"))]
    match arguments.command {
        #[cfg(feature = "api")]
        Some(arguments::Command::Expect(wanted)) => return expect::run(wanted).await,
        #[cfg(feature = "fleet")]
        Some(arguments::Command::Fleet(wanted)) => return kpn_things_fleet::run(wanted).await,
        #[cfg(feature = "api")]
        Some(arguments::Command::Replay(wanted)) => return replay::run(&wanted).await,
        None => {}
    }
    let mut model = Model::new(Limits {
        count: arguments.history,
        age: arguments
            .history_age
            .map_or(f64::INFINITY, |age| age.as_secs_f64()),
    });
    #[cfg(not(feature = "state"))]
    let store = Store::default();
    #[cfg(feature = "state")]
    let (store, images) = match &arguments.state {
        Some(path) => {
            let (store, kept, images) = Store::open(path, arguments.history)?;
            model.restore(kept);
            (store, images)
        }
        None => Default::default(),
    };
    for path in &arguments.devices {
        config::read_devices(&mut model, path)?;
    }
    for device in &arguments.device {
        config::add_device_argument(&mut model, device)?;
    }
    for downlink in &arguments.downlink {
        config::add_downlink_argument(&mut model, downlink)?;
    }
    let files = Files::new(Manner {
        partial_status: arguments.partial_content,
        validators: arguments.validators,
    });
    for file in &arguments.file {
        let (path, content) = config::read_file_argument(file)?;
        files.add(path, content, arguments.file_token.clone());
    }
    let log = Log::new(arguments.json_log.as_deref())
        .map_err(|error| format!("the JSON log cannot be opened: {error}"))?;
    let (max_connections, max_api_connections) = max_connections(arguments.max_connections);
    let config = Config {
        statuses: Statuses::with(&arguments.status),
        requests_per_connection: arguments.requests_per_connection,
        max_connections,
        max_api_connections,
        max_head: arguments.max_head,
        max_body: arguments.max_body,
        read_timeout: arguments.read_timeout,
        downlink_type: arguments.downlink_type.clone(),
        exit_after: arguments.exit_after,
        tls: secure_is_wanted(&arguments),
    };
    if !config.tls
        && let Some(fault) = arguments.fault.iter().find(|fault| fault.is_of_tls())
    {
        return Err(format!("--fault {fault}: {}", fault::NO_TLS));
    }
    let ends = Ends::new(arguments.max_seconds)?;

    let plain = Door::open(&arguments.listen, "listening on", Security::Plain).await?;
    let address = plain.address;
    let secure = door::tls(&arguments).await?;
    #[cfg(feature = "api")]
    let api = api::open(&arguments).await?;
    // Last, so that a program waiting for this file finds the others.
    if let Some(path) = &arguments.port_file {
        plain.write_port(path)?;
    }
    let doors: Vec<Door> = [Some(plain), secure].into_iter().flatten().collect();
    if model.devices().urns().next().is_none() {
        tracing::warn!("no device is registered: every message will be refused");
    }
    for urn in model.devices().urns() {
        tracing::info!("device {urn}");
    }
    if !address.ip().is_loopback() {
        tracing::warn!("other machines can reach {address}: whoever does may send messages");
    }
    for order in &arguments.sms {
        model
            .queue_sms_once(&order.urn, &order.body, log::now())
            .map_err(Refusal::sentence)?;
    }
    let ready = doors.iter().map(Door::to_string);
    #[cfg(feature = "api")]
    let ready = ready.chain(api.iter().map(|api| {
        let address = api.address;
        format!("API on http://{address}/api/v1\npage on http://{address}/\n")
    }));
    let ready: String = ready.collect();

    let route = arguments.sms_to.map(|to| sms::Route {
        to,
        speed: arguments.sms_speed,
    });
    let platform = Arc::new(Platform::new(Setup {
        config,
        model,
        store,
        files,
        faults: Faults::new(arguments.fault),
        log,
        route,
        origin: arguments.file_origin.unwrap_or_else(|| address.to_string()),
    }));
    for firmware in &arguments.firmware {
        let (urn, image) = config::read_firmware_argument(firmware)?;
        platform
            .offer_once(&urn, &image)
            .map_err(Refusal::sentence)?;
    }
    #[cfg(feature = "state")]
    for (urn, image) in images {
        platform.files.add_firmware(&urn, image, &platform.origin);
    }
    platform.change(|_| ())?;
    let mut stdout = io::stdout();
    stdout
        .write_all(ready.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("standard output: {error}"))?;

    let mut servers = JoinSet::new();
    for door in doors {
        let platform = Arc::clone(&platform);
        servers.spawn(http::serve(door.listener, door.security, platform));
    }
    if let Some(route) = &platform.route {
        let waiting = platform.look(|model| {
            let waiting = model.sms().iter().filter(|sms| sms.due().is_some());
            waiting.map(|sms| sms.id).collect::<Vec<_>>()
        });
        for id in waiting {
            servers.spawn(sms::deliver(Arc::clone(&platform), id, route.clone()));
        }
    }
    #[cfg(feature = "api")]
    if let Some(api) = api {
        servers.spawn(api::serve(api, Arc::clone(&platform)));
    }
    let late = tokio::select! {
        late = ends.wait() => late,
        () = platform.stopped() => false,
    };
    platform.stop();
    while let Some(ended) = servers.join_next().await {
        ended.map_err(|error| format!("the server failed: {error}"))?;
    }

    let answered = platform.answered();
    platform.look(|model| {
        let count = |state| model.devices().count(state);
        tracing::info!(
            "{answered} messages; downlinks: {} delivered, {} executing, {} pending",
            count(State::Delivered),
            count(State::Executing),
            count(State::Pending),
        );
    });
    let missed = late && arguments.exit_after.is_some();
    Ok(ExitCode::from(u8::from(missed)))
}

#[cfg(feature = "tls")]
const fn secure_is_wanted(arguments: &Arguments) -> bool {
    arguments.tls_listen.is_some()
}

#[cfg(not(feature = "tls"))]
const fn secure_is_wanted(_arguments: &Arguments) -> bool {
    false
}

/// File descriptors for everything except connections: ports, logs, files being read.
const OTHER_DESCRIPTORS: u64 = 64;

/// Most connections to the API at a time, if file descriptors are not scarce.
const API_CONNECTIONS: u64 = 256;

/// As many connections of devices as wanted, or as file descriptors allow: a quarter of those is left to connections that are closing. Also
/// how many connections the API may have.
fn max_connections(wanted: usize) -> (usize, usize) {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256);
    let api = API_CONNECTIONS.min(descriptors / 4).max(1);
    let possible = descriptors.saturating_sub(OTHER_DESCRIPTORS + api) / 4 * 3;
    let number = |count| usize::try_from(count).unwrap_or(usize::MAX);
    (number(possible).clamp(1, wanted), number(api))
}

/// Signals that end the program.
struct Ends {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    max_time: Option<Duration>,
}

impl Ends {
    fn new(max_time: Option<Duration>) -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            max_time,
        })
    }

    /// Waits for the first of them; true if it was the time limit.
    async fn wait(mut self) -> bool {
        let time = async {
            match self.max_time {
                Some(duration) => tokio::time::sleep(duration).await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => false,
            () = time => {
                tracing::warn!("the time is over");
                true
            }
        }
    }
}
