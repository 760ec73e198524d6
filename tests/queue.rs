//! Store and forward: random operations against a model, and images that are damaged in every way.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::VecDeque;

use kpn_things::crc32;
use kpn_things::error::Error;
use kpn_things::http::request::Target;
use kpn_things::number::{Decimal, write_decimal, write_f64};
use kpn_things::things::queue::{
    IMAGE_EXTRA, NAME_MAX, Now, Policy, Queue, QueueState, Since, TEXT_MAX, Value, When,
};
use kpn_things::things::uplink::{Uplink, UplinkState};
use proptest::prelude::*;
use serde_json::json;

const URN: &[u8] = b"urn:dev:IMEI:123456789012345:";
const TARGET: Target<'static> = Target {
    host: b"m.m",
    path: b"/ingestion/m2m/senml/v1",
};
/// Seconds since 1970 at which every start of the device is, in `Op::Clock`.
const EPOCH: u32 = 1_700_000_000;

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Decimal(i64, i32),
    Double(f64),
    Bool(bool),
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Record {
    name: String,
    unit: Option<String>,
    when: When,
    content: Content,
}

impl Record {
    fn push(&self, queue: &mut Queue<'_>) -> Result<(), Error> {
        let name = self.name.as_bytes();
        let unit = self.unit.as_deref().map(str::as_bytes);
        match &self.content {
            &Content::Decimal(mantissa, exponent) => {
                queue.push_number(name, unit, self.when, |out| {
                    write_decimal(out, Decimal { mantissa, exponent });
                    Ok(())
                })
            }
            &Content::Double(value) => {
                queue.push_number(name, unit, self.when, |out| write_f64(out, value))
            }
            &Content::Bool(value) => queue.push(name, unit, self.when, Value::Bool(value)),
            Content::Text(text) => queue.push(name, unit, self.when, Value::Text(text.as_bytes())),
        }
    }

    fn json(&self, now: Now) -> serde_json::Value {
        let mut record = json!({"n": self.name});
        let fields = record.as_object_mut().unwrap();
        if let Some(unit) = &self.unit {
            fields.insert("u".to_owned(), json!(unit));
        }
        let ago = |count: i32| (i64::from(now.uptime) - i64::from(count)).max(0);
        let time = match (self.when, now.unix) {
            (When::Reception, _) => None,
            (When::Unix(seconds), _) => Some(i64::from(seconds)),
            (When::Uptime(count), Some(unix)) => Some(i64::from(unix) - ago(count)),
            (When::Uptime(count), None) => Some(-ago(count)),
        };
        if let Some(time) = time {
            fields.insert("t".to_owned(), json!(time));
        }
        let (label, value) = match &self.content {
            Content::Decimal(mantissa, exponent) => {
                let value: f64 = format!("{mantissa}e{exponent}").parse().unwrap();
                ("v", json!(value))
            }
            Content::Double(value) => ("v", json!(value)),
            Content::Bool(value) => ("vb", json!(value)),
            Content::Text(text) => ("vs", json!(text)),
        };
        fields.insert(label.to_owned(), value);
        record
    }

