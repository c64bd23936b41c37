//! Cards come and go by themselves: what the readers show is taken in when it changes, beside the scans somebody asks for.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Caller, Engine};
use crate::domain::audit_event::{Action, Actor, AuditEvent, Origin};
use crate::domain::reconcile::{Changes, Gathered};
use crate::domain::reconcile_cards::CardMove;
use crate::sources::Source;
use crate::sources::smart_card::SmartCardSource;

/// News of the readers, of the source that watches them.
pub(super) type News = Option<watch::Receiver<u64>>;

/// The news of the source that watches readers, if any does.
pub(super) fn news(sources: &[Source]) -> News {
    readers_of(sources).map(|source| source.changes())
}

/// The source that watches readers.
pub(super) fn readers_of(sources: &[Source]) -> Option<&Arc<SmartCardSource>> {
    sources.iter().find_map(Source::smart_card)
}

/// Something moved in front of the readers. Waits for ever where none are watched.
pub(super) async fn moved(news: &mut News) {
    if let Some(receiver) = news
        && receiver.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

impl Engine {
    /// Takes in what the readers show now.
    pub(super) async fn cards_moved(&mut self) {
        let Some(source) = readers_of(&self.sources).map(Arc::clone) else { return };
        let gathered = Gathered { unasked: true, ..source.look() };
        let judge = self.was_ever_scanned() && self.declared_read;
        let caller = Caller { actor: Actor::Daemon, origin: Origin::Internal };
        if let Err(refusal) = self.take_in(vec![gathered], &caller, judge).await {
            tracing::error!(error = %refusal, "what a card reader showed could not be written down");
        }
        self.publish();
    }

    /// A scan looked at the readers when it began; what they show now is newer, and taking in the older would undo it.
    pub(super) fn freshen(&self, gathered: Vec<Gathered>) -> Vec<Gathered> {
        let Some(source) = readers_of(&self.sources) else { return gathered };
        let look_again = |run: Gathered| {
            let mut fresh = source.look();
            // That the watch was interrupted is told once, and it was the look before that was told.
            let interrupted = run.cards.is_some_and(|seen| seen.interrupted);
            if let Some(seen) = &mut fresh.cards {
                seen.interrupted |= interrupted;
            }
            fresh
        };
        gathered.into_iter().map(|run| if run.source == *source.name() { look_again(run) } else { run }).collect()
    }

    /// Whether a run that nobody asked for is worth an event of its own: when the source failed, or works again.
    pub(super) fn is_told(&self, run: &Gathered) -> bool {
        let known = self.inventory.sources.get(&run.source).and_then(|state| state.failure.as_ref());
        !run.unasked || known.map(|problem| &problem.reason) != run.failure.as_ref().map(|problem| &problem.reason)
    }

    /// One event for each card that came, went or changed.
    pub(super) fn card_events(&self, changes: &Changes, caller: &Caller) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        for change in &changes.cards {
            let generation = change.card.generation;
            for moved in &change.moves {
                let (action, reason) = match moved {
                    CardMove::Inserted(reader) => (Action::CardInserted, format!("{generation} in {reader}")),
                    CardMove::Removed(reader) => (Action::CardRemoved, format!("from {reader}")),
                    CardMove::Changed => (Action::CardChanged, generation.to_string()),
                };
                let object = change.card.location().to_string();
                let event = self.event(caller.actor.clone(), caller.origin, action, object);
                events.push(AuditEvent { reason: Some(reason), ..event });
            }
        }
        events
    }
}
