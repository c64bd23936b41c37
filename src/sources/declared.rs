//! The built-in source: exactly the files and endpoints the declaration names, by the names it gives them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::content;
use super::file::open::{self, FileError};
use super::secret::{self, SecretError};
use super::tls_endpoint;
use crate::clock::{Clock, SharedClock};
use crate::config::ScanConfig;
use crate::domain::declaration::Declaration;
use crate::domain::endpoint::Endpoint;
use crate::domain::inventory::Inventory;
use crate::domain::observation::{DECLARED_SOURCE, FileAccess, FilePath, FileStamp, Location, Observation, Problem};
use crate::domain::reconcile::Gathered;
use crate::pki::intern::Interner;

/// The declared files and endpoints.
#[derive(Debug)]
pub struct DeclaredSource {
    /// Each path once, with the file of its password.
    files: BTreeMap<FilePath, Option<FilePath>>,
    /// Password files. Nothing of them is kept but who may read them.
    passwords: BTreeSet<FilePath>,
    endpoints: Vec<Arc<Endpoint>>,
    scan: ScanConfig,
}

impl DeclaredSource {
    /// What `declaration` names.
    pub fn new(declaration: &Declaration, scan: ScanConfig) -> Self {
        let mut files: BTreeMap<FilePath, Option<FilePath>> = BTreeMap::new();
        let (mut passwords, mut endpoints) = (BTreeSet::new(), Vec::new());
        for certificate in declaration.certificates.values() {
            let password = certificate.password_path();
            for path in certificate.paths().into_iter().filter(|path| Some(*path) != password) {
                files.entry(path.clone()).or_default();
            }
            if let (Some(path), Some(password)) = (certificate.certificate_path(), password) {
                files.insert(path.clone(), Some(password.clone()));
                passwords.insert(password.clone());
            }
            endpoints.extend(certificate.endpoints.iter().cloned());
        }
        endpoints.sort();
        endpoints.dedup();
        // A file that is declared to be something else too is read as that.
        passwords.retain(|password| !files.contains_key(password));
        Self { files, passwords, endpoints: endpoints.into_iter().map(Arc::new).collect(), scan }
    }

    /// The paths this source owns: other file sources leave them alone.
    pub fn paths(&self) -> HashSet<FilePath> {
        self.files.keys().chain(&self.passwords).cloned().collect()
    }

    /// The endpoints this source owns.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
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
        let passwords = self.read_passwords(known, &mut gathered, clock);
        for (path, password_file) in &self.files {
            if clock.monotonic() >= deadline {
                let message =
                    format!("not finished after the {} s of scan.source_timeout", self.scan.source_timeout.as_secs());
                gathered.failure = Some(Problem { reason: "timeout".into(), message: message.into() });
                break;
            }
            let location = Location::File(path.clone());
            let before = read_before(known, &location);
            let Some((stamp, access)) = self.looked(path, before, &mut gathered, clock) else { continue };
            let password = password_file.as_ref().and_then(|file| passwords.get(file));
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
            let found =
                content::contents(content::READER, &buffer, password, &content::limits(&self.scan), &mut interner);
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

    /// The passwords that can be read, each file looked at like any other that is declared.
    fn read_passwords(
        &self,
        known: &Inventory,
        gathered: &mut Gathered,
        clock: &dyn Clock,
    ) -> HashMap<&FilePath, SecretString> {
        let mut passwords = HashMap::new();
        let wanted = self.files.values().flatten().collect::<BTreeSet<_>>();
        for path in wanted {
            let read = secret::read(path);
            let problems: Vec<Problem> = read.as_ref().err().map(SecretError::problem).into_iter().collect();
            passwords.extend(read.ok().map(|secret| (path, secret)));
            if !self.passwords.contains(path) {
                continue;
            }
            let location = Location::File(path.clone());
            let before = read_before(known, &location);
            let Some((stamp, access)) = self.looked(path, before, gathered, clock) else { continue };
            gathered.errors.extend(content::item_errors(&location, &problems));
            let observation = Observation {
                source: DECLARED_SOURCE.into(),
                location,
                stamp: problems.is_empty().then_some(stamp),
                access: Some(access),
                contents: Arc::default(),
                problems: problems.into(),
                read_at: clock.now(),
            };
            let same =
                before.is_some_and(|known| Observation { read_at: known.read_at, ..observation.clone() } == **known);
            if !same {
                gathered.observations.push(observation);
            }
        }
        passwords
    }

    /// What stands there; where nothing does, or it cannot be told, that is written down.
    fn looked(
        &self,
        path: &FilePath,
        before: Option<&Arc<Observation>>,
        gathered: &mut Gathered,
        clock: &dyn Clock,
    ) -> Option<(FileStamp, FileAccess)> {
        match open::look(&path.0) {
            Ok(Some(found)) => return Some(found),
            // Whoever saw it there last: the file is this source's since it was declared.
            Ok(None) => gathered.gone.push(Location::File(path.clone())),
            Err(error) => self.unreadable(gathered, Location::File(path.clone()), before, &error, clock),
        }
        None
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

    /// What this source has and nobody declares any more: another one may find it yet.
    pub fn no_longer_declared(&self, known: &Inventory) -> Vec<Location> {
        let endpoints: HashSet<&Endpoint> = self.endpoints.iter().map(AsRef::as_ref).collect();
        let mine = known.observations.values().filter(|observation| *observation.source == *DECLARED_SOURCE);
        mine.map(|observation| &observation.location)
            .filter(|location| match location {
                Location::File(path) => !self.files.contains_key(path) && !self.passwords.contains(path),
                Location::Card(_) => true,
                Location::Endpoint(endpoint) => !endpoints.contains(endpoint.as_ref()),
            })
            .cloned()
            .collect()
    }
}

/// What this source itself found there last.
fn read_before<'a>(known: &'a Inventory, location: &Location) -> Option<&'a Arc<Observation>> {
    known.observations.get(location).filter(|known| *known.source == *DECLARED_SOURCE)
}
