//! One run of a file source: walk, compare with the inventory, read and parse what is new or changed on two threads.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::open::{self, FileError, Via};
use super::pattern::Root;
use super::walk::{self, Found, Visit};
use crate::clock::Clock;
use crate::config::ScanConfig;
use crate::domain::certificate::Certificate;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::{Inventory, ItemError};
use crate::domain::observation::{FileAccess, FilePath, FileStamp, Location, Observation, Problem, SourceName};
use crate::domain::reconcile::Gathered;
use crate::domain::time::Timestamp;
use crate::pki::intern::Interner;
use crate::pki::read::Limits;
use crate::sources::content::{self, Reader};

/// Threads that read and parse; the walk is a third that mostly waits for them.
const READERS: usize = 2;
/// Files handed over at a time. A waiting file may hold its folder open, so batches and their number bound the descriptors: about 200.
const BATCH: usize = 32;
/// Batches that wait.
const WAITING: usize = 3;

/// The files of some folders, swept again and again.
///
/// A file is opened when it is new or its stamp changed. Files that hold nothing of ours make no observation; a 64-bit keyed hash of path and
/// stamp remembers them in this value (about ten bytes a file, not stored), so keep the value between runs.
#[derive(Debug)]
pub struct FileSource {
    name: SourceName,
    roots: Vec<Root>,
    /// Paths another source owns: the files the declaration names.
    skip: HashSet<Arc<[u8]>>,
    scan: ScanConfig,
    reader: Reader,
    hasher: RandomState,
    nothing_ours: Mutex<HashSet<u64>>,
}

/// What one run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepStats {
    /// Entries met: files, folders, links and everything else.
    pub entries: u64,
    /// Regular files that were looked at, opened or not.
    pub files: u64,
    /// Files opened.
    pub opened: u64,
}

impl FileSource {
    /// A source named `name` over `paths` (files, folders, patterns), leaving the files of `skip` to their owner, whatever name leads there.
    pub fn new(name: &str, paths: &[PathBuf], skip: HashSet<FilePath>, scan: ScanConfig) -> Self {
        Self {
            name: name.into(),
            roots: paths.iter().map(|path| Root::parse(path.as_os_str().as_bytes())).collect(),
            skip: skip.into_iter().map(|path| path.0).collect(),
            scan,
            reader: content::READER,
            hasher: RandomState::new(),
            nothing_ours: Mutex::default(),
        }
    }

    /// The name of the configuration.
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// One run. Blocks; ends by itself at [`ScanConfig::source_timeout`].
    pub fn gather(&self, known: &Inventory, clock: &dyn Clock) -> Gathered {
        self.sweep(known, clock).0
    }

