// SPDX-License-Identifier: MIT OR Apache-2.0
//! Received SMS, in the text mode of 3GPP TS 27.005.

use crate::core::{Core, Job};

/// Numbers of `+CMS ERROR`, section 3.2.5.
const NOT_SUPPORTED: u16 = 303;
const INVALID_INDEX: u16 = 321;

/// As many as a small SIM stores.
const SLOTS: usize = 10;

const WHEN: &str = "26/01/31,12:00:00+04";

#[derive(Debug, Clone)]
struct Message {
    sender: String,
    text: String,
    is_read: bool,
}

/// Where they are stored, and how they are announced.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    slots: [Option<Message>; SLOTS],
    is_text: bool,
    is_ascii: bool,
    /// The setting of `AT+CNMI`: announced by number, or passed on at once and not stored.
    tells: bool,
    hands_on: bool,
}

impl Inbox {
    /// After a restart; the messages stay.
    pub(crate) fn forget_settings(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        *self = Self {
            slots,
            ..Self::default()
        };
    }

    pub(crate) fn count(&self) -> usize {
        self.slots.iter().flatten().count()
    }
}

/// A message arrives from the network; false if it is not accepted and the network keeps it.
pub(crate) fn deliver(core: &mut Core, sender: &str, text: &str) -> bool {
    if !core.is_registered() {
        return false;
    }
    if core.inbox.hands_on {
        let header = format!("+CMT: \"{sender}\",,\"{WHEN}\"");
        let text = shown(&core.inbox, text);
        core.urcs.push_back(format!("{header}\r\n{text}"));
        return true;
    }
    let Some(index) = core.inbox.slots.iter().position(Option::is_none) else {
        return false;
    };
    core.inbox.slots[index] = Some(Message {
        sender: sender.to_owned(),
        text: text.to_owned(),
        is_read: false,
    });
    if core.inbox.tells {
        core.urcs.push_back(format!("+CMTI: \"ME\",{index}"));
    }
    true
}

/// Commands for SMS; `None` for others.
pub(crate) fn command(core: &mut Core, name: &str, arguments: &str) -> Option<Job> {
    match name {
        "CMGF" | "CSCS" | "CNMI" | "CPMS" | "CMGL" | "CMGR" | "CMGD" => {}
        _ => return None,
    }
    let inbox = &mut core.inbox;
    let index = |text: &str| {
        let text = text.strip_prefix('=')?.split(',').next()?;
        text.parse().ok().filter(|index| *index < SLOTS)
    };
    Some(match (name, arguments) {
        ("CMGF", "=0" | "=1") => {
            inbox.is_text = arguments == "=1";
            Job::ok()
        }
        ("CSCS", "=\"IRA\"" | "=\"GSM\"") => {
            inbox.is_ascii = arguments == "=\"IRA\"";
            Job::ok()
        }
        ("CNMI", "=2,0,0,0,0" | "=2,1,0,0,0" | "=2,2,0,0,0") => {
            inbox.tells = arguments.starts_with("=2,1");
            inbox.hands_on = arguments.starts_with("=2,2");
            Job::ok()
        }
        ("CPMS", _) if arguments.starts_with('=') => {
            let used = inbox.count();
            Job::lines([format!(
                "+CPMS: {used},{SLOTS},{used},{SLOTS},{used},{SLOTS}"
            )])
        }
        ("CMGL" | "CMGR" | "CMGD", _) if !inbox.is_text => Job::FailSms(NOT_SUPPORTED),
        ("CMGL", "=\"ALL\"") => list(inbox),
        ("CMGR", _) => match index(arguments) {
            Some(index) => read(inbox, index),
            None => Job::FailSms(INVALID_INDEX),
        },
        ("CMGD", _) => match index(arguments) {
            Some(index) => {
                inbox.slots[index] = None;
                Job::ok()
            }
            None => Job::FailSms(INVALID_INDEX),
        },
        _ => Job::FailSms(NOT_SUPPORTED),
    })
}

fn list(inbox: &mut Inbox) -> Job {
    let mut lines = Vec::new();
    for (index, slot) in inbox.slots.iter().enumerate() {
        if let Some(message) = slot {
            let state = state(message);
            let sender = &message.sender;
            lines.push(format!(
                "+CMGL: {index},\"{state}\",\"{sender}\",,\"{WHEN}\"\r\n{}",
                shown(inbox, &message.text)
            ));
        }
    }
    for message in inbox.slots.iter_mut().flatten() {
        message.is_read = true;
    }
    Job::lines(lines)
}

/// For an empty slot, `OK` alone.
fn read(inbox: &mut Inbox, index: usize) -> Job {
    let Some(message) = inbox.slots[index].clone() else {
        return Job::ok();
    };
    let (state, sender) = (state(&message), &message.sender);
    let line = format!(
        "+CMGR: \"{state}\",\"{sender}\",,\"{WHEN}\"\r\n{}",
        shown(inbox, &message.text)
    );
    if let Some(message) = &mut inbox.slots[index] {
        message.is_read = true;
    }
    Job::lines([line])
}

const fn state(message: &Message) -> &'static str {
    if message.is_read {
        "REC READ"
    } else {
        "REC UNREAD"
    }
}

/// In the GSM alphabet brackets and braces take two characters, 3GPP TS 23.038 section 6.2.1.1.
fn shown(inbox: &Inbox, text: &str) -> String {
    if inbox.is_ascii {
        return text.to_owned();
    }
    let mut shown = String::new();
    for character in text.chars() {
        match character {
            '[' => shown.push_str("\u{1b}<"),
            ']' => shown.push_str("\u{1b}>"),
            '{' => shown.push_str("\u{1b}("),
            '}' => shown.push_str("\u{1b})"),
            other => shown.push(other),
        }
    }
    shown
}
