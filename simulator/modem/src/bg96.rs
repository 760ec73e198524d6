// SPDX-License-Identifier: MIT OR Apache-2.0
//! Quectel BG96 and BG95, as the TCP/IP application note of BG96 (V1.2, chapter 2) describes it.

use crate::core::{Core, Dialect, Job, Part, State, address, length};

/// Error numbers of chapter 4.
const CONNECT_FAILED: u16 = 566;
const SOCKET_CLOSED: u16 = 567;
const INVALID: u16 = 552;
const NO_CONTEXT: u16 = 561;
const IN_USE: u16 = 563;
const NOT_ALLOWED: u16 = 572;

const PIECE_MAX: usize = 1460;
const READ_MAX: usize = 1500;

/// Of no SIM: the country code of international networks, and zeros.
const ICCID: &str = "89883000000000000000";

pub(crate) const DIALECT: Dialect = Dialect {
    identity: ["Quectel", "BG96", "BG96MAR02A07M1G"],
    sockets: 12,
    is_tight: false,
    has_numbers: false,
    connects_later: true,
    writes_parts: false,
    echoes_data: true,
    frees_closed: false,
    data: "QISEND-DATA",
    prompt: "\r\n> ",
    off: ("QPOWD=1", "OK"),
    refused_later: Some(|id, number| format!("+QIOPEN: {id},{number}")),
    command,
    connected,
    sent: |_, _| vec![Part::line("SEND OK")],
    not_sent: SOCKET_CLOSED,
    closed: |_| vec![Part::ok()],
    received: |id, _| format!("+QIURC: \"recv\",{id}"),
    ended: |id, _| format!("+QIURC: \"closed\",{id}"),
    dropped: "+QIURC: \"pdpdeact\",1",
    chatter: &[
        "+QIURC: \"recv\",11",
        "+QIURC: \"closed\",11",
        "+QIND: \"csq\",20,99",
    ],
};

fn command(core: &mut Core, name: &str, arguments: &str) -> Job {
    let Some(arguments) = arguments.strip_prefix('=') else {
        return match (name, arguments) {
            ("QIGETERROR", "") => {
                let number = core.last_error;
                Job::lines([format!("+QIGETERROR: {number},\"as the manual lists it\"")])
            }
            ("QIACT", "?") if core.is_active() => {
                Job::lines(["+QIACT: 1,1,1,\"10.0.0.2\"".to_owned()])
            }
            ("QIACT", "?") => Job::ok(),
            ("QCCID", "") => Job::lines([format!("+QCCID: {ICCID}")]),
            _ => Job::Fail(INVALID),
        };
    };
    let words: Vec<_> = arguments.split(',').collect();
    match name {
        "QICSGP" if words[0] == "1" => return Job::ok(),
        "QCFG" => return Job::ok(),
        "QIDEACT" if words[0] == "1" => {
            core.radio.active = false;
            return Job::ok();
        }
        "QIACT" if words[0] == "1" && !core.is_active() && core.can_activate() => {
            core.radio.active = true;
            return Job::ok();
        }
        "QIOPEN" => return open(core, &words).unwrap_or(Job::Fail(INVALID)),
        _ => {}
    }
    let socket = words[0]
        .parse()
        .ok()
        .filter(|id: &usize| *id < core.sockets.len());
    let Some(socket) = socket else {
        return Job::Fail(INVALID);
    };
    if core.sockets[socket].state == State::Free {
        return Job::Fail(NOT_ALLOWED);
    }
    let job = match name {
        "QISEND" => send(core, socket, &words),
        "QIRD" => read(core, socket, &words),
        "QICLOSE" => Some(Job::Close { socket }),
        _ => None,
    };
    job.unwrap_or(Job::Fail(INVALID))
}

/// Only TCP, with data kept until it is read.
fn open(core: &mut Core, words: &[&str]) -> Option<Job> {
    let ["1", id, "\"TCP\"", host, port, "0", "0"] = words else {
        return None;
    };
    let socket = id
        .parse()
        .ok()
        .filter(|id: &usize| *id < core.sockets.len())?;
    let address = address(host, port)?;
    let refused = if core.is_active() {
        (core.sockets[socket].state != State::Free).then_some(IN_USE)
    } else {
        Some(NO_CONTEXT)
    };
    if let Some(number) = refused {
        core.last_error = number;
        let urc = format!("+QIOPEN: {socket},{number}");
        return Some(Job::Say(vec![Part::ok(), Part::Line(urc)]));
    }
    core.sockets[socket].state = State::Connecting;
    Some(Job::Connect { socket, address })
}

fn connected(core: &mut Core, socket: usize, result: Result<(), u16>) -> Vec<Part> {
    let number = match result {
        Ok(()) => 0,
        Err(_) => {
            core.last_error = CONNECT_FAILED;
            core.sockets[socket].state = State::Free;
            CONNECT_FAILED
        }
    };
    vec![Part::Line(format!("+QIOPEN: {socket},{number}"))]
}

fn send(core: &Core, socket: usize, words: &[&str]) -> Option<Job> {
    let [_, len] = words else {
        return None;
    };
    let len = length(len, PIECE_MAX)?;
    Some(match core.sockets[socket].state {
        State::Connected => Job::Prompt { socket, len },
        State::Closed => Job::Fail(SOCKET_CLOSED),
        _ => Job::Fail(NOT_ALLOWED),
    })
}

fn read(core: &mut Core, id: usize, words: &[&str]) -> Option<Job> {
    let [_, wanted] = words else {
        return None;
    };
    let wanted = length(wanted, READ_MAX)?;
    let bytes = core.take(id, wanted);
    let mut raw = format!("\r\n+QIRD: {}\r\n", bytes.len()).into_bytes();
    if !bytes.is_empty() {
        raw.extend(bytes);
        raw.extend(b"\r\n");
    }
    // The next URC comes only after everything has been read.
    let socket = &mut core.sockets[id];
    if socket.unread.is_empty() {
        socket.announced = false;
    }
    Some(Job::Say(vec![Part::Raw(raw), Part::ok()]))
}
