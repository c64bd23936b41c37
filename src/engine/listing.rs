//! Certificates as lists show them: one row per declared certificate, then what was found without being declared. Made once per
//! snapshot, when somebody first asks.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::snapshot::Snapshot;
use crate::domain::certificate::Certificate;
use crate::domain::finding::{FindingKey, FindingRecord, Severity};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::domain::observation::Observation;
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::DeclaredId;
use crate::domain::profile::{Environment, Profile};
use crate::domain::revocation::ListRef;
use crate::domain::time::Timestamp;
use crate::policy::{Standing, View};

/// Every row of one snapshot, in display order.
#[derive(Debug)]
pub struct Listing {
    /// Declared ones by id, then found ones by end date.
    pub rows: Vec<Row>,
    /// Open findings by the bare subject they are about.
    about: HashMap<String, Vec<FindingKey>>,
}

/// One certificate of a list. Small: what it prints is read from the snapshot when it is shown.
#[derive(Debug)]
pub struct Row {
    /// The declared certificate, by id.
    pub declared: Option<DeclaredId>,
    /// The certificate that was found.
    pub fingerprint: Option<Fingerprint>,
    /// Where it is now.
    pub places: Vec<Arc<Observation>>,
    /// Declared, issued by IGC-Santé, or its key is here. The others are listed only when asked for.
    pub watched: bool,
    /// How the declared place of the certificate stands.
    pub standing: Standing,
    /// Declared, and nobody has looked yet: the first run under this declaration is under way.
    pub unread: bool,
}

/// Axis two of a certificate's state (the first, its enrollment, is a table of its own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Declared just now: nobody has looked yet.
    NotYetRead,
    /// Declared and not found.
    Missing,
    /// The place it should be in cannot be read.
    Unreadable,
    /// Its first day has not come.
    NotYetValid,
    /// In force.
    Valid,
    /// In force, inside an alert step.
    Expiring,
    /// Past its end.
    Expired,
}

impl Validity {
    /// Every one, from what is known least.
    pub const ALL: [Self; 7] = [
        Self::NotYetRead,
        Self::Missing,
        Self::Unreadable,
        Self::NotYetValid,
        Self::Valid,
        Self::Expiring,
        Self::Expired,
    ];

    /// The word used in JSON and looked up for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotYetRead => "not_yet_read",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NotYetValid => "not_yet_valid",
            Self::Valid => "valid",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
        }
    }
}

/// A row as the API gives it.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    /// The declared id, or `sha256:…`.
    pub id: String,
    /// Whether the declaration names it.
    pub declared: bool,
    /// Axis two of its state.
    pub validity: Validity,
    /// `good`, `revoked` or `unknown`, and what that rests on; `null` when nothing was found.
    pub revocation: Option<&'static str>,
    /// What that rests on.
    pub revocation_details: Option<RevocationDetails<'a>>,
    /// Worst open finding about it.
    pub severity: Option<Severity>,
    /// Declared owner.
    pub structure: Option<&'a DeclaredId>,
    /// Declared offer.
    pub offer: Option<Offer>,
    /// Declared usage.
    pub usage: Option<Usage>,
    /// Declared environment.
    pub environment: Option<Environment>,
    /// Found subject, RFC 4514.
    pub subject: Option<&'a str>,
    /// Found issuer.
    pub issuer: Option<&'a str>,
    /// Lower-case hex.
    pub serial_number: Option<String>,
    /// SHA-256 of the certificate.
    pub sha256: Option<Fingerprint>,
    /// SHA-256 of its public key.
    pub spki_sha256: Option<Fingerprint>,
    /// Validity.
    pub not_before: Option<Timestamp>,
    /// Validity.
    pub not_after: Option<Timestamp>,
    /// End of the private key usage period.
    pub private_key_usage_not_after: Option<Timestamp>,
    /// The date that counts: the earlier of the two.
    pub end: Option<Timestamp>,
    /// Whole days to that date, negative after it.
    pub days_left: Option<i64>,
    /// Algorithm and size.
    pub key: Option<String>,
    /// Signature algorithm.
    pub signature_algorithm: Option<&'a str>,
    /// Key usage names.
    pub key_usage: Vec<&'static str>,
    /// Extended key usage names.
    pub extended_key_usage: &'a [Arc<str>],
    /// Subject alternative names.
    pub san: &'a [Arc<str>],
    /// IGC-Santé reading.
    pub profile: Option<&'a Profile>,
    /// What stops when it dies.
    pub impacts: &'a [String],
    /// Persons by id.
    pub administrators: &'a [DeclaredId],
    /// Declared file of the certificate.
    pub path: Option<String>,
    /// Declared endpoints.
    pub endpoints: Vec<String>,
    /// First seen by any source.
    pub first_seen: Option<Timestamp>,
    /// Where it is now.
    pub locations: Vec<Place<'a>>,
    /// Codes of the open findings about it, worst first.
    pub findings: Vec<&'a str>,
}

