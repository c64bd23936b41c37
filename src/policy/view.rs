//! What the rules look at: the inventory with the indexes they share, built once per evaluation.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::cards::{self, CardSeen};
use super::lineage::lineages;
use super::settings::Settings;
use crate::domain::certificate::Certificate;
use crate::domain::declaration::{DeclaredCertificate, Keystore};
use crate::domain::distinguished_name::{attribute, same_name};
use crate::domain::endpoint::Endpoint;
use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::{CertificateRecord, Inventory, IssuerLink};
use crate::domain::observation::{ContentKind, DECLARED_SOURCE, FilePath, Location, Observation, Problem};
use crate::domain::offer::Offer;
use crate::domain::person::{DeclaredId, Mandate};
use crate::domain::profile::{IgcDomain, Support};
use crate::domain::structure::Structure;
use crate::domain::threshold::Threshold;
use crate::domain::time::Timestamp;

/// A snapshot ready to be judged.
#[derive(Debug)]
pub struct View<'a> {
    /// The snapshot itself.
    pub inventory: &'a Inventory,
    /// What the rules were told.
    pub settings: &'a Settings,
    /// The time of the judgement.
    pub now: Timestamp,
    /// Certificates that are somewhere now, in the order of their first places: what was read together lies together in memory, and a
    /// rule goes through all of it. One that is in no place any more is history, not a subject of rules.
    pub seen: Vec<Seen<'a>>,
    /// Declared certificates with what was found for each, by id.
    pub slots: Vec<Slot<'a>>,
    /// Private keys by public key, once for each place that holds them, in order. Keys that stay encrypted are not here.
    pub keys: Vec<(Fingerprint, &'a Observation)>,
    /// Cards that were found, by chip.
    pub cards: Vec<CardSeen<'a>>,
    by_fingerprint: HashMap<Fingerprint, usize, Digests>,
    lineages: Vec<Vec<usize>>,
    item_errors: HashMap<&'a str, &'a Problem>,
    anchors: HashSet<Fingerprint, Digests>,
    mandates: HashMap<&'a DeclaredId, Vec<&'a Mandate>>,
}

/// A certificate that is somewhere now.
#[derive(Debug)]
pub struct Seen<'a> {
    /// What it says.
    pub facts: &'a Certificate,
    /// Who signed it.
    pub issuer: IssuerLink,
    /// Where it is, in order.
    pub places: Vec<&'a Observation>,
    /// The declared certificates it stands for, as indexes of [`View::slots`].
    pub slots: Vec<usize>,
    /// It is in a declared file or served at a declared endpoint.
    pub expected: bool,
    /// Its private key is in the inventory.
    pub keyed: bool,
    /// [`Certificate::not_before`] and [`Certificate::end`], at hand: most rules look no further at most certificates.
    pub validity: (Timestamp, Timestamp),
    ours: bool,
    pub(super) lineage: Option<usize>,
}

/// A declared certificate and what was found for it.
#[derive(Debug)]
pub struct Slot<'a> {
    /// The declaration.
    pub declared: &'a DeclaredCertificate,
    /// Its owner.
    pub structure: Option<&'a Structure>,
    /// The certificate that stands in the declared file; of a certificate that is only served, the first one served.
    pub current: Option<usize>,
    /// What the declared certificate file holds.
    pub file: Option<&'a Observation>,
    /// What the declared key file holds; the same as `file` when it is the same.
    pub key_file: Option<&'a Observation>,
    /// What the declared chain file holds.
    pub chain: Option<&'a Observation>,
    /// The declared password file, which holds nothing to look at but who may read it.
    pub password: Option<&'a Observation>,
    /// Each declared endpoint, in declared order.
    pub served: Vec<Served<'a>>,
}

/// A declared endpoint and what it serves.
#[derive(Debug)]
pub struct Served<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// What was seen there.
    pub observation: Option<&'a Observation>,
    /// The certificate it serves, the first one of the chain (RFC 8446 section 4.4.2).
    pub leaf: Option<usize>,
}

/// The place a declared certificate should be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is wrong with the place itself.
    Sound,
    /// It is not there, or its folder is not.
    Absent,
    /// It is there, and what it holds cannot be read.
    Unreadable,
}

