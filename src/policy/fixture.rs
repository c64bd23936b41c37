//! Small worlds for the tests of the rules: a declaration, certificates by number, and the places they are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Rule, Settings, View};
use crate::domain::card::{CardHolder, CardKind, DeclaredCard};
use crate::domain::certificate::{Certificate, KeyIds, KeyUsage};
use crate::domain::crl::{
    Awaited, AwaitedSubject, Beyond, CertificateStatus, CrlFailure, CrlState, Held, Revocations, Seen,
};
use crate::domain::declaration::{Declaration, DeclaredCertificate, Identity, Keystore};
use crate::domain::endpoint::Endpoint;
use crate::domain::finding::Finding;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::found_card::{CardCertificate, CardGeneration, ChipSerial, CodeTries, FoundCard, NumberSource};
use crate::domain::identifier::{CardNumber, Finess};
use crate::domain::inventory::{CertificateRecord, Inventory, IssuerLink, ItemError, SourceState};
use crate::domain::key::KeyAlgorithm;
use crate::domain::observation::{
    Content, ContentKind, DECLARED_SOURCE, FileAccess, FileStamp, Location, Observation, Problem,
};
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::{DeclaredId, Mandate, Person, Role};
use crate::domain::profile::{
    Environment, Gamme, IgcDomain, PersonRef, PersonScheme, Profile, StructureRef, StructureScheme, Support,
};
use crate::domain::reading::{Format, KeyFacts};
use crate::domain::revocation::{Reason, Revocation, Status, Why};
use crate::domain::structure::{Structure, StructureKind};
use crate::domain::time::Timestamp;

/// 2027-01-15T08:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
/// The legal entity of the structure every world has. The certificates carry it.
pub(crate) const FINESS_JURIDIQUE: &str = "750000002";
/// A site of it.
pub(crate) const FINESS_GEOGRAPHIQUE: &str = "750000010";
/// The address of the list a world may have.
pub(crate) const LIST: &str = "http://crl.example/a.crl";
const STRUCTURE: &str = "chex";
/// A card number.
pub(crate) const CARD: &str = "2600301752";
/// Another.
pub(crate) const OTHER_CARD: &str = "2600301753";

/// A world under construction. Methods take it and give it back changed.
#[derive(Clone)]
pub(crate) struct World {
    declaration: Declaration,
    structure: (StructureKind, Environment),
    anchors: Vec<u8>,
    anchor_errors: Vec<ItemError>,
    makers: BTreeMap<u8, Maker>,
    issuers: BTreeMap<u8, IssuerLink>,
    observations: BTreeMap<Location, Observation>,
    sources: BTreeMap<Arc<str>, SourceState>,
    cards: BTreeMap<ChipSerial, CardMaker>,
    pub(crate) settings: Settings,
    revocation: Revocations,
}

/// A card under construction: its one certificate, and what its chip says.
#[derive(Clone)]
pub(crate) struct CardMaker {
    found: FoundCard,
    certificate: Certificate,
    revoked: bool,
    issuer: IssuerLink,
}

/// A certificate under construction.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) facts: Certificate,
}

/// A declared certificate under construction.
pub(crate) struct Declared(DeclaredCertificate);

/// A place under construction.
pub(crate) struct Place(Observation);

impl World {
    /// A public hospital, a technical administrator, and nothing else. The declared places were looked for.
    pub(crate) fn new() -> Self {
        let read = SourceState { last_run: Some(NOW), last_success: Some(NOW), ..SourceState::default() };
        let world = Self {
            declaration: Declaration::default(),
            structure: (StructureKind::PublicHospital, Environment::Production),
            anchors: Vec::new(),
            anchor_errors: Vec::new(),
            makers: BTreeMap::new(),
            issuers: BTreeMap::new(),
            observations: BTreeMap::new(),
            sources: BTreeMap::from([(DECLARED_SOURCE.into(), read)]),
            cards: BTreeMap::new(),
            settings: Settings::default(),
            revocation: Revocations::default(),
        };
        world.mandate("at-1", |_| {})
    }

