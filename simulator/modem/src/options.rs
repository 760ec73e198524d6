// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kind of modem and what goes wrong with it, as given on the command line.

use std::str::FromStr;

use clap::{Parser, ValueEnum};

/// The modem whose commands it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// u-blox SARA-R4
    SaraR4,
    /// u-blox SARA-R5 and LARA-R6
    SaraR5,
    /// u-blox LENA-R8
    LenaR8,
    /// Quectel BG96 and BG95
    Bg96,
    /// SIMCom SIM7000
    #[value(name = "sim7000")]
    Sim7000,
    /// SIMCom SIM7070, SIM7080 and SIM7090
    #[value(name = "sim7080")]
    Sim7080,
}

/// Shown below the options by `--help`.
const MORE: &str = "\
Faults of the line, for --to-modem and --to-host, each at the byte with this number, counted from 0:
  lose@N    it does not arrive          double@N    it arrives twice
  flip@N=X  its bits X (hex) change     cut@N       nothing arrives from it on

--refuse COMMAND=REPLY answers a command so: ERROR, SEND FAIL, +CME ERROR: 111, or a number, which QIOPEN
reports in its URC. A bar separates lines of a reply. COMMAND:2=REPLY does it with the second one only.
--mute COMMAND never answers it. USOWR-DATA, QISEND-DATA, CIPSEND-DATA and CASEND-DATA stand for the data
after a prompt.";

/// A cellular modem on a desk: AT commands on a serial line, TCP connections to the simulator.
#[derive(Debug, Clone, Parser)]
#[command(name = "kpn-things-modem", version, after_help = MORE)]
pub struct Options {
    /// The modem whose commands it understands
    #[arg(long, value_enum)]
    pub kind: Kind,

    /// Echo is off from the start; otherwise ATE0 turns it off
    #[arg(long)]
    pub no_echo: bool,

    /// Says RDY at this time, as a Quectel modem that has started
    #[arg(long, value_name = "MS")]
    pub ready_at: Option<u64>,

    /// Most bytes that one read hands out, if fewer than the kind allows
    #[arg(long, value_name = "BYTES", default_value = "65535")]
    pub read_max: usize,

    /// Most bytes that a SARA-R4 accepts of one write; it reports how many
    #[arg(long, value_name = "BYTES", default_value = "65535")]
    pub write_max: usize,

    /// A SARA-R4 announces the end of a connection as data of 4294967295 bytes
    #[arg(long)]
    pub close_as_length: bool,

    /// Irrelevant URCs come in between, before this percentage of the lines
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub chatter: u64,

    /// A command takes this long
    #[arg(long, value_name = "MS", default_value = "1")]
    pub delay: u64,

    /// A connection takes this long
    #[arg(long, value_name = "MS", default_value = "1")]
    pub connect_delay: u64,

    /// Closing a connection takes this long
    #[arg(long, value_name = "MS", default_value = "1")]
    pub close_delay: u64,

    /// Unread data is lost when the platform closes the connection
    #[arg(long)]
    pub forget_on_close: bool,

    /// New data is not announced
    #[arg(long)]
    pub no_announcement: bool,

    /// Answers a command with an error, see below
    #[arg(long, value_name = "COMMAND[:N]=REPLY")]
    pub refuse: Vec<Refusal>,

    /// Never answers a command
    #[arg(long, value_name = "COMMAND")]
    pub mute: Vec<String>,

    /// What happens to a byte on its way to the modem, see below
    #[arg(long, value_name = "FAULT")]
    pub to_modem: Vec<Fault>,

    /// What happens to a byte on its way from the modem, see below
    #[arg(long, value_name = "FAULT")]
    pub to_host: Vec<Fault>,

    /// Loses, doubles or changes one byte in this many, either way; 0 for none
    #[arg(long, value_name = "BYTES", default_value = "0")]
    pub noise: u64,

    /// Hands out the modem's output in pieces of random length up to this
    #[arg(long, value_name = "BYTES", default_value = "65535")]
    pub split: usize,

    /// The SIM requires this PIN
    #[arg(long)]
    pub pin: Option<String>,

    /// The SIM is busy for this long after the start
    #[arg(long, value_name = "MS", default_value = "0")]
    pub sim_delay: u64,

    /// The network accepts no other APN; it matters when the radio is switched on
    #[arg(long)]
    pub apn: Option<String>,

    /// The network is found this long after the radio is switched on
    #[arg(long, value_name = "MS", default_value = "0")]
    pub attach_delay: u64,

    /// The network refuses the SIM
    #[arg(long)]
    pub deny: bool,

    /// The network refuses a data connection until this time
    #[arg(long, value_name = "MS", default_value = "0")]
    pub no_data_until: u64,

    /// Only CEREG reports the network
    #[arg(long)]
    pub lte_only: bool,

    /// The network is lost at this time
    #[arg(long, value_name = "MS")]
    pub drop_at: Option<u64>,

    /// The network is back after this long
    #[arg(long, value_name = "MS", default_value = "3600000")]
    pub drop_for: u64,

    /// Deaf from this time on: asleep, or without power
    #[arg(long, value_name = "MS")]
    pub sleep_at: Option<u64>,

    /// Wakes up after this long, as after a restart
    #[arg(long, value_name = "MS", default_value = "3600000")]
    pub sleep_for: u64,

    /// Determines where chatter, noise and splits happen
    #[arg(long, default_value = "1")]
    pub seed: u64,
}

/// A command that is answered with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The name, such as `USOCO`.
    pub command: String,
    /// Only the occurrence with this number, counted from 1.
    pub only: Option<u64>,
    /// The line with which it is answered.
    pub reply: String,
}

impl FromStr for Refusal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (command, reply) = text.split_once('=').ok_or("expected COMMAND=REPLY")?;
        let (command, only) = match command.split_once(':') {
            None => (command, None),
            Some((name, number)) => (
                name,
                Some(
                    number
                        .parse()
                        .map_err(|_| format!("{number:?} is no number"))?,
                ),
            ),
        };
        Ok(Self {
            command: command.to_owned(),
            only,
            // Where options come as one text, a space cannot be distinguished from the end of a word.
            reply: reply.replace('_', " "),
        })
    }
}

/// What happens to a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It does not arrive.
    Lose,
    /// It arrives twice.
    Double,
    /// These bits are flipped.
    Flip(u8),
    /// Nothing arrives from this byte on.
    Cut,
}

/// A fault of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens to the byte.
    pub harm: Harm,
    /// The number of the byte.
    pub at: u64,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: expected lose@N, double@N, flip@N=X or cut@N");
        let (name, place) = text.split_once('@').ok_or_else(wrong)?;
        let (at, bits) = place
            .split_once('=')
            .map_or((place, None), |(at, bits)| (at, Some(bits)));
        let harm = match (name, bits) {
            ("lose", None) => Harm::Lose,
            ("double", None) => Harm::Double,
            ("cut", None) => Harm::Cut,
            ("flip", Some(bits)) => u8::from_str_radix(bits, 16)
                .ok()
                .filter(|bits| *bits != 0)
                .map(Harm::Flip)
                .ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        Ok(Self {
            harm,
            at: at.parse().map_err(|_| wrong())?,
        })
    }
}
