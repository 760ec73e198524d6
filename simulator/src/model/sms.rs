// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS on their way, with the platform's retry times. The attempts themselves are made elsewhere.

use serde::{Deserialize, Serialize};

/// After this many seconds an SMS is discarded.
pub const GIVE_UP: u64 = 48 * 3600;

/// Seconds between attempts, and for how many attempts: every minute for 5 minutes, every 10 minutes for an hour, every
/// hour for 12 hours, then every 4 hours for 36 hours.
const STEPS: [(u64, u64); 4] = [(60, 5), (600, 6), (3600, 12), (14_400, 9)];

/// The state of an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SmsState {
    /// The device has not been reached yet.
    Executing,
    /// The device accepted it.
    Delivered,
    /// Nobody accepted it within two days.
    Failed,
}

/// One attempt, or the end without an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The time, in seconds since 1970.
    pub time: f64,
    /// Seconds of the platform since the SMS was queued.
    pub after: u64,
    /// The result.
    pub state: SmsState,
}

/// One SMS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sms {
    /// Counts from 1.
    pub id: u64,
    /// The device that it is for.
    pub urn: String,
    /// Its contents.
    pub body: String,
    /// When it was queued, in seconds since 1970.
    pub time: f64,
    /// Its state.
    pub state: SmsState,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
}

impl Sms {
    /// Platform seconds after which the next attempt is due; `None` if there is no other.
    pub fn due(&self) -> Option<u64> {
        let last = self.attempts.last().map(|attempt| attempt.after);
        match self.state {
            SmsState::Executing => attempts().find(|after| last.is_none_or(|last| *after > last)),
            SmsState::Delivered | SmsState::Failed => None,
        }
    }
}

/// Seconds after which an SMS is tried until it is accepted.
///
/// The documented intervals add up to 49 h 5 min; attempts after 48 h are not made.
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
