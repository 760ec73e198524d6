// SPDX-License-Identifier: MIT OR Apache-2.0
//! What all interfaces share: the model behind a lock, and who is notified when it changes.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::config::Config;
use crate::fault::Faults;
use crate::files::Files;
use crate::http::Places;
use crate::log::{Log, now};
use crate::model::device::key;
use crate::model::firmware::Progress;
use crate::model::{Model, Refusal, token};
use crate::sms::Route;
use crate::store::Store;

/// The platform.
pub struct Platform {
    /// Settings.
    pub config: Config,
    /// Files on offer.
    pub files: Files,
    /// What goes wrong on demand.
    pub faults: Faults,
    /// The logs.
    pub log: Log,
    /// Places for connections.
    pub places: Arc<Places>,
    /// Bytes of bodies that are still arriving.
    pub kept: AtomicUsize,
    /// How SMS reach devices.
    pub route: Option<Route>,
    /// Host and port in the URLs of files.
    pub origin: String,
    /// Distinguishes this run from others.
    pub run: String,
    is_kept_in_a_file: bool,
    shared: Mutex<Shared>,
    answered: AtomicU64,
    /// Incremented with each change.
    changes: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

/// What a platform is made from; the fields are those of [`Platform`].
pub struct Setup {
    pub config: Config,
    pub model: Model,
    pub store: Store,
    pub files: Files,
    pub faults: Faults,
    pub log: Log,
    pub route: Option<Route>,
    pub origin: String,
}

/// Locked together, so that the store sees changes in order.
struct Shared {
    model: Model,
    store: Store,
    /// How many changes there were.
    made: u64,
    /// How many of them are in the store.
    kept: u64,
}

impl Shared {
    /// Puts into the store what is not there yet.
    fn keep(&mut self) -> Result<(), String> {
        if self.kept < self.made {
            let notes = self.model.take_notes();
            if let Err(error) = self.store.keep(&self.model, &notes) {
                let error = format!("the state cannot be written: {error}");
                tracing::error!("{error}");
                return Err(error);
            }
            self.kept = self.made;
        }
        Ok(())
    }
}

/// A change that may not be in the store yet.
#[must_use]
pub struct Made(u64);

impl Platform {
    /// A platform that has not answered anything yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            places: Places::new(setup.config.max_connections),
            kept: AtomicUsize::new(0),
            config: setup.config,
            files: setup.files,
            faults: setup.faults,
            log: setup.log,
            route: setup.route,
            origin: setup.origin,
            run: format!("{:x}", now().to_bits()),
            is_kept_in_a_file: setup.store.is_a_file(),
            shared: Mutex::new(Shared {
                model: setup.model,
                store: setup.store,
                made: 0,
                kept: 0,
            }),
            answered: AtomicU64::new(0),
            changes: watch::Sender::new(0),
            stop: watch::Sender::new(false),
        }
    }

    /// Makes all ports close.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// True from the moment of [`Platform::stop`] on.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Waits for [`Platform::stop`].
    pub async fn stopped(&self) {
        // An error means that nobody can stop it any more, which is impossible while `self` lives.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Whether it is about to end.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Messages that have been answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// One more message has been answered.
    pub fn count_answer(&self) {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        if self
            .config
            .exit_after
            .is_some_and(|limit| answered >= limit)
        {
            self.stop();
        }
    }

    /// Reads the model. All of it is in the store, unless an error was reported.
    pub fn look<R>(&self, look: impl FnOnce(&Model) -> R) -> R {
        let mut shared = self.lock();
        let _told = shared.keep();
        look(&shared.model)
    }

    /// Changes the model. When this returns, the change is in the store, or an error says why not.
    pub fn change<R>(&self, change: impl FnOnce(&mut Model) -> R) -> Result<R, String> {
        let mut shared = self.lock();
        let result = change(&mut shared.model);
        shared.made += 1;
        let kept = shared.keep();
        drop(shared);
        self.changes.send_modify(|changes| *changes += 1);
        kept.map(|()| result)
    }

    /// The same, but the change is in the store only after [`Platform::kept`], so that one transaction holds those of many connections.
    pub fn change_with_others<R>(&self, change: impl FnOnce(&mut Model) -> R) -> (R, Made) {
        let mut shared = self.lock();
        let result = change(&mut shared.model);
        shared.made += 1;
        (result, Made(shared.made))
    }

    /// Waits until a change is in the store; an error says why it is not.
    pub async fn kept(&self, made: Made) -> Result<(), String> {
        if self.is_kept_in_a_file {
            // Connections that are ready to change something do so first.
            tokio::task::yield_now().await;
        }
        let kept = {
            let mut shared = self.lock();
            if shared.kept < made.0 {
                shared.keep()
            } else {
                Ok(())
            }
        };
        self.changes.send_modify(|changes| *changes += 1);
        kept
    }

    /// Notified of each change from now on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Offers an image to devices, each with a downlink that announces it; returns the number of the campaign.
    pub fn offer(&self, name: &str, image: &Bytes, urns: &[String]) -> Result<u64, Refusal> {
        self.look(|model| {
            let unknown = urns.iter().find(|urn| model.devices().find(urn).is_none());
            unknown.map_or(Ok(()), |urn| {
                Err(Refusal::Unknown(format!(
                    "firmware for {urn}: no such device is registered"
                )))
            })
        })?;
        let sha256 = sha256(image);
        let announced: Vec<_> = urns
            .iter()
            .map(|urn| {
                (
                    urn,
                    self.files.add_firmware(urn, image.clone(), &self.origin),
                )
            })
            .collect();
        self.lock()
            .store
            .keep_image(&sha256, image)
            .map_err(Refusal::Conflict)?;
        self.change(|model| {
            let mut devices = Vec::new();
            for (urn, downlink) in announced {
                let path = path_in(&downlink);
                let id = model.queue(urn, downlink.into())?;
                devices.push(Progress::new(key(urn).to_owned(), path, id));
            }
            Ok(model.offer(name, image.len(), sha256, devices))
        })
        .map_err(Refusal::Conflict)?
    }

    /// The same for one device from the command line, but does nothing if an earlier run has offered it.
    pub fn offer_once(&self, urn: &str, image: &Bytes) -> Result<(), Refusal> {
        let sha256 = sha256(image);
        let is_there = self.look(|model| {
            let mut same = model
                .campaigns()
                .iter()
                .filter(|other| other.sha256 == sha256);
            same.any(|other| other.devices.iter().any(|device| device.urn == key(urn)))
        });
        if !is_there {
            self.offer("--firmware", image, &[urn.to_owned()])?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sha256(image: &[u8]) -> String {
    let digest = Sha256::digest(image);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of the URL in a downlink that announces a file.
fn path_in(downlink: &str) -> String {
    let records: serde_json::Value = serde_json::from_str(downlink).unwrap_or_default();
    let url = records[1]["vs"].as_str().unwrap_or_default();
    let behind_host = url.strip_prefix("http://").and_then(|rest| rest.find('/'));
    let at = behind_host.map_or(url.len(), |at| at + "http://".len());
    url.get(at..).unwrap_or_default().to_owned()
}

/// Registers a device, with a warning if its secret does not look like one of the platform.
pub fn register(model: &mut Model, urn: &str, secret: Option<String>) -> Result<bool, Refusal> {
    if let Some(secret) = &secret
        && !token::secret_is_regular(secret)
    {
        tracing::warn!(
            "device {urn}: the secret does not follow the platform's rule, 30 to 100 letters and digits"
        );
    }
    model.register(urn, secret)
}
