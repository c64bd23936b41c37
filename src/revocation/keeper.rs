//! Fetches lists and takes them in, on a thread of its own: what takes long here holds up nobody else.
//!
//! Lists are received side by side, so that a slow server delays its own list only, each into a file of its own. They are taken in one at a time:
//! read, verified, indexed, and only then put in the place of the list held so far.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::accept::{Expected, accept};
use super::error::FetchError;
use super::fetch::{Context, Reply, one};
use super::gate::{Gate, shown};
use super::index::fresh_key;
use super::kept::{Folder, KeepError, Kept, ListName, Taken};
use super::resolve::SharedResolver;
use super::spool::Spool;
use super::trust::{Trust, import_name};
use crate::clock::SharedClock;
use crate::config::RevocationConfig;
use crate::domain::crl::{Held, Validators};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::time::Timestamp;
use crate::pki::crl::{Crl, Limits, ReadError, read_from};

/// Whose list a file would have been, where that was seen, and why it was not taken: reason and message.
type NotImported = (Option<ListName>, (&'static str, String));

/// Lists received at the same time.
const SIDE_BY_SIDE: usize = 4;
/// How nice the thread is (nice(2)): the status is answered first.
const NICENESS: i32 = 10;

/// What was configured, and whom to believe.
#[derive(Debug)]
pub struct Setup {
    /// `[revocation]`.
    pub config: RevocationConfig,
    /// Whose lists are believed.
    pub trust: Trust,
}

/// A list that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The name it is kept under.
    pub name: ListName,
    /// Where to ask, in this order.
    pub addresses: Vec<Arc<str>>,
    /// What is known of it.
    pub expected: Expected,
    /// Which address gave the one that is held, and what it said of it.
    pub last: Option<(Arc<str>, Validators)>,
}

/// What came of a list that was wanted.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which.
    pub name: ListName,
    /// Of an import, the number it was asked for under.
    pub ticket: Option<u64>,
    /// When it was over.
    pub at: Timestamp,
    /// What came of it.
    pub result: Result<Had, Vec<Failed>>,
}

/// A list that was had.
#[derive(Debug, Clone)]
pub struct Had {
    /// Which address, or file, gave it.
    pub from: Arc<str>,
    /// What it said of it.
    pub validators: Validators,
    /// The list that is held now, when it is another than before.
    pub new: Option<NewList>,
    /// Addresses that did not give it.
    pub failed: Vec<Failed>,
}

/// A list that replaced another, or came for the first time.
#[derive(Debug, Clone)]
pub struct NewList {
    /// What it says of itself.
    pub held: Held,
    /// Who issued it, RFC 4514.
    pub issuer: Arc<str>,
    /// It is a delta CRL.
    pub delta: bool,
}

/// An address that did not give a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The address, without user or password, or the file.
    pub from: String,
    /// Stable code.
    pub reason: &'static str,
    /// One line.
    pub message: String,
}

/// Lists that are held, ready to answer. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Shelf(Arc<RwLock<BTreeMap<ListName, Arc<Kept>>>>);

impl Shelf {
    /// Every list.
    pub fn lists(&self) -> Vec<Arc<Kept>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn get(&self, name: &ListName) -> Option<Arc<Kept>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn put(&self, name: ListName, kept: Kept) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(kept));
    }
}

enum Order {
    Fetch(Wanted, Arc<Setup>),
    Import { path: PathBuf, known: Vec<(ListName, Expected)>, setup: Arc<Setup>, ticket: u64 },
    Load(Arc<Setup>, oneshot::Sender<Vec<(ListName, NewList)>>),
}

/// The thread that keeps lists, as the engine sees it.
#[derive(Debug)]
pub struct Keeper {
    orders: mpsc::UnboundedSender<Order>,
    shelf: Shelf,
    folder: Folder,
}

