// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS on their way, with the platform's times of retry. Who makes the attempts is not decided here.

use serde::{Deserialize, Serialize};

/// After this many seconds an SMS is discarded.
pub const GIVE_UP: u64 = 48 * 3600;

/// Seconds between attempts, and for how many attempts: every minute for 5 minutes, every 10 minutes
/// for an hour, every hour for 12 hours, every 4 hours for 36 hours.
const STEPS: [(u64, u64); 4] = [(60, 5), (600, 6), (3600, 12), (14_400, 9)];

/// Where an SMS is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SmsState {
    /// The device was not reached yet.
    Executing,
    /// The device took it.
    Delivered,
    /// Nobody took it within two days.
    Failed,
}

/// One attempt, or the end without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When, in seconds since 1970.
    pub time: f64,
    /// Seconds of the platform since the SMS was queued.
    pub after: u64,
    /// What came of it.
    pub state: SmsState,
}

/// One SMS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sms {
    /// Counts from 1.
    pub id: u64,
    /// The device it is for.
    pub urn: String,
    /// What it says.
    pub body: String,
    /// When it was queued, in seconds since 1970.
    pub time: f64,
    /// Where it is.
    pub state: SmsState,
    /// What was tried.
    pub attempts: Vec<Attempt>,
}

impl Sms {
    /// Seconds of the platform after which the next attempt is due, none when there is no other.
    pub fn due(&self) -> Option<u64> {
        let last = self.attempts.last().map(|attempt| attempt.after);
        match self.state {
            SmsState::Executing => attempts().find(|after| last.is_none_or(|last| *after > last)),
            SmsState::Delivered | SmsState::Failed => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn knows_which_attempt_is_due() {
        let mut sms = Sms {
            id: 1,
            urn: String::new(),
            body: String::new(),
            time: 0.0,
            state: SmsState::Executing,
            attempts: Vec::new(),
        };
        let mut due = Vec::new();
        while let Some(after) = sms.due() {
            due.push(after);
            sms.attempts.push(Attempt {
                time: 0.0,
                after,
                state: SmsState::Executing,
            });
        }
        assert_eq!(due, attempts().collect::<Vec<_>>());
        sms.attempts.clear();
        sms.state = SmsState::Delivered;
        assert_eq!(sms.due(), None);
    }
}
