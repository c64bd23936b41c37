//! Oppositions and requests for revocation: from the moment they were declared to the moment a list says so.

use super::super::Engine;
use super::super::handle::{Caller, Refusal};
use super::event_of;
use crate::domain::audit_event::{Action, AuditEvent};
use crate::domain::crl::{Awaited, AwaitedSubject, CertificateStatus, RevocationChanges, Revocations, Seen};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::domain::line;
use crate::domain::revocation::Status;
use crate::domain::time::{Timestamp, hours_and_minutes};
use crate::store::Commit;
use std::sync::Arc;

/// How far ahead of our clock a declaration may be dated, in seconds.
const SKEW: i64 = 300;

impl Engine {
    /// Follows an opposition or a request for revocation. The same one twice is one: another moment corrects what is awaited, and of what was
    /// seen the answer is when.
    pub(super) async fn await_revocation(
        &mut self,
        caller: &Caller,
        what: AwaitedSubject,
        declared_at: Option<Timestamp>,
    ) -> Result<Awaited, Refusal> {
        let now = self.clock.now();
        let told = declared_at;
        let declared_at = declared_at.unwrap_or(now);
        if declared_at > now.plus_seconds(SKEW) {
            return Err(Refusal::Opposition(format!("{declared_at} has not come yet")));
        }
        if let AwaitedSubject::Certificate(fingerprint) = &what
            && self.inventory.certificate(fingerprint).is_none()
        {
            return Err(Refusal::Opposition(format!("no certificate sha256:{fingerprint}")));
        }
        let known = &self.inventory.revocation;
        let of_it = || known.awaited.iter().filter(|known| known.what == what);
        if let Some(open) = of_it().find(|known| known.seen.is_none()) {
            let open = open.clone();
            return match told {
                Some(at) if at != open.declared_at => self.correct(caller, open, at).await,
                _ => Ok(open),
            };
        }
        if let Some(same) = of_it().find(|known| known.declared_at == declared_at) {
            return Ok(same.clone());
        }
        let last = of_it().max_by_key(|known| known.seen.as_ref().map(|seen| seen.at));
        // Where it is so no more, a hold was lifted or the card has a certificate it had not: that is another opposition.
        let listed = || matches!(progress(&self.inventory, known, &what, now), Progress::Seen(_));
        if let Some(last) = last.filter(|_| listed()) {
            return Ok(last.clone());
        }
        if let Progress::Expired(end) = progress(&self.inventory, known, &what, now) {
            let why = format!("what is known of it expired by {end}, and no list has to name it any more");
            return Err(Refusal::Opposition(why));
        }
        let awaited = Awaited { what: what.clone(), declared_at, asked_at: now, seen: None };
        let told = format!("declared {declared_at}");
        let event = event_of(self, caller, Action::OppositionDeclared, what.to_string(), told);
        let changes = RevocationChanges { awaited: vec![awaited], ..RevocationChanges::default() };
        self.keep_awaited(event, changes).await?;
        let mut known = self.inventory.revocation.awaited.iter();
        let found = known.rfind(|known| known.what == what && known.declared_at == declared_at);
        found.cloned().ok_or_else(|| Refusal::Opposition("it was not kept".to_owned()))
    }

    /// It was declared at another moment than was said.
    async fn correct(&mut self, caller: &Caller, known: Awaited, declared_at: Timestamp) -> Result<Awaited, Refusal> {
        let taken = |other: &&Awaited| other.what == known.what && other.declared_at == declared_at;
        if self.inventory.revocation.awaited.iter().any(|other| taken(&other)) {
            return Err(Refusal::Opposition(format!("what was declared {declared_at} was seen already")));
        }
        let told = format!("declared {declared_at}, not {}", known.declared_at);
        let event = event_of(self, caller, Action::OppositionCorrected, known.what.to_string(), told);
        let corrected = Awaited { declared_at, ..known.clone() };
        let changes = RevocationChanges {
            awaited: vec![corrected.clone()],
            no_longer_awaited: vec![(known.what, known.declared_at)],
            ..RevocationChanges::default()
        };
        self.keep_awaited(event, changes).await?;
        Ok(corrected)
    }

    /// It was never declared: another card was meant.
    pub(super) async fn withdraw(
        &mut self,
        caller: &Caller,
        what: AwaitedSubject,
        reason: &str,
    ) -> Result<Awaited, Refusal> {
        let wanted = || format!("a reason in one line of at most {} characters is wanted", line::REASON);
        let reason = line::reason(reason).ok_or_else(|| Refusal::Opposition(wanted()))?;
        let mut known = self.inventory.revocation.awaited.iter();
        let Some(open) = known.find(|known| known.what == what && known.seen.is_none()).cloned() else {
            return Err(Refusal::NotAwaited(what.to_string()));
        };
        let told = format!("declared {}: {reason}", open.declared_at);
        let event = event_of(self, caller, Action::OppositionWithdrawn, what.to_string(), told);
        let changes =
            RevocationChanges { no_longer_awaited: vec![(what, open.declared_at)], ..RevocationChanges::default() };
        self.keep_awaited(event, changes).await?;
        Ok(open)
    }