    /// Declares `name`, installs certificate `seed` and its key at `/srv/NAME.pem` and `/srv/NAME.key`, two years to go.
    pub(crate) fn with_installed(self, name: &str, seed: u8) -> Self {
        let path = format!("/srv/{name}");
        self.declare(name, |_| {})
            .certificate(seed, |_| {})
            .place(&format!("{path}.pem"), |at| at.certificate(seed))
            .place(&format!("{path}.key"), |at| at.key(seed))
    }

    /// `leaf` is issued by `intermediate`, that one by the self-signed `root`, all three known.
    pub(crate) fn with_authorities(self, leaf: u8, intermediate: u8, root: u8) -> Self {
        self.certificate(intermediate, |c| c.authority("CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"))
            .certificate(root, |c| c.authority("CN=AC RACINE IGC-SANTE ELEMENTAIRE"))
            .issuer(leaf, IssuerLink::Issued(fingerprint(intermediate)))
            .issuer(intermediate, IssuerLink::Issued(fingerprint(root)))
            .issuer(root, IssuerLink::SelfSigned)
    }

    pub(crate) fn declare(mut self, name: &str, change: impl FnOnce(&mut Declared)) -> Self {
        let mut declared = Declared(DeclaredCertificate {
            id: id(name),
            structure: id(STRUCTURE),
            offer: Offer::Org,
            usage: Usage::AuthCli,
            environment: Environment::Production,
            identity: Identity::Unspecified,
            keystore: Keystore::EndpointOnly,
            endpoints: Vec::new(),
            impacts: vec!["DMP".to_owned()],
            administrators: Vec::new(),
            thresholds: None,
        });
        declared.files(&format!("/srv/{name}.pem"), &format!("/srv/{name}.key"));
        change(&mut declared);
        self.declaration.certificates.insert(id(name), declared.0);
        self
    }

    pub(crate) fn redeclare(mut self, name: &str, change: impl FnOnce(&mut Declared)) -> Self {
        let mut declared = Declared(self.declaration.certificates.remove(&id(name)).expect("declared before"));
        change(&mut declared);
        self.declaration.certificates.insert(id(name), declared.0);
        self
    }

    pub(crate) fn structure_kind(mut self, kind: StructureKind) -> Self {
        self.structure.0 = kind;
        self
    }

    pub(crate) fn without_mandates(mut self) -> Self {
        self.declaration.mandates.clear();
        self
    }

    pub(crate) fn mandate(mut self, person: &str, change: impl FnOnce(&mut Mandate)) -> Self {
        let mut mandate = Mandate {
            person: id(person),
            structure: id(STRUCTURE),
            role: Role::AdministrateurTechnique,
            offers: Vec::new(),
            perimeter: Vec::new(),
            from: None,
            until: None,
            source: None,
        };
        change(&mut mandate);
        self.declaration.mandates.push(mandate);
        self
    }

    /// A production ORG AUTH_CLI certificate called DRIMbox, changed as told.
    pub(crate) fn certificate(mut self, seed: u8, change: impl Fn(&mut Maker)) -> Self {
        let mut maker = Maker::new(seed);
        change(&mut maker);
        self.makers.insert(seed, maker);
        self
    }

    pub(crate) fn issuer(mut self, seed: u8, link: IssuerLink) -> Self {
        self.issuers.insert(seed, link);
        self
    }

    /// Certificate `seed` is a trust anchor; made up when the world does not have it.
    pub(crate) fn anchor(mut self, seed: u8) -> Self {
        self.anchors.push(seed);
        self
    }

    /// Something below `trust.anchors` that is none.
    pub(crate) fn anchor_error(mut self, place: &str, reason: &str) -> Self {
        self.anchor_errors.push(ItemError { place: place.into(), problem: problem(reason) });
        self
    }

    pub(crate) fn place(mut self, path: &str, fill: impl FnOnce(Place) -> Place) -> Self {
        let location = Location::File(path.into());
        let place = fill(Place::new(location.clone()));
        self.observations.insert(location, place.0);
        self
    }

    pub(crate) fn serve(mut self, endpoint: &str, chain: &[u8]) -> Self {
        let location = Location::Endpoint(Arc::new(endpoint.parse().expect("an endpoint")));
        let place = chain.iter().fold(Place::new(location.clone()), |place, seed| place.certificate(*seed));
        self.observations.insert(location, Observation { stamp: None, access: None, ..place.0 });
        self
    }