/// Who a finding about a certificate names: the declared certificate it stands for, or the certificate itself.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'v, 'a> {
    /// The certificate.
    pub seen: &'v Seen<'a>,
    /// The declared certificate it stands for.
    pub slot: Option<&'v Slot<'a>>,
}

impl<'a> View<'a> {
    /// Builds the indexes. Linear in the number of certificates, places and declared certificates, up to sorting.
    pub fn new(inventory: &'a Inventory, settings: &'a Settings, now: Timestamp) -> Self {
        let mut seen: Vec<Seen<'a>> = Vec::with_capacity(inventory.certificates.len());
        let mut by_fingerprint: HashMap<Fingerprint, usize, Digests> =
            HashMap::with_capacity_and_hasher(inventory.certificates.len(), Digests::default());
        let mut keys: Vec<(Fingerprint, &'a Observation)> = Vec::new();
        let mut files: HashMap<&'a FilePath, &'a Observation> = HashMap::with_capacity(inventory.observations.len());
        for (location, observation) in inventory.observations.iter() {
            for fingerprint in observation.certificates() {
                let Some(record) = inventory.certificate(&fingerprint) else { continue };
                let index = *by_fingerprint.entry(fingerprint).or_insert_with(|| {
                    seen.push(Seen::new(record));
                    seen.len() - 1
                });
                if let Some(seen) = seen.get_mut(index).filter(|seen| !seen.is_at(observation)) {
                    seen.places.push(observation);
                }
            }
            keys.extend(observation.private_keys().filter_map(|key| key.spki).map(|spki| (spki, &**observation)));
            if let Location::File(path) = location {
                files.insert(path, observation);
            }
        }
        // Stable: the places of one key stay in the order of locations.
        keys.sort_by_key(|(spki, _)| *spki);
        keys.dedup_by(|later, kept| later.0 == kept.0 && std::ptr::eq(later.1, kept.1));
        let keyed: HashSet<Fingerprint, Digests> = keys.iter().map(|(spki, _)| *spki).collect();
        for seen in &mut seen {
            seen.keyed = keyed.contains(&seen.facts.spki);
            seen.ours = !seen.facts.is_ca && (seen.facts.profile.is_igc_sante() || seen.keyed);
        }
        claim_self_signed_servers(&mut seen, inventory);
        let lineages = lineages(&mut seen);
        let item_errors = inventory
            .sources
            .values()
            .flat_map(|state| state.errors.iter())
            .map(|error| (&*error.place, &error.problem))
            .collect();
        let anchors = inventory.anchors.iter().flat_map(|anchor| [anchor.fingerprint, anchor.spki]).collect();
        let mut mandates: HashMap<&DeclaredId, Vec<&Mandate>> = HashMap::new();
        for mandate in &inventory.declaration.mandates {
            mandates.entry(&mandate.structure).or_default().push(mandate);
        }
        let mut view = Self {
            inventory,
            settings,
            now,
            seen,
            slots: Vec::new(),
            keys,
            cards: cards::cards(inventory),
            by_fingerprint,
            lineages,
            item_errors,
            anchors,
            mandates,
        };
        view.fill_slots(&files);
        view
    }

    /// The certificates a person is to be told about: end entities that are declared, that IGC-Santé issued, or whose private
    /// key is here. Public authorities and the certificates of others are nobody's trouble. Those of cards live and die with the
    /// card, which has rules of its own.
    pub fn watched(&self) -> impl Iterator<Item = Bearer<'_, 'a>> {
        let watched = |seen: &&Seen<'a>| !seen.slots.is_empty() || (seen.is_ours() && !seen.is_on_cards());
        self.seen.iter().filter(watched).flat_map(|seen| self.bearers(seen))
    }

    /// Each declared certificate that was found, with what stands for it.
    pub fn installed(&self) -> impl Iterator<Item = (&Slot<'a>, Bearer<'_, 'a>)> {
        self.slots.iter().filter_map(|slot| {
            let seen = self.seen.get(slot.current?)?;
            Some((slot, Bearer { seen, slot: Some(slot) }))
        })
    }

    /// A certificate that is somewhere now.
    pub fn seen(&self, fingerprint: &Fingerprint) -> Option<&Seen<'a>> {
        self.by_fingerprint.get(fingerprint).and_then(|index| self.seen.get(*index))
    }

