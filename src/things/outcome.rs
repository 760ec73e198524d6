// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a response means for the sender. KPN's documentation lists four cases (accepted, malformed, token, device) and
//! gives no status codes for the three errors, so the codes can be overridden and the raw status stays available.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use core::ffi::CStr;

/// Class of a response. The values are part of the C interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Outcome {
    /// Accepted for further processing.
    Accepted = 1,
    /// A header is missing or the body is wrong.
    Malformed = 2,
    /// The message token could not be verified.
    TokenRejected = 3,
    /// The device identifier is not known.
    DeviceUnknown = 4,
    /// The platform cannot accept it now.
    RetryLater = 5,
    /// Refused for another reason, or redirected to another address.
    Refused = 6,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::Malformed,
        Self::TokenRejected,
        Self::DeviceUnknown,
        Self::RetryLater,
        Self::Refused,
    ];

    /// The default outcome of a status code, as given by `STEPS`.
    #[inline(never)]
    pub fn of(status: u16) -> Self {
        let mut outcome = 0;
        for &step in &PACKED {
            if step >> 3 <= status {
                outcome = step & 7;
            }
        }
        Self::from_code(i32::from(outcome)).unwrap_or(Self::Refused)
    }

    /// The value in the C interface.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The outcome that has this value in the C interface.
    pub const fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            1 => Self::Accepted,
            2 => Self::Malformed,
            3 => Self::TokenRejected,
            4 => Self::DeviceUnknown,
            5 => Self::RetryLater,
            6 => Self::Refused,
            _ => return None,
        })
    }

    /// Whether the same request may be sent again unchanged; any other failure would only repeat itself.
    pub const fn may_retry(self) -> bool {
        matches!(self, Self::RetryLater)
    }

    /// What to do about it, in one sentence.
    pub const fn advice(self) -> &'static CStr {
        match self {
            Self::Accepted => c"Nothing to do: the platform has taken the message.",
            Self::Malformed => c"Check the headers and the SenML pack: the platform found them malformed.",
            Self::TokenRejected => {
                c"Check the secret in the portal, and that exactly the bytes which are sent are hashed."
            }
            Self::DeviceUnknown => c"Check the device identifier in the portal and in the base name.",
            Self::RetryLater => c"Send the same message again later, not before Retry-After.",
            Self::Refused => c"Do not send this message again unchanged: it is refused there; check address, port and path.",
        }
    }
}

/// The outcome from each status on, in ascending order.
///
/// A code that is not in IANA's registry counts as x00 of its class; one outside 100 to 599 counts as 500 (RFC 9110
/// section 15). No redirect is followed.
const STEPS: [(u16, Outcome); 22] = [
    (0, Outcome::RetryLater),
    (200, Outcome::Accepted),
    (300, Outcome::Refused),
    (400, Outcome::Malformed),
    (401, Outcome::TokenRejected),
    (402, Outcome::Refused),
    (403, Outcome::TokenRejected),
    (404, Outcome::DeviceUnknown),
    (405, Outcome::Refused),
    (408, Outcome::RetryLater),
    (409, Outcome::Refused),
    (418, Outcome::Malformed),
    (421, Outcome::Refused),
    (427, Outcome::Malformed),
    (428, Outcome::Refused),
    (429, Outcome::RetryLater),
    (430, Outcome::Malformed),
    (431, Outcome::Refused),
    (432, Outcome::Malformed),
    (451, Outcome::Refused),
    (452, Outcome::Malformed),
    (500, Outcome::RetryLater),
];

/// The same as status times 8 plus outcome: including its loop, 50 bytes smaller on thumbv6m than a `match`.
static PACKED: [u16; STEPS.len()] = packed();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "evaluated by the compiler, of small numbers"
)]
const fn packed() -> [u16; STEPS.len()] {
    let mut packed = [0; STEPS.len()];
    let mut at: usize = 0;
    while at < packed.len() {
        let (status, outcome) = STEPS[at];
        packed[at] = status << 3 | outcome.code() as u16;
        at = at.wrapping_add(1);
    }
    packed
}

/// Entries that a [`StatusTable`] can hold.
pub const STATUS_TABLE_MAX: usize = 8;

/// Status codes whose outcome the caller has set; they take precedence over the built-in table. Plain integers; all
/// zeros is empty.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StatusTable {
    /// 0 if the entry is free.
    statuses: [u16; 8],
    outcomes: [u8; 8],
}

const _: () = assert!(STATUS_TABLE_MAX == 8);

