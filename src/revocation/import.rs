//! Lists from files and folders: a stick that is plugged in, a share of another machine.
//!
//! Such a place may hang for ever in the kernel. It is read where nobody waits for it, into a file of our own, within a bound; what hangs holds one of
//! [`READERS`], and nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::sync::mpsc;

use super::accept::{Expected, Stand, stand, suits};
use super::error::FetchError;
use super::keeper::{Broken, Worker};
use super::kept::{Kept, ListName};
use super::outcome::{Failed, Had, Import, NewList, Outcome, Setup, Ticket, Way};
use super::spool::Spool;
use super::trust::{import_name, place_name, settings};
use crate::domain::crl::Validators;
use crate::pki::crl::{Crl, Limits, ReadError, read_from};
use crate::pki::path::PathCertificate;
use crate::pki::revocation::Judge;

/// Imports that read files at the same time, those that hang included.
pub(super) const READERS: usize = 2;
/// Time for a folder to be listed, and for a file to be read.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// Files of one folder.
const MAX_FILES: usize = 1000;
/// Bytes read at a time.
const PIECE: usize = 256 << 10;

/// Whose list a file would have been, where that was seen, and why it was not taken: reason and message.
type NotImported = (Option<ListName>, (&'static str, String));

/// A file that was taken.
struct Imported {
    /// What it is kept as.
    name: ListName,
    /// The list that is held now, when it is another than before.
    new: Option<NewList>,
    /// What it was kept as before, and is no more.
    instead: Option<ListName>,
}

impl Worker {
    /// Takes lists from files. Each file ends by itself; where somebody waits something always does, and the last of it says that it is.
    pub(super) async fn import(self, import: Import, setup: Arc<Setup>, outcomes: mpsc::UnboundedSender<Outcome>) {
        let way = |last| Way::File(import.ticket.map(|number| Ticket { number, last }));
        let Ok(reader) = Arc::clone(&self.readers).try_acquire_owned() else {
            let from = import.paths.first().map_or_else(String::new, |path| path.display().to_string());
            let message = "files that do not answer are still being read".to_owned();
            let failed = Failed { from, reason: "timeout", message };
            return match (import.ticket, import.paths.first()) {
                (None, Some(path)) => self.tell_place(&outcomes, path, vec![failed]),
                _ => self.tell(&outcomes, way(true), None, Err(failed)),
            };
        };
        let reader = Arc::new(reader);
        let mut paths = import.paths.iter().peekable();
        while let Some(path) = paths.next() {
            let last = paths.peek().is_none();
            let (at, held) = (path.clone(), Arc::clone(&reader));
            let files = self.in_time(path, move || listed(&at, held)).await.and_then(|files| {
                let empty = || Failed {
                    from: path.display().to_string(),
                    reason: "no_file",
                    message: "no file in it".to_owned(),
                };
                if files.is_empty() { Err(empty()) } else { Ok(files) }
            });
            let left = files.as_ref().map_or(0, |files| files.len().saturating_sub(MAX_FILES));
            let mut files = match files {
                Ok(files) => files.into_iter().take(MAX_FILES).peekable(),
                Err(failed) => {
                    match import.ticket {
                        Some(_) => self.tell(&outcomes, way(last), None, Err(failed)),
                        None => self.tell_place(&outcomes, path, vec![failed]),
                    }
                    continue;
                }
            };
            let mut refused = Vec::new();
            if left > 0 {
                let message = format!("{MAX_FILES} files of it are read, {left} are not");
                let failed = Failed { from: path.display().to_string(), reason: "too_many_files", message };
                match import.ticket {
                    Some(_) => self.tell(&outcomes, way(false), None, Err(failed)),
                    None => refused.push(failed),
                }
            }
            while let Some((file, follow)) = files.next() {
                let last = last && files.peek().is_none();
                let spooled = {
                    let (worker, setup) = (self.clone(), Arc::clone(&setup));
                    let (at, held) = (file.clone(), Arc::clone(&reader));
                    self.in_time(&file, move || worker.spooled(&at, follow, &setup, held)).await.and_then(|read| read)
                };
                let from = file.display().to_string();
                let (name, result) = match spooled {
                    Err(failed) => (None, Err(failed)),
                    Ok(mut spool) => {
                        let (known, setup) = (import.known.clone(), Arc::clone(&setup));
                        match self.take(move |worker| worker.import_spooled(&mut spool, &known, &setup)).await {
                            Ok(Imported { name, new, instead }) => {
                                if let Some(name) = instead {
                                    self.tell_superseded(&outcomes, name, &from);
                                }
                                let from = from.into();
                                let had = Had { from, validators: Validators::default(), new, failed: Vec::new() };
                                (Some(name), Ok(had))
                            }
                            Err((name, (reason, message))) => (name, Err(Failed { from, reason, message })),
                        }
                    }
                };
                match result {
                    // Where nobody waits, what is wrong with a folder is told once.
                    Err(failed) if import.ticket.is_none() => refused.push(failed),
                    result => self.tell(&outcomes, way(last), name, result),
                }
            }
            if import.ticket.is_none() {
                self.tell_place(&outcomes, path, refused);
            }
        }
    }

    fn tell_place(&self, outcomes: &mpsc::UnboundedSender<Outcome>, path: &Path, refused: Vec<Failed>) {
        let from: Arc<str> = path.display().to_string().into();
        let name = place_name(&from).unwrap_or_else(ListName::nameless);
        let way = Way::Place(Arc::clone(&from));
        let had = Had { from, validators: Validators::default(), new: None, failed: Vec::new() };
        let result = if refused.is_empty() { Ok(had) } else { Err(refused) };
        super::keeper::report(outcomes, Outcome { name, way, at: self.clock.now(), result });
    }

    fn tell_superseded(&self, outcomes: &mpsc::UnboundedSender<Outcome>, name: ListName, from: &str) {
        let had = Had { from: from.into(), validators: Validators::default(), new: None, failed: Vec::new() };
        super::keeper::report(outcomes, Outcome { name, way: Way::Superseded, at: self.clock.now(), result: Ok(had) });
    }

    fn tell(
        &self,
        outcomes: &mpsc::UnboundedSender<Outcome>,
        way: Way,
        name: Option<ListName>,
        result: Result<Had, Failed>,
    ) {
        let name = name.unwrap_or_else(ListName::nameless);
        let outcome = Outcome { name, way, at: self.clock.now(), result: result.map_err(|failed| vec![failed]) };
        super::keeper::report(outcomes, outcome);
    }

    /// What `read` gives, where it may block for ever: it is left behind then.
    async fn in_time<T: Send + 'static>(
        &self,
        path: &Path,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let failed = |reason, message: String| Failed { from: path.display().to_string(), reason, message };
        match tokio::time::timeout(self.patience, tokio::task::spawn_blocking(read)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(failed("internal_error", error.to_string())),
            Err(_) => Err(failed("timeout", format!("no answer in {} s", self.patience.as_secs()))),
        }
    }

    /// A file of our own with what is in that one.
    fn spooled<H>(&self, path: &Path, follow: bool, setup: &Setup, held: H) -> Result<Spool, Failed> {
        let copy = || {
            let unreadable = |source| FetchError::Unreadable { path: path.display().to_string(), source };
            let mut file = open_regular(path, follow).map_err(unreadable)?;
            let mut spool = Spool::create(&self.import_path(), setup.config.max_bytes).map_err(FetchError::Disk)?;
            let mut piece = vec![0; PIECE];
            loop {
                match file.read(&mut piece) {
                    Ok(0) => break,
                    Ok(got) => spool.push(piece.get(..got).unwrap_or_default())?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(unreadable(error)),
                }
            }
            spool.finish()?;
            Ok(spool)
        };
        let copied = copy();
        drop(held);
        copied.map_err(|error: FetchError| Failed {
            from: path.display().to_string(),
            reason: error.reason(),
            message: error.to_string(),
        })
    }

    fn import_spooled(
        &self,
        spool: &mut Spool,
        known: &[(ListName, Expected)],
        setup: &Setup,
    ) -> Result<Imported, NotImported> {
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        // Once to know whose it is, once to take it in.
        let crl = read_from(spool.file(), limits, &mut |_| Ok(()), &mut |_| {}).map_err(|error| match error {
            ReadError::Io(error) => (None, ("io", error.to_string())),
            ReadError::Refused(refused) => (None, (refused.reason(), refused.to_string())),
        })?;
        let (name, own, expected) = self.place_of(&crl, known, setup);
        spool.rewind().map_err(|error| (Some(name.clone()), (error.reason(), error.to_string())))?;
        match self.take_in(&name, spool.file(), &expected, setup) {
            Ok(new) => {
                let instead = self.drop_own(&crl, &name, own);
                Ok(Imported { name, new, instead })
            }
            Err(error) => Err((Some(name), error)),
        }
    }

    /// A list that came before any certificate named it was kept by itself. Where it is now the one that is named, what was kept has no successor to
    /// come, and goes.
    fn drop_own(&self, crl: &Crl, name: &ListName, own: Option<ListName>) -> Option<ListName> {
        let own = own.filter(|own| own != name)?;
        let kept = self.shelf.get(&own)?;
        if kept.crl.is_later_than(crl) {
            return None;
        }
        match self.forget(&own) {
            Ok(()) => Some(own),
            Err((_, error)) => {
                tracing::error!(
                    list = own.as_str(),
                    error,
                    "a revocation list that is kept elsewhere could not be removed"
                );
                None
            }
        }
    }

    /// What a list is kept as: the one that is followed and that it can only be, where none of another scope or key is held; or a list of its own, whose
    /// name comes second.
    fn place_of(
        &self,
        crl: &Crl,
        known: &[(ListName, Expected)],
        setup: &Setup,
    ) -> (ListName, Option<ListName>, Expected) {
        let (pool, shelf) = (setup.trust.pool(), self.shelf.lists());
        let judge = Judge::new(&pool, settings(self.clock.now()), shelf.iter().map(|kept| kept.list()));
        // Who is not believed is told so when it is taken in.
        let signer = judge.authority(crl).ok();
        let fits = |(name, expected): &&(ListName, Expected)| {
            let free = |signer: &PathCertificate| {
                let held = self.shelf.get(name);
                let other =
                    |held: Arc<Kept>| matches!(stand(crl, signer, &held.crl, expected, &judge, &pool), Stand::Other(_));
                suits(crl, signer, expected, &judge, &pool) && !held.is_some_and(other)
            };
            expected.delta.is_none_or(|delta| delta == crl.is_delta())
                && expected.issuers.contains(&crl.issuer.canonical)
                && signer.as_deref().is_none_or(free)
        };
        let mut fitting = known.iter().filter(fits);
        let issuers = vec![Arc::clone(&crl.issuer.canonical)];
        let expected = Expected { issuers, delta: Some(crl.is_delta()), ..Expected::default() };
        let own = import_name(crl, signer.as_deref());
        match (fitting.next(), fitting.next()) {
            (Some((name, point)), None) => {
                let (authorities, names) = (point.authorities.clone(), point.names.clone());
                (name.clone(), own, Expected { authorities, names, ..expected })
            }
            _ => (own.clone().unwrap_or_else(ListName::nameless), own, expected),
        }
    }
}

impl From<Broken> for NotImported {
    fn from(broken: Broken) -> Self {
        (None, broken.into())
    }
}

/// The files of a folder, or the file itself, and whether a link may lead to it: who configured a file may have configured a link, who puts one into a folder
/// has no say in what else is read.
fn listed<H>(path: &Path, held: H) -> Vec<(PathBuf, bool)> {
    let files = match fs::read_dir(path) {
        Err(_) => vec![(path.to_owned(), true)],
        Ok(entries) => {
            let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
            let mut inside: Vec<PathBuf> =
                entries.filter_map(Result::ok).filter(is_file).map(|entry| entry.path()).collect();
            inside.sort();
            inside.into_iter().map(|file| (file, false)).collect()
        }
    };
    drop(held);
    files
}

/// A FIFO or a device would hold the thread for ever.
fn open_regular(path: &Path, follow: bool) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, !follow);
    let flags = i32::from_ne_bytes(flags.bits().to_ne_bytes());
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::RevocationConfig;
    use crate::revocation::{SystemResolver, Trust};

    fn worker(folder: &Path) -> Worker {
        let mut worker = Worker::new(folder, SystemClock::shared(), Arc::new(SystemResolver)).expect("a folder");
        worker.patience = Duration::from_millis(50);
        worker
    }

    #[test]
    fn a_place_that_hangs_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let worker = worker(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (release, hanging) = std::sync::mpsc::channel::<()>();
        let hanging = Arc::new(std::sync::Mutex::new(hanging));
        runtime.block_on(async {
            for _ in 0..READERS {
                let reader = Arc::clone(&worker.readers).try_acquire_owned().expect("free");
                let hanging = Arc::clone(&hanging);
                let hung = worker.in_time(Path::new("/mnt/share"), move || {
                    drop(hanging.lock().map(|hanging| hanging.recv()));
                    drop(reader);
                });
                let failed = hung.await.expect_err("it hangs");
                assert_eq!((failed.reason, failed.from.as_str()), ("timeout", "/mnt/share"));
            }
            // Another import is told so at once, and the pool is not used up by what hangs.
            let (outcomes, mut ended) = mpsc::unbounded_channel();
            let setup = Arc::new(Setup { config: RevocationConfig::default(), trust: Trust::default() });
            let import = || Import { paths: vec![folder.path().join("x.crl")], known: Vec::new(), ticket: Some(1) };
            worker.clone().import(import(), Arc::clone(&setup), outcomes.clone()).await;
            let reason =
                |outcome: Option<Outcome>| outcome.and_then(|outcome| outcome.result.err()).map(|f| f[0].reason);
            assert_eq!(reason(ended.recv().await), Some("timeout"));
            drop(release);
            while worker.readers.available_permits() < READERS {
                tokio::task::yield_now().await;
            }
            worker.clone().import(import(), setup, outcomes).await;
            assert_eq!(reason(ended.recv().await), Some("unreadable"));
        });
    }

    #[test]
    fn links_in_a_folder_are_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        let shown = folder.path().join("shown");
        fs::create_dir(&shown).expect("a folder");
        for file in [&secret, &shown.join("a.crl")] {
            fs::write(file, b"x").expect("written");
        }
        symlink(&secret, shown.join("b.crl")).expect("a link");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            shown.join("c.crl"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .expect("a pipe");
        assert_eq!(listed(&shown, ()), [(shown.join("a.crl"), false)]);
        // Put there between the look and the reading.
        assert!(open_regular(&shown.join("b.crl"), false).is_err());
        assert!(open_regular(&shown.join("c.crl"), false).is_err());
        // Whoever configured a link meant it.
        symlink(&secret, folder.path().join("link")).expect("a link");
        let link = folder.path().join("link");
        assert_eq!(listed(&link, ()), [(link.clone(), true)]);
        assert!(open_regular(&link, true).is_ok());
    }
}
