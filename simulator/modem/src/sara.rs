// SPDX-License-Identifier: MIT OR Apache-2.0
//! u-blox SARA-R4, as its AT commands manual (UBX-17003787 R16, chapter 19) describes it, and its successors: SARA-R5 (UBX-19047455)
//! requires an activated profile, and LENA-R8 (UBX-22016905) writes its lines without a space.

use std::fmt::Write as _;

use crate::core::{Core, Dialect, Job, Part, State, address, length};

const PIECE_MAX: usize = 1024;
const PIECE_MAX_HEX: usize = 512;
const NOT_ALLOWED: u16 = 3;
const NOT_SUPPORTED: u16 = 4;
const NO_NETWORK: u16 = 30;

pub(crate) const R4: Dialect = Dialect {
    identity: ["u-blox", "SARA-R410M-02B", "L0.0.00.00.05.11"],
    sockets: 7,
    is_tight: false,
    has_numbers: true,
    connects_later: false,
    writes_parts: true,
    echoes_data: false,
    frees_closed: true,
    data: "USOWR-DATA",
    prompt: "\r\n@",
    off: ("CPWROFF", "OK"),
    refused_later: None,
    command: command_r4,
    connected,
    sent,
    not_sent: 32,
    closed: |_| vec![Part::ok()],
    received: |id, len| format!("+UUSORD: {id},{len}"),
    ended: |id, options| {
        if options.close_as_length {
            format!("+UUSORD: {id},{}", u32::MAX)
        } else {
            format!("+UUSOCL: {id}")
        }
    },
    dropped: "+UUPSDD: 0",
    chatter: &["+UUSORD: 6,17", "+UUSOCL: 6", "+UUMQTTC: 1,1"],
};

pub(crate) const R5: Dialect = Dialect {
    identity: ["u-blox", "SARA-R510S-01B", "02.06"],
    command: command_r5,
    ..R4
};

pub(crate) const LENA: Dialect = Dialect {
    identity: ["u-blox", "LENA-R8001", "02.00"],
    is_tight: true,
    ..R5
};

fn command_r4(core: &mut Core, name: &str, arguments: &str) -> Job {
    match (name, arguments) {
        ("CGACT", "?") => {
            let is_active = u8::from(core.can_activate());
            Job::lines([format!("+CGACT: 1,{is_active}")])
        }
        ("CGACT", "=1,1") if core.can_activate() => Job::ok(),
        ("CGACT", "=1,1") => Job::Fail(NO_NETWORK),
        _ => command(core, name, arguments),
    }
}

/// A separate profile, mapped to context 1: chapter "Internet protocol transport layer" of the manual of SARA-R5.
fn command_r5(core: &mut Core, name: &str, arguments: &str) -> Job {
    match (name, arguments) {
        ("UPSD", "=0,100,1" | "=0,0,0") => Job::ok(),
        ("UPSD", _) if arguments.starts_with("=0,1,\"") => Job::ok(),
        ("UPSDA", "=0,3") if core.can_activate() && !core.is_active() => {
            core.radio.active = true;
            core.tell_later("+UUPSDA: 0,\"10.0.0.2\"");
            Job::ok()
        }
        ("UPSDA", _) => Job::Fail(NOT_ALLOWED),
        ("UPSND", "=0,8") => Job::lines([format!("+UPSND: 0,8,{}", u8::from(core.is_active()))]),
        ("USOCO", _) if !core.is_active() => Job::Fail(NOT_ALLOWED),
        _ => command(core, name, arguments),
    }
}

fn command(core: &mut Core, name: &str, arguments: &str) -> Job {
    let Some(arguments) = arguments.strip_prefix('=') else {
        return if (name, arguments) == ("USOER", "") {
            Job::lines([format!("+USOER: {}", core.last_error)])
        } else {
            Job::Fail(NOT_SUPPORTED)
        };
    };
    let words: Vec<_> = arguments.split(',').collect();
    match name {
        "UDCONF" if matches!(arguments, "1,0" | "1,1") => {
            core.hex = arguments == "1,1";
            return Job::ok();
        }
        "UMNOPROF" | "URAT" | "UBANDMASK" => return Job::ok(),
        "USOCR" if words[0] == "6" => return create(core),
        _ => {}
    }
    let Some(socket) = core.socket_in_use(words[0]) else {
        return Job::Fail(NOT_ALLOWED);
    };
    let job = match name {
        "USOCO" => connect(core, socket, &words),
        "USOWR" => write(core, socket, &words),
        "USORD" => read(core, socket, &words),
        "USOCL" => Some(Job::Close { socket }),
        _ => None,
    };
    job.unwrap_or(Job::Fail(NOT_SUPPORTED))
}

fn create(core: &mut Core) -> Job {
    let free = core
        .sockets
        .iter()
        .position(|socket| socket.state == State::Free);
    free.map_or(Job::Fail(NOT_ALLOWED), |id| {
        core.sockets[id].state = State::Created;
        Job::lines([format!("+USOCR: {id}")])
    })
}

fn connect(core: &Core, socket: usize, words: &[&str]) -> Option<Job> {
    let [_, host, port] = words else {
        return None;
    };
    let address = address(host, port)?;
    if core.sockets[socket].state != State::Created || !core.is_registered() {
        return Some(Job::Fail(NOT_ALLOWED));
    }
    Some(Job::Connect { socket, address })
}

fn connected(core: &mut Core, socket: usize, result: Result<(), u16>) -> Vec<Part> {
    match result {
        Ok(()) => vec![Part::ok()],
        Err(number) => {
            core.last_error = number;
            core.sockets[socket].state = State::Created;
            vec![Part::line("ERROR")]
        }
    }
}

fn sent(socket: usize, len: usize) -> Vec<Part> {
    vec![Part::Line(format!("+USOWR: {socket},{len}")), Part::ok()]
}

fn write(core: &Core, socket: usize, words: &[&str]) -> Option<Job> {
    let len = length(words.get(1)?, PIECE_MAX)?;
    if core.sockets[socket].state != State::Connected {
        return Some(Job::Fail(NOT_ALLOWED));
    }
    match words {
        [_, _] => Some(Job::Prompt { socket, len }),
        [_, _, text] if core.hex && len <= PIECE_MAX_HEX => {
            let digits = text.strip_prefix('"')?.strip_suffix('"')?;
            let bytes = from_hex(digits).filter(|bytes| bytes.len() == len)?;
            Some(Job::Send { socket, bytes })
        }
        _ => None,
    }
}

fn read(core: &mut Core, id: usize, words: &[&str]) -> Option<Job> {
    let max = if core.hex { PIECE_MAX_HEX } else { PIECE_MAX };
    let wanted: usize = words.get(1)?.parse().ok().filter(|len| *len <= max)?;
    if wanted == 0 {
        let unread = core.sockets[id].unread.len();
        return Some(Job::lines([format!("+USORD: {id},{unread}")]));
    }
    let bytes = core.take(id, wanted);
    let gap = if core.is_tight { "" } else { " " };
    let mut raw = format!("\r\n+USORD:{gap}{id},").into_bytes();
    if !bytes.is_empty() {
        raw.extend(format!("{},", bytes.len()).into_bytes());
    }
    raw.push(b'"');
    raw.extend(if core.hex { to_hex(&bytes) } else { bytes });
    raw.extend(b"\"\r\n");
    let rest = !core.sockets[id].unread.is_empty();
    core.sockets[id].announced = rest;
    if core.sockets[id].state == State::Closed && !rest {
        core.release(id);
    }
    if rest {
        core.announce_again(id); // "or after a partial read by the user"
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
