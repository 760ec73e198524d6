// SPDX-License-Identifier: MIT OR Apache-2.0
//! The platform without its interfaces: devices, queues, verdicts and history. No input, no output, no clock.
//!
//! Each change is noted. The caller takes the notes, which tell it what to store and whom to notify.

pub mod device;
pub mod event;
pub mod firmware;
pub mod history;
pub mod marks;
pub mod secret;
pub mod senml;
pub mod sms;
pub mod token;
pub mod verify;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use device::{Downlink, Handout, Registry, State};
use event::{Event, Kind};
use firmware::{Campaign, Progress};
use history::{Filter, History, Limits};
use secret::{Secret, Secrets};
use sms::{Attempt, Sms, SmsState};

/// How many notes are kept for late listeners.
const FEED_MAX: usize = 4096;

/// What has changed. It names the thing, not its state, which can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A message arrived.
    Message(u64),
    /// Messages up to this one were dropped.
    Forgotten(u64),
    /// A device was added, changed or removed.
    Device(String),
    /// The state of a downlink of a device has changed.
    Downlink(String, u64),
    /// The state of an SMS has changed.
    Sms(u64),
    /// A device has fetched more of an image, or an image is on offer.
    Firmware(u64),
    /// The faults in force have changed.
    Fault,
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What it refers to does not exist.
    Unknown(String),
    /// It conflicts with what exists.
    Conflict(String),
    /// It is invalid in itself.
    Wrong(String),
}

impl Refusal {
    /// The sentence that describes it.
    pub fn sentence(self) -> String {
        match self {
            Self::Unknown(sentence) | Self::Conflict(sentence) | Self::Wrong(sentence) => sentence,
        }
    }
}

/// Everything that the platform knows.
#[derive(Debug, Default)]
pub struct Model {
    devices: Registry,
    secrets: Secrets,
    history: History,
    sms: Vec<Sms>,
    campaigns: Vec<Campaign>,
    /// The number of the last message.
    last_message: u64,
    notes: Vec<Note>,
    feed: VecDeque<(u64, Note)>,
    /// The number of the last note.
    last_note: u64,
    /// Downlinks and SMS up to these numbers are from an earlier run.
    earlier: (u64, u64),
}

impl Model {
    /// An empty model.
    pub fn new(limits: Limits) -> Self {
        Self {
            history: History::new(limits),
            ..Self::default()
        }
    }

    /// The devices.
    pub const fn devices(&self) -> &Registry {
        &self.devices
    }

    /// The messages.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// One image.
    pub fn campaign(&self, id: u64) -> Option<&Campaign> {
        self.campaigns.iter().find(|campaign| campaign.id == id)
    }

    /// The SMS.
    pub fn sms(&self) -> &[Sms] {
        &self.sms
    }

    /// The images.
    pub fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    /// The secrets of all devices, including those removed or changed.
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The number of the last message.
    pub const fn last_message(&self) -> u64 {
        self.last_message
    }

    /// What has changed since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Notes above this number, and the number of the last one.
    pub fn feed_after(&self, number: u64) -> (Vec<(u64, Note)>, u64) {
        let begin = self.feed.partition_point(|(other, _)| *other <= number);
        (self.feed.range(begin..).cloned().collect(), self.last_note)
    }

    fn note(&mut self, note: Note) {
        if !matches!(note, Note::Forgotten(_)) {
            self.last_note += 1;
            self.feed.push_back((self.last_note, note.clone()));
            if self.feed.len() > FEED_MAX {
                self.feed.pop_front();
            }
        }
        self.notes.push(note);
    }

    /// The faults in force have changed.
    pub fn faults_changed(&mut self) {
        self.note(Note::Fault);
    }

    /// Registers a device, or changes its secret. True if it is new.
    pub fn register(&mut self, urn: &str, secret: Option<String>) -> Result<bool, Refusal> {
        if device::key(urn).is_empty() {
            return Err(Refusal::Wrong("a device needs a URN".to_owned()));
        }
        if secret.as_deref() == Some("") {
            return Err(Refusal::Wrong(format!(
                "device {urn}: the secret is empty; leave it out for a device that needs no token"
            )));
        }
        let secret = secret.map(Secret::new);
        if let Some(secret) = &secret {
            self.secrets.add(secret);
        }
        let new = self.devices.register(urn, secret);
        self.note(Note::Device(device::key(urn).to_owned()));
        Ok(new)
    }

    /// Removes a device with its queue.
    pub fn remove(&mut self, urn: &str) -> Result<(), Refusal> {
        if !self.devices.remove(urn) {
            return Err(unknown(urn));
        }
        self.note(Note::Device(device::key(urn).to_owned()));
        Ok(())
    }