    /// What a place holds, if it was ever seen.
    pub fn observation(&self, location: &Location) -> Option<&'a Observation> {
        self.inventory.observations.get(location).map(|observation| &**observation)
    }

    /// Why a place cannot be read. A place that is simply not there has no trouble: it is missing.
    pub fn trouble(&self, location: &Location) -> Option<&'a Problem> {
        self.problems(location).find(|problem| !is_absence(problem))
    }

    /// Why a place is known not to be there, where something says so: a folder that is gone keeps the last contents of its files.
    pub fn absence(&self, location: &Location) -> Option<&'a Problem> {
        self.problems(location).find(|problem| is_absence(problem))
    }

    /// How the place a declared certificate should be in stands. What is still known of it is what was last read there.
    pub fn standing(&self, slot: &Slot<'a>) -> Standing {
        let Some(path) = slot.declared.certificate_path() else {
            let location = |served: &Served<'a>| Location::Endpoint(served.endpoint.clone().into());
            let silent = |served: &Served<'a>| self.trouble(&location(served)).is_some();
            let unreadable = !slot.served.is_empty() && slot.served.iter().all(silent);
            return if unreadable { Standing::Unreadable } else { Standing::Sound };
        };
        let location = Location::File(path.clone());
        if self.absence(&location).is_some() {
            return Standing::Absent;
        }
        // Beside a certificate in the clear, only the key wants the password.
        let clear = slot.current.is_some() && matches!(slot.declared.keystore, Keystore::Files { .. });
        let troubled = |problem: &Problem| !(clear && &*problem.reason == "needs_password");
        if self.problems(&location).any(troubled) { Standing::Unreadable } else { Standing::Sound }
    }

    /// The mandates given for a structure, in declared order.
    pub fn mandates(&self, structure: &DeclaredId) -> &[&'a Mandate] {
        self.mandates.get(structure).map_or(&[], Vec::as_slice)
    }

    /// The declared files and endpoints were looked for at least once.
    pub fn declared_were_read(&self) -> bool {
        self.inventory.sources.get(DECLARED_SOURCE).is_some_and(|state| state.last_run.is_some())
    }

    /// A configured trust anchor, or one with the same key.
    pub fn is_anchor(&self, certificate: &Certificate) -> bool {
        self.anchors.contains(&certificate.fingerprint) || self.anchors.contains(&certificate.spki)
    }

    /// The same fact for a certificate known only by fingerprint.
    pub fn is_anchor_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.anchors.contains(fingerprint)
    }

    /// What a certificate of the inventory or an anchor says, wherever it is.
    pub fn facts(&self, fingerprint: &Fingerprint) -> Option<&'a Certificate> {
        let record = self.inventory.certificate(fingerprint).map(|record| &*record.facts);
        record.or_else(|| self.inventory.anchors.iter().map(|anchor| &**anchor).find(|a| a.fingerprint == *fingerprint))
    }

    /// The best certificate that can take over from `seen`: same profile, same subject identity, a later end, not over yet, begun
    /// before the old one ends; for a declared one, not already standing for another declared certificate.
    pub fn successor<'v>(&'v self, seen: &'v Seen<'a>) -> Option<&'v Seen<'a>> {
        self.successors(seen).find(|next| next.facts.not_before <= seen.facts.end().max(self.now))
    }

    /// The same, valid now.
    pub fn successor_valid_now<'v>(&'v self, seen: &'v Seen<'a>) -> Option<&'v Seen<'a>> {
        self.successors(seen).find(|next| next.facts.not_before <= self.now)
    }

    /// Same profile and same subject identity.
    pub fn same_lineage(&self, one: &Seen<'a>, other: &Seen<'a>) -> bool {
        one.lineage.is_some() && one.lineage == other.lineage
    }

    /// A successor is valid now and this one is neither declared nor served: nothing depends on it any more.
    pub fn is_replaced(&self, seen: &Seen<'a>) -> bool {
        seen.slots.is_empty() && !seen.is_served() && self.successor_valid_now(seen).is_some()
    }

    /// A certificate of the same lineage stands for a declared certificate.
    pub fn lineage_is_declared(&self, seen: &Seen<'a>) -> bool {
        let lineage = seen.lineage.and_then(|lineage| self.lineages.get(lineage));
        lineage.into_iter().flatten().filter_map(|index| self.seen.get(*index)).any(|other| !other.slots.is_empty())
    }

    /// The alert step a certificate has reached; `None` before the first one.
    pub fn step(&self, bearer: &Bearer<'_, 'a>) -> Option<Threshold> {
        let steps = self.settings.steps(bearer.slot.map(|slot| slot.declared));
        let (start, end) = bearer.seen.validity;
        Threshold::reached(steps, start, end, self.now)
    }

    /// The end is so near that the next certificate should be at hand.
    pub fn should_have_successor(&self, facts: &Certificate) -> bool {
        self.settings.successor_by.begins(facts.not_before, facts.end()) <= self.now
    }

    /// The end is so near, or past, that a renewal may not be done in time.
    pub fn is_urgent(&self, facts: &Certificate) -> bool {
        self.settings.critical_below.begins(facts.not_before, facts.end()) <= self.now
    }

    fn problems(&self, location: &Location) -> impl Iterator<Item = &'a Problem> {
        let (seen, error) = match self.observation(location) {
            Some(observation) => (&*observation.problems, None),
            None => ([].as_slice(), self.item_errors.get(&*location.to_string()).copied()),
        };
        seen.iter().chain(error)
    }

    fn bearers<'v>(&'v self, seen: &'v Seen<'a>) -> impl Iterator<Item = Bearer<'v, 'a>> {
        let own = seen.slots.is_empty().then_some(Bearer { seen, slot: None });
        let slots = seen.slots.iter().filter_map(|index| self.slots.get(*index));
        own.into_iter().chain(slots.map(move |slot| Bearer { seen, slot: Some(slot) }))
    }

    /// Later certificates of the same lineage that are not over, the one that lasts longest first.
    fn successors<'v>(&'v self, seen: &'v Seen<'a>) -> impl Iterator<Item = &'v Seen<'a>> {
        let after = seen.end().max(self.now);
        let lineage = seen.lineage.and_then(|lineage| self.lineages.get(lineage));
        lineage
            .into_iter()
            .flatten()
            .filter_map(|index| self.seen.get(*index))
            .take_while(move |next| next.end() > after)
            // Two machines with one service name each have a certificate of their own (CGU 5.3.2): not a renewal.
            .filter(move |next| next.slots.is_empty() || seen.slots.is_empty())
    }

    fn fill_slots(&mut self, files: &HashMap<&'a FilePath, &'a Observation>) {
        let declaration = &self.inventory.declaration;
        let mut slots = Vec::with_capacity(declaration.certificates.len());
        for declared in declaration.certificates.values() {
            let held = |path| files.get(path).copied();
            let file = declared.certificate_path().and_then(held);
            let chain = declared.chain_path().and_then(held);
            let password = declared.password_path().and_then(held);
            let key_file = if declared.key_path() == declared.certificate_path() {
                file
            } else {
                declared.key_path().and_then(held)
            };
            let served: Vec<Served<'a>> = declared
                .endpoints
                .iter()
                .map(|endpoint| {
                    let observation = self.observation(&Location::Endpoint(endpoint.clone().into()));
                    let leaf = observation.and_then(|observation| self.leaf_of_chain(observation));
                    Served { endpoint, observation, leaf }
                })
                .collect();
            let current = match &declared.keystore {
                Keystore::Files { .. } => file.and_then(|file| self.leaf_of_file(file)),
                Keystore::Pkcs12 { .. } => file.and_then(|file| self.leaf_of_store(file)),
                Keystore::EndpointOnly => served.iter().find_map(|served| served.leaf),
            };
            let structure = declaration.structures.get(&declared.structure);
            let expected: Vec<usize> = file
                .into_iter()
                .chain(chain)
                .chain(served.iter().filter_map(|served| served.observation))
                .flat_map(|observation| self.indexes(observation))
                .collect();
            for index in expected {
                if let Some(seen) = self.seen.get_mut(index) {
                    seen.expected = true;
                }
            }
            if let Some(seen) = current.and_then(|index| self.seen.get_mut(index)) {
                seen.slots.push(slots.len());
            }
            slots.push(Slot { declared, structure, current, file, key_file, chain, password, served });
        }
        self.slots = slots;
    }

    fn indexes(&self, observation: &'a Observation) -> impl Iterator<Item = usize> {
        observation.certificates().filter_map(|fingerprint| self.by_fingerprint.get(&fingerprint).copied())
    }

    /// The certificate a server shows as its own is the first one (RFC 8446 section 4.4.2), should that be readable.
    fn leaf_of_chain(&self, served: &'a Observation) -> Option<usize> {
        let first = served.contents.first().filter(|content| content.index == 0)?;
        match first.kind {
            ContentKind::Certificate(fingerprint) => self.by_fingerprint.get(&fingerprint).copied(),
            _ => None,
        }
    }

    /// Servers take the first certificate of a PEM file as their own. An authority stands for none but itself: one that signed its own
    /// certificate, first in its file or in one that could be read whole.
    fn leaf_of_file(&self, file: &'a Observation) -> Option<usize> {
        let is =
            |index: &usize, what: fn(&Certificate) -> bool| self.seen.get(*index).is_some_and(|seen| what(seen.facts));
        let leaf = self.indexes(file).find(|index| is(index, |facts| !facts.is_ca));
        let whole = || file.problems.iter().all(|problem| &*problem.reason == "needs_password");
        let first = self.leaf_of_chain(file);
        let own = || self.indexes(file).find(|index| is(index, Certificate::is_self_issued));
        leaf.or_else(|| own().filter(|index| first == Some(*index) || whole()))
    }

    /// In a PKCS#12 the certificate is the one of the key (RFC 7292 section 4.2, localKeyId).
    fn leaf_of_store(&self, file: &'a Observation) -> Option<usize> {
        let own_key = |index: &usize| {
            let spki = self.seen.get(*index).map(|seen| seen.facts.spki);
            spki.is_some() && file.private_keys().any(|key| key.spki == spki)
        };
        self.indexes(file).find(own_key).or_else(|| self.leaf_of_file(file))
    }
}

