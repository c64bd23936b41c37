//! Certificates, files, findings and events to keep. Every field is filled, so that none can be lost unseen.

use std::sync::Arc;

use vigie::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use vigie::domain::certificate::{Certificate, KeyIds, KeyUsage};
use vigie::domain::finding::{Finding, FindingKey, Severity};
use vigie::domain::found_card::{CardCertificate, CardGeneration, ChipSerial, CodeTries, FoundCard, NumberSource};
use vigie::domain::identifier::CardNumber;
use vigie::domain::inventory::{CertificateRecord, IssuerLink, ItemError};
use vigie::domain::key::KeyAlgorithm;
use vigie::domain::observation::{
    Content, ContentKind, FileAccess, FilePath, FileStamp, Location, Observation, Problem,
};
use vigie::domain::offer::{Offer, Usage};
use vigie::domain::profile::{
    Environment, Gamme, IgcDomain, PersonRef, PersonScheme, Profile, StructureRef, StructureScheme, Support,
};
use vigie::domain::reading::{CrlFacts, CsrFacts, Format, KeyFacts};
use vigie::domain::reconcile::Gathered;
use vigie::domain::time::Timestamp;
use vigie::pki::digest::sha256;

pub const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// A certificate whose facts depend on `seed`; the DER stands for one and is named by its real digest.
pub fn certificate(seed: u32) -> (Arc<Certificate>, Arc<[u8]>) {
    let der: Arc<[u8]> =
        (0..1500_u32).map(|at| (at.wrapping_mul(seed + 7) >> 3) as u8).chain(seed.to_be_bytes()).collect();
    let fingerprint = sha256(&der);
    let odd = seed % 2 == 1;
    let facts = Certificate {
        fingerprint,
        spki: sha256(&seed.to_le_bytes()),
        subject: format!("CN=service-{seed}.ch-exemple.fr,OU=1{seed:09},O=CENTRE HOSPITALIER D'EXEMPLE,C=FR").into(),
        issuer: format!("CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS {},OU=0002 187512751,O=ASIP-SANTE,C=FR", seed % 3)
            .into(),
        serial_number: fingerprint.0[..16].into(),
        not_before: NOW.plus_days(-i64::from(seed % 1000)),
        not_after: NOW.plus_days(i64::from(seed % 1095) - 30),
        private_key_usage_not_after: odd.then(|| NOW.plus_days(5)),
        key: match seed % 4 {
            0 => KeyAlgorithm::EcP256,
            1 => KeyAlgorithm::Rsa(2048),
            2 => KeyAlgorithm::RsaPss(3072),
            _ => KeyAlgorithm::Other("1.2.3.4".into()),
        },
        signature_algorithm: "sha256WithRSAEncryption".into(),
        key_usage: odd.then_some(KeyUsage(0b101)),
        extended_key_usage: if odd { [Arc::from("client_auth"), Arc::from("1.2.3")].into() } else { [].into() },
        san: if odd { [].into() } else { [Arc::from(format!("dns:service-{seed}.ch-exemple.fr"))].into() },
        is_ca: seed.is_multiple_of(5),
        key_ids: KeyIds {
            subject: Some(fingerprint.0[..20].into()),
            authority: odd.then(|| [(seed % 3) as u8; 20].into()),
        },
        profile: if seed % 7 == 6 { Profile::default() } else { profile(seed) },
    };
    (Arc::new(facts), der)
}

fn profile(seed: u32) -> Profile {
    Profile {
        environment: Some(Environment::Test),
        gamme: Some(Gamme::Elementaire),
        domain: Some(IgcDomain::Organisations),
        support: Some(Support::Software),
        offer: Some(Offer::Serv),
        usage: Some(Usage::SslServ),
        structure: Some(StructureRef {
            scheme: (seed.is_multiple_of(2)).then_some(StructureScheme::Finess),
            id: format!("{:09}", seed % 50).into(),
            valid: seed.is_multiple_of(3),
        }),
        person: (seed.is_multiple_of(4))
            .then(|| PersonRef { scheme: Some(PersonScheme::FinessRegister), id: format!("{seed}/12").into() }),
        card_number: (seed % 4 == 1).then(|| "2600301752".into()),
        service_card: seed % 4 == 2,
        contradictory_environment: seed % 4 == 3,
    }
}

/// The record of [`certificate`].
pub fn record(seed: u32) -> Arc<CertificateRecord> {
    Arc::new(CertificateRecord { facts: certificate(seed).0, first_seen: NOW, issuer: IssuerLink::SelfSigned })
}

