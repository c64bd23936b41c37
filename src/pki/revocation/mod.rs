//! What the lists at hand say of the certificates of a path (RFC 5280 section 6.3).
//!
//! The algorithm is that of section 6.3.3, whose letters are beside the lines. It fetches nothing: lists come as they are, and whether they are
//! any good is decided here. `Good` needs a list that is fresh, signed by who may sign it, and speaks for the certificate and for every
//! reason; `Revoked` needs no freshness.

mod keys;
mod points;

pub use keys::signs_certificates;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::crl::index::{Index, IndexError, ReadAt};
use super::crl::scope::{DistributionPoint, GeneralName, PointName, Reasons};
use super::crl::{Crl, Watch};
use super::path::{Chain, Invalid, LimitExceeded, PathCertificate, Pool, Settings};
use super::signature::SignatureProblem;
use crate::domain::certificate::KeyUsage;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::revocation::{ListRef, Reason, Revocation, Verdict, Why};

/// Seconds a list may be issued ahead of our clock.
pub const SKEW: i64 = 300;
/// Signers of signers of signers.
const MAX_DEPTH: usize = 4;

/// The entries of one list.
pub trait Entries {
    /// What the list says of a certificate: canonical name of its issuer (`None` for the issuer of the list), serial number.
    ///
    /// # Errors
    /// When that cannot be told. It is never taken for "not listed".
    fn find(&self, issuer: Option<&[u8]>, serial: &[u8]) -> Result<Option<Revocation>, IndexError>;
}

/// The certificate must be among those the watch was set for.
impl Entries for Watch {
    fn find(&self, issuer: Option<&[u8]>, serial: &[u8]) -> Result<Option<Revocation>, IndexError> {
        Ok(Self::find(self, issuer, serial).copied())
    }
}

/// An index with its file and the DER of its list.
#[derive(Debug)]
pub struct Indexed<I, L> {
    /// The open index.
    pub index: Index,
    /// Its bytes.
    pub index_file: I,
    /// The bytes of the list.
    pub list_file: L,
}

impl<I: ReadAt, L: ReadAt> Entries for Indexed<I, L> {
    fn find(&self, issuer: Option<&[u8]>, serial: &[u8]) -> Result<Option<Revocation>, IndexError> {
        self.index.find(&self.index_file, &self.list_file, issuer, serial)
    }
}

/// A list and its entries.
#[derive(Clone, Copy)]
pub struct List<'a> {
    /// What it says of itself.
    pub crl: &'a Crl,
    /// What it says of certificates.
    pub entries: &'a dyn Entries,
}

/// Judges certificates by lists.
pub struct Judge<'a> {
    pool: &'a Pool,
    settings: Settings,
    /// The newest first.
    lists: Vec<List<'a>>,
    signers: RefCell<HashMap<Asked, Result<Signer, Why>>>,
    /// Signers whose own status is being looked for.
    pending: RefCell<Vec<Fingerprint>>,
}

/// Who signed a list was asked: its identity, the trust anchor and the issuer on the path.
type Asked = (Fingerprint, Fingerprint, Fingerprint);

/// Whose key a list was signed with.
type Signer = Arc<PathCertificate>;

/// One certificate in question, and what is above it.
struct Question<'a> {
    certificate: &'a PathCertificate,
    issuer: &'a Arc<PathCertificate>,
    anchor: &'a Arc<PathCertificate>,
}

impl<'a> Judge<'a> {
    /// With these certificates and lists.
    pub fn new(pool: &'a Pool, settings: Settings, lists: impl IntoIterator<Item = List<'a>>) -> Self {
        let mut lists: Vec<List<'a>> = lists.into_iter().collect();
        lists.sort_by(|a, b| (&b.crl.number, b.crl.this_update).cmp(&(&a.crl.number, a.crl.this_update)));
        Self { pool, settings, lists, signers: RefCell::default(), pending: RefCell::default() }
    }

    /// The status of every certificate of a chain below its trust anchor, in the order of the chain; of the anchor itself where it is all
    /// there is. The chain is one whose signatures hold.
    pub fn chain(&self, chain: &Chain) -> Vec<Verdict> {
        let Some(anchor) = chain.last() else { return Vec::new() };
        let below = chain.len().saturating_sub(1).max(1);
        let places = chain.iter().take(below).enumerate();
        let questions = places.map(|(place, certificate)| Question {
            certificate,
            issuer: chain.get(place + 1).unwrap_or(anchor),
            anchor,
        });
        questions.map(|question| self.certificate(&question)).collect()
    }

    /// Who signed a list that just came: a holder of the issuer's name with a valid path to a trust anchor, who may sign lists and is not
    /// revoked by the lists at hand. That its own status is unknown does not count: the lists that say it may come later.
    ///
    /// # Errors
    /// Why the list is not to be believed.
    pub fn authority(&self, crl: &Crl) -> Result<Arc<PathCertificate>, Why> {
        self.find_signer(crl, &[], None)
    }