#[derive(Clone)]
struct Worker {
    folder: Folder,
    shelf: Shelf,
    clock: SharedClock,
    resolver: SharedResolver,
    received: Arc<Semaphore>,
    /// One list is taken in at a time.
    taking: Arc<tokio::sync::Mutex<()>>,
    /// One question to an address at a time.
    asking: Arc<Mutex<HashMap<Arc<str>, Turn>>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Keeper {
    /// Opens the folder and starts the thread. What was wanted comes out of the channel as it ends.
    ///
    /// # Errors
    /// The folder cannot be made or read, or the system gives no thread.
    pub fn start(
        folder: &Path,
        clock: SharedClock,
        resolver: SharedResolver,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<Outcome>)> {
        let folder = Folder::open(folder)?;
        let shelf = Shelf::default();
        let (orders, receiver) = mpsc::unbounded_channel();
        let (outcomes, ended) = mpsc::unbounded_channel();
        let worker = Worker {
            folder: folder.clone(),
            shelf: shelf.clone(),
            clock,
            resolver,
            received: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
            taking: Arc::default(),
            asking: Arc::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(SIDE_BY_SIDE + 1)
            .thread_name("vigie-crls")
            .build()?;
        std::thread::Builder::new().name("vigie-crls".to_owned()).spawn(move || {
            runtime.block_on(worker.obey(receiver, outcomes));
            // What is still coming in is given up: nothing of it is in its place yet.
            runtime.shutdown_background();
        })?;
        Ok((Self { orders, shelf, folder }, ended))
    }

    /// The lists that are held.
    pub const fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Where the DER of a list is.
    pub fn list_path(&self, name: &ListName) -> PathBuf {
        self.folder.list_path(name)
    }

    /// Wants a list. What comes of it comes out of the channel.
    pub fn fetch(&self, wanted: Wanted, setup: Arc<Setup>) {
        self.order(Order::Fetch(wanted, setup));
    }

    /// Takes a list from a file. `known` are the lists that are followed: it is kept as the one it can only be, or under a name of its own.
    pub fn import(&self, path: PathBuf, known: Vec<(ListName, Expected)>, setup: Arc<Setup>, ticket: u64) {
        self.order(Order::Import { path, known, setup, ticket });
    }

    /// Puts what the folder holds on the shelf, and gives it.
    pub fn load(&self, setup: Arc<Setup>) -> oneshot::Receiver<Vec<(ListName, NewList)>> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Load(setup, reply));
        answer
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the thread that keeps revocation lists is gone");
        }
    }
}

impl Worker {
    async fn obey(self, mut orders: mpsc::UnboundedReceiver<Order>, outcomes: mpsc::UnboundedSender<Outcome>) {
        while let Some(order) = orders.recv().await {
            let worker = self.clone();
            match order {
                Order::Load(setup, reply) => {
                    let loaded = worker.blocking(move |worker| worker.load(&setup)).await.unwrap_or_default();
                    tell(reply, loaded);
                }
                Order::Fetch(wanted, setup) => {
                    let outcomes = outcomes.clone();
                    tokio::spawn(async move { report(&outcomes, worker.fetch(wanted, setup).await) });
                }
                Order::Import { path, known, setup, ticket } => {
                    let outcomes = outcomes.clone();
                    tokio::spawn(async move { report(&outcomes, worker.import(path, known, setup, ticket).await) });
                }
            }
        }
    }

    async fn fetch(&self, wanted: Wanted, setup: Arc<Setup>) -> Outcome {
        let permit = self.received.acquire().await;
        let gate = Gate::new(&setup.config);
        let name = wanted.name.clone();
        let mut failed = Vec::new();
        for address in wanted.addresses.iter().take(super::fetch::MAX_ADDRESSES) {
            match self.ask(address, &wanted, &gate, &setup).await {
                Ok(had) => {
                    drop(permit);
                    return Outcome { name, ticket: None, at: self.clock.now(), result: Ok(Had { failed, ..had }) };
                }
                Err((reason, message)) => failed.push(Failed { from: shown(address), reason, message }),
            }
        }
        drop(permit);
        Outcome { name, ticket: None, at: self.clock.now(), result: Err(failed) }
    }