    /// Bytes in the queue, from the length of its text in a pack.
    fn len(&self) -> usize {
        let value = match &self.content {
            Content::Bool(_) => 0,
            Content::Text(text) => text.len(),
            _ => {
                let mut state = QueueState::new(Policy::RefuseNewest);
                let mut memory = [0; 256];
                let bare = Self {
                    name: "n".to_owned(),
                    unit: None,
                    ..self.clone()
                };
                bare.push(&mut Queue::resume(&mut state, &mut memory))
                    .unwrap();
                let mut image = [0; 300];
                let saved = Queue::resume(&mut state, &mut memory).save(0, &mut image);
                saved.unwrap() - IMAGE_EXTRA - 9
            }
        };
        8 + self.name.len() + self.unit.as_ref().map_or(0, String::len) + value
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(Record),
    Fill(usize),
    Accepted,
    Failed,
    Clock,
    Wait(u32),
    Reset { off: u32, known: bool },
}

fn record() -> impl Strategy<Value = Record> {
    let when = prop_oneof![
        Just(When::Reception),
        (1_u32 << 28..u32::MAX).prop_map(When::Unix),
        // Counted from the time of the push in the test itself.
        Just(When::Uptime(0)),
    ];
    let content = prop_oneof![
        (any::<i64>(), -18..=18)
            .prop_map(|(mantissa, exponent)| Content::Decimal(mantissa, exponent)),
        (-1000..1000_i64).prop_map(|mantissa| Content::Decimal(mantissa, -1)),
        any::<f64>()
            .prop_filter("JSON has no others", |value| value.is_finite())
            .prop_map(Content::Double),
        any::<bool>().prop_map(Content::Bool),
        "\\PC{0,16}".prop_map(Content::Text),
    ];
    let name = "[A-Za-z0-9][A-Za-z0-9:._-]{0,15}";
    let unit = prop::option::of("[A-Za-z%/]{1,8}");
    (name, unit, when, content).prop_map(|(name, unit, when, content)| Record {
        name,
        unit,
        when,
        content,
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => record().prop_map(Op::Push),
        4 => (250_usize..700).prop_map(Op::Fill),
        3 => Just(Op::Accepted),
        2 => Just(Op::Failed),
        1 => Just(Op::Clock),
        2 => (0_u32..100_000).prop_map(Op::Wait),
        1 => (0_u32..10_000, any::<bool>()).prop_map(|(off, known)| Op::Reset { off, known }),
    ]
}

/// The queue and what it should hold.
struct Bench {
    state: QueueState,
    memory: Vec<u8>,
    policy: Policy,
    model: VecDeque<Record>,
    sent: usize,
    dropped: u32,
    now: Now,
}

impl Bench {
    fn new(capacity: usize, policy: Policy) -> Self {
        Self {
            state: QueueState::new(policy),
            memory: vec![0xA5; capacity + 8],
            policy,
            model: VecDeque::new(),
            sent: 0,
            dropped: 0,
            now: Now {
                uptime: 5,
                unix: None,
            },
        }
    }

    fn queue(&mut self) -> Queue<'_> {
        let capacity = self.memory.len() - 8;
        Queue::resume(&mut self.state, &mut self.memory[..capacity])
    }

    fn push(&mut self, mut record: Record) {
        if let When::Uptime(count) = &mut record.when {
            *count = i32::try_from(self.now.uptime).unwrap();
        }
        let capacity = self.memory.len() - 8;
        let len = |records: &VecDeque<Record>, from: usize| -> usize {
            records.iter().skip(from).map(Record::len).sum()
        };
        let need = record.len();
        let on_their_way = len(&self.model, 0) - len(&self.model, self.sent);
        let fits = if self.policy == Policy::DropOldest {
            on_their_way + need <= capacity
        } else {
            len(&self.model, 0) + need <= capacity
        };
        let pushed = record.push(&mut self.queue());
        if fits {
            assert_eq!(pushed, Ok(()));
            while len(&self.model, 0) + need > capacity {
                self.model.remove(self.sent);
                self.dropped += 1;
            }
            self.model.push_back(record);
        } else {
            assert_eq!(pushed, Err(Error::BUFFER_FULL));
            self.dropped += 1;
        }
    }

    fn fill(&mut self, capacity: usize) {
        let now = self.now;
        let mut state = UplinkState::default();
        let mut buffer = vec![0; capacity];
        let mut uplink = Uplink::begin(&mut state, &mut buffer, false, TARGET, URN).unwrap();
        let filled = {
            let mut pack = uplink.pack().unwrap();
            let filled = self.queue().fill(&mut pack, now);
            assert_eq!(pack.failure(), Ok(()), "what did not fit is no failure");
            filled
        };
        if self.sent > 0 {
            assert_eq!(filled, Err(Error::STATE));
            return;
        }
        let Ok(count) = filled else {
            assert_eq!(filled, Err(Error::BUFFER_FULL));
            assert!(!self.model.is_empty());
            return;
        };
        self.sent = usize::try_from(count).unwrap();
        assert_eq!(self.sent == 0, self.model.is_empty());
        if self.sent == 0 {
            return;
        }
        let request = uplink.finish(TARGET, None).unwrap();
        let request = &buffer[request.start..request.start + request.len];
        let at = request.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
        let body: Vec<serde_json::Value> = serde_json::from_slice(&request[at..]).unwrap();
        let expected = self
            .model
            .iter()
            .take(self.sent)
            .map(|record| record.json(now));
        for (is, expected) in body[1..].iter().zip(expected) {
            assert!(same(is, &expected), "{is} {expected}");
        }
        assert_eq!(body.len() - 1, self.sent);
        if let Some(next) = self.model.get(self.sent) {
            // The next one would not have fitted. Of the room kept, the token line (88 bytes) is not used here.
            let text = next.json(now).to_string().len();
            assert!(capacity - request.len() < text + 88 + 40);
        }
    }

    fn reset(&mut self, off: u32, known: bool) {
        let saved_at = self.now.uptime;
        let mut image = vec![0; self.memory.len() - 8 + IMAGE_EXTRA];
        let len = self.queue().save(saved_at, &mut image).unwrap();
        self.state = QueueState::new(self.policy);
        self.memory.fill(0xA5);
        let uptime = 3;
        let elapsed = if known { off + uptime } else { 0 };
        let since = Since { uptime, elapsed };
        self.queue().restore(&image[..len], since).unwrap();
        self.sent = 0;
        self.now = Now { uptime, unix: None };
        let by = i64::from(uptime) - i64::from(elapsed) - i64::from(saved_at);
        for record in &mut self.model {
            if let When::Uptime(count) = &mut record.when {
                *count = i32::try_from(i64::from(*count) + by).unwrap();
            }
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Push(record) => self.push(record),
            Op::Fill(capacity) => self.fill(capacity),
            Op::Accepted | Op::Failed if self.sent == 0 => {
                assert_eq!(self.queue().accepted(), Err(Error::STATE));
                assert_eq!(self.queue().failed(), Err(Error::STATE));
            }
            Op::Accepted => {
                self.queue().accepted().unwrap();
                self.model.drain(..self.sent);
                self.sent = 0;
            }
            Op::Failed => {
                self.queue().failed().unwrap();
                self.sent = 0;
            }
            Op::Clock => self.now.unix = Some(EPOCH + self.now.uptime),
            Op::Wait(seconds) => {
                self.now.uptime += seconds;
                self.now.unix = self.now.unix.map(|unix| unix + seconds);
            }
            Op::Reset { off, known } => self.reset(off, known),
        }
        let number = |len: usize| u32::try_from(len).unwrap();
        assert_eq!(self.state.records(), number(self.model.len()));
        assert_eq!(self.state.sent_records(), number(self.sent));
        assert_eq!(self.state.dropped(), self.dropped);
        assert_eq!(self.memory[self.memory.len() - 8..], [0xA5; 8]);
    }
}

/// Equal, numbers as doubles.
fn same(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    let (left, right) = (left.as_object().unwrap(), right.as_object().unwrap());
    left.len() == right.len()
        && left.iter().all(|(label, value)| match right.get(label) {
            Some(other) if value.is_number() => value.as_f64() == other.as_f64(),
            other => other == Some(value),
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_but_by_the_policy(
        capacity in 0_usize..600,
        drops in any::<bool>(),
        ops in prop::collection::vec(op(), 0..80),
    ) {
        let policy = if drops { Policy::DropOldest } else { Policy::RefuseNewest };
        let mut bench = Bench::new(capacity, policy);
        for op in ops {
            bench.step(op);
        }
    }

    #[test]
    fn an_image_of_any_bytes_is_refused_or_sound(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        records in prop::collection::vec(record(), 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        with_crc in any::<bool>(),
        from_image in any::<bool>(),
    ) {
        if from_image {
            bytes = image_of(&records);
            for (at, byte) in changes {
                let at = at.index(bytes.len() - 4);
                bytes[at] = byte;
            }
        }
        if with_crc && bytes.len() >= 4 {
            let (front, crc) = bytes.split_last_chunk_mut::<4>().unwrap();
            *crc = crc32::update(0, front).to_le_bytes();
        }
        let mut bench = Bench::new(400, Policy::RefuseNewest);
        let since = Since { uptime: u32::MAX, elapsed: 0 };
        let restored = bench.queue().restore(&bytes, since);
        if restored.is_ok() {
            // All of it can be sent.
            let records = bench.state.records();
            let mut state = UplinkState::default();
            let mut buffer = vec![0; 9000];
            let mut uplink = Uplink::begin(&mut state, &mut buffer, false, TARGET, URN).unwrap();
            let now = Now { uptime: 0, unix: None };
            prop_assert_eq!(bench.queue().fill(&mut uplink.pack().unwrap(), now), Ok(records));
            if records > 0 {
                let request = uplink.finish(TARGET, None).unwrap();
                let end = request.start + request.len;
                let at = buffer.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
                // Grammar only: a changed number under a right CRC may be beyond what a double holds.
                let body: Vec<serde::de::IgnoredAny> = serde_json::from_slice(&buffer[at..end]).unwrap();
                prop_assert_eq!(body.len() - 1, usize::try_from(records).unwrap());
            }
        } else {
            prop_assert_eq!(bench.state.records(), 0);
            prop_assert!(bench.memory.iter().all(|&byte| byte == 0xA5));
        }
    }
}

fn image_of(records: &[Record]) -> Vec<u8> {
    let mut bench = Bench::new(2000, Policy::RefuseNewest);
    for record in records {
        bench.push(record.clone());
    }
    let mut image = vec![0; 2100];
    let len = bench.queue().save(77, &mut image).unwrap();
    image.truncate(len);
    image
}

fn bare(name: &str, content: Content) -> Record {
    Record {
        name: name.to_owned(),
        unit: Some("Cel".to_owned()),
        when: When::Uptime(0),
        content,
    }
}

#[test]
fn every_damaged_bit_and_every_cut_of_an_image_is_refused() {
    let records = [
        bare("temperature", Content::Decimal(205, -1)),
        bare("text", Content::Text("é\n".to_owned())),
        bare("door", Content::Bool(true)),
    ];
    let image = image_of(&records);
    let mut bench = Bench::new(300, Policy::DropOldest);
    bench.push(bare("before", Content::Bool(false)));
    let since = Since {
        uptime: 0,
        elapsed: 0,
    };
    for bit in 0..image.len() * 8 {
        let mut damaged = image.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(bench.queue().restore(&damaged, since), Err(Error::IMAGE));
    }
    for len in 0..image.len() {
        assert_eq!(
            bench.queue().restore(&image[..len], since),
            Err(Error::IMAGE)
        );
    }
    let mut small = Bench::new(image.len() - IMAGE_EXTRA - 1, Policy::DropOldest);
    assert_eq!(
        small.queue().restore(&image, since),
        Err(Error::BUFFER_FULL)
    );
    // After all of that the queue is as before.
    bench.fill(500);
    assert_eq!(bench.sent, 1);
    bench.queue().restore(&image, since).unwrap();
    assert_eq!(bench.state.records(), 3);
    let mut out = vec![0; image.len()];
    for cap in 0..image.len() {
        assert_eq!(
            bench.queue().save(0, &mut out[..cap]),
            Err(Error::BUFFER_FULL)
        );
    }
    assert_eq!(bench.queue().save(0, &mut out), Ok(image.len()));
}

#[test]
fn refuses_what_could_not_be_sent_and_changes_nothing() {
    let mut bench = Bench::new(300, Policy::DropOldest);
    bench.push(bare("a", Content::Bool(true)));
    let mut refused = |name: &[u8], unit: Option<&[u8]>, when, value| {
        bench.queue().push(name, unit, when, value).unwrap_err()
    };
    let at = When::Reception;
    let yes = Value::Bool(true);
    assert_eq!(refused(b"", None, at, yes), Error::SENML_NAME);
    assert_eq!(refused(b"a b", None, at, yes), Error::SENML_NAME);
    assert_eq!(
        refused(&[b'a'; NAME_MAX + 1], None, at, yes),
        Error::SENML_NAME
    );
    assert_eq!(refused(b"a", Some(b""), at, yes), Error::SENML_UNIT);
    assert_eq!(
        refused(b"a", None, When::Unix((1 << 28) - 1), yes),
        Error::SENML_TIME
    );
    assert_eq!(refused(b"a", None, at, Value::Text(b"\xff")), Error::UTF8);
    let long = [b'x'; TEXT_MAX + 1];
    assert_eq!(
        refused(b"a", None, at, Value::Text(&long)),
        Error::INVALID_ARGUMENT
    );
    for text in [&b""[..], b"1 ", b"01", b"1,\"t\":1", b"nan"] {
        assert_eq!(
            refused(b"a", None, at, Value::Number(text)),
            Error::NUMBER_RANGE
        );
    }
    let not_finite = bench
        .queue()
        .push_number(b"a", None, at, |out| write_f64(out, f64::NAN));
    assert_eq!(not_finite, Err(Error::NOT_FINITE));
    assert_eq!((bench.state.records(), bench.state.dropped()), (1, 0));
    let longest = bench.queue().push(
        &[b'a'; NAME_MAX],
        Some(&[b'u'; 24]),
        At::UNIX,
        Value::Text(&long[..TEXT_MAX]),
    );
    assert_eq!(longest, Ok(()));
}

struct At;
impl At {
    const UNIX: When = When::Unix(u32::MAX);
}

#[test]
fn a_thousand_bytes_hold_forty_temperatures_with_time() {
    let mut bench = Bench::new(1024, Policy::RefuseNewest);
    let temperature = bare("temperature", Content::Decimal(205, -1));
    while bench.dropped == 0 {
        bench.push(temperature.clone());
    }
    assert!(bench.model.len() >= 39, "{}", bench.model.len());
}
