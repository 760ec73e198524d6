//! The response parser against damaged, generated and foreign-parsed input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::naive_bytecount,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

use kpn_things::error::Error;
use kpn_things::http::response::{Method, Response};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Xorshift: the same inputs in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// The vectors that are short enough to be damaged many times.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/http");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "http"))
        .collect();
    paths.sort();
    let seeds: Vec<_> = paths
        .iter()
        .map(|path| fs::read(path).unwrap())
        .filter(|raw| raw.len() < 1000)
        .collect();
    assert!(seeds.len() > 100);
    seeds
}

fn damage(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    const TELLING: &[u8] = b"\r\n\0 \t:;,=*/-059afAFxg\"\x7f\x80\xff";
    let mut raw = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(3) {
        let at = random.below(raw.len());
        let byte = if random.chance(2) {
            TELLING[random.below(TELLING.len())]
        } else {
            random.next() as u8
        };
        match random.below(7) {
            0 if !raw.is_empty() => raw[at] = byte,
            1 if !raw.is_empty() => raw[at] ^= 1 << random.below(8),
            2 => raw.insert(at, byte),
            3 if !raw.is_empty() => {
                raw.remove(at);
            }
            4 => raw.truncate(at),
            5 => {
                let end = (at + random.below(40)).min(raw.len());
                let piece = raw[at..end].to_vec();
                let to = random.below(raw.len());
                raw.splice(to..to, piece);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                raw.truncate(at);
                raw.extend_from_slice(&other[from..]);
            }
        }
    }
    raw
}

type Facts = (
    Option<Error>,
    (bool, u16, bool),
    [Option<u32>; 3],
    Option<((Option<(u32, u32)>, Option<u32>), usize)>,
    Vec<u8>,
);

fn facts(response: &Response, error: Option<Error>, used: usize, body: Vec<u8>) -> Facts {
    let used = if error.is_some() { 0 } else { used };
    (
        error,
        (
            response.is_complete(),
            response.status(),
            response.keep_alive(),
        ),
        [
            response.content_length(),
            response.retry_after(),
            response.crc32(),
        ],
        response
            .content_range()
            .map(|range| ((range.part, range.total), used)),
        body,
    )
}

fn by_steps(method: Method, raw: &[u8], piece: &mut dyn FnMut() -> usize) -> Facts {
    let mut response = Response::begin(method);
    let mut body = Vec::new();
    let mut used = 0;
    let mut arrived = 0;
    let mut error = None;
    while arrived < raw.len() && error.is_none() && !response.is_complete() {
        arrived = (arrived + piece()).min(raw.len());
        while used < arrived {
            match response.step(&raw[used..arrived]) {
                Ok(step) => {
                    assert!(step.used <= arrived - used);
                    assert!(raw[..used + step.used].ends_with(step.body));
                    used += step.used;
                    body.extend_from_slice(step.body);
                    if step.complete {
                        break;
                    }
                }
                Err(cause) => {
                    error = Some(cause);
                    break;
                }
            }
        }
    }
    facts(&response, error, used, body)
}

fn by_collecting(method: Method, raw: &[u8]) -> Facts {
    let mut response = Response::begin(method);
    let mut store = vec![0; raw.len()];
    let (error, used) = match response.collect(raw, &mut store) {
        Ok(collected) => {
            assert_eq!(collected.missing, 0);
            (None, collected.used)
        }
        Err(cause) => (Some(cause), 0),
    };
    store.truncate(response.body_len() as usize);
    facts(&response, error, used, store)
}

#[test]
fn damaged_responses_read_the_same_in_any_split() {
    let seeds = seeds();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..150_000 {
        let raw = damage(&mut random, &seeds);
        let method = match random.below(4) {
            0 => Method::Head,
            1 => Method::Get,
            _ => Method::Post,
        };
        let whole = by_steps(method, &raw, &mut || raw.len());
        let split = by_steps(method, &raw, &mut || 1 + random.below(40));
        assert_eq!(split, whole, "{}", raw.escape_ascii());
        let collected = by_collecting(method, &raw);
        assert_eq!(collected, whole, "{}", raw.escape_ascii());
    }
}

/// httparse accepts more: any number of empty lines, a status below 100; and it reads no values.
fn only_we_refuse(raw: &[u8]) -> bool {
    let text = raw.to_ascii_lowercase();
    let holds = |word: &[u8]| text.windows(word.len()).any(|found| found == word);
    let line = raw
        .iter()
        .position(|&byte| byte != b'\r' && byte != b'\n')
        .unwrap_or(raw.len());
    let empty_lines = raw[..line].iter().filter(|&&byte| byte == b'\n').count();
    empty_lines > 1
        || raw.get(line + 9) == Some(&b'0')
        || [&b"content-"[..], b"digest", b"transfer-encoding"]
            .iter()
            .any(|word| holds(word))
}