    async fn keep_awaited(&mut self, event: AuditEvent, changes: RevocationChanges) -> Result<(), Refusal> {
        let now = self.clock.now();
        self.commit(Commit::new(event).revocation(Arc::new(changes.clone())), now).await?;
        self.show_revocation(self.inventory.revocation.after(&changes));
        self.following.must_look = true;
        self.look_and_judge(true).await;
        Ok(())
    }

    /// What is awaited and was seen at last, or will not be seen any more, with the events that tell of it.
    pub(super) fn settled(
        &self,
        known: &Revocations,
        caller: &Caller,
        now: Timestamp,
    ) -> (RevocationChanges, Vec<AuditEvent>) {
        let mut changes = RevocationChanges::default();
        let mut events = Vec::new();
        for awaited in known.awaited.iter().filter(|awaited| awaited.seen.is_none()) {
            let declared_at = awaited.declared_at;
            let (action, told) = match progress(&self.inventory, known, &awaited.what, now) {
                Progress::Open => continue,
                Progress::Expired(end) => {
                    changes.no_longer_awaited.push((awaited.what.clone(), declared_at));
                    let told = format!("declared {declared_at}, expired by {end} without a list that says so");
                    (Action::OppositionExpired, told)
                }
                Progress::Seen(found) => {
                    let (number, revoked_at) = (found.crl_number.clone(), found.revoked_at);
                    let seen = Awaited { seen: Some(found), ..awaited.clone() };
                    let told = format!(
                        "declared {declared_at}, revoked {revoked_at}, seen in list number {} {} later",
                        number.as_deref().unwrap_or("-"),
                        hours_and_minutes(seen.delay_seconds().unwrap_or(0))
                    );
                    changes.awaited.push(seen);
                    (Action::OppositionSeen, told)
                }
            };
            events.push(event_of(self, caller, action, awaited.what.to_string(), told));
        }
        (changes, events)
    }

    /// When the next certificate that is awaited in a list expires.
    pub(super) fn next_awaited_end(&self, now: Timestamp) -> Option<Timestamp> {
        let awaited = self.awaited_certificates();
        let ends =
            awaited.iter().filter_map(|fingerprint| Some(self.inventory.certificate(fingerprint)?.facts.not_after));
        ends.map(|end| end.plus_seconds(1)).filter(|end| *end > now).min()
    }

    /// Certificates that are awaited in a list and not seen yet.
    pub(super) fn awaited_certificates(&self) -> Vec<Fingerprint> {
        let open = self.inventory.revocation.awaited.iter().filter(|awaited| awaited.seen.is_none());
        open.flat_map(|awaited| certificates_of(&self.inventory, &awaited.what)).collect()
    }
}

/// How far what is awaited has come.
enum Progress {
    /// A certificate that is in force is not listed, or none is known.
    Open,
    /// Every certificate that was to be listed is.
    Seen(Seen),
    /// None was, and all are past their end, the last of them since then: nobody believes them any more, and lists drop who expired.
    Expired(Timestamp),
}

fn progress(inventory: &Inventory, known: &Revocations, what: &AwaitedSubject, now: Timestamp) -> Progress {
    let mut last: Option<&CertificateStatus> = None;
    let mut expired = None;
    for fingerprint in certificates_of(inventory, what) {
        // An authority that was revoked is another matter.
        let listed = |status: &&CertificateStatus| status.status == Status::Revoked && status.authority.is_none();
        let Some(status) = known.certificates.get(&fingerprint).filter(listed) else {
            match inventory.certificate(&fingerprint).map(|record| record.facts.not_after) {
                Some(end) if end < now => expired = expired.max(Some(end)),
                _ => return Progress::Open,
            }
            continue;
        };
        let later = |known: &CertificateStatus| {
            known.revocation.map(|entry| entry.revoked_at) < status.revocation.map(|entry| entry.revoked_at)
        };
        if last.is_none_or(later) {
            last = Some(status);
        }
    }
    match (last, expired) {
        (Some(last), _) => Progress::Seen(Seen {
            at: now,
            revoked_at: last.revocation.map_or(now, |entry| entry.revoked_at),
            crl_number: last.list.as_ref().and_then(|list| list.crl_number.clone()),
        }),
        (None, Some(end)) => Progress::Expired(end),
        (None, None) => Progress::Open,
    }
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