/// A card with everything that is awkward in it.
pub fn card(now: Timestamp) -> FoundCard {
    let held =
        |seed: u32, label: &str| CardCertificate { label: label.into(), fingerprint: certificate(seed).0.fingerprint };
    FoundCard {
        number: CardNumber::parse("2600301752", Environment::Production).ok().map(|read| read.value),
        number_from: Some(NumberSource::Certificate),
        chip: ChipSerial::new("99213845").expect("eight digits"),
        label: Some("CPS3v3-2600301752".into()),
        generation: CardGeneration::Cps3Contactless,
        certificates: [held(1, "Certificat d'Authentification « CPS »"), held(2, "")].into(),
        tries: Some(CodeTries { left: 0, most: None }),
        problems: [Problem { reason: "card_malformed".into(), message: "a \"certificate\" of the card".into() }].into(),
        source: "readers".into(),
        readers: ["Gemalto \"PC Twin\" 00 00".into(), "B".into()].into(),
        last_reader: "B".into(),
        first_seen: now,
        last_seen: now,
        read_at: now,
    }
}

/// A file that holds certificates.
pub fn file(path: &str, seeds: &[u8]) -> Observation {
    let contents = (0_u32..)
        .zip(seeds)
        .map(|(index, seed)| Content {
            index,
            format: Format::Pem,
            kind: ContentKind::Certificate(certificate((*seed).into()).0.fingerprint),
        })
        .collect();
    Observation {
        source: "s".into(),
        location: Location::File(FilePath::from(path)),
        stamp: Some(FileStamp {
            device: u64::MAX,
            inode: 2,
            size: seeds.len() as u64,
            modified: -3,
            changed: i64::MAX,
        }),
        access: Some(FileAccess { mode: 0o640, uid: 0, gid: u32::MAX, folder_mode: 0o1777 }),
        contents,
        problems: [].into(),
        read_at: NOW,
    }
}

/// A file that holds one of everything but certificates.
pub fn mixed(path: &str) -> Observation {
    let spki = sha256(b"key");
    let key = |spki, key, encrypted| Box::new(KeyFacts { spki, key, encrypted });
    let kinds = [
        ContentKind::PrivateKey(key(Some(spki), Some(KeyAlgorithm::Ed25519), false)),
        ContentKind::PrivateKey(key(None, None, true)),
        ContentKind::PublicKey(key(Some(spki), Some(KeyAlgorithm::EcOther("1.2.3".into())), false)),
        ContentKind::Csr(Box::new(CsrFacts {
            subject: "CN=x".into(),
            spki,
            key: KeyAlgorithm::Dsa(1024),
            signature_algorithm: "1.2.840".into(),
            san: [Arc::from("dns:x"), Arc::from("ip:::1")].into(),
        })),
        ContentKind::Crl(Box::new(CrlFacts {
            fingerprint: sha256(b"crl"),
            issuer: "CN=AC".into(),
            this_update: NOW,
            next_update: Some(NOW.plus_days(7)),
            crl_number: Some("18446744073709551616".into()),
            signature_algorithm: "sha256WithRSAEncryption".into(),
            entries: 123_456,
            delta: true,
        })),
    ];
    let contents = (0..).zip(kinds).map(|(index, kind)| Content { index, format: Format::Der, kind }).collect();
    Observation { stamp: None, access: None, contents, ..file(path, &[]) }
}

/// An endpoint that serves certificates.
pub fn endpoint(url: &str, seeds: &[u8]) -> Observation {
    let location = Location::Endpoint(Arc::new(url.parse().expect("an endpoint")));
    Observation { location, stamp: None, access: None, ..file("/", seeds) }
}

/// A run of source `s` at `now` that saw these files, with their certificates and one unreadable place.
pub fn gathered(now: Timestamp, mut files: Vec<Observation>) -> Gathered {
    let mut certificates = Vec::new();
    for observation in &mut files {
        observation.read_at = now;
        let known = (0..256)
            .map(certificate)
            .filter(|(facts, _)| observation.certificates().any(|held| held == facts.fingerprint));
        certificates.extend(known);
    }
    let problem = Problem { reason: "permission_denied".into(), message: "opening /c: \"no\"".into() };
    Gathered {
        source: "s".into(),
        kind: "file".into(),
        seen: files.len() as u64,
        observations: files,
        certificates,
        errors: vec![ItemError { place: "/c".into(), problem }],
        finished_at: now,
        ..Gathered::default()
    }
}

pub fn finding(code: &'static str, subject: &str, step: &str) -> Finding {
    Finding {
        key: FindingKey { code: code.into(), subject: subject.into() },
        severity: if step == "15d" { Severity::Critical } else { Severity::Warning },
        facts: vec![("step".into(), step.to_owned()), ("not_after".into(), "2027-01-01 \"é\"".to_owned())],
    }
}

pub fn event(action: Action, object: &str) -> AuditEvent {
    AuditEvent {
        at: NOW,
        actor: Actor::User { uid: 0, login: Some("root".into()) },
        origin: Origin::Socket,
        action,
        object: object.to_owned(),
        outcome: AuditOutcome::Done,
        reason: None,
    }
}
