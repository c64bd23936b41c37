//! Fetches lists and takes them in, on a thread of its own: what takes long here holds up nobody else.
//!
//! Lists are received side by side, so that a slow server delays its own list only, each into a file of its own. They are taken in one at a time:
//! read, verified, indexed, and only then put in the place of the list held so far.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::accept::{Expected, accept};
use super::error::FetchError;
use super::fetch::{Context, Reply, one};
use super::gate::{Gate, shown};
use super::import;
use super::index::fresh_key;
use super::kept::{Folder, KeepError, ListName, Taken};
use super::outcome::{Failed, Had, Import, NewList, Outcome, Setup, Ticket, Wanted, Way};
use super::resolve::SharedResolver;
use super::room::Room;
use super::shelf::Shelf;
use super::spool::Spool;
use crate::clock::SharedClock;
use crate::pki::crl::{Crl, Limits};

/// Lists received at the same time.
const SIDE_BY_SIDE: usize = 4;
/// A list that takes longer gives its place to those that wait, and goes on beside them.
const SLOW: Duration = Duration::from_secs(60);
/// Lists that go on beside the others.
const BESIDE: usize = 12;
/// Threads for names: a look-up that is given up keeps its thread as long as the system goes on with it.
const LOOK_UPS: usize = 16;
/// How nice the thread is (nice(2)): the status is answered first.
const NICENESS: i32 = 19;

enum Order {
    Fetch(Wanted, Arc<Setup>),
    Import(Import, Arc<Setup>),
    Load(Arc<Setup>, oneshot::Sender<Vec<(ListName, NewList)>>),
    Mend(Arc<Setup>, oneshot::Sender<Vec<ListName>>),
    Forget(ListName, oneshot::Sender<Result<(), String>>),
}

/// The thread that keeps lists, as the engine sees it.
#[derive(Debug)]
pub struct Keeper {
    orders: mpsc::UnboundedSender<Order>,
    shelf: Shelf,
    folder: Folder,
    gate: SharedGate,
    times: Arc<Mutex<FetchTimes>>,
}

/// Who does the work, on the thread.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) folder: Folder,
    pub(super) shelf: Shelf,
    pub(super) clock: SharedClock,
    resolver: SharedResolver,
    received: Arc<Semaphore>,
    beside: Arc<Semaphore>,
    /// When a list is slow.
    slow: Duration,
    /// Where lists may come from now, whatever was allowed when they were sent for.
    gate: SharedGate,
    times: Arc<Mutex<FetchTimes>>,
    /// One list is taken in at a time.
    taking: Arc<tokio::sync::Mutex<()>>,
    /// One question to an address at a time.
    asking: Arc<Mutex<HashMap<Arc<str>, Turn>>>,
    /// Imports that read files.
    pub(super) readers: Arc<Semaphore>,
    /// Time for a place of files to answer.
    pub(super) patience: Duration,
    /// Files that were read so far.
    imported: Arc<AtomicU64>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

type SharedGate = Arc<Mutex<Option<Arc<Gate>>>>;

/// What fetches took since the start, without the wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchTimes {
    /// Of lists that were had: how many, and how long in all.
    pub had: (u64, Duration),
    /// Of those that were not.
    pub failed: (u64, Duration),
}

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
        let worker = Worker::new(folder, clock, resolver)?;
        let (folder, shelf) = (worker.folder.clone(), worker.shelf.clone());
        let (gate, times) = (Arc::clone(&worker.gate), Arc::clone(&worker.times));
        let (orders, receiver) = mpsc::unbounded_channel();
        let (outcomes, ended) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(SIDE_BY_SIDE + 1 + import::READERS + LOOK_UPS)
            .thread_name("vigie-crls")
            .build()?;
        std::thread::Builder::new().name("vigie-crls".to_owned()).spawn(move || {
            runtime.block_on(worker.obey(receiver, outcomes));
            // What is still coming in is given up: nothing of it is in its place yet.
            runtime.shutdown_background();
        })?;
        Ok((Self { orders, shelf, folder, gate, times }, ended))
    }

    /// From now on lists may come from there, also those that are on their way.
    pub fn allow(&self, gate: Gate) {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(gate));
    }

    /// What fetches took since the start.
    pub fn times(&self) -> FetchTimes {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Takes lists from files. What comes of each comes out of the channel.
    pub fn import(&self, import: Import, setup: Arc<Setup>) {
        self.order(Order::Import(import, setup));
    }

    /// Puts what the folder holds on the shelf, and gives it.
    pub fn load(&self, setup: Arc<Setup>) -> oneshot::Receiver<Vec<(ListName, NewList)>> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Load(setup, reply));
        answer
    }

    /// Makes damaged indexes again, and gives the lists that are held no more.
    pub fn mend(&self, setup: Arc<Setup>) -> oneshot::Receiver<Vec<ListName>> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Mend(setup, reply));
        answer
    }

    /// Lets go of a list: its files, and its place on the shelf. What comes of lists taken before that is in the channel before the answer.
    pub fn forget(&self, name: ListName) -> oneshot::Receiver<Result<(), String>> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Forget(name, reply));
        answer
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the thread that keeps revocation lists is gone");
        }
    }
}

