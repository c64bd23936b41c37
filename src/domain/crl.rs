//! Revocation lists that are followed, what they said of the certificates of the inventory, and what is awaited of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::fingerprint::Fingerprint;
use super::identifier::CardNumber;
use super::offer::{UnknownWord, spelled};
use super::revocation::{ListRef, Reason, Revocation, Status, Verdict, Why};
use super::time::Timestamp;

/// The name of a list that is followed: hex, the file name it is kept under.
pub type CrlName = Arc<str>;

/// Lists, statuses and what is awaited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations {
    /// Every list that is or was followed.
    pub lists: BTreeMap<CrlName, CrlState>,
    /// The status of each certificate whose path ends in a trust anchor. A certificate that is not here is of unknown status.
    pub certificates: HashMap<Fingerprint, CertificateStatus>,
    /// Oppositions and requests for revocation, in the order they were declared.
    pub awaited: Vec<Awaited>,
    /// Lists that are named and not followed, by their issuer (RFC 4514): there is a bound for each certificate, and one in all.
    pub beyond: BTreeMap<Arc<str>, Beyond>,
    /// When the statuses were last made.
    pub judged_at: Option<Timestamp>,
}

/// Lists of one authority that are named and not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beyond {
    /// How many.
    pub lists: u64,
    /// The address of one of them.
    pub example: Arc<str>,
}

/// One list that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrlState {
    /// Its addresses, in the order they are tried; empty for one that was imported.
    pub addresses: Arc<[Arc<str>]>,
    /// Who issues it, RFC 4514; empty as long as nobody knows.
    pub issuer: Arc<str>,
    /// It lists changes since a complete list.
    pub delta: bool,
    /// A certificate at hand, or the configuration, names it now.
    pub followed: bool,
    /// The list that is held.
    pub held: Option<Held>,
    /// Which address, or file, gave it; of a configured folder, the file that is at fault.
    pub taken_from: Option<Arc<str>>,
    /// It was a file.
    pub from_file: bool,
    /// What the server said of the body last taken.
    pub validators: Validators,
    /// Last time it was asked for.
    pub last_attempt: Option<Timestamp>,
    /// Last time it was had, or found unchanged.
    pub last_success: Option<Timestamp>,
    /// Why it was not had the last time.
    pub failure: Option<CrlFailure>,
    /// Not before this, after a failure.
    pub next_attempt: Option<Timestamp>,
}

/// What makes a conditional request possible, and the same bytes cheap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// ETag.
    pub etag: Option<Arc<str>>,
    /// Last-Modified, as sent.
    pub last_modified: Option<Arc<str>>,
    /// SHA-256 over the body.
    pub body: Option<Fingerprint>,
}

/// A list that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// cRLNumber in decimal.
    pub number: Option<Arc<str>>,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// Entries.
    pub entries: u64,
    /// Bytes of DER.
    pub bytes: u64,
    /// What names the list as a hash of its bytes would.
    pub identity: Fingerprint,
    /// When it was taken.
    pub taken_at: Timestamp,
}

/// Why a list was not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFailure {
    /// Stable code.
    pub reason: Arc<str>,
    /// One line.
    pub message: Arc<str>,
    /// Since when it is this kind of trouble.
    pub since: Timestamp,
    /// How many failures in a row, of whatever kind.
    pub count: u32,
}

spelled! {
    /// The kinds of trouble people are told of, each a rule of its own.
    Trouble, "trouble with a revocation list" {
        /// It did not come.
        Unreachable = "unreachable",
        /// What came is no list, or half a one.
        Malformed = "malformed",
        /// Larger than the bound.
        TooLarge = "too_large",
        /// No key of the issuer made its signature.
        BadSignature = "bad_signature",
        /// A list of somebody else.
        WrongIssuer = "wrong_issuer",
        /// Who signed it may not sign lists.
        SignerWithoutCrlSign = "signer_without_crl_sign",
        /// Another list with the number of the one held.
        NumberStuck = "number_stuck",
        /// A number lower than that of the one held.
        NumberBackwards = "number_backwards",
        /// Anything else that makes a list unusable.
        Refused = "refused",
    }
}