    pub(crate) fn endpoint_problem(mut self, endpoint: &str, reason: &str) -> Self {
        let location = Location::Endpoint(Arc::new(endpoint.parse().expect("an endpoint")));
        self.observations.insert(location.clone(), Place::new(location).problem(reason).0);
        self
    }

    pub(crate) fn item_error(self, place: &str, reason: &str) -> Self {
        self.source_error(DECLARED_SOURCE, place, reason)
    }

    /// Something `source` could not read, beside what it did.
    pub(crate) fn source_error(mut self, source: &str, place: &str, reason: &str) -> Self {
        let state = self.sources.entry(source.into()).or_default();
        let error = ItemError { place: place.into(), problem: problem(reason) };
        state.errors = state.errors.iter().cloned().chain([error]).collect();
        self
    }

    /// `source`, with all it could not read, failed as a whole.
    pub(crate) fn failing(mut self, source: &str, reason: &str) -> Self {
        self.sources.entry(source.into()).or_default().failure = Some(problem(reason));
        self
    }

    pub(crate) fn failed_source(mut self, name: &str, reason: &str) -> Self {
        let state = SourceState { failure: Some(problem(reason)), last_run: Some(NOW), ..SourceState::default() };
        self.sources.insert(name.into(), state);
        self
    }

    /// A reader is watched.
    pub(crate) fn watching_cards(mut self) -> Self {
        let state = SourceState {
            kind: "smart_card".into(),
            last_success: Some(NOW),
            last_run: Some(NOW),
            ..SourceState::default()
        };
        self.sources.insert("readers".into(), state);
        self
    }

    /// A CPE that was put into reader `A` just now, made a year ago, two years to go, changed as told.
    pub(crate) fn card(mut self, number: &str, change: impl Fn(&mut CardMaker)) -> Self {
        let mut maker = CardMaker::new(number);
        change(&mut maker);
        self.cards.insert(maker.found.chip.clone(), maker);
        self
    }

    /// What was read of a card of this world.
    pub(crate) fn place_of_card(mut self, number: &str, fill: impl FnOnce(Place) -> Place) -> Self {
        let number = card_number(number);
        let card = self.cards.values().find(|card| card.found.number.as_ref() == Some(&number)).expect("a card");
        let location = card.found.location();
        let place = fill(Place::new(location.clone()));
        self.observations.insert(location, Observation { stamp: None, access: None, ..place.0 });
        self
    }

    /// A nominative CPE of `at-1`, changed as told.
    pub(crate) fn declare_card(mut self, number: &str, change: impl Fn(&mut DeclaredCard)) -> Self {
        let holder = CardHolder::Person(id("at-1"));
        let mut card = DeclaredCard { number: card_number(number), kind: CardKind::Cpe, holder, structure: None };
        change(&mut card);
        self.declaration.cards.push(card);
        self
    }

    /// A person who signs in with this card.
    pub(crate) fn person(mut self, name: &str, card: &str) -> Self {
        let card = Some(card_number(card));
        let person = Person { id: id(name), name: None, mails: Vec::new(), phone: None, card, firm: None, login: None };
        self.declaration.persons.insert(id(name), person);
        self
    }

    pub(crate) fn structure_environment(mut self, environment: Environment) -> Self {
        self.structure.1 = environment;
        self
    }

    /// One list that was not had for so many seconds.
    pub(crate) fn list_failing(mut self, reason: &str, ago: i64) -> Self {
        let since = NOW.plus_seconds(-ago);
        let failure = CrlFailure { reason: reason.into(), message: "m".into(), since, count: 3 };
        self.revocation.lists.insert("x".into(), CrlState { failure: Some(failure), ..followed() });
        self
    }

    /// Lists of an authority there is no room for.
    pub(crate) fn lists_beyond(mut self, issuer: &str, lists: u64) -> Self {
        self.revocation.beyond.insert(issuer.into(), Beyond { lists, example: LIST.into() });
        self
    }

    /// One list of thirty days that holds for so many seconds more.
    pub(crate) fn list_until(mut self, left: i64) -> Self {
        let held = Held {
            number: Some("7".into()),
            this_update: NOW.plus_seconds(left).plus_days(-30),
            next_update: Some(NOW.plus_seconds(left)),
            entries: 0,
            bytes: 0,
            identity: fingerprint(0),
            taken_at: NOW,
        };
        self.revocation.lists.insert("x".into(), CrlState { held: Some(held), ..followed() });
        self
    }

