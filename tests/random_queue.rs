// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue under random scripts, only through the C functions, against a list: what is sent, in which order, what is
//! dropped, what is counted, and what images do.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod common {
    pub mod queue;
    pub mod status;
}

use core::str::FromStr;
use std::collections::{HashMap, VecDeque};
use std::ffi::CString;

use base64::Engine;
use bigdecimal::BigDecimal;
use common::queue::{Queue, Record, Status, URN, Uplink, Value, When};
use common::status::{END, ERR_BUFFER_FULL, ERR_CLOCK, ERR_IMAGE, ERR_SENML_TIME, ERR_STATE, OK};
use fastrand::Rng;
use kpn_things::ffi::queue::{
    KPN_QUEUE_DATA_MAX, KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_IMAGE_EXTRA, KPN_QUEUE_NAME_MAX,
    KPN_QUEUE_REFUSE_NEWEST, KPN_QUEUE_TEXT_MAX,
};
use serde_json::value::RawValue;

/// Times below are relative (RFC 8428 section 4.5.3).
const RELATIVE: i64 = 1 << 28;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Runs this many cases, each with its own generator, and says which one failed.
fn run(one_of: u64, case: impl Fn(&mut Rng)) {
    struct Seed(u64);
    impl Drop for Seed {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("again with KPN_SEED={} KPN_CASES=1", self.0);
            }
        }
    }
    let seed = number("KPN_SEED", 1);
    for at in 0..number("KPN_CASES", 100_000).div_ceil(one_of) {
        let seed = Seed(seed.wrapping_add(at));
        case(&mut Rng::with_seed(seed.0));
    }
}

fn choose<'a>(rng: &mut Rng, from: &'a [u8]) -> &'a u8 {
    rng.choice(from).unwrap()
}

fn text_of(rng: &mut Rng, len: usize, alphabet: &[u8]) -> CString {
    let bytes: Vec<u8> = (0..len).map(|_| *choose(rng, alphabet)).collect();
    CString::new(bytes).unwrap()
}

/// Mostly short, at times as long as allowed.
fn len(rng: &mut Rng, min: usize, max: usize) -> usize {
    match rng.u8(..8) {
        0 => max,
        1 => rng.usize(min..=max),
        _ => rng.usize(min..=max.min(12)),
    }
}

fn double(rng: &mut Rng) -> f64 {
    let value = match rng.u8(..4) {
        0 => f64::from_bits(rng.u64(..)),
        1 => f64::from(rng.i32(-10_000..10_000)) / 100.0,
        2 => *rng
            .choice(
                [
                    0.0,
                    -0.0,
                    f64::MAX,
                    f64::MIN_POSITIVE,
                    5e-324,
                    1e15,
                    1e16,
                    0.1,
                ]
                .as_slice(),
            )
            .unwrap(),
        _ => f64::from(rng.i32(..)),
    };
    if value.is_finite() { value } else { 1.5 }
}

fn integer(rng: &mut Rng) -> i64 {
    match rng.u8(..4) {
        0 => rng.i64(..),
        1 => *rng
            .choice(
                [
                    i64::MIN,
                    i64::MAX,
                    0,
                    -1,
                    1 << 53,
                    999_999_999_999_999,
                    10_i64.pow(18),
                ]
                .as_slice(),
            )
            .unwrap(),
        _ => rng.i64(-1000..1000),
    }
}

