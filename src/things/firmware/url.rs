// SPDX-License-Identifier: MIT OR Apache-2.0
//! The URL of an image, RFC 3986: `http` or `https`, a host name or an IPv4 address, optionally a port and a path.
//!
//! It is read byte by byte in the downlink, with its escapes, so that nothing is copied before it is known to be valid. Refused, since a
//! device has no use for them: user names, fragments, IPv6 addresses, other schemes, a query without a path, and every character that RFC
//! 3986 does not allow.
#![forbid(unsafe_code)]

use crate::charset::Set;
use crate::error::{Error, Result};
use crate::things::firmware::text::Chars;

/// Longest URL in bytes.
pub const URL_MAX: u16 = 256;

/// Longest host name in bytes, RFC 1035 section 2.3.4.
pub const HOST_MAX: u16 = 253;

// No host after a scheme of 7 bytes is longer.
const _: () = assert!(URL_MAX - 7 <= HOST_MAX);

const LABEL_MAX: u16 = 63;

/// The bits of `Url::flags`.
const TLS: u16 = 1;
const IPV4: u16 = 2;

/// Where the parts of a URL are. Plain integers; all zeros is no URL.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Url {
    /// Length of the text in bytes.
    pub len: u16,
    /// Offset after the host.
    host_end: u16,
    /// Offset of the path; the length if there is none.
    path_start: u16,
    /// TCP port: as given, otherwise 80 or 443.
    pub port: u16,
    flags: u16,
}

impl Url {
    /// No URL.
    pub const fn none() -> Self {
        Self {
            len: 0,
            host_end: 0,
            path_start: 0,
            port: 0,
            flags: 0,
        }
    }

    /// Reads a URL; JSON escapes in it count as the characters that they stand for.
    ///
    /// `Error::FIRMWARE_TOO_LONG` above [`URL_MAX`], `Error::FIRMWARE_URL` for what is refused; the URL is then unusable.
    pub fn parse(&mut self, text: &[u8]) -> Result<()> {
        *self = Self::none();
        let mut parser = Parser {
            url: self,
            octet: 0,
            label_len: 0,
            labels: 0,
            state: SCHEME,
            first: 0,
            last: 0,
        };
        for byte in Chars::new(text) {
            if parser.url.len == URL_MAX {
                return Err(Error::FIRMWARE_TOO_LONG);
            }
            if !PATH_SET.has(byte) || !parser.push(byte) {
                return Err(Error::FIRMWARE_URL);
            }
            parser.last = byte;
            parser.url.len += 1;
        }
        // A host or port at the end is treated as one before a path.
        if parser.state == SCHEME || (parser.state != PATH && !parser.push(b'/')) {
            return Err(Error::FIRMWARE_URL);
        }
        Ok(())
    }

    /// Whether the connection needs TLS, which is up to the firmware.
    pub const fn tls(&self) -> bool {
        self.flags & TLS != 0
    }

    /// Whether the host is an IPv4 address, for which no DNS is needed.
    pub const fn is_ipv4(&self) -> bool {
        self.flags & IPV4 != 0
    }

    /// Host name or IPv4 address.
    pub fn host<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(usize::from(self.host_start())..usize::from(self.host_end))
            .unwrap_or_default()
    }

    /// The host, with the port if it was given, as in a `Host` header; and the path with its query.
    pub fn split<'a>(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let start = usize::from(self.path_start).min(text.len());
        let (front, path) = text.split_at_checked(start).unwrap_or_default();
        let start = usize::from(self.host_start()).min(front.len());
        let host = front.get(start..).unwrap_or_default();
        (host, if path.is_empty() { b"/" } else { path })
    }

    const fn host_start(&self) -> u16 {
        if self.tls() { 8 } else { 7 }
    }
}

/// The part of the URL that the next byte belongs to.
const SCHEME: u8 = 0;
const HOST: u8 = 1;
const PORT: u8 = 2;
const PATH: u8 = 3;

/// Characters of path and query; the other parts allow fewer.
static PATH_SET: Set = Set::alphanumeric_and(b"!$%&'()*+,-./:;=?@[]_~");

static HOST_SET: Set = Set::alphanumeric_and(b"-");

