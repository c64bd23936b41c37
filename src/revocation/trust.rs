//! Whose lists are believed, and what the lists at hand say of certificates whose path is known.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::accept::Expected;
use super::gate::{Gate, shown};
use super::kept::{Kept, ListName};
use super::points::{Point, Points};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::revocation::{Status, Verdict, Why};
use crate::domain::time::Timestamp;
use crate::pki::crl::Crl;
use crate::pki::crl::scope::DistributionPoint;
use crate::pki::digest::sha256;
use crate::pki::path::{Chain, PathCertificate, Pool, Settings};
use crate::pki::revocation::{Judge, signs_certificates};
use crate::pki::signature::Accepted;

/// Seconds clocks may differ.
pub(super) const SKEW: i64 = 300;
/// Addresses of one certificate that count, those of its deltas included. As many lists of which no address may be asked are told of.
const MAX_ADDRESSES: usize = super::fetch::MAX_ADDRESSES;

/// Names of one list that count.
const MAX_NAMES: usize = 64;

pub(super) const fn settings(at: Timestamp) -> Settings {
    Settings { at, accepted: Accepted { sha1: false } }
}

/// Trust anchors, and authorities whose path ends in one (DER).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Trust anchors.
    pub anchors: Vec<Arc<[u8]>>,
    /// Authorities below them.
    pub authorities: Vec<Arc<[u8]>>,
}

impl Trust {
    pub(super) fn pool(&self) -> Pool {
        Pool::new(self.anchors.iter().cloned(), self.authorities.iter().cloned())
    }
}

/// A certificate in question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its bytes.
    pub der: Arc<[u8]>,
    /// Those above it, whose signatures were verified before, up to the anchor.
    pub above: Vec<Fingerprint>,
}

/// What is said of one certificate.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which.
    pub fingerprint: Fingerprint,
    /// The answer for its whole path.
    pub verdict: Verdict,
    /// The authority of the path it is about, if it is not the certificate itself.
    pub authority: Option<Fingerprint>,
}

/// Asks the lists about certificates, and gathers the lists these certificates and the authorities above them name.
pub fn judge(
    lists: &[Arc<Kept>],
    trust: &Trust,
    gate: &Gate,
    questions: Vec<Question>,
    now: Timestamp,
    points: &mut Points,
) -> Vec<Answer> {
    let pool = trust.pool();
    let known: HashMap<Fingerprint, &Arc<PathCertificate>> =
        pool.certificates().map(|certificate| (certificate.fingerprint, certificate)).collect();
    let judge = Judge::new(&pool, settings(now), lists.iter().map(|kept| kept.list()));
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let Some(certificate) = PathCertificate::read(question.der) else { continue };
        let fingerprint = certificate.fingerprint;
        let mut chain: Chain = vec![Arc::new(certificate)];
        chain.extend(question.above.iter().filter_map(|above| known.get(above)).map(|above| Arc::clone(above)));
        let complete = chain.len() == question.above.len() + 1;
        pool.begin();
        let verdicts = if complete { judge.chain(&chain) } else { Vec::new() };
        let (place, verdict) = worst(&verdicts);
        let authority = (place > 0).then(|| chain.get(place).map(|about| about.fingerprint)).flatten();
        if complete {
            for pair in chain.windows(2) {
                if let [certificate, authority] = pair {
                    name_points(certificate, authority.fingerprint, gate, points);
                }
            }
        }
        answers.push(Answer { fingerprint, verdict, authority });
    }
    answers
}

/// The verdict for a whole path, as [`Verdict::worst`] gives it, and whose it is.
fn worst(verdicts: &[Verdict]) -> (usize, Verdict) {
    let first = |status| verdicts.iter().position(|verdict| verdict.status() == status);
    let place = first(Status::Revoked).or_else(|| first(Status::Unknown)).unwrap_or(0);
    let none = || Verdict::Unknown { why: Why::NoPath, list: None };
    (place, verdicts.get(place).cloned().unwrap_or_else(none))
}

