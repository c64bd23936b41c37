//! What the board says to those who ask: people, programs and the engine.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::super::pkcs11::ModuleView;
use super::super::pkcs11::state::{ModuleState, SeenToken};
use super::super::seat::{AtHand, ReaderView, SeatState};
use super::{Board, Service};
use crate::domain::observation::Problem;

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
pub(in super::super) struct Report {
    pub(in super::super) service: Service,
    pub(in super::super) interrupted: bool,
    /// The cards that were read and are there, each with its reader.
    pub(in super::super) cards: Vec<(Arc<str>, Arc<AtHand>)>,
    /// Readers with a card in them that was not read yet: what was known to be in them may still be.
    pub(in super::super) unsettled: Vec<Arc<str>>,
    pub(in super::super) problems: Vec<(Arc<str>, Problem)>,
    /// What a PKCS#11 module shows.
    pub(in super::super) tokens: Vec<SeenToken>,
    /// There is a module, and it has yet to say what it shows of the cards that are there now.
    pub(in super::super) unheard: bool,
}

impl Board {
    /// Takes what changed since the last report.
    pub(in super::super) fn report(&self) -> Report {
        let mut inner = self.inner();
        let mut report = Report {
            service: inner.service.clone(),
            interrupted: inner.interrupted,
            cards: Vec::new(),
            unsettled: Vec::new(),
            problems: Vec::new(),
            tokens: inner.module.as_ref().map(|module| module.tokens(&inner.readers)).unwrap_or_default(),
            unheard: inner.module.as_ref().is_some_and(|module| !module.has_said(&inner.readers)),
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
    pub(in super::super) fn view(&self) -> ReadersView {
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
    pub(in super::super) fn wait(&self, patience: Duration, is_so: impl Fn(&ReadersView) -> bool) -> ReadersView {
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
}
