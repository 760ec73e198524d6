//! Faults on demand: what a network and a server can do to a device.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The connection is closed without an answer, and the message is not taken.
    Drop,
    /// The answer comes late.
    Delay(Duration),
    /// The message is taken; the answer ends after this many bytes and the connection is closed.
    Cut(usize),
    /// The message is not taken; the answer is no HTTP.
    Garbage,
    /// The message is not taken; the answer has this status.
    Status {
        /// The status.
        code: StatusCode,
        /// Seconds of a Retry-After header.
        retry_after: Option<u32>,
    },
    /// The CRC of a part is wrong.
    WrongCrc,
    /// The total size of a file is one byte more than it was.
    SizeChange,
}

/// Which requests a fault meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Messages to the ingestion paths, and everything else that is no part.
    Message,
    /// Parts of files.
    Part,
}

/// One `--fault` of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: Kind,
    every: u64,
    times: u64,
    target: Option<Target>,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut options = text.split(',');
        let kind = kind_from_str(options.next().unwrap_or_default())?;
        let mut fault = Self {
            kind,
            every: 1,
            times: u64::MAX,
            target: matches!(kind, Kind::WrongCrc | Kind::SizeChange).then_some(Target::Part),
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
                Some(("on", "message")) if fault.target.is_none() => {
                    fault.target = Some(Target::Message);
                }
                Some(("on", "part")) => fault.target = Some(Target::Part),
                _ => {
                    return Err(format!(
                        "{option:?}: expected every=K, times=N, on=message, on=part or retry-after=S"
                    ));
                }
            }
        }
        Ok(fault)
    }
}

fn kind_from_str(text: &str) -> Result<Kind, String> {
    let number = |value: &str| {
        value
            .parse::<u64>()
            .map_err(|error| format!("{value:?}: {error}"))
    };
    match text.split_once('=').unwrap_or((text, "")) {
        ("drop", "") => Ok(Kind::Drop),
        ("garbage", "") => Ok(Kind::Garbage),
        ("wrong-crc", "") => Ok(Kind::WrongCrc),
        ("size-change", "") => Ok(Kind::SizeChange),
        ("delay", value) => Ok(Kind::Delay(Duration::from_millis(number(value)?))),
        ("cut", value) => Ok(Kind::Cut(
            usize::try_from(number(value)?).unwrap_or(usize::MAX),
        )),
        ("status", value) => value
            .parse()
            .ok()
            .filter(|code: &StatusCode| (200..600).contains(&code.as_u16()))
            .map(|code| Kind::Status {
                code,
                retry_after: None,
            })
            .ok_or_else(|| format!("status {value:?} is no number from 200 to 599")),
        _ => Err(format!(
            "{text:?}: expected drop, delay=MS, cut=BYTES, garbage, status=CODE, wrong-crc or size-change"
        )),
    }
}

fn positive(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{text:?} is no number above 0"))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Drop => f.write_str("connection closed without an answer"),
            Kind::Delay(time) => write!(f, "answer {} ms late", time.as_millis()),
            Kind::Cut(length) => write!(f, "answer cut after {length} bytes"),
            Kind::Garbage => f.write_str("answer is garbage"),
            Kind::Status { code, .. } => write!(f, "answer is status {}", code.as_u16()),
            Kind::WrongCrc => f.write_str("wrong CRC"),
            Kind::SizeChange => f.write_str("total size changed"),
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
}

impl Faults {
    /// Nothing has met them yet.
    pub fn new(faults: Vec<Fault>) -> Self {
        let counted = |fault| Counted {
            fault,
            met: 0,
            applied: 0,
        };
        Self(Mutex::new(faults.into_iter().map(counted).collect()))
    }

    /// What goes wrong with the next request of this kind.
    pub fn draw(&self, target: Target) -> Vec<Kind> {
        let mut drawn = Vec::new();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for counted in all.iter_mut() {
            let fault = &counted.fault;
            if fault.target.is_some_and(|wanted| wanted != target) {
                continue;
            }
            counted.met += 1;
            if counted.met % fault.every == 0 && counted.applied < fault.times {
                counted.applied += 1;
                drawn.push(fault.kind);
            }
        }
        drawn
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
            .map(|_| faults.draw(Target::Message) == [Kind::Drop])
            .collect();
        assert_eq!(drawn, [false, true, false, true, false, false, false]);
        assert_eq!(faults.draw(Target::Part), [Kind::WrongCrc]);
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
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().kind, kind);
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
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
