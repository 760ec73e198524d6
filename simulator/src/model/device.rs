// SPDX-License-Identifier: MIT OR Apache-2.0
//! The devices that the platform knows, each with its secret and its queue of downlinks.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// The state of a downlink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Waits for its turn.
    Pending,
    /// In a response that has not been sent completely; pending again if that fails.
    Executing,
    /// Sent in a response.
    Delivered,
    /// It is unknown whether it was sent, so it is not sent again.
    Failed,
    /// Withdrawn before its turn.
    Cancelled,
}

/// A downlink and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downlink {
    /// Unique across all devices.
    pub id: u64,
    /// The response body.
    pub body: Bytes,
    /// Its state.
    pub state: State,
}

impl Downlink {
    const fn waits(&self) -> bool {
        matches!(self.state, State::Pending | State::Executing)
    }
}

/// A downlink that goes into a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// The device's URN.
    pub urn: String,
    /// The downlink's number.
    pub id: u64,
    /// The response body.
    pub body: Bytes,
}

/// One registered device.
#[derive(Debug, Clone, Default)]
pub struct Device {
    secret: Option<Secret>,
    downlinks: Vec<Downlink>,
    /// Index of the first downlink that may still have to be sent.
    next: usize,
    /// How many messages came from this device, including refused ones.
    pub messages: u64,
}

impl Device {
    /// The secret; a device without one needs no token.
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Its downlinks in the order in which they were queued.
    pub fn downlinks(&self) -> &[Downlink] {
        &self.downlinks
    }

    /// One of its downlinks.
    pub fn downlink(&self, id: u64) -> Option<&Downlink> {
        let place = self.downlinks.binary_search_by_key(&id, |other| other.id);
        self.downlinks.get(place.ok()?)
    }

    fn downlink_mut(&mut self, id: u64) -> Option<&mut Downlink> {
        let place = self.downlinks.binary_search_by_key(&id, |other| other.id);
        self.downlinks.get_mut(place.ok()?)
    }

    /// How many downlinks are in `state`.
    pub fn count(&self, state: State) -> usize {
        self.downlinks
            .iter()
            .filter(|downlink| downlink.state == state)
            .count()
    }
}

/// All registered devices, by URN without the final colon.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    devices: BTreeMap<String, Device>,
    last: u64,
}

impl Registry {
    /// Registers a device; an existing one keeps its queue and gets the new secret. False if it existed.
    pub fn register(&mut self, urn: &str, secret: Option<Secret>) -> bool {
        let new = self.find(urn).is_none();
        self.devices.entry(key(urn).to_owned()).or_default().secret = secret;
        new
    }

    /// Removes a device with its queue; false if it is unknown.
    pub fn remove(&mut self, urn: &str) -> bool {
        self.devices.remove(key(urn)).is_some()
    }

    /// Appends a downlink to the queue and returns its number; `None` if the device is unknown.
    pub fn queue(&mut self, urn: &str, body: Bytes) -> Option<u64> {
        let id = self.last + 1;
        self.restore(
            urn,
            Downlink {
                id,
                body,
                state: State::Pending,
            },
        )
        .then_some(id)
    }

    /// Appends a downlink with a given number, above that of all others; false if the device is unknown.
    pub fn restore(&mut self, urn: &str, downlink: Downlink) -> bool {
        let Some(device) = self.devices.get_mut(key(urn)) else {
            return false;
        };
        self.last = self.last.max(downlink.id);
        device.downlinks.push(downlink);
        true
    }

    /// The number of the last downlink.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Numbers up to this one are in use.
    pub fn skip_to(&mut self, id: u64) {
        self.last = self.last.max(id);
    }

    /// The device that `urn` names, with or without its final colon.
    pub fn find(&self, urn: &str) -> Option<&Device> {
        self.devices.get(key(urn))
    }

    /// The same, mutable.
    pub fn find_mut(&mut self, urn: &str) -> Option<&mut Device> {
        self.devices.get_mut(key(urn))
    }

    /// All devices, by their URNs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Device)> {
        self.devices.iter().map(|(urn, device)| (&**urn, device))
    }

    /// The URNs of all devices.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        self.devices.keys().map(String::as_str)
    }

    /// The downlink whose turn it is. It is Executing from now on.
    pub fn hand_out(&mut self, urn: &str) -> Option<Handout> {
        let device = self.devices.get_mut(key(urn))?;
        while device
            .downlinks
            .get(device.next)
            .is_some_and(|downlink| !downlink.waits())
        {
            device.next += 1;
        }
        let next = device.downlinks.get_mut(device.next)?;
        next.state = State::Executing;
        Some(Handout {
            urn: key(urn).to_owned(),
            id: next.id,
            body: next.body.clone(),
        })
    }

    /// Changes the state of a downlink; `None` if it is unknown.
    pub fn set(&mut self, urn: &str, id: u64, state: State) -> Option<()> {
        self.find_mut(urn)?.downlink_mut(id)?.state = state;
        Some(())
    }

    /// How many downlinks of all devices are in `state`.
    pub fn count(&self, state: State) -> usize {
        self.devices
            .values()
            .map(|device| device.count(state))
            .sum()
    }
}

/// A URN as used for look-up: without its final colon.
pub fn key(urn: &str) -> &str {
    urn.strip_suffix(':').unwrap_or(urn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_one_at_a_time_and_again_until_delivered() {
        let mut registry = Registry::default();
        registry.register("urn:dev:IMEI:1:", None);
        assert_eq!(
            registry.queue("urn:dev:IMEI:1", Bytes::from_static(b"a")),
            Some(1)
        );
        assert_eq!(
            registry.queue("urn:dev:IMEI:1:", Bytes::from_static(b"b")),
            Some(2)
        );
        assert_eq!(registry.queue("urn:dev:IMEI:2:", Bytes::new()), None);

        let first = registry.hand_out("urn:dev:IMEI:1:").unwrap();
        assert_eq!((&first.body[..], first.id), (&b"a"[..], 1));
        assert_eq!(registry.hand_out("urn:dev:IMEI:1:"), Some(first.clone()));
        assert_eq!(registry.count(State::Executing), 1);
        registry.set(&first.urn, first.id, State::Delivered);
        let second = registry.hand_out("urn:dev:IMEI:1:").unwrap();
        assert_eq!(&second.body[..], b"b");
        registry.set(&second.urn, second.id, State::Delivered);
        assert_eq!(registry.hand_out("urn:dev:IMEI:1:"), None);
        assert_eq!(registry.count(State::Delivered), 2);
    }

    #[test]
    fn passes_over_what_was_taken_back() {
        let mut registry = Registry::default();
        registry.register("a", None);
        for body in ["1", "2", "3"] {
            registry.queue("a", Bytes::from_static(body.as_bytes()));
        }
        registry.set("a", 1, State::Cancelled);
        registry.set("a", 2, State::Failed);
        assert_eq!(registry.hand_out("a").unwrap().id, 3);
        assert!(registry.remove("a:"));
        assert!(!registry.remove("a"));
        registry.register("a", None);
        // Numbers are never given twice.
        assert_eq!(registry.queue("a", Bytes::new()), Some(4));
    }
}
