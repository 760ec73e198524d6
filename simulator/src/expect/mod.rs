// SPDX-License-Identifier: MIT OR Apache-2.0
//! `expect`: for CI. Waits until devices have done what is expected, and reports what is missing otherwise.

mod grammar;
mod junit;
mod progress;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{Client, Failure};
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
    let client = Client::new(&arguments.api, arguments.api_token.clone());
    let start = Instant::now();
    // Nobody waits longer than this, and the clock would overflow.
    let within = arguments.within.min(Duration::from_secs(365 * 24 * 3600));
    let end = start + within;
    let mut after = arguments.after;
    let mut reached = Err("nothing was asked".to_owned());
    while !all.iter().all(Progress::is_final) && Instant::now() < end {
        let left = end.saturating_duration_since(Instant::now()).min(PATIENCE);
        let query = format!("/wait?after={after}&within={:.3}", left.as_secs_f64());
        match timeout_at(end + AGAIN, client.messages(&query)).await {
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