    /// One that came from a file and has no address, beside that of `list_until`.
    pub(crate) fn imported(mut self, name: &str, delta: bool, left: i64) -> Self {
        let held = self.clone().list_until(left).revocation.lists.get("x").and_then(|state| state.held.clone());
        let state = CrlState { held, delta, addresses: [].into(), ..followed() };
        self.revocation.lists.insert(name.into(), state);
        self
    }

    /// A configured folder with a file that is refused.
    pub(crate) fn refused_file(mut self, folder: &str, file: &str, reason: &str) -> Self {
        let failure = CrlFailure { reason: reason.into(), message: "m".into(), since: NOW, count: 1 };
        let (addresses, taken_from) = ([folder.into()].into(), Some(file.into()));
        let place = CrlState { followed: true, addresses, taken_from, failure: Some(failure), ..CrlState::default() };
        self.revocation.lists.insert("place".into(), place);
        self
    }

    /// What is known of the revocation of a certificate, since so many seconds.
    pub(crate) fn revocation(mut self, seed: u8, status: Status, ago: i64) -> Self {
        let entry = Revocation { revoked_at: NOW, reason: Some(Reason::KeyCompromise), invalidity_date: None };
        let known = CertificateStatus {
            status,
            why: (status == Status::Unknown).then_some(Why::NoList),
            since: NOW.plus_seconds(-ago),
            revocation: (status == Status::Revoked).then_some(entry),
            list: None,
            authority: None,
        };
        self.revocation.certificates.insert(fingerprint(seed), known);
        self
    }

    /// An opposition declared so many seconds ago.
    pub(crate) fn awaited(mut self, card: &str, ago: i64, seen: bool) -> Self {
        let number = CardNumber::parse(card, Environment::Production).expect("a card").value;
        let seen = seen.then_some(Seen { at: NOW, revoked_at: NOW, crl_number: None });
        let declared_at = NOW.plus_seconds(-ago);
        self.revocation.awaited.push(Awaited { what: AwaitedSubject::Card(number), declared_at, asked_at: NOW, seen });
        self
    }

    pub(crate) fn never_read(mut self) -> Self {
        self.sources.clear();
        self
    }

    pub(crate) fn inventory(&self) -> Inventory {
        let mut declaration = self.declaration.clone();
        let structure = Structure {
            id: id(STRUCTURE),
            name: "CENTRE HOSPITALIER D'EXEMPLE".to_owned(),
            kind: self.structure.0,
            environment: self.structure.1,
            finess_juridique: Some(finess(FINESS_JURIDIQUE)),
            finess_geographique: vec![finess(FINESS_GEOGRAPHIQUE)],
            siren: None,
            siret: Vec::new(),
            rpps_rang: Vec::new(),
            contract_date: None,
        };
        declaration.structures.insert(structure.id.clone(), structure);
        let record = |(seed, maker): (&u8, &Maker)| {
            let issuer = self.issuers.get(seed).copied().unwrap_or(IssuerLink::Unknown);
            let facts = Arc::new(maker.facts.clone());
            Arc::new(CertificateRecord { facts, first_seen: NOW, issuer })
        };
        let anchor = |seed: &u8| Arc::new(self.makers.get(seed).cloned().unwrap_or_else(|| Maker::new(*seed)).facts);
        let mut revocation = self.revocation.clone();
        for card in self.cards.values().filter(|card| card.revoked) {
            let entry = Revocation { revoked_at: NOW.plus_days(-5), reason: None, invalidity_date: None };
            let known = CertificateStatus {
                status: Status::Revoked,
                why: None,
                since: NOW.plus_days(-5),
                revocation: Some(entry),
                list: None,
                authority: None,
            };
            revocation.certificates.insert(card.certificate.fingerprint, known);
        }
        Inventory {
            declaration: Arc::new(declaration),
            anchors: self.anchors.iter().map(anchor).collect(),
            anchor_errors: self.anchor_errors.iter().cloned().collect(),
            certificates: Arc::new(
                self.makers.iter().map(record).chain(self.cards.values().map(CardMaker::record)).collect(),
            ),
            observations: Arc::new(
                self.observations.iter().map(|(at, seen)| (at.clone(), Arc::new(seen.clone()))).collect(),
            ),
            cards: Arc::new(
                self.cards.iter().map(|(chip, card)| (chip.clone(), Arc::new(card.found.clone()))).collect(),
            ),
            sources: self.sources.clone(),
            revocation: Arc::new(revocation),
        }
    }