/// What the revocation status of a certificate rests on.
#[derive(Debug, Serialize)]
pub struct RevocationDetails<'a> {
    /// Since when it is so.
    pub since: Timestamp,
    /// Why it is unknown.
    pub why: Option<&'static str>,
    /// revocationDate.
    pub revoked_at: Option<Timestamp>,
    /// reasonCode.
    pub reason: Option<&'static str>,
    /// The authority of its path the answer is about, when it is not the certificate itself.
    pub authority: Option<Fingerprint>,
    /// The list that says so.
    pub list: Option<&'a ListRef>,
}

impl<'a> RevocationDetails<'a> {
    fn of(inventory: &'a Inventory, fingerprint: &Fingerprint) -> Option<Self> {
        let known = inventory.revocation.certificates.get(fingerprint)?;
        Some(Self {
            since: known.since,
            why: known.why.map(|why| why.as_str()),
            revoked_at: known.revocation.map(|entry| entry.revoked_at),
            reason: known.revocation.and_then(|entry| entry.reason).map(|reason| reason.as_str()),
            authority: known.authority,
            list: known.list.as_ref(),
        })
    }
}

/// One place a certificate is in.
#[derive(Debug, Serialize)]
pub struct Place<'a> {
    /// Path or URL.
    pub location: String,
    /// The source that saw it.
    pub source: &'a str,
    /// When this state of the place was read.
    pub read_at: Timestamp,
}