impl Worker {
    pub(super) fn new(folder: &Path, clock: SharedClock, resolver: SharedResolver) -> io::Result<Self> {
        Ok(Self {
            folder: Folder::open(folder)?,
            shelf: Shelf::default(),
            clock,
            resolver,
            received: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
            beside: Arc::new(Semaphore::new(BESIDE)),
            slow: SLOW,
            gate: Arc::default(),
            times: Arc::default(),
            taking: Arc::default(),
            asking: Arc::default(),
            readers: Arc::new(Semaphore::new(import::READERS)),
            patience: import::PATIENCE,
            imported: Arc::default(),
        })
    }

    async fn obey(self, mut orders: mpsc::UnboundedReceiver<Order>, outcomes: mpsc::UnboundedSender<Outcome>) {
        while let Some(order) = orders.recv().await {
            let worker = self.clone();
            match order {
                Order::Load(setup, reply) => {
                    let load = move |worker: &Self| worker.shelf.load(&worker.folder, &setup, worker.clock.now());
                    tokio::spawn(async move { tell(reply, worker.alone(load).await.unwrap_or_default()) });
                }
                Order::Mend(setup, reply) => {
                    let mend = move |worker: &Self| worker.shelf.mend(&worker.folder, &setup, worker.clock.now());
                    tokio::spawn(async move { tell(reply, worker.alone(mend).await.unwrap_or_default()) });
                }
                Order::Forget(name, reply) => {
                    // Beside the orders that follow, and behind the list that is being taken in: nothing between that and the word of it.
                    tokio::spawn(async move {
                        let forget = move |worker: &Self| worker.forget(&name);
                        let gone = worker.take(forget).await;
                        tell(reply, gone.map_err(|(_, message)| message));
                    });
                }
                Order::Fetch(wanted, setup) => {
                    let (name, outcomes) = (wanted.name.clone(), outcomes.clone());
                    tokio::spawn(worker.finally(name, Way::Address, outcomes, |worker, outcomes| async move {
                        report(&outcomes, worker.fetch(wanted, setup).await);
                    }));
                }
                Order::Import(import, setup) => {
                    let ticket = import.ticket.map(|number| Ticket { number, last: true });
                    let (way, outcomes) = (Way::File(ticket), outcomes.clone());
                    let work = |worker: Self, outcomes| worker.import(import, setup, outcomes);
                    tokio::spawn(worker.finally(ListName::nameless(), way, outcomes, work));
                }
            }
        }
    }