impl StatusTable {
    /// A table that overrides nothing.
    pub const fn new() -> Self {
        Self {
            statuses: [0; 8],
            outcomes: [0; 8],
        }
    }

    /// Sets the outcome of a status from 200 to 999, replacing an earlier setting.
    ///
    /// `Error::INVALID_ARGUMENT` for another status, `Error::BUFFER_FULL` when `STATUS_TABLE_MAX` others are set.
    pub fn set(&mut self, status: u16, outcome: Outcome) -> Result<()> {
        if !(200..=999).contains(&status) {
            return Err(Error::INVALID_ARGUMENT);
        }
        let code = u8::try_from(outcome.code()).map_err(|_| Error::INVALID_ARGUMENT)?;
        for (known, value) in self.statuses.iter_mut().zip(&mut self.outcomes) {
            // Entries are filled from the front and never removed: the first free one ends the list.
            if *known == status || *known == 0 {
                *known = status;
                *value = code;
                return Ok(());
            }
        }
        Err(Error::BUFFER_FULL)
    }

    /// The outcome of a status: as set, otherwise as given by [`Outcome::of`].
    pub fn outcome(&self, status: u16) -> Outcome {
        self.entries()
            .find(|&(known, _)| known == status)
            .map_or(Outcome::of(status), |(_, outcome)| outcome)
    }

    /// The settings, in the order in which they were made.
    pub fn entries(&self) -> impl Iterator<Item = (u16, Outcome)> {
        self.statuses
            .iter()
            .zip(&self.outcomes)
            .take_while(|&(&status, _)| status != 0)
            .filter_map(|(&status, &code)| Some((status, Outcome::from_code(i32::from(code))?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn each_status_has_its_outcome() {
        let table = StatusTable::new();
        for status in 0..=1100 {
            let expected = match status {
                200..300 => Outcome::Accepted,
                401 | 403 => Outcome::TokenRejected,
                404 => Outcome::DeviceUnknown,
                408 | 429 => Outcome::RetryLater,
                300..400 | 402 | 405..=407 | 409..=417 | 421..=426 | 428 | 431 | 451 => {
                    Outcome::Refused
                }
                400..500 => Outcome::Malformed,
                _ => Outcome::RetryLater,
            };
            assert_eq!(Outcome::of(status), expected, "{status}");
            assert_eq!(table.outcome(status), expected, "{status}");
        }
    }

    #[test]
    fn codes_are_distinct_and_lead_back() {
        for (index, &outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(usize::try_from(outcome.code()), Ok(index + 1));
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(0), None);
        assert_eq!(Outcome::from_code(7), None);
    }

    #[test]
    fn advice_is_one_sentence() {
        for outcome in Outcome::ALL {
            let advice = outcome.advice().to_str().unwrap();
            assert!(
                advice.ends_with('.') && advice.matches('.').count() == 1,
                "{advice}"
            );
        }
    }

    #[test]
    fn a_set_status_goes_before_the_built_in_one() {
        let mut table = StatusTable::new();
        assert_eq!(table.set(422, Outcome::Malformed), Ok(()));
        assert_eq!(table.set(403, Outcome::DeviceUnknown), Ok(()));
        assert_eq!(table.set(422, Outcome::TokenRejected), Ok(()));
        assert_eq!(table.outcome(422), Outcome::TokenRejected);
        assert_eq!(table.outcome(403), Outcome::DeviceUnknown);
        assert_eq!(table.outcome(401), Outcome::TokenRejected);
        assert_eq!(table.entries().count(), 2);
    }

    #[test]
    fn a_full_table_can_still_change_its_entries() {
        let mut table = StatusTable::new();
        for status in 410..418 {
            assert_eq!(table.set(status, Outcome::RetryLater), Ok(()));
        }
        let full = table;
        assert_eq!(table.set(418, Outcome::RetryLater), Err(Error::BUFFER_FULL));
        assert_eq!(table, full);
        assert_eq!(table.set(417, Outcome::Refused), Ok(()));
        assert_eq!(table.outcome(417), Outcome::Refused);
        let statuses: Vec<u16> = table.entries().map(|(status, _)| status).collect();
        assert_eq!(statuses, [410, 411, 412, 413, 414, 415, 416, 417]);
    }

    #[test]
    fn refuses_a_status_that_no_response_has() {
        let mut table = StatusTable::new();
        for status in [0, 1, 100, 199, 1000, u16::MAX] {
            assert_eq!(
                table.set(status, Outcome::Accepted),
                Err(Error::INVALID_ARGUMENT)
            );
        }
        assert_eq!(table.entries().count(), 0);
    }
}
