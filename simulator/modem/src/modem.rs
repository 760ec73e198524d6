// SPDX-License-Identifier: MIT OR Apache-2.0
//! The modem itself: what comes in over the serial line, what time and the network do, and what goes out.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddrV4;

use crate::core::{Core, Dialect, Job, Part, State};
use crate::network::{Network, UNREAD_MAX};
use crate::options::{Kind, Options};
use crate::random::Random;
use crate::{bg96, inbox, radio, sara, sim7000, sim7080};

/// Longest command that is interpreted.
const COMMAND_MAX: usize = 4096;

#[derive(Debug)]
enum Mode {
    Command,
    Data {
        socket: usize,
        len: usize,
        bytes: Vec<u8>,
    },
}

const fn dialect(kind: Kind) -> &'static Dialect {
    match kind {
        Kind::SaraR4 => &sara::R4,
        Kind::SaraR5 => &sara::R5,
        Kind::LenaR8 => &sara::LENA,
        Kind::Bg96 => &bg96::DIALECT,
        Kind::Sim7000 => &sim7000::DIALECT,
        Kind::Sim7080 => &sim7080::DIALECT,
    }
}

/// A modem with its network.
#[derive(Debug)]
pub struct Modem<N> {
    core: Core,
    dialect: &'static Dialect,
    /// The network behind it.
    pub network: N,
    mode: Mode,
    job: Option<(u64, Job)>,
    held: VecDeque<u8>,
    command: Vec<u8>,
    /// The byte that the host sent last.
    last: u8,
    output: VecDeque<u8>,
    counts: HashMap<String, u64>,
    random: Random,
    /// The connections are gone because the network was lost.
    is_dropped: bool,
    is_asleep: bool,
}

impl<N: Network> Modem<N> {
    /// Just switched on, with no output yet.
    pub fn new(options: &Options, network: N) -> Self {
        let dialect = dialect(options.kind);
        Self {
            core: Core::new(options, dialect),
            dialect,
            network,
            mode: Mode::Command,
            job: None,
            held: VecDeque::new(),
            command: Vec::new(),
            last: 0,
            output: VecDeque::new(),
            counts: HashMap::new(),
            random: Random::new(options.seed),
            is_dropped: false,
            is_asleep: false,
        }
    }

    /// An SMS from the network; false if it does not accept it, so that the network tries again.
    pub fn deliver(&mut self, sender: &str, text: &str) -> bool {
        !self.is_asleep && !self.core.is_off && inbox::deliver(&mut self.core, sender, text)
    }

