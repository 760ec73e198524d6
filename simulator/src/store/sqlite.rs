// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state as a database of SQLite.
//!
//! With a write-ahead log, a change is there completely or not at all, whenever the program is killed. If the machine
//! loses power, the last moments may be lost: syncing each message would be slow, for no benefit on a desk.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bytes::Bytes;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::device::{Downlink, State};
use crate::model::{Kept, Model, Note};

/// URNs, and the image offered to each device.
pub type Images = Vec<(String, Bytes)>;

/// Incremented when the tables change.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE devices (urn TEXT PRIMARY KEY, secret TEXT, messages INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE downlinks (id INTEGER PRIMARY KEY, urn TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL);
    CREATE TABLE messages (number INTEGER PRIMARY KEY, event TEXT NOT NULL);
    CREATE TABLE sms (id INTEGER PRIMARY KEY, sms TEXT NOT NULL);
    CREATE TABLE campaigns (id INTEGER PRIMARY KEY, campaign TEXT NOT NULL);
    CREATE TABLE images (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL);
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// The open file; no other program can open it meanwhile.
#[derive(Debug)]
pub struct File {
    connection: Connection,
    /// What could not be written yet.
    pending: Vec<Note>,
}

impl File {
    /// Opens a file, or creates it, accessible only to its owner, since it contains secrets.
    pub fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| failed(&error))?;
        let connection = Connection::open(path).map_err(|error| failed(&error))?;
        let version = prepare(&connection).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy) => failed(&"another program has it open"),
            _ => failed(&error),
        })?;
        if version != VERSION {
            return Err(failed(&format!(
                "it is of version {version}, and this program knows {VERSION}"
            )));
        }
        Ok(Self {
            connection,
            pending: Vec::new(),
        })
    }

    /// Everything in it; of the messages only the last ones.
    pub fn read(&self, history: usize) -> Result<(Kept, Images), Error> {
        let all = &self.connection;
        let mut kept = Kept {
            last_message: counter(all, "message")?,
            last_downlink: counter(all, "downlink")?,
            ..Kept::default()
        };
        let mut devices = all.prepare("SELECT urn, secret, messages FROM devices")?;
        for row in devices.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            kept.devices.push(row?);
        }
        let mut downlinks =
            all.prepare("SELECT urn, id, body, state FROM downlinks ORDER BY id")?;
        for row in downlinks.query_map([], |row| {
            let downlink = Downlink {
                id: row.get(1)?,
                body: row.get::<_, Vec<u8>>(2)?.into(),
                state: from_json::<State>(&row.get::<_, String>(3)?, 3)?,
            };
            Ok((row.get(0)?, downlink))
        })? {
            kept.downlinks.push(row?);
        }
        let last = i64::try_from(history).unwrap_or(i64::MAX);
        let mut messages = all.prepare(
            "SELECT event FROM (SELECT * FROM messages ORDER BY number DESC LIMIT ?) ORDER BY number",
        )?;
        for row in messages.query_map([last], |row| row.get::<_, String>(0))? {
            kept.events.push(from_json(&row?, 0)?);
        }
        let mut sms = all.prepare("SELECT sms FROM sms ORDER BY id")?;
        for row in sms.query_map([], |row| row.get::<_, String>(0))? {
            kept.sms.push(from_json(&row?, 0)?);
        }
        let mut campaigns = all.prepare("SELECT campaign FROM campaigns ORDER BY id")?;
        for row in campaigns.query_map([], |row| row.get::<_, String>(0))? {
            kept.campaigns.push(from_json(&row?, 0)?);
        }
        let mut image = all.prepare("SELECT content FROM images WHERE sha256 = ?")?;
        let mut images = Images::new();
        for campaign in &kept.campaigns {
            let content = image.query_row([&campaign.sha256], |row| row.get::<_, Vec<u8>>(0));
            if let Some(content) = content.optional()? {
                let content = Bytes::from(content);
                let devices = campaign.devices.iter();
                images.extend(devices.map(|device| (device.urn.clone(), content.clone())));
            }
        }
        Ok((kept, images))
    }

    /// Keeps what the notes name in one transaction.
    pub fn keep(&mut self, model: &Model, notes: &[Note]) -> Result<(), Error> {
        self.pending.extend_from_slice(notes);
        if self.pending.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        let mut forgotten = None;
        for note in &self.pending {
            match note {
                // Each holds for those before it too.
                Note::Forgotten(_) => forgotten = Some(note),
                other => write(&transaction, model, other)?,
            }
        }
        if let Some(last) = forgotten {
            write(&transaction, model, last)?;
        }
        transaction.commit()?;
        self.pending.clear();
        Ok(())
    }

    /// Stores an image.
    pub fn keep_image(&mut self, sha256: &str, image: &[u8]) -> Result<(), Error> {
        self.connection.execute(
            "INSERT OR IGNORE INTO images VALUES (?, ?)",
            params![sha256, image],
        )?;
        Ok(())
    }
}