    /// A list signed by `signer` that does not name a certificate of `issuer` clears it, as far as keys go. Where a bound on work was hit it does
    /// not.
    pub fn speaks_for(&self, signer: &PathCertificate, issuer: &PathCertificate) -> bool {
        keys::speaks_for(self.pool, signer, issuer, self.settings.accepted) == Ok(true)
    }

    fn certificate(&self, question: &Question<'_>) -> Verdict {
        let mut seen = Seen::default();
        // Section 6.3.3, last paragraph: lists of the issuer that no distribution point names count as if one did, without reasons and
        // named by the issuer.
        let issuer = GeneralName::directory(&question.certificate.issuer);
        let own =
            DistributionPoint { name: Some(PointName::Full(vec![issuer])), reasons: None, crl_issuer: Vec::new() };
        for point in question.certificate.extensions.crl_points.iter().chain([&own]) {
            for list in self.lists.iter().filter(|list| !list.crl.is_delta()) {
                if let Some(verdict) = self.complete(question, point, list, &mut seen) {
                    return verdict;
                }
            }
        }
        // What a delta says that builds on no complete list at hand: enough to be revoked, never to be good.
        for point in question.certificate.extensions.crl_points.iter().chain([&own]) {
            if let Some(verdict) = self.lone_delta(question, point, &mut seen) {
                return verdict;
            }
        }
        seen.verdict()
    }

    /// One complete list for one distribution point.
    fn complete(
        &self,
        question: &Question<'_>,
        point: &DistributionPoint,
        list: &List<'a>,
        seen: &mut Seen<'a>,
    ) -> Option<Verdict> {
        let crl = list.crl;
        // (b)(1) and (2)
        match points::covers(crl, question.certificate, point) {
            points::Coverage::OtherIssuer => return None,
            points::Coverage::OutOfScope => return seen.note(Why::OutOfScope, crl),
            points::Coverage::Covers => {}
        }
        if crl.this_update > self.settings.at.plus_seconds(SKEW) {
            return seen.note(Why::NotYetValid, crl);
        }
        // (f) and (g)
        let signer = match self.signer(crl, question) {
            Ok(signer) => signer,
            Err(why) => return seen.note(why, crl),
        };
        // Its successor was asked: what it says is out of date.
        if seen.asked_newer(crl, &signer) {
            return None;
        }
        // Sections 5.2 and 5.3
        if crl.unknown_critical {
            return seen.note(Why::UnknownCriticalExtension, crl);
        }
        seen.asked.push((crl, Arc::clone(&signer)));
        // (c) and (h)
        let deltas = self.deltas(crl, &signer);
        let wanted = (crl.is_indirect() && question.certificate.issuer != crl.issuer)
            .then_some(&*question.certificate.issuer.canonical);
        let mut current = crl;
        let mut status = None;
        let mut lifted = !deltas.is_empty();
        for delta in &deltas {
            let applies = delta.crl.base_number <= crl.number && self.freshness(delta.crl).is_ok();
            if applies {
                current = delta.crl;
            }
            // (i)
            match delta.entries.find(wanted, &question.certificate.serial) {
                Err(_) => return seen.note(Why::IndexDamaged, delta.crl),
                Ok(Some(entry)) if entry.reason == Some(Reason::RemoveFromCrl) => lifted &= applies,
                Ok(found) => {
                    lifted = false;
                    status = status.or(found.map(|revocation| (revocation, delta.crl)));
                }
            }
        }
        // (j)
        if status.is_none() && !lifted {
            match list.entries.find(wanted, &question.certificate.serial) {
                Err(_) => return seen.note(Why::IndexDamaged, crl),
                Ok(found) => status = found.map(|revocation| (revocation, crl)),
            }
        }
        // (k)
        let status = status.filter(|(revocation, _)| revocation.reason != Some(Reason::RemoveFromCrl));
        if let Some((revocation, by)) = status {
            let stale = self.freshness(by).is_err();
            return Some(Verdict::Revoked { revocation, list: by.reference(), stale });
        }
        // (f) again: another key of the issuer may have lists of its own, which say nothing of those the key in question signed.
        match keys::speaks_for(self.pool, &signer, question.issuer, self.settings.accepted) {
            Ok(true) => {}
            Ok(false) => return seen.note(Why::OtherKey, crl),
            Err(LimitExceeded) => return seen.note(Why::LimitExceeded, crl),
        }
        // (a): a complete list is brought up to date by a delta that is.
        if let Err(why) = self.freshness(current) {
            return seen.note(why, current);
        }
        // (d) and (l). Where (e) would leave out a list whose reasons are covered, it is asked all the same: an authority that changed its
        // key has lists of both, and either may name the certificate.
        seen.reasons = seen.reasons.union(points::reasons(crl, point));
        seen.good.get_or_insert_with(|| current.reference());
        None
    }