    /// Queues a body unchanged, and returns its number.
    pub fn queue(&mut self, urn: &str, body: Bytes) -> Result<u64, Refusal> {
        let queued = self.devices.queue(urn, body);
        let id = queued.ok_or_else(|| unknown(urn))?;
        self.note(Note::Downlink(device::key(urn).to_owned(), id));
        Ok(id)
    }

    /// The same, but does nothing if an earlier run has already queued it.
    pub fn queue_once(&mut self, urn: &str, body: Bytes) -> Result<(), Refusal> {
        let earlier = self.earlier.0;
        let device = self.devices.find(urn).ok_or_else(|| unknown(urn))?;
        let is_there = |other: &Downlink| other.id <= earlier && other.body == body;
        if !device.downlinks().iter().any(is_there) {
            self.queue(urn, body)?;
        }
        Ok(())
    }

    /// Withdraws a downlink whose turn has not come.
    pub fn cancel(&mut self, urn: &str, id: u64) -> Result<(), Refusal> {
        let device = self.devices.find(urn).ok_or_else(|| unknown(urn))?;
        let downlink = device
            .downlink(id)
            .ok_or_else(|| Refusal::Unknown(format!("device {urn} has no downlink {id}")))?;
        if downlink.state != State::Pending {
            return Err(Refusal::Conflict(format!(
                "downlink {id} is no longer pending"
            )));
        }
        self.set(urn, id, State::Cancelled);
        Ok(())
    }

    fn set(&mut self, urn: &str, id: u64, state: State) {
        if self.devices.set(urn, id, state).is_some() {
            self.note(Note::Downlink(device::key(urn).to_owned(), id));
        }
    }

    /// The downlink whose turn it is. It is Executing from now on.
    pub fn hand_out(&mut self, urn: &str) -> Option<Handout> {
        let handout = self.devices.hand_out(urn)?;
        self.note(Note::Downlink(handout.urn.clone(), handout.id));
        Some(handout)
    }

    /// A downlink has been sent.
    pub fn delivered(&mut self, handout: &Handout) {
        self.set(&handout.urn, handout.id, State::Delivered);
    }

    /// A downlink was not sent completely: it is pending again.
    pub fn came_back(&mut self, handout: &Handout) {
        let device = self.devices.find(&handout.urn);
        let downlink = device.and_then(|device| device.downlink(handout.id));
        // Another connection may have delivered it in the meantime.
        if downlink.is_some_and(|downlink| downlink.state == State::Executing) {
            self.set(&handout.urn, handout.id, State::Pending);
        }
    }

    /// Numbers a message, removes secrets from it, and keeps it.
    pub fn record(&mut self, mut event: Event) -> Arc<Event> {
        event.blot(&self.secrets);
        self.last_message += 1;
        event.number = self.last_message;
        if event.kind == Kind::Part
            && event.accepted
            && let Some(part) = &event.part
        {
            self.progress(&event.path, part.offset..part.offset + part.length);
        }
        let event = Arc::new(event);
        self.keep(&event);
        self.note(Note::Message(event.number));
        event
    }

    fn keep(&mut self, event: &Arc<Event>) {
        let device = event.device.as_deref().map(device::key);
        if let Some(device) = device.and_then(|urn| self.devices.find_mut(urn)) {
            device.messages += 1;
        }
        if let Some(number) = self.history.push(Arc::clone(event)) {
            self.note(Note::Forgotten(number));
        }
    }

    /// Drops all messages.
    pub fn forget(&mut self) {
        self.history.clear();
        self.note(Note::Forgotten(self.last_message));
    }

    /// Queues an SMS, and returns its number.
    pub fn queue_sms(&mut self, urn: &str, body: &str, now: f64) -> Result<u64, Refusal> {
        if self.devices.find(urn).is_none() {
            return Err(Refusal::Unknown(format!(
                "SMS for {urn}: no such device is registered"
            )));
        }
        let id = self.sms.last().map_or(0, |sms| sms.id) + 1;
        self.sms.push(Sms {
            id,
            urn: device::key(urn).to_owned(),
            body: body.to_owned(),
            time: now,
            state: SmsState::Executing,
            attempts: Vec::new(),
        });
        self.note(Note::Sms(id));
        Ok(id)
    }

    /// The same, but does nothing if an earlier run has already queued it.
    pub fn queue_sms_once(&mut self, urn: &str, body: &str, now: f64) -> Result<(), Refusal> {
        let earlier = self.earlier.1;
        let is_there = |other: &Sms| {
            other.id <= earlier && other.urn == device::key(urn) && other.body == body
        };
        if !self.sms.iter().any(is_there) {
            self.queue_sms(urn, body, now)?;
        }
        Ok(())
    }