/// The lists a certificate names: a complete one, and its delta. A certificate whose points stand for different reasons or issuers has more of
/// them; in all, three addresses of a certificate count, and lists there is no room for are told of.
fn name_points(certificate: &PathCertificate, authority: Fingerprint, gate: &Gate, points: &mut Points) {
    let extensions = &certificate.extensions;
    let deltas = usize::from(extensions.freshest.iter().any(|point| point.uris().next().is_some()));
    let issuer = certificate.issuer.text();
    let mut room = MAX_ADDRESSES - deltas;
    let mut told = MAX_ADDRESSES;
    let plain = |point: &&DistributionPoint| point.reasons.is_none() && point.crl_issuer.is_empty();
    let all: Vec<&DistributionPoint> = extensions.crl_points.iter().filter(plain).collect();
    let mut groups: Vec<(Vec<&DistributionPoint>, bool)> = vec![(all, false)];
    groups.extend(extensions.crl_points.iter().filter(|point| !plain(point)).map(|point| (vec![point], false)));
    groups.push((extensions.freshest.iter().collect(), true));
    let mut rank = 0;
    for (group, delta) in groups {
        if delta {
            room += deltas;
        }
        let named: Vec<&str> = group.iter().flat_map(|point| point.uris()).collect();
        let allowed = named.iter().filter_map(|uri| gate.address(uri).ok());
        let allowed: Vec<Arc<str>> = allowed.map(|address| address.as_str().into()).take(MAX_ADDRESSES).collect();
        // Nothing is asked of the others; that there is one is worth saying once.
        let (left, addresses) = match allowed.is_empty() {
            false => (&mut room, allowed),
            true => (&mut told, named.first().map(|uri| Arc::from(shown(uri))).into_iter().collect()),
        };
        let Some((first, name)) = addresses.first().and_then(|first| Some((first, point_name(first, delta)?))) else {
            continue;
        };
        if *left == 0 {
            points.pass_over(&issuer, name, first);
            continue;
        }
        let addresses: Vec<Arc<str>> = addresses.into_iter().take(*left).collect();
        *left -= addresses.len();
        let own = group.iter().all(|point| point.crl_issuer.is_empty());
        let point = points.lists.entry(name).or_insert_with(|| Point {
            addresses: Vec::new(),
            expected: Expected { delta: Some(delta), ..Expected::default() },
            issuer: Arc::clone(&issuer),
            rank,
            named: 0,
        });
        (point.rank, point.named) = (point.rank.min(rank), point.named + 1);
        rank += 1;
        for address in addresses {
            if point.addresses.len() < MAX_ADDRESSES && !point.addresses.contains(&address) {
                point.addresses.push(address);
            }
        }
        let canonical = &certificate.issuer.canonical;
        if own && !point.expected.issuers.contains(canonical) {
            point.expected.issuers.push(Arc::clone(canonical));
        }
        if own && !point.expected.authorities.contains(&authority) {
            point.expected.authorities.push(authority);
        }
        // A delta has the scope of its base (RFC 5280 section 5.2.4).
        let called: Vec<&DistributionPoint> = if delta { extensions.crl_points.iter().collect() } else { group };
        for name in called.iter().filter_map(|point| point.name.as_ref()) {
            if point.expected.names.len() < MAX_NAMES && !point.expected.names.contains(name) {
                point.expected.names.push(name.clone());
            }
        }
    }
}

/// The name a list of this address is kept under.
pub fn point_name(address: &str, delta: bool) -> Option<ListName> {
    hashed(&[if delta { b"delta" } else { b"whole" }, address.as_bytes()])
}

/// The name an imported list is kept under: one for each issuer, kind, scope and, of an authority, key.
pub(super) fn import_name(crl: &Crl, signer: Option<&PathCertificate>) -> Option<ListName> {
    let scope = format!("{:?}", crl.scope);
    // Who only signs lists for an authority may get another key without being another authority.
    let key = signer.filter(|signer| signs_certificates(signer)).map_or(&[][..], |signer| &signer.public_key_info);
    let kind: &[u8] = if crl.is_delta() { b"delta" } else { b"whole" };
    hashed(&[b"import", &crl.issuer.canonical, kind, scope.as_bytes(), key])
}

/// The name of what is said of a configured file or folder; no list is kept under it.
pub(super) fn place_name(path: &str) -> Option<ListName> {
    hashed(&[b"place", path.as_bytes()])
}

fn hashed(parts: &[&[u8]]) -> Option<ListName> {
    let hash = sha256(&parts.join(&0));
    let mut name = String::with_capacity(40);
    for byte in hash.0.iter().take(20) {
        // Writing to a String cannot fail.
        write!(name, "{byte:02x}").ok()?;
    }
    ListName::new(&name)
}
