// SPDX-License-Identifier: MIT OR Apache-2.0
//! What outlives the program; nothing without the feature `state` and a file.

#[cfg(feature = "state")]
mod sqlite;

use crate::model::{Model, Note};

/// Where changes are kept.
#[derive(Debug, Default)]
pub struct Store {
    #[cfg(feature = "state")]
    file: Option<sqlite::File>,
}

#[cfg(feature = "state")]
impl Store {
    /// Opens a file, or creates it; returns its contents, and the devices for which there are images.
    pub fn open(
        path: &std::path::Path,
        history: usize,
    ) -> Result<(Self, crate::model::Kept, sqlite::Images), String> {
        let file = sqlite::File::open(path)?;
        let (kept, images) = file
            .read(history)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let file = Some(file);
        Ok((Self { file }, kept, images))
    }

    /// Whether there is a file.
    pub const fn is_a_file(&self) -> bool {
        self.file.is_some()
    }

    /// Stores what the notes name, all or nothing; if that fails, it is tried again next time.
    pub fn keep(&mut self, model: &Model, notes: &[Note]) -> Result<(), String> {
        match &mut self.file {
            Some(file) => file.keep(model, notes).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Stores an image.
    pub fn keep_image(&mut self, sha256: &str, image: &[u8]) -> Result<(), String> {
        match &mut self.file {
            Some(file) => file
                .keep_image(sha256, image)
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

#[cfg(not(feature = "state"))]
impl Store {
    /// There is none.
    pub const fn is_a_file(&self) -> bool {
        false
    }

    /// Stores nothing.
    pub fn keep(&mut self, _model: &Model, _notes: &[Note]) -> Result<(), String> {
        Ok(())
    }

    /// Stores nothing.
    pub fn keep_image(&mut self, _sha256: &str, _image: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
