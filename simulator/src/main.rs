//! The KPN Things platform on a desk.
//!
//! Firmware talks to this program instead of a SIM card: it takes SenML messages over HTTP as the
//! live endpoint does, says exactly what is wrong with them, and answers byte for byte alike.
//! It shares no code with the library whose messages it judges, so that two implementations meet.
//!
//! ```text
//! main     arguments, start and end
//! http     connections and answers        tap      a look at the raw bytes
//! verify   the judgement of one message   report   both logs
//! senml    packs, checked and resolved    token    SHA-256 of body and secret
//! device   secrets and downlink queues    config   settings
//! files    parts of firmware              fault    what goes wrong on demand
//! ```

#![forbid(unsafe_code)]

mod config;
mod device;
mod fault;
mod files;
mod http;
mod report;
mod senml;
mod tap;
mod token;
mod verify;

use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use hyper::header::HeaderValue;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

use config::{Config, StatusChoice, Statuses};
use device::{Registry, State};
use fault::{Fault, Faults};
use files::Files;
use http::Platform;
use report::Report;

/// Shown below the options by `--help`.
const MORE: &str = r#"Examples:
  kpn-things-simulator --listen 127.0.0.1:8080 \
      --device urn:dev:IMEI:123456789012345=0123456789abcdefghijklmnopqrstuvwxyzABCD \
      --downlink 'urn:dev:IMEI:123456789012345=[{"bn":"urn:dev:IMEI:123456789012345:","n":"valve","vb":true}]'

  kpn-things-simulator --devices devices.toml --json-log log.jsonl --exit-after 1 --max-seconds 10

The devices file:
  [[device]]
  urn = "urn:dev:IMEI:123456789012345"
  secret = "0123456789abcdefghijklmnopqrstuvwxyzABCD"   # left out: no token needed
  downlinks = ['[{"n":"valve","vb":true}]', "@firmware.json"]

Faults, each with ,every=K (every Kth request) ,times=N (N times at most) ,on=message or ,on=part:
  drop         not taken, connection closed without an answer
  status=CODE  not taken, answered with CODE; with ,retry-after=SECONDS
  garbage      not taken, the answer is no HTTP
  delay=MS     taken, answered late
  cut=BYTES    taken, the answer ends after so many bytes and the connection is closed
  wrong-crc    the CRC of a part is wrong
  size-change  the total size in Content-Range is one more than it was

Prints `listening on ADDRESS:PORT` on standard output when it is ready; the log goes to standard error.
A message is taken on /ingestion/m2m/senml/v1 and /ingestion/ip/senml/v1 (POST).

Ends with 0 on SIGINT, SIGTERM and after --exit-after; with 1 when --max-seconds is over before
--exit-after messages came; with 2 when an argument is wrong."#;

/// The KPN Things platform on a desk: verifies what a device sends and answers as the live endpoint does.
#[derive(Debug, Parser)]
#[command(name = "kpn-things-simulator", version, after_help = MORE, args_override_self = true)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,

    /// Writes the port to a file when ready
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,

    /// Devices, secrets and downlinks, in TOML
    #[arg(long, value_name = "FILE")]
    devices: Vec<PathBuf>,

    /// Registers a device; without a secret it needs no token
    #[arg(long, value_name = "URN[=SECRET]")]
    device: Vec<String>,

    /// Queues a downlink for a registered device
    #[arg(long, value_name = "URN=JSON|URN=@FILE")]
    downlink: Vec<String>,

    /// Serves an image for a device and queues the downlink that announces it
    #[arg(long, value_name = "URN=FILE")]
    firmware: Vec<String>,

    /// Serves a file under a path, to any bearer token or to --file-token
    #[arg(long, value_name = "/PATH=FILE")]
    file: Vec<String>,

    /// Bearer token that requests for --file must carry
    #[arg(long, value_name = "TOKEN")]
    file_token: Option<String>,

    /// Host and port in the URL of --firmware, when it is not the address listened on
    #[arg(long, value_name = "HOST:PORT")]
    file_origin: Option<String>,

    /// Answers 206 to a Range instead of 200
    #[arg(long)]
    partial_content: bool,

    /// Makes something go wrong, see below
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,

    /// Status of an outcome: accepted=202, malformed=400, token=401, device=404
    #[arg(long, value_name = "OUTCOME=CODE")]
    status: Vec<StatusChoice>,

    /// Content-Type of a response that carries a downlink
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    downlink_type: HeaderValue,

    /// Requests that one connection takes
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_connection: u32,

    /// Longest body in bytes
    #[arg(long, value_name = "BYTES", default_value = "4194304")]
    max_body: usize,

    /// Longest head in bytes, at least 8192
    #[arg(long, value_name = "BYTES", default_value = "16384", value_parser = head_limit)]
    max_head: usize,

    /// Seconds that a head or a body may take to arrive, and a connection may be idle
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    read_timeout: Duration,

    /// Writes one JSON line per message to a new file
    #[arg(long, value_name = "FILE")]
    json_log: Option<PathBuf>,

    /// Ends after this many messages, refused ones included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    exit_after: Option<u64>,

    /// Ends after this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    max_seconds: Option<Duration>,

    /// Logs refused messages only
    #[arg(long, short)]
    quiet: bool,

    /// Logs connections too
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a number of seconds above 0".to_owned())
}

fn head_limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| *limit >= 8192)
        .ok_or_else(|| "a number of bytes, 8192 or more".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = match (arguments.quiet, arguments.verbose) {
        (true, _) => Level::WARN,
        (_, true) => Level::DEBUG,
        _ => Level::INFO,
    };
    tracing_subscriber::fmt()
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
    let mut files = Files::new(arguments.partial_content);
    for file in &arguments.file {
        let (path, content) = config::read_file_argument(file)?;
        files.add(path, content, arguments.file_token.clone());
    }
    let report = Report::new(arguments.json_log.as_deref())
        .map_err(|error| format!("the JSON log cannot be made: {error}"))?;
    let config = Config {
        statuses: Statuses::with(&arguments.status),
        requests_per_connection: arguments.requests_per_connection,
        max_head: arguments.max_head,
        max_body: arguments.max_body,
        read_timeout: arguments.read_timeout,
        downlink_type: arguments.downlink_type,
        exit_after: arguments.exit_after,
    };
    let ends = Ends::new(arguments.max_seconds)?;

    let listener = TcpListener::bind(&arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("no local address: {error}"))?;
    let origin = arguments.file_origin.unwrap_or(address.to_string());
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
    if let Some(path) = &arguments.port_file {
        std::fs::write(path, format!("{}\n", address.port()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {address}")
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("standard output: {error}"))?;

    let platform = Arc::new(Platform::new(
        config,
        registry,
        files,
        Faults::new(arguments.fault),
        report,
    ));
    let server = tokio::spawn(http::serve(listener, Arc::clone(&platform)));
    let late = tokio::select! {
        late = ends.wait() => late,
        () = platform.stopped() => false,
    };
    platform.stop();
    server
        .await
        .map_err(|error| format!("the server failed: {error}"))?;

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
