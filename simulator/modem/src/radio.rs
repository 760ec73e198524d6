// SPDX-License-Identifier: MIT OR Apache-2.0
//! SIM, radio and network: registration that takes time, is refused, gets lost and comes back.

use crate::core::{Core, Job};
use crate::options::Options;

/// States of `+CEREG`, 3GPP TS 27.007 section 10.1.22.
const OFF: u8 = 0;
const SEARCHING: u8 = 2;
const DENIED: u8 = 3;
const ROAMING: u8 = 5;

/// Commands that report the state, and that can ask for a URC when it changes.
const REPORTS: [&str; 3] = ["CREG", "CGREG", "CEREG"];

/// Numbers of `+CME ERROR`, 3GPP TS 27.007 section 9.2.
const NOT_ALLOWED: u16 = 3;
const NOT_SUPPORTED: u16 = 4;
const WANTS_PIN: u16 = 11;
const SIM_BUSY: u16 = 14;
const WRONG_PASSWORD: u16 = 16;
const NO_NETWORK: u16 = 30;

/// Of the device in the examples, and of the test network (001, 01).
const IMEI: &str = "490154203237518";
const IMSI: &str = "001010123456789";

/// State of the radio, without the network.
#[derive(Debug)]
pub(crate) struct Radio {
    is_on: bool,
    /// When it began to search for a network.
    since: u64,
    /// The APN of context 1.
    apn: String,
    /// The APN with which it searches for a network.
    apn_in_use: String,
    is_unlocked: bool,
    /// The data connection.
    pub(crate) active: bool,
    power_saving: String,
    edrx: String,
    /// Per name of [`REPORTS`], 1 if a change is reported.
    reports: [u8; REPORTS.len()],
    /// The state as last reported.
    reported: u8,
}

impl Radio {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            is_on: true,
            since: 0,
            apn: String::new(),
            apn_in_use: String::new(),
            is_unlocked: options.pin.is_none(),
            active: false,
            power_saving: "0".to_owned(),
            edrx: "0".to_owned(),
            reports: [0; REPORTS.len()],
            reported: OFF,
        }
    }

    /// When the network is found, if the radio searches for one.
    pub(crate) const fn found_at(&self, options: &Options) -> u64 {
        self.since.saturating_add(options.attach_delay)
    }

    /// What a restart clears.
    pub(crate) const fn forget_settings(&mut self) {
        self.active = false;
        self.reports = [0; REPORTS.len()];
    }

    fn registration(&self, options: &Options, now: u64) -> u8 {
        let is_lost = options
            .drop_at
            .is_some_and(|at| (at..at.saturating_add(options.drop_for)).contains(&now));
        if !self.is_on || !self.is_unlocked {
            OFF
        } else if is_lost || now < self.found_at(options) {
            SEARCHING
        } else if options.deny
            || options
                .apn
                .as_ref()
                .is_some_and(|apn| *apn != self.apn_in_use)
        {
            DENIED
        } else {
            ROAMING
        }
    }

    pub(crate) fn is_registered(&self, options: &Options, now: u64) -> bool {
        self.registration(options, now) == ROAMING
    }

    fn switch(&mut self, is_on: bool, now: u64) {
        if is_on && !self.is_on {
            self.since = now;
            self.apn_in_use.clone_from(&self.apn);
        }
        self.is_on = is_on;
        self.active = self.active && is_on;
    }
}

/// Commands for SIM, radio and network; `None` for others.
pub(crate) fn command(core: &mut Core, name: &str, arguments: &str) -> Option<Job> {
    let is_known = core.is_registered();
    let one = |line: String| Some(Job::lines([line]));
    match (name, arguments) {
        ("CPIN", "?") if core.now < core.options.sim_delay => Some(Job::Fail(SIM_BUSY)),
        ("CPIN", "?") if core.radio.is_unlocked => one("+CPIN: READY".to_owned()),
        ("CPIN", "?") => one("+CPIN: SIM PIN".to_owned()),
        ("CPIN", _) => Some(unlock(core, arguments)),
        ("CFUN", "=0" | "=4" | "=1") => {
            core.radio.switch(arguments == "=1", core.now);
            Some(Job::ok())
        }
        ("CFUN", "=15" | "=1,1") => {
            core.restart();
            core.radio.switch(false, core.now);
            core.radio.switch(true, core.now);
            Some(Job::ok())
        }
        ("CGDCONT", "?") => one(format!(
            "+CGDCONT: 1,\"IP\",\"{}\",\"0.0.0.0\",0,0",
            core.radio.apn
        )),
        ("CGDCONT", _) => Some(define(core, arguments)),
        ("CREG" | "CGREG" | "CEREG", _) => Some(report(core, name, arguments)),
        ("CGATT", "?") => one(format!("+CGATT: {}", u8::from(is_known))),
        ("CGATT", "=1") if is_known => Some(Job::ok()),
        ("CGATT", "=1") => Some(Job::Fail(NO_NETWORK)),
        ("CSQ", "") => one(format!("+CSQ: {},99", if is_known { 20 } else { 99 })),
        ("CESQ", "") => one(if is_known {
            "+CESQ: 99,99,255,255,20,50".to_owned()
        } else {
            "+CESQ: 99,99,255,255,255,255".to_owned()
        }),
        ("COPS", "?") if is_known => one("+COPS: 0,0,\"NL KPN\",7".to_owned()),
        ("COPS", "?") => one("+COPS: 0".to_owned()),
        ("COPS", "=0" | "=0,0") => Some(Job::ok()), // by itself, as it does anyway
        ("CGSN", "") => one(IMEI.to_owned()),
        ("CIMI", "") if core.radio.is_unlocked => one(IMSI.to_owned()),
        ("CPSMS", "?") => one(format!("+CPSMS: {}", core.radio.power_saving)),
        ("CEDRXS", "?") => one(format!("+CEDRXS: {}", core.radio.edrx)),
        ("CPSMS" | "CEDRXS", _) => Some(save_power(core, name, arguments)),
        _ => None,
    }
}

