// SPDX-License-Identifier: MIT OR Apache-2.0
//! SIMCom SIM7070, SIM7080 and SIM7090: the application network and its `CA` commands (SIM7070_SIM7080_SIM7090 Series AT Command Manual
//! V1.04), with what users found to differ from it: no connection number in `+CARECV`.

use crate::core::{Core, Dialect, Job, Part, State, address, length};

const NOT_ALLOWED: u16 = 3;
const NOT_SUPPORTED: u16 = 4;
/// Results of `+CAOPEN`.
const NOT_ACTIVE: u16 = 21;
const CONNECT_FAILED: u16 = 27;

const PIECE_MAX: usize = 1459;
const READ_MAX: usize = 1460;

pub(crate) const DIALECT: Dialect = Dialect {
    identity: ["SIMCOM INCORPORATED", "SIMCOM_SIM7080", "1951B17SIM7080"],
    sockets: 13,
    is_tight: false,
    has_numbers: true,
    connects_later: false,
    writes_parts: false,
    echoes_data: true,
    frees_closed: false,
    data: "CASEND-DATA",
    prompt: "\r\n> ",
    off: ("CPOWD=1", "NORMAL POWER DOWN"),
    refused_later: None,
    command,
    connected,
    sent: |_, _| vec![Part::ok()],
    not_sent: NOT_ALLOWED,
    closed: |_| vec![Part::ok()],
    received: |id, _| format!("+CADATAIND: {id}"),
    ended: |id, _| format!("+CASTATE: {id},0"),
    dropped: "+APP PDP: 0,DEACTIVE",
    chatter: &["+CADATAIND: 12", "+CASTATE: 12,0", "DST: 0"],
};

fn command(core: &mut Core, name: &str, arguments: &str) -> Job {
    let is_active = u8::from(core.is_active());
    match (name, arguments) {
        ("CNACT", "?") => Job::lines((0..4).map(|id| {
            let state = if id == 0 { is_active } else { 0 };
            format!("+CNACT: {id},{state},\"0.0.0.0\"")
        })),
        ("CNACT", "=0,1") if core.can_activate() && is_active == 0 => {
            core.radio.active = true;
            core.tell_later("+APP PDP: 0,ACTIVE");
            Job::ok()
        }
        ("CNCFG", _) if arguments.starts_with("=0,1,\"") => Job::ok(),
        ("CMNB" | "CNMP" | "CBANDCFG", _) if arguments.starts_with('=') => Job::ok(),
        _ => on_socket(core, name, arguments).unwrap_or(Job::Fail(NOT_SUPPORTED)),
    }
}

fn on_socket(core: &mut Core, name: &str, arguments: &str) -> Option<Job> {
    let words: Vec<_> = arguments.strip_prefix('=')?.split(',').collect();
    if name == "CAOPEN" {
        return open(core, &words);
    }
    let Some(socket) = core.socket_in_use(words[0]) else {
        return Some(Job::Fail(NOT_ALLOWED));
    };
    match (name, words.as_slice()) {
        ("CASEND", [_, len]) => {
            let len = length(len, PIECE_MAX)?;
            let is_open = core.sockets[socket].state == State::Connected;
            Some(if is_open {
                Job::Prompt { socket, len }
            } else {
                Job::Fail(NOT_ALLOWED)
            })
        }
        ("CARECV", [_, wanted]) => {
            let wanted = length(wanted, READ_MAX)?;
            Some(read(core, socket, wanted))
        }
        ("CACLOSE", [_]) => Some(Job::Close { socket }),
        _ => None,
    }
}

fn open(core: &mut Core, words: &[&str]) -> Option<Job> {
    let [id, "0", "\"TCP\"", host, port] = words else {
        return None;
    };
    let socket = id
        .parse()
        .ok()
        .filter(|id: &usize| *id < core.sockets.len())?;
    let address = address(host, port)?;
    if core.sockets[socket].state != State::Free {
        return Some(Job::Fail(NOT_ALLOWED));
    }
    if !core.is_active() {
        return Some(Job::lines([format!("+CAOPEN: {socket},{NOT_ACTIVE}")]));
    }
    core.sockets[socket].state = State::Connecting;
    Some(Job::Connect { socket, address })
}

fn connected(core: &mut Core, socket: usize, result: Result<(), u16>) -> Vec<Part> {
    let number = if result.is_ok() {
        0
    } else {
        core.sockets[socket].state = State::Free;
        CONNECT_FAILED
    };
    let line = format!("+CAOPEN: {socket},{number}");
    vec![Part::Line(line), Part::ok()]
}

fn read(core: &mut Core, socket: usize, wanted: usize) -> Job {
    let bytes = core.take(socket, wanted);
    let mut raw = format!("\r\n+CARECV: {}", bytes.len()).into_bytes();
    if !bytes.is_empty() {
        raw.push(b',');
        raw.extend(bytes);
    }
    raw.extend(b"\r\n");
    if core.sockets[socket].unread.is_empty() {
        core.sockets[socket].announced = false;
    }
    Job::Say(vec![Part::Raw(raw), Part::ok()])
}