const NO_OCTET: u32 = 256;

struct Parser<'a> {
    url: &'a mut Url,
    /// The value of a label as a number; `NO_OCTET` if it is not one.
    octet: u32,
    label_len: u16,
    /// Labels so far; a label that cannot be part of an IPv4 address counts as many.
    labels: u16,
    state: u8,
    /// First byte of the label.
    first: u8,
    /// The byte before this one.
    last: u8,
}

impl Parser<'_> {
    // Not inlined: one copy serves both callers.
    #[inline(never)]
    fn push(&mut self, byte: u8) -> bool {
        let at = self.url.len;
        match self.state {
            SCHEME => self.scheme_byte(at, byte),
            HOST if byte == b'.' => self.end_label(),
            HOST if byte == b'/' || byte == b':' => self.end_label() && self.end_host(at, byte),
            HOST => self.host_byte(byte),
            PORT if byte == b'/' => self.begin_path(at),
            PORT => self.port_byte(byte),
            _ => true,
        }
    }

    fn scheme_byte(&mut self, at: u16, byte: u8) -> bool {
        // The letter in lower case; no other character becomes a letter.
        let byte = byte | 0x20;
        if at == 4 && byte == b's' {
            self.url.flags = TLS;
            return true;
        }
        let at = at.wrapping_sub(self.url.flags);
        if at == 6 {
            self.state = HOST;
        }
        b"http://".get(usize::from(at)) == Some(&byte)
    }

    fn host_byte(&mut self, byte: u8) -> bool {
        let mut octet = self.octet;
        if self.label_len == 0 {
            self.first = byte;
        } else if octet == 0 {
            // A leading zero would be octal elsewhere.
            octet = NO_OCTET;
        }
        let digit = byte.wrapping_sub(b'0');
        octet = octet * 10 + u32::from(digit);
        if digit > 9 || octet > NO_OCTET {
            octet = NO_OCTET;
        }
        self.octet = octet;
        self.label_len += 1;
        HOST_SET.has(byte)
    }

    #[inline(never)]
    fn end_label(&mut self) -> bool {
        let fits =
            (1..=LABEL_MAX).contains(&self.label_len) && self.first != b'-' && self.last != b'-';
        let count = if self.octet < NO_OCTET { 1 } else { 16 };
        self.labels += count;
        self.label_len = 0;
        self.octet = 0;
        fits
    }

    /// A last label that begins with a digit must be that of an address: no name in use ends that way, and other readers take `127.1` or
    /// `0x7f000001` for an address.
    fn end_host(&mut self, at: u16, byte: u8) -> bool {
        if self.first.is_ascii_digit() {
            if self.labels != 4 {
                return false;
            }
            self.url.flags |= IPV4;
        }
        self.url.host_end = at;
        if byte == b':' {
            self.state = PORT;
            return true;
        }
        self.url.port = if self.url.tls() { 443 } else { 80 };
        self.begin_path(at)
    }

    fn port_byte(&mut self, byte: u8) -> bool {
        let digit = byte.wrapping_sub(b'0');
        let port = u32::from(self.url.port) * 10 + u32::from(digit);
        let Ok(port) = u16::try_from(port) else {
            return false;
        };
        self.url.port = port;
        digit <= 9
    }

    fn begin_path(&mut self, at: u16) -> bool {
        self.url.path_start = at;
        self.state = PATH;
        self.url.port != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    fn parse(text: &[u8]) -> Result<Url> {
        let mut url = Url::none();
        url.parse(text)?;
        Ok(url)
    }

    fn read(text: &str) -> Result<(bool, &str, u16, &str, bool)> {
        let bytes = text.as_bytes();
        let url = parse(bytes)?;
        let text = |bytes| core::str::from_utf8(bytes).unwrap();
        assert_eq!(usize::from(url.len), bytes.len());
        let host = text(url.host(bytes));
        let given = format!("{host}:{}", url.port);
        let authority = text(url.split(bytes).0);
        assert!(authority == host || authority == given || authority.contains(":0"));
        Ok((
            url.tls(),
            host,
            url.port,
            text(url.split(bytes).1),
            url.is_ipv4(),
        ))
    }

    #[test]
    fn reads_the_forms_that_the_platform_sends() {
        let path = "/f/v1/12345678-1234-5678-1234-567812345678";
        for (text, expected) in [
            (
                "http://123.123.123.123/f/v1/12345678-1234-5678-1234-567812345678",
                (false, "123.123.123.123", 80, path, true),
            ),
            (
                "https://prod.dm.kpnthings.com/x?a=b&c=%20;d",
                (true, "prod.dm.kpnthings.com", 443, "/x?a=b&c=%20;d", false),
            ),
            ("http://10.0.0.1:81/a", (false, "10.0.0.1", 81, "/a", true)),
            ("HTTPS://a:65535", (true, "a", 65535, "/", false)),
            ("http://a:080/", (false, "a", 80, "/", false)),
            ("HttP://localhost", (false, "localhost", 80, "/", false)),
            ("http://3.x-1.a1/", (false, "3.x-1.a1", 80, "/", false)),
            ("http://0.0.0.255//", (false, "0.0.0.255", 80, "//", true)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "h",
            "http",
            "http:",
            "http:/",
            "http://",
            "https://",
            "ftp://a/",
            "httpx://a/",
            "httpss://a/",
            "http:///a",
            "http://:80/",
            "http://a:/",
            "http://a:0/",
            "http://a:65536/",
            "http://a:99999999999/",
            "http://a:8a/",
            "http://a:-1/",
            "http://user@a/",
            "http://u:p@a/",
            "http://a/#b",
            "http://a#b",
            "http://a?b",
            "http://[::1]/",
            "http://a b/",
            "http://a/ b",
            "http://a/\r\nX: y",
            "http://a/\0",
            "http://a/\u{7f}",
            "http://a/é",
            "http://é/",
            "http://a_b/",
            "http://-a/",
            "http://a-/",
            "http://a..b/",
            "http://.a/",
            "http://a./",
            "http://1.2.3/",
            "http://1.2.3.4.5/",
            "http://1.2.3.256/",
            "http://1.2.3.04/",
            "http://01.2.3.4/",
            "http://1.2.3.4./",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://a.1/",
            "http://1.2.3.99999999999/",
            "http://%61/",
            "http://a/\\",
            "http://a\\b/",
            "//a/b",
            "/a",
            "http://a/\"b",
            "http://a/<",
            "http://a/{",
        ] {
            assert_eq!(read(text), Err(Error::FIRMWARE_URL), "{text}");
        }
    }

    #[test]
    fn json_escapes_count_as_what_they_stand_for() {
        let text = br"http:\/\/a\u002eb:81\/c";
        let url = parse(text).unwrap();
        let plain = b"http://a.b:81/c";
        assert_eq!(parse(plain), Ok(url));
        assert_eq!((url.host(plain), url.port), (&b"a.b"[..], 81));
        assert_eq!(url.split(plain).0, b"a.b:81");
    }

    #[test]
    fn lengths_end_at_their_limits() {
        let of = |len: usize| format!("http://a/{}", "x".repeat(len - 9));
        assert!(read(&of(256)).is_ok());
        assert_eq!(read(&of(257)), Err(Error::FIRMWARE_TOO_LONG));
        let label = "a".repeat(63);
        assert!(read(&format!("http://{label}/")).is_ok());
        assert_eq!(read(&format!("http://{label}a/")), Err(Error::FIRMWARE_URL));
        let host = |last: usize| -> String {
            format!("https://{label}.{label}.{label}.{}", "a".repeat(last))
        };
        assert!(read(&host(48)).is_ok());
        assert_eq!(read(&host(57)), Err(Error::FIRMWARE_TOO_LONG));
    }

    #[test]
    fn every_byte_is_taken_or_refused_by_its_place() {
        for byte in 0..=255_u8 {
            let with = |front: &[u8], back: &[u8]| {
                let text = [front, &[byte], back].concat();
                parse(&text).is_ok()
            };
            let path = byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
            assert_eq!(with(b"http://a/", b"b"), path, "{byte}");
            let host = byte.is_ascii_alphanumeric() || b"-./".contains(&byte);
            assert_eq!(with(b"http://a", b"b"), host, "{byte}");
        }
    }
}