    /// What one rule says, by key. Holds every finding to the facts its rule promises.
    pub(crate) fn judge(&self, rule: &Rule) -> Vec<Finding> {
        let inventory = self.inventory();
        let mut findings = (rule.check)(&View::new(&inventory, &self.settings, NOW));
        findings.sort_by(|a, b| a.key.cmp(&b.key));
        for finding in &findings {
            assert_eq!(finding.key.code, rule.code);
            for name in rule.facts {
                assert!(finding.get(name).is_some(), "{} without {name}", finding.key.subject);
            }
            let mut names: Vec<&str> = finding.facts.iter().map(|(name, _)| &**name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a fact twice: {names:?}");
        }
        assert!(findings.windows(2).all(|pair| pair[0].key != pair[1].key), "a key twice: {:?}", keys_of(&findings));
        findings
    }
}

impl CardMaker {
    fn new(number: &str) -> Self {
        let seed = number.bytes().last().unwrap_or(0) + 100;
        let mut certificate = Maker::new(seed).facts;
        certificate.profile = Profile {
            environment: Some(Environment::Production),
            gamme: Some(Gamme::Standard),
            domain: Some(IgcDomain::Personnes),
            support: Some(Support::Card),
            offer: Some(Offer::CdeCpe),
            usage: Some(Usage::Auth),
            card_number: Some(number.into()),
            ..certificate.profile
        };
        let chip = ChipSerial::new(&format!("{seed:08}")).expect("eight digits");
        let held =
            CardCertificate { label: "Certificat d'Authentification CPS".into(), fingerprint: certificate.fingerprint };
        let found = FoundCard {
            number: Some(card_number(number)),
            number_from: Some(NumberSource::Certificate),
            chip,
            label: None,
            generation: CardGeneration::Cps3,
            certificates: [held].into(),
            tries: None,
            problems: [].into(),
            source: "readers".into(),
            readers: ["A".into()].into(),
            last_reader: "A".into(),
            first_seen: NOW,
            last_seen: NOW,
            read_at: NOW,
        };
        let mut maker = Self { found, certificate, revoked: false, issuer: IssuerLink::Unknown };
        maker.days(-365, 730);
        maker.of_person("750000002/000000001");
        maker
    }

    /// Made and ends so many days from now.
    pub(crate) fn days(&mut self, from: i64, to: i64) {
        (self.certificate.not_before, self.certificate.not_after) = (NOW.plus_days(from), NOW.plus_days(to));
    }

    /// Taken out a month ago.
    pub(crate) fn gone(&mut self) {
        self.found.readers = [].into();
        self.found.last_seen = NOW.plus_days(-30);
        self.found.first_seen = NOW.plus_days(-30);
    }

    /// Taken out so many days ago.
    pub(crate) fn seen_until(&mut self, days: i64) {
        self.found.readers = [].into();
        self.found.last_seen = NOW.plus_days(-days);
    }

    pub(crate) fn tries(&mut self, left: u8) {
        self.found.tries = Some(CodeTries { left, most: Some(3) });
    }

    pub(crate) fn chip(&mut self, serial: &str) {
        self.found.chip = ChipSerial::new(serial).expect("eight digits");
    }

    /// Another certificate on it, that says the same until it is changed.
    pub(crate) fn fingerprint(&mut self, seed: u8) {
        self.certificate.fingerprint = fingerprint(seed);
        let held = self.found.certificates.iter().cloned();
        self.found.certificates = held.map(|held| CardCertificate { fingerprint: fingerprint(seed), ..held }).collect();
    }

    pub(crate) fn readers(&mut self, names: &[&str]) {
        self.found.readers = names.iter().map(|name| Arc::from(*name)).collect();
    }

    pub(crate) fn of_person(&mut self, number: &str) {
        let scheme = Some(PersonScheme::FinessRegister);
        self.certificate.profile.person = Some(PersonRef { scheme, id: number.into() });
    }