    /// As [`Self::gather`], with what it cost.
    pub fn sweep(&self, known: &Inventory, clock: &dyn Clock) -> (Gathered, SweepStats) {
        let deadline = clock.monotonic().saturating_add(self.scan.source_timeout);
        let run = Run {
            source: self,
            clock,
            deadline,
            limits: content::limits(&self.scan),
            expired: AtomicBool::new(false),
            read_at: clock.now(),
        };
        let (sender, receiver) = sync_channel::<Vec<Job>>(WAITING);
        let receiver = Mutex::new(receiver);
        let (mut visitor, outcome, parts) = thread::scope(|scope| {
            let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| run.read_all(&receiver))).collect();
            let mut visitor = Visitor::new(&run, known, sender);
            let outcome = walk::walk(&self.roots, &self.scan, &mut visitor);
            visitor.hand_over();
            visitor.sender = None;
            let parts: Vec<_> = readers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            (visitor, outcome, parts)
        });

        let mut stats = SweepStats { entries: outcome.entries, files: visitor.files, opened: 0 };
        let mut gathered = Gathered {
            source: Arc::clone(&self.name),
            kind: "file".into(),
            observations: std::mem::take(&mut visitor.observations),
            errors: std::mem::take(&mut visitor.errors),
            seen: visitor.files,
            ..Gathered::default()
        };
        let mut met = HashSet::new();
        let mut nothing_ours = std::mem::take(&mut visitor.still_nothing_ours);
        for part in parts {
            let Ok(part) = part else {
                gathered.failure = Some(content::internal_error());
                continue;
            };
            stats.opened += part.opened;
            gathered.observations.extend(part.observations);
            gathered.gone.extend(part.gone);
            gathered.errors.extend(part.errors);
            nothing_ours.extend(part.nothing_ours);
            content::keep_new(&mut gathered.certificates, &mut met, part.certificates);
        }
        // Of many errors only the first are kept: those of a whole root stand before those of what is below one.
        gathered.errors.sort_by_key(|error| !error.problem.is_of_a_root());
        if self.roots.len() > 1 {
            // A file two roots reach in different ways was told twice.
            let mut locations = HashSet::new();
            gathered.observations.retain(|observation| locations.insert(observation.location.clone()));
        }
        if run.expired.load(Ordering::Relaxed) || outcome.expired {
            gathered.failure = Some(Problem {
                reason: "timeout".into(),
                message: format!(
                    "not finished after the {} s of scan.source_timeout",
                    self.scan.source_timeout.as_secs()
                )
                .into(),
            });
        } else if !outcome.any_root && !self.roots.is_empty() {
            let error = gathered.errors.first().map(|error| error.problem.clone());
            gathered.failure = Some(error.unwrap_or_else(|| FileError::RootMissing.problem()));
        }
        if gathered.failure.is_none() && outcome.complete {
            gathered.gone.extend(visitor.missing());
        } else {
            gathered.gone.clear();
            nothing_ours.extend(visitor.before);
        }
        *self.nothing_ours.lock().unwrap_or_else(PoisonError::into_inner) = nothing_ours;
        gathered.finished_at = clock.now();
        (gathered, stats)
    }

    fn hash(&self, path: &[u8], stamp: &FileStamp) -> u64 {
        self.hasher.hash_one((path, stamp))
    }
}

/// What all threads of one run share.
struct Run<'a> {
    source: &'a FileSource,
    clock: &'a dyn Clock,
    deadline: Duration,
    limits: Limits,
    expired: AtomicBool,
    read_at: Timestamp,
}

/// A file to read.
struct Job {
    path: Arc<[u8]>,
    via: Via,
    folder_mode: u32,
    /// The inventory has this location from this source.
    known: bool,
}

/// What one reading thread gave.
#[derive(Default)]
struct Part {
    observations: Vec<Observation>,
    certificates: Vec<(Arc<Certificate>, Arc<[u8]>)>,
    met: HashSet<Fingerprint>,
    errors: Vec<ItemError>,
    gone: Vec<Location>,
    nothing_ours: Vec<u64>,
    opened: u64,
    /// Texts that many certificates share, once.
    interner: Interner,
}

