// SPDX-License-Identifier: MIT OR Apache-2.0
//! An answer of the file server, as its fields and as the bytes on the wire.

use fastrand::Rng;

/// How a response says where its body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Length,
    Chunked,
    UntilClose,
}

/// A response, as its fields and as the bytes that arrive.
pub struct Answer {
    pub status: u16,
    /// First, last and total; the latter as the text that stands there.
    pub range: Option<(usize, usize, Option<usize>)>,
    /// The size that comes with 416.
    pub size: Option<usize>,
    pub framing: Framing,
    pub digest: Option<u32>,
    /// Names and values of the validators.
    pub validators: Vec<Validator>,
    /// Values of Content-Encoding.
    pub codings: Vec<&'static str>,
    pub keep_alive: bool,
    pub body: Vec<u8>,
    pub retry_after: Option<u32>,
    /// The whole response.
    pub wire: Vec<u8>,
    /// Where in it the body begins, and for each byte of the body where it stands.
    pub head_len: usize,
    pub places: Vec<usize>,
    /// Behind the last chunk: what follows of a chunked body is its trailer section, without which it is whole too.
    pub chunks_end: usize,
    /// Bytes of it that arrive before the connection is lost; all, and perhaps more, when it is not.
    pub arriving: usize,
    /// Not HTTP at all.
    pub garbage: bool,
    /// From what stands between.
    pub page: bool,
}

/// A field that tells one representation from another: its name and its value.
pub type Validator = (&'static str, String);

pub const ETAG: &str = "ETag";
pub const LAST_MODIFIED: &str = "Last-Modified";
pub const ETAG_MAX: usize = 67;

/// A field line, its name in any case, with or without white space around the value.
fn field(random: &mut Rng, name: &str, value: &str) -> String {
    let name = match random.u8(..4) {
        0 => name.to_ascii_lowercase(),
        1 => name.to_ascii_uppercase(),
        _ => name.to_owned(),
    };
    let spaces = ["", " ", " ", " ", "\t ", "   "];
    let before = spaces[random.usize(..spaces.len())];
    let behind = spaces[random.usize(..spaces.len())];
    format!(
        "{name}:{before}{value}{}\r\n",
        if random.u8(..4) == 0 { behind } else { "" }
    )
}

/// The answer as it stands on the wire.
pub fn write(random: &mut Rng, answer: &mut Answer, one: bool, close: bool) {
    let mut fields = vec![
        field(random, "Date", "Fri, 29 Jan 2021 12:56:15 GMT"),
        field(random, "Server", "files/1.0"),
    ];
    fields.truncate(random.usize(..=2));
    match answer.framing {
        Framing::Length => {
            let len = answer.body.len().to_string();
            fields.push(field(random, "Content-Length", &len));
        }
        Framing::Chunked => fields.push(field(random, "Transfer-Encoding", "chunked")),
        Framing::UntilClose => {}
    }
    if let Some((first, last, total)) = answer.range {
        let total = total.map_or("*".to_owned(), |total| total.to_string());
        fields.push(field(
            random,
            "Content-Range",
            &format!("bytes {first}-{last}/{total}"),
        ));
    }
    if let Some(size) = answer.size {
        fields.push(field(random, "Content-Range", &format!("bytes */{size}")));
    }
    if let Some(digest) = answer.digest {
        let digest = if random.bool() {
            format!("crc32={digest:x}")
        } else {
            format!("crc32={digest:08X}")
        };
        fields.push(field(random, "Digest", &digest));
    }
    for (name, value) in &answer.validators {
        fields.push(field(random, name, value));
    }
    for value in &answer.codings {
        fields.push(field(random, "Content-Encoding", value));
    }
    if let Some(seconds) = answer.retry_after {
        fields.push(field(random, "Retry-After", &seconds.to_string()));
    }
    if close {
        fields.push(field(random, "Connection", "close"));
    } else if !one && random.bool() {
        fields.push(field(random, "Connection", "keep-alive"));
    }
    random.shuffle(&mut fields);
    let reason = ["", " ", " OK", " Partial Content"][random.usize(..4)];
    let version = if one { "1.0" } else { "1.1" };
    let mut wire = Vec::new();
    if random.u8(..20) == 0 {
        wire.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    wire.extend(format!("HTTP/{version} {}{reason}\r\n", answer.status).bytes());
    if answer.garbage {
        wire = b"SSH-2.0-x\r\n".to_vec();
    }
    wire.extend(fields.concat().bytes().chain(*b"\r\n"));
    answer.head_len = wire.len();
    let mut at = 0;
    while answer.framing == Framing::Chunked && at < answer.body.len() {
        let len = random.usize(1..=answer.body.len() - at);
        let extension = ["", ";a=b", " "][random.usize(..3)];
        wire.extend(format!("{len:x}{extension}\r\n").bytes());
        answer.places.extend(wire.len()..wire.len() + len);
        wire.extend(&answer.body[at..at + len]);
        wire.extend(b"\r\n");
        at += len;
    }
    if answer.framing == Framing::Chunked {
        answer.chunks_end = wire.len() + 3;
        wire.extend(if random.bool() {
            &b"0\r\n\r\n"[..]
        } else {
            b"0\r\nX-Trailer: 1\r\n\r\n"
        });
    } else {
        answer
            .places
            .extend(wire.len()..wire.len() + answer.body.len());
        wire.extend(&answer.body);
    }
    answer.wire = wire;
}