fn value(rng: &mut Rng) -> Value {
    match rng.u8(..11) {
        0 => Value::Int64(integer(rng)),
        1 => Value::Uint64(integer(rng).cast_unsigned()),
        2 => Value::Double(double(rng)),
        3 => Value::Bool(rng.bool()),
        4 => {
            let max = len(rng, 0, KPN_QUEUE_TEXT_MAX);
            let mut text = String::new();
            loop {
                let next = match rng.u8(..6) {
                    0 => char::from(rng.u8(1..0x20)),
                    1 => *rng
                        .choice(['"', '\\', '/', '\x7f', 'é', '€', '😀'].as_slice())
                        .unwrap(),
                    _ => char::from(rng.u8(0x20..0x7f)),
                };
                if text.len() + next.len_utf8() > max {
                    break Value::Text(CString::new(text).unwrap());
                }
                text.push(next);
            }
        }
        5 => {
            let len = len(rng, 0, KPN_QUEUE_DATA_MAX);
            Value::Data((0..len).map(|_| rng.u8(..)).collect())
        }
        6 => Value::SumDecimal(integer(rng), rng.i32(-18..=18)),
        7 => Value::SumDouble(double(rng)),
        8 => Value::Decimal(integer(rng), rng.i32(-18..=18)),
        _ => Value::Decimal(rng.i64(-1000..1000), -1),
    }
}

fn record(rng: &mut Rng, uptime: u32) -> Record {
    let name = len(rng, 1, KPN_QUEUE_NAME_MAX);
    let name = text_of(rng, name, b"abcXYZ0189-:./_");
    let unit = rng.bool().then(|| {
        let len = len(rng, 1, 24);
        text_of(rng, len, b"Cel%/m2 V")
    });
    let when = match rng.u8(..5) {
        0 => When::Reception,
        1 => When::Unix(
            *rng.choice([1 << 28, u32::MAX - 1, u32::MAX, 1_700_000_000].as_slice())
                .unwrap(),
        ),
        // At times ahead of the clock.
        2 if rng.u8(..8) == 0 => {
            When::Uptime((uptime + rng.u32(..3)).min(i32::MAX as u32).cast_signed())
        }
        _ => When::Uptime(uptime.min(i32::MAX as u32).cast_signed()),
    };
    let value = value(rng);
    Record {
        name,
        unit,
        when,
        value,
    }
}

/// A record in the model, with the bytes that it takes in the memory of a queue.
#[derive(Clone)]
struct Entry {
    record: Record,
    len: usize,
}

impl Entry {
    /// 8 bytes, the name, the unit, and a number as text, a text or data as it is, a truth value nothing.
    fn new(record: Record) -> Self {
        let value = match &record.value {
            Value::Bool(_) => 0,
            Value::Text(text) => text.as_bytes().len(),
            Value::Data(data) => data.len(),
            _ => {
                let (mut uplink, status) = Uplink::begin(512);
                assert_eq!(status, OK);
                assert_eq!(uplink.add(&record), OK);
                let body = uplink.finish().unwrap();
                let at = body.iter().rposition(|&byte| byte == b':').unwrap() + 1;
                body.len() - at - 2
            }
        };
        let unit = record.unit.as_ref().map_or(0, |unit| unit.as_bytes().len());
        let len = 8 + record.name.as_bytes().len() + unit + value;
        Self { record, len }
    }
}

/// Seconds since 1970 when not below 2^28, else seconds relative to the moment of reception.
fn time(when: When, uptime: u32, unix: u32) -> Option<i64> {
    let count = match when {
        When::Reception => return None,
        When::Unix(seconds) => return Some(seconds.into()),
        When::Uptime(count) => count,
    };
    let ago = i64::from(uptime) - i64::from(count);
    if unix > 0 && i64::from(unix) - ago >= RELATIVE {
        Some(i64::from(unix) - ago)
    } else {
        Some(-ago.min(RELATIVE - 1))
    }
}

/// Adds a record and its time by the functions for uplinks.
fn add(uplink: &mut Uplink, record: &Record, uptime: u32, unix: u32) -> Status {
    let timed = match time(record.when, uptime, unix) {
        None => OK,
        Some(seconds) if seconds >= RELATIVE => uplink.set_time(seconds),
        Some(seconds) => uplink.set_time_ago(seconds.unsigned_abs().try_into().unwrap()),
    };
    let added = uplink.add(record);
    if timed == OK { added } else { timed }
}

