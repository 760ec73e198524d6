// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue under random scripts, only through the C functions, against a list: what is sent, in which order, what is
//! dropped, what is counted, and what images do.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

#[path = "common/crc32.rs"]
mod crc32;
#[path = "common/queue.rs"]
mod driver;
#[path = "random_queue/expected.rs"]
mod expected;
#[path = "common/random.rs"]
mod random;
#[path = "random_queue/records.rs"]
mod records;
#[path = "common/status.rs"]
mod status;

use std::collections::VecDeque;

use crc32::crc32;
use driver::{Queue, Record, URN, Uplink, Value, When};
use expected::{Entry, RELATIVE, add, assert_is, time};
use fastrand::Rng;
use kpn_things::ffi::queue::{
    KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_IMAGE_EXTRA, KPN_QUEUE_REFUSE_NEWEST,
};
use random::{Blame, pick, setting};
use records::record;
use serde_json::value::RawValue;
use status::{END, ERR_BUFFER_FULL, ERR_CLOCK, ERR_IMAGE, ERR_SENML_TIME, ERR_STATE, OK};

/// Runs this many cases, each with its own generator, and says which one failed.
fn run(one_of: u64, case: impl Fn(&mut Rng)) {
    let seed = setting("KPN_SEED", 1);
    for at in 0..setting("KPN_CASES", 100_000).div_ceil(one_of) {
        let seed = Blame(seed.wrapping_add(at));
        case(&mut Rng::with_seed(seed.0));
    }
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
        let policy = pick(rng, &[KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_REFUSE_NEWEST]);
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
                damaged[4] = pick(rng, &[0, 1, 3, 255]);
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
            2 => pick(rng, &[1, (1 << 28) - 1, 1 << 28, u32::MAX]),
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

fn policy(rng: &mut Rng) -> i32 {
    pick(
        rng,
        &[
            KPN_QUEUE_DROP_OLDEST,
            KPN_QUEUE_DROP_OLDEST,
            KPN_QUEUE_REFUSE_NEWEST,
        ],
    )
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