impl Listing {
    /// Builds the rows of a snapshot. Linear, up to sorting; a hundred thousand rows take a fraction of a second.
    pub fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let inventory = &snapshot.inventory;
        let view = View::new(inventory, &snapshot.config.policy, now);
        let mut places: HashMap<Fingerprint, Vec<Arc<Observation>>> = HashMap::new();
        for observation in inventory.observations.values() {
            for fingerprint in observation.certificates() {
                let list = places.entry(fingerprint).or_default();
                if !list.last().is_some_and(|last| Arc::ptr_eq(last, observation)) {
                    list.push(Arc::clone(observation));
                }
            }
        }
        let mut rows: Vec<Row> = view
            .slots
            .iter()
            .map(|slot| {
                let fingerprint =
                    slot.current.and_then(|index| view.seen.get(index)).map(|seen| seen.facts.fingerprint);
                let places = fingerprint.and_then(|fingerprint| places.get(&fingerprint)).cloned().unwrap_or_default();
                Row {
                    declared: Some(slot.declared.id.clone()),
                    fingerprint,
                    places,
                    watched: true,
                    standing: view.standing(slot),
                    unread: !snapshot.declared_read && slot.current.is_none(),
                }
            })
            .collect();
        let mut found: Vec<(Timestamp, Row)> = view
            .seen
            .iter()
            .filter(|seen| seen.slots.is_empty())
            .map(|seen| {
                let fingerprint = seen.facts.fingerprint;
                let places = places.remove(&fingerprint).unwrap_or_default();
                (
                    seen.facts.end(),
                    Row {
                        declared: None,
                        fingerprint: Some(fingerprint),
                        places,
                        watched: seen.is_ours(),
                        standing: Standing::Sound,
                        unread: false,
                    },
                )
            })
            .collect();
        found.sort_by_key(|(end, row)| (*end, row.fingerprint));
        rows.extend(found.into_iter().map(|(_, row)| row));
        let mut about: HashMap<String, Vec<FindingKey>> = HashMap::new();
        for key in snapshot.findings.keys() {
            let bare = key.subject.split_once(" @ ").map_or(&*key.subject, |(bare, _)| bare);
            about.entry(bare.to_owned()).or_default().push(key.clone());
        }
        Self { rows, about }
    }

    /// The row of a declared id, of a fingerprint in hex (with or without `sha256:`), or of the only fingerprint that begins so.
    pub fn find(&self, id: &str) -> Option<&Row> {
        let declared =
            self.rows.iter().find(|row| row.declared.as_ref().is_some_and(|declared| declared.as_str() == id));
        declared.or_else(|| {
            let hex = id.strip_prefix("sha256:").unwrap_or(id).to_ascii_lowercase();
            if hex.len() < 8 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let begins =
                |row: &&Row| row.fingerprint.is_some_and(|fingerprint| fingerprint.to_string().starts_with(&hex));
            let mut matching = self.rows.iter().filter(begins);
            let first = matching.next()?;
            matching.all(|other| other.fingerprint == first.fingerprint).then_some(first)
        })
    }

    /// A row with everything it prints.
    pub fn entry<'a>(&self, row: &'a Row, snapshot: &'a Snapshot, now: Timestamp) -> Entry<'a> {
        let inventory = &snapshot.inventory;
        let declared = row.declared.as_ref().and_then(|id| inventory.declaration.certificates.get(id));
        let record = row.fingerprint.and_then(|fingerprint| inventory.certificates.get(&fingerprint));
        let facts = record.map(|record| &*record.facts);
        let mut findings = self.findings(row, snapshot);
        findings.sort_by_key(|record| std::cmp::Reverse(record.finding.severity));
        Entry {
            id: row.id(),
            declared: declared.is_some(),
            validity: validity(row, facts, &findings, now),
            revocation: row
                .fingerprint
                .filter(|_| facts.is_some())
                .map(|own| inventory.revocation.status(&own).as_str()),
            revocation_details: row.fingerprint.and_then(|own| RevocationDetails::of(inventory, &own)),
            severity: findings.first().map(|record| record.finding.severity),
            structure: declared.map(|declared| &declared.structure),
            offer: declared.map(|declared| declared.offer),
            usage: declared.map(|declared| declared.usage),
            environment: declared.map(|declared| declared.environment),
            subject: facts.map(|facts| &*facts.subject),
            issuer: facts.map(|facts| &*facts.issuer),
            serial_number: facts.map(Certificate::serial_hex),
            sha256: row.fingerprint,
            spki_sha256: facts.map(|facts| facts.spki),
            not_before: facts.map(|facts| facts.not_before),
            not_after: facts.map(|facts| facts.not_after),
            private_key_usage_not_after: facts.and_then(|facts| facts.private_key_usage_not_after),
            end: facts.map(Certificate::end),
            days_left: facts.map(|facts| facts.end().days_after(now)),
            key: facts.map(|facts| facts.key.to_string()),
            signature_algorithm: facts.map(|facts| &*facts.signature_algorithm),
            key_usage: facts.and_then(|facts| facts.key_usage).map(|usage| usage.names()).unwrap_or_default(),
            extended_key_usage: facts.map_or(&[], |facts| &facts.extended_key_usage),
            san: facts.map_or(&[], |facts| &facts.san),
            profile: facts.map(|facts| &facts.profile),
            impacts: declared.map_or(&[], |declared| &declared.impacts),
            administrators: declared.map_or(&[], |declared| &declared.administrators),
            path: declared.and_then(|declared| declared.certificate_path()).map(ToString::to_string),
            endpoints: declared.into_iter().flat_map(|declared| &declared.endpoints).map(ToString::to_string).collect(),
            first_seen: record.map(|record| record.first_seen),
            locations: row
                .places
                .iter()
                .map(|place| Place {
                    location: place.location.to_string(),
                    source: &place.source,
                    read_at: place.read_at,
                })
                .collect(),
            findings: findings.iter().map(|record| &*record.finding.key.code).collect(),
        }
    }

    /// The open findings about a row: by its id, its fingerprint, its public key, or the files and endpoints it is declared in.
    pub fn findings<'a>(&self, row: &Row, snapshot: &'a Snapshot) -> Vec<&'a FindingRecord> {
        let declared = row.declared.as_ref().and_then(|id| snapshot.inventory.declaration.certificates.get(id));
        let record = row.fingerprint.and_then(|fingerprint| snapshot.inventory.certificates.get(&fingerprint));
        let mut subjects: Vec<String> = row.declared.iter().map(|id| format!("certificate:{id}")).collect();
        subjects.extend(row.fingerprint.map(|fingerprint| format!("sha256:{fingerprint}")));
        subjects.extend(record.map(|record| format!("spki:{}", record.facts.spki)));
        if let Some(declared) = declared {
            subjects.extend(declared.paths().into_iter().map(ToString::to_string));
            subjects.extend(declared.endpoints.iter().map(ToString::to_string));
        } else {
            subjects.extend(row.places.iter().map(|place| place.location.to_string()));
        }
        let keys = subjects.iter().filter_map(|subject| self.about.get(subject)).flatten();
        keys.filter_map(|key| snapshot.findings.get(key)).collect()
    }
}

