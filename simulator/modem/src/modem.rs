//! The modem itself: what comes in by the serial line, what time and the network do, what goes out.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddrV4;

use crate::network::{Network, UNREAD_MAX};
use crate::options::{Kind, Options};
use crate::random::Random;
use crate::{bg96, sara};

/// Longest command that is looked at.
const COMMAND_MAX: usize = 4096;

/// What a job says when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A line of its own.
    Line(String),
    /// Bytes as they are.
    Raw(Vec<u8>),
}

impl Part {
    pub(crate) fn ok() -> Self {
        Self::Line("OK".to_owned())
    }
}

/// What a command leads to, after its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    Say(Vec<Part>),
    /// An error with its number, as a plain `ERROR` unless numbers were asked for.
    Fail(u16),
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
    /// There is a URC for what is unread.
    pub(crate) announced: bool,
}

#[derive(Debug)]
enum Mode {
    Command,
    Data {
        socket: usize,
        len: usize,
        bytes: Vec<u8>,
    },
}

/// A modem with its network.
#[derive(Debug)]
pub struct Modem<N> {
    pub(crate) options: Options,
    /// What is behind it.
    pub network: N,
    pub(crate) sockets: Vec<Socket>,
    /// Of the last failure of a socket.
    pub(crate) last_error: u16,
    /// Data as hexadecimal text.
    pub(crate) hex: bool,
    /// The data connection of a BG96.
    pub(crate) active: bool,
    numbers: bool,
    echo: bool,
    mode: Mode,
    job: Option<(u64, Job)>,
    later: Vec<(u64, Job)>,
    held: VecDeque<u8>,
    command: Vec<u8>,
    urcs: VecDeque<String>,
    output: VecDeque<u8>,
    counts: HashMap<String, u64>,
    random: Random,
    now: u64,
}

impl<N: Network> Modem<N> {
    /// Switched on, with nothing said yet.
    pub fn new(options: &Options, network: N) -> Self {
        let count = match options.kind {
            Kind::SaraR4 => sara::SOCKETS,
            Kind::Bg96 => bg96::SOCKETS,
        };
        let sockets = (0..count).map(|_| Socket {
            state: State::Free,
            unread: VecDeque::new(),
            announced: false,
        });
        Self {
            options: options.clone(),
            network,
            sockets: sockets.collect(),
            last_error: 0,
            hex: false,
            active: false,
            numbers: false,
            echo: !options.no_echo,
            mode: Mode::Command,
            job: None,
            later: Vec::new(),
            held: VecDeque::new(),
            command: Vec::new(),
            urcs: VecDeque::new(),
            output: VecDeque::new(),
            counts: HashMap::new(),
            random: Random::new(options.seed),
            now: 0,
        }
    }

    /// A byte from the host.
    pub fn feed(&mut self, byte: u8, now: u64) {
        self.now = now;
        if self.job.is_some() {
            self.held.push_back(byte);
        } else {
            self.take(byte);
        }
    }

    /// Lets time pass and looks at the network.
    pub fn poll(&mut self, now: u64) {
        self.now = now;
        self.look_at_network();
        self.flush_urcs();
        while let Some((due, _)) = self.job
            && due <= now
        {
            if let Some((_, job)) = self.job.take() {
                self.run(job);
            }
            while self.job.is_none()
                && let Some(byte) = self.held.pop_front()
            {
                self.take(byte);
            }
        }
        let (due, later): (Vec<_>, Vec<_>) = self.later.drain(..).partition(|(due, _)| *due <= now);
        self.later = later;
        for (_, job) in due {
            self.run(job);
        }
        self.flush_urcs();
    }

    /// When to poll again, at the latest.
    #[must_use]
    pub fn wake(&self) -> Option<u64> {
        let jobs = self.job.iter().chain(&self.later).map(|(due, _)| *due);
        jobs.chain(self.network.wake()).min()
    }

    /// Bytes for the host that were not taken yet.
    #[must_use]
    pub const fn output(&mut self) -> &mut VecDeque<u8> {
        &mut self.output
    }

    fn take(&mut self, byte: u8) {
        match &mut self.mode {
            Mode::Command => {
                if self.echo {
                    self.output.push_back(byte);
                }
                if byte == b'\r' {
                    let command = std::mem::take(&mut self.command);
                    self.execute(&String::from_utf8_lossy(&command));
                } else if byte != b'\n' && self.command.len() < COMMAND_MAX {
                    self.command.push(byte);
                }
            }
            Mode::Data { socket, len, bytes } => {
                bytes.push(byte);
                if self.echo && self.options.kind == Kind::Bg96 {
                    self.output.push_back(byte);
                }
                if bytes.len() == *len {
                    let job = Job::Send {
                        socket: *socket,
                        bytes: std::mem::take(bytes),
                    };
                    self.mode = Mode::Command;
                    let name = match self.options.kind {
                        Kind::SaraR4 => "USOWR-DATA",
                        Kind::Bg96 => "QISEND-DATA",
                    };
                    self.schedule(name, job);
                }
            }
        }
    }

