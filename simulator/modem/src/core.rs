// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parts of a modem other than its command language: sockets, radio, SMS, and pending output.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use crate::inbox::Inbox;
use crate::options::Options;
use crate::radio::Radio;

/// What a job outputs when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A separate line.
    Line(String),
    /// Bytes, unchanged.
    Raw(Vec<u8>),
}

impl Part {
    pub(crate) fn ok() -> Self {
        Self::line("OK")
    }

    pub(crate) fn line(text: impl Into<String>) -> Self {
        Self::Line(text.into())
    }
}

/// What a command leads to, after some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    Say(Vec<Part>),
    /// An error with its number; a plain `ERROR` unless numbers were asked for.
    Fail(u16),
    /// The same, with a number of 3GPP TS 27.005.
    FailSms(u16),
    Connect {
        socket: usize,
        address: SocketAddrV4,
    },
    Close {
        socket: usize,
    },
    Prompt {
        socket: usize,
        len: usize,
    },
    Send {
        socket: usize,
        bytes: Vec<u8>,
    },
    Announce {
        socket: usize,
    },
}

impl Job {
    pub(crate) fn ok() -> Self {
        Self::Say(vec![Part::ok()])
    }

    /// Lines, then `OK`.
    pub(crate) fn lines(lines: impl IntoIterator<Item = String>) -> Self {
        let lines = lines.into_iter().map(Part::Line);
        Self::Say(lines.chain([Part::ok()]).collect())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Free,
    Created,
    Connecting,
    Connected,
    /// The other side closed it.
    Closed,
}

/// A socket of the modem.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) state: State,
    pub(crate) unread: VecDeque<u8>,
    /// A URC has announced the unread data.
    pub(crate) announced: bool,
}

/// What distinguishes a kind of modem.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Answers to `AT+CGMI`, `AT+CGMM` and `AT+CGMR`.
    pub(crate) identity: [&'static str; 3],
    /// Numbered from 0.
    pub(crate) sockets: usize,
    /// No space follows a colon.
    pub(crate) is_tight: bool,
    /// Error numbers are given if they were asked for.
    pub(crate) has_numbers: bool,
    /// It answers `OK` to a connection command at once, and reports the result later.
    pub(crate) connects_later: bool,
    /// A write may accept fewer bytes than given.
    pub(crate) writes_parts: bool,
    /// Data after a prompt is echoed too.
    pub(crate) echoes_data: bool,
    /// A socket is free again once the other side has closed it and everything has been read.
    pub(crate) frees_closed: bool,
    /// The name that `--refuse` uses for data after a prompt.
    pub(crate) data: &'static str,
    pub(crate) prompt: &'static str,
    /// The command that switches it off, and its answer.
    pub(crate) off: (&'static str, &'static str),
    /// The URC for a connection that `--refuse` refuses with a number.
    pub(crate) refused_later: Option<fn(usize, u16) -> String>,
    /// A command that not all modems have.
    pub(crate) command: fn(&mut Core, &str, &str) -> Job,
    /// The result of an attempt to connect; an error comes from the network.
    pub(crate) connected: fn(&mut Core, usize, Result<(), u16>) -> Vec<Part>,
    pub(crate) sent: fn(usize, usize) -> Vec<Part>,
    /// Error number of a failure to send.
    pub(crate) not_sent: u16,
    pub(crate) closed: fn(usize) -> Vec<Part>,
    /// The URC for received data.
    pub(crate) received: fn(usize, usize) -> String,
    /// The URC for the end of a connection.
    pub(crate) ended: fn(usize, &Options) -> String,
    /// The URC for the end of the data connection.
    pub(crate) dropped: &'static str,
    /// URCs of other sockets and functions.
    pub(crate) chatter: &'static [&'static str],
}

