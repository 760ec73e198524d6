// SPDX-License-Identifier: MIT OR Apache-2.0
//! For C programs in the same process: a modem connected to the platform, in virtual time.
//!
//! `c-examples/at-modem/test/emulator.h` declares the same.

use std::ffi::{CStr, c_char};
use std::slice;

use clap::Parser;

use crate::desk::{Desk, DeskOptions};
use crate::line::Line;
use crate::modem::Modem;
use crate::options::Options;
use crate::random::Random;

#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub(crate) struct Words {
    #[command(flatten)]
    pub(crate) modem: Options,
    #[command(flatten)]
    pub(crate) desk: DeskOptions,
}

/// A modem, its line and its clock.
#[derive(Debug)]
pub struct Emulator {
    modem: Modem<Desk>,
    to_modem: Line,
    to_host: Line,
    split: usize,
    random: Random,
    arrived: Vec<u8>,
    now: u64,
}

impl Emulator {
    fn new(words: &Words) -> Self {
        let options = &words.modem;
        let line = |faults: &[_], salt| Line::new(faults, options.noise, options.seed ^ salt);
        Self {
            modem: Modem::new(options, Desk::new(&words.desk)),
            to_modem: line(&options.to_modem, 0x1111),
            to_host: line(&options.to_host, 0x2222),
            split: options.split.max(1),
            random: Random::new(options.seed),
            arrived: Vec::new(),
            now: 0,
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            for byte in self.to_modem.carry(*byte) {
                self.modem.feed(byte, self.now);
            }
        }
    }

    fn read(&mut self, bytes: &mut [u8], milliseconds: u32) -> usize {
        let end = self.now + u64::from(milliseconds);
        loop {
            self.modem.poll(self.now);
            let said: Vec<_> = self.modem.output().drain(..).collect();
            for byte in said {
                self.arrived.extend(self.to_host.carry(byte));
            }
            if !self.arrived.is_empty() || self.now >= end {
                break;
            }
            let wake = self.modem.wake().unwrap_or(u64::MAX);
            self.now = wake.max(self.now + 1).min(end);
        }
        let split = 1 + self.random.below(self.split as u64);
        let count = self
            .arrived
            .len()
            .min(bytes.len())
            .min(usize::try_from(split).unwrap_or(usize::MAX));
        for (to, from) in bytes.iter_mut().zip(self.arrived.drain(..count)) {
            *to = from;
        }
        count
    }
}

/// Makes one. `words` are options separated by spaces; if they are invalid, the result is NULL and the reason is
/// written to standard error.
///
/// # Safety
///
/// `words` is a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_new(words: *const c_char) -> *mut Emulator {
    // SAFETY: the caller gives a NUL-terminated text.
    let text = unsafe { CStr::from_ptr(words) }.to_string_lossy();
    match Words::try_parse_from(text.split_whitespace()) {
        Ok(words) => Box::into_raw(Box::new(Emulator::new(&words))),
        Err(error) => {
            eprintln!("{error}");
            std::ptr::null_mut()
        }
    }
}

/// Destroys one.
///
/// # Safety
///
/// `emulator` is from `emulator_new` and no longer used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_free(emulator: *mut Emulator) {
    // SAFETY: the caller returns what `emulator_new` made.
    drop(unsafe { Box::from_raw(emulator) });
}

/// Bytes from the host.
///
/// # Safety
///
/// `emulator` is from `emulator_new`; `bytes` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_write(emulator: &mut Emulator, bytes: *const u8, len: usize) {
    // SAFETY: the caller guarantees this length.
    emulator.write(unsafe { slice::from_raw_parts(bytes, len) });
}

/// Bytes for the host; waits in virtual time.
///
/// # Safety
///
/// `emulator` is from `emulator_new`; `bytes` has room for `cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_read(
    emulator: &mut Emulator,
    bytes: *mut u8,
    cap: usize,
    milliseconds: u32,
) -> usize {
    // SAFETY: the caller guarantees this much initialised room.
    emulator.read(
        unsafe { slice::from_raw_parts_mut(bytes, cap) },
        milliseconds,
    )
}

/// Virtual milliseconds since `emulator_new`.
#[unsafe(no_mangle)]
pub extern "C" fn emulator_clock(emulator: &Emulator) -> u64 {
    emulator.now
}

/// Messages that the platform accepted, or refused.
#[unsafe(no_mangle)]
pub extern "C" fn emulator_messages(emulator: &Emulator, accepted: bool) -> u32 {
    if accepted {
        u32::try_from(emulator.modem.network.accepted().len()).unwrap_or(u32::MAX)
    } else {
        emulator.modem.network.refused()
    }
}

/// Whether every accepted body equals this one.
///
/// # Safety
///
/// `bytes` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_is_whole(
    emulator: &Emulator,
    bytes: *const u8,
    len: usize,
) -> bool {
    // SAFETY: the caller guarantees this length.
    let body = unsafe { slice::from_raw_parts(bytes, len) };
    let accepted = emulator.modem.network.accepted();
    accepted.iter().all(|one| one == body)
}

/// An SMS from the network; false if the modem does not accept it.
///
/// # Safety
///
/// Both are NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulator_sms(
    emulator: &mut Emulator,
    sender: *const c_char,
    text: *const c_char,
) -> bool {
    // SAFETY: the caller gives a NUL-terminated text.
    let sender = unsafe { CStr::from_ptr(sender) }.to_string_lossy();
    // SAFETY: likewise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    emulator.modem.deliver(&sender, &text)
}

/// How many SMS the modem stores.
#[unsafe(no_mangle)]
pub extern "C" fn emulator_kept(emulator: &Emulator) -> u32 {
    u32::try_from(emulator.modem.kept()).unwrap_or(u32::MAX)
}

/// How many bytes have gone into the line so far, to the modem or to the host.
#[unsafe(no_mangle)]
pub extern "C" fn emulator_count(emulator: &Emulator, to_modem: bool) -> u64 {
    if to_modem {
        emulator.to_modem.count()
    } else {
        emulator.to_host.count()
    }
}
