//! Certification paths (RFC 5280 section 6.1): found among the certificates at hand, and validated.
//!
//! A path is searched from the certificate upwards, by name, most promising issuer first, and every signature is verified on the way.
//! Authorities with the same name, cross certificates and circles are taken as they come; work is bounded, and a bound that was hit is a reason
//! of its own. The divergences from the standard, each with its reason, are listed in `ARCHITECTURE.md`.

mod certificate;
mod constraints;
mod policy;
mod validate;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;

pub use certificate::{BasicConstraints, Extensions, PathCertificate};
pub use validate::validate;

use super::certificate::Parts;
use super::der::{self, SEQUENCE};
use super::signature::{self, Accepted, SignatureProblem};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::time::Timestamp;
use serde::Serialize;

/// Certificates on a path, the anchor included.
const MAX_LENGTH: usize = 16;
/// Signatures verified for one question, those of lists and their signers included.
const MAX_SIGNATURES: u32 = 2_000;
/// Candidates looked at for one question.
const MAX_STEPS: u32 = 50_000;
/// Chains to a trust anchor that are validated for one question.
const MAX_CHAINS: u32 = 100;

spelled! {
    /// Why there is no valid path. The order is that of how far it came: the last reason in this order is reported.
    Invalid, "reason for an invalid path" {
        /// No chain of names and signatures leads to a trust anchor.
        NoPath = "no_path",
        /// An issuer is at hand whose key does not fit the signature.
        BadSignature = "bad_signature",
        /// The signature is of a kind that is not accepted.
        UnsupportedAlgorithm = "unsupported_algorithm",
        /// A bound on work was hit before an answer was found.
        LimitExceeded = "limit_exceeded",
        /// A certificate that breaks the standard.
        Malformed = "malformed",
        /// A critical extension this program does not know.
        UnknownCriticalExtension = "unknown_critical_extension",
        /// An issuer that is no authority.
        NotACa = "not_a_ca",
        /// An issuer that may not sign certificates.
        KeyUsage = "key_usage",
        /// More authorities than one of them allows.
        PathTooLong = "path_too_long",
        /// A name outside the constraints of an authority.
        NameConstraints = "name_constraints",
        /// No valid policy where one is required.
        Policy = "policy",
        /// Not valid yet.
        NotYetValid = "not_yet_valid",
        /// Not valid any more.
        Expired = "expired",
    }
}

/// A chain of certificates: the one in question first, the trust anchor last.
pub type Chain = Vec<Arc<PathCertificate>>;

/// Is told a chain and what validation says of it; says whether to go on.
pub type Told<'a> = dyn FnMut(&[Arc<PathCertificate>], Result<(), Invalid>) -> ControlFlow<()> + 'a;

/// How a search is done.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The time in question.
    pub at: Timestamp,
    /// Signatures that prove something.
    pub accepted: Accepted,
}

/// The certificates at hand, and the work done with them so far.
#[derive(Debug)]
pub struct Pool {
    by_subject: HashMap<Arc<[u8]>, Vec<Arc<PathCertificate>>>,
    anchors: HashSet<Fingerprint>,
    /// Whether the key of the second certificate made the signature of the first.
    signatures: RefCell<HashMap<(Fingerprint, Fingerprint), Result<(), SignatureProblem>>>,
    spent: Cell<u32>,
    steps: Cell<u32>,
    chains: Cell<u32>,
}

impl Pool {
    /// Trust anchors, and certificates that may lead to them (all DER). What is no certificate is left out.
    pub fn new(anchors: impl IntoIterator<Item = Arc<[u8]>>, untrusted: impl IntoIterator<Item = Arc<[u8]>>) -> Self {
        let mut pool = Self {
            by_subject: HashMap::new(),
            anchors: HashSet::new(),
            signatures: RefCell::default(),
            spent: Cell::new(0),
            steps: Cell::new(0),
            chains: Cell::new(0),
        };
        let mut known = HashSet::new();
        let anchors = anchors.into_iter().map(|der| (der, true));
        for (der, anchor) in anchors.chain(untrusted.into_iter().map(|der| (der, false))) {
            let Some(certificate) = PathCertificate::read(der) else { continue };
            if anchor {
                pool.anchors.insert(certificate.fingerprint);
            }
            if known.insert(certificate.fingerprint) {
                let same = pool.by_subject.entry(Arc::clone(&certificate.subject.canonical)).or_default();
                same.push(Arc::new(certificate));
            }
        }
        pool
    }

    /// Every certificate at hand.
    pub fn certificates(&self) -> impl Iterator<Item = &Arc<PathCertificate>> {
        self.by_subject.values().flatten()
    }

    /// Those with this subject, by its canonical form.
    pub fn named(&self, subject: &[u8]) -> &[Arc<PathCertificate>] {
        self.by_subject.get(subject).map(Vec::as_slice).unwrap_or_default()
    }

    /// It is a trust anchor.
    pub fn is_anchor(&self, certificate: &PathCertificate) -> bool {
        self.anchors.contains(&certificate.fingerprint)
    }

    /// A new question may cost as much as the one before.
    pub fn begin(&self) {
        self.spent.set(0);
        self.steps.set(0);
        self.chains.set(0);
    }