    async fn ask(
        &self,
        address: &Arc<str>,
        wanted: &Wanted,
        gate: &Gate,
        setup: &Arc<Setup>,
    ) -> Result<Had, (&'static str, String)> {
        let of_fetch = |error: FetchError| (error.reason(), error.to_string());
        let turn = {
            let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            // Those nobody is asking any more.
            asking.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(asking.entry(Arc::clone(address)).or_default())
        };
        let turn = turn.lock().await;
        let context = Context { config: &setup.config, gate, resolver: &*self.resolver, clock: &*self.clock };
        let path = self.folder.spool_path(&wanted.name);
        let mut spool =
            Spool::create(&path, setup.config.max_bytes).map_err(|error| of_fetch(FetchError::Disk(error)))?;
        // Not asked "is it still the same" unless what it was is at hand.
        let held = self.shelf.get(&wanted.name);
        let last = wanted.last.as_ref().filter(|(from, _)| *from == *address && held.is_some()).map(|(_, known)| known);
        let reply = one(address, last, &context, &mut spool).await.map_err(of_fetch)?;
        let from = Arc::clone(address);
        let mut validators = match reply {
            Reply::Unchanged => {
                return Ok(Had { from, validators: last.cloned().unwrap_or_default(), new: None, failed: Vec::new() });
            }
            Reply::Body(validators) => validators,
        };
        let body = spool.finish().map_err(of_fetch)?;
        validators.body = Some(body);
        // The same bytes as the last time are not read again.
        let same = held.is_some() && wanted.last.as_ref().is_some_and(|(_, known)| known.body == Some(body));
        drop(turn);
        if same {
            return Ok(Had { from, validators, new: None, failed: Vec::new() });
        }
        let (name, expected, setup) = (wanted.name.clone(), wanted.expected.clone(), Arc::clone(setup));
        let taken = self.take(move |worker| worker.take_in(&name, spool.file(), &expected, &setup)).await;
        let new = taken?;
        Ok(Had { from, validators, new, failed: Vec::new() })
    }

    async fn import(&self, path: PathBuf, known: Vec<(ListName, Expected)>, setup: Arc<Setup>, ticket: u64) -> Outcome {
        let from: Arc<str> = path.display().to_string().into();
        let taken = self.take(move |worker| worker.import_file(&path, &known, &setup)).await;
        let (name, result) = match taken {
            Ok((name, new)) => {
                (Some(name), Ok(Had { from, validators: Validators::default(), new, failed: Vec::new() }))
            }
            Err((name, (reason, message))) => (name, Err(vec![Failed { from: from.to_string(), reason, message }])),
        };
        let name = name.or_else(|| import_name(&[], false, "")).unwrap_or_else(ListName::nameless);
        Outcome { name, ticket: Some(ticket), at: self.clock.now(), result }
    }