/// Whether one object of a body is this record.
fn assert_is(object: &RawValue, record: &Record, time: Option<i64>) {
    let fields: HashMap<&str, &RawValue> = serde_json::from_str(object.get()).unwrap();
    let text = |label| serde_json::from_str::<String>(fields[label].get()).unwrap();
    let real = |label: &str| f64::from_str(fields[label].get()).unwrap();
    let exact = |label: &str| BigDecimal::from_str(fields[label].get()).unwrap();
    let decimal =
        |mantissa: i64, exponent: i32| BigDecimal::new(mantissa.into(), i64::from(-exponent));
    assert_eq!(text("n").as_bytes(), record.name.as_bytes());
    let mut count = 2;
    if let Some(unit) = &record.unit {
        assert_eq!(text("u").as_bytes(), unit.as_bytes());
        count += 1;
    }
    if let Some(time) = time {
        assert_eq!(fields["t"].get(), time.to_string());
        count += 1;
    }
    match &record.value {
        &Value::Decimal(mantissa, exponent) => assert_eq!(exact("v"), decimal(mantissa, exponent)),
        Value::Int64(value) => assert_eq!(fields["v"].get(), value.to_string()),
        Value::Uint64(value) => assert_eq!(fields["v"].get(), value.to_string()),
        Value::Double(value) => assert_eq!(real("v").to_bits(), value.to_bits()),
        Value::Bool(value) => assert_eq!(fields["vb"].get(), value.to_string()),
        Value::Text(value) => assert_eq!(text("vs").as_bytes(), value.as_bytes()),
        Value::Data(value) => {
            let decoded = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text("vd"));
            assert_eq!(decoded.as_ref(), Ok(value));
        }
        &Value::SumDecimal(mantissa, exponent) => {
            assert_eq!(exact("s"), decimal(mantissa, exponent));
        }
        Value::SumDouble(value) => assert_eq!(real("s").to_bits(), value.to_bits()),
    }
    assert_eq!(fields.len(), count, "{}", object.get());
}

/// The queue and what it should hold.
struct Bench {
    queue: Queue,
    capacity: usize,
    policy: i32,
    entries: VecDeque<Entry>,
    /// How many of the oldest are on their way.
    sent: usize,
    /// How many made room while they were on their way.
    overwritten: u32,
    dropped: u32,
    uptime: u32,
    unix: u32,
}

impl Bench {
    fn new(capacity: usize, policy: i32) -> Self {
        Self {
            queue: Queue::begin(capacity, policy),
            capacity,
            policy,
            entries: VecDeque::new(),
            sent: 0,
            overwritten: 0,
            dropped: 0,
            uptime: 5,
            unix: 0,
        }
    }

    fn used(&self) -> usize {
        self.entries.iter().map(|entry| entry.len).sum()
    }

    fn waits(&self) -> bool {
        self.sent > 0 || self.overwritten > 0
    }

    /// Whether a record is later than now, so that now cannot be right.
    fn is_behind(&self) -> bool {
        let is_later =
            |when| matches!(when, When::Uptime(count) if i64::from(count) > self.uptime.into());
        self.entries.iter().any(|entry| is_later(entry.record.when))
    }

    fn push(&mut self, record: Record) {
        let entry = Entry::new(record);
        let status = self.queue.push(&entry.record);
        if entry.record.when == When::Unix(u32::MAX) {
            assert_eq!(status, ERR_SENML_TIME);
            return;
        }
        let mut used = self.used();
        if entry.len > self.capacity
            || self.policy == KPN_QUEUE_REFUSE_NEWEST && used + entry.len > self.capacity
        {
            assert_eq!(status, ERR_BUFFER_FULL);
            self.dropped += 1;
            return;
        }
        assert_eq!(status, OK, "{:?}", entry.record);
        while used + entry.len > self.capacity {
            used -= self.entries.pop_front().unwrap().len;
            if self.sent > 0 {
                self.sent -= 1;
                self.overwritten += 1;
            } else {
                self.dropped += 1;
            }
        }
        self.entries.push_back(entry);
    }

