// SPDX-License-Identifier: MIT OR Apache-2.0
//! The message token: SHA-256 over the body and then the device's secret, as lower-case hex.

use sha2::{Digest, Sha256};

/// Length of a token in characters.
pub const TOKEN_LEN: usize = 64;

/// The token that the device must send with `body`.
pub fn token(body: &[u8], secret: &str) -> String {
    hash(&[body, secret.as_bytes()])
}

/// Says why `got` cannot be a token at all; `None` if its form is right.
pub fn form_error(got: &str) -> Option<String> {
    let length = got.chars().count();
    if length != TOKEN_LEN {
        return Some(format!(
            "token has {length} characters instead of {TOKEN_LEN}"
        ));
    }
    if let Some(other) = got.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Some(format!("token has {other:?}, which is no hex digit"));
    }
    got.chars()
        .any(|c| c.is_ascii_uppercase())
        .then(|| "token is in upper case; it must be lower-case hex".to_owned())
}

/// Whether `secret` follows the platform's rule `^[0-9a-zA-Z]{30,100}$`.
pub fn secret_is_regular(secret: &str) -> bool {
    (30..=100).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Recognises common mistakes of firmware: what `got` was actually computed over.
pub fn diagnose(body: &[u8], secret: &str, got: &str) -> Option<&'static str> {
    let secret = secret.as_bytes();
    let upper = secret.to_ascii_uppercase();
    let lower = secret.to_ascii_lowercase();
    let shorter = body.split_last().map_or(&[][..], |(_last, before)| before);
    let unspaced = without_white_space(body);
    let candidates: [(&[&[u8]], &str); 11] = [
        (&[secret, body], "the secret was hashed before the body"),
        (&[body], "the body was hashed without the secret"),
        (
            &[body, b"\0", secret],
            "a NUL byte after the body was hashed too",
        ),
        (
            &[body, secret, b"\0"],
            "a NUL byte after the secret was hashed too",
        ),
        (
            &[body, b"\n", secret],
            "a line feed after the body was hashed too",
        ),
        (
            &[body, secret, b"\n"],
            "a line feed after the secret was hashed too",
        ),
        (
            &[shorter, secret],
            "the last byte of the body was not hashed",
        ),
        (&[secret], "the body was not hashed: it was empty"),
        (
            &[&unspaced, secret],
            "the body was hashed without its white space but sent with it",
        ),
        (&[body, &upper], "the secret was hashed in upper case"),
        (&[body, &lower], "the secret was hashed in lower case"),
    ];
    let wanted = got.to_ascii_lowercase();
    candidates
        .into_iter()
        .find(|(parts, _)| hash(parts) == wanted)
        .map(|(_, meaning)| meaning)
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// `body` without JSON white space outside strings.
fn without_white_space(body: &[u8]) -> Vec<u8> {
    let mut in_string = false;
    let mut escaped = false;
    let mut kept = Vec::with_capacity(body.len());
    for &byte in body {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        kept.push(byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
    const BODY: &[u8] =
        br#"[{"bn":"urn:dev:IMEI:123456789012345:","n":"temperature","u":"Cel","v":20.5}]"#;

    #[test]
    fn gives_the_published_tokens() {
        assert_eq!(
            token(BODY, SECRET),
            "2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9"
        );
        assert_eq!(
            token(
                br#"[{"bn":"device-name","n":"humidity","vd":"aG9paG9pAA"}]"#,
                "MYKEY2"
            ),
            "4d53c667486bb4679922b901dd733a936a07983f73275941abfb3068a0ba8748"
        );
    }

    #[test]
    fn names_what_was_hashed_instead() {
        let swapped = hash(&[SECRET.as_bytes(), BODY]);
        assert_eq!(
            diagnose(BODY, SECRET, &swapped),
            Some("the secret was hashed before the body")
        );
        let with_nul = hash(&[BODY, b"\0", SECRET.as_bytes()]);
        assert_eq!(
            diagnose(BODY, SECRET, &with_nul),
            Some("a NUL byte after the body was hashed too")
        );
        let spaced = b"[{ \"n\" : \"a \\\" b\" }]";
        let unspaced = hash(&[b"[{\"n\":\"a \\\" b\"}]", SECRET.as_bytes()]);
        assert!(diagnose(spaced, SECRET, &unspaced).is_some());
        assert_eq!(diagnose(BODY, SECRET, &"0".repeat(64)), None);
    }

    #[test]
    fn tells_a_wrong_form_apart() {
        let good = token(BODY, SECRET);
        assert_eq!(form_error(&good), None);
        assert!(form_error(&good.to_uppercase()).is_some());
        assert!(form_error(&good.replacen('2', "g", 1)).is_some());
        assert!(form_error("").is_some());
    }

    #[test]
    fn knows_the_rule_for_secrets() {
        assert!(secret_is_regular(SECRET));
        assert!(!secret_is_regular("MYKEY2"));
        assert!(!secret_is_regular(&"-".repeat(40)));
        assert!(!secret_is_regular(&"a".repeat(101)));
    }
}