    /// A valid path, or the reason there is none and the chain that came closest to being one.
    pub fn path(&self, target: &Arc<PathCertificate>, settings: &Settings) -> Result<Chain, (Invalid, Option<Chain>)> {
        let mut failed: Option<(Invalid, Option<Chain>)> = None;
        let mut found = None;
        let stopped = self.search(target, settings, &mut |chain, result| match result {
            Ok(()) => {
                found = Some(chain.to_vec());
                ControlFlow::Break(())
            }
            Err(reason) => {
                let complete = (reason >= Invalid::LimitExceeded).then(|| chain.to_vec());
                let further = |(before, chain): &(Invalid, Option<Chain>)| {
                    (complete.is_some(), reason) > (chain.is_some(), *before)
                };
                if failed.as_ref().is_none_or(further) {
                    failed = Some((reason, complete));
                }
                ControlFlow::Continue(())
            }
        });
        match found {
            Some(chain) => Ok(chain),
            None if stopped.is_err() => Err((Invalid::LimitExceeded, failed.and_then(|(_, chain)| chain))),
            None => Err(failed.unwrap_or((Invalid::NoPath, None))),
        }
    }

    /// Tells every chain that reaches a trust anchor, with what validation says of it, and every chain that ends at a signature, until told to
    /// stop.
    ///
    /// # Errors
    /// A bound on work was hit.
    pub fn search(
        &self,
        target: &Arc<PathCertificate>,
        settings: &Settings,
        tell: &mut Told<'_>,
    ) -> Result<(), LimitExceeded> {
        let mut chain = vec![Arc::clone(target)];
        self.extend(&mut chain, settings, tell).map(|_| ())
    }

    fn extend(
        &self,
        chain: &mut Chain,
        settings: &Settings,
        tell: &mut Told<'_>,
    ) -> Result<ControlFlow<()>, LimitExceeded> {
        let Some(last) = chain.last().cloned() else { return Ok(ControlFlow::Continue(())) };
        if self.is_anchor(&last) {
            self.chains.set(self.chains.get() + 1);
            if self.chains.get() > MAX_CHAINS {
                return Err(LimitExceeded);
            }
            if tell(chain, validate(chain, settings.at)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            // Nothing above an anchor makes it more trusted.
            return Ok(ControlFlow::Continue(()));
        }
        for issuer in self.issuers(&last, settings) {
            self.steps.set(self.steps.get() + 1);
            if self.steps.get() > MAX_STEPS {
                return Err(LimitExceeded);
            }
            // The same authority twice is a circle, whatever certificates it goes through.
            if chain.iter().any(|known| known.is_same_authority(&issuer)) || chain.len() >= MAX_LENGTH {
                continue;
            }
            let signed = self.signed(&last, &issuer, settings.accepted)?;
            chain.push(issuer);
            let flow = match signed {
                Ok(()) => self.extend(chain, settings, tell)?,
                Err(problem) => tell(chain, Err(problem.into())),
            };
            chain.pop();
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Who may have issued it, the most likely first: key identifiers that agree, anchors, those in force. Identifiers are a hint (section
    /// 4.2.1.1): who contradicts them comes last.
    fn issuers(&self, child: &PathCertificate, settings: &Settings) -> Vec<Arc<PathCertificate>> {
        let mut found = self.named(&child.issuer.canonical).to_vec();
        let authority = child.extensions.authority_key.as_deref();
        found.sort_by_cached_key(|issuer| {
            let agree = match (authority, issuer.extensions.subject_key.as_deref()) {
                (Some(wanted), Some(own)) if wanted == own => 0,
                (Some(_), Some(_)) => 2,
                _ => 1,
            };
            let dated = issuer.validity.is_some_and(|(from, until)| from <= settings.at && settings.at <= until);
            (agree, !self.is_anchor(issuer), !dated, issuer.fingerprint)
        });
        found
    }

    /// The key of `issuer` made the signature of `child`.
    ///
    /// # Errors
    /// A bound on work was hit.
    pub fn signed(
        &self,
        child: &PathCertificate,
        issuer: &PathCertificate,
        accepted: Accepted,
    ) -> Result<Result<(), SignatureProblem>, LimitExceeded> {
        let pair = (child.fingerprint, issuer.fingerprint);
        if let Some(known) = self.signatures.borrow().get(&pair) {
            return Ok(*known);
        }
        self.spend()?;
        let key = der::single(&issuer.public_key_info, SEQUENCE);
        let result = match (Parts::read(&child.der), key) {
            (Some(parts), Some(key)) => signature::verify_strict(&parts, key, accepted),
            _ => Err(SignatureProblem::Wrong),
        };
        self.signatures.borrow_mut().insert(pair, result);
        Ok(result)
    }

    /// Counts one verification of a signature.
    ///
    /// # Errors
    /// There were too many.
    pub fn spend(&self) -> Result<(), LimitExceeded> {
        self.spent.set(self.spent.get() + 1);
        if self.spent.get() > MAX_SIGNATURES { Err(LimitExceeded) } else { Ok(()) }
    }
}

/// A bound on work was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded;

impl From<SignatureProblem> for Invalid {
    fn from(problem: SignatureProblem) -> Self {
        match problem {
            SignatureProblem::Unsupported => Self::UnsupportedAlgorithm,
            SignatureProblem::Wrong => Self::BadSignature,
        }
    }
}