    /// An uplink of this capacity with what stands in front of the records of the queue; none when that does not fit.
    fn uplink(capacity: usize, base_time: Option<i64>, other: bool) -> Option<Uplink> {
        let (mut uplink, status) = Uplink::begin(capacity);
        if status != OK {
            assert_eq!(status, ERR_BUFFER_FULL);
            return None;
        }
        if let Some(seconds) = base_time
            && uplink.set_base_time(seconds) != OK
        {
            return None;
        }
        let bare = Record {
            name: c"other".to_owned(),
            unit: None,
            when: When::Reception,
            value: Value::Bool(true),
        };
        if other && uplink.add(&bare) != OK {
            return None;
        }
        Some(uplink)
    }

    fn fill(&mut self, rng: &mut Rng) {
        let capacity = match rng.u8(..4) {
            0 => rng.usize(0..4000),
            1 => rng.usize(180..400),
            _ => rng.usize(200..900),
        };
        let base_time = (rng.u8(..8) == 0).then(|| i64::from(rng.u32(1 << 28..)));
        let other = rng.u8(..4) == 0;
        let begin = |capacity| Self::uplink(capacity, base_time, other);
        let Some(mut uplink) = begin(capacity) else {
            return;
        };
        let before = uplink.records();
        let (status, count) = self.queue.fill(&mut uplink, self.uptime, self.unix);
        if self.waits() {
            assert_eq!((status, count), (ERR_STATE, None));
            return;
        }
        if self.is_behind() || self.unix == u32::MAX {
            let expected = if self.is_behind() {
                ERR_CLOCK
            } else {
                ERR_SENML_TIME
            };
            assert_eq!((status, count), (expected, None));
            assert_eq!((uplink.records(), uplink.clear_failure()), (before, OK));
            return;
        }
        let mut direct = begin(capacity).unwrap();
        let mut fit = 0;
        let mut expected = OK;
        for entry in &self.entries {
            expected = add(&mut direct, &entry.record, self.uptime, self.unix);
            if expected != OK {
                break;
            }
            fit += 1;
        }
        if expected == ERR_SENML_TIME {
            // The base time does not go with a time ago: the uplink failed, and nothing is on its way.
            assert_eq!((status, count), (ERR_SENML_TIME, None));
            assert_eq!(uplink.finish(), Err(ERR_SENML_TIME));
            return;
        }
        assert!(expected == OK || expected == ERR_BUFFER_FULL, "{expected}");
        if expected == ERR_BUFFER_FULL {
            assert_eq!(direct.clear_failure(), ERR_BUFFER_FULL);
        }
        assert_eq!(uplink.records(), before + fit);
        if fit == 0 {
            if self.entries.is_empty() {
                assert_eq!((status, count), (END, None));
                return;
            }
            assert_eq!((status, count), (ERR_BUFFER_FULL, None));
            self.assert_missing_is_exact(capacity, uplink.missing(), begin);
            return;
        }
        assert_eq!((status, count), (OK, u32::try_from(fit).ok()));
        self.sent = fit;
        let body = uplink.finish().unwrap();
        assert_eq!(Ok(body), direct.finish(), "as by the functions for uplinks");
        let objects: Vec<&RawValue> = serde_json::from_slice(body).unwrap();
        let base: serde_json::Value = serde_json::from_str(objects[0].get()).unwrap();
        assert_eq!(base["bn"], URN.to_str().unwrap());
        let objects = &objects[1 + before..];
        assert_eq!(objects.len(), fit);
        for (object, entry) in objects.iter().zip(&self.entries) {
            let time = time(entry.record.when, self.uptime, self.unix);
            let time = time.map(|time| {
                if time >= RELATIVE {
                    time - base_time.unwrap_or(0)
                } else {
                    time
                }
            });
            assert_is(object, &entry.record, time);
        }
    }