    /// One SMS.
    pub fn find_sms(&self, id: u64) -> Option<&Sms> {
        let place = self.sms.binary_search_by_key(&id, |sms| sms.id).ok()?;
        self.sms.get(place)
    }

    /// An attempt to deliver an SMS was made.
    pub fn attempted(&mut self, id: u64, attempt: Attempt) {
        if let Ok(place) = self.sms.binary_search_by_key(&id, |sms| sms.id) {
            let sms = &mut self.sms[place];
            sms.state = attempt.state;
            sms.attempts.push(attempt);
            self.note(Note::Sms(id));
        }
    }

    /// Offers an image to devices; each has its own path and downlink.
    pub fn offer(
        &mut self,
        name: &str,
        size: usize,
        sha256: String,
        devices: Vec<Progress>,
    ) -> u64 {
        let id = self.campaigns.last().map_or(0, |campaign| campaign.id) + 1;
        self.campaigns.push(Campaign {
            id,
            name: name.to_owned(),
            size,
            sha256,
            devices,
        });
        self.note(Note::Firmware(id));
        id
    }

    fn progress(&mut self, path: &str, part: std::ops::Range<usize>) {
        let mut further = Vec::new();
        for campaign in &mut self.campaigns {
            let size = campaign.size;
            let devices = campaign.devices.iter_mut();
            for progress in devices.filter(|progress| progress.path == path) {
                progress.add(part.clone(), size);
                further.push(campaign.id);
            }
        }
        for id in further {
            self.note(Note::Firmware(id));
        }
    }

    /// The messages that match a filter.
    pub fn select(&self, filter: &Filter) -> Vec<Arc<Event>> {
        self.history.select(filter)
    }
}

/// What was stored by an earlier run.
#[derive(Debug, Default)]
pub struct Kept {
    /// URNs, their secrets, and the number of messages from each.
    pub devices: Vec<(String, Option<String>, u64)>,
    /// Downlinks with the URN of each, in the order of their numbers.
    pub downlinks: Vec<(String, Downlink)>,
    /// Messages in their order.
    pub events: Vec<Event>,
    /// SMS in their order.
    pub sms: Vec<Sms>,
    /// Images on offer.
    pub campaigns: Vec<Campaign>,
    /// The number of the last message.
    pub last_message: u64,
    /// The number of the last downlink.
    pub last_downlink: u64,
}

impl Model {
    /// Continues where an earlier run ended. A downlink that was on its way then may have arrived, so it is not sent
    /// again.
    pub fn restore(&mut self, kept: Kept) {
        for (urn, secret, _) in &kept.devices {
            let secret = secret.clone().map(Secret::new);
            if let Some(secret) = &secret {
                self.secrets.add(secret);
            }
            self.devices.register(urn, secret);
        }
        let mut unsure = Vec::new();
        for (urn, downlink) in kept.downlinks {
            if downlink.state == State::Executing {
                unsure.push((urn.clone(), downlink.id));
            }
            self.devices.restore(&urn, downlink);
        }
        self.devices.skip_to(kept.last_downlink);
        self.last_message = kept.last_message;
        for event in kept.events {
            self.last_message = self.last_message.max(event.number);
            self.keep(&Arc::new(event));
        }
        for (urn, _, messages) in kept.devices {
            if let Some(device) = self.devices.find_mut(&urn) {
                device.messages = messages;
            }
        }
        self.sms = kept.sms;
        self.campaigns = kept.campaigns;
        let last_sms = self.sms.last().map_or(0, |sms| sms.id);
        self.earlier = (self.devices.last(), last_sms);
        for (urn, id) in unsure {
            self.set(&urn, id, State::Failed);
        }
    }
}

fn unknown(urn: &str) -> Refusal {
    Refusal::Unknown(format!("no such device is registered: {urn}"))
}

/// Refuses a body that the platform would not send as a downlink.
pub fn check_downlink(body: &[u8]) -> Result<(), Refusal> {
    let pack = senml::parse(body)
        .map_err(|problem| Refusal::Wrong(problem.sentence.replace("the body", "the downlink")))?;
    let named = senml::first_base_name(&pack).is_some();
    let problem = senml::check(&pack, 0.0)
        .problems
        .into_iter()
        // The platform writes bn; a device takes a pack without it as meant for itself.
        .find(|problem| named || problem.record.is_some() || pack.is_empty());
    problem.map_or(Ok(()), |problem| Err(Refusal::Wrong(problem.sentence)))
}

#[cfg(test)]
mod tests;
