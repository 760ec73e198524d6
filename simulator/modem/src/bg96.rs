//! Quectel BG96, as its TCP/IP application note (V1.2, chapter 2) describes it.

use crate::modem::{Job, Modem, Part, State};
use crate::network::Network;

/// Numbered from 0.
pub(crate) const SOCKETS: usize = 12;

/// Numbers of chapter 4.
pub(crate) const CONNECT_FAILED: u16 = 566;
pub(crate) const SOCKET_CLOSED: u16 = 567;
const INVALID: u16 = 552;
const NO_CONTEXT: u16 = 561;
const IN_USE: u16 = 563;
const NOT_ALLOWED: u16 = 572;

const PIECE_MAX: usize = 1460;
const READ_MAX: usize = 1500;

/// What a command leads to.
pub(crate) fn command<N: Network>(modem: &mut Modem<N>, name: &str, arguments: &str) -> Job {
    let Some(arguments) = arguments.strip_prefix('=') else {
        return if (name, arguments) == ("QIGETERROR", "") {
            let line = format!(
                "+QIGETERROR: {},\"as the manual lists it\"",
                modem.last_error
            );
            Job::Say(vec![Part::Line(line), Part::ok()])
        } else {
            Job::Fail(INVALID)
        };
    };
    let words: Vec<_> = arguments.split(',').collect();
    match name {
        "QICSGP" if words[0] == "1" => return Job::Say(vec![Part::ok()]),
        "QIACT" if words[0] == "1" && !modem.active => {
            modem.active = true;
            return Job::Say(vec![Part::ok()]);
        }
        "QIOPEN" => return open(modem, &words).unwrap_or(Job::Fail(INVALID)),
        _ => {}
    }
    let socket = words[0].parse().ok().filter(|id: &usize| *id < SOCKETS);
    let Some(socket) = socket else {
        return Job::Fail(INVALID);
    };
    if modem.sockets[socket].state == State::Free {
        return Job::Fail(NOT_ALLOWED);
    }
    let job = match name {
        "QISEND" => send(modem, socket, &words),
        "QIRD" => read(modem, socket, &words),
        "QICLOSE" => Some(Job::Close { socket }),
        _ => None,
    };
    job.unwrap_or(Job::Fail(INVALID))
}

/// Only TCP, with the data kept until it is read.
fn open<N>(modem: &mut Modem<N>, words: &[&str]) -> Option<Job> {
    let ["1", id, "\"TCP\"", address, port, "0", "0"] = words else {
        return None;
    };
    let socket = id.parse().ok().filter(|id: &usize| *id < SOCKETS)?;
    let address = address.strip_prefix('"')?.strip_suffix('"')?;
    let address = format!("{address}:{port}").parse().ok()?;
    let refused = if modem.active {
        (modem.sockets[socket].state != State::Free).then_some(IN_USE)
    } else {
        Some(NO_CONTEXT)
    };
    if let Some(number) = refused {
        modem.last_error = number;
        let urc = format!("+QIOPEN: {socket},{number}");
        return Some(Job::Say(vec![Part::ok(), Part::Line(urc)]));
    }
    modem.sockets[socket].state = State::Connecting;
    Some(Job::Connect { socket, address })
}

fn send<N>(modem: &mut Modem<N>, socket: usize, words: &[&str]) -> Option<Job> {
    let [_, len] = words else {
        return None;
    };
    let len = len
        .parse()
        .ok()
        .filter(|len| (1..=PIECE_MAX).contains(len))?;
    Some(match modem.sockets[socket].state {
        State::Connected => Job::Prompt { socket, len },
        State::Closed => Job::Fail(SOCKET_CLOSED),
        _ => Job::Fail(NOT_ALLOWED),
    })
}

fn read<N: Network>(modem: &mut Modem<N>, id: usize, words: &[&str]) -> Option<Job> {
    let [_, wanted] = words else {
        return None;
    };
    let wanted: usize = wanted
        .parse()
        .ok()
        .filter(|len| (1..=READ_MAX).contains(len))?;
    let count = wanted.min(modem.options.read_max);
    let socket = &mut modem.sockets[id];
    let bytes: Vec<_> = socket
        .unread
        .drain(..count.min(socket.unread.len()))
        .collect();
    let mut raw = format!("\r\n+QIRD: {}\r\n", bytes.len()).into_bytes();
    if !bytes.is_empty() {
        raw.extend(bytes);
        raw.extend(b"\r\n");
    }
    // The next URC comes only after all was read.
    if socket.unread.is_empty() {
        socket.announced = false;
    }
    Some(Job::Say(vec![Part::Raw(raw), Part::ok()]))
}