    /// Does something on the blocking pool, alone.
    async fn take<T: Send + 'static, E: From<Broken> + Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let turn = self.taking.lock().await;
        let done = self.blocking(work).await;
        drop(turn);
        done.unwrap_or_else(|| Err(Broken.into()))
    }

    /// `None` when it panicked, which costs this list and not the others.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> T + Send + 'static) -> Option<T> {
        let worker = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            be_nice();
            work(&worker)
        });
        done.await.map_err(|error| tracing::error!(error = %error, "a revocation list broke off the work on it")).ok()
    }

    fn take_in(
        &self,
        name: &ListName,
        file: &mut File,
        expected: &Expected,
        setup: &Setup,
    ) -> Result<Option<NewList>, (&'static str, String)> {
        let disk = |error: io::Error| ("io", error.to_string());
        let (held, shelf, now) = (self.shelf.get(name), self.shelf.lists(), self.clock.now());
        let held = held.as_ref().map(|kept| &kept.crl);
        let mut judge = |crl: &Crl| accept(crl, held, expected, &shelf, &setup.trust, now);
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        let key = fresh_key().map_err(disk)?;
        match self.folder.take_in(name, file, held, limits, key, &mut judge) {
            Ok(Taken::Same) => Ok(None),
            Ok(Taken::New(kept)) => {
                let new = described(&kept.crl, now);
                self.shelf.put(name.clone(), *kept);
                Ok(Some(new))
            }
            Err(error) => Err((error.reason(), bare(&error))),
        }
    }

    fn import_file(
        &self,
        path: &Path,
        known: &[(ListName, Expected)],
        setup: &Setup,
    ) -> Result<(ListName, Option<NewList>), NotImported> {
        let unreadable = |source: io::Error| {
            let error = FetchError::Unreadable { path: path.display().to_string(), source };
            (None, (error.reason(), error.to_string()))
        };
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        // Once to know whose it is, once to take it in: what is in between is not relied on.
        let mut file = open_regular(path).map_err(unreadable)?;
        let read = read_from(&mut file, limits, &mut |_| Ok(()), &mut |_| {});
        let crl = read.map_err(|error| match error {
            ReadError::Io(error) => unreadable(error),
            ReadError::Refused(refused) => (None, (refused.reason(), refused.to_string())),
        })?;
        let fits = |(_, expected): &&(ListName, Expected)| {
            expected.delta.is_none_or(|delta| delta == crl.is_delta())
                && expected.issuers.contains(&crl.issuer.canonical)
        };
        let mut fitting = known.iter().filter(fits);
        let scope = format!("{:?}", crl.scope);
        let own = || import_name(&crl.issuer.canonical, crl.is_delta(), &scope).unwrap_or_else(ListName::nameless);
        let name = match (fitting.next(), fitting.next()) {
            (Some((name, _)), None) => name.clone(),
            _ => own(),
        };
        let expected = Expected { issuers: vec![Arc::clone(&crl.issuer.canonical)], delta: Some(crl.is_delta()) };
        let mut file = open_regular(path).map_err(unreadable)?;
        match self.take_in(&name, &mut file, &expected, setup) {
            Ok(new) => Ok((name, new)),
            Err(error) => Err((Some(name), error)),
        }
    }

    /// Puts what the folder holds on the shelf. An index that is damaged is made again; a list that is damaged waits to be fetched again.
    fn load(&self, setup: &Setup) -> Vec<(ListName, NewList)> {
        let names = self.folder.names().unwrap_or_else(|error| {
            tracing::error!(error = %error, "the folder of revocation lists cannot be read");
            Vec::new()
        });
        let now = self.clock.now();
        let mut loaded = Vec::new();
        for name in names {
            let kept = match self.folder.load(&name) {
                Ok(kept) => kept,
                Err(damage) => {
                    tracing::warn!(list = name.as_str(), error = %damage, "the index of a revocation list is made again");
                    self.rebuilt(&name, setup, now)
                }
            };
            if let Some(kept) = kept {
                loaded.push((name.clone(), described(&kept.crl, now)));
                self.shelf.put(name, kept);
            }
        }
        loaded
    }

    fn rebuilt(&self, name: &ListName, setup: &Setup, now: Timestamp) -> Option<Kept> {
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        let key = fresh_key().ok()?;
        let shelf = self.shelf.lists();
        let mut judge = |crl: &Crl| accept(crl, None, &Expected::default(), &shelf, &setup.trust, now);
        match self.folder.rebuild(name, limits, key, &mut judge) {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::error!(error = %error, "a kept revocation list is damaged and is fetched again");
                None
            }
        }
    }
}

/// The work panicked.
struct Broken;

impl From<Broken> for (&'static str, String) {
    fn from(_: Broken) -> Self {
        ("internal_error", "reading the list broke off".to_owned())
    }
}

impl From<Broken> for (Option<ListName>, (&'static str, String)) {
    fn from(broken: Broken) -> Self {
        (None, broken.into())
    }
}

fn report(outcomes: &mpsc::UnboundedSender<Outcome>, outcome: Outcome) {
    if outcomes.send(outcome).is_err() {
        tracing::debug!("nobody waits for a revocation list any more");
    }
}

fn tell<T>(reply: oneshot::Sender<T>, answer: T) {
    if reply.send(answer).is_err() {
        tracing::debug!("nobody waits for an answer about revocation lists any more");
    }
}

/// What went wrong without the name of our file, which says nothing to anybody.
fn bare(error: &KeepError) -> String {
    match error {
        KeepError::Io { source, .. } => source.to_string(),
        KeepError::Refused { source, .. } => source.to_string(),
        KeepError::Rejected { source, .. } => source.to_string(),
    }
}

fn described(crl: &Crl, now: Timestamp) -> NewList {
    let held = Held {
        number: crl.number.as_ref().map(|number| number.to_string().into()),
        this_update: crl.this_update,
        next_update: crl.next_update,
        entries: u64::from(crl.entries),
        bytes: crl.layout.bytes,
        identity: Fingerprint(crl.identity.0),
        taken_at: now,
    };
    NewList { held, issuer: crl.issuer.text(), delta: crl.is_delta() }
}

/// A FIFO or a device would hold the thread for ever.
fn open_regular(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::from_ne_bytes((rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().to_ne_bytes());
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

fn be_nice() {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(error = %error, "the thread stays as eager as the others");
    }
}