impl Run<'_> {
    fn is_expired(&self) -> bool {
        if self.clock.monotonic() >= self.deadline {
            self.expired.store(true, Ordering::Relaxed);
        }
        self.expired.load(Ordering::Relaxed)
    }

    fn read_all(&self, jobs: &Mutex<Receiver<Vec<Job>>>) -> Part {
        let mut part = Part::default();
        let mut buffer = Vec::new();
        loop {
            let batch = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(batch) = batch else { break };
            for job in batch {
                // After the deadline the queue is only emptied, so that the walk is not left waiting.
                if !self.is_expired() {
                    self.read(&job, &mut buffer, &mut part);
                }
            }
        }
        open::wipe(&mut buffer);
        part
    }

    fn read(&self, job: &Job, buffer: &mut Vec<u8>, part: &mut Part) {
        let location = Location::File(FilePath(Arc::clone(&job.path)));
        let source = self.source;
        let read = job.via.open(&job.path).and_then(|fd| {
            part.opened += 1;
            open::read_stable(fd.as_fd(), source.scan.max_file_bytes, buffer)
        });
        let stat = match read {
            Ok(stat) => stat,
            Err(error) => return part.push(self.unreadable(location, None, &error)),
        };
        let stamp = open::stamp(&stat);
        let found = content::contents(source.reader, buffer, None, &self.limits, &mut part.interner);
        if found.not_pki {
            part.nothing_ours.push(source.hash(&job.path, &stamp));
            if job.known {
                part.gone.push(location);
            }
            return;
        }
        content::keep_new(&mut part.certificates, &mut part.met, found.certificates);
        part.push(Observation {
            source: Arc::clone(&source.name),
            location,
            stamp: Some(stamp),
            access: Some(open::access(&stat, job.folder_mode)),
            contents: found.contents.into(),
            problems: found.problems.into(),
            read_at: self.read_at,
        });
    }

    /// Without a stamp: the next run tries again, since permissions of a folder above do not show in the stamp of a file.
    fn unreadable(&self, location: Location, access: Option<FileAccess>, error: &FileError) -> Observation {
        Observation {
            source: Arc::clone(&self.source.name),
            location,
            stamp: None,
            access,
            contents: Arc::default(),
            problems: [error.problem()].into(),
            read_at: self.read_at,
        }
    }
}

impl Part {
    fn push(&mut self, observation: Observation) {
        self.errors.extend(content::item_errors(&observation.location, &observation.problems));
        self.observations.push(observation);
    }
}

/// Decides for each file the walk meets whether it must be read.
struct Visitor<'a> {
    run: &'a Run<'a>,
    /// Known locations of this source by path, as an index into `entries`.
    known: HashMap<&'a [u8], usize>,
    entries: Vec<(&'a Arc<Observation>, bool)>,
    /// Device and inode of the files of [`FileSource::skip`].
    owned: HashSet<(u64, u64)>,
    before: HashSet<u64>,
    still_nothing_ours: HashSet<u64>,
    refused: HashSet<Box<[u8]>>,
    batch: Vec<Job>,
    sender: Option<SyncSender<Vec<Job>>>,
    observations: Vec<Observation>,
    errors: Vec<ItemError>,
    files: u64,
}

impl<'a> Visitor<'a> {
    fn new(run: &'a Run<'a>, inventory: &'a Inventory, sender: SyncSender<Vec<Job>>) -> Self {
        let source = run.source;
        let mut known = HashMap::with_capacity(inventory.observations.len());
        let mut entries = Vec::new();
        for observation in inventory.observations.values().filter(|known| known.source == source.name) {
            if let Location::File(path) = &observation.location {
                known.insert(&*path.0, entries.len());
                entries.push((observation, false));
            }
        }
        let owned = source.skip.iter().filter_map(|path| open::look_named(path).ok());
        Self {
            run,
            known,
            entries,
            owned: owned.map(|stat| (stat.st_dev, stat.st_ino)).collect(),
            before: std::mem::take(&mut *source.nothing_ours.lock().unwrap_or_else(PoisonError::into_inner)),
            still_nothing_ours: HashSet::new(),
            refused: HashSet::new(),
            batch: Vec::with_capacity(BATCH),
            sender: Some(sender),
            observations: Vec::new(),
            errors: Vec::new(),
            files: 0,
        }
    }

    fn hand_over(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // The receiver lives as long as the run.
        if self.sender.as_ref().is_some_and(|sender| sender.send(batch).is_err()) {
            self.sender = None;
        }
    }

    /// Known locations that are not there any more: not met, and nothing above them was refused.
    fn missing(&self) -> Vec<Location> {
        let unseen = self.entries.iter().filter(|(_, seen)| !seen).map(|(observation, _)| &observation.location);
        unseen
            .filter(|location| match location {
                Location::File(path) => !self.run.source.skip.contains(&path.0) && !self.doubtful(&path.0),
                Location::Endpoint(_) | Location::Card(_) => false,
            })
            .cloned()
            .collect()
    }

