// SPDX-License-Identifier: MIT OR Apache-2.0
//! The causes of failure. The constants of `Error`, their texts and the statuses of the C header are all made from this one list.
//! `build.rs` includes this file by its path, so it uses nothing of the crate.
//!
//! The numbers are part of the ABI: append only. Groups of ten: the caller's mistakes, space, SenML, JSON, HTTP, what does not match,
//! firmware, transport.

/// Hands the list to another macro: name, number and text of each cause.
macro_rules! for_each_cause {
    ($each:ident) => {
        $each! {
            END = 2, "nothing follows";

            INVALID_ARGUMENT = -1, "an argument is NULL, misaligned or out of its range";
            STATE = -2, "a call in the wrong order, or an object that was never begun";
            OVERLAP = -3, "input and output share memory";
            SECRET = -4, "the secret is not 30 to 100 letters and digits";
            HEAD_TEXT = -5, "a host or path has characters that a request head cannot carry";
            URN = -6, "the device URN, or the identifier for it, is malformed";
            IMEI_CHECK_DIGIT = -7, "the check digit of the IMEI does not fit";
            CONFIG = -8, "the configuration has an unfit value";
            CLOCK = -9, "the clock went backwards: it is behind the time of a record";

            BODY_TOO_LARGE = -10, "the body is larger than the buffer given for it";
            NUMBER_RANGE = -11, "the number does not fit the type that was asked for";
            PASS_DIFFERS = -12, "the second pass of a stream differs from the first";
            BUFFER_FULL = -13, "no room in the buffer; the missing bytes can be asked for";

            SENML_NAME = -20, "a name is empty, too long or has characters outside RFC 8428";
            SENML_UNIT = -21, "a unit is empty, too long or not plain text";
            SENML_TYPE = -22, "not an array of records, or a label with a value of the wrong type";
            SENML_MUST_UNDERSTAND = -23, "a label that must be understood is not";
            SENML_VERSION = -24, "the SenML version is not understood";
            SENML_DUPLICATE = -25, "a label occurs twice in one record";
            SENML_VALUE = -26, "a record has two values, or a name and none";
            SENML_EMPTY = -27, "the pack has no measurement";
            SENML_TIME = -28, "a time is relative where an absolute one is meant, or the reverse, or not in seconds";
            SENML_BASE64 = -29, "data is not base64";

            JSON_SYNTAX = -30, "not JSON";
            JSON_DEPTH = -31, "JSON is nested too deeply";
            JSON_TRUNCATED = -32, "JSON ends too early";
            JSON_ESCAPE = -33, "a string escape stands for no character";
            UTF8 = -34, "text is not UTF-8";
            NOT_FINITE = -35, "NaN and infinities cannot be sent";

            HTTP_SYNTAX = -40, "the response is not HTTP/1.x";
            HTTP_CONTENT_LENGTH = -41, "Content-Length is malformed, too large or contradictory";
            HTTP_TRANSFER_ENCODING = -42, "the transfer coding is not supported";
            HTTP_HEAD_TOO_LARGE = -43, "the response head or a chunk line is too large";
            HTTP_TRUNCATED = -44, "the connection ended before the response did";

            TOKEN_MISMATCH = -50, "the token does not belong to this body and secret";
            CONFIG_UNKNOWN = -51, "the configuration has a field that is not known";
            CONFIG_MISSING = -52, "the configuration lacks a field that is needed";
            CONFIG_REPEATED = -53, "the configuration has a field twice";
            CONFIG_TYPE = -54, "a field of the configuration has the wrong JSON type";
            CONFIG_TOO_LONG = -55, "a text of the configuration is too long";

            FIRMWARE_URL = -60, "the firmware's URL is malformed or of a kind that is not supported";
            FIRMWARE_TOO_LONG = -61, "the firmware's URL or token is too long, or does not fit into the memory given";
            FIRMWARE_REFUSED = -62, "the file server refuses for good: retrying will not help";
            FIRMWARE_BUSY = -63, "the file server could not answer, and may later";
            FIRMWARE_RANGE = -64, "the file server sends other bytes than those asked for";
            FIRMWARE_SIZE = -65, "the size of the firmware changed while it was fetched";
            FIRMWARE_CRC = -66, "the CRC-32 of a part does not fit its bytes";
            IMAGE = -67, "the stored image is damaged or of another version";
            FIRMWARE_CODING = -68, "the firmware comes in a content coding";
            FIRMWARE_REPLACED = -69, "the URL has other firmware now: start over";
            FIRMWARE_UNEXPECTED = -70, "not the size or first bytes of firmware";

            CONNECT = -90, "no connection to the host";
            TIMEOUT = -91, "the time limit is over";
            IO = -92, "the connection broke";
        }
    };
}
pub(crate) use for_each_cause;
