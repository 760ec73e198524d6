// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images on offer, and how much of its image each device has fetched.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One image for one or more devices.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Campaign {
    /// Counts from 1.
    pub id: u64,
    /// The name that its owner gave it.
    pub name: String,
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 of the image, in hex.
    pub sha256: String,
    /// The progress of each device.
    pub devices: Vec<Progress>,
}

/// The progress of a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Progress {
    /// The device.
    pub urn: String,
    /// Path of its image.
    pub path: String,
    /// The downlink that announces it.
    pub downlink: u64,
    /// How many different bytes were sent to it.
    pub received: usize,
    /// How much of the image that is.
    pub percent: f64,
    /// Whether that is the whole image.
    pub done: bool,
    /// The ranges of bytes that were sent, ordered and disjoint.
    sent: Vec<Range<usize>>,
}

impl Progress {
    /// Nothing has been sent yet.
    pub const fn new(urn: String, path: String, downlink: u64) -> Self {
        Self {
            urn,
            path,
            downlink,
            received: 0,
            percent: 0.0,
            done: false,
            sent: Vec::new(),
        }
    }

    /// A part of an image of `size` bytes was sent.
    pub fn add(&mut self, part: Range<usize>, size: usize) {
        let mut part = part;
        self.sent.retain(|other| {
            let apart = other.end < part.start || part.end < other.start;
            if !apart {
                part = part.start.min(other.start)..part.end.max(other.end);
            }
            apart
        });
        self.sent.push(part);
        self.received = self.sent.iter().map(Range::len).sum();
        self.percent = if size == 0 {
            100.0
        } else {
            self.received as f64 * 100.0 / size as f64
        };
        self.done = self.received >= size;
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn counts_each_byte_once() {
        let mut progress = Progress::new(String::new(), String::new(), 1);
        for (part, received) in [
            (0..10, 10),
            (20..30, 20),
            (0..10, 20),
            (5..25, 30),
            (30..31, 31),
            (90..100, 41),
            (0..90, 100),
        ] {
            progress.add(part, 100);
            assert_eq!(progress.received, received);
            assert_eq!(progress.done, received == 100);
        }
    }
}
