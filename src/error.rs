//! What can go wrong, without detail: a cause is one number, which is also its status in C.
//!
//! A number that is never 0, instead of an enum: a result is one register, where 0 is success, and its status in C is the
//! negative. Held positive, since small cores load such a constant in one instruction: 300 bytes less of 29,200 on thumbv6m.
#![forbid(unsafe_code)]

use core::fmt;
use core::num::NonZero;

/// Result of a core operation.
pub type Result<T> = core::result::Result<T, Error>;

/// A way in which the library refuses or fails: one of the constants.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Error(NonZero<i32>);

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        impl Error {
            $(
                $(#[$doc])*
                pub const $name: Self = Self(NonZero::new(-$number).unwrap());
            )*

            /// Every cause with its name.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name))),*];
        }
    };
}

errors! {
    /// Nothing follows.
    END = 2;
    /// An argument is missing, misaligned or out of its range.
    INVALID_ARGUMENT = -1;
    /// A call in the wrong order, or an object that was never begun.
    STATE = -2;
    /// Input and output share memory.
    OVERLAP = -3;
    /// A secret outside `[0-9a-zA-Z]{30,100}`.
    SECRET = -4;
    /// A host or path with CR, LF, NUL, space or another byte that a request head cannot carry.
    HEAD_TEXT = -5;
    /// A device URN that is none of the kinds known here.
    URN = -6;
    /// An IMEI whose check digit does not fit.
    IMEI_CHECK_DIGIT = -7;
    /// A field of a configuration with a value that it cannot have.
    CONFIG = -8;
    /// A response body larger than the buffer given for it.
    BODY_TOO_LARGE = -10;
    /// A number that the asked type cannot hold exactly.
    NUMBER_RANGE = -11;
    /// The second pass of a stream does not write what the first one measured.
    PASS_DIFFERS = -12;
    /// No room: the writer's `missing` says how many bytes.
    BUFFER_FULL = -13;
    /// A name, with its base name, outside RFC 8428's alphabet.
    SENML_NAME = -20;
    /// A unit that is empty, too long or not printable text.
    SENML_UNIT = -21;
    /// A pack that is not an array of objects, or a label with a value of the wrong type.
    SENML_TYPE = -22;
    /// A label that ends in `_` and is not understood.
    SENML_MUST_UNDERSTAND = -23;
    /// A version that is not understood, or that differs within the pack.
    SENML_VERSION = -24;
    /// A label that occurs twice in one record.
    SENML_DUPLICATE = -25;
    /// More than one of `v`, `vs`, `vb`, `vd` in one record, or a name without any value.
    SENML_VALUE = -26;
    /// A pack without any measurement.
    SENML_EMPTY = -27;
    /// A time that is relative where an absolute one is asked, or the reverse.
    SENML_TIME = -28;
    /// A `vd` that is none of the four base64 forms.
    SENML_BASE64 = -29;
    /// Not JSON as RFC 8259 defines it.
    JSON_SYNTAX = -30;
    /// JSON nested deeper than the limit.
    JSON_DEPTH = -31;
    /// JSON that ends too early.
    JSON_TRUNCATED = -32;
    /// A string escape that stands for no character, such as a lone surrogate.
    JSON_ESCAPE = -33;
    /// A text that is not UTF-8.
    UTF8 = -34;
    /// NaN or an infinity, which JSON cannot carry.
    NOT_FINITE = -35;
    /// A response that is not HTTP/1.x, or has characters where none may be.
    HTTP_SYNTAX = -40;
    /// A Content-Length that is no number, too large, or contradicts another; a chunk size that is too large.
    HTTP_CONTENT_LENGTH = -41;
    /// A transfer coding other than chunked, or chunked together with Content-Length.
    HTTP_TRANSFER_ENCODING = -42;
    /// A response head, or a line of chunked framing, beyond the limit.
    HTTP_HEAD_TOO_LARGE = -43;
    /// The connection ended before the response did.
    HTTP_TRUNCATED = -44;
    /// A token that does not belong to this body and secret.
    TOKEN_MISMATCH = -50;
    /// A field of a configuration that is not known.
    CONFIG_UNKNOWN = -51;
    /// A field of a configuration that is needed and not there.
    CONFIG_MISSING = -52;
    /// A field of a configuration that is there twice.
    CONFIG_REPEATED = -53;
    /// A field of a configuration with a value of the wrong JSON type.
    CONFIG_TYPE = -54;
    /// A field of a configuration with a text or a list that is too long.
    CONFIG_TOO_LONG = -55;
    /// A URL that is malformed, or of a kind that firmware is not fetched from.
    FIRMWARE_URL = -60;
    /// A URL or token of firmware that is too long, or does not fit into the memory given.
    FIRMWARE_TOO_LONG = -61;
    /// A status of the file server that will not change by asking again.
    FIRMWARE_REFUSED = -62;
    /// A status of the file server that may be another one later.
    FIRMWARE_BUSY = -63;
    /// A response with other bytes than those asked for, or with none.
    FIRMWARE_RANGE = -64;
    /// Firmware whose size changed while it was fetched.
    FIRMWARE_SIZE = -65;
    /// A part whose CRC-32 is not the one that came with it.
    FIRMWARE_CRC = -66;
    /// A stored image that is damaged or of another version.
    IMAGE = -67;
    /// No connection to the host.
    CONNECT = -90;
    /// The time limit of the transport is over.
    TIMEOUT = -91;
    /// The connection broke.
    IO = -92;
}

impl Error {
    /// The number of this cause in C.
    pub const fn number(self) -> i32 {
        self.0.get().wrapping_neg()
    }

    /// A byte under which plain state can remember this cause; never 0.
    pub const fn code(self) -> u8 {
        let [low, ..] = self.0.get().to_le_bytes();
        low
    }

    /// The cause behind a `code`; none for 0.
    pub fn from_code(code: u8) -> Option<Self> {
        NonZero::new(i32::from(code.cast_signed())).map(Self)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(error, _)| error == self);
        out.write_str(known.map_or("Error", |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_survives_its_code() {
        assert_eq!(Error::from_code(0), None);
        for &(error, _) in Error::ALL {
            assert_eq!(Error::from_code(error.code()), Some(error));
        }
    }

    #[test]
    fn a_result_is_a_number_that_is_0_for_success() {
        assert_eq!(size_of::<Result<()>>(), size_of::<i32>());
    }

    #[test]
    fn a_cause_is_told_by_its_name() {
        assert_eq!(std::format!("{:?}", Error::SENML_NAME), "SENML_NAME");
    }
}
