//! What the readers hold now: written by the threads that watch and read, read by the engine and the commands. Nothing here waits
//! for a card.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use super::SmartCardError;
use super::pkcs11::state::{ModuleState, SeenToken};
use super::pkcs11::{ModuleError, ModuleView, Token};
use super::reading::CardReading;
use super::recognition::{Recognised, recognise};
use super::seat::{AtHand, Errand, ReaderView, Seat, SeatState, Step};
use crate::clock::SharedClock;
use crate::config::SmartCardConfig;
use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;

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

/// The readers as they stand, and whether they can be watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadersView {
    /// Counts up with every change of what follows.
    pub revision: u64,
    /// `unknown` before pcscd was asked, `reached`, `not_reachable`.
    pub service: &'static str,
    /// Why it is not.
    pub problem: Option<Problem>,
    /// Every reader, by name.
    pub readers: Vec<ReaderView>,
    /// The PKCS#11 module that is read beside PC/SC, where one is configured.
    pub pkcs11: Option<ModuleView>,
}

/// What the engine takes from the board.
pub(super) struct Report {
    pub(super) service: Service,
    pub(super) interrupted: bool,
    /// The cards that were read and are there, each with its reader.
    pub(super) cards: Vec<(Arc<str>, Arc<AtHand>)>,
    /// Readers with a card in them that was not read yet: what was known to be in them may still be.
    pub(super) unsettled: Vec<Arc<str>>,
    pub(super) problems: Vec<(Arc<str>, Problem)>,
    /// What a PKCS#11 module shows.
    pub(super) tokens: Vec<SeenToken>,
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

    /// pcscd was asked something and answers within that time, or else it stands still.
    pub(super) fn expect_word(&self, within: Duration) {
        let mut inner = self.inner();
        inner.word_due = Some(self.clock.monotonic() + within);
        drop(inner);
        self.changed.notify_all();
    }

    /// It answered. False when that was so late that nothing is known of the readers any more.
    pub(super) fn heard(&self) -> bool {
        self.inner().word_due.take().is_some()
    }

    /// Tells what is late, as soon as it is: cards that do not answer, and pcscd itself. Returns when `stop` is set: see
    /// [`Board::wake`]. On a thread of its own, because whoever asks pcscd waits for as long as it stands still.
    pub(super) fn keep_time(&self, stop: &AtomicBool) {
        let mut inner = self.inner();
        while !stop.load(Ordering::Relaxed) {
            let (monotonic, now) = (self.clock.monotonic(), self.clock.now());
            let (news, next) = match inner.word_due {
                Some(due) if due <= monotonic => {
                    inner.lose(SmartCardError::Silent.problem());
                    tracing::warn!(reason = SmartCardError::Silent.reason(), "smart cards: {}", SmartCardError::Silent);
                    (true, None)
                }
                _ => inner.look_at_the_clock(monotonic, now),
            };
            if news {
                self.tell();
            }
            inner = match next {
                Some(next) => self.changed.wait_timeout(inner, next).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
            };
        }
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

    /// Takes what changed since the last report.
    pub(super) fn report(&self) -> Report {
        let mut inner = self.inner();
        let mut report = Report {
            service: inner.service.clone(),
            interrupted: inner.interrupted,
            cards: Vec::new(),
            unsettled: Vec::new(),
            problems: Vec::new(),
            tokens: inner.module.as_ref().map(|module| module.tokens(&inner.readers)).unwrap_or_default(),
        };
        // A card that only the module can read is still there while the module has not said otherwise.
        let awaited = inner.module.as_ref().is_some_and(|module| module.is_awaited(&inner.readers));
        for (name, seat) in &inner.readers {
            if let SeatState::Read(card) = &seat.state {
                report.cards.push((Arc::clone(name), Arc::clone(card)));
            }
            if seat.is_unsettled() || (awaited && !matches!(seat.state, SeatState::Read(_) | SeatState::Empty)) {
                report.unsettled.push(Arc::clone(name));
            }
            report.problems.extend(seat.view(name).problem.map(|problem| (Arc::clone(name), problem)));
        }
        let module = inner.module.as_ref().map(ModuleState::view);
        report.problems.extend(module.and_then(|view| Some((view.module, view.problem?))));
        if matches!(inner.service, Service::Reached) {
            inner.interrupted = false;
        }
        report
    }

    /// For people and programs.
    pub(super) fn view(&self) -> ReadersView {
        let inner = self.inner();
        let (service, problem) = match &inner.service {
            Service::Unknown => ("unknown", None),
            Service::Reached => ("reached", None),
            Service::Lost(problem) => ("not_reachable", Some(problem.clone())),
        };
        let readers = inner.readers.iter().map(|(name, seat)| seat.view(name)).collect();
        let pkcs11 = inner.module.as_ref().map(ModuleState::view);
        ReadersView { revision: *self.revision.borrow(), service, problem, readers, pkcs11 }
    }

    /// Waits until `is_so`, at most `patience`.
    pub(super) fn wait(&self, patience: Duration, is_so: impl Fn(&ReadersView) -> bool) -> ReadersView {
        let end = self.clock.monotonic() + patience;
        loop {
            let view = self.view();
            let left = end.saturating_sub(self.clock.monotonic());
            if is_so(&view) || left.is_zero() {
                return view;
            }
            let inner = self.inner();
            // A change between the look and the wait is caught by the bound.
            let waited = self.changed.wait_timeout(inner, left.min(Duration::from_millis(50)));
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
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

    /// Whether a card became late, and how long until something can.
    fn look_at_the_clock(&mut self, monotonic: Duration, now: Timestamp) -> (bool, Option<Duration>) {
        let mut next = self.word_due.map(|due| due.saturating_sub(monotonic));
        let mut news = false;
        for seat in self.readers.values_mut() {
            let (became_late, left) = seat.look_at_the_clock(monotonic, now);
            news |= became_late;
            next = next.into_iter().chain(left).min();
        }
        (news, next)
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