impl<'a> Seen<'a> {
    fn new(record: &'a CertificateRecord) -> Self {
        let facts: &'a Certificate = &record.facts;
        Self {
            facts,
            issuer: record.issuer,
            places: Vec::with_capacity(1),
            slots: Vec::new(),
            expected: false,
            keyed: false,
            validity: (facts.not_before, facts.end()),
            ours: false,
            lineage: None,
        }
    }

    /// Observations come in order, so a known one is the last.
    fn is_at(&self, observation: &Observation) -> bool {
        self.places.last().is_some_and(|last| std::ptr::eq(*last, observation))
    }

    /// The last instant: [`Certificate::end`].
    pub fn end(&self) -> Timestamp {
        self.validity.1
    }

    /// An end-entity certificate that IGC-Santé issued or whose private key is here; a self-signed server counts as one.
    pub fn is_ours(&self) -> bool {
        self.ours
    }

    /// `yes` when IGC-Santé issued it, `no` otherwise: only its portal has the cliff the texts speak of.
    pub fn igc_sante(&self) -> &'static str {
        if self.facts.profile.is_igc_sante() { "yes" } else { "no" }
    }

    /// It is on cards and nowhere else.
    pub fn is_on_cards(&self) -> bool {
        !self.places.is_empty() && self.places.iter().all(|place| matches!(place.location, Location::Card(_)))
    }

    /// A TLS endpoint serves it.
    pub fn is_served(&self) -> bool {
        self.places.iter().any(|place| matches!(place.location, Location::Endpoint(_)))
    }

    /// It names a natural person, so that its subject is not to be repeated.
    pub fn is_personal(&self) -> bool {
        let profile = &self.facts.profile;
        profile.domain == Some(IgcDomain::Personnes)
            || profile.support == Some(Support::Card)
            || profile.person.is_some()
            || profile.offer.is_some_and(|offer| !matches!(offer, Offer::Org | Offer::Serv))
    }

    /// The subject, or the fingerprint of a certificate that names a natural person.
    pub fn name(&self) -> String {
        if self.is_personal() { format!("sha256:{}", self.facts.fingerprint) } else { self.facts.subject.to_string() }
    }

    /// The common name, never that of a natural person.
    pub fn common_name(&self) -> Option<Cow<'_, str>> {
        if self.is_personal() { None } else { attribute(&self.facts.subject, "CN") }
    }
}