    /// A whole command. What stands before `AT` is noise, and a line without it is nothing (V.250 section 5.2.1).
    fn execute(&mut self, text: &str) {
        let Some(start) = text.to_ascii_uppercase().find("AT") else {
            return;
        };
        let text = &text[start + 2..];
        let (name, arguments) = match text.strip_prefix('+') {
            None => (text, ""),
            Some(extended) => extended
                .find(['=', '?'])
                .map_or((extended, ""), |end| extended.split_at(end)),
        };
        let job = self.answer(name, arguments);
        self.schedule(name, job);
    }

    fn answer(&mut self, name: &str, arguments: &str) -> Job {
        match (name, arguments) {
            ("", "") => Job::Say(vec![Part::ok()]),
            ("E0" | "E1", "") => {
                self.echo = name == "E1";
                Job::Say(vec![Part::ok()])
            }
            ("CMEE", "?") => {
                let line = format!("+CMEE: {}", u8::from(self.numbers));
                Job::Say(vec![Part::Line(line), Part::ok()])
            }
            ("CMEE", "=0" | "=1") => {
                self.numbers = arguments == "=1";
                Job::Say(vec![Part::ok()])
            }
            ("CEREG", "?") => Job::Say(vec![Part::Line("+CEREG: 0,5".to_owned()), Part::ok()]),
            ("CGDCONT", _) if arguments.starts_with('=') => Job::Say(vec![Part::ok()]),
            _ => match self.options.kind {
                Kind::SaraR4 => sara::command(self, name, arguments),
                Kind::Bg96 => bg96::command(self, name, arguments),
            },
        }
    }

    /// Puts a job on the clock, or what the options say instead.
    fn schedule(&mut self, name: &str, job: Job) {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        let count = *count;
        if self.options.mute.iter().any(|muted| muted == name) {
            return;
        }
        let refusal = self.options.refuse.iter().find(|refusal| {
            refusal.command == name && refusal.only.is_none_or(|only| only == count)
        });
        let mut job = job;
        if let Some(refusal) = refusal {
            if let (Ok(number), &Job::Connect { socket, .. }) = (refusal.reply.parse(), &job) {
                job = Job::Say(vec![Part::ok()]);
                let urc = format!("+QIOPEN: {socket},{number}");
                self.last_error = number;
                self.later.push((
                    self.now + self.options.connect_delay,
                    Job::Say(vec![Part::Line(urc)]),
                ));
            } else {
                let lines = refusal.reply.split('|');
                job = Job::Say(lines.map(|line| Part::Line(line.to_owned())).collect());
            }
        }
        let delay = match &job {
            Job::Connect { .. } if self.options.kind == Kind::Bg96 => {
                self.later
                    .push((self.now + self.options.connect_delay, job));
                job = Job::Say(vec![Part::ok()]);
                self.options.delay
            }
            Job::Connect { .. } => self.options.connect_delay,
            Job::Close { .. } => self.options.close_delay,
            _ => self.options.delay,
        };
        self.job = Some((self.now + delay, job));
    }

    fn run(&mut self, job: Job) {
        match job {
            Job::Say(parts) => self.say(parts),
            Job::Fail(number) => {
                self.last_error = number;
                let line = match self.options.kind {
                    Kind::SaraR4 if self.numbers => format!("+CME ERROR: {number}"),
                    _ => "ERROR".to_owned(),
                };
                self.say(vec![Part::Line(line)]);
            }
            Job::Connect { socket, address } => self.connect(socket, address),
            Job::Close { socket } => {
                self.network.close(socket, self.now);
                self.release(socket);
                self.say(vec![Part::ok()]);
            }
            Job::Prompt { socket, len } => {
                let prompt: &[u8] = match self.options.kind {
                    Kind::SaraR4 => b"\r\n@",
                    Kind::Bg96 => b"\r\n> ",
                };
                self.say(vec![Part::Raw(prompt.to_vec())]);
                self.mode = Mode::Data {
                    socket,
                    len,
                    bytes: Vec::new(),
                };
            }
            Job::Send { socket, mut bytes } => {
                if self.options.kind == Kind::SaraR4 {
                    bytes.truncate(self.options.write_max);
                }
                let usable = self.sockets[socket].state == State::Connected;
                let sent = usable && self.network.send(socket, &bytes, self.now);
                let parts = match (self.options.kind, sent) {
                    (Kind::SaraR4, true) => vec![
                        Part::Line(format!("+USOWR: {socket},{}", bytes.len())),
                        Part::ok(),
                    ],
                    (Kind::Bg96, true) => vec![Part::Line("SEND OK".to_owned())],
                    (_, false) => {
                        self.last_error = match self.options.kind {
                            Kind::SaraR4 => 32,
                            Kind::Bg96 => bg96::SOCKET_CLOSED,
                        };
                        vec![Part::Line("ERROR".to_owned())]
                    }
                };
                self.say(parts);
            }
            Job::Announce { socket } => {
                self.sockets[socket].announced = false;
                self.announce(socket);
            }
        }
    }

