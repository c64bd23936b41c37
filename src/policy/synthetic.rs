//! A made-up fleet of any size, always the same for the same arguments: what the bench and the property tests judge.

use std::sync::Arc;

use crate::domain::certificate::{Certificate, KeyIds, KeyUsage};
use crate::domain::declaration::{Declaration, DeclaredCertificate, Identity, Keystore};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::identifier::Finess;
use crate::domain::inventory::{CertificateRecord, Inventory, IssuerLink, SourceState};
use crate::domain::key::KeyAlgorithm;
use crate::domain::observation::{
    Content, ContentKind, DECLARED_SOURCE, FileAccess, FilePath, FileStamp, Location, Observation,
};
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::{DeclaredId, Mandate, Role};
use crate::domain::profile::{Environment, Gamme, IgcDomain, Profile, StructureRef, StructureScheme, Support};
use crate::domain::reading::{Format, KeyFacts};
use crate::domain::structure::{Structure, StructureKind};
use crate::domain::time::Timestamp;

/// Every so many certificates one is not declared.
const STRANGER_EVERY: usize = 33;
/// Certificates of one structure.
const PER_STRUCTURE: usize = 100;

/// An inventory of `certificates` IGC-Santé end entities around `now`, each in a file with its key, under one intermediate and one
/// root. Nearly all are declared, and most are sound; every kind of trouble turns up in a share of them: ends spread over three years
/// and more, renewals not installed, copied and readable keys, short keys, wrong structures.
pub fn inventory(certificates: usize, now: Timestamp) -> Inventory {
    let mut made = Inventory::default();
    let mut declaration = Declaration::default();
    let root = authority(usize::MAX, "CN=AC RACINE IGC-SANTE ELEMENTAIRE", "CN=AC RACINE IGC-SANTE ELEMENTAIRE", now);
    let intermediate = authority(
        usize::MAX - 1,
        "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
        "CN=AC RACINE IGC-SANTE ELEMENTAIRE",
        now,
    );
    keep(&mut made, &root, IssuerLink::SelfSigned, now);
    keep(&mut made, &intermediate, IssuerLink::Issued(root.fingerprint), now);
    made.anchors = [Arc::new(root)].into();
    for number in 0..certificates {
        let facts = end_entity(number, now);
        let path = format!("/srv/{}/{number}.pem", number / PER_STRUCTURE);
        let key = KeyFacts { spki: Some(facts.spki), key: Some(facts.key.clone()), encrypted: false };
        let kinds = [ContentKind::Certificate(facts.fingerprint), ContentKind::PrivateKey(Box::new(key))];
        place(&mut made, &path, number, &kinds, now);
        keep(&mut made, &facts, IssuerLink::Issued(intermediate.fingerprint), now);
        let renewal = number % 10 == 9;
        if !renewal && number % STRANGER_EVERY != 1 {
            declare(&mut declaration, number, &path);
        }
    }
    let state = SourceState { last_run: Some(now), last_success: Some(now), ..SourceState::default() };
    made.sources.insert(DECLARED_SOURCE.into(), state);
    made.declaration = Arc::new(declaration);
    made
}

fn end_entity(number: usize, now: Timestamp) -> Certificate {
    let structure = number / PER_STRUCTURE + usize::from(number.is_multiple_of(97));
    // One in ten is the renewal of the one before: same name, later end, own key.
    let service = if number % 10 == 9 { number - 1 } else { number };
    let ends = spread(number, 1095) as i64 - 20 + if number % 10 == 9 { 900 } else { 0 };
    let keyed_as = if number % 211 == 210 { number - 1 } else { number };
    Certificate {
        fingerprint: hash(number, 1),
        spki: hash(keyed_as, 2),
        subject: format!("CN=service-{service},OU=1{structure:09},O=STRUCTURE {structure},ST=Paris (75),C=FR").into(),
        issuer: "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS".into(),
        serial_number: number.to_be_bytes().into(),
        not_before: now.plus_days(ends - 1095),
        not_after: now.plus_days(ends),
        private_key_usage_not_after: None,
        key: KeyAlgorithm::Rsa(if number.is_multiple_of(131) { 1024 } else { 2048 }),
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
            structure: Some(StructureRef {
                scheme: Some(StructureScheme::Finess),
                id: format!("{structure:09}").into(),
                valid: !number.is_multiple_of(53),
            }),
            ..Profile::default()
        },
    }
}

