//! The devices that the platform knows, each with its secret and its queue of downlinks.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Where a downlink is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for its turn.
    Pending,
    /// In a response that has not left as a whole; handed out again when that fails.
    Executing,
    /// Left in a response.
    Delivered,
}

/// A downlink and its state.
#[derive(Debug, Clone)]
struct Downlink {
    body: Bytes,
    state: State,
}

/// A downlink that goes into a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// The device's URN.
    pub urn: String,
    /// Place in the device's queue, from 0.
    pub index: usize,
    /// How many the queue holds in all states together.
    pub queued: usize,
    /// The response body.
    pub body: Bytes,
}

/// One registered device.
#[derive(Debug, Clone, Default)]
pub struct Device {
    secret: Option<String>,
    downlinks: Vec<Downlink>,
}

impl Device {
    /// The secret; a device without one needs no token.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }
}

/// All registered devices, by URN without the colon at its end.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    devices: BTreeMap<String, Device>,
}

impl Registry {
    /// Registers a device; one that is there already keeps its queue and gets the new secret.
    pub fn register(&mut self, urn: &str, secret: Option<String>) {
        self.devices.entry(key(urn).to_owned()).or_default().secret = secret;
    }

    /// Appends a downlink to the queue; false when the device is unknown.
    pub fn queue(&mut self, urn: &str, body: Bytes) -> bool {
        let Some(device) = self.devices.get_mut(key(urn)) else {
            return false;
        };
        device.downlinks.push(Downlink {
            body,
            state: State::Pending,
        });
        true
    }

    /// The device that `urn` names, with or without the colon at its end.
    pub fn find(&self, urn: &str) -> Option<&Device> {
        self.devices.get(key(urn))
    }

    /// The URNs of all devices.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        self.devices.keys().map(String::as_str)
    }

    /// The downlink whose turn it is. It is Executing from now on.
    pub fn hand_out(&mut self, urn: &str) -> Option<Handout> {
        let device = self.devices.get_mut(key(urn))?;
        let queued = device.downlinks.len();
        let (index, next) = device
            .downlinks
            .iter_mut()
            .enumerate()
            .find(|(_, downlink)| downlink.state != State::Delivered)?;
        next.state = State::Executing;
        Some(Handout {
            urn: key(urn).to_owned(),
            index,
            queued,
            body: next.body.clone(),
        })
    }

    /// Marks a downlink as having left.
    pub fn delivered(&mut self, handout: &Handout) {
        let downlink = self
            .devices
            .get_mut(&handout.urn)
            .and_then(|device| device.downlinks.get_mut(handout.index));
        if let Some(downlink) = downlink {
            downlink.state = State::Delivered;
        }
    }

    /// How many downlinks of all devices are in `state`.
    pub fn count(&self, state: State) -> usize {
        self.devices
            .values()
            .flat_map(|device| &device.downlinks)
            .filter(|downlink| downlink.state == state)
            .count()
    }
}

/// A URN as it is looked up: without the colon that ends a base name.
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
        assert!(registry.queue("urn:dev:IMEI:1", Bytes::from_static(b"a")));
        assert!(registry.queue("urn:dev:IMEI:1:", Bytes::from_static(b"b")));
        assert!(!registry.queue("urn:dev:IMEI:2:", Bytes::new()));

        let first = registry.hand_out("urn:dev:IMEI:1:").unwrap();
        assert_eq!(
            (&first.body[..], first.index, first.queued),
            (&b"a"[..], 0, 2)
        );
        assert_eq!(registry.hand_out("urn:dev:IMEI:1:"), Some(first.clone()));
        assert_eq!(registry.count(State::Executing), 1);
        registry.delivered(&first);
        let second = registry.hand_out("urn:dev:IMEI:1:").unwrap();
        assert_eq!(&second.body[..], b"b");
        registry.delivered(&second);
        assert_eq!(registry.hand_out("urn:dev:IMEI:1:"), None);
        assert_eq!(registry.count(State::Delivered), 2);
    }
}
