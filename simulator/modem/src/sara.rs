//! u-blox SARA-R4, as its AT commands manual (UBX-17003787 R16, chapter 19) describes it.

use std::fmt::Write as _;

use crate::modem::{Job, Modem, Part, State};
use crate::network::Network;

/// Numbered from 0.
pub(crate) const SOCKETS: usize = 7;

const PIECE_MAX: usize = 1024;
const PIECE_MAX_HEX: usize = 512;
const NOT_ALLOWED: u16 = 3;
const NOT_SUPPORTED: u16 = 4;

/// What a command leads to.
pub(crate) fn command<N: Network>(modem: &mut Modem<N>, name: &str, arguments: &str) -> Job {
    let Some(arguments) = arguments.strip_prefix('=') else {
        return if (name, arguments) == ("USOER", "") {
            let line = format!("+USOER: {}", modem.last_error);
            Job::Say(vec![Part::Line(line), Part::ok()])
        } else {
            Job::Fail(NOT_SUPPORTED)
        };
    };
    let words: Vec<_> = arguments.split(',').collect();
    if name == "UDCONF" && matches!(arguments, "1,0" | "1,1") {
        modem.hex = arguments == "1,1";
        return Job::Say(vec![Part::ok()]);
    }
    if name == "USOCR" && words[0] == "6" {
        let free = |socket: &crate::modem::Socket| socket.state == State::Free;
        return modem
            .sockets
            .iter()
            .position(free)
            .map_or(Job::Fail(NOT_ALLOWED), |id| {
                modem.sockets[id].state = State::Created;
                Job::Say(vec![Part::Line(format!("+USOCR: {id}")), Part::ok()])
            });
    }
    let socket = words[0].parse().ok().filter(|id: &usize| {
        modem
            .sockets
            .get(*id)
            .is_some_and(|socket| socket.state != State::Free)
    });
    let Some(socket) = socket else {
        return Job::Fail(NOT_ALLOWED);
    };
    let job = match name {
        "USOCO" => connect(modem, socket, &words),
        "USOWR" => write(modem, socket, &words),
        "USORD" => read(modem, socket, &words),
        "USOCL" => Some(Job::Close { socket }),
        _ => None,
    };
    job.unwrap_or(Job::Fail(NOT_SUPPORTED))
}

fn connect<N>(modem: &mut Modem<N>, socket: usize, words: &[&str]) -> Option<Job> {
    let [_, address, port] = words else {
        return None;
    };
    let address = address.strip_prefix('"')?.strip_suffix('"')?;
    let address = format!("{address}:{port}").parse().ok()?;
    if modem.sockets[socket].state != State::Created {
        return Some(Job::Fail(NOT_ALLOWED));
    }
    Some(Job::Connect { socket, address })
}

fn write<N>(modem: &mut Modem<N>, socket: usize, words: &[&str]) -> Option<Job> {
    let len: usize = words.get(1)?.parse().ok().filter(|len| *len > 0)?;
    if modem.sockets[socket].state != State::Connected {
        return Some(Job::Fail(NOT_ALLOWED));
    }
    match words {
        [_, _] if len <= PIECE_MAX => Some(Job::Prompt { socket, len }),
        [_, _, text] if modem.hex && len <= PIECE_MAX_HEX => {
            let digits = text.strip_prefix('"')?.strip_suffix('"')?;
            let bytes = from_hex(digits).filter(|bytes| bytes.len() == len)?;
            Some(Job::Send { socket, bytes })
        }
        _ => None,
    }
}

fn read<N: Network>(modem: &mut Modem<N>, id: usize, words: &[&str]) -> Option<Job> {
    let max = if modem.hex { PIECE_MAX_HEX } else { PIECE_MAX };
    let wanted: usize = words.get(1)?.parse().ok().filter(|len| *len <= max)?;
    let count = wanted.min(modem.options.read_max);
    let socket = &mut modem.sockets[id];
    if wanted == 0 {
        let line = format!("+USORD: {id},{}", socket.unread.len());
        return Some(Job::Say(vec![Part::Line(line), Part::ok()]));
    }
    let bytes: Vec<_> = socket
        .unread
        .drain(..count.min(socket.unread.len()))
        .collect();
    let mut raw = format!("\r\n+USORD: {id},").into_bytes();
    if !bytes.is_empty() {
        raw.extend(format!("{},", bytes.len()).into_bytes());
    }
    raw.push(b'"');
    raw.extend(if modem.hex { to_hex(&bytes) } else { bytes });
    raw.extend(b"\"\r\n");
    let rest = !socket.unread.is_empty();
    socket.announced = rest;
    if socket.state == State::Closed && !rest {
        modem.release(id);
    }
    if rest {
        modem.announce_again(id); // "or after a partial read by the user"
    }
    Some(Job::Say(vec![Part::Raw(raw), Part::ok()]))
}

fn to_hex(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text.into_bytes()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    let pairs = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]);
    pairs.map(|byte| u8::try_from(byte).ok()).collect()
}
