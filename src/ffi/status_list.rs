//! The statuses: one list, from which the Rust constants, the texts and the macros of the C header are made.
//! `build.rs` takes this file in by its path, so it uses nothing of the crate. Append only: numbers are ABI.

/// A status and its number in the ABI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// Name of the constant, without the prefix `KPN_`.
    pub ident: &'static str,
    /// Its number: 0 success, positive not done yet, negative failure.
    pub value: i32,
    /// One sentence for a log.
    pub text: &'static core::ffi::CStr,
}

macro_rules! statuses {
    ($($ident:ident, $value:literal, $text:literal;)*) => {
        $(
            /// One of the statuses.
            pub const $ident: i32 = $value;
        )*

        /// All of them, in the order of the header.
        pub const STATUSES: &[Status] = &[
            $(Status { ident: stringify!($ident), value: $value, text: $text }),*
        ];

        /// The sentence of a status.
        pub const fn text_of(value: i32) -> Option<&'static core::ffi::CStr> {
            match value {
                $($value => Some($text),)*
                _ => None,
            }
        }
    };
}

statuses! {
    OK, 0, c"done";
    NEED_MORE, 1, c"not complete yet: feed the next bytes";
    END, 2, c"nothing follows";
    AGAIN, 4, c"not this time: ask again";

    ERR_INVALID_ARGUMENT, -1, c"an argument is NULL, misaligned or out of its range";
    ERR_STATE, -2, c"a call in the wrong order, or an object that was never begun";
    ERR_OVERLAP, -3, c"input and output share memory";
    ERR_SECRET, -4, c"the secret is not 30 to 100 letters and digits";
    ERR_HEAD_TEXT, -5, c"a host or path has characters that a request head cannot carry";
    ERR_URN, -6, c"the device URN, or the identifier for it, is malformed";
    ERR_IMEI_CHECK_DIGIT, -7, c"the check digit of the IMEI does not fit";
    ERR_CONFIG, -8, c"the configuration has an unfit value";

    ERR_BODY_TOO_LARGE, -10, c"the body is larger than the buffer given for it";
    ERR_NUMBER_RANGE, -11, c"the number does not fit the type that was asked for";
    ERR_PASS_DIFFERS, -12, c"the second pass of a stream differs from the first";
    ERR_BUFFER_FULL, -13, c"no room in the buffer; the missing bytes can be asked for";

    ERR_SENML_NAME, -20, c"a name is empty, too long or has characters outside RFC 8428";
    ERR_SENML_UNIT, -21, c"a unit is empty, too long or not plain text";
    ERR_SENML_TYPE, -22, c"not an array of records, or a label with a value of the wrong type";
    ERR_SENML_MUST_UNDERSTAND, -23, c"a label that must be understood is not";
    ERR_SENML_VERSION, -24, c"the SenML version is not understood";
    ERR_SENML_DUPLICATE, -25, c"a label occurs twice in one record";
    ERR_SENML_VALUE, -26, c"a record has two values, or a name and none";
    ERR_SENML_EMPTY, -27, c"the pack has no measurement";
    ERR_SENML_TIME, -28, c"a time is relative where an absolute one is meant, or the reverse";
    ERR_SENML_BASE64, -29, c"data is not base64";

    ERR_JSON_SYNTAX, -30, c"not JSON";
    ERR_JSON_DEPTH, -31, c"JSON is nested too deeply";
    ERR_JSON_TRUNCATED, -32, c"JSON ends too early";
    ERR_JSON_ESCAPE, -33, c"a string escape stands for no character";
    ERR_UTF8, -34, c"text is not UTF-8";
    ERR_NOT_FINITE, -35, c"NaN and infinities cannot be sent";

    ERR_HTTP_SYNTAX, -40, c"the response is not HTTP/1.x";
    ERR_HTTP_CONTENT_LENGTH, -41, c"Content-Length is malformed, too large or contradictory";
    ERR_HTTP_TRANSFER_ENCODING, -42, c"the transfer coding is not supported";
    ERR_HTTP_HEAD_TOO_LARGE, -43, c"the response head or a chunk line is too large";
    ERR_HTTP_TRUNCATED, -44, c"the connection ended before the response did";

    ERR_TOKEN_MISMATCH, -50, c"the token does not belong to this body and secret";
    ERR_CONFIG_UNKNOWN, -51, c"the configuration has a field that is not known";
    ERR_CONFIG_MISSING, -52, c"the configuration lacks a field that is needed";
    ERR_CONFIG_REPEATED, -53, c"the configuration has a field twice";
    ERR_CONFIG_TYPE, -54, c"a field of the configuration has the wrong JSON type";
    ERR_CONFIG_TOO_LONG, -55, c"a text of the configuration is too long";

    ERR_FIRMWARE_URL, -60, c"the firmware's URL is malformed or of a kind that is not supported";
    ERR_FIRMWARE_TOO_LONG, -61, c"the firmware's URL or token is too long, or does not fit into the memory given";
    ERR_FIRMWARE_REFUSED, -62, c"the file server refuses, and will again";
    ERR_FIRMWARE_BUSY, -63, c"the file server could not answer, and may later";
    ERR_FIRMWARE_RANGE, -64, c"the file server sends other bytes than those asked for";
    ERR_FIRMWARE_SIZE, -65, c"the size of the firmware changed while it was fetched";
    ERR_FIRMWARE_CRC, -66, c"the CRC-32 of a part does not fit its bytes";
    ERR_IMAGE, -67, c"the stored image is damaged or of another version";

    ERR_CONNECT, -90, c"no connection to the host";
    ERR_TIMEOUT, -91, c"the time limit is over";
    ERR_IO, -92, c"the connection broke";
}