    /// How many SMS it stores.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.core.inbox.count()
    }

    /// A byte from the host.
    pub fn feed(&mut self, byte: u8, now: u64) {
        self.core.now = now;
        let before = std::mem::replace(&mut self.last, byte);
        let ends_a_line = (before, byte) == (b'\r', b'\n');
        let is_ignored = ends_a_line && matches!(self.mode, Mode::Command); // once data is entered, both are data
        if self.is_asleep || self.core.is_off || is_ignored {
            return;
        }
        if self.job.is_some() {
            self.held.push_back(byte);
        } else {
            self.take(byte);
        }
    }

    /// Lets time pass and looks at the network.
    pub fn poll(&mut self, now: u64) {
        self.core.now = now;
        self.sleep_or_wake();
        self.lose_network();
        radio::report_changes(&mut self.core);
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
        let (due, later): (Vec<_>, Vec<_>) =
            self.core.later.drain(..).partition(|(due, _)| *due <= now);
        self.core.later = later;
        for (_, job) in due {
            self.run(job);
        }
        self.flush_urcs();
    }

    /// The latest time to poll again.
    #[must_use]
    pub fn wake(&self) -> Option<u64> {
        let jobs = self.job.iter().chain(&self.core.later).map(|(due, _)| *due);
        let options = &self.core.options;
        let ends = options.sleep_at.map(|at| at + options.sleep_for);
        let found = self.core.radio.found_at(options);
        let back = options
            .drop_at
            .map(|at| at.saturating_add(options.drop_for));
        let events = [options.drop_at, back, Some(found), options.sleep_at, ends];
        let events = events
            .into_iter()
            .flatten()
            .filter(|at| *at > self.core.now);
        jobs.chain(self.network.wake()).chain(events).min()
    }

    /// Bytes for the host that have not been taken yet.
    #[must_use]
    pub const fn output(&mut self) -> &mut VecDeque<u8> {
        &mut self.output
    }

    fn take(&mut self, byte: u8) {
        match &mut self.mode {
            Mode::Command => {
                if self.core.echo {
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
                if self.core.echo && self.dialect.echoes_data {
                    self.output.push_back(byte);
                }
                if bytes.len() == *len {
                    let job = Job::Send {
                        socket: *socket,
                        bytes: std::mem::take(bytes),
                    };
                    self.mode = Mode::Command;
                    self.schedule(self.dialect.data, job);
                }
            }
        }
    }

    /// A complete command. Anything before `AT` is noise, and a line without it is ignored (V.250 section 5.2.1).
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
        if format!("{name}{arguments}") == self.dialect.off.0 {
            self.core.is_off = true;
            return Job::Say(vec![Part::line(self.dialect.off.1)]);
        }
        match (name, arguments) {
            ("" | "H", "") => Job::Say(vec![Part::ok()]),
            ("E0" | "E1", "") => {
                self.core.echo = name == "E1";
                Job::Say(vec![Part::ok()])
            }
            ("CGMI" | "CGMM" | "CGMR", "") => {
                let [maker, model, revision] = self.dialect.identity;
                let text = match name {
                    "CGMI" => maker,
                    "CGMM" => model,
                    _ => revision,
                };
                Job::lines([text.to_owned()])
            }
            ("CMEE", "?") => {
                let line = format!("+CMEE: {}", u8::from(self.core.numbers));
                Job::Say(vec![Part::Line(line), Part::ok()])
            }
            ("CMEE", "=0" | "=1") => {
                self.core.numbers = arguments == "=1";
                Job::Say(vec![Part::ok()])
            }
            _ => match radio::command(&mut self.core, name, arguments)
                .or_else(|| radio::locked(&self.core, name))
                .or_else(|| inbox::command(&mut self.core, name, arguments))
            {
                Some(job) => job,
                None => (self.dialect.command)(&mut self.core, name, arguments),
            },
        }
    }

    /// Schedules a job, or what the options demand instead.
    fn schedule(&mut self, name: &str, job: Job) {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        let count = *count;
        if self.core.options.mute.iter().any(|muted| muted == name) {
            return;
        }
        let refusal = self.core.options.refuse.iter().find(|refusal| {
            refusal.command == name && refusal.only.is_none_or(|only| only == count)
        });
        let mut job = job;
        if let Some(refusal) = refusal {
            let later = self.dialect.refused_later;
            if let (Ok(number), &Job::Connect { socket, .. }, Some(urc)) =
                (refusal.reply.parse(), &job, later)
            {
                job = Job::ok();
                self.core.last_error = number;
                self.core.later.push((
                    self.core.now + self.core.options.connect_delay,
                    Job::Say(vec![Part::Line(urc(socket, number))]),
                ));
            } else {
                let lines = refusal.reply.split('|');
                job = Job::Say(lines.map(Part::line).collect());
            }
        }
        let delay = match &job {
            Job::Connect { .. } if self.dialect.connects_later => {
                let delay = self.core.options.delay;
                let due = self.core.now + delay + self.core.options.connect_delay;
                self.core.later.push((due, job));
                job = Job::ok();
                delay
            }
            Job::Connect { .. } => self.core.options.connect_delay,
            Job::Close { .. } => self.core.options.close_delay,
            _ => self.core.options.delay,
        };
        self.job = Some((self.core.now + delay, job));
    }

    fn run(&mut self, job: Job) {
        match job {
            Job::Say(parts) => self.say(parts),
            Job::Fail(number) => {
                self.core.last_error = number;
                let tells = self.core.numbers && self.dialect.has_numbers;
                self.say(vec![failure(tells, "CME", number)]);
            }
            Job::FailSms(number) => {
                self.say(vec![failure(self.core.numbers, "CMS", number)]);
            }
            Job::Connect { socket, address } => self.connect(socket, address),
            Job::Close { socket } => {
                self.network.close(socket, self.core.now);
                self.core.release(socket);
                self.say((self.dialect.closed)(socket));
            }
            Job::Prompt { socket, len } => {
                let prompt = self.dialect.prompt.as_bytes().to_vec();
                self.say(vec![Part::Raw(prompt)]);
                self.mode = Mode::Data {
                    socket,
                    len,
                    bytes: Vec::new(),
                };
            }
            Job::Send { socket, mut bytes } => {
                if self.dialect.writes_parts {
                    bytes.truncate(self.core.options.write_max);
                }
                let usable = self.core.sockets[socket].state == State::Connected;
                let sent = usable && self.network.send(socket, &bytes, self.core.now);
                let parts = if sent {
                    (self.dialect.sent)(socket, bytes.len())
                } else {
                    self.core.last_error = self.dialect.not_sent;
                    vec![Part::line("ERROR")]
                };
                self.say(parts);
            }
            Job::Announce { socket } => {
                self.core.sockets[socket].announced = false;
                self.announce(socket);
            }
        }
    }

    fn connect(&mut self, socket: usize, address: SocketAddrV4) {
        let result = self.network.connect(socket, address, self.core.now);
        if result.is_ok() {
            self.core.sockets[socket].state = State::Connected;
        }
        let parts = (self.dialect.connected)(&mut self.core, socket, result);
        self.say(parts);
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
        let tight = text.replacen(": ", ":", 1);
        let text = if self.dialect.is_tight { &tight } else { text };
        self.output.extend(b"\r\n");
        self.output.extend(text.as_bytes());
        self.output.extend(b"\r\n");
    }

    /// An irrelevant URC, now and then.
    fn chat(&mut self) {
        if self.random.below(100) < self.core.options.chatter {
            let common = &["+CEREG: 5", "+CSCON: 1", "+CTZV: +04", "RING"];
            let all: Vec<_> = self.dialect.chatter.iter().chain(common).copied().collect();
            let index = self.random.below(all.len() as u64);
            self.put(all[usize::try_from(index).unwrap_or(0)]);
        }
    }

    /// While a SARA-R4 is busy with a connection, and while data is being entered, nothing comes in between.
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
        while let Some(text) = self.core.urcs.pop_front() {
            self.chat();
            self.put(&text);
        }
    }

    /// Says that there is something to read.
    fn announce(&mut self, id: usize) {
        let socket = &mut self.core.sockets[id];
        if socket.announced || socket.unread.is_empty() || self.core.options.no_announcement {
            return;
        }
        socket.announced = true;
        let text = (self.dialect.received)(id, socket.unread.len());
        self.core.urcs.push_back(text);
    }

    /// Deaf for a while; then everything that a restart clears is cleared.
    fn sleep_or_wake(&mut self) {
        let options = &self.core.options;
        let asleep = options
            .sleep_at
            .is_some_and(|at| (at..at.saturating_add(options.sleep_for)).contains(&self.core.now));
        if asleep && !self.is_asleep {
            for id in 0..self.core.sockets.len() {
                self.network.close(id, self.core.now);
            }
            self.core.restart();
            self.job = None;
            self.mode = Mode::Command;
            self.held.clear();
            self.command.clear();
        }
        self.is_asleep = asleep;
    }

    /// Connections end with the network.
    fn lose_network(&mut self) {
        let is_lost = self
            .core
            .options
            .drop_at
            .is_some_and(|at| self.core.now >= at);
        if !is_lost || self.is_dropped {
            return;
        }
        self.is_dropped = true;
        self.core.radio.active = false;
        for id in 0..self.core.sockets.len() {
            if self.core.sockets[id].state == State::Connected {
                self.network.close(id, self.core.now);
                self.core.sockets[id].state = State::Closed;
                self.core.sockets[id].unread.clear();
                self.core.urcs.push_back(self.dialect.dropped.to_owned());
            }
        }
    }

    fn look_at_network(&mut self) {
        for id in 0..self.core.sockets.len() {
            if self.core.sockets[id].state != State::Connected {
                continue;
            }
            if self.core.sockets[id].unread.len() < UNREAD_MAX {
                let received = self.network.receive(id, self.core.now);
                self.core.sockets[id].unread.extend(received);
            }
            self.announce(id);
            if self.network.is_closed(id, self.core.now) {
                self.core.sockets[id].state = State::Closed;
                if self.core.options.forget_on_close {
                    self.core.sockets[id].unread.clear();
                }
                let text = (self.dialect.ended)(id, &self.core.options);
                self.core.urcs.push_back(text);
                if self.dialect.frees_closed && self.core.sockets[id].unread.is_empty() {
                    self.core.release(id);
                }
            }
        }
    }
}

fn failure(tells: bool, class: &str, number: u16) -> Part {
    if tells {
        Part::Line(format!("+{class} ERROR: {number}"))
    } else {
        Part::line("ERROR")
    }
}