/// The whole state.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) is_tight: bool,
    pub(crate) sockets: Vec<Socket>,
    /// Error number of the last failure of a socket.
    pub(crate) last_error: u16,
    /// Data as hexadecimal text.
    pub(crate) hex: bool,
    pub(crate) radio: Radio,
    /// SIM7000 accepts a data connection only after its APN, and not again after a refusal.
    pub(crate) is_defined: bool,
    pub(crate) is_off: bool,
    pub(crate) inbox: Inbox,
    pub(crate) numbers: bool,
    pub(crate) echo: bool,
    pub(crate) later: Vec<(u64, Job)>,
    pub(crate) urcs: VecDeque<String>,
    pub(crate) now: u64,
}

impl Core {
    pub(crate) fn new(options: &Options, dialect: &Dialect) -> Self {
        let sockets = (0..dialect.sockets).map(|_| Socket {
            state: State::Free,
            unread: VecDeque::new(),
            announced: false,
        });
        let lines = || vec![Part::line("RDY"), Part::line("APP RDY")];
        let ready = options.ready_at.into_iter();
        let ready = ready.map(|at| (at, Job::Say(lines())));
        Self {
            options: options.clone(),
            is_tight: dialect.is_tight,
            sockets: sockets.collect(),
            last_error: 0,
            hex: false,
            radio: Radio::new(options),
            is_defined: false,
            is_off: false,
            inbox: Inbox::default(),
            numbers: false,
            echo: !options.no_echo,
            later: ready.collect(),
            urcs: VecDeque::new(),
            now: 0,
        }
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.radio.is_registered(&self.options, self.now)
    }

    /// The data connection is up.
    pub(crate) fn is_active(&self) -> bool {
        self.radio.active && self.is_registered()
    }

    pub(crate) fn release(&mut self, socket: usize) {
        let socket = &mut self.sockets[socket];
        socket.state = State::Free;
        socket.unread.clear();
        socket.announced = false;
    }

    /// The socket that a word names, if it is in use.
    pub(crate) fn socket_in_use(&self, word: &str) -> Option<usize> {
        let in_use = |id: &usize| {
            self.sockets
                .get(*id)
                .is_some_and(|it| it.state != State::Free)
        };
        word.parse().ok().filter(in_use)
    }

    /// Takes unread bytes, at most this many.
    pub(crate) fn take(&mut self, socket: usize, wanted: usize) -> Vec<u8> {
        let count = wanted.min(self.options.read_max);
        let unread = &mut self.sockets[socket].unread;
        unread.drain(..count.min(unread.len())).collect()
    }

    /// The network accepts a data connection.
    pub(crate) fn can_activate(&self) -> bool {
        self.is_registered() && self.now >= self.options.no_data_until
    }

    /// Announces unread data again, after the answer to the running command.
    pub(crate) fn announce_again(&mut self, socket: usize) {
        let due = self.now + self.options.delay + 1;
        self.later.push((due, Job::Announce { socket }));
    }

    /// A URC after the answer to the running command.
    pub(crate) fn tell_later(&mut self, text: &str) {
        let due = self.now + self.options.delay + 1;
        self.later.push((due, Job::Say(vec![Part::line(text)])));
    }

    /// The state after a restart, except for what the modem keeps without power.
    pub(crate) fn restart(&mut self) {
        for socket in 0..self.sockets.len() {
            self.release(socket);
        }
        self.echo = !self.options.no_echo;
        self.numbers = false;
        self.hex = false;
        self.is_defined = false;
        self.radio.forget_settings();
        self.inbox.forget_settings();
        self.later.clear();
        self.urcs.clear();
    }
}

/// An address in quotation marks and a port.
pub(crate) fn address(address: &str, port: &str) -> Option<SocketAddrV4> {
    let address = address.strip_prefix('"')?.strip_suffix('"')?;
    let port = port.trim_matches('"');
    format!("{address}:{port}").parse().ok()
}

/// A number from 1 to `max`.
pub(crate) fn length(word: &str, max: usize) -> Option<usize> {
    word.parse().ok().filter(|len| (1..=max).contains(len))
}