    /// The newest delta that is later than this complete list, of the same scope and signed with the same key (section 6.3.3 (c) and (h)); all of
    /// them where none is the newest.
    fn deltas(&self, base: &Crl, signer: &Signer) -> Vec<List<'a>> {
        let candidates = self.lists.iter().filter(|list| {
            let delta = list.crl;
            delta.is_delta()
                && points::same_scope(delta, base)
                && delta.authority_key_identifier == base.authority_key_identifier
                && delta.number > base.number
                && delta.this_update <= self.settings.at.plus_seconds(SKEW)
                && !delta.unknown_critical
        });
        let mut newest: Vec<List<'a>> = Vec::new();
        for list in candidates.copied() {
            let older = newest.iter().any(|newer| newer.crl.is_later_than(list.crl));
            if !older
                && self.pool.spend().is_ok()
                && list.crl.verify(&signer.public_key_info, self.settings.accepted).is_ok()
            {
                newest.push(list);
            }
        }
        newest
    }

    fn lone_delta(&self, question: &Question<'_>, point: &DistributionPoint, seen: &mut Seen<'a>) -> Option<Verdict> {
        for list in self.lists.iter().filter(|list| list.crl.is_delta()) {
            let crl = list.crl;
            let covers = points::covers(crl, question.certificate, point) == points::Coverage::Covers;
            if !covers || crl.this_update > self.settings.at.plus_seconds(SKEW) {
                continue;
            }
            match self.signer(crl, question) {
                Err(why) => drop(seen.note(why, crl)),
                // It was asked together with its base.
                Ok(signer) if seen.asked_base(crl, &signer) => {}
                Ok(_) if crl.unknown_critical => drop(seen.note(Why::UnknownCriticalExtension, crl)),
                Ok(_) => {
                    let wanted = (crl.is_indirect() && question.certificate.issuer != crl.issuer)
                        .then_some(&*question.certificate.issuer.canonical);
                    match list.entries.find(wanted, &question.certificate.serial) {
                        Err(_) => drop(seen.note(Why::IndexDamaged, crl)),
                        Ok(Some(revocation)) if revocation.reason != Some(Reason::RemoveFromCrl) => {
                            let stale = self.freshness(crl).is_err();
                            return Some(Verdict::Revoked { revocation, list: crl.reference(), stale });
                        }
                        Ok(_) => drop(seen.note(Why::DeltaWithoutBase, crl)),
                    }
                }
            }
        }
        None
    }

    /// Section 6.3.3 (a), and 5.1.2.5: a list that does not say until when it holds is never fresh.
    fn freshness(&self, crl: &Crl) -> Result<(), Why> {
        match crl.next_update {
            None => Err(Why::NoNextUpdate),
            Some(next) if self.settings.at > next => Err(Why::Stale),
            Some(_) => Ok(()),
        }
    }

    /// Section 6.3.3 (f) and (g): who signed the list, if it may.
    fn signer(&self, crl: &Crl, question: &Question<'_>) -> Result<Signer, Why> {
        let key = (crl.identity, question.anchor.fingerprint, question.issuer.fingerprint);
        if let Some(known) = self.signers.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find_signer(crl, &[question.issuer, question.anchor], Some(question.anchor));
        // While a signer is being judged its answers depend on that.
        if self.pending.borrow().is_empty() {
            self.signers.borrow_mut().insert(key, found.clone());
        }
        found
    }

    /// `on_path` are validated already; the path of anybody else has to end at `anchor`, where there is one.
    fn find_signer(
        &self,
        crl: &Crl,
        on_path: &[&Arc<PathCertificate>],
        anchor: Option<&Arc<PathCertificate>>,
    ) -> Result<Signer, Why> {
        let mut worst = None;
        let same_name = on_path.iter().copied().filter(|known| known.subject == crl.issuer);
        let others = self.pool.named(&crl.issuer.canonical).iter();
        let wanted = crl.authority_key();
        let mut candidates: Vec<&Arc<PathCertificate>> = same_name.chain(others).collect();
        candidates.sort_by_key(|candidate| match (wanted, candidate.extensions.subject_key.as_deref()) {
            (Some(wanted), Some(own)) => u8::from(wanted != own) * 2,
            _ => 1,
        });
        let mut tried = Vec::new();
        for candidate in candidates {
            if tried.contains(&candidate.fingerprint) {
                continue;
            }
            tried.push(candidate.fingerprint);
            self.pool.spend().map_err(|LimitExceeded| Why::LimitExceeded)?;
            let signed = crl.verify(&candidate.public_key_info, self.settings.accepted).map_err(Why::from);
            match signed.and_then(|()| self.may_sign(candidate, on_path, anchor)) {
                Ok(()) => return Ok(Arc::clone(candidate)),
                Err(why) => worst = worst.max(Some(why)),
            }
        }
        Err(worst.unwrap_or(Why::SignerUntrusted))
    }

    fn may_sign(
        &self,
        candidate: &Arc<PathCertificate>,
        on_path: &[&Arc<PathCertificate>],
        anchor: Option<&Arc<PathCertificate>>,
    ) -> Result<(), Why> {
        if candidate.extensions.key_usage.is_some_and(|usage| !usage.contains(KeyUsage::CRL_SIGN)) {
            return Err(Why::SignerWithoutCrlSign);
        }
        if on_path.iter().any(|known| known.fingerprint == candidate.fingerprint) {
            return Ok(());
        }
        // The trust anchor of its path is the one of the certificate in question.
        let mut path = None;
        let mut limit = false;
        let searched = self.pool.search(candidate, &self.settings, &mut |chain, result| {
            limit |= result == Err(Invalid::LimitExceeded);
            let reached = chain.last();
            let same = anchor.is_none_or(|wanted| reached.is_some_and(|reached| reached.is_same_authority(wanted)));
            if result.is_ok() && same {
                path = Some(chain.to_vec());
                return std::ops::ControlFlow::Break(());
            }
            std::ops::ControlFlow::Continue(())
        });
        let Some(path) = path else {
            return Err(if searched.is_err() || limit { Why::LimitExceeded } else { Why::SignerUntrusted });
        };
        // A trust anchor is trusted: nobody's list says otherwise.
        if path.len() == 1 {
            return Ok(());
        }
        // A signer whose own status hangs on the list it signed is judged by that list and what else there is.
        if self.pending.borrow().contains(&candidate.fingerprint) {
            return Ok(());
        }
        if self.pending.borrow().len() >= MAX_DEPTH {
            return Err(Why::LimitExceeded);
        }
        self.pending.borrow_mut().push(candidate.fingerprint);
        let status = Verdict::worst(&self.chain(&path));
        self.pending.borrow_mut().pop();
        match status {
            Verdict::Good(_) => Ok(()),
            Verdict::Revoked { .. } => Err(Why::SignerRevoked),
            Verdict::Unknown { why: Why::LimitExceeded, .. } => Err(Why::LimitExceeded),
            Verdict::Unknown { .. } if anchor.is_none() => Ok(()),
            Verdict::Unknown { .. } => Err(Why::SignerUnknown),
        }
    }
}