    pub(crate) fn service(&mut self) {
        self.certificate.profile.service_card = true;
    }

    pub(crate) fn test(&mut self) {
        self.certificate.profile.environment = Some(Environment::Test);
    }

    /// One more certificate on it, of which nothing is known.
    pub(crate) fn second_certificate(&mut self) {
        let held = CardCertificate { label: "Certificat de Signature CPS".into(), fingerprint: fingerprint(0xee) };
        self.found.certificates = self.found.certificates.iter().cloned().chain([held]).collect();
    }

    /// Issued by certificate `seed`.
    pub(crate) fn issued_by(&mut self, seed: u8) {
        self.issuer = IssuerLink::Issued(fingerprint(seed));
    }

    /// Issued by its own key, as anybody can.
    pub(crate) fn self_signed(&mut self) {
        self.issuer = IssuerLink::SelfSigned;
    }

    pub(crate) fn problem(&mut self, reason: &str) {
        self.found.problems = [problem(reason)].into();
    }

    pub(crate) fn revoked(&mut self) {
        self.revoked = true;
    }

    fn record(&self) -> Arc<CertificateRecord> {
        let facts = Arc::new(self.certificate.clone());
        Arc::new(CertificateRecord { facts, first_seen: NOW, issuer: self.issuer })
    }
}

fn card_number(text: &str) -> CardNumber {
    CardNumber::parse(text, Environment::Production).expect("a card number").value
}

impl Maker {
    fn new(seed: u8) -> Self {
        let mut maker = Self {
            facts: Certificate {
                fingerprint: fingerprint(seed),
                spki: Fingerprint([seed ^ 0xff; 32]),
                subject: "".into(),
                issuer: "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE,O=ASIP-SANTE,C=FR".into(),
                serial_number: [seed].into(),
                not_before: NOW.plus_days(-365),
                not_after: NOW.plus_days(730),
                private_key_usage_not_after: None,
                key: KeyAlgorithm::Rsa(2048),
                signature_algorithm: "sha256WithRSAEncryption".into(),
                key_usage: Some(KeyUsage::DIGITAL_SIGNATURE),
                extended_key_usage: ["client_auth".into()].into(),
                san: [].into(),
                is_ca: false,
                key_ids: KeyIds::default(),
                profile: Profile {
                    environment: Some(Environment::Production),
                    gamme: Some(Gamme::Elementaire),
                    domain: Some(IgcDomain::Organisations),
                    support: Some(Support::Software),
                    offer: Some(Offer::Org),
                    usage: Some(Usage::AuthCli),
                    ..Profile::default()
                },
            },
        };
        maker.structure(FINESS_JURIDIQUE);
        maker.common_name("DRIMbox");
        maker
    }

    pub(crate) fn common_name(&mut self, name: &str) {
        let number = self.facts.profile.structure.as_ref().map_or("", |structure| &structure.id);
        self.facts.subject = format!("CN={name},OU=1{number},O=CH D'EXEMPLE,ST=Paris (75),C=FR").into();
    }

    pub(crate) fn structure(&mut self, number: &str) {
        let scheme = Some(StructureScheme::Finess);
        self.facts.profile.structure = Some(StructureRef { scheme, id: number.into(), valid: true });
    }

    /// Begins and ends so many days from now.
    pub(crate) fn days(&mut self, from: i64, to: i64) {
        (self.facts.not_before, self.facts.not_after) = (NOW.plus_days(from), NOW.plus_days(to));
    }

    pub(crate) fn san(&mut self, names: &[&str]) {
        self.facts.san = names.iter().map(|name| Arc::from(*name)).collect();
    }

    pub(crate) fn same_key_as(&mut self, seed: u8) {
        self.facts.spki = Maker::new(seed).facts.spki;
    }

    /// Not of IGC-Santé.
    pub(crate) fn foreign(&mut self, subject: &str) {
        self.facts.profile = Profile::default();
        self.facts.subject = subject.into();
        self.facts.issuer = "CN=Some CA".into();
    }

