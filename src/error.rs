//! What can go wrong, without detail: a cause is one value, matched exhaustively where it becomes a C status.
#![forbid(unsafe_code)]

/// Result of a core operation.
pub type Result<T> = core::result::Result<T, Error>;

/// Every way in which the library refuses or fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Error {
    /// An argument is missing, misaligned or out of its range.
    InvalidArgument,
    /// A call in the wrong order, or an object that was never begun.
    State,
    /// Input and output share memory.
    Overlap,
    /// A secret outside `[0-9a-zA-Z]{30,100}`.
    Secret,
    /// A host or path with CR, LF, NUL, space or another byte that a request head cannot carry.
    HeadText,
    /// No room: the writer's `missing` says how many bytes.
    BufferFull,
    /// A response body larger than the buffer given for it.
    BodyTooLarge,
    /// A name, with its base name, outside RFC 8428's alphabet.
    SenmlName,
    /// A unit that is empty, too long or not printable text.
    SenmlUnit,
    /// NaN or an infinity, which JSON cannot carry.
    NotFinite,
    /// A number that the asked type cannot hold exactly.
    NumberRange,
    /// A text that is not UTF-8.
    Utf8,
    /// A pack that is not an array of objects, or a label with a value of the wrong type.
    SenmlType,
    /// A label that ends in `_` and is not understood.
    SenmlMustUnderstand,
    /// A version that is not understood, or that differs within the pack.
    SenmlVersion,
    /// A label that occurs twice in one record.
    SenmlDuplicate,
    /// More than one of `v`, `vs`, `vb`, `vd` in one record, or a name without any value.
    SenmlValue,
    /// A pack without any measurement.
    SenmlEmpty,
    /// A `vd` that is none of the four base64 forms.
    Base64,
    /// A time that is relative where an absolute one is asked, or the reverse.
    SenmlTime,
    /// Not JSON as RFC 8259 defines it.
    JsonSyntax,
    /// JSON nested deeper than the limit.
    JsonDepth,
    /// JSON that ends too early.
    JsonTruncated,
    /// A string escape that stands for no character, such as a lone surrogate.
    JsonEscape,
    /// A response that is not HTTP/1.x, or has characters where none may be.
    HttpSyntax,
    /// A Content-Length that is no number, too large, or contradicts another; a chunk size that is too large.
    HttpContentLength,
    /// A transfer coding other than chunked, or chunked together with Content-Length.
    HttpTransferEncoding,
    /// A response head, or a line of chunked framing, beyond the limit.
    HttpHeadTooLarge,
    /// The connection ended before the response did.
    HttpTruncated,
    /// A device URN that is none of the kinds known here.
    Urn,
    /// An IMEI whose check digit does not fit.
    ImeiCheckDigit,
    /// A field of a configuration with a value that it cannot have.
    Config,
    /// A token that does not belong to this body and secret.
    TokenMismatch,
    /// A field of a configuration that is not known.
    ConfigUnknown,
    /// A field of a configuration that is needed and not there.
    ConfigMissing,
    /// A field of a configuration that is there twice.
    ConfigRepeated,
    /// A field of a configuration with a value of the wrong JSON type.
    ConfigType,
    /// A field of a configuration with a text or a list that is too long.
    ConfigTooLong,
    /// The second pass of a stream does not write what the first one measured.
    PassDiffers,
    /// A URL that is malformed, or of a kind that firmware is not fetched from.
    FirmwareUrl,
    /// A URL or token of firmware that is too long, or does not fit into the memory given.
    FirmwareTooLong,
    /// A status of the file server that will not change by asking again.
    FirmwareRefused,
    /// A status of the file server that may be another one later.
    FirmwareBusy,
    /// A response with other bytes than those asked for, or with none.
    FirmwareRange,
    /// Firmware whose size changed while it was fetched.
    FirmwareSize,
    /// A part whose CRC-32 is not the one that came with it.
    FirmwareCrc,
    /// A stored image that is damaged or of another version.
    Image,
    /// No connection to the host.
    Connect,
    /// The time limit of the transport is over.
    Timeout,
    /// The connection broke.
    Io,
}

impl Error {
    /// Every cause, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::InvalidArgument,
        Self::State,
        Self::Overlap,
        Self::Secret,
        Self::HeadText,
        Self::BufferFull,
        Self::BodyTooLarge,
        Self::SenmlName,
        Self::SenmlUnit,
        Self::NotFinite,
        Self::NumberRange,
        Self::Utf8,
        Self::SenmlType,
        Self::SenmlMustUnderstand,
        Self::SenmlVersion,
        Self::SenmlDuplicate,
        Self::SenmlValue,
        Self::SenmlEmpty,
        Self::Base64,
        Self::SenmlTime,
        Self::JsonSyntax,
        Self::JsonDepth,
        Self::JsonTruncated,
        Self::JsonEscape,
        Self::HttpSyntax,
        Self::HttpContentLength,
        Self::HttpTransferEncoding,
        Self::HttpHeadTooLarge,
        Self::HttpTruncated,
        Self::Urn,
        Self::ImeiCheckDigit,
        Self::Config,
        Self::TokenMismatch,
        Self::ConfigUnknown,
        Self::ConfigMissing,
        Self::ConfigRepeated,
        Self::ConfigType,
        Self::ConfigTooLong,
        Self::PassDiffers,
        Self::FirmwareUrl,
        Self::FirmwareTooLong,
        Self::FirmwareRefused,
        Self::FirmwareBusy,
        Self::FirmwareRange,
        Self::FirmwareSize,
        Self::FirmwareCrc,
        Self::Image,
        Self::Connect,
        Self::Timeout,
        Self::Io,
    ];

    /// A number above 0 under which plain state can remember this cause.
    #[expect(
        clippy::as_conversions,
        reason = "the discriminant of a field-less enum"
    )]
    pub const fn code(self) -> u8 {
        (self as u8).wrapping_add(1)
    }

    /// The cause behind a `code`; none for 0 and for numbers that are no code.
    pub fn from_code(code: u8) -> Option<Self> {
        let index = usize::from(code).checked_sub(1)?;
        Self::ALL.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_survives_its_code() {
        assert_eq!(Error::from_code(0), None);
        for &error in Error::ALL {
            assert_eq!(Error::from_code(error.code()), Some(error));
        }
        assert_eq!(Error::from_code(u8::MAX), None);
    }
}
