// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults on demand: everything that a network and a server can do to a device.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;

use crate::model::device::key;

/// Most interim responses before an answer.
const INTERIM_MAX: usize = 10_000;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The connection is closed without an answer, and the message is not accepted.
    Drop,
    /// The answer comes late.
    Delay(Duration),
    /// The message is accepted; the answer ends after this many bytes and the connection is closed.
    Cut(usize),
    /// As [`Kind::Cut`], and the connection is reset.
    Reset(usize),
    /// As [`Kind::Cut`], and only this end's half is closed: the device may go on sending.
    HalfClose(usize),
    /// The message is not accepted; the answer is not HTTP.
    Garbage,
    /// The message is not accepted; the answer has this status.
    Status {
        /// The status.
        code: StatusCode,
        /// Seconds of a Retry-After header.
        retry_after: Option<u32>,
    },
    /// The message is not accepted; the answer comes before its body is read.
    EarlyAnswer(StatusCode),
    /// The message is not accepted; the answer sends the device elsewhere.
    Redirect(HeaderValue),
    /// The message is not accepted; the answer is a page of HTML with status 200.
    Portal,
    /// The answer is sent a byte at a time, with this between them.
    Trickle(Duration),
    /// The answer is sent at this many bytes a second.
    Throttle(usize),
    /// This many 103 responses come before the answer.
    Interim(usize),
    /// Content-Length is too large or too small by this much.
    WrongLength(i64),
    /// The body is compressed.
    Gzip,
    /// The CRC of a part is wrong.
    WrongCrc,
    /// The total size of a file is one byte more than it was.
    SizeChange,
    /// The total size of a file is not given.
    UnknownSize,
    /// A part has this many bytes at most.
    Short(usize),
    /// A part begins this many bytes before what was asked for.
    Overlap(usize),
    /// From this part on the URL has a different file.
    Replaced(Bytes),
}

/// The requests that a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Messages to the ingestion paths, and everything else that is not a part of a file.
    Message,
    /// Parts of files.
    Part,
}

