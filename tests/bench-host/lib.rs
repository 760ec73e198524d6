// SPDX-License-Identifier: MIT OR Apache-2.0
//! The work that is timed: C functions that do it once and return whether all went well.

// For its C functions.
use kpn_things as _;

unsafe extern "C" {
    /// A message of five records, begun, signed and framed.
    pub safe fn kpn_message() -> bool;
    /// The same bytes with `snprintf` and OpenSSL.
    pub safe fn openssl_message() -> bool;
    /// A downlink of 302 bytes, to its two texts.
    pub safe fn kpn_body() -> bool;
    /// The same texts with cJSON, which does not check SenML.
    pub safe fn cjson_body() -> bool;
    /// Whether both messages are the same bytes.
    pub safe fn messages_are_equal() -> bool;
}
