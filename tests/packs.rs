//! Random messages from our writer, read back by others' code: `httparse` the head, `sha2` the token, `serde_json` and
//! `base64` the pack; and by our own reader.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic"
)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kpn_things::buf::Buf;
use kpn_things::error::Result;
use kpn_things::http::request::Target;
use kpn_things::json::reader::Span;
use kpn_things::number::{self, Decimal};
use kpn_things::senml::pack::Pack;
use kpn_things::senml::reader;
use kpn_things::senml::record::{Num, Value};
use kpn_things::things::uplink::{Uplink, UplinkState};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

const PACKS: u64 = 100_000;
const SEED: u64 = 0x6b70_6e5f_7468;
const CAPACITY: usize = 4096;
const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const TARGET: Target<'static> = Target {
    host: b"m.m",
    path: b"/ingestion/m2m/senml/v1",
};

/// A number as mantissa and exponent without trailing zeros, so that equal values are equal.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Exact(i128, i32);

impl Exact {
    const ZERO: Self = Self(0, 0);

    fn read(text: &str) -> Self {
        let (number, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mantissa: i128 = format!("{whole}{fraction}").parse().unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        Self::new(mantissa, exponent - i32::try_from(fraction.len()).unwrap())
    }

    const fn new(mut mantissa: i128, mut exponent: i32) -> Self {
        if mantissa == 0 {
            return Self::ZERO;
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Self(mantissa, exponent)
    }

    /// `None` when the two are too far apart.
    fn sum(self, other: Self) -> Option<Self> {
        if self.0 == 0 || other.0 == 0 {
            return Some(if self.0 == 0 { other } else { self });
        }
        let exponent = self.1.min(other.1);
        let scaled = |Self(mantissa, from): Self| {
            10_i128
                .checked_pow((from - exponent).unsigned_abs())?
                .checked_mul(mantissa)
        };
        Some(Self::new(
            scaled(self)?.checked_add(scaled(other)?)?,
            exponent,
        ))
    }

    fn negative(self) -> Self {
        Self(-self.0, self.1)
    }

    fn nearest(self) -> f64 {
        format!("{}e{}", self.0, self.1).parse().unwrap()
    }
}

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Self {
        Self::new(i128::from(decimal.mantissa), decimal.exponent)
    }
}

/// A number in each way that the writer takes it.
#[derive(Clone, Copy, Debug)]
enum Number {
    Decimal(Decimal),
    Double(f64),
    Float(f32),
    Fixed(f64, u8),
    Int(i64),
    Uint(u64),
}

impl Number {
    fn write(self, out: &mut Buf<'_>) -> Result<()> {
        match self {
            Self::Decimal(value) => number::write_decimal(out, value),
            Self::Double(value) => return number::write_f64(out, value),
            Self::Float(value) => return number::write_f32(out, value),
            Self::Fixed(value, decimals) => return number::write_f64_fixed(out, value, decimals),
            Self::Int(value) => number::write_i64(out, value),
            Self::Uint(value) => number::write_u64(out, value),
        }
        Ok(())
    }

    /// Another writer of shortest texts, which of two that are equally near takes the even one as ours does.
    fn exact(self) -> Exact {
        match self {
            Self::Decimal(value) => Exact::from(value),
            Self::Double(value) => Exact::read(zmij::Buffer::new().format_finite(value)),
            Self::Float(value) => Exact::read(zmij::Buffer::new().format_finite(value)),
            Self::Fixed(value, decimals) => {
                Exact::read(&format!("{value:.*}", usize::from(decimals)))
            }
            Self::Int(value) => Exact::new(i128::from(value), 0),
            Self::Uint(value) => Exact::new(i128::from(value), 0),
        }
    }