/// One `--fault` from the command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    text: String,
    kind: Kind,
    every: u64,
    times: u64,
    target: Option<Target>,
    device: Option<String>,
    probability: f64,
    seed: u64,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut options = text.split(',');
        let kind = kind_from_str(options.next().unwrap_or_default())?;
        let mut fault = Self {
            text: text.to_owned(),
            every: 1,
            times: u64::MAX,
            target: kind.is_of_parts().then_some(Target::Part),
            kind,
            device: None,
            probability: 1.0,
            seed: 0,
        };
        for option in options {
            match option.split_once('=') {
                Some(("retry-after", value)) => {
                    let Kind::Status { retry_after, .. } = &mut fault.kind else {
                        return Err("retry-after belongs to status".to_owned());
                    };
                    let seconds = value
                        .parse()
                        .map_err(|_| format!("{value:?}: no seconds"))?;
                    *retry_after = Some(seconds);
                }
                Some(("every", value)) => fault.every = positive(value)?,
                Some(("times", value)) => fault.times = positive(value)?,
                Some(("seed", value)) => fault.seed = number(value)?,
                Some(("probability", value)) => fault.probability = probability(value)?,
                Some(("device", urn)) if !matches!(fault.kind, Kind::EarlyAnswer(_)) => {
                    fault.device = Some(key(urn).to_owned());
                }
                Some(("device", _)) => {
                    return Err("an early answer is given before the device is known".to_owned());
                }
                Some(("on", "message")) if fault.target.is_none() => {
                    fault.target = Some(Target::Message);
                }
                Some(("on", "part")) => fault.target = Some(Target::Part),
                _ => {
                    return Err(format!(
                        "{option:?}: expected every=K, times=N, probability=P, seed=N, device=URN, \
                         on=message, on=part or retry-after=S"
                    ));
                }
            }
        }
        Ok(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Kind {
    /// Whether it is meaningful only for parts of files.
    const fn is_of_parts(&self) -> bool {
        matches!(
            self,
            Kind::WrongCrc
                | Kind::SizeChange
                | Kind::UnknownSize
                | Kind::Short(_)
                | Kind::Overlap(_)
                | Kind::Replaced(_)
        )
    }
}

fn kind_from_str(text: &str) -> Result<Kind, String> {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    match (name, value) {
        ("drop", None) => Ok(Kind::Drop),
        ("garbage", None) => Ok(Kind::Garbage),
        ("portal", None) => Ok(Kind::Portal),
        ("gzip", None) => Ok(Kind::Gzip),
        ("wrong-crc", None) => Ok(Kind::WrongCrc),
        ("size-change", None) => Ok(Kind::SizeChange),
        ("unknown-size", None) => Ok(Kind::UnknownSize),
        ("delay", Some(value)) => Ok(Kind::Delay(Duration::from_millis(number(value)?))),
        ("cut", Some(value)) => Ok(Kind::Cut(bytes(value)?)),
        ("reset", Some(value)) => Ok(Kind::Reset(bytes(value)?)),
        ("half-close", Some(value)) => Ok(Kind::HalfClose(bytes(value)?)),
        ("trickle", Some(value)) => Ok(Kind::Trickle(Duration::from_millis(positive(value)?))),
        ("throttle", Some(value)) => Ok(Kind::Throttle(bytes(value)?.max(1))),
        ("interim", Some(value)) => Ok(Kind::Interim(bytes(value)?.clamp(1, INTERIM_MAX))),
        ("short", Some(value)) => positive(value).and(bytes(value)).map(Kind::Short),
        ("overlap", Some(value)) => positive(value).and(bytes(value)).map(Kind::Overlap),
        ("wrong-length", Some(value)) => value
            .parse()
            .ok()
            .filter(|more| *more != 0)
            .map(Kind::WrongLength)
            .ok_or_else(|| format!("wrong-length {value:?} is no number of bytes, such as -1")),
        ("status", Some(value)) => Ok(Kind::Status {
            code: status(value)?,
            retry_after: None,
        }),
        ("early-answer", Some(value)) => status(value).map(Kind::EarlyAnswer),
        ("redirect", value) => HeaderValue::from_str(value.unwrap_or("http://portal.example/"))
            .map(Kind::Redirect)
            .map_err(|error| format!("redirect: {error}")),
        ("replaced", Some(name)) => std::fs::read(name)
            .map(|content| Kind::Replaced(content.into()))
            .map_err(|error| format!("{name}: {error}")),
        _ => Err(format!(
            "{text:?}: expected drop, status=CODE, early-answer=CODE, redirect[=URL], portal, garbage, \
             delay=MS, cut=BYTES, reset=BYTES, half-close=BYTES, trickle=MS, throttle=BYTES, interim=N, \
             wrong-length=BYTES, gzip, wrong-crc, size-change, unknown-size, short=BYTES, overlap=BYTES \
             or replaced=FILE"
        )),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

fn bytes(text: &str) -> Result<usize, String> {
    number(text).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn positive(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{text:?} is no number above 0"))
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|part| (0.0..=1.0).contains(part))
        .ok_or_else(|| format!("{text:?} is no number from 0 to 1"))
}

fn status(text: &str) -> Result<StatusCode, String> {
    text.parse()
        .ok()
        .filter(|code: &StatusCode| (200..600).contains(&code.as_u16()))
        .ok_or_else(|| format!("status {text:?} is no number from 200 to 599"))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Drop => f.write_str("connection closed without an answer"),
            Kind::Delay(time) => write!(f, "answer {} ms late", time.as_millis()),
            Kind::Cut(length) => write!(f, "answer cut after {length} bytes"),
            Kind::Reset(length) => write!(f, "connection reset after {length} bytes"),
            Kind::HalfClose(length) => write!(f, "answer half-closed after {length} bytes"),
            Kind::Garbage => f.write_str("answer is garbage"),
            Kind::Status { code, .. } => write!(f, "answer is status {}", code.as_u16()),
            Kind::EarlyAnswer(code) => {
                write!(f, "status {} before the body was read", code.as_u16())
            }
            Kind::Redirect(to) => write!(f, "redirect to {}", to.to_str().unwrap_or_default()),
            Kind::Portal => f.write_str("answer is the page of a captive portal"),
            Kind::Trickle(time) => write!(f, "a byte each {} ms", time.as_millis()),
            Kind::Throttle(rate) => write!(f, "{rate} bytes a second"),
            Kind::Interim(count) => write!(f, "{count} responses 103 before the answer"),
            Kind::WrongLength(more) => write!(f, "Content-Length is off by {more}"),
            Kind::Gzip => f.write_str("body compressed"),
            Kind::WrongCrc => f.write_str("wrong CRC"),
            Kind::SizeChange => f.write_str("total size changed"),
            Kind::UnknownSize => f.write_str("total size not told"),
            Kind::Short(length) => write!(f, "at most {length} bytes of the part"),
            Kind::Overlap(length) => write!(f, "part begins {length} bytes too early"),
            Kind::Replaced(_) => f.write_str("another file under the URL from now on"),
        }
    }
}

/// All faults with their counters.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Counted>>);

#[derive(Debug)]
struct Counted {
    fault: Fault,
    met: u64,
    applied: u64,
    random: u64,
}

impl Counted {
    fn new(fault: Fault) -> Self {
        Self {
            met: 0,
            applied: 0,
            random: fault.seed,
            fault,
        }
    }

    /// Whether it strikes, given a request of its kind.
    fn strikes(&mut self) -> bool {
        self.met += 1;
        let strikes = self.met.is_multiple_of(self.fault.every)
            && self.applied < self.fault.times
            && (self.fault.probability >= 1.0 || self.chance() < self.fault.probability);
        self.applied += u64::from(strikes);
        strikes
    }

    /// The next number from 0 to below 1: SplitMix64, so that a seed always gives the same faults.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Faults {
    /// No request has met them yet.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults.into_iter().map(Counted::new).collect()))
    }

    /// Replaces the faults in force.
    pub fn replace(&self, faults: Vec<Fault>) {
        *self.lock() = faults.into_iter().map(Counted::new).collect();
    }

    /// The faults in force, and how often each has struck.
    pub fn list(&self) -> Vec<(Fault, u64)> {
        self.lock()
            .iter()
            .map(|counted| (counted.fault.clone(), counted.applied))
            .collect()
    }

    /// What goes wrong with the next request of this kind, before its body is read.
    pub fn draw_early(&self, target: Target) -> Vec<Kind> {
        self.draw_some(target, None, true)
    }

    /// What goes wrong with the next request of this kind, from this device.
    pub fn draw(&self, target: Target, device: Option<&str>) -> Vec<Kind> {
        self.draw_some(target, device, false)
    }

    /// Whether any of them applies to one device only.
    pub fn ask_for_device(&self) -> bool {
        self.lock()
            .iter()
            .any(|counted| counted.fault.device.is_some())
    }

    fn draw_some(&self, target: Target, device: Option<&str>, early: bool) -> Vec<Kind> {
        let meets = |fault: &Fault| {
            early == matches!(fault.kind, Kind::EarlyAnswer(_))
                && fault.target.is_none_or(|wanted| wanted == target)
                && (fault.device.is_none() || fault.device.as_deref() == device.map(key))
        };
        self.lock()
            .iter_mut()
            .filter_map(|counted| {
                (meets(&counted.fault) && counted.strikes()).then(|| counted.fault.kind.clone())
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_every_kth_request_of_its_kind() {
        let faults = ["drop,every=2,times=2,on=message", "wrong-crc"];
        let faults = Faults::new(faults.map(|text| text.parse().unwrap()).into());
        let drawn: Vec<bool> = (0..7)
            .map(|_| faults.draw(Target::Message, None) == [Kind::Drop])
            .collect();
        assert_eq!(drawn, [false, true, false, true, false, false, false]);
        assert_eq!(faults.draw(Target::Part, None), [Kind::WrongCrc]);
    }

    #[test]
    fn strikes_by_chance_the_same_way_for_the_same_seed() {
        let struck = |text: &str| -> Vec<bool> {
            let faults = Faults::new(vec![text.parse().unwrap()]);
            (0..1000)
                .map(|_| !faults.draw(Target::Message, None).is_empty())
                .collect()
        };
        let some = struck("drop,probability=0.2,seed=7");
        let count = some.iter().filter(|struck| **struck).count();
        assert!((150..250).contains(&count), "{count}");
        assert_eq!(some, struck("drop,probability=0.2,seed=7"));
        assert_ne!(some, struck("drop,probability=0.2,seed=8"));
        assert!(!struck("drop,probability=0").contains(&true));
        assert!(!struck("drop,probability=1").contains(&false));
    }

    #[test]
    fn strikes_one_device_alone() {
        let faults = Faults::new(vec!["drop,device=urn:dev:IMEI:1:".parse().unwrap()]);
        assert!(faults.ask_for_device());
        let struck = |device| !faults.draw(Target::Message, device).is_empty();
        assert!(struck(Some("urn:dev:IMEI:1:")) && struck(Some("urn:dev:IMEI:1")));
        assert!(!struck(Some("urn:dev:IMEI:2")) && !struck(None));
    }

    #[test]
    fn draws_early_answers_before_the_body() {
        let faults = ["drop", "early-answer=401,times=1"];
        let faults = Faults::new(faults.map(|text| text.parse().unwrap()).into());
        let early = [Kind::EarlyAnswer(StatusCode::UNAUTHORIZED)];
        assert_eq!(faults.draw_early(Target::Message), early);
        assert_eq!(faults.draw_early(Target::Message), []);
        assert_eq!(faults.draw(Target::Message, None), [Kind::Drop]);
    }

    #[test]
    fn reads_every_kind() {
        for (text, kind) in [
            ("drop", Kind::Drop),
            ("delay=20", Kind::Delay(Duration::from_millis(20))),
            ("cut=0", Kind::Cut(0)),
            ("garbage", Kind::Garbage),
            (
                "status=503,retry-after=30",
                Kind::Status {
                    code: StatusCode::SERVICE_UNAVAILABLE,
                    retry_after: Some(30),
                },
            ),
            ("wrong-crc", Kind::WrongCrc),
            ("size-change", Kind::SizeChange),
            ("reset=5", Kind::Reset(5)),
            ("half-close=0", Kind::HalfClose(0)),
            (
                "early-answer=413",
                Kind::EarlyAnswer(StatusCode::PAYLOAD_TOO_LARGE),
            ),
            (
                "redirect",
                Kind::Redirect(HeaderValue::from_static("http://portal.example/")),
            ),
            (
                "redirect=/a?b=c",
                Kind::Redirect(HeaderValue::from_static("/a?b=c")),
            ),
            ("portal", Kind::Portal),
            ("trickle=3", Kind::Trickle(Duration::from_millis(3))),
            ("throttle=100", Kind::Throttle(100)),
            ("interim=2", Kind::Interim(2)),
            ("wrong-length=-1", Kind::WrongLength(-1)),
            ("wrong-length=+20", Kind::WrongLength(20)),
            ("gzip", Kind::Gzip),
            ("unknown-size", Kind::UnknownSize),
            ("short=100", Kind::Short(100)),
            ("overlap=100", Kind::Overlap(100)),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.kind, kind);
            assert_eq!(fault.to_string(), text);
        }
        for wrong in [
            "",
            "drop=1",
            "delay",
            "cut=-1",
            "status=100",
            "drop,every=0",
            "drop,x",
            "drop,retry-after=1",
            "wrong-crc,on=message",
            "short=1,on=message",
            "short=0",
            "overlap=0",
            "trickle=0",
            "reset",
            "wrong-length=0",
            "early-answer=100",
            "early-answer=400,device=urn:dev:IMEI:1",
            "redirect=\n",
            "portal=1",
            "replaced=/no/such/file",
            "drop,probability=1.5",
            "drop,probability=NaN",
            "drop,seed=-1",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
