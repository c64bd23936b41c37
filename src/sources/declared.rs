//! The built-in source: exactly the files and endpoints the declaration names, by the names it gives them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{SecretString, zeroize::Zeroize};

use super::content;
use super::file::open::{self, FileError};
use super::tls_endpoint;
use crate::clock::{Clock, SharedClock};
use crate::config::ScanConfig;
use crate::domain::declaration::{Declaration, Keystore};
use crate::domain::endpoint::Endpoint;
use crate::domain::inventory::{Inventory, ItemError};
use crate::domain::observation::{DECLARED_SOURCE, FilePath, Location, Observation, Problem};
use crate::domain::reconcile::Gathered;
use crate::pki::intern::Interner;

/// Bytes of a password file.
const MAX_SECRET: u64 = 4 << 10;

/// The declared files and endpoints.
#[derive(Debug)]
pub struct DeclaredSource {
    /// Each path once, with the file of its password.
    files: BTreeMap<FilePath, Option<FilePath>>,
    endpoints: Vec<Arc<Endpoint>>,
    scan: ScanConfig,
}

/// Why a password file is of no use, or should not be as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("the password file cannot be read: {0}")]
    Unreadable(FileError),
    /// Not UTF-8 text.
    #[error("the password file is not UTF-8 text")]
    NotText,
    /// Used all the same.
    #[error("the password file is readable by every user of the machine (mode {mode:04o})")]
    ReadableByOthers {
        /// Permission bits.
        mode: u32,
    },
}

impl SecretError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "secret_unreadable",
            Self::NotText => "secret_not_text",
            Self::ReadableByOthers { .. } => "secret_readable_by_others",
        }
    }
}

impl DeclaredSource {
    /// What `declaration` names.
    pub fn new(declaration: &Declaration, scan: ScanConfig) -> Self {
        let mut files: BTreeMap<FilePath, Option<FilePath>> = BTreeMap::new();
        let mut endpoints = Vec::new();
        for certificate in declaration.certificates.values() {
            for path in certificate.paths() {
                files.entry(path.clone()).or_default();
            }
            if let Keystore::Pkcs12 { path, password_file: Some(password) } = &certificate.keystore {
                files.insert(path.clone(), Some(password.clone()));
            }
            endpoints.extend(certificate.endpoints.iter().cloned());
        }
        endpoints.sort();
        endpoints.dedup();
        Self { files, endpoints: endpoints.into_iter().map(Arc::new).collect(), scan }
    }

    /// The paths this source owns: other file sources leave them alone.
    pub fn paths(&self) -> HashSet<FilePath> {
        self.files.keys().cloned().collect()
    }

    /// One run: the files on a blocking thread, then the endpoints.
    pub async fn gather(self: Arc<Self>, known: Arc<Inventory>, clock: SharedClock) -> Gathered {
        let (source, inventory, files_clock) = (Arc::clone(&self), Arc::clone(&known), Arc::clone(&clock));
        let files = tokio::task::spawn_blocking(move || source.gather_files(&inventory, files_clock.as_ref()));
        let mut gathered = files.await.unwrap_or_else(|_| Gathered {
            source: DECLARED_SOURCE.into(),
            kind: DECLARED_SOURCE.into(),
            failure: Some(content::internal_error()),
            ..Gathered::default()
        });
        tls_endpoint::gather_endpoints(&self.endpoints, &self.scan, clock.as_ref(), &mut gathered).await;
        if gathered.failure.is_some() {
            gathered.gone.clear();
        } else {
            gathered.gone.extend(self.no_longer_declared(&known));
        }
        gathered.finished_at = clock.now();
        gathered
    }