    /// The path or a folder above it was refused, so not having met it says nothing.
    fn doubtful(&self, path: &[u8]) -> bool {
        let above = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at.max(1));
        above.chain([path.len()]).any(|end| path.get(..end).is_some_and(|above| self.refused.contains(above)))
    }
}

impl Visit for Visitor<'_> {
    fn file(&mut self, found: &Found<'_>) {
        let source = self.run.source;
        if self.owned.contains(&(found.stamp.device, found.stamp.inode)) || source.skip.contains(found.path) {
            return;
        }
        self.files += 1;
        let entry = self.known.get(found.path).and_then(|index| self.entries.get_mut(*index));
        let known = entry.is_some();
        match entry {
            Some((observation, seen)) => {
                let again = std::mem::replace(seen, true);
                if observation.stamp == Some(found.stamp) {
                    if again {
                        return;
                    }
                    self.errors.extend(content::item_errors(&observation.location, &observation.problems));
                    // Opening the folder to others does not touch the file.
                    if observation.access != Some(found.access) {
                        let observation = Observation { access: Some(found.access), ..Observation::clone(observation) };
                        self.observations.push(observation);
                    }
                    return;
                }
            }
            None if !self.before.is_empty() => {
                let hash = source.hash(found.path, &found.stamp);
                if self.before.contains(&hash) {
                    self.still_nothing_ours.insert(hash);
                    return;
                }
            }
            None => {}
        }
        if found.stamp.size > source.scan.max_file_bytes {
            let error = FileError::TooLarge { size: found.stamp.size, limit: source.scan.max_file_bytes };
            let location = Location::File(FilePath(found.path.into()));
            let observation = self.run.unreadable(location, Some(found.access), &error);
            self.errors.extend(content::item_errors(&observation.location, &observation.problems));
            self.observations.push(observation);
            return;
        }
        let folder_mode = found.access.folder_mode;
        self.batch.push(Job { path: found.path.into(), via: found.via.clone(), folder_mode, known });
        if self.batch.len() >= BATCH {
            self.hand_over();
        }
    }

    fn refused(&mut self, path: &[u8], error: FileError) {
        let is_root = || self.run.source.roots.iter().any(|root| *root.base == *path);
        let error = if error == FileError::PermissionDenied && is_root() { FileError::RootDenied } else { error };
        let location = Location::File(FilePath(path.into()));
        self.errors.extend(content::item_errors(&location, &[error.problem()]));
        if let Some((observation, seen)) = self.known.get(path).and_then(|index| self.entries.get_mut(*index)) {
            *seen = true;
            let observation = self.run.unreadable(location, observation.access, &error);
            self.observations.push(observation);
        }
        self.refused.insert(path.into());
    }

    fn expired(&mut self) -> bool {
        self.run.is_expired()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::reading::Reading;

    #[test]
    fn a_parser_that_panics_costs_one_file() {
        fn reader(bytes: &[u8], _: Option<&secrecy::SecretString>, _: &Limits, _: &mut Interner) -> Reading {
            assert!(bytes != b"bad", "as planned");
            Reading::default()
        }
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join("bad"), b"bad").expect("written");
        fs::write(root.path().join("good"), b"good").expect("written");
        let mut source = FileSource::new("s", &[root.path().to_owned()], HashSet::new(), ScanConfig::default());
        source.reader = reader;
        let (gathered, stats) = source.sweep(&Inventory::default(), &SystemClock::new());
        assert_eq!(stats, SweepStats { entries: 2, files: 2, opened: 2 });
        assert_eq!(gathered.failure, None);
        let reasons: Vec<_> = gathered.errors.iter().map(|error| &*error.problem.reason).collect();
        assert_eq!(reasons, ["internal_error"]);
    }
}
