//! The KPN Things platform on a desk.
//!
//! Firmware talks to this program instead of a SIM card: it takes SenML messages over HTTP as the
//! live endpoint does, says exactly what is wrong with them, and answers byte for byte alike.
//! It shares no code with the library whose messages it judges, so that two implementations meet.
//!
//! ```text
//! main     start and end                  arguments  the command line
//! http     connections and answers        tap      a look at the raw bytes
//! verify   the judgement of one message   report   both logs
//! senml    packs, checked and resolved    token    SHA-256 of body and secret
//! device   secrets and downlink queues    config   settings
//! files    parts of firmware              fault    what goes wrong on demand
//! sms      attempts on a faster clock     control  orders while it runs
//! tls      a certificate of its own, with the feature `tls`
//! ```

#![forbid(unsafe_code)]

mod arguments;
mod config;
mod control;
mod device;
mod fault;
mod files;
mod http;
mod report;
mod senml;
mod sms;
mod tap;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod verify;

use std::fmt;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use arguments::Arguments;
use config::{Config, Statuses};
use device::{Registry, State};
use fault::Faults;
use files::{Files, Manner};
use http::{Platform, Security};
use report::Report;

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

/// The time of day in UTC, as people read it.
struct Seconds;

impl FormatTime for Seconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let time = now.split_once('T').map_or(now.as_str(), |(_, time)| time);
        write!(writer, "{time}")
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let mut registry = Registry::default();
    for path in &arguments.devices {
        config::read_devices(&mut registry, path)?;
    }
    for device in &arguments.device {
        config::add_device_argument(&mut registry, device)?;
    }
    for downlink in &arguments.downlink {
        config::add_downlink_argument(&mut registry, downlink)?;
    }
    let files = Files::new(Manner {
        partial_status: arguments.partial_content,
        validators: arguments.validators,
    });
    for file in &arguments.file {
        let (path, content) = config::read_file_argument(file)?;
        files.add(path, content, arguments.file_token.clone());
    }
    let report = Report::new(arguments.json_log.as_deref())
        .map_err(|error| format!("the JSON log cannot be made: {error}"))?;
    let config = Config {
        statuses: Statuses::with(&arguments.status),
        requests_per_connection: arguments.requests_per_connection,
        max_connections: max_connections(arguments.max_connections),
        max_head: arguments.max_head,
        max_body: arguments.max_body,
        read_timeout: arguments.read_timeout,
        downlink_type: arguments.downlink_type.clone(),
        exit_after: arguments.exit_after,
    };
    let ends = Ends::new(arguments.max_seconds)?;

    let plain = Door::open(&arguments.listen, "listening on", Security::Plain).await?;
    let address = plain.address;
    let secure = tls_door(&arguments).await?;
    let control = control_door(&arguments).await?;
    // Last, so that who waits for this file finds the others.
    if let Some(path) = &arguments.port_file {
        plain.write_port(path)?;
    }
    let doors: Vec<Door> = [Some(plain), secure].into_iter().flatten().collect();
    let origin = arguments.file_origin.unwrap_or_else(|| address.to_string());
    for firmware in &arguments.firmware {
        let (urn, image) = config::read_firmware_argument(firmware)?;
        let downlink = files.add_firmware(&urn, image, &origin);
        config::add_downlink(&mut registry, &urn, &downlink, Path::new("."))?;
    }
    for urn in registry.urns() {
        tracing::info!("device {urn}");
    }
    if registry.urns().next().is_none() {
        tracing::warn!("no device is registered: every message will be refused");
    }
    for sms in &arguments.sms {
        sms.check(&registry)?;
    }
    let ready: String = doors.iter().chain(&control).map(Door::to_string).collect();
    let mut stdout = io::stdout();
    stdout
        .write_all(ready.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("standard output: {error}"))?;

    let platform = Arc::new(Platform::new(
        config,
        registry,
        files,
        Faults::new(arguments.fault),
        report,
    ));
    let mut servers = JoinSet::new();
    for door in doors {
        let platform = Arc::clone(&platform);
        servers.spawn(http::serve(door.listener, door.security, platform));
    }
    let route = arguments.sms_to.map(|to| sms::Route {
        to,
        speed: arguments.sms_speed,
    });
    if let Some(route) = &route {
        for sms in arguments.sms {
            servers.spawn(sms::deliver(Arc::clone(&platform), sms, route.clone()));
        }
    }
    if let Some(control) = control {
        servers.spawn(control::serve(
            control.listener,
            Arc::clone(&platform),
            route,
        ));
    }
    let late = tokio::select! {
        late = ends.wait() => late,
        () = platform.stopped() => false,
    };
    platform.stop();
    while let Some(ended) = servers.join_next().await {
        ended.map_err(|error| format!("the server failed: {error}"))?;
    }

    let registry = platform.registry();
    tracing::info!(
        "{} messages; downlinks: {} delivered, {} executing, {} pending",
        platform.answered(),
        registry.count(State::Delivered),
        registry.count(State::Executing),
        registry.count(State::Pending),
    );
    let missed = late && arguments.exit_after.is_some();
    Ok(ExitCode::from(u8::from(missed)))
}

/// File descriptors for all but connections: ports, logs, files that are read.
const OTHER_DESCRIPTORS: u64 = 64;

/// As many connections as are wanted, or as there are file descriptors for: two each, since the end of a connection is
/// watched beside it.
fn max_connections(wanted: usize) -> usize {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256);
    let possible = descriptors.saturating_sub(OTHER_DESCRIPTORS) / 2;
    usize::try_from(possible).map_or(wanted, |possible| possible.clamp(1, wanted))
}

/// A port that is open, and the line that says so.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    label: &'static str,
    security: Security,
}

impl Door {
    async fn open(wanted: &str, label: &'static str, security: Security) -> Result<Self, String> {
        let failed = |error| format!("cannot listen on {wanted}: {error}");
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            label,
            security,
        })
    }

    fn write_port(&self, path: &Path) -> Result<(), String> {
        // Renamed into place, so that who waits for the file never reads an empty one.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        std::fs::write(&unfinished, format!("{}\n", self.address.port()))
            .and_then(|()| std::fs::rename(&unfinished, path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.label, self.address)
    }
}

async fn control_door(arguments: &Arguments) -> Result<Option<Door>, String> {
    let Some(wanted) = &arguments.control else {
        return Ok(None);
    };
    let door = Door::open(wanted, "taking orders on", Security::Plain).await?;
    control::check_address(door.address)?;
    if let Some(path) = &arguments.control_port_file {
        door.write_port(path)?;
    }
    Ok(Some(door))
}

#[cfg(not(feature = "tls"))]
async fn tls_door(_arguments: &Arguments) -> Result<Option<Door>, String> {
    Ok(None)
}

#[cfg(feature = "tls")]
async fn tls_door(arguments: &Arguments) -> Result<Option<Door>, String> {
    let Some(wanted) = &arguments.tls_listen else {
        return Ok(None);
    };
    let names = if arguments.tls_name.is_empty() {
        tls::NAMES.map(str::to_owned).to_vec()
    } else {
        arguments.tls_name.clone()
    };
    let (acceptor, certificate) = tls::acceptor(names)?;
    if let Some(path) = &arguments.tls_certificate {
        std::fs::write(path, certificate)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let door = Door::open(wanted, "listening with TLS on", Security::Tls(acceptor)).await?;
    if let Some(path) = &arguments.tls_port_file {
        door.write_port(path)?;
    }
    Ok(Some(door))
}

/// What ends the program from outside.
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

    /// Waits for the first of them; true when it was the time.
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
