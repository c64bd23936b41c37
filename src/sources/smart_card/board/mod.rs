//! What the readers hold now: written by the threads that watch and read, read by the engine and the commands. Nothing here waits
//! for a card.

mod look;
mod time;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::SmartCardError;
use super::pkcs11::state::ModuleState;
use super::pkcs11::{ModuleError, Token};
use super::reading::CardReading;
use super::recognition::{Recognised, recognise};
use super::seat::{AtHand, Errand, Seat, SeatState, Step};
use crate::clock::SharedClock;
use crate::config::SmartCardConfig;
use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;
pub use look::ReadersView;
pub(super) use look::Report;

/// The board. One per source.
#[derive(Debug)]
pub(super) struct Board {
    inner: Mutex<Inner>,
    /// Counts up with every change.
    revision: watch::Sender<u64>,
    /// Told with every change, for those who wait without a runtime.
    changed: Condvar,
    clock: SharedClock,
}

#[derive(Debug, Default)]
struct Inner {
    service: Service,
    /// The watch was broken since the last report was taken: what happened meanwhile was not seen.
    interrupted: bool,
    readers: BTreeMap<Arc<str>, Seat>,
    tickets: u64,
    /// As configured now.
    settings: Arc<SmartCardConfig>,
    /// Until when pcscd has to say something, on the monotonic clock.
    word_due: Option<Duration>,
    /// The PKCS#11 module that is read beside PC/SC, where one is.
    module: Option<ModuleState>,
}

/// The way to pcscd.
#[derive(Debug, Clone, Default)]
pub(super) enum Service {
    /// Not asked yet.
    #[default]
    Unknown,
    /// It answers.
    Reached,
    /// It does not.
    Lost(Problem),
}

impl Board {
    pub(super) fn new(clock: SharedClock, settings: SmartCardConfig) -> Self {
        let module = module_of(&settings, clock.now());
        let inner = Inner { interrupted: true, module, settings: Arc::new(settings), ..Inner::default() };
        Self { inner: Mutex::new(inner), revision: watch::Sender::new(0), changed: Condvar::new(), clock }
    }

    /// Other settings, for what is done from now on: no card is read again for them. Another PKCS#11 module is read at once.
    pub(super) fn configure(&self, settings: SmartCardConfig) {
        self.change(|inner, now| {
            let other_module = inner.settings.pkcs11_module != settings.pkcs11_module;
            if other_module {
                inner.module = module_of(&settings, now);
            }
            inner.settings = Arc::new(settings);
            other_module
        });
    }

