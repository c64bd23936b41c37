//! What is known of a module: when it is to be read, what it showed last, and how much of that still holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::pkcs15::label;
use super::super::seat::{Seat, SeatState};
use super::{ModuleError, ModuleView, Token};
use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;

/// A token that is still there.
#[derive(Debug, Clone)]
pub(in super::super) struct SeenToken {
    /// The reader, or what the module calls the slot.
    pub(in super::super) reader: Arc<str>,
    pub(in super::super) token: Arc<Token>,
    pub(in super::super) read_at: Timestamp,
}

/// Every reader with the ticket of what is, or is no longer, in it: another one with every insertion and removal.
type Insertions = BTreeMap<Arc<str>, u64>;
type Readers = BTreeMap<Arc<str>, Seat>;

/// A module.
#[derive(Debug)]
pub(in super::super) struct ModuleState {
    module: Arc<str>,
    phase: Phase,
    /// Why the last reading failed.
    problem: Option<Problem>,
    since: Timestamp,
    /// What was in the readers when it was last read; `None` when it is to be read again whatever is.
    read_for: Option<Insertions>,
    /// What it showed last, when, and what was in the readers then. Kept when the next reading fails.
    shown: Vec<Arc<Token>>,
    shown_at: Timestamp,
    shown_for: Insertions,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Reading,
    Read,
    Failed,
}

impl ModuleState {
    pub(in super::super) fn new(module: Arc<str>, now: Timestamp) -> Self {
        Self {
            module,
            phase: Phase::Waiting,
            problem: None,
            since: now,
            read_for: None,
            shown: Vec::new(),
            shown_at: now,
            shown_for: Insertions::new(),
        }
    }

    /// Something was put in or taken out since it was read, and no reader is being read by ourselves.
    pub(in super::super) fn is_due(&self, readers: &Readers) -> bool {
        let busy = || readers.values().any(|seat| matches!(seat.state, SeatState::Reading(_)));
        self.phase != Phase::Reading && self.read_for.as_ref() != Some(&insertions(readers)) && !busy()
    }

    pub(in super::super) fn begin(&mut self, readers: &Readers) {
        self.read_for = Some(insertions(readers));
        self.phase = Phase::Reading;
    }

    /// How a reading ended. True when how it does is news, and not merely what it shows.
    pub(in super::super) fn ended(&mut self, outcome: Result<Vec<Token>, ModuleError>, now: Timestamp) -> bool {
        let before = self.problem.take();
        match outcome {
            Ok(tokens) => {
                self.shown = tokens.into_iter().map(|token| Arc::new(printable(token))).collect();
                self.shown_for = self.read_for.clone().unwrap_or_default();
                (self.phase, self.shown_at) = (Phase::Read, now);
            }
            Err(error) => (self.phase, self.problem) = (Phase::Failed, Some(error.problem())),
        }
        let news = before != self.problem;
        if news {
            self.since = now;
        }
        news
    }

    /// Reads once more what could not be read.
    pub(in super::super) fn try_again(&mut self) {
        if self.phase == Phase::Failed {
            self.read_for = None;
        }
    }

    /// Whether it has yet to say what is in the readers.
    pub(in super::super) fn is_awaited(&self, readers: &Readers) -> bool {
        self.phase == Phase::Reading || self.is_due(readers)
    }

    /// What it shows is of the cards that are there now.
    pub(in super::super) fn has_said(&self, readers: &Readers) -> bool {
        self.phase == Phase::Read && !self.is_awaited(readers)
    }

    /// What it showed, without what has left its reader since.
    pub(in super::super) fn tokens(&self, readers: &Readers) -> Vec<SeenToken> {
        let seen = |token: &Arc<Token>| {
            let reader = self.shown_for.iter().find(|(reader, _)| is_slot_of(&token.slot, reader));
            let name = match reader {
                Some((name, ticket)) if readers.get(name).is_some_and(|seat| seat.ticket == *ticket) => {
                    Arc::clone(name)
                }
                Some(_) => return None,
                None => token.slot.as_str().into(),
            };
            Some(SeenToken { reader: name, token: Arc::clone(token), read_at: self.shown_at })
        };
        self.shown.iter().filter_map(seen).collect()
    }

    pub(in super::super) fn view(&self) -> ModuleView {
        let state = match self.phase {
            Phase::Waiting => "waiting",
            Phase::Reading => "reading",
            Phase::Read => "read",
            Phase::Failed => "failed",
        };
        let (module, since, tokens) = (Arc::clone(&self.module), self.since, self.shown.len());
        ModuleView { module, state, problem: self.problem.clone(), since, tokens }
    }
}

/// What a module says is shown to people as what a card says is: one line, whatever the bytes.
fn printable(mut token: Token) -> Token {
    let texts = [&mut token.slot, &mut token.label];
    for text in texts.into_iter().chain(token.certificates.iter_mut().map(|held| &mut held.label)) {
        *text = label(text.as_bytes());
    }
    token
}

fn insertions(readers: &Readers) -> Insertions {
    readers.iter().map(|(name, seat)| (Arc::clone(name), seat.ticket)).collect()
}

/// A slot description has sixty-four octets; names of readers may have more.
fn is_slot_of(slot: &str, reader: &str) -> bool {
    slot == reader || (slot.len() >= 60 && reader.starts_with(slot))
}

#[cfg(test)]
mod tests {
    use super::super::TokenCertificate;
    use super::*;

    #[test]
    fn what_a_module_says_is_one_line() {
        let now = Timestamp::from_unix(1_800_000_000);
        let mut module = ModuleState::new("m.so".into(), now);
        let token = Token {
            slot: "A\n00 ".into(),
            label: "CPS3v3-2900995235\u{1b}[2J".into(),
            serial: "99213845".into(),
            tries_left: None,
            certificates: vec![TokenCertificate { label: format!("a\u{7}{}", "x".repeat(200)), der: vec![1] }],
        };
        assert!(!module.has_said(&Readers::new()));
        module.begin(&Readers::new());
        module.ended(Ok(vec![token]), now);
        assert!(module.has_said(&Readers::new()));
        let shown = module.tokens(&Readers::new()).remove(0);
        assert_eq!((&*shown.reader, &*shown.token.label), ("A\u{fffd}00", "CPS3v3-2900995235\u{fffd}[2J"));
        let label = &shown.token.certificates[0].label;
        assert!(label.starts_with("a\u{fffd}xx") && label.chars().count() == 64, "{label}");
    }
}