impl CrlFailure {
    /// The kind of trouble a reason stands for.
    pub fn trouble(&self) -> Trouble {
        match &*self.reason {
            "unreachable" | "timeout" | "http_status" | "not_modified" | "directory" | "dns" | "tls" | "unreadable"
            | "missing" | "no_file" => Trouble::Unreachable,
            "not_a_crl" | "malformed" | "cut_short" | "trailing_bytes" | "algorithm_mismatch" => Trouble::Malformed,
            "too_large" | "too_many_entries" => Trouble::TooLarge,
            "bad_signature" => Trouble::BadSignature,
            "wrong_issuer" => Trouble::WrongIssuer,
            "signer_without_crl_sign" => Trouble::SignerWithoutCrlSign,
            "number_stuck" => Trouble::NumberStuck,
            "number_backwards" => Trouble::NumberBackwards,
            _ => Trouble::Refused,
        }
    }
}

impl CrlState {
    /// It was imported: nobody is asked for it.
    pub fn is_imported(&self) -> bool {
        self.addresses.is_empty()
    }

    /// No list, but a configured file or folder something is wrong with.
    pub fn is_place(&self) -> bool {
        self.held.is_none() && self.addresses.first().is_some_and(|address| address.starts_with('/'))
    }

    /// What to call it: its first address, or its issuer.
    pub fn label(&self) -> Arc<str> {
        self.addresses.first().unwrap_or(&self.issuer).clone()
    }

    /// Nothing a rule looks at differs.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let trouble = |state: &Self| {
            state.failure.as_ref().map(|failure| (failure.reason.clone(), failure.message.clone(), failure.since))
        };
        (&self.addresses, &self.issuer, self.delta, self.followed, &self.held, self.from_file, trouble(self))
            == (
                &other.addresses,
                &other.issuer,
                other.delta,
                other.followed,
                &other.held,
                other.from_file,
                trouble(other),
            )
    }

    /// Past its nextUpdate, or without one.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.held.as_ref().is_some_and(|held| held.next_update.is_none_or(|next| next < now))
    }
}

impl Held {
    /// From when on a successor should have come: `margin` seconds before nextUpdate, or the last third of the list's life where
    /// that is shorter.
    pub fn near_stale(&self, margin: i64) -> Option<Timestamp> {
        let next = self.next_update?;
        let life = next.unix().saturating_sub(self.this_update.unix()).max(0);
        Some(next.plus_seconds(-margin.min(life / 3)))
    }
}

/// What is known of the revocation of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// Good, revoked or unknown.
    pub status: Status,
    /// Why it is unknown.
    pub why: Option<Why>,
    /// Since when it is so.
    pub since: Timestamp,
    /// What the entry said, of a revoked one.
    pub revocation: Option<Revocation>,
    /// The list that said so, and for a revoked one the first that did.
    pub list: Option<ListRef>,
    /// The certificate of the path the answer is about, when it is not this one: an authority.
    pub authority: Option<Fingerprint>,
}

impl CertificateStatus {
    /// What is known after `verdict`, given at `now` about the certificate, or about `authority` on its path. Revoked stays revoked, whatever
    /// becomes of the list: IGC-Santé drops the entries of expired certificates, and a list that is stale or gone takes nothing back. Only a
    /// hold can be lifted (RFC 5280 section 5.3.1), by a list that says "good".
    pub fn after(before: Option<&Self>, verdict: &Verdict, authority: Option<Fingerprint>, now: Timestamp) -> Self {
        let held = |known: &Self| known.revocation.and_then(|known| known.reason) == Some(Reason::CertificateHold);
        if let Some(known) = before.filter(|known| known.status == Status::Revoked) {
            let lifted = held(known) && verdict.status() == Status::Good;
            let told_more = held(known)
                && matches!(verdict, Verdict::Revoked { revocation, .. } if Some(*revocation) != known.revocation);
            if !lifted && !told_more {
                return known.clone();
            }
        }
        let (why, revocation) = match verdict {
            Verdict::Good(_) => (None, None),
            Verdict::Revoked { revocation, .. } => (None, Some(*revocation)),
            Verdict::Unknown { why, .. } => (Some(*why), None),
        };
        let next = Self {
            status: verdict.status(),
            why,
            since: now,
            revocation,
            list: verdict.list().cloned(),
            authority: authority.filter(|_| verdict.status() != Status::Good),
        };
        match before {
            // The reason may change while it stays unknown: since when it is, does not.
            Some(known) if known.status == next.status => Self { since: known.since, ..next },
            _ => next,
        }
    }

