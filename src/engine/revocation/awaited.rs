//! Oppositions and requests for revocation: from the moment they were declared to the moment a list says so.

use super::super::Engine;
use super::super::handle::{Caller, Refusal};
use super::event_of;
use crate::domain::audit_event::{Action, AuditEvent};
use crate::domain::crl::{Awaited, AwaitedSubject, CertificateStatus, RevocationChanges, Revocations, Seen};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::domain::revocation::Status;
use crate::domain::time::Timestamp;
use crate::store::Commit;
use std::sync::Arc;

/// How far ahead of our clock a declaration may be dated, in seconds.
const SKEW: i64 = 300;

impl Engine {
    /// Follows an opposition or a request for revocation. The same one twice is one.
    pub(super) async fn await_revocation(
        &mut self,
        caller: &Caller,
        what: AwaitedSubject,
        declared_at: Option<Timestamp>,
    ) -> Result<Awaited, Refusal> {
        let now = self.clock.now();
        let declared_at = declared_at.unwrap_or(now);
        if declared_at > now.plus_seconds(SKEW) {
            return Err(Refusal::Opposition(format!("{declared_at} has not come yet")));
        }
        if let AwaitedSubject::Certificate(fingerprint) = &what
            && self.inventory.certificate(fingerprint).is_none()
        {
            return Err(Refusal::Opposition(format!("no certificate sha256:{fingerprint}")));
        }
        let known = self.inventory.revocation.awaited.iter();
        let mut open =
            known.filter(|known| known.what == what && (known.seen.is_none() || known.declared_at == declared_at));
        if let Some(known) = open.next() {
            return Ok(known.clone());
        }
        let awaited = Awaited { what: what.clone(), declared_at, asked_at: now, seen: None };
        let told = format!("declared {declared_at}");
        let event = event_of(self, caller, Action::OppositionDeclared, what.to_string(), told);
        let changes = RevocationChanges { awaited: vec![awaited], ..RevocationChanges::default() };
        self.commit(Commit::new(event).revocation(Arc::new(changes.clone())), now).await?;
        self.show_revocation(self.inventory.revocation.after(&changes));
        self.following.must_look = true;
        self.look_and_judge(true).await;
        let mut known = self.inventory.revocation.awaited.iter();
        let found = known.rfind(|known| known.what == what && known.declared_at == declared_at);
        found.cloned().ok_or_else(|| Refusal::Opposition("it was not kept".to_owned()))
    }

    /// What is awaited and was seen at last, with the events that tell of it.
    pub(super) fn seen_at_last(
        &self,
        known: &Revocations,
        caller: &Caller,
        now: Timestamp,
    ) -> (Vec<Awaited>, Vec<AuditEvent>) {
        let mut seen = Vec::new();
        let mut events = Vec::new();
        for awaited in known.awaited.iter().filter(|awaited| awaited.seen.is_none()) {
            let Some(found) = seen_in(&self.inventory, known, &awaited.what, now) else { continue };
            let number = found.crl_number.as_deref().unwrap_or("-");
            let told = format!(
                "declared {}, revoked {}, seen in list number {number} {} later",
                awaited.declared_at,
                found.revoked_at,
                delay_in_words(awaited.declared_at, now)
            );
            events.push(event_of(self, caller, Action::OppositionSeen, awaited.what.to_string(), told));
            seen.push(Awaited { seen: Some(found), ..awaited.clone() });
        }
        (seen, events)
    }

    /// Certificates that are awaited in a list and not seen yet.
    pub(super) fn awaited_certificates(&self) -> Vec<Fingerprint> {
        let open = self.inventory.revocation.awaited.iter().filter(|awaited| awaited.seen.is_none());
        open.flat_map(|awaited| certificates_of(&self.inventory, &awaited.what)).collect()
    }
}

/// The moment every certificate of what is awaited was listed; `None` as long as one is not, or none is known.
fn seen_in(inventory: &Inventory, known: &Revocations, what: &AwaitedSubject, now: Timestamp) -> Option<Seen> {
    let statuses: Vec<Option<&CertificateStatus>> =
        certificates_of(inventory, what).iter().map(|fingerprint| known.certificates.get(fingerprint)).collect();
    let mut last: Option<&CertificateStatus> = None;
    for status in statuses {
        // An authority that was revoked is another matter.
        let status = status.filter(|status| status.status == Status::Revoked && status.authority.is_none())?;
        let later = |known: &CertificateStatus| {
            known.revocation.map(|entry| entry.revoked_at) < status.revocation.map(|entry| entry.revoked_at)
        };
        if last.is_none_or(later) {
            last = Some(status);
        }
    }
    let last = last?;
    Some(Seen {
        at: now,
        revoked_at: last.revocation.map_or(now, |entry| entry.revoked_at),
        crl_number: last.list.as_ref().and_then(|list| list.crl_number.clone()),
    })
}

/// Both certificates of a card (CGU: opposition is of the card), as far as they were ever seen.
fn certificates_of(inventory: &Inventory, what: &AwaitedSubject) -> Vec<Fingerprint> {
    match what {
        AwaitedSubject::Certificate(fingerprint) => vec![*fingerprint],
        AwaitedSubject::Card(number) => {
            let records = inventory.certificates.values();
            let of_card = records.filter(|record| record.facts.profile.card_number.as_deref() == Some(number.as_str()));
            of_card.map(|record| record.facts.fingerprint).collect()
        }
    }
}

fn delay_in_words(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.unix().saturating_sub(from.unix()).max(0) / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}