impl Slot<'_> {
    /// A finding about this declared certificate, with what is known of it without having found it.
    pub fn finding(&self, code: &'static str, severity: Severity) -> Finding {
        let declared = self.declared;
        let mut finding = Finding::new(code, severity, &Subject::Declared(declared.id.clone()))
            .fact("id", &declared.id)
            .fact("structure", &declared.structure);
        if !declared.impacts.is_empty() {
            finding = finding.fact("impacts", declared.impacts.join(", "));
        }
        if !declared.administrators.is_empty() {
            let ids: Vec<&str> = declared.administrators.iter().map(|id| id.as_str()).collect();
            finding = finding.fact("administrators", ids.join(", "));
        }
        finding
    }

    /// Where the certificate should be: its file, or what serves it.
    pub fn place(&self) -> String {
        match self.declared.certificate_path() {
            Some(path) => path.to_string(),
            None => self.declared.endpoints.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// One of its impacts is `wanted`, whatever the case.
    pub fn has_impact(&self, wanted: &str) -> bool {
        self.declared.impacts.iter().any(|impact| same_name(impact, wanted))
    }
}

impl Bearer<'_, '_> {
    /// A finding about this certificate with the facts every reader wants: `subject`, `sha256`, `not_after`, `path`, and what the
    /// declaration adds.
    pub fn finding(&self, code: &'static str, severity: Severity) -> Finding {
        let facts = self.seen.facts;
        let (finding, path) = match self.slot {
            Some(slot) => (slot.finding(code, severity), slot.place()),
            None => {
                let path = self.seen.places.first().map(|place| place.location.to_string()).unwrap_or_default();
                (Finding::new(code, severity, &Subject::Found(facts.fingerprint)), path)
            }
        };
        finding
            .fact("subject", self.seen.name())
            .fact("sha256", facts.fingerprint)
            .fact("not_after", facts.not_after)
            .fact("path", path)
    }

    /// Something depends on it: it is declared or served.
    pub fn in_use(&self) -> bool {
        self.slot.is_some() || self.seen.is_served()
    }
}

/// The place is not there. Below a folder that is gone, or not mounted, nothing is.
fn is_absence(problem: &Problem) -> bool {
    matches!(&*problem.reason, "not_found" | "vanished" | "folder_missing" | "root_missing")
}

/// `openssl req -x509` calls what it makes an authority (basicConstraints cA). Self-issued, with its private key here and without
/// anything it signed, it is the certificate of a server; a configured anchor never is.
fn claim_self_signed_servers(seen: &mut [Seen<'_>], inventory: &Inventory) {
    let may_be = |seen: &Seen<'_>| seen.keyed && seen.facts.is_ca && seen.facts.is_self_issued();
    if !seen.iter().any(may_be) {
        return;
    }
    let mut authorities: HashSet<Fingerprint, Digests> =
        inventory.anchors.iter().map(|anchor| anchor.fingerprint).collect();
    authorities.extend(inventory.certificates.values().filter_map(|record| match record.issuer {
        IssuerLink::Issued(issuer) if issuer != record.facts.fingerprint => Some(issuer),
        _ => None,
    }));
    for seen in seen.iter_mut().filter(|seen| may_be(seen)) {
        seen.ours = !authorities.contains(&seen.facts.fingerprint);
    }
}

/// Tables keyed by SHA-256 values: those are evenly spread already, and nobody can choose their first bytes at will in numbers.
type Digests = BuildHasherDefault<DigestHasher>;

/// Takes the first eight bytes of the last thing written, which for a [`Fingerprint`] is the digest.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
