// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the list of results explains, so that the functions need not repeat it.

/// Added to the text of a status, which is short because firmware may contain it.
pub const DETAILS: &[(&str, &str)] = &[
    ("URN", "too long, or without its identifier or colon"),
    (
        "SENML_UNIT",
        "at most `KPN_UNIT_MAX` bytes of printable ASCII",
    ),
    ("SENML_MUST_UNDERSTAND", "its name ends in `_`"),
    (
        "SENML_VERSION",
        "`bver` is above 10, or differs within the pack",
    ),
    ("JSON_DEPTH", "at most 32 levels"),
    (
        "HTTP_TRANSFER_ENCODING",
        "not chunked, or with Content-Length",
    ),
    ("HTTP_HEAD_TOO_LARGE", "at most 8,192 bytes"),
];

/// Statuses that mean the same wherever they are returned.
pub const EXPLAINED: &[&str] = &[
    "KPN_ERR_CONFIG_MISSING",
    "KPN_ERR_CONFIG_REPEATED",
    "KPN_ERR_CONFIG_TOO_LONG",
    "KPN_ERR_CONFIG_TYPE",
    "KPN_ERR_CONFIG_UNKNOWN",
    "KPN_ERR_FIRMWARE_TOO_LONG",
    "KPN_ERR_HTTP_CONTENT_LENGTH",
    "KPN_ERR_HTTP_HEAD_TOO_LARGE",
    "KPN_ERR_HTTP_SYNTAX",
    "KPN_ERR_HTTP_TRANSFER_ENCODING",
    "KPN_ERR_IMAGE",
    "KPN_ERR_IMEI_CHECK_DIGIT",
    "KPN_ERR_JSON_DEPTH",
    "KPN_ERR_JSON_ESCAPE",
    "KPN_ERR_JSON_SYNTAX",
    "KPN_ERR_JSON_TRUNCATED",
    "KPN_ERR_NOT_FINITE",
    "KPN_ERR_SECRET",
    "KPN_ERR_SENML_BASE64",
    "KPN_ERR_SENML_DUPLICATE",
    "KPN_ERR_SENML_EMPTY",
    "KPN_ERR_SENML_MUST_UNDERSTAND",
    "KPN_ERR_SENML_NAME",
    "KPN_ERR_SENML_TYPE",
    "KPN_ERR_SENML_UNIT",
    "KPN_ERR_SENML_VALUE",
    "KPN_ERR_SENML_VERSION",
    "KPN_ERR_URN",
    "KPN_ERR_UTF8",
];
