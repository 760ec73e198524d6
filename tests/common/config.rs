// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loads and saves a configuration through the C functions: the only unsafe code of its tests.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};

use kpn_things::ffi::config::access::{
    kpn_config_address, kpn_config_apn, kpn_config_host, kpn_config_keep_alive_limit,
    kpn_config_outcome, kpn_config_path, kpn_config_port, kpn_config_secret, kpn_config_tls,
    kpn_config_urn,
};
use kpn_things::ffi::config::field::kpn_config_field_name;
use kpn_things::ffi::config::{
    KPN_CONFIG_TEXT_MAX, kpn_config, kpn_config_load, kpn_config_problem, kpn_config_save,
    kpn_config_wipe,
};
use kpn_things::ffi::response::{kpn_response, kpn_response_begin, kpn_response_feed};

/// A status of the C functions.
pub type Status = i32;

/// What `kpn_config_load` reports about a text that it refuses.
#[derive(Debug)]
pub struct Problem {
    pub field: i32,
    pub reason: Status,
    pub position: usize,
}

/// A configuration, loaded or not.
#[derive(Debug)]
pub struct Config(Box<MaybeUninit<kpn_config>>);

/// The name of a field in the text.
pub fn field_name(field: i32) -> &'static str {
    // SAFETY: NUL-terminated text in constant memory.
    let name = unsafe { CStr::from_ptr(kpn_config_field_name(field)) };
    name.to_str().unwrap()
}

impl Config {
    /// No configuration yet.
    pub fn empty() -> Self {
        Self(Box::new(MaybeUninit::zeroed()))
    }

    /// A configuration from a text.
    pub fn loaded(text: &[u8]) -> Result<Self, Problem> {
        let mut config = Self::empty();
        config.load(text).map(|()| config)
    }

    pub fn load(&mut self, text: &[u8]) -> Result<(), Problem> {
        let mut problem = kpn_config_problem {
            field: -1,
            reason: -1,
            position: usize::MAX,
        };
        let json: *const c_char = text.as_ptr().cast();
        // SAFETY: the text has its length, and the others are on this machine's stack and heap.
        let status =
            unsafe { kpn_config_load(self.0.as_mut_ptr(), json, text.len(), &raw mut problem) };
        if status == 0 {
            assert_eq!(problem.field, -1);
            return Ok(());
        }
        assert_eq!(status, problem.reason);
        assert!(problem.position <= text.len());
        assert!(self.is_blank(), "a refused text leaves nothing");
        Err(Problem {
            field: problem.field,
            reason: problem.reason,
            position: problem.position,
        })
    }

    /// The text, or the status and how many bytes are needed.
    pub fn save(&self, capacity: usize) -> Result<Vec<u8>, (Status, Option<usize>)> {
        let mut memory = vec![0xA5_u8; capacity + 8];
        let mut len = usize::MAX;
        let buffer: *mut c_char = memory.as_mut_ptr().cast();
        // SAFETY: `memory` has more than `capacity` bytes.
        let status = unsafe { kpn_config_save(self.0.as_ptr(), buffer, capacity, &raw mut len) };
        assert!(memory.iter().skip(capacity).all(|&byte| byte == 0xA5));
        memory.truncate(capacity);
        if status != 0 {
            assert!(
                len == usize::MAX || memory.iter().all(|&byte| byte == 0),
                "the secret stays"
            );
            return Err((status, Some(len).filter(|&len| len < usize::MAX)));
        }
        memory.truncate(len);
        Ok(memory)
    }

    /// The whole text.
    pub fn saved(&self) -> Vec<u8> {
        let text = self.save(KPN_CONFIG_TEXT_MAX).unwrap();
        let mut len = 0;
        // SAFETY: NULL with capacity 0 measures.
        let status = unsafe { kpn_config_save(self.0.as_ptr(), null_mut(), 0, &raw mut len) };
        assert_eq!((status, len), (0, text.len()));
        text
    }

    /// Whether these bytes are anywhere in it.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let start: *const u8 = self.0.as_ptr().cast();
        let size = size_of::<kpn_config>() - bytes.len();
        (0..=size).any(|at| {
            bytes.iter().enumerate().all(|(behind, byte)| {
                // SAFETY: inside the object, whose memory was zeroed in the beginning.
                unsafe { start.wrapping_add(at + behind).read_volatile() == *byte }
            })
        })
    }

    /// Wipes it, and returns whether every byte is 0.
    pub fn wipe(&mut self) -> bool {
        // SAFETY: memory for one.
        assert_eq!(unsafe { kpn_config_wipe(self.0.as_mut_ptr()) }, 0);
        self.is_blank()
    }

    /// Whether every byte is 0, as those of one that was wiped, or whose text was refused, must be: all of them are written then.
    fn is_blank(&self) -> bool {
        let start = self.0.as_ptr().cast::<u8>();
        // SAFETY: as many bytes as the object has, all of them written.
        let bytes = unsafe { core::slice::from_raw_parts(start, size_of::<kpn_config>()) };
        bytes.iter().all(|&byte| byte == 0)
    }

    fn text(&self, get: unsafe extern "C" fn(*const kpn_config) -> *const c_char) -> Option<&str> {
        // SAFETY: memory for one configuration.
        let text = unsafe { get(self.0.as_ptr()) };
        if text.is_null() {
            return None;
        }
        // SAFETY: NUL-terminated text inside the configuration.
        unsafe { CStr::from_ptr(text) }.to_str().ok()
    }

    pub fn urn(&self) -> Option<&str> {
        self.text(kpn_config_urn)
    }

    pub fn secret(&self) -> Option<&str> {
        self.text(kpn_config_secret)
    }

    pub fn host(&self) -> Option<&str> {
        self.text(kpn_config_host)
    }

    pub fn path(&self) -> Option<&str> {
        self.text(kpn_config_path)
    }

    pub fn address(&self) -> Option<&str> {
        self.text(kpn_config_address)
    }

    pub fn apn(&self) -> Option<&str> {
        self.text(kpn_config_apn)
    }

    pub fn port(&self) -> u16 {
        // SAFETY: memory for one configuration.
        unsafe { kpn_config_port(self.0.as_ptr()) }
    }

    pub fn tls(&self) -> bool {
        // SAFETY: memory for one configuration.
        unsafe { kpn_config_tls(self.0.as_ptr()) }
    }

    pub fn keep_alive_limit(&self) -> u16 {
        // SAFETY: memory for one configuration.
        unsafe { kpn_config_keep_alive_limit(self.0.as_ptr()) }
    }

    /// What a response of this status means.
    pub fn outcome(&self, status: u16) -> i32 {
        let head = format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n");
        let mut buffer = [0; 16];
        let mut response = Box::new(MaybeUninit::<kpn_response>::uninit());
        // SAFETY: both outlive the response.
        let begun =
            unsafe { kpn_response_begin(response.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len()) };
        assert_eq!(begun, 0);
        // SAFETY: begun, and the head has its length.
        let fed = unsafe {
            kpn_response_feed(response.as_mut_ptr(), head.as_ptr(), head.len(), null_mut())
        };
        assert_eq!(fed, 0);
        // SAFETY: both were begun or are zero.
        unsafe { kpn_config_outcome(self.0.as_ptr(), response.as_ptr()) }
    }

    /// The outcome without a response.
    pub fn outcome_of_nothing(&self) -> i32 {
        // SAFETY: NULL is allowed.
        unsafe { kpn_config_outcome(self.0.as_ptr(), null()) }
    }
}