    /// Nothing a reader of the history would want to know differs.
    pub fn says_the_same(&self, other: &Self) -> bool {
        (self.status, self.why, self.revocation, self.authority)
            == (other.status, other.why, other.revocation, other.authority)
    }
}

/// An opposition or a request for revocation that should show in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// A card or a certificate.
    pub what: AwaitedSubject,
    /// When it was declared to the ANS, as whoever asked says.
    pub declared_at: Timestamp,
    /// When Vigie was told.
    pub asked_at: Timestamp,
    /// Seen in a list, at last.
    pub seen: Option<Seen>,
}

impl Awaited {
    /// Seconds from the declaration to the moment it was seen.
    pub fn delay_seconds(&self) -> Option<i64> {
        self.seen.as_ref().map(|seen| seen.at.unix().saturating_sub(self.declared_at.unix()).max(0))
    }
}

/// What is awaited in a list. Opposition is of a card, revocation of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AwaitedSubject {
    /// A card by its number: both its certificates are to be revoked.
    Card(CardNumber),
    /// A certificate.
    Certificate(Fingerprint),
}

impl fmt::Display for AwaitedSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(number) => write!(f, "card:{number}"),
            Self::Certificate(fingerprint) => write!(f, "sha256:{fingerprint}"),
        }
    }
}

/// The moment something awaited was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When Vigie saw it.
    pub at: Timestamp,
    /// The revocationDate of the last of its certificates to be listed.
    pub revoked_at: Timestamp,
    /// cRLNumber of the list.
    pub crl_number: Option<Arc<str>>,
}

/// What a look at the lists changed. All of it is written, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationChanges {
    /// Lists whose state differs.
    pub lists: Vec<(CrlName, CrlState)>,
    /// Certificates whose status differs.
    pub certificates: Vec<(Fingerprint, CertificateStatus)>,
    /// What is newly awaited, or newly seen.
    pub awaited: Vec<Awaited>,
    /// Lists nothing is known of any more. Applied before `lists`.
    pub forgotten: Vec<CrlName>,
    /// What is awaited no more, and since when it was declared. Applied before `awaited`.
    pub no_longer_awaited: Vec<(AwaitedSubject, Timestamp)>,
}

impl RevocationChanges {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        let Self { lists, certificates, awaited, forgotten, no_longer_awaited } = self;
        lists.is_empty()
            && certificates.is_empty()
            && awaited.is_empty()
            && forgotten.is_empty()
            && no_longer_awaited.is_empty()
    }
}

impl Revocations {
    /// The state after `changes`.
    #[must_use]
    pub fn after(&self, changes: &RevocationChanges) -> Self {
        let mut next = self.clone();
        next.lists.retain(|name, _| !changes.forgotten.contains(name));
        next.lists.extend(changes.lists.iter().cloned());
        next.certificates.extend(changes.certificates.iter().cloned());
        let gone = |known: &Awaited| {
            changes.no_longer_awaited.iter().any(|(what, at)| (what, *at) == (&known.what, known.declared_at))
        };
        next.awaited.retain(|known| !gone(known));
        for awaited in &changes.awaited {
            match next
                .awaited
                .iter_mut()
                .find(|known| known.what == awaited.what && known.declared_at == awaited.declared_at)
            {
                Some(known) => *known = awaited.clone(),
                None => next.awaited.push(awaited.clone()),
            }
        }
        next
    }