    /// Whether what `serde_json` read is this number.
    fn is(self, json: &Json) {
        match self {
            Self::Int(value) => assert_eq!(json.as_i64(), Some(value)),
            Self::Uint(value) => assert_eq!(json.as_u64(), Some(value)),
            Self::Double(value) => assert!(same(json.as_f64().unwrap(), value), "{json} {value}"),
            Self::Float(value) => {
                let read: f32 = json.to_string().parse().unwrap();
                assert!(same(read.into(), value.into()), "{json} {value}");
            }
            Self::Decimal(_) | Self::Fixed(..) => is_exact(json, self.exact()),
        }
    }
}

/// Equal to the last bit, but for the sign of zero, which `serde_json` loses where it reads an integer.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.abs() + b.abs()).to_bits() == 0
}

fn is_exact(json: &Json, expected: Exact) {
    let read = json.as_f64().unwrap();
    assert!(same(read, expected.nearest()), "{json} {expected:?}");
}

#[derive(Clone, Debug)]
enum Content {
    Number(Number),
    Bool(bool),
    Text(String),
    Data(Vec<u8>),
    /// A sum and no value.
    Sum,
}

#[derive(Clone, Debug)]
enum Step {
    BaseName(String),
    BaseTime(Decimal),
    BaseUnit(&'static str),
    BaseValue(Number),
    BaseSum(Number),
    Time(Decimal),
    Ago(Decimal),
    Update(Decimal),
    Sum(Number),
    Add(String, Option<&'static str>, Content, Number),
}

impl Step {
    fn take(&self, pack: &mut Pack<'_>) -> Result<()> {
        match self {
            Self::BaseName(name) => pack.set_base_name(name.as_bytes()),
            Self::BaseTime(time) => pack.set_base_time(*time),
            Self::BaseUnit(unit) => pack.set_base_unit(unit.as_bytes()),
            Self::BaseValue(value) => pack.set_base_value(|out| value.write(out)),
            Self::BaseSum(sum) => pack.set_base_sum(|out| sum.write(out)),
            Self::Time(time) => pack.set_time(*time),
            Self::Ago(time) => pack.set_time_ago(*time),
            Self::Update(time) => pack.set_update_time(*time),
            Self::Sum(sum) => pack.set_sum(|out| sum.write(out)),
            Self::Add(name, unit, content, sum) => {
                let (name, unit) = (name.as_bytes(), unit.map(str::as_bytes));
                match content {
                    Content::Number(value) => pack.add_number(name, unit, |out| value.write(out)),
                    Content::Bool(value) => pack.add_bool(name, unit, *value),
                    Content::Text(text) => pack.add_text(name, unit, text.as_bytes()),
                    Content::Data(data) => pack.add_data(name, unit, data),
                    Content::Sum => pack.add_sum(name, unit, |out| sum.write(out)),
                }
            }
        }
    }
}

/// A record as it must be read back.
#[derive(Clone, Debug, Default)]
struct Expected {
    name: String,
    unit: Option<&'static str>,
    content: Option<Content>,
    base_value: Option<Number>,
    sum: Option<Number>,
    base_sum: Option<Number>,
    /// The `t` that is written, and the time that it means.
    time: Option<Exact>,
    resolved: Option<Exact>,
    update: Option<Exact>,
}

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        // SplitMix64: neighbouring seeds give unrelated packs.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.bits() >> 33).unwrap() % limit
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn int(&mut self) -> i64 {
        let shift = self.below(64);
        self.bits().cast_signed() >> shift
    }

    fn double(&mut self) -> f64 {
        loop {
            let value = if self.one_in(2) {
                f64::from_bits(self.bits())
            } else {
                let tenths: f64 = format!("{}e-2", self.below(20_000)).parse().unwrap();
                tenths - 50.0
            };
            if value.is_finite() {
                return value;
            }
        }
    }

    fn number(&mut self) -> Number {
        match self.below(6) {
            0 => Number::Decimal(Decimal {
                mantissa: self.int(),
                exponent: self.of(&[-18, -9, -2, -1, 0, 1, 3, 18]),
            }),
            1 => Number::Double(self.double()),
            2 => loop {
                let value = f32::from_bits(u32::try_from(self.bits() >> 32).unwrap());
                if value.is_finite() {
                    return Number::Float(value);
                }
            },
            3 => {
                let value = self.double();
                let value = if value.abs() < 1e12 { value } else { 0.125 };
                Number::Fixed(value, self.of(&[0, 1, 2, 3, 6, 9, 20]))
            }
            4 => Number::Int(self.int()),
            _ => Number::Uint(self.int().cast_unsigned()),
        }
    }

    /// Some moment of the years 2017 to 2023, with up to nine decimals.
    fn moment(&mut self) -> Decimal {
        let decimals = u32::try_from(self.below(10)).unwrap();
        let scale = 10_i64.pow(decimals);
        let seconds = i64::try_from(self.below(200_000_000)).unwrap() + 1_500_000_000;
        let fraction = self.bits().cast_signed().rem_euclid(scale);
        Decimal {
            mantissa: seconds * scale + fraction,
            exponent: -i32::try_from(decimals).unwrap(),
        }
    }

    fn span(&mut self) -> Decimal {
        Decimal {
            mantissa: i64::try_from(self.below(1 << 28)).unwrap(),
            exponent: -i32::try_from(self.below(7)).unwrap(),
        }
    }

    fn name(&mut self) -> String {
        const ALPHABET: &[u8] = b"abcXYZ019-:./_";
        (0..=self.below(8))
            .map(|_| char::from(self.of(ALPHABET)))
            .collect()
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "Z",
            " ",
            "\"",
            "\\",
            "/",
            "\n",
            "\r\n",
            "\t",
            "\0",
            "\u{1f}",
            "\u{7f}",
            "\u{e9}",
            "\u{20ac}",
            "\u{fffd}",
            "\u{1f600}",
            "{}",
            "\u{2028}",
        ];
        (0..self.below(9)).map(|_| self.of(&pieces)).collect()
    }
}

