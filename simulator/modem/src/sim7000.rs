// SPDX-License-Identifier: MIT OR Apache-2.0
//! SIMCom SIM7000: one connection over the `CIP` commands (SIM7000 Series AT Command Manual V1.03, chapter 8), read on demand.

use crate::core::{Core, Dialect, Job, Part, State, address, length};

const NOT_ALLOWED: u16 = 3;
const NOT_SUPPORTED: u16 = 4;

const PIECE_MAX: usize = 1460;
const READ_MAX: usize = 1460;

pub(crate) const DIALECT: Dialect = Dialect {
    identity: ["SIMCOM INCORPORATED", "SIMCOM_SIM7000E", "1529B11SIM7000E"],
    sockets: 1,
    is_tight: false,
    has_numbers: true,
    connects_later: true,
    writes_parts: false,
    echoes_data: true,
    frees_closed: false,
    data: "CIPSEND-DATA",
    prompt: "\r\n> ",
    off: ("CPOWD=1", "NORMAL POWER DOWN"),
    refused_later: None,
    command,
    connected,
    sent: |_, _| vec![Part::line("SEND OK")],
    not_sent: NOT_ALLOWED,
    closed: |_| vec![Part::line("CLOSE OK")],
    received: |_, _| "+CIPRXGET: 1".to_owned(),
    ended: |_, _| "CLOSED".to_owned(),
    dropped: "+PDP: DEACT",
    chatter: &["*PSUTTZ: 26/01/31,12:00:00", "DST: 0", "+CLTS: 1"],
};

fn command(core: &mut Core, name: &str, arguments: &str) -> Job {
    let socket = &core.sockets[0];
    match (name, arguments) {
        ("CIPMUX", "=0") | ("CIPRXGET", "=1") => Job::ok(),
        ("CSTT", _) if arguments.starts_with("=\"") => {
            core.is_defined = true;
            Job::ok()
        }
        ("CMNB" | "CNMP" | "CBANDCFG", _) if arguments.starts_with('=') => Job::ok(),
        ("CIPSHUT", "") => {
            core.radio.active = false;
            core.is_defined = false;
            core.release(0);
            Job::Say(vec![Part::line("SHUT OK")])
        }
        ("CIICR", "") if core.is_defined && core.can_activate() && !core.radio.active => {
            core.radio.active = true;
            Job::ok()
        }
        ("CIICR", "") => {
            core.is_defined = false;
            Job::Fail(NOT_ALLOWED)
        }
        ("CIFSR;E0", "") if core.is_active() => Job::lines(["10.0.0.2".to_owned()]),
        ("CIPCLOSE", "") if socket.state != State::Free => Job::Close { socket: 0 },
        ("CIFSR;E0" | "CIPCLOSE", "") => Job::Fail(NOT_ALLOWED),
        _ => on_socket(core, name, arguments).unwrap_or(Job::Fail(NOT_SUPPORTED)),
    }
}

fn on_socket(core: &mut Core, name: &str, arguments: &str) -> Option<Job> {
    let words: Vec<_> = arguments.strip_prefix('=')?.split(',').collect();
    let state = core.sockets[0].state;
    match (name, words.as_slice()) {
        ("CIPSTART", ["\"TCP\"", host, port]) => {
            let address = address(host, port)?;
            if !core.is_active() || state == State::Connected {
                return Some(Job::Fail(NOT_ALLOWED));
            }
            core.release(0);
            core.sockets[0].state = State::Connecting;
            Some(Job::Connect { socket: 0, address })
        }
        ("CIPSEND", [len]) => {
            let len = length(len, PIECE_MAX)?;
            Some(if state == State::Connected {
                Job::Prompt { socket: 0, len }
            } else {
                Job::Fail(NOT_ALLOWED)
            })
        }
        ("CIPRXGET", ["2", wanted]) => {
            let wanted = length(wanted, READ_MAX)?;
            Some(if state == State::Free {
                Job::Fail(NOT_ALLOWED)
            } else {
                read(core, wanted)
            })
        }
        _ => None,
    }
}

fn connected(core: &mut Core, socket: usize, result: Result<(), u16>) -> Vec<Part> {
    if result.is_ok() {
        return vec![Part::line("CONNECT OK")];
    }
    core.sockets[socket].state = State::Free;
    vec![Part::line("CONNECT FAIL")]
}

/// How many bytes follow, and how many remain.
fn read(core: &mut Core, wanted: usize) -> Job {
    let bytes = core.take(0, wanted);
    let left = core.sockets[0].unread.len();
    let mut raw = format!("\r\n+CIPRXGET: 2,{},{left}\r\n", bytes.len()).into_bytes();
    if !bytes.is_empty() {
        raw.extend(bytes);
        raw.extend(b"\r\n");
    }
    if left == 0 {
        core.sockets[0].announced = false;
    }
    Job::Say(vec![Part::Raw(raw), Part::ok()])
}
