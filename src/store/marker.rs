//! `store.id` in the state folder: which databases this machine has had, so that one that is gone is not taken for a first start.
//!
//! One line per database: the hash of the first event of its audit trail, a space, its path or URL.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::domain::fingerprint::Fingerprint;

const NAME: &str = "store.id";

/// The file, read once.
pub(super) struct Marker {
    path: PathBuf,
    known: Vec<(Fingerprint, String)>,
}

impl Marker {
    /// Reads the file; none is the same as an empty one. A line that is no entry is refused: forgetting is the failure here.
    pub(super) fn read(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let mut known = Vec::new();
        for line in text.lines() {
            let entry = line.split_once(' ').and_then(|(hash, place)| Some((hash.parse().ok()?, place.to_owned())));
            let Some(entry) = entry else {
                let source = io::Error::new(io::ErrorKind::InvalidData, format!("not an entry: {line:?}"));
                return Err(StoreError::Io { path, source });
            };
            known.push(entry);
        }
        Ok(Self { path, known })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The first event of the database that was at `place`.
    pub(super) fn remembers(&self, place: &str) -> Option<Fingerprint> {
        self.known.iter().find(|(_, known)| known == place).map(|(genesis, _)| *genesis)
    }

    /// Remembers a database, on disk when this returns.
    pub(super) fn remember(&mut self, place: &str, genesis: Fingerprint) -> Result<(), StoreError> {
        self.known.push((genesis, place.to_owned()));
        let text: String = self.known.iter().map(|(genesis, place)| format!("{genesis} {place}\n")).collect();
        self.write(&text).map_err(|source| StoreError::Io { path: self.path.clone(), source })
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let new = self.path.with_extension("id.new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}