    /// With as many bytes more the first record fits, and with one less it does not.
    fn assert_missing_is_exact(
        &mut self,
        capacity: usize,
        missing: usize,
        begin: impl Fn(usize) -> Option<Uplink>,
    ) {
        assert!(missing > 0);
        let mut less = begin(capacity + missing - 1).unwrap();
        let (status, _) = self.queue.fill(&mut less, self.uptime, self.unix);
        assert_eq!(
            status, ERR_BUFFER_FULL,
            "{missing} bytes are more than are missing"
        );
        let mut enough = begin(capacity + missing).unwrap();
        let (status, _) = self.queue.fill(&mut enough, self.uptime, self.unix);
        if status == ERR_SENML_TIME {
            // The first record fits, and a later one does not go with the base time.
            assert_eq!(self.queue.failed(), ERR_STATE);
            return;
        }
        assert_eq!(status, OK, "{missing} bytes are not enough");
        assert_eq!(self.queue.failed(), OK);
    }

    fn answer(&mut self, accepted: bool) {
        let queue = &mut self.queue;
        let status = if accepted {
            queue.accepted()
        } else {
            queue.failed()
        };
        if !self.waits() {
            assert_eq!(status, ERR_STATE);
            return;
        }
        assert_eq!(status, OK);
        if accepted {
            self.entries.drain(..self.sent);
        } else {
            self.dropped += self.overwritten;
        }
        (self.sent, self.overwritten) = (0, 0);
    }

    /// Saves, restarts the device, and loads into a queue of another capacity and policy.
    fn reset(&mut self, rng: &mut Rng) {
        let used = self.used();
        let need = used + KPN_QUEUE_IMAGE_EXTRA;
        if self.is_behind() {
            assert_eq!(self.queue.save(self.uptime, need), Err(ERR_CLOCK));
            return;
        }
        let short = rng.usize(..need);
        assert_eq!(self.queue.save(self.uptime, short), Err(ERR_BUFFER_FULL));
        let room = need + rng.usize(..3);
        let image = self.queue.save(self.uptime, room).unwrap();
        assert_eq!(image.len(), need);
        self.damage(rng, &image);
        if rng.bool() {
            // It was only saved: the queue continues unchanged.
            return;
        }
        let capacity = match rng.u8(..3) {
            0 => self.capacity,
            1 => used,
            _ => rng.usize(..600),
        };
        let policy = *rng
            .choice([KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_REFUSE_NEWEST].as_slice())
            .unwrap();
        let mut queue = Queue::begin(capacity, policy);
        let uptime = rng.u32(..20);
        let elapsed = match rng.u8(..4) {
            0 => 0,
            1 => rng.u32(..),
            _ => uptime + rng.u32(..10_000),
        };
        let status = queue.load(&image, uptime, elapsed);
        if used > capacity {
            assert_eq!(status, ERR_BUFFER_FULL);
            assert_eq!(queue.records(), 0);
            assert!(queue.memory().iter().all(|&byte| byte == 0xA5));
            return;
        }
        assert_eq!(status, OK);
        let by = i64::from(uptime) - i64::from(elapsed) - i64::from(self.uptime);
        for entry in &mut self.entries {
            if let When::Uptime(count) = &mut entry.record.when {
                let shifted = (i64::from(*count) + by).clamp(i32::MIN.into(), i32::MAX.into());
                *count = shifted.try_into().unwrap();
            }
        }
        self.dropped += self.overwritten;
        (self.sent, self.overwritten) = (0, 0);
        (self.queue, self.capacity, self.policy) = (queue, capacity, policy);
        (self.uptime, self.unix) = (uptime, 0);
    }

