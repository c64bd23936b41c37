//! A list that is forgotten: an authority began its numbers again, or is no more and nobody will replace the list that was imported.

use std::sync::Arc;

use serde::Serialize;

use super::super::Engine;
use super::super::handle::{Caller, Refusal};
use super::event_of;
use crate::domain::audit_event::Action;
use crate::domain::crl::{CrlName, CrlState, RevocationChanges, Revocations};
use crate::revocation::ListName;
use crate::store::Commit;

/// A list that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgetReport {
    /// The name it was kept under.
    pub name: CrlName,
    /// What it was called.
    pub label: Arc<str>,
    /// The number that was held.
    pub number: Option<Arc<str>>,
    /// It is still named, and asked for as if it had never come.
    pub asked_again: bool,
}

impl Engine {
    /// Forgets a list. What was seen revoked stays revoked: that is known of certificates, not of lists.
    pub(super) async fn forget(&mut self, caller: &Caller, asked: &str) -> Result<ForgetReport, Refusal> {
        let name = named(&self.inventory.revocation, asked)?;
        let list_name = ListName::new(&name).ok_or_else(|| Refusal::NoSuchList(asked.to_owned()))?;
        // A list that is being taken in comes first: seconds, for the largest.
        let gone = self.following.way.keeper.forget(list_name).await;
        // What was taken before the files went must not come back as if it were still there.
        let ended = self.following.ended_by_now();
        if !ended.is_empty() {
            self.lists_ended(ended).await;
        }
        gone.unwrap_or_else(|_| Err("the thread that keeps them is gone".to_owned())).map_err(Refusal::Disk)?;
        let now = self.clock.now();
        let state = self.inventory.revocation.lists.get(&name).cloned().unwrap_or_default();
        let event =
            event_of(self, caller, Action::CrlForgotten, format!("crl:{}", state.label()), forgotten_in_words(&state));
        let changes = RevocationChanges { forgotten: vec![Arc::clone(&name)], ..RevocationChanges::default() };
        if let Err(refusal) = self.commit(Commit::new(event).revocation(Arc::new(changes.clone())), now).await {
            // The files are gone whatever the database says.
            self.open_lists().await;
            return Err(refusal);
        }
        self.show_revocation(self.inventory.revocation.after(&changes));
        self.following.must_look = true;
        self.look_and_judge(true).await;
        let asked_again = self.following.points.contains_key(&name);
        if asked_again {
            // Also where an answer to an earlier question is on its way.
            self.following.scheduled.insert(Arc::clone(&name), now);
            self.want_due(now);
        }
        let number = state.held.as_ref().and_then(|held| held.number.clone());
        Ok(ForgetReport { label: state.label(), name, number, asked_again })
    }
}

/// The list of this name; or the one that is followed or held, and has this address or label.
fn named(known: &Revocations, asked: &str) -> Result<CrlName, Refusal> {
    if let Some((name, _)) = known.lists.get_key_value(asked) {
        return Ok(Arc::clone(name));
    }
    let called_so = |state: &CrlState| {
        let addresses = state.addresses.iter();
        (state.followed || state.held.is_some())
            && (&*state.label() == asked || addresses.into_iter().any(|address| &**address == asked))
    };
    let mut found = known.lists.iter().filter(|(_, state)| called_so(state)).map(|(name, _)| name);
    match (found.next(), found.next()) {
        (None, _) => Err(Refusal::NoSuchList(asked.to_owned())),
        (Some(one), None) => Ok(Arc::clone(one)),
        (Some(one), Some(other)) => {
            let all = [one, other].into_iter().chain(found);
            Err(Refusal::SeveralLists(all.map(ToString::to_string).collect()))
        }
    }
}

fn forgotten_in_words(state: &CrlState) -> String {
    let Some(held) = &state.held else { return "none was held".to_owned() };
    let number = held.number.as_deref().unwrap_or("-");
    let until = held.next_update.map_or_else(|| "-".to_owned(), |next| next.to_string());
    let from = state.taken_from.as_deref().unwrap_or("-");
    format!("number {number}, until {until}, from {from}, sha256:{}", held.identity)
}