impl From<SignatureProblem> for Why {
    fn from(problem: SignatureProblem) -> Self {
        match problem {
            SignatureProblem::Unsupported => Self::UnsupportedAlgorithm,
            SignatureProblem::Wrong => Self::BadSignature,
        }
    }
}

/// What was learned about one certificate so far.
#[derive(Default)]
struct Seen<'a> {
    /// reasons_mask of section 6.3.2.
    reasons: Reasons,
    good: Option<ListRef>,
    why: Option<(Why, ListRef)>,
    /// Complete lists that were signed right and spoke for the certificate, each with its signer.
    asked: Vec<(&'a Crl, Signer)>,
}

impl Seen<'_> {
    /// A later list of the same scope and key was asked before: lists come newest first. Of lists that say they are equally new none is left out.
    fn asked_newer(&self, crl: &Crl, signer: &Signer) -> bool {
        self.asked.iter().any(|(newer, by)| {
            newer.is_later_than(crl) && points::same_scope(newer, crl) && by.public_key_info == signer.public_key_info
        })
    }

    /// A complete list this delta may have been applied to was asked.
    fn asked_base(&self, delta: &Crl, signer: &Signer) -> bool {
        self.asked.iter().any(|(base, by)| {
            points::same_scope(base, delta)
                && base.authority_key_identifier == delta.authority_key_identifier
                && by.public_key_info == signer.public_key_info
        })
    }

    /// Keeps the reason that tells most, and goes on.
    fn note(&mut self, why: Why, crl: &Crl) -> Option<Verdict> {
        if self.why.as_ref().is_none_or(|(known, _)| *known < why) {
            self.why = Some((why, crl.reference()));
        }
        None
    }

    fn verdict(self) -> Verdict {
        match (self.good, self.why) {
            (Some(list), _) if self.reasons.covers(Reasons::ALL) => Verdict::Good(list),
            (Some(_), Some((why, list))) if why > Why::ReasonsNotCovered => Verdict::Unknown { why, list: Some(list) },
            (Some(list), _) => Verdict::Unknown { why: Why::ReasonsNotCovered, list: Some(list) },
            (None, Some((why, list))) => Verdict::Unknown { why, list: Some(list) },
            (None, None) => Verdict::Unknown { why: Why::NoList, list: None },
        }
    }
}
