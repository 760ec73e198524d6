//! Downlinks by SMS: delivered to a socket, with the platform's times of retry on a clock of any speed.
//!
//! A device that listens is on the network. Each attempt is one connection, on which the sender,
//! a line feed and the text are written; it succeeded when the device then closes the connection.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::device::Registry;
use crate::http::Platform;
use crate::report::now;

/// Whom every SMS of the platform is from.
pub const SENDER: &str = "5277";

/// After this many seconds an SMS is discarded.
const GIVE_UP: u64 = 48 * 3600;

/// Seconds between attempts, and for how many attempts: every minute for 5 minutes, every 10 minutes
/// for an hour, every hour for 12 hours, every 4 hours for 36 hours.
const STEPS: [(u64, u64); 4] = [(60, 5), (600, 6), (3600, 12), (14_400, 9)];

/// Seconds that nobody waits for: beyond them, a slow clock would overflow.
const NEVER: f64 = 1e9;

/// How long a device may take to accept an attempt.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);

/// One SMS on its way.
#[derive(Debug, Clone)]
pub struct Sms {
    /// The device it is for.
    pub urn: String,
    /// What it says.
    pub text: String,
}

impl Sms {
    /// Refuses an SMS to a device that is not there.
    pub fn check(&self, registry: &Registry) -> Result<(), String> {
        match registry.find(&self.urn) {
            Some(_) => Ok(()),
            None => Err(format!(
                "SMS for {}: no such device is registered",
                self.urn
            )),
        }
    }
}

impl FromStr for Sms {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (urn, text) = text.split_once('=').ok_or("expected URN=TEXT")?;
        Ok(Self {
            urn: urn.to_owned(),
            text: text.to_owned(),
        })
    }
}

/// How SMS reach the device.
#[derive(Debug, Clone)]
pub struct Route {
    /// Where the device listens.
    pub to: String,
    /// Seconds of the platform in one second of ours.
    pub speed: f64,
}

/// One attempt. Its JSON form is one line of the JSON log.
#[derive(Debug, Serialize)]
pub struct Attempt<'a> {
    kind: &'static str,
    time: f64,
    device: &'a str,
    text: &'a str,
    /// Seconds of the platform since the SMS was queued.
    after: u64,
    /// `executing` when the device was not reached, else `delivered` or `failed`.
    state: &'static str,
}

/// Seconds after which an SMS is tried, as long as nobody takes it.
///
/// The documented spans add up to 49 h 5 min: what lies behind 48 h does not happen.
pub fn attempts() -> impl Iterator<Item = u64> {
    let steps = STEPS
        .into_iter()
        .flat_map(|(seconds, times)| (0..times).map(move |_| seconds));
    std::iter::once(0)
        .chain(steps)
        .scan(0, |at, step| {
            *at += step;
            Some(*at)
        })
        .take_while(|at| *at <= GIVE_UP)
}

/// Delivers one SMS or gives up; ends with the platform.
pub async fn deliver(platform: Arc<Platform>, sms: Sms, route: Route) {
    let start = Instant::now();
    let moment =
        |after: u64| start + Duration::from_secs_f64((after as f64 / route.speed).min(NEVER));
    let log = |after, state| {
        platform.report().write_attempt(&Attempt {
            kind: "sms",
            time: now(),
            device: &sms.urn,
            text: &sms.text,
            after,
            state,
        });
    };
    let tries = async {
        for after in attempts() {
            sleep_until(moment(after)).await;
            match timeout(ATTEMPT_LIMIT, attempt(&route.to, &sms.text)).await {
                Ok(Ok(())) => return log(after, "delivered"),
                Ok(Err(error)) => tracing::debug!("SMS to {}: {error}", route.to),
                Err(_) => tracing::debug!("SMS to {}: no reaction", route.to),
            }
            log(after, "executing");
        }
        sleep_until(moment(GIVE_UP)).await;
        log(GIVE_UP, "failed");
    };
    tokio::select! {
        () = tries => {}
        () = platform.stopped() => {}
    }
}

async fn attempt(to: &str, text: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    stream
        .write_all(format!("{SENDER}\n{text}").as_bytes())
        .await?;
    stream.shutdown().await?;
    let mut sink = [0; 64];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

impl Attempt<'_> {
    /// One line for people.
    pub fn sentence(&self) -> String {
        let (hours, minutes) = (self.after / 3600, self.after / 60 % 60);
        format!(
            "SMS to {} after {hours} h {minutes:02} min: {}",
            self.device, self.state
        )
    }
}

#[cfg(test)]
mod tests {
    use super::attempts;

    #[test]
    fn tries_as_documented_and_not_after_48_hours() {
        let minutes: Vec<u64> = attempts().map(|seconds| seconds / 60).collect();
        assert_eq!(
            minutes,
            [
                0, 1, 2, 3, 4, 5, 15, 25, 35, 45, 55, 65, 125, 185, 245, 305, 365, 425, 485, 545,
                605, 665, 725, 785, 1025, 1265, 1505, 1745, 1985, 2225, 2465, 2705
            ]
        );
    }
}