/// Prepares the file, and returns its version.
fn prepare(connection: &Connection) -> Result<i64, Error> {
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let version = "PRAGMA user_version";
    let found: i64 = connection.query_row(version, [], |row| row.get(0))?;
    if found == 0 {
        connection.execute_batch(&format!("BEGIN;{TABLES}COMMIT;"))?;
        return connection.query_row(version, [], |row| row.get(0));
    }
    // Locked now, so that a second program is refused at its start.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    Ok(found)
}

/// Writes the present state of what a note names.
fn write(to: &Transaction<'_>, model: &Model, note: &Note) -> Result<(), Error> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        to.prepare_cached(sql)?.execute(values).map(|_| ())
    };
    match note {
        Note::Message(number) => {
            let Some(event) = model.history().get(*number) else {
                return Ok(());
            };
            let text = to_json(&**event)?;
            run(
                "INSERT OR REPLACE INTO messages VALUES (?, ?)",
                &[number, &text],
            )?;
            let urn = event.device.as_deref().map(crate::model::device::key);
            match urn.and_then(|urn| Some((urn, model.devices().find(urn)?))) {
                Some((urn, device)) => run(
                    "UPDATE devices SET messages = ? WHERE urn = ?",
                    &[&device.messages, &urn],
                ),
                None => Ok(()),
            }
        }
        Note::Forgotten(number) => {
            set_counter(to, "message", model.last_message())?;
            run("DELETE FROM messages WHERE number <= ?", &[number])
        }
        Note::Device(urn) => match model.devices().find(urn) {
            Some(device) => run(
                "INSERT OR REPLACE INTO devices VALUES (?, ?, ?)",
                &[
                    urn,
                    &device.secret().map(|secret| secret.expose()),
                    &device.messages,
                ],
            ),
            None => {
                set_counter(to, "downlink", model.devices().last())?;
                run("DELETE FROM downlinks WHERE urn = ?", &[urn])?;
                run("DELETE FROM devices WHERE urn = ?", &[urn])
            }
        },
        Note::Downlink(urn, id) => {
            let device = model.devices().find(urn);
            let Some(downlink) = device.and_then(|device| device.downlink(*id)) else {
                return Ok(());
            };
            run(
                "INSERT INTO downlinks VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
                &[id, urn, &&downlink.body[..], &to_json(&downlink.state)?],
            )
        }
        Note::Sms(id) => match model.find_sms(*id) {
            Some(sms) => run(
                "INSERT OR REPLACE INTO sms VALUES (?, ?)",
                &[id, &to_json(sms)?],
            ),
            None => Ok(()),
        },
        Note::Firmware(id) => match model.campaign(*id) {
            Some(campaign) => run(
                "INSERT OR REPLACE INTO campaigns VALUES (?, ?)",
                &[id, &to_json(campaign)?],
            ),
            None => Ok(()),
        },
        Note::Fault => Ok(()),
    }
}

fn counter(all: &Connection, name: &str) -> Result<u64, Error> {
    let value = all.query_row("SELECT value FROM counters WHERE name = ?", [name], |row| {
        row.get(0)
    });
    Ok(value.optional()?.unwrap_or(0))
}

fn set_counter(to: &Transaction<'_>, name: &str, value: u64) -> Result<(), Error> {
    to.prepare_cached("INSERT OR REPLACE INTO counters VALUES (?, ?)")?
        .execute(params![name, value])?;
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: DeserializeOwned>(text: &str, column: usize) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
