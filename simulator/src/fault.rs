// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults on demand: everything that a network and a server can do to a device.

mod kind;

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::device::key;
#[cfg(any(feature = "tls", test))]
pub use kind::Tls;
pub use kind::{Kind, Stage};

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
        let kind: Kind = options.next().unwrap_or_default().parse()?;
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
                Some(("device", urn)) => match fault.kind.stage() {
                    Stage::Request => fault.device = Some(key(urn).to_owned()),
                    Stage::Head => {
                        let why = "an early answer is given before the device is known";
                        return Err(why.to_owned());
                    }
                    Stage::Handshake => {
                        let why =
                            "a request names the device, and there is none yet in a TLS handshake";
                        return Err(format!("device: {why}"));
                    }
                },
                Some(("on", _)) if fault.kind.stage() == Stage::Handshake => {
                    return Err("on: a TLS fault meets a connection, not a request".to_owned());
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

impl Fault {
    /// Whether it needs a port with TLS.
    pub fn is_of_tls(&self) -> bool {
        self.kind.stage() == Stage::Handshake
    }
}

/// The reason to refuse a TLS fault if there is no port with TLS.
pub const NO_TLS: &str = "there is no port with TLS, which --tls-listen opens";

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|error| format!("{text:?}: {error}"))
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

    /// What goes wrong with the next TLS connection. If several faults strike, the first one counts.
    #[cfg(feature = "tls")]
    pub fn draw_tls(&self) -> Option<Tls> {
        let drawn = self.draw_some(Stage::Handshake, None, None);
        drawn.into_iter().find_map(|kind| match kind {
            Kind::Tls(tls) => Some(tls),
            _ => None,
        })
    }

    /// What goes wrong with the next request of this kind, before its body is read.
    pub fn draw_early(&self, target: Target) -> Vec<Kind> {
        self.draw_some(Stage::Head, Some(target), None)
    }

    /// What goes wrong with the next request of this kind, from this device.
    pub fn draw(&self, target: Target, device: Option<&str>) -> Vec<Kind> {
        self.draw_some(Stage::Request, Some(target), device)
    }

    /// Whether any of them applies to one device only.
    pub fn ask_for_device(&self) -> bool {
        self.lock()
            .iter()
            .any(|counted| counted.fault.device.is_some())
    }

    fn draw_some(&self, stage: Stage, target: Option<Target>, device: Option<&str>) -> Vec<Kind> {
        let meets = |fault: &Fault| {
            fault.kind.stage() == stage
                && (fault.target.is_none() || fault.target == target)
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
    use std::time::Duration;

    use hyper::StatusCode;
    use hyper::header::HeaderValue;

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

    #[cfg(feature = "tls")]
    #[test]
    fn tls_faults_meet_connections_and_others_do_not() {
        let faults = ["drop", "tls-reset,every=2,times=1", "tls-alert=40,every=2"];
        let faults = Faults::new(faults.map(|text| text.parse().unwrap()).into());
        assert_eq!(faults.draw_tls(), None);
        // The alert strikes as well, but only the first fault counts.
        assert_eq!(faults.draw_tls(), Some(Tls::Reset));
        assert_eq!(faults.draw(Target::Message, None), [Kind::Drop]);
        assert_eq!(faults.draw_tls(), None);
        assert_eq!(faults.draw_tls(), Some(Tls::Alert(40)));
        let device = "tls-expired,device=urn:dev:IMEI:1".parse::<Fault>();
        assert!(device.unwrap_err().contains("none yet in a TLS handshake"));
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
            ("tls-silent", Kind::Tls(Tls::Silent)),
            ("tls-cut=0", Kind::Tls(Tls::Cut(0))),
            ("tls-alert=80", Kind::Tls(Tls::Alert(80))),
            ("tls-old-version", Kind::Tls(Tls::OldVersion)),
            ("tls-expired", Kind::Tls(Tls::Expired)),
            ("tls-other-name", Kind::Tls(Tls::OtherName)),
            ("tls-self-signed", Kind::Tls(Tls::SelfSigned)),
            ("tls-unknown-ca", Kind::Tls(Tls::UnknownCa)),
            ("tls-reset", Kind::Tls(Tls::Reset)),
            ("tls-no-close-notify", Kind::Tls(Tls::NoCloseNotify)),
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
            "tls",
            "tls-cut",
            "tls-alert=256",
            "tls-alert=0",
            "tls-expired=1",
            "tls-expired,device=urn:dev:IMEI:1",
            "tls-reset,on=message",
            "tls-reset,on=part",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