#[test]
fn heads_read_as_httparse_reads_them() {
    let seeds = seeds();
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    let mut agreed = (0, 0, 0);
    for _ in 0..150_000 {
        let raw = damage(&mut random, &seeds);
        let mut fields = vec![httparse::EMPTY_HEADER; 1024];
        let mut oracle = httparse::Response::new(&mut fields);
        let verdict = oracle.parse(&raw);
        let mut response = Response::begin(Method::Head);
        let shown = raw.escape_ascii();
        match verdict {
            Ok(httparse::Status::Complete(len)) => {
                let ours = response.step(&raw[..len]);
                let status = oracle.code.unwrap();
                if let Ok(step) = ours {
                    assert_eq!(step.used, len, "{shown}");
                    assert_eq!(step.complete, status >= 200, "{shown}");
                    let expected = if status < 200 { 0 } else { status };
                    assert_eq!(response.status(), expected, "{shown}");
                    let lengths: Vec<_> = oracle
                        .headers
                        .iter()
                        .filter(|field| field.name.eq_ignore_ascii_case("content-length"))
                        .collect();
                    if let ([field], true) = (&lengths[..], step.complete) {
                        let text = std::str::from_utf8(field.value).unwrap();
                        let first = text.split(',').next().unwrap_or_default();
                        assert_eq!(
                            first.trim().parse().ok(),
                            response.content_length(),
                            "{shown}"
                        );
                    } else if lengths.is_empty() {
                        assert_eq!(response.content_length(), None, "{shown}");
                    }
                    agreed.0 += 1;
                } else {
                    assert!(only_we_refuse(&raw), "{ours:?} {shown}");
                }
            }
            Ok(httparse::Status::Partial) => {
                if let Ok(step) = response.step(&raw) {
                    assert!(!step.complete, "{shown}");
                    agreed.1 += 1;
                } else {
                    assert!(only_we_refuse(&raw), "{shown}");
                }
            }
            Err(cause) => {
                // A CR is judged with the byte behind it.
                let refused = response.step(&raw).is_err() || response.step(b"\n").is_err();
                assert!(refused, "{cause} {shown}");
                agreed.2 += 1;
            }
        }
    }
    let (whole, cut, refused) = agreed;
    assert!(
        whole > 10_000 && cut > 1_000 && refused > 5_000,
        "{agreed:?}"
    );
}

#[test]
fn generated_responses_give_their_body_back() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for _ in 0..5_000 {
        let body: Vec<u8> = (0..random.below(600))
            .map(|_| random.next() as u8)
            .collect();
        let mut raw = b"HTTP/1.1 200 OK\r\nX-First: 1\r\n".to_vec();
        let framing = random.below(3);
        match framing {
            0 => {
                raw.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                raw.extend_from_slice(&body);
            }
            1 => {
                raw.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                let mut rest = &body[..];
                while !rest.is_empty() {
                    let (chunk, behind) = rest.split_at(1 + random.below(rest.len()));
                    let mut line = String::new();
                    match random.below(3) {
                        0 => write!(line, "{:x}\r\n", chunk.len()).unwrap(),
                        1 => write!(line, "{:08X};n=v\r\n", chunk.len()).unwrap(),
                        _ => write!(line, "{:x} ; n=\"v;\"\r\n", chunk.len()).unwrap(),
                    }
                    raw.extend_from_slice(line.as_bytes());
                    raw.extend_from_slice(chunk);
                    raw.extend_from_slice(b"\r\n");
                    rest = behind;
                }
                raw.extend_from_slice(if random.chance(2) {
                    b"0\r\n\r\n"
                } else {
                    b"0;x\r\nA: b\r\n\r\n"
                });
            }
            _ => {
                raw.extend_from_slice(b"\r\n");
                raw.extend_from_slice(&body);
            }
        }
        let mut response = Response::begin(Method::Get);
        let mut store = vec![0; body.len()];
        let mut rest = &raw[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(1 + random.below(rest.len().min(200)));
            let collected = response.collect(piece, &mut store).unwrap();
            assert_eq!(collected.used, piece.len());
            assert_eq!(collected.complete, behind.is_empty() && framing != 2);
            rest = behind;
        }
        assert_eq!(response.end(), Ok(()));
        assert_eq!(response.body(&store), Ok(&body[..]));
        assert_eq!(response.keep_alive(), framing != 2);
    }
}