    /// The list is at hand without its addresses, and it does not matter that they do not answer. They are asked in turn all the same, as far as they may be: it came from a file, or its host is not one
    /// that may be asked and a list of the same issuer comes another way. `margin` is that of [`Held::near_stale`].
    pub fn is_covered(&self, name: &CrlName, margin: i64, now: Timestamp) -> bool {
        let Some(wanted) = self.lists.get(name) else { return false };
        let fresh = |state: &CrlState| {
            state.held.as_ref().and_then(|held| held.near_stale(margin)).is_some_and(|near| now < near)
        };
        let refused = wanted.failure.as_ref().is_some_and(|failure| &*failure.reason == "host_not_allowed");
        let same = |other: &CrlState| (&other.issuer, other.delta) == (&wanted.issuer, wanted.delta);
        let otherwise = || self.lists.values().any(|other| other.followed && same(other) && fresh(other));
        (wanted.from_file && fresh(wanted)) || (refused && otherwise())
    }

    /// The status of a certificate; unknown is what is not known.
    pub fn status(&self, fingerprint: &Fingerprint) -> Status {
        self.certificates.get(fingerprint).map_or(Status::Unknown, |known| known.status)
    }

    /// When a certificate itself, not an authority above it, was revoked, where a list says or said so.
    pub fn revoked_at(&self, fingerprint: &Fingerprint) -> Option<Timestamp> {
        let known = self
            .certificates
            .get(fingerprint)
            .filter(|known| known.status == Status::Revoked && known.authority.is_none())?;
        known.revocation.map(|revocation| revocation.revoked_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn list(number: &str) -> ListRef {
        ListRef { issuer: "CN=AC".into(), crl_number: Some(number.into()), this_update: NOW, next_update: None }
    }

    fn revoked(reason: Option<Reason>) -> Verdict {
        let revocation = Revocation { revoked_at: NOW, reason, invalidity_date: None };
        Verdict::Revoked { revocation, list: list("7"), stale: false }
    }

    fn after(before: Option<&CertificateStatus>, verdict: &Verdict, later: i64) -> CertificateStatus {
        CertificateStatus::after(before, verdict, None, NOW.plus_seconds(later))
    }

    #[test]
    fn revoked_stays_revoked() {
        let known = after(None, &revoked(Some(Reason::KeyCompromise)), 0);
        let gone = Verdict::Unknown { why: Why::Stale, list: None };
        for verdict in [Verdict::Good(list("9")), gone, revoked(Some(Reason::CertificateHold))] {
            assert_eq!(after(Some(&known), &verdict, 9), known);
        }
        assert_eq!(known.list.as_ref().and_then(|list| list.crl_number.as_deref()), Some("7"));
    }

    #[test]
    fn a_hold_is_lifted_by_a_list_and_by_nothing_else() {
        let held = after(None, &revoked(Some(Reason::CertificateHold)), 0);
        assert_eq!(after(Some(&held), &Verdict::Unknown { why: Why::Stale, list: None }, 9), held);
        assert_eq!(after(Some(&held), &Verdict::Good(list("9")), 9).status, Status::Good);
        let revoked = after(Some(&held), &revoked(Some(Reason::KeyCompromise)), 9);
        assert_eq!((revoked.status, revoked.since), (Status::Revoked, NOW));
        assert_eq!(revoked.revocation.and_then(|known| known.reason), Some(Reason::KeyCompromise));
    }

    #[test]
    fn unknown_is_counted_from_its_first_moment() {
        let unknown = |why| Verdict::Unknown { why, list: None };
        let first = after(None, &unknown(Why::NoList), 0);
        let later = after(Some(&first), &unknown(Why::BadSignature), 60);
        assert_eq!((later.since, later.why), (NOW, Some(Why::BadSignature)));
        assert!(!later.says_the_same(&first));
        let good = after(Some(&later), &Verdict::Good(list("1")), 90);
        assert_eq!((good.since, good.why), (NOW.plus_seconds(90), None));
    }

    #[test]
    fn near_stale_is_the_margin_or_the_last_third() {
        let held = |life: i64| Held {
            number: None,
            this_update: NOW,
            next_update: Some(NOW.plus_seconds(life)),
            entries: 0,
            bytes: 0,
            identity: Fingerprint([0; 32]),
            taken_at: NOW,
        };
        assert_eq!(held(900).near_stale(100), Some(NOW.plus_seconds(800)));
        assert_eq!(held(90).near_stale(100), Some(NOW.plus_seconds(60)));
        assert_eq!(Held { next_update: None, ..held(9) }.near_stale(100), None);
    }
}
