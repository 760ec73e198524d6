// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON text without the white space between its tokens.
#![forbid(unsafe_code)]

use super::reader::{Reader, TokenKind};
use crate::error::Result;

/// Removes the white space between tokens in place and returns the new length.
///
/// The whole text is checked first: unless it is exactly one JSON value, nothing is changed.
pub fn strip_whitespace(text: &mut [u8]) -> Result<usize> {
    let mut reader = Reader::default();
    loop {
        reader.advance(text)?;
        if reader.kind() == TokenKind::END {
            break;
        }
    }
    let mut position = 0;
    let mut len = 0;
    let mut in_string = false;
    let mut escaped = false;
    while let Some(&byte) = text.get(position) {
        position += 1;
        if !in_string && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = byte == b'\\' && !escaped;
        if let Some(to) = text.get_mut(len) {
            *to = byte;
        }
        len += 1;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn strips_white_space_between_tokens_only_and_only_from_json() {
        let mut text = *b" [ { \"a b\\\\\" : \" \\\" \" , \"c\" : 1 } ]\n";
        let len = strip_whitespace(&mut text).unwrap();
        assert_eq!(&text[..len], b"[{\"a b\\\\\":\" \\\" \",\"c\":1}]");
        let mut broken = *b"[ 1, ]";
        assert_eq!(strip_whitespace(&mut broken), Err(Error::JSON_SYNTAX));
        assert_eq!(&broken, b"[ 1, ]");
    }
}