fn authority(number: usize, subject: &str, issuer: &str, now: Timestamp) -> Certificate {
    Certificate {
        subject: subject.into(),
        issuer: issuer.into(),
        not_before: now.plus_days(-4000),
        not_after: now.plus_days(3000),
        is_ca: true,
        profile: Profile::default(),
        key: KeyAlgorithm::Rsa(4096),
        ..end_entity(number, now)
    }
}

fn keep(made: &mut Inventory, facts: &Certificate, issuer: IssuerLink, now: Timestamp) {
    let record = CertificateRecord { facts: Arc::new(facts.clone()), first_seen: now, issuer };
    Arc::make_mut(&mut made.certificates).insert(Arc::new(record));
}

fn place(made: &mut Inventory, path: &str, number: usize, kinds: &[ContentKind], now: Timestamp) {
    let location = Location::File(FilePath::from(path));
    let contents =
        kinds.iter().zip(0..).map(|(kind, index)| Content { index, format: Format::Pem, kind: kind.clone() });
    let mode = if number.is_multiple_of(307) { 0o644 } else { 0o600 };
    let observation = Observation {
        source: DECLARED_SOURCE.into(),
        location: location.clone(),
        stamp: Some(FileStamp { device: 1, inode: number as u64, size: 4000, modified: 0, changed: 0 }),
        access: Some(FileAccess { mode, uid: 0, gid: 0, folder_mode: 0o755 }),
        contents: contents.collect(),
        problems: [].into(),
        read_at: now,
    };
    Arc::make_mut(&mut made.observations).insert(location, Arc::new(observation));
}

fn declare(declaration: &mut Declaration, number: usize, path: &str) {
    let (Some(name), Some(structure)) = (id("c", number), id("s", number / PER_STRUCTURE)) else { return };
    if !declaration.structures.contains_key(&structure) {
        declaration.mandates.extend(id("at", number / PER_STRUCTURE).map(|person| mandate(person, structure.clone())));
    }
    declaration.structures.entry(structure.clone()).or_insert_with(|| Structure {
        id: structure.clone(),
        name: format!("STRUCTURE {}", number / PER_STRUCTURE),
        kind: StructureKind::PublicHospital,
        environment: Environment::Production,
        finess_juridique: finess(number / PER_STRUCTURE),
        finess_geographique: Vec::new(),
        siren: None,
        siret: Vec::new(),
        rpps_rang: Vec::new(),
        contract_date: None,
    });
    let declared = DeclaredCertificate {
        id: name.clone(),
        structure,
        offer: Offer::Org,
        usage: Usage::AuthCli,
        environment: Environment::Production,
        identity: Identity::Service(format!("service-{number}")),
        keystore: Keystore::Files { cert: path.into(), key: Some(path.into()), chain: None },
        endpoints: Vec::new(),
        impacts: vec!["DMP".to_owned()],
        administrators: Vec::new(),
        thresholds: None,
    };
    declaration.certificates.insert(name, declared);
}

fn mandate(person: DeclaredId, structure: DeclaredId) -> Mandate {
    Mandate {
        person,
        structure,
        role: Role::AdministrateurTechnique,
        offers: Vec::new(),
        perimeter: Vec::new(),
        from: None,
        until: None,
        source: None,
    }
}

fn id(kind: &str, number: usize) -> Option<DeclaredId> {
    format!("{kind}-{number}").parse().ok()
}

/// TEST numbers are not held to a check digit.
fn finess(structure: usize) -> Option<Finess> {
    Finess::parse(&format!("{structure:09}"), Environment::Test).ok().map(|checked| checked.value)
}

/// A number below `below`, scattered.
fn spread(number: usize, below: u64) -> u64 {
    (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) % below.max(1)
}

fn hash(number: usize, kind: u8) -> Fingerprint {
    let mut bytes = [kind; 32];
    let scattered = (number as u64).wrapping_mul(0xd6e8_feb8_6659_fd93).to_be_bytes();
    for (byte, value) in bytes.iter_mut().zip(scattered) {
        *byte = value;
    }
    Fingerprint(bytes)
}
