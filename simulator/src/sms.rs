// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downlinks by SMS: delivered to a socket, at the platform's retry times, on a clock of any speed.
//!
//! A device that listens is on the network. Each attempt is one connection, on which the sender, a line feed and the
//! text are written; it has succeeded if the device then closes the connection.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::log::now;
use crate::model::sms::{Attempt, GIVE_UP, Sms, SmsState};
use crate::platform::Platform;

/// The sender of every SMS from the platform.
pub const SENDER: &str = "5277";

/// A limit in seconds that nobody waits for; beyond it, a slow clock would overflow.
const NEVER: f64 = 1e9;

/// How long a device may take to accept an attempt.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);

/// An SMS from the command line.
#[derive(Debug, Clone)]
pub struct Order {
    /// The device that it is for.
    pub urn: String,
    /// Its contents.
    pub body: String,
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (urn, body) = text.split_once('=').ok_or("expected URN=TEXT")?;
        Ok(Self {
            urn: urn.to_owned(),
            body: body.to_owned(),
        })
    }
}

/// How SMS reach the device.
#[derive(Debug, Clone)]
pub struct Route {
    /// Where the device listens.
    pub to: String,
    /// Platform seconds per real second.
    pub speed: f64,
}

impl Route {
    /// When the next event of an SMS is due, in seconds since 1970.
    pub fn moment(&self, sms: &Sms, after: u64) -> f64 {
        sms.time + (after as f64 / self.speed).min(NEVER)
    }
}

/// Delivers one SMS or gives up; ends with the platform.
pub async fn deliver(platform: Arc<Platform>, id: u64, route: Route) {
    let tries = async {
        while let Some(sms) = platform.look(|model| model.find_sms(id).cloned()) {
            let after = match (sms.due(), sms.state) {
                (Some(after), _) => after,
                (None, SmsState::Executing) => GIVE_UP,
                _ => return,
            };
            let wait = (route.moment(&sms, after) - now()).max(0.0);
            sleep(Duration::from_secs_f64(wait.min(NEVER))).await;
            let state = if sms.due().is_none() {
                SmsState::Failed
            } else {
                match timeout(ATTEMPT_LIMIT, attempt(&route.to, &sms.body)).await {
                    Ok(Ok(())) => SmsState::Delivered,
                    Ok(Err(error)) => {
                        tracing::debug!("SMS to {}: {error}", route.to);
                        SmsState::Executing
                    }
                    Err(_) => {
                        tracing::debug!("SMS to {}: no reaction", route.to);
                        SmsState::Executing
                    }
                }
            };
            let made = Attempt {
                time: now(),
                after,
                state,
            };
            let kept = platform.change(|model| {
                model.attempted(id, made);
                model.find_sms(id).cloned()
            });
            match kept {
                Ok(Some(sms)) => platform.log.write_attempt(&sms),
                _ => return,
            }
        }
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
