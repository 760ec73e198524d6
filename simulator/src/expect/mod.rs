// SPDX-License-Identifier: MIT OR Apache-2.0
//! `expect`: for CI. Waits until devices have done what is expected, and reports what is missing otherwise.

mod grammar;
mod junit;
mod progress;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::model::event::Event;
use progress::Progress;

/// The longest time that one request to the API stays open.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two attempts to reach a simulator that is about to start.
const AGAIN: Duration = Duration::from_millis(100);

/// Shown below the options.
const MORE: &str = r#"An expectation, which messages that came before this command started can meet too:
  device URN STEP, then STEP ...        or `any device`
A step, met by a message of its own each:
  [sends] NAME [OPERATOR VALUE] [once|twice|N times]    a measurement of an accepted message
  gets NAME [OPERATOR VALUE] [once|twice|N times]       a record of a downlink in an answer
  is refused [once|twice|N times]                       a message
  never STEP                                            from here on; as the last one, until the time is over
Operators: == != < <= > >=; values: 20.5, "text", true, false

Ends with 0 when all are met, with 1 when one is not, with 2 when one cannot be read or the API not be reached."#;

/// Waits until devices have done what is expected
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct Expect {
    /// What is expected, such as 'device URN sends temperature > 20 twice, then firmware == "1.1.0"'
    #[arg(required_unless_present = "file")]
    expectation: Vec<String>,

    /// File of expectations, one per line; lines that begin with # are comments
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,

    /// How long it may take
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    within: Duration,

    /// Address and port of the simulator's API
    #[arg(long, value_name = "ADDRESS:PORT")]
    api: String,

    /// Bearer token of the API
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KPN_THINGS_API_TOKEN",
        hide_env_values = true
    )]
    api_token: Option<String>,

    /// Only messages with a number above this one count
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    after: u64,

    /// Writes a report in JUnit format
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs it.
pub async fn run(arguments: Expect) -> Result<ExitCode, String> {
    let mut all = read(&arguments)?;
    let start = Instant::now();
    // Nobody waits longer than this, and the clock would overflow.
    let within = arguments.within.min(Duration::from_secs(365 * 24 * 3600));
    let end = start + within;
    let mut after = arguments.after;
    let mut reached = Err("nothing was asked".to_owned());
    while !all.iter().all(Progress::is_final) && Instant::now() < end {
        match timeout_at(end + AGAIN, messages(&arguments, after, end)).await {
            Ok(Ok(events)) => {
                for event in &events {
                    after = after.max(event.number);
                    all.iter_mut().for_each(|progress| progress.take(event));
                }
                reached = Ok(());
            }
            Ok(Err(Failure::Final(error))) => return Err(error),
            Ok(Err(Failure::Again(error))) => {
                if reached.is_err() {
                    reached = Err(error);
                }
                sleep(AGAIN).await;
            }
            Err(_) => break,
        }
    }
    reached.map_err(|error| format!("the API at {}: {error}", arguments.api))?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(path) = &arguments.junit {
        std::fs::write(path, junit::report(&all, seconds))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let met = tell(&all, seconds).map_err(|error| format!("standard output: {error}"))?;
    Ok(ExitCode::from(u8::from(!met)))
}

/// All expectations from the command line and from files.
fn read(arguments: &Expect) -> Result<Vec<Progress>, String> {
    let mut texts = arguments.expectation.clone();
    for path in &arguments.file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let lines = text.lines().map(str::trim);
        texts.extend(
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned),
        );
    }
    if texts.is_empty() {
        return Err("there is nothing to expect".to_owned());
    }
    texts
        .iter()
        .map(|text| grammar::read(text).map(Progress::new))
        .collect::<Result<_, _>>()
        .map_err(|wrong| wrong.to_string())
}

/// Reports how each has ended, and returns whether all are met.
fn tell(all: &[Progress], seconds: f64) -> io::Result<bool> {
    let mut output = io::stdout();
    let mut met = true;
    for progress in all {
        let text = &progress.expectation.text;
        let Some(failure) = progress.failure() else {
            writeln!(output, "met: {text}")?;
            continue;
        };
        met = false;
        writeln!(output, "not met after {seconds:.1} s: {text}\n  {failure}")?;
        if progress.transcript().is_empty() {
            writeln!(output, "  no message came")?;
        }
        for line in progress.transcript() {
            writeln!(output, "  {line}")?;
        }
    }
    Ok(met)
}

/// Why there is no answer.
enum Failure {
    /// The simulator may be about to start.
    Again(String),
    /// Trying again will not help.
    Final(String),
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Event>,
}

/// Messages above a number, as soon as there are any; none if it takes too long.
async fn messages(arguments: &Expect, after: u64, end: Instant) -> Result<Vec<Event>, Failure> {
    let again = |error: &dyn std::fmt::Display| Failure::Again(error.to_string());
    let within = end
        .saturating_duration_since(Instant::now())
        .min(PATIENCE)
        .as_secs_f64();
    let stream = TcpStream::connect(&arguments.api)
        .await
        .map_err(|error| again(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| again(&error))?;
    tokio::spawn(connection);
    let mut request = Request::get(format!(
        "/api/v1/messages/wait?after={after}&within={within:.3}"
    ))
    .header(HOST, &arguments.api);
    if let Some(token) = &arguments.api_token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::Final(format!("--api or --api-token: {error}")))?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| again(&error))?;
    let status = answer.status();
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| again(&error))?.to_bytes();
    match status {
        StatusCode::OK | StatusCode::REQUEST_TIMEOUT => {
            let list: Messages = serde_json::from_slice(&body)
                .map_err(|error| Failure::Final(format!("the API's answer: {error}")))?;
            Ok(list.messages)
        }
        status => Err(Failure::Final(format!(
            "the API answers {status}: {}",
            String::from_utf8_lossy(&body)
        ))),
    }
}