    /// Does the work on a list and, should it break off, says so: whoever waits for the list is not left waiting.
    async fn finally<W: Future<Output = ()> + Send + 'static>(
        self,
        name: ListName,
        way: Way,
        outcomes: mpsc::UnboundedSender<Outcome>,
        work: impl FnOnce(Self, mpsc::UnboundedSender<Outcome>) -> W,
    ) {
        if let Err(error) = tokio::spawn(work(self.clone(), outcomes.clone())).await {
            tracing::error!(list = name.as_str(), error = %error, "the work on a revocation list broke off");
            let (reason, message) = Broken.into();
            let failed = Failed { from: String::new(), reason, message };
            report(&outcomes, Outcome { name, way, at: self.clock.now(), result: Err(vec![failed]) });
        }
    }

    async fn fetch(&self, wanted: Wanted, setup: Arc<Setup>) -> Outcome {
        let place = self.received.acquire().await;
        let began = self.clock.monotonic();
        let work = self.ask_all(&wanted, &setup);
        tokio::pin!(work);
        let result = match tokio::time::timeout(self.slow, &mut work).await {
            Ok(result) => result,
            // Servers that dribble, each just fast enough, must not hold up all the others.
            Err(_) => tokio::select! {
                result = &mut work => result,
                beside = self.beside.acquire() => {
                    drop(place);
                    let result = work.await;
                    drop(beside);
                    result
                }
            },
        };
        let took = self.clock.monotonic().saturating_sub(began);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, sum) = if result.is_ok() { &mut times.had } else { &mut times.failed };
        (*count, *sum) = (*count + 1, *sum + took);
        drop(times);
        Outcome { name: wanted.name.clone(), way: Way::Address, at: self.clock.now(), result }
    }

    async fn ask_all(&self, wanted: &Wanted, setup: &Arc<Setup>) -> Result<Had, Vec<Failed>> {
        let mut failed = Vec::new();
        let mut had: Option<Had> = None;
        for address in wanted.addresses.iter().take(super::fetch::MAX_ADDRESSES) {
            match self.ask(address, wanted, setup).await {
                Ok(now) => {
                    let clock = self.clock.now();
                    let helps = now.new.as_ref().map(|new| new.held.next_update.is_some_and(|next| clock < next));
                    // Of those that gave nothing new the first.
                    had = if now.new.is_some() { Some(now) } else { had.or(Some(now)) };
                    // An address that goes on giving a list whose successor is due may be a cache that is stuck.
                    if helps.unwrap_or(!wanted.late) {
                        break;
                    }
                }
                Err((reason, message)) => failed.push(Failed { from: shown(address), reason, message }),
            }
        }
        match had {
            Some(had) => Ok(Had { failed, ..had }),
            None => Err(failed),
        }
    }

    /// What may be asked now; where nobody said, what might when the list was sent for.
    fn gate(&self, setup: &Setup) -> Arc<Gate> {
        let now = self.gate.lock().unwrap_or_else(PoisonError::into_inner).clone();
        now.unwrap_or_else(|| Arc::new(Gate::new(&setup.config)))
    }

    async fn ask(
        &self,
        address: &Arc<str>,
        wanted: &Wanted,
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
        let (config, late, gate) = (&setup.config, wanted.late, self.gate(setup));
        let context = Context { config, gate: &gate, resolver: &*self.resolver, clock: &*self.clock, late };
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
        let address = Arc::clone(address);
        let taken = self.take(move |worker| {
            // It may have been on its way while the settings changed.
            worker.gate(&setup).address(&address).map_err(|denied| of_fetch(denied.into()))?;
            worker.take_in(&name, spool.file(), &expected, &setup)
        });
        let taken = taken.await;
        let new = taken?;
        Ok(Had { from, validators, new, failed: Vec::new() })
    }

    /// Where a file is received that may turn out to be any list.
    pub(super) fn import_path(&self) -> PathBuf {
        let name = format!("import-{}", self.imported.fetch_add(1, Ordering::Relaxed));
        self.folder.spool_path(&ListName::new(&name).unwrap_or_else(ListName::nameless))
    }

    /// Does something on the blocking pool, alone.
    pub(super) async fn take<T: Send + 'static, E: From<Broken> + Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.alone(work).await.unwrap_or_else(|| Err(Broken.into()))
    }

    /// Does something to the folder while nobody else does.
    async fn alone<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> T + Send + 'static) -> Option<T> {
        let turn = self.taking.lock().await;
        let done = self.blocking(work).await;
        drop(turn);
        done
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

    pub(super) fn forget(&self, name: &ListName) -> Result<(), (&'static str, String)> {
        self.folder.remove(name).map_err(|error| ("io", error.to_string()))?;
        self.shelf.remove(name);
        Ok(())
    }

    pub(super) fn take_in(
        &self,
        name: &ListName,
        file: &mut File,
        expected: &Expected,
        setup: &Setup,
    ) -> Result<Option<NewList>, (&'static str, String)> {
        let disk = |error: io::Error| ("io", error.to_string());
        let (held, shelf, now) = (self.shelf.get(name), self.shelf.lists(), self.clock.now());
        let held = held.as_ref().map(|kept| &kept.crl);
        // A copy, and an index that is never larger than its list.
        let size = file.metadata().map_err(disk)?.len();
        if let Some(folder) = self.folder.list_path(name).parent() {
            let room = Room::SYSTEM.for_more(folder, size.saturating_mul(2));
            room.map_err(|error| (error.reason(), error.to_string()))?;
        }
        let mut judge = |crl: &Crl| accept(crl, held, expected, &shelf, &setup.trust, now);
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        let key = fresh_key().map_err(disk)?;
        match self.folder.take_in(name, file, held, limits, key, &mut judge) {
            Ok(Taken::Same) => Ok(None),
            Ok(Taken::New(kept)) => {
                let new = NewList::of(&kept, now);
                self.shelf.put(name.clone(), *kept);
                Ok(Some(new))
            }
            Err(error) => Err((error.reason(), bare(&error))),
        }
    }
}

