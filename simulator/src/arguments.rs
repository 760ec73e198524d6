// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hyper::header::HeaderValue;

use crate::config::StatusChoice;
use crate::fault::Fault;
use crate::files::Validators;
use crate::sms::Order;

/// Shown below the options by `--help`.
const MORE: &str = r#"Examples:
  kpn-things-simulator --listen 127.0.0.1:8080 \
      --device urn:dev:IMEI:490154203237518=0123456789abcdefghijklmnopqrstuvwxyzABCD \
      --downlink 'urn:dev:IMEI:490154203237518=[{"bn":"urn:dev:IMEI:490154203237518:"},{"n":"valve","vb":true}]'

  kpn-things-simulator --devices devices.toml --json-log log.jsonl --exit-after 1 --max-seconds 10

The devices file:
  [[device]]
  urn = "urn:dev:IMEI:490154203237518"
  secret = "0123456789abcdefghijklmnopqrstuvwxyzABCD"   # left out: no token needed
  downlinks = ['[{"bn":"urn:dev:IMEI:490154203237518:"},{"n":"valve","vb":true}]', "@firmware.json"]

Faults, each with ,every=K (every Kth request) ,times=N (N times at most) ,probability=P ,seed=N
,device=URN ,on=message or ,on=part:
  drop               not taken, connection closed without an answer
  status=CODE        not taken, answered with CODE; with ,retry-after=SECONDS
  early-answer=CODE  not taken, answered before the body is read, then closed
  redirect[=URL]     not taken, answered with 302
  portal             not taken, answered with status 200 and the page of a captive portal
  garbage            not taken, the answer is no HTTP
  delay=MS           taken, answered late
  cut=BYTES          taken, the answer ends after so many bytes and the connection is closed
  reset=BYTES        as cut, and the connection is reset
  half-close=BYTES   as cut, and the platform goes on reading
  trickle=MS         taken, a byte of the answer each MS
  throttle=BYTES     taken, so many bytes of the answer a second
  interim=N          taken, N responses 103 come before the answer
  wrong-length=BYTES taken, Content-Length is so much too large, or too small with a minus
  gzip               taken, a body in the answer is compressed
  wrong-crc          the CRC of a part is wrong
  size-change        the total size in Content-Range is one more than it was
  unknown-size       Content-Range does not tell the total size: bytes 0-511/*
  short=BYTES        a part has at most so many bytes
  overlap=BYTES      a part begins so many bytes before what was asked for
  replaced=FILE      from then on this file is served under the URL
Faults of connections to --tls-listen, without device=URN and on=, since there is no request yet that names the device:
  tls-silent         the handshake is not answered
  tls-cut=BYTES      closed after so many bytes of the handshake, at the latest at its end
  tls-alert=NUMBER   the handshake is answered with this fatal alert, such as 40 (RFC 8446 section 6)
  tls-old-version    the handshake is answered with TLS 1.1
  tls-expired        the certificate has expired
  tls-other-name     the certificate is for another host
  tls-self-signed    the certificate is self-signed
  tls-unknown-ca     the certificate is signed by an unknown authority
  tls-reset          reset after the handshake
  tls-no-close-notify  taken, then closed after the answer without close_notify

Prints `listening on ADDRESS:PORT` on standard output when it is ready, then with --tls-listen
`listening with TLS on ADDRESS:PORT`, and with --api `API on http://ADDRESS:PORT/api/v1` and
`page on http://ADDRESS:PORT/`, for a browser; the log goes to standard error.
A message is taken on /ingestion/m2m/senml/v1 and /ingestion/ip/senml/v1 (POST).

Ends with 0 on SIGINT, SIGTERM and after --exit-after; with 1 when --max-seconds is over before
--exit-after messages came; with 2 when an argument is wrong."#;

/// The KPN Things platform on a desk: verifies what a device sends and answers as the live endpoint does.
#[derive(Debug, Parser)]
#[command(
    name = "kpn-things-simulator",
    version,
    after_help = MORE,
    args_override_self = true,
    args_conflicts_with_subcommands = true
)]
pub struct Arguments {
    /// What to do instead of acting as the platform
    #[cfg(any(feature = "api", feature = "fleet"))]
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: String,

    /// Address and port to listen on with TLS as well
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub tls_listen: Option<String>,

    /// Writes the port with TLS to a file when ready
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_listen")]
    pub tls_port_file: Option<PathBuf>,

    /// Writes the certificate of the authority that devices must trust, in PEM
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_listen")]
    pub tls_certificate: Option<PathBuf>,

    /// Name or address that the certificate is for [default: prod.dm.kpnthings.com, localhost, 127.0.0.1]
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "NAME", requires = "tls_listen")]
    pub tls_name: Vec<String>,

    /// Writes the port to a file when ready
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,

    /// Devices, secrets and downlinks, in TOML
    #[arg(long, value_name = "FILE")]
    pub devices: Vec<PathBuf>,

    /// Registers a device; without a secret it needs no token
    #[arg(long, value_name = "URN[=SECRET]")]
    pub device: Vec<String>,

    /// Queues a downlink for a registered device
    #[arg(long, value_name = "URN=JSON|URN=@FILE")]
    pub downlink: Vec<String>,

    /// Serves an image for a device and queues the downlink that announces it
    #[arg(long, value_name = "URN=FILE")]
    pub firmware: Vec<String>,

    /// Serves a file under a path, to any bearer token or to --file-token
    #[arg(long, value_name = "/PATH=FILE")]
    pub file: Vec<String>,

    /// Bearer token that requests for --file must carry
    #[arg(long, value_name = "TOKEN")]
    pub file_token: Option<String>,

    /// Host and port in the URL of --firmware, if different from the address listened on
    #[arg(long, value_name = "HOST:PORT")]
    pub file_origin: Option<String>,

    /// Answers 206 to a Range instead of 200
    #[arg(long)]
    pub partial_content: bool,

    /// The validators that distinguish files under the same URL; If-Range, If-Match and If-Unmodified-Since use them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    pub validators: Validators,

    /// Sends an SMS to --sms-to, repeatedly at the platform's times until it is accepted
    #[arg(long, value_name = "URN=TEXT", requires = "sms_to")]
    pub sms: Vec<Order>,

    /// Where the device accepts SMS: one connection each, with the sender 5277, a line feed and the text
    #[arg(long, value_name = "HOST:PORT")]
    pub sms_to: Option<String>,

    /// Speeds up the clock for SMS
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = speed)]
    pub sms_speed: f64,

    /// Address and port of the HTTP API, which GET /api/v1/openapi.json describes
    #[cfg(feature = "api")]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub api: Option<String>,

    /// Writes the port of the API to a file when ready
    #[cfg(feature = "api")]
    #[arg(long, value_name = "FILE", requires = "api")]
    pub api_port_file: Option<PathBuf>,

    /// Bearer token that the API requires; needed if other machines can reach it
    #[cfg(feature = "api")]
    #[arg(
        long,
        value_name = "TOKEN",
        requires = "api",
        env = "KPN_THINGS_API_TOKEN",
        hide_env_values = true
    )]
    pub api_token: Option<String>,

    /// Keeps devices, queues and messages in a file, and continues where the last run ended
    #[cfg(feature = "state")]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// How many messages are remembered
    #[arg(long, value_name = "N", default_value = "10000", value_parser = connections)]
    pub history: usize,

    /// Forgets messages that are older [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub history_age: Option<Duration>,

    /// Makes something go wrong, see below
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,

    /// Status of an outcome: accepted=202, malformed=400, token=401, device=404
    #[arg(long, value_name = "OUTCOME=CODE")]
    pub status: Vec<StatusChoice>,

    /// Content-Type of a response that carries a downlink
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    pub downlink_type: HeaderValue,

    /// Requests that one connection accepts
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_connection: u32,

    /// Most connections at a time, fewer if file descriptors are scarce; one more, and the one that has waited longest
    /// is closed
    #[arg(long, value_name = "N", default_value = "10000", value_parser = connections)]
    pub max_connections: usize,

    /// Longest body in bytes
    #[arg(long, value_name = "BYTES", default_value = "4194304")]
    pub max_body: usize,

    /// Longest head in bytes, at least 8192
    #[arg(long, value_name = "BYTES", default_value = "16384", value_parser = head_limit)]
    pub max_head: usize,

    /// Seconds that a head or a body may take to arrive, and a connection may be idle
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub read_timeout: Duration,

    /// Appends one JSON line per message to a file
    #[arg(long, value_name = "FILE")]
    pub json_log: Option<PathBuf>,

    /// Ends after this many messages, refused ones included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub exit_after: Option<u64>,

    /// Ends after this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub max_seconds: Option<Duration>,

    /// Logs refused messages only
    #[arg(long, short)]
    pub quiet: bool,

    /// Logs connections too
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The subcommands.
#[cfg(any(feature = "api", feature = "fleet"))]
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    #[cfg(feature = "api")]
    Expect(crate::expect::Expect),
    #[cfg(feature = "fleet")]
    Fleet(kpn_things_fleet::Fleet),
    #[cfg(feature = "api")]
    Replay(crate::replay::Replay),
}

/// 31 years; more would overflow a clock somewhere.
const SECONDS_MAX: u64 = 1_000_000_000;

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero() && *duration <= Duration::from_secs(SECONDS_MAX))
        .ok_or_else(|| format!("a number of seconds above 0, up to {SECONDS_MAX}"))
}

fn connections(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| *limit >= 1)
        .ok_or_else(|| "a number above 0".to_owned())
}

fn head_limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| *limit >= 8192)
        .ok_or_else(|| "a number of bytes, 8192 or more".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed: &f64| *speed > 0.0 && speed.is_finite())
        .ok_or_else(|| "a number above 0".to_owned())
}