/// What to write, and what must come out.
fn random_pack(random: &mut Random) -> (Vec<Step>, Vec<Expected>) {
    let units = ["Cel", "%RH", "m/s2", "my unit"];
    let (mut steps, mut records) = (Vec::new(), Vec::new());
    let mut base = Expected {
        name: "urn:dev:IMEI:123456789012345:".into(),
        ..Expected::default()
    };
    let count = 1 + random.below(5);
    for at in 0..=count {
        if random.one_in(3) {
            base.resolved = Some(set(&mut steps, Step::BaseTime, random.moment()));
        }
        if random.one_in(6) {
            base.name = format!("urn:dev:{}:", random.below(1000));
            steps.push(Step::BaseName(base.name.clone()));
        }
        if random.one_in(6) {
            let unit = random.of(&units);
            base.unit = Some(unit);
            steps.push(Step::BaseUnit(unit));
        }
        if random.one_in(8) {
            let value = random.number();
            base.base_value = Some(value);
            steps.push(Step::BaseValue(value));
        }
        if random.one_in(12) {
            let sum = random.number();
            base.base_sum = Some(sum);
            steps.push(Step::BaseSum(sum));
        }
        let mut record = base.clone();
        match random.below(4) {
            0 => {
                let moment = set(&mut steps, Step::Time, random.moment());
                let from = base.resolved.unwrap_or(Exact::ZERO);
                record.time = moment.sum(from.negative());
                record.resolved = Some(moment);
            }
            1 => {
                let ago = set(&mut steps, Step::Ago, random.span()).negative();
                record.time = Some(ago);
                record.resolved = ago.sum(base.resolved.unwrap_or(Exact::ZERO));
            }
            _ => {}
        }
        if random.one_in(6) {
            record.update = Some(set(&mut steps, Step::Update, random.span()));
        }
        let content = match random.below(8) {
            0 => Content::Bool(random.one_in(2)),
            1 => Content::Text(random.text()),
            2 => Content::Data(
                (0..random.below(8))
                    .map(|_| random.bits().to_le_bytes()[0])
                    .collect(),
            ),
            3 => Content::Sum,
            _ => Content::Number(random.number()),
        };
        let sum = random.number();
        if matches!(content, Content::Sum) {
            record.sum = Some(sum);
        } else if random.one_in(6) {
            record.sum = Some(sum);
            steps.push(Step::Sum(sum));
        }
        if at == count {
            // Base fields and labels that no record follows.
            break;
        }
        let name = random.name();
        let unit = random.one_in(2).then(|| random.of(&units));
        record.unit = unit.or(base.unit);
        record.name.push_str(&name);
        record.content = Some(content.clone());
        steps.push(Step::Add(name, unit, content, sum));
        records.push(record);
    }
    (steps, records)
}

