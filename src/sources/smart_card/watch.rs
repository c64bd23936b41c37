//! The thread that watches the readers: blocked in `SCardGetStatusChange` until something moves, and back on its feet by itself when
//! pcscd goes away and comes back.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, State};

use super::board::Board;
use super::pkcs11::reader::ModuleReader;
use super::seat::Errand;
use super::worker::Worker;
use super::{SmartCardError, establish, printable};

/// Between two attempts to reach pcscd, at first; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// And at most: a pcscd that comes back is found within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A reader plugged in between listing the readers and waiting for a change shows only with the next change, so the list is made
/// again after this time even when nothing moved.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long pcscd takes to answer what needs no card, at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// Readers that are watched; pcscd itself serves 16.
const MAX_READERS: usize = 64;

/// A running watch. Dropping it ends it without waiting.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
    board: Arc<Board>,
    threads: Vec<JoinHandle<()>>,
}

/// What the thread and whoever ends it share.
#[derive(Default)]
struct Shared {
    stop: Arc<AtomicBool>,
    /// The context the thread waits in, to be woken up.
    waiting: Mutex<Option<Context>>,
    /// Wakes it up between two attempts to reach pcscd.
    pause: Condvar,
    /// A thread is cancelling.
    cancelling: Arc<AtomicBool>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("stop", &self.stop).finish_non_exhaustive()
    }
}

impl Watch {
    pub(super) fn start(board: &Arc<Board>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let watcher = Watcher {
            board: Arc::clone(board),
            shared: Arc::clone(&shared),
            workers: HashMap::new(),
            cards: HashMap::new(),
        };
        // From here on dropping it ends what was started.
        let mut watch = Self { shared, board: Arc::clone(board), threads: Vec::new() };
        watch.threads.push(std::thread::Builder::new().name("cards".to_owned()).spawn(move || watcher.run())?);
        let (time, stop) = (Arc::clone(board), Arc::clone(&watch.shared.stop));
        let keeping = move || time.keep_time(&stop);
        watch.threads.push(std::thread::Builder::new().name("card-clock".to_owned()).spawn(keeping)?);
        let module = ModuleReader { board: Arc::clone(board), stop: Arc::clone(&watch.shared.stop) };
        watch.threads.push(std::thread::Builder::new().name("pkcs11".to_owned()).spawn(move || module.run())?);
        Ok(watch)
    }

    /// Ends the watch and waits for its threads, at most `patience`. Threads of readers whose card does not answer stay behind.
    pub(super) fn end(mut self, patience: Duration) {
        const STEP: Duration = Duration::from_millis(5);
        let threads = std::mem::take(&mut self.threads);
        let mut left = patience;
        while !threads.iter().all(JoinHandle::is_finished) && !left.is_zero() {
            // Again and again: a thread that was about to wait when it was cancelled waits all the same.
            self.wake();
            std::thread::sleep(STEP);
            left = left.saturating_sub(STEP);
        }
        for thread in threads.into_iter().filter(JoinHandle::is_finished) {
            if thread.join().is_err() {
                tracing::error!("a thread that watches the card readers had stopped in the middle");
            }
        }
    }

    fn wake(&self) {
        self.shared.wake();
        self.board.wake();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.wake();
    }
}