    fn connect(&mut self, socket: usize, address: SocketAddrV4) {
        let result = self.network.connect(socket, address, self.now);
        let parts = match (self.options.kind, result) {
            (Kind::SaraR4, Ok(())) => vec![Part::ok()],
            (Kind::Bg96, Ok(())) => vec![Part::Line(format!("+QIOPEN: {socket},0"))],
            (Kind::SaraR4, Err(number)) => {
                self.last_error = number;
                vec![Part::Line("ERROR".to_owned())]
            }
            (Kind::Bg96, Err(_)) => {
                self.last_error = bg96::CONNECT_FAILED;
                vec![Part::Line(format!(
                    "+QIOPEN: {socket},{}",
                    bg96::CONNECT_FAILED
                ))]
            }
        };
        self.sockets[socket].state = match (self.options.kind, result) {
            (_, Ok(())) => State::Connected,
            (Kind::SaraR4, Err(_)) => State::Created,
            (Kind::Bg96, Err(_)) => State::Free,
        };
        self.say(parts);
    }

    pub(crate) fn release(&mut self, socket: usize) {
        let socket = &mut self.sockets[socket];
        socket.state = State::Free;
        socket.unread.clear();
        socket.announced = false;
    }

    fn say(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Line(text) => {
                    self.chat();
                    self.put(&text);
                }
                Part::Raw(bytes) => self.output.extend(bytes),
            }
        }
    }

    fn put(&mut self, text: &str) {
        self.output.extend(b"\r\n");
        self.output.extend(text.as_bytes());
        self.output.extend(b"\r\n");
    }

    /// A URC that concerns nobody, now and then.
    fn chat(&mut self) {
        if self.random.below(100) < self.options.chatter {
            let of_kind: &[&str] = match self.options.kind {
                Kind::SaraR4 => &["+UUSORD: 6,17", "+UUSOCL: 6", "+UUMQTTC: 1,1"],
                Kind::Bg96 => &[
                    "+QIURC: \"recv\",11",
                    "+QIURC: \"closed\",11",
                    "+QIND: \"csq\",20,99",
                ],
            };
            let common = &["+CEREG: 5", "+CSCON: 1", "+CTZV: +04", "RING"];
            let all: Vec<_> = of_kind.iter().chain(common).copied().collect();
            let index = self.random.below(all.len() as u64);
            self.put(all[usize::try_from(index).unwrap_or(0)]);
        }
    }

    /// While a SARA-R4 is busy with a connection, and while data is taken, nothing comes in between.
    fn flush_urcs(&mut self) {
        let busy = matches!(
            self.job,
            Some((
                _,
                Job::Connect { .. } | Job::Close { .. } | Job::Prompt { .. }
            ))
        );
        if busy || matches!(self.mode, Mode::Data { .. }) {
            return;
        }
        while let Some(text) = self.urcs.pop_front() {
            self.chat();
            self.put(&text);
        }
    }

    /// Says that there is something to read.
    pub(crate) fn announce(&mut self, id: usize) {
        let socket = &mut self.sockets[id];
        if socket.announced || socket.unread.is_empty() || self.options.no_announcement {
            return;
        }
        socket.announced = true;
        let text = match self.options.kind {
            Kind::SaraR4 => format!("+UUSORD: {id},{}", socket.unread.len()),
            Kind::Bg96 => format!("+QIURC: \"recv\",{id}"),
        };
        self.urcs.push_back(text);
    }

    /// Says it once more, after the answer to the running command.
    pub(crate) fn announce_again(&mut self, socket: usize) {
        let due = self.now + self.options.delay + 1;
        self.later.push((due, Job::Announce { socket }));
    }

    fn look_at_network(&mut self) {
        for id in 0..self.sockets.len() {
            if self.sockets[id].state != State::Connected {
                continue;
            }
            if self.sockets[id].unread.len() < UNREAD_MAX {
                let received = self.network.receive(id, self.now);
                self.sockets[id].unread.extend(received);
            }
            self.announce(id);
            if self.network.is_closed(id, self.now) {
                self.sockets[id].state = State::Closed;
                if self.options.forget_on_close {
                    self.sockets[id].unread.clear();
                }
                self.urcs.push_back(match self.options.kind {
                    Kind::SaraR4 if self.options.close_as_length => {
                        format!("+UUSORD: {id},{}", u32::MAX)
                    }
                    Kind::SaraR4 => format!("+UUSOCL: {id}"),
                    Kind::Bg96 => format!("+QIURC: \"closed\",{id}"),
                });
                if self.options.kind == Kind::SaraR4 && self.sockets[id].unread.is_empty() {
                    self.release(id);
                }
            }
        }
    }
}
