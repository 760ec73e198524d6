// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong: a cause without detail, as one number. The list `causes` gives the number, name and text of each.
//!
//! A number that is never 0, instead of an enum: a result then takes one register, where 0 is success, and the C status is its negative. It
//! is kept positive because small cores load a small positive constant in one instruction, which saves 300 of 29,200 bytes on thumbv6m.
#![forbid(unsafe_code)]

use core::fmt;
use core::num::NonZero;

pub(crate) mod causes;

/// Result of a core operation.
pub type Result<T> = core::result::Result<T, Error>;

/// A way in which the library refuses or fails: one of the constants.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Error(NonZero<i32>);

macro_rules! errors {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl Error {
            $(
                #[doc = concat!("Means: ", $text, ".")]
                pub const $name: Self = Self(NonZero::new(-$number).unwrap());
            )*

            /// Every cause, with its name and its text.
            const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$name, stringify!($name), $text)),*];
        }
    };
}

causes::for_each_cause!(errors);

impl Error {
    /// Its number in C: negative for a failure.
    pub const fn number(self) -> i32 {
        -self.0.get()
    }

    /// A byte by which plain state can remember this cause; never 0.
    pub const fn code(self) -> u8 {
        let [low, ..] = self.0.get().to_le_bytes();
        low
    }

    /// The cause of a `code`; `None` for 0.
    pub fn from_code(code: u8) -> Option<Self> {
        NonZero::new(i32::from(code.cast_signed())).map(Self)
    }
}

/// Its name, such as `SENML_NAME`.
impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(error, _, _)| error == self);
        out.write_str(known.map_or("Error", |(_, name, _)| name))
    }
}

/// Its text, such as "the pack has no measurement".
impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(error, _, _)| error == self);
        out.write_str(known.map_or("unknown error", |(_, _, text)| text))
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_survives_its_code() {
        assert_eq!(Error::from_code(0), None);
        for &(error, _, _) in Error::ALL {
            assert_eq!(Error::from_code(error.code()), Some(error));
        }
    }

    #[test]
    fn a_result_is_a_number_that_is_0_for_success() {
        assert_eq!(size_of::<Result<()>>(), size_of::<i32>());
    }

    #[test]
    fn a_cause_is_told_by_its_name_and_its_text() {
        assert_eq!(std::format!("{:?}", Error::SENML_NAME), "SENML_NAME");
        assert_eq!(
            std::format!("{}", Error::SENML_EMPTY),
            "the pack has no measurement"
        );
    }

    #[test]
    fn the_list_is_in_order_without_repetition() {
        let numbers = Error::ALL.iter().map(|(error, _, _)| error.number());
        assert!(numbers.is_sorted_by(|one, next| one > next));
    }

    #[test]
    fn only_the_end_is_no_failure() {
        for &(error, _, _) in Error::ALL {
            assert_eq!(error.number() < 0, error != Error::END);
        }
    }
}