fn state_for(core: &Core, name: &str, registration: u8) -> u8 {
    if core.options.lte_only && name != "CEREG" {
        OFF
    } else {
        registration
    }
}

/// 3GPP TS 27.007 section 10.1.20 and its siblings, without the location.
fn report(core: &mut Core, name: &str, arguments: &str) -> Job {
    let registration = core.radio.registration(&core.options, core.now);
    let state = state_for(core, name, registration);
    let reports = core.radio.reports.iter_mut().zip(REPORTS);
    let Some((asked, _)) = reports.into_iter().find(|(_, other)| *other == name) else {
        return Job::Fail(NOT_SUPPORTED);
    };
    match arguments {
        "?" => return Job::lines([format!("+{name}: {asked},{state}")]),
        "=0" => *asked = 0,
        "=1" => *asked = 1,
        _ => return Job::Fail(NOT_SUPPORTED),
    }
    Job::ok()
}

/// Reports a change of the network to those who asked for it.
pub(crate) fn report_changes(core: &mut Core) {
    let registration = core.radio.registration(&core.options, core.now);
    let before = std::mem::replace(&mut core.radio.reported, registration);
    for (asked, name) in core.radio.reports.into_iter().zip(REPORTS) {
        let state = state_for(core, name, registration);
        if asked == 1 && state != state_for(core, name, before) {
            core.urcs.push_back(format!("+{name}: {state}"));
        }
    }
}

fn unlock(core: &mut Core, arguments: &str) -> Job {
    let pin = core.options.pin.clone().unwrap_or_default();
    if core.radio.is_unlocked {
        Job::Fail(NOT_ALLOWED)
    } else if arguments == format!("=\"{pin}\"") {
        core.radio.is_unlocked = true;
        core.radio.since = core.now;
        Job::ok()
    } else {
        Job::Fail(WRONG_PASSWORD)
    }
}

/// Only context 1, only IPv4, and effective only when the radio is off: a modem that is searching for a network uses the old APN until it
/// searches again.
fn define(core: &mut Core, arguments: &str) -> Job {
    let apn = arguments
        .strip_prefix("=1,\"IP\",\"")
        .and_then(|rest| rest.strip_suffix('"'));
    match apn {
        Some(apn) => {
            apn.clone_into(&mut core.radio.apn);
            Job::ok()
        }
        None => Job::Fail(NOT_SUPPORTED),
    }
}

/// 3GPP TS 27.007 sections 7.38 and 7.40: bits as text.
fn save_power(core: &mut Core, name: &str, arguments: &str) -> Job {
    let is_bits = |text: &str, len: usize| {
        text.len() == len + 2
            && text.starts_with('"')
            && text.ends_with('"')
            && text
                .bytes()
                .filter(|byte| matches!(byte, b'0' | b'1'))
                .count()
                == len
    };
    let words: Vec<_> = arguments.trim_start_matches('=').split(',').collect();
    let is_right = match (name, words.as_slice()) {
        (_, ["0"]) => true,
        ("CPSMS", ["1", "", "", tau, active]) => is_bits(tau, 8) && is_bits(active, 8),
        ("CEDRXS", ["1", "4" | "5", cycle]) => is_bits(cycle, 4),
        _ => false,
    };
    if !is_right {
        return Job::Fail(NOT_SUPPORTED);
    }
    let kept = words.join(",");
    match name {
        "CPSMS" => core.radio.power_saving = kept,
        _ => core.radio.edrx = kept,
    }
    Job::ok()
}

/// Other commands need the SIM, except the one for the data format.
pub(crate) fn locked(core: &Core, name: &str) -> Option<Job> {
    (!core.radio.is_unlocked && name != "UDCONF").then_some(Job::Fail(WANTS_PIN))
}