/// The work panicked.
pub(super) struct Broken;

impl From<Broken> for (&'static str, String) {
    fn from(_: Broken) -> Self {
        ("internal_error", "reading the list broke off".to_owned())
    }
}

pub(super) fn report(outcomes: &mpsc::UnboundedSender<Outcome>, outcome: Outcome) {
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

fn be_nice() {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(error = %error, "the thread stays as eager as the others");
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::RevocationConfig;
    use crate::revocation::{LookUp, Resolve, SystemResolver, Trust};

    /// A resolver nobody should have written.
    #[derive(Debug)]
    struct Panics;

    impl Resolve for Panics {
        fn look_up(&self, host: &str) -> LookUp {
            panic!("looking {host} up");
        }
    }

    fn setup() -> Arc<Setup> {
        let hosts = ["127.0.0.1", "panics.example"].map(str::to_owned).to_vec();
        let networks = vec!["127.0.0.0/8".parse().expect("a network")];
        let config = RevocationConfig { hosts, networks, ..RevocationConfig::default() };
        Arc::new(Setup { config, trust: Trust::default() })
    }

    fn wanted(name: &str, address: &str) -> Wanted {
        let (name, addresses) = (ListName::new(name).expect("a name"), vec![address.into()]);
        Wanted { name, addresses, expected: Expected::default(), last: None, late: false }
    }

    fn reason(outcome: &Outcome) -> &'static str {
        outcome.result.as_ref().err().and_then(|failed| failed.first()).map_or("-", |failed| failed.reason)
    }

    /// Nobody listens there.
    fn nowhere() -> String {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        format!("http://{}/x.crl", address.expect("an address"))
    }

    #[test]
    fn a_panic_costs_one_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let (keeper, mut ended) =
            Keeper::start(folder.path(), SystemClock::shared(), Arc::new(Panics)).expect("a keeper");
        // More often than lists are received side by side.
        for turn in 0..2 * SIDE_BY_SIDE {
            keeper.fetch(wanted(&format!("bad-{turn}"), "http://panics.example/x.crl"), setup());
        }
        keeper.fetch(wanted("good", &nowhere()), setup());
        let mut outcomes = std::collections::BTreeMap::new();
        while outcomes.len() <= 2 * SIDE_BY_SIDE {
            let outcome = ended.blocking_recv().expect("an outcome for each");
            outcomes.insert(outcome.name.as_str().to_owned(), reason(&outcome));
        }
        assert_eq!(outcomes.remove("good"), Some("unreachable"));
        assert!(outcomes.values().all(|reason| *reason == "internal_error"), "{outcomes:?}");
    }

    #[test]
    fn slow_servers_give_their_places_to_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut worker = Worker::new(folder.path(), SystemClock::shared(), Arc::new(SystemResolver)).expect("a folder");
        worker.slow = Duration::from_millis(50);
        // They take the connection, and never answer.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let silent = format!("http://{}/x.crl", silent.local_addr().expect("an address"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (outcomes, mut ended) = mpsc::unbounded_channel();
            for turn in 0..=SIDE_BY_SIDE {
                let address = if turn < SIDE_BY_SIDE { format!("{silent}?{turn}") } else { nowhere() };
                let (worker, outcomes) = (worker.clone(), outcomes.clone());
                let wanted = wanted(&format!("list-{turn}"), &address);
                tokio::spawn(async move { report(&outcomes, worker.fetch(wanted, setup()).await) });
                tokio::task::yield_now().await;
            }
            let first = tokio::time::timeout(Duration::from_secs(20), ended.recv()).await;
            let first = first.expect("not held up for the 30 s of the others").expect("an outcome");
            assert_eq!((first.name.as_str(), reason(&first)), ("list-4", "unreachable"));
        });
    }
}
