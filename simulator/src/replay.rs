// SPDX-License-Identifier: MIT OR Apache-2.0
//! `replay`: sends what devices once sent, and compares what is answered now with what was answered then.

mod archive;
mod compare;
mod exchange;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::client::{Client, Failure};
use crate::model::event::Event;
use compare::{answers, verdicts};
use exchange::{Answer, Exchanged, Target};

/// The longest time in seconds until the API knows of a request.
const PATIENCE: u8 = 5;

/// Shown below the options.
const MORE: &str = "Prints a line `request NUMBER, METHOD URL: WHAT: THEN then, NOW now` for each difference in the status, the body (a downlink or none) and \
the fields Content-Type, Location and Retry-After if the archive has fields; with --api also in the verdict and in each mistake.

Ends with 0 if all answers are as recorded, with 1 if any differs, with 2 if the archive cannot be read or the target cannot be reached.";

/// Sends recorded requests again and compares the answers
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct Replay {
    /// HTTP archive, as from GET /api/v1/messages.har
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A simulator, or the platform
    #[arg(long, value_name = "HOST:PORT")]
    to: String,

    /// Uses TLS
    #[cfg(feature = "tls")]
    #[arg(long)]
    tls: bool,

    /// Trusted authorities, in PEM [default: those of this system]
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca: Option<PathBuf>,

    /// Name that the certificate must be for [default: the host of --to]
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "NAME", requires = "tls")]
    name: Option<String>,

    /// Address and port of the API of the same simulator
    #[arg(long, value_name = "ADDRESS:PORT")]
    api: Option<String>,

    /// Bearer token of the API
    #[arg(
        long,
        value_name = "TOKEN",
        requires = "api",
        env = "KPN_THINGS_API_TOKEN",
        hide_env_values = true
    )]
    api_token: Option<String>,
}

/// Runs it: 0 if all answers are as recorded, 1 if any differs.
pub async fn run(arguments: &Replay) -> Result<ExitCode, String> {
    let entries = archive::read(&arguments.file)?;
    let target = Target::new(arguments)?;
    let mut judge = match &arguments.api {
        Some(api) => Some(Judge::new(api, arguments.api_token.clone()).await?),
        None => None,
    };
    let (mut same, mut different, mut left_out) = (0_usize, 0_usize, 0_usize);
    let mut output = io::stdout();
    let written = |error: io::Error| format!("standard output: {error}");
    for (entry, number) in entries.iter().zip(1_usize..) {
        let Some(request) = entry.bytes().filter(|_| entry.is_comparable()) else {
            left_out += 1;
            continue;
        };
        let named = |error: String| format!("{}, request {number}: {error}", arguments.to);
        let Exchanged { answer, from } = target.exchange(&request).map_err(named)?;
        let mut differences = answers(entry, &answer);
        if let Some(judge) = &mut judge {
            let event = judge.event_from(&from).await.map_err(named)?;
            differences.extend(verdicts(entry, &event));
        }
        if differences.is_empty() {
            same += 1;
        } else {
            different += 1;
        }
        for difference in differences {
            writeln!(output, "request {number}, {}: {difference}", entry.name())
                .map_err(written)?;
        }
    }
    writeln!(
        output,
        "{same} answered as they were, {different} otherwise, {left_out} left out"
    )
    .map_err(written)?;
    Ok(ExitCode::from(u8::from(different > 0)))
}

/// The API of the target, which knows the verdict on each message.
struct Judge {
    client: Client,
    /// Number of the last message seen.
    last: u64,
}

impl Judge {
    async fn new(api: &str, token: Option<String>) -> Result<Self, String> {
        let client = Client::new(api, token);
        let last = client.messages("?limit=1").await;
        let last = last
            .map_err(|failure| told(api, failure))?
            .last()
            .map_or(0, |event| event.number);
        Ok(Self { client, last })
    }

    /// The message that came from this address.
    async fn event_from(&mut self, peer: &str) -> Result<Event, String> {
        loop {
            let query = format!("/wait?after={}&within={PATIENCE}", self.last);
            let events = self.client.messages(&query).await;
            let events = events.map_err(|failure| told(self.client.api(), failure))?;
            let Some(last) = events.last() else {
                return Err(format!("the API at {} has not seen it", self.client.api()));
            };
            self.last = last.number;
            if let Some(event) = events.into_iter().find(|event| event.peer == peer) {
                return Ok(event);
            }
        }
    }
}

fn told(api: &str, failure: Failure) -> String {
    let (Failure::Again(error) | Failure::Final(error)) = failure;
    format!("the API at {api}: {error}")
}