    /// The files alone. Blocks.
    pub fn gather_files(&self, known: &Inventory, clock: &dyn Clock) -> Gathered {
        let deadline: Duration = clock.monotonic().saturating_add(self.scan.source_timeout);
        let mut gathered =
            Gathered { source: DECLARED_SOURCE.into(), kind: DECLARED_SOURCE.into(), ..Gathered::default() };
        let mut met = HashSet::new();
        let mut buffer = Vec::new();
        let mut interner = Interner::default();
        for (path, password_file) in &self.files {
            if clock.monotonic() >= deadline {
                let message =
                    format!("not finished after the {} s of scan.source_timeout", self.scan.source_timeout.as_secs());
                gathered.failure = Some(Problem { reason: "timeout".into(), message: message.into() });
                break;
            }
            let location = Location::File(path.clone());
            let before = known.observations.get(&location).filter(|known| *known.source == *DECLARED_SOURCE);
            let (stamp, access) = match open::look(&path.0) {
                Ok(Some(found)) => found,
                Ok(None) => {
                    gathered.gone.extend(before.map(|known| known.location.clone()));
                    continue;
                }
                Err(error) => {
                    self.unreadable(&mut gathered, location, before, &error, clock);
                    continue;
                }
            };
            let password = password_file.as_ref().and_then(|file| password(file, &mut gathered.errors));
            if let Some(before) = before.filter(|known| known.stamp == Some(stamp)) {
                gathered.seen += 1;
                if before.access != Some(access) {
                    gathered.observations.push(Observation { access: Some(access), ..Observation::clone(before) });
                }
                continue;
            }
            if let Err(error) = open::read_named(&path.0, self.scan.max_file_bytes, &mut buffer) {
                self.unreadable(&mut gathered, location, before, &error, clock);
                continue;
            }
            let found = content::contents(
                content::READER,
                &buffer,
                password.as_ref(),
                &content::limits(&self.scan),
                &mut interner,
            );
            content::keep_new(&mut gathered.certificates, &mut met, found.certificates);
            gathered.errors.extend(content::item_errors(&location, &found.problems));
            gathered.seen += 1;
            gathered.observations.push(Observation {
                source: DECLARED_SOURCE.into(),
                location,
                // With a problem it is read again at every run: a password file may have come since.
                stamp: found.problems.is_empty().then_some(stamp),
                access: Some(access),
                contents: found.contents.into(),
                problems: found.problems.into(),
                read_at: clock.now(),
            });
        }
        open::wipe(&mut buffer);
        gathered
    }

    fn unreadable(
        &self,
        gathered: &mut Gathered,
        location: Location,
        before: Option<&Arc<Observation>>,
        error: &FileError,
        clock: &dyn Clock,
    ) {
        let problems = [error.problem()];
        gathered.errors.extend(content::item_errors(&location, &problems));
        gathered.seen += 1;
        gathered.observations.push(Observation {
            source: DECLARED_SOURCE.into(),
            location,
            stamp: None,
            access: before.and_then(|known| known.access),
            contents: Arc::default(),
            problems: problems.into(),
            read_at: clock.now(),
        });
    }

    fn no_longer_declared(&self, known: &Inventory) -> Vec<Location> {
        let endpoints: HashSet<&Endpoint> = self.endpoints.iter().map(AsRef::as_ref).collect();
        let mine = known.observations.values().filter(|observation| *observation.source == *DECLARED_SOURCE);
        mine.map(|observation| &observation.location)
            .filter(|location| match location {
                Location::File(path) => !self.files.contains_key(path),
                Location::Card(_) => true,
                Location::Endpoint(endpoint) => !endpoints.contains(endpoint.as_ref()),
            })
            .cloned()
            .collect()
    }
}

/// The password a file holds, without one trailing line end. What is wrong with the file goes to `errors`.
fn password(file: &FilePath, errors: &mut Vec<ItemError>) -> Option<SecretString> {
    let mut tell = |error: SecretError| {
        let problem = Problem { reason: error.reason().into(), message: error.to_string().into() };
        errors.push(ItemError { place: file.to_string().into(), problem });
    };
    match open::look(&file.0) {
        Ok(Some((_, access))) if access.mode & 0o004 != 0 => tell(SecretError::ReadableByOthers { mode: access.mode }),
        Ok(_) | Err(_) => {}
    }
    let mut bytes = Vec::new();
    if let Err(error) = open::read_named(&file.0, MAX_SECRET, &mut bytes) {
        tell(SecretError::Unreadable(error));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
            let secret = SecretString::from(line);
            text.zeroize();
            Some(secret)
        }
        Err(error) => {
            error.into_bytes().zeroize();
            tell(SecretError::NotText);
            None
        }
    }
}