impl Shared {
    fn wake(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.pause.notify_all();
        let Some(context) = waiting else { return };
        if self.cancelling.swap(true, Ordering::Relaxed) {
            return;
        }
        // Aside: to cancel is to ask pcscd, and one that is frozen does not answer.
        let cancelling = Arc::clone(&self.cancelling);
        let aside = std::thread::Builder::new().name("cards-cancel".to_owned()).spawn(move || {
            if let Err(error) = context.cancel() {
                tracing::debug!(error = %error, "the watch of the card readers could not be cancelled");
            }
            cancelling.store(false, Ordering::Relaxed);
        });
        if let Err(error) = aside {
            self.cancelling.store(false, Ordering::Relaxed);
            tracing::error!(error = %error, "no thread to cancel the watch of the card readers");
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn rest(&self, pause: Duration) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_stopped() {
            drop(self.pause.wait_timeout(waiting, pause).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn waits_in(&self, context: Option<Context>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = context;
    }
}

struct Watcher {
    board: Arc<Board>,
    shared: Arc<Shared>,
    workers: HashMap<Arc<str>, Sender<Errand>>,
    /// The card last seen in each reader: pcscd's count of insertions and removals, and whether it answers to power.
    cards: HashMap<Arc<str>, Option<(u32, bool)>>,
}

impl Watcher {
    fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        while !self.shared.is_stopped() {
            self.board.expect_word(PATIENCE);
            let error = match establish() {
                Ok(context) => {
                    pause = FIRST_PAUSE;
                    self.shared.waits_in(Some(context.clone()));
                    let ended = self.watch(&context);
                    self.shared.waits_in(None);
                    ended
                }
                Err(error) => error,
            };
            // Whoever sends no more errands is not waited for: a worker ends when its card lets it.
            self.workers.clear();
            self.cards.clear();
            if self.shared.is_stopped() {
                return;
            }
            // Told once: what goes on is in the state of the source.
            if self.board.lost(&error) {
                tracing::warn!(reason = error.reason(), "smart cards: {error}");
            }
            self.shared.rest(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Watches until the connection breaks, and says how it did.
    fn watch(&mut self, context: &Context) -> SmartCardError {
        let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
        loop {
            self.board.expect_word(PATIENCE);
            if let Err(error) = self.list(context, &mut states) {
                return error.into();
            }
            if !self.board.heard() {
                return SmartCardError::Silent;
            }
            // Only once every reader was looked at: until then a card that was known before would count as there.
            if states.iter().all(|state| state.name() == PNP_NOTIFICATION() || state.current_state() != State::UNAWARE)
            {
                self.board.reached();
            }
            self.board.expect_word(LONGEST_WAIT + PATIENCE);
            let woken = context.get_status_change(LONGEST_WAIT, &mut states);
            if !self.board.heard() {
                return SmartCardError::Silent;
            }
            match woken {
                Ok(()) | Err(Error::Timeout) => {}
                Err(Error::Cancelled) if self.shared.is_stopped() => return SmartCardError::Removed,
                // A reader that went between the listing and the waiting: listed again.
                Err(Error::Cancelled | Error::UnknownReader) => {}
                Err(error) => return error.into(),
            }
            if self.shared.is_stopped() {
                return SmartCardError::Removed;
            }
            for state in states.iter_mut().filter(|state| state.event_state().contains(State::CHANGED)) {
                if state.name() != PNP_NOTIFICATION() {
                    self.moved(state);
                }
                state.sync_current_state();
            }
        }
    }

    /// Makes the list of readers again.
    fn list(&mut self, context: &Context, states: &mut Vec<ReaderState>) -> Result<(), Error> {
        let names: Vec<CString> = match context.list_readers_owned() {
            Ok(names) => names.into_iter().take(MAX_READERS).collect(),
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(error),
        };
        states.retain(|state| state.name() == PNP_NOTIFICATION() || names.iter().any(|name| **name == *state.name()));
        for name in &names {
            if !states.iter().any(|state| *state.name() == **name) {
                states.push(ReaderState::new(name.clone(), State::UNAWARE));
            }
        }
        let names: Vec<Arc<str>> = names.iter().map(|name| printable(name).into()).collect();
        self.workers.retain(|name, _| names.contains(name));
        self.cards.retain(|name, _| names.contains(name));
        self.board.list(&names);
        Ok(())
    }

    /// Something moved in a reader.
    fn moved(&mut self, state: &ReaderState) {
        let (reader, now) = (state.name(), state.event_state());
        let name: Arc<str> = printable(reader).into();
        if now.intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) {
            // What is in it when it is back is another insertion, whatever the count says.
            self.cards.remove(&name);
            self.board.failing(&name, &SmartCardError::ReaderUnavailable);
            return;
        }
        if !now.contains(State::PRESENT) {
            self.cards.insert(Arc::clone(&name), None);
            self.board.emptied(&name);
            return;
        }
        // The high half of the state counts insertions and removals: a card that was swapped between two looks shows only there.
        // Without a new one, somebody else began or ended using the card, and nothing is read again.
        let card = Some((state.event_count(), now.contains(State::MUTE)));
        if self.cards.insert(Arc::clone(&name), card).flatten() == card {
            return;
        }
        if now.contains(State::MUTE) {
            self.board.failing(&name, &SmartCardError::Unpowered);
        } else if let Some(errand) = self.board.inserted(&name, state.atr()) {
            self.send(reader, name, errand);
        }
    }

    fn send(&mut self, reader: &CStr, name: Arc<str>, errand: Errand) {
        let errand = match self.workers.get(&name) {
            Some(worker) => match worker.send(errand) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
            None => errand,
        };
        let (sender, errands) = channel();
        let worker = Worker {
            reader: reader.to_owned(),
            name: Arc::clone(&name),
            board: Arc::clone(&self.board),
            stop: Arc::clone(&self.shared.stop),
        };
        let spawned = std::thread::Builder::new().name("card-reader".to_owned()).spawn(move || worker.run(&errands));
        match spawned {
            Ok(_) if sender.send(errand).is_ok() => drop(self.workers.insert(name, sender)),
            Ok(_) => tracing::error!(reader = %name, "the thread of a card reader ended at once"),
            Err(error) => tracing::error!(reader = %name, error = %error, "no thread for a card reader"),
        }
    }
}