    /// As configured now.
    pub(super) fn settings(&self) -> Arc<SmartCardConfig> {
        Arc::clone(&self.inner().settings)
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// pcscd answers.
    pub(super) fn reached(&self) {
        self.change(|inner, _| {
            let news = !matches!(inner.service, Service::Reached);
            inner.service = Service::Reached;
            news
        });
    }

    /// pcscd does not answer: nothing is known to be in any reader. True when that is news.
    pub(super) fn lost(&self, error: &SmartCardError) -> bool {
        let problem = error.problem();
        self.change(|inner, _| {
            let news = match &inner.service {
                Service::Lost(known) => known.reason != problem.reason,
                Service::Unknown | Service::Reached => true,
            };
            inner.lose(problem);
            news
        })
    }

    /// These are the readers now. Names those that are new.
    pub(super) fn list(&self, names: &[Arc<str>]) {
        self.change(|inner, now| {
            let before = inner.readers.len();
            inner.readers.retain(|name, _| names.contains(name));
            let mut news = inner.readers.len() != before;
            for name in names {
                inner.readers.entry(Arc::clone(name)).or_insert_with(|| {
                    news = true;
                    Seat::unseen(now)
                });
            }
            news
        });
    }

    /// The reader is empty.
    pub(super) fn emptied(&self, reader: &Arc<str>) {
        self.change(|inner, now| inner.seat(reader, now, SeatState::Empty, None).is_some());
    }

    /// A card was put in. What to do about it, if anything.
    pub(super) fn inserted(&self, reader: &Arc<str>, atr: &[u8]) -> Option<Errand> {
        let chip = match recognise(atr) {
            Recognised::Cpx(chip) => chip,
            named => {
                let name = match named {
                    Recognised::Cps2ter => "cps2ter",
                    Recognised::Vitale => "vitale",
                    Recognised::Other | Recognised::Cpx(_) => "other",
                };
                self.change(|inner, now| inner.seat(reader, now, SeatState::Foreign(name), None).is_some());
                return None;
            }
        };
        let mut errand = None;
        self.change(|inner, now| {
            let due = self.clock.monotonic() + inner.settings.answer_timeout;
            let ticket = inner.seat(reader, now, SeatState::Reading(Step::Queued), Some(due));
            errand = ticket.map(|ticket| Errand { ticket, chip });
            true
        });
        errand
    }

    /// The reader, or the card in it, gives nothing, and nobody needs to ask it to know.
    pub(super) fn failing(&self, reader: &Arc<str>, error: &SmartCardError) {
        let problem = error.problem();
        self.change(|inner, now| inner.seat(reader, now, SeatState::Unreadable(problem), None).is_some());
    }

    /// The reading behind `errand` is at `step`; an answer is due within `patience`. False when nobody wants that reading any more.
    pub(super) fn at(&self, reader: &Arc<str>, errand: Errand, step: Step, patience: Option<Duration>) -> bool {
        let due = patience.map(|patience| self.clock.monotonic() + patience);
        let (mut wanted, mut sooner) = (false, false);
        self.change(|inner, now| {
            let Some(seat) = inner.wanted(reader, errand) else { return false };
            (wanted, sooner) = (true, seat.due.is_none() && due.is_some());
            seat.at(step, due, now)
        });
        // Whoever keeps the time did not wait for this one; a due time that moves is seen when the earlier one has come.
        if sooner {
            self.changed.notify_all();
        }
        wanted
    }

    /// How a reading ended.
    pub(super) fn ended(&self, reader: &Arc<str>, errand: Errand, outcome: Result<CardReading, &SmartCardError>) {
        self.change(|inner, now| {
            let Some(seat) = inner.wanted(reader, errand) else { return false };
            let state = match outcome {
                Ok(reading) => SeatState::Read(Arc::new(AtHand { chip: errand.chip, reading, read_at: now })),
                Err(error) => SeatState::Unreadable(error.problem()),
            };
            seat.ended(state, now);
            true
        });
    }

    /// Waits until there is a module to be read, marks it as being read, and gives it with its time. `None` when `stop` was set: see
    /// [`Board::wake`].
    pub(super) fn wait_for_module(&self, stop: &AtomicBool) -> Option<(PathBuf, Duration)> {
        let mut inner = self.inner();
        while !stop.load(Ordering::Relaxed) {
            let Inner { service, readers, module, settings, .. } = &mut *inner;
            if let (Service::Reached, Some(module), Some(path)) = (service, module, &settings.pkcs11_module)
                && module.is_due(readers)
            {
                module.begin(readers);
                return Some((path.clone(), settings.pkcs11_timeout));
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// How the reading of the module ended. True when how it does is news; never for one that is no longer configured.
    pub(super) fn module_ended(&self, path: &Path, outcome: Result<Vec<Token>, ModuleError>) -> bool {
        let mut news = false;
        self.change(|inner, now| {
            let Inner { module: Some(module), settings, .. } = inner else { return false };
            if settings.pkcs11_module.as_deref() != Some(path) {
                return false;
            }
            news = module.ended(outcome, now);
            true
        });
        news
    }

    /// A module that could not be read is read once more.
    pub(super) fn try_module_again(&self) {
        if let Some(module) = &mut self.inner().module {
            module.try_again();
        }
        self.changed.notify_all();
    }

    /// Wakes those who wait, to look at what told them to stop.
    pub(super) fn wake(&self) {
        // Under the lock: whoever looked before it was set is waiting by now.
        drop(self.inner());
        self.changed.notify_all();
    }

    /// Changes the board under its lock; tells everybody when `change` says it is news.
    fn change(&self, change: impl FnOnce(&mut Inner, Timestamp) -> bool) -> bool {
        let news = change(&mut self.inner(), self.clock.now());
        if news {
            self.tell();
        }
        news
    }

    fn tell(&self) {
        self.revision.send_modify(|revision| *revision += 1);
        self.changed.notify_all();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn lose(&mut self, problem: Problem) {
        self.service = Service::Lost(problem);
        self.interrupted = true;
        self.readers.clear();
        self.word_due = None;
    }

    /// Puts a reader that is known into a new state under a new ticket.
    fn seat(&mut self, reader: &Arc<str>, since: Timestamp, state: SeatState, due: Option<Duration>) -> Option<u64> {
        let seat = self.readers.get_mut(reader)?;
        if matches!((&seat.state, &state), (SeatState::Empty, SeatState::Empty)) {
            return None;
        }
        self.tickets += 1;
        *seat = Seat { ticket: self.tickets, state, since, due };
        Some(self.tickets)
    }

    fn wanted(&mut self, reader: &Arc<str>, errand: Errand) -> Option<&mut Seat> {
        self.readers.get_mut(reader).filter(|seat| seat.ticket == errand.ticket)
    }
}

/// What is known of the module these settings name: nothing yet.
fn module_of(settings: &SmartCardConfig, now: Timestamp) -> Option<ModuleState> {
    settings.pkcs11_module.as_ref().map(|module| ModuleState::new(module.to_string_lossy().into(), now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::found_card::ChipSerial;
    use crate::sources::smart_card::reading::Counter;

    const CPS3: &[u8] = b"\x3b\xac\x00\x40\x2a\x00\x12\x25\x00\x64\x80\x00\x03\x10\x00\x90\x00";

    /// One reader with a card that was read, and the errand of its reading.
    fn read() -> (Board, Arc<str>, Errand) {
        let board = Board::new(SystemClock::shared(), SmartCardConfig::default());
        let reader: Arc<str> = "A".into();
        board.list(&[Arc::clone(&reader)]);
        board.reached();
        let errand = board.inserted(&reader, CPS3).expect("a card of ours");
        let chip = ChipSerial::new("99213845").expect("eight digits");
        let reading = CardReading {
            chip,
            label: None,
            counter: Counter::NotAsked,
            certificates: Vec::new(),
            problems: Vec::new(),
        };
        board.ended(&reader, errand, Ok(reading));
        assert_eq!(board.report().cards.len(), 1);
        (board, reader, errand)
    }

    /// What pcscd cannot see is not said to be there, and what a reading from before says of it counts for nothing.
    #[test]
    fn a_reader_that_fails_holds_no_card() {
        let (board, reader, errand) = read();
        board.failing(&reader, &SmartCardError::ReaderUnavailable);
        let report = board.report();
        assert_eq!((report.cards.len(), report.unsettled.len(), report.problems.len()), (0, 0, 1));
        assert_eq!(&*report.problems[0].1.reason, "reader_unavailable");
        assert!(!board.at(&reader, errand, Step::Exchanging, None), "nobody wants that reading any more");
        assert!(board.inserted(&reader, CPS3).is_some(), "what is in it when it is back is read");
    }

    /// Other settings are no reason to read a card again, nor news of the readers; another module is.
    #[test]
    fn other_settings_leave_the_cards_alone() {
        let (board, ..) = read();
        let before = board.view();
        let answer_timeout = Duration::from_secs(3);
        board.configure(SmartCardConfig { answer_timeout, ..SmartCardConfig::default() });
        assert_eq!((board.view(), board.settings().answer_timeout), (before.clone(), answer_timeout));
        let pkcs11_module = Some(PathBuf::from("/nonexistent"));
        board.configure(SmartCardConfig { pkcs11_module, ..SmartCardConfig::default() });
        let after = board.view();
        assert_eq!((&after.readers, after.pkcs11.map(|module| module.state)), (&before.readers, Some("waiting")));
        assert!(after.revision > before.revision);
        board.configure(SmartCardConfig::default());
        assert_eq!(board.view().pkcs11, None);
    }
}
