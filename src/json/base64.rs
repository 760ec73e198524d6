// SPDX-License-Identifier: MIT OR Apache-2.0
//! Binary values as base64 (RFC 4648): written as base64url without padding, read in all four forms.
//!
//! The decoder takes one byte at a time, so that it can follow a JSON unescaper (the `/` of the standard alphabet is often written `\/`),
//! first to check and then in place.
//!
//! Our own code instead of a crate: decoding the four forms and encoding one takes some 330 bytes on thumbv6m. base64ct 1.8.3 takes 2,488
//! (and needs the form in advance, and whole slices); data-encoding 2.11.1 takes 11,512 and keeps a panic path.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};

/// Appends `data` in base64url without padding, as RFC 8428 section 4.3 requires.
pub fn write(out: &mut Buf<'_>, data: &[u8]) {
    let mut bits = 0_u32;
    let mut count = 0_u32;
    let mut data = data.iter();
    loop {
        if count < 6 {
            match data.next() {
                Some(byte) => {
                    bits = bits << 8 | u32::from(*byte);
                    count += 8;
                }
                None if count == 0 => break,
                // Zeros after the last byte fill up its last digit.
                None => {
                    bits <<= 6 - count;
                    count = 6;
                }
            }
        }
        count -= 6;
        out.put_byte(digit(bits >> count));
    }
}

const BOTH: u8 = 3;

/// Turns base64 digits into bytes.
pub struct Decoder {
    bits: u32,
    /// How many of the lower bits do not belong to a byte yet: 0, 2, 4 or 6.
    count: u32,
    padding: u32,
    /// One bit for the standard alphabet and one for base64url; both are set once a digit was wrong.
    alphabets: u8,
}

impl Decoder {
    /// Before the first digit.
    pub const fn new() -> Self {
        Self {
            bits: 0,
            count: 0,
            padding: 0,
            alphabets: 0,
        }
    }

    /// Takes one digit or padding character, and returns the byte that it completes. `finish` reports what was wrong.
    pub fn push(&mut self, byte: u8) -> Option<u8> {
        if byte == b'=' {
            self.padding = self.padding.saturating_add(1);
            return None;
        }
        let (value, alphabet) = match byte {
            b'A'..=b'Z' => (byte - b'A', 0),
            b'a'..=b'z' => (byte - (b'a' - 26), 0),
            b'0'..=b'9' => (byte + (52 - b'0'), 0),
            b'+' => (62, 1),
            b'/' => (63, 1),
            b'-' => (62, 2),
            b'_' => (63, 2),
            _ => (0, BOTH),
        };
        self.alphabets |= alphabet;
        if self.padding > 0 {
            self.alphabets = BOTH;
        }
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 6;
        if self.count < 8 {
            return None;
        }
        self.count -= 8;
        let [byte, ..] = (self.bits >> self.count).to_le_bytes();
        Some(byte)
    }

    /// Checks the whole text: one alphabet, no single digit left over, padding complete or absent, no bit lost.
    pub const fn finish(&self) -> Result<()> {
        let lost = self.bits & ((1 << self.count) - 1);
        let padded = self.padding == 0 || self.padding == self.count >> 1;
        if self.alphabets < BOTH && lost == 0 && padded && self.count < 6 {
            Ok(())
        } else {
            Err(Error::SENML_BASE64)
        }
    }
}

/// The base64url digit for the lower six bits.
const fn digit(bits: u32) -> u8 {
    let [byte, ..] = bits.to_le_bytes();
    let value = byte & 63;
    match value {
        0..=25 => value + b'A',
        26..=51 => value + (b'a' - 26),
        52..=61 => value - (52 - b'0'),
        62 => b'-',
        _ => b'_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Decodes in place and returns the number of bytes; base64 or base64url, padded or not.
    ///
    /// Refused with [`Error::SENML_BASE64`]: both alphabets in one text, incomplete or wrong padding, bits set after the last whole byte,
    /// and any other character. After an error the text is no longer usable.
    fn decode(text: &mut [u8]) -> Result<usize> {
        let mut decoder = Decoder::new();
        let mut position = 0_usize;
        let mut len = 0_usize;
        while let Some(&byte) = text.get(position) {
            position = position.wrapping_add(1);
            if let Some(byte) = decoder.push(byte) {
                if let Some(to) = text.get_mut(len) {
                    *to = byte;
                }
                len = len.wrapping_add(1);
            }
        }
        decoder.finish()?;
        Ok(len)
    }

    fn written(data: &[u8]) -> Vec<u8> {
        let mut memory = [0; 512];
        let mut out = Buf::new(&mut memory, 0);
        write(&mut out, data);
        assert!(out.fits());
        out.written().to_vec()
    }

    fn decoded(text: &[u8]) -> Result<Vec<u8>> {
        let mut text = text.to_vec();
        let len = decode(&mut text)?;
        text.truncate(len);
        Ok(text)
    }

    #[test]
    fn writes_the_vectors_of_rfc_4648_without_padding() {
        for (data, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(written(data.as_bytes()), text.as_bytes());
            assert_eq!(decoded(text.as_bytes()).unwrap(), data.as_bytes());
        }
        assert_eq!(written(b"\xFB\xFF\xBF"), b"-_-_");
    }

    #[test]
    fn reads_back_every_length_in_all_four_forms() {
        let data: Vec<u8> = (0..=255_u8).map(|byte| byte.wrapping_mul(167)).collect();
        for len in 0..data.len() {
            let url = written(&data[..len]);
            let mut standard = url.clone();
            for byte in &mut standard {
                *byte = match *byte {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => other,
                };
            }
            for mut text in [url, standard] {
                assert_eq!(decoded(&text).unwrap(), data[..len]);
                while text.len() % 4 > 0 {
                    text.push(b'=');
                }
                assert_eq!(decoded(&text).unwrap(), data[..len]);
            }
        }
    }

    #[test]
    fn refuses_all_that_is_none_of_the_four_forms() {
        for text in [
            "Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9vY", "=", "==", "====", "Zg==Zg==", "Z=g=",
            "Zh", "Zh==", "Zm9", "Zm9=", "-+", "-_+A", "/_8=", "Zm 8", "Zm8\n", "Zm8.", "Zm8é",
        ] {
            assert_eq!(decoded(text.as_bytes()), Err(Error::SENML_BASE64), "{text}");
        }
    }
}