fn set(steps: &mut Vec<Step>, step: fn(Decimal) -> Step, value: Decimal) -> Exact {
    steps.push(step(value));
    Exact::from(value)
}

fn write(steps: &[Step], merged: bool, buffer: &mut [u8], measuring: bool) -> (usize, usize) {
    let mut state = UplinkState::default();
    let urn = b"urn:dev:IMEI:123456789012345:";
    let mut uplink = Uplink::begin(&mut state, buffer, measuring, TARGET, urn).unwrap();
    let mut pack = uplink.pack().unwrap();
    if merged {
        pack.set_merged().unwrap();
    }
    for step in steps {
        step.take(&mut pack).unwrap();
    }
    let request = uplink.finish(TARGET, Some(SECRET)).unwrap();
    (request.start, request.len)
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

/// The body of a request whose head others find right.
fn body(request: &[u8]) -> &[u8] {
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut head = httparse::Request::new(&mut headers);
    let at = head.parse(request).unwrap().unwrap();
    let body = &request[at..];
    let digest = Sha256::digest([body, SECRET].concat());
    let token = hex(&digest);
    let field = |name: &str| {
        let mut named = head.headers.iter().filter(|field| field.name == name);
        let value = named.next().unwrap().value;
        assert!(named.next().is_none());
        std::str::from_utf8(value).unwrap()
    };
    assert_eq!(field("Content-Length"), body.len().to_string());
    assert_eq!(field("Things-Message-Token"), token);
    assert_eq!(field("Host"), "m.m");
    assert_eq!(field("Content-Type"), "application/json");
    body
}

fn check_by_serde(body: &[u8], expected: &[Expected]) {
    let pack: Vec<serde_json::Map<String, Json>> = serde_json::from_slice(body).unwrap();
    let mut expected = expected.iter();
    let mut bases = serde_json::Map::new();
    for record in pack {
        let measured = ["v", "vb", "vs", "vd", "s"]
            .iter()
            .any(|label| record.contains_key(*label));
        for (label, value) in &record {
            if label.starts_with('b') {
                bases.insert(label.clone(), value.clone());
            } else {
                assert!(measured, "a base record holds nothing else");
            }
        }
        if !measured {
            continue;
        }
        let expected = expected.next().unwrap();
        let text = |json: Option<&Json>| json.map(|json| json.as_str().unwrap().to_owned());
        let name = text(bases.get("bn")).unwrap() + &text(record.get("n")).unwrap();
        assert_eq!(name, expected.name);
        let unit = text(record.get("u")).or_else(|| text(bases.get("bu")));
        assert_eq!(unit.as_deref(), expected.unit);
        let same = |json: Option<&Json>, number: Option<Number>| {
            assert_eq!(json.is_some(), number.is_some());
            if let (Some(json), Some(number)) = (json, number) {
                number.is(json);
            }
        };
        same(record.get("s"), expected.sum);
        same(bases.get("bs"), expected.base_sum);
        same(bases.get("bv"), expected.base_value);
        for (label, time) in [("t", expected.time), ("ut", expected.update)] {
            assert_eq!(record.contains_key(label), time.is_some());
            if let Some(time) = time {
                is_exact(&record[label], time);
            }
        }
        match expected.content.as_ref().unwrap() {
            Content::Number(number) => number.is(&record["v"]),
            Content::Bool(value) => assert_eq!(record["vb"], Json::Bool(*value)),
            Content::Text(value) => assert_eq!(record["vs"].as_str(), Some(value.as_str())),
            Content::Data(value) => {
                let data = URL_SAFE_NO_PAD.decode(record["vd"].as_str().unwrap());
                assert_eq!(&data.unwrap(), value);
            }
            Content::Sum => {}
        }
    }
    assert!(expected.next().is_none());
}

/// A number with its base, as our reader gives it: the texts exactly, and what it makes of them.
fn check_num(text: &[u8], num: Num, own: Option<Exact>, base: Option<Exact>) {
    assert_eq!(num.is_absent(), own.is_none() && base.is_none());
    for (span, expected) in [(num.text, own), (num.base, base)] {
        let text = std::str::from_utf8(span.of(text)).unwrap();
        assert_eq!((!text.is_empty()).then(|| Exact::read(text)), expected);
    }
    let (own, base) = (own.unwrap_or(Exact::ZERO), base.unwrap_or(Exact::ZERO));
    let sum = own.sum(base);
    let read = num.to_f64(text).unwrap();
    if let Ok(decimal) = num.to_decimal(text) {
        assert_eq!(Some(Exact::from(decimal)), sum);
        assert!(same(read, sum.unwrap().nearest()));
    } else if base.0 == 0 || own.0 == 0 {
        assert!(same(read, sum.unwrap().nearest()));
    } else {
        assert!(same(read, own.nearest() + base.nearest()));
    }
}

fn check_by_reader(body: &[u8], expected: &[Expected]) {
    let mut text = body.to_vec();
    let mut pack = reader::Pack::new();
    assert_eq!(pack.validate(&text), Ok(expected.len()));
    for expected in expected {
        let record = pack.next(&mut text).unwrap().unwrap();
        let string = |span: Span| std::str::from_utf8(span.of(&text)).unwrap();
        assert_eq!(
            [string(record.base_name), string(record.name)].concat(),
            expected.name
        );
        assert_eq!(string(record.unit), expected.unit.unwrap_or_default());
        let sum = expected.sum.map(Number::exact);
        check_num(&text, record.sum, sum, expected.base_sum.map(Number::exact));
        check_num(&text, record.update_time, expected.update, None);
        if let Some(time) = expected.resolved {
            assert_eq!(record.time.to_decimal(&text).map(Exact::from), Ok(time));
            let relative = record.time.is_relative(&text).unwrap();
            assert_eq!(relative, time.nearest() < 268_435_456.0);
        } else {
            assert!(record.time.is_absent());
        }
        match (expected.content.as_ref().unwrap(), record.value) {
            (Content::Number(number), Value::Number(num)) => {
                let base = expected.base_value.map(Number::exact);
                check_num(&text, num, Some(number.exact()), base);
                if base.is_none() {
                    match *number {
                        Number::Int(value) => assert_eq!(num.to_i64(&text), Ok(value)),
                        Number::Uint(value) => assert_eq!(num.to_u64(&text), Ok(value)),
                        Number::Double(value) => {
                            assert_eq!(num.to_f64(&text).unwrap().to_bits(), value.to_bits());
                        }
                        _ => {}
                    }
                }
            }
            (Content::Bool(value), Value::Bool(read)) => assert_eq!(*value, read),
            (Content::Text(value), Value::Text(span)) => assert_eq!(value, string(span)),
            (Content::Data(value), Value::Data(span)) => assert_eq!(value, span.of(&text)),
            (Content::Sum, Value::None) => {}
            (content, value) => panic!("{content:?} became {value:?}"),
        }
    }
    assert!(pack.next(&mut text).unwrap().is_none());
}

/// Says on failure which pack it was.
struct Blame(u64);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the pack of seed {:#x}", self.0);
        }
    }
}

fn check(seed: u64, buffer: &mut [u8]) {
    let _blame = Blame(seed);
    let mut random = Random(seed);
    let merged = random.one_in(3);
    let (steps, expected) = random_pack(&mut random);
    let (start, len) = write(&steps, merged, buffer, false);
    let body = body(&buffer[start..][..len]);
    check_by_serde(body, &expected);
    check_by_reader(body, &expected);
    if random.one_in(8) {
        assert_eq!(write(&steps, merged, &mut [], true), (0, len));
    }
}

#[test]
fn random_packs_are_read_back_to_equal_values() {
    let mut buffer = vec![0; CAPACITY];
    for seed in SEED..SEED + PACKS {
        check(seed, &mut buffer);
    }
}