impl Row {
    /// The id of the row.
    pub fn id(&self) -> String {
        match (&self.declared, self.fingerprint) {
            (Some(id), _) => id.to_string(),
            (None, Some(fingerprint)) => format!("sha256:{fingerprint}"),
            (None, None) => String::new(),
        }
    }
}

fn validity(row: &Row, facts: Option<&Certificate>, findings: &[&FindingRecord], now: Timestamp) -> Validity {
    let says = |code: &str| findings.iter().any(|record| record.finding.key.code == code);
    // What was last read of a place that is gone or cannot be read says nothing of today.
    let facts = match row.standing {
        Standing::Sound if row.unread => return Validity::NotYetRead,
        Standing::Unreadable => return Validity::Unreadable,
        Standing::Absent => return Validity::Missing,
        Standing::Sound => facts,
    };
    match facts {
        None => Validity::Missing,
        Some(facts) if facts.end() < now => Validity::Expired,
        Some(facts) if facts.not_before > now => Validity::NotYetValid,
        Some(_) if says("expiring") => Validity::Expiring,
        Some(_) => Validity::Valid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_last_read_of_an_unreadable_place_says_nothing_of_today() {
        let now = Timestamp::from_unix(1_800_000_000);
        let inventory = crate::policy::synthetic::inventory(50, now);
        let in_force = |facts: &&Certificate| facts.not_before <= now && facts.end() > now.plus_days(100);
        let facts = inventory.certificates.values().map(|record| &*record.facts).find(in_force);
        let row = |standing, unread| Row {
            declared: None,
            fingerprint: None,
            places: Vec::new(),
            watched: true,
            standing,
            unread,
        };
        let validity = |standing, facts| super::validity(&row(standing, false), facts, &[], now);
        assert_eq!(validity(Standing::Sound, facts), Validity::Valid);
        for facts in [facts, None] {
            assert_eq!(validity(Standing::Unreadable, facts), Validity::Unreadable);
            assert_eq!(validity(Standing::Absent, facts), Validity::Missing);
        }
        assert_eq!(validity(Standing::Sound, None), Validity::Missing);
        assert_eq!(super::validity(&row(Standing::Sound, true), None, &[], now), Validity::NotYetRead);
    }
}