    /// A damaged image is refused, and the queue stays as it is.
    fn damage(&mut self, rng: &mut Rng, image: &[u8]) {
        let mut damaged = image.to_vec();
        let at = rng.usize(..damaged.len());
        match rng.u8(..5) {
            0 => damaged.truncate(at),
            1 => damaged[at] ^= 1 << rng.u8(..8),
            2 => damaged.push(rng.u8(..)),
            // A burst of up to four bytes, which a CRC-32 always finds.
            3 => {
                let end = damaged.len().min(at + 4);
                damaged[at..end]
                    .iter_mut()
                    .for_each(|byte| *byte ^= rng.u8(1..));
            }
            // Another version, under a CRC that is right.
            _ => {
                damaged[4] = *rng.choice([0, 1, 3, 255].as_slice()).unwrap();
                let end = damaged.len() - 4;
                let crc = crc32(&damaged[..end]);
                damaged[end..].copy_from_slice(&crc.to_le_bytes());
            }
        }
        assert_eq!(self.queue.load(&damaged, 0, 0), ERR_IMAGE);
    }

    fn wait(&mut self, rng: &mut Rng) {
        if rng.u8(..16) == 0 {
            // The device's count has restarted.
            self.uptime = rng.u32(..20);
        }
        let seconds = match rng.u8(..6) {
            0 => 0,
            1 => rng.u32(..1 << 28),
            _ => rng.u32(..10_000),
        };
        self.uptime = self.uptime.saturating_add(seconds);
        if self.unix > 0 {
            self.unix = self.unix.saturating_add(seconds);
        }
    }

    /// The clock of the day is set, corrected or lost.
    fn set_clock(&mut self, rng: &mut Rng) {
        self.unix = match rng.u8(..5) {
            0 => 0,
            1 => rng.u32(..),
            2 => *rng
                .choice([1, (1 << 28) - 1, 1 << 28, u32::MAX].as_slice())
                .unwrap(),
            _ => 1_700_000_000 + self.uptime % 1000,
        };
    }

    fn step(&mut self, rng: &mut Rng) {
        match rng.u8(..24) {
            0..12 => self.push(record(rng, self.uptime)),
            12..16 => self.fill(rng),
            16..18 => self.answer(true),
            18 => self.answer(false),
            19 => self.reset(rng),
            20..23 => self.wait(rng),
            _ => self.set_clock(rng),
        }
        assert_eq!(self.queue.records(), self.entries.len());
        assert_eq!(self.queue.dropped(), self.dropped);
    }
}

/// CRC-32 of ISO-HDLC, bit by bit as in its definition.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 != 0 { 0xEDB8_8320 } else { 0 };
        }
    }
    !crc
}

fn policy(rng: &mut Rng) -> i32 {
    *rng.choice(
        [
            KPN_QUEUE_DROP_OLDEST,
            KPN_QUEUE_DROP_OLDEST,
            KPN_QUEUE_REFUSE_NEWEST,
        ]
        .as_slice(),
    )
    .unwrap()
}

#[test]
fn what_leaves_a_queue_is_what_a_list_says() {
    run(1, |rng| {
        let capacity = match rng.u8(..8) {
            0 => rng.usize(..40),
            1 => 1024,
            _ => rng.usize(..400),
        };
        let mut bench = Bench::new(capacity, policy(rng));
        for _ in 0..rng.u8(..60) {
            bench.step(rng);
        }
        assert!(bench.queue.canary_is_whole());
    });
}

#[test]
fn a_large_queue_is_no_other() {
    run(5000, |rng| {
        let capacity = rng.usize(0xffff..0x1_4000);
        let mut bench = Bench::new(capacity, policy(rng));
        while bench.dropped == 0 {
            bench.push(record(rng, 7));
        }
        for _ in 0..400 {
            bench.step(rng);
        }
        assert!(bench.queue.canary_is_whole());
    });
}