    /// A certification authority; self-issued when it is called a root.
    pub(crate) fn authority(&mut self, subject: &str) {
        self.foreign(subject);
        self.facts.is_ca = true;
        if subject.to_uppercase().contains("RACINE") || subject.contains("Root") {
            self.facts.issuer = subject.into();
        }
    }
}

impl Declared {
    pub(crate) fn files(&mut self, cert: &str, key: &str) {
        self.0.keystore = Keystore::Files { cert: cert.into(), key: Some(key.into()), chain: None };
    }

    pub(crate) fn chain(&mut self, path: &str) {
        if let Keystore::Files { chain, .. } = &mut self.0.keystore {
            *chain = Some(path.into());
        }
    }

    pub(crate) fn store(&mut self, path: &str) {
        self.0.keystore = Keystore::Pkcs12 { path: path.into(), password_file: None };
    }

    pub(crate) fn password(&mut self, path: &str) {
        if let Keystore::Pkcs12 { password_file, .. } = &mut self.0.keystore {
            *password_file = Some(path.into());
        }
    }

    pub(crate) fn endpoint(&mut self, url: &str) {
        let endpoint: Endpoint = url.parse().expect("an endpoint");
        self.0.endpoints.push(endpoint);
    }
}

impl std::ops::Deref for Declared {
    type Target = DeclaredCertificate;

    fn deref(&self) -> &DeclaredCertificate {
        &self.0
    }
}

impl std::ops::DerefMut for Declared {
    fn deref_mut(&mut self) -> &mut DeclaredCertificate {
        &mut self.0
    }
}

impl Place {
    /// A file of its own inode, 0600 in a folder 0755.
    fn new(location: Location) -> Self {
        let inode = location.to_string().bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
        Self(Observation {
            source: DECLARED_SOURCE.into(),
            location,
            stamp: Some(FileStamp { device: 1, inode, size: 1, modified: 0, changed: 0 }),
            access: Some(FileAccess { mode: 0o600, uid: 0, gid: 0, folder_mode: 0o755 }),
            contents: [].into(),
            problems: [].into(),
            read_at: NOW,
        })
    }

    pub(crate) fn certificate(self, seed: u8) -> Self {
        self.content(ContentKind::Certificate(fingerprint(seed)))
    }

    /// The private key of certificate `seed`.
    pub(crate) fn key(self, seed: u8) -> Self {
        let facts = Maker::new(seed).facts;
        self.content(ContentKind::PrivateKey(Box::new(KeyFacts {
            spki: Some(facts.spki),
            key: Some(facts.key),
            encrypted: false,
        })))
    }

    pub(crate) fn encrypted_key(self) -> Self {
        self.content(ContentKind::PrivateKey(Box::new(KeyFacts { spki: None, key: None, encrypted: true })))
    }

    pub(crate) fn mode(mut self, mode: u32, folder_mode: u32) -> Self {
        self.0.access = Some(FileAccess { mode, uid: 0, gid: 0, folder_mode });
        self
    }

    pub(crate) fn inode(mut self, inode: u64) -> Self {
        self.0.stamp = self.0.stamp.map(|stamp| FileStamp { inode, ..stamp });
        self
    }

    pub(crate) fn problem(mut self, reason: &str) -> Self {
        self.0.problems = [problem(reason)].into();
        self
    }

    fn content(mut self, kind: ContentKind) -> Self {
        let mut contents = self.0.contents.to_vec();
        contents.push(Content { index: contents.len() as u32, format: Format::Pem, kind });
        self.0.contents = contents.into();
        self
    }
}

pub(crate) fn id(text: &str) -> DeclaredId {
    text.parse().expect("an id")
}

pub(crate) fn fingerprint(seed: u8) -> Fingerprint {
    Fingerprint([seed; 32])
}

/// The subject of a found certificate as findings print it.
pub(crate) fn sha(seed: u8) -> String {
    format!("sha256:{}", fingerprint(seed))
}

pub(crate) fn keys_of(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.key.subject.to_string()).collect()
}

fn problem(reason: &str) -> Problem {
    Problem { reason: reason.into(), message: format!("it says {reason}").into() }
}

fn finess(number: &str) -> Finess {
    Finess::parse(number, Environment::Production).expect("a FINESS").value
}

fn followed() -> CrlState {
    CrlState { addresses: [LIST.into()].into(), issuer: "CN=AC".into(), followed: true, ..CrlState::default() }
}
