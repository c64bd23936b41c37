//! The difference between the inventory and what the sources just saw. Pure: the same input twice changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use super::found_card::{ChipSerial, FoundCard};
use super::inventory::{CertificateRecord, Inventory, IssuerLink, ItemError, SourceState};
use super::observation::{Location, Observation, Problem, SourceName};
use super::reconcile_cards::{self, CardChange};
use super::time::Timestamp;

/// How many item errors of one source are kept with their text; the rest are counted.
pub const KEPT_ERRORS: usize = 200;

/// What one run of one source gave.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The source.
    pub source: SourceName,
    /// Its kind: `file`, `tls` or `declared`.
    pub kind: Arc<str>,
    /// Locations that were read, new or changed or merely read again.
    pub observations: Vec<Observation>,
    /// Locations of this source that were looked for in a place that could be read whole, and are not there any more.
    pub gone: Vec<Location>,
    /// Certificates met, each at least once, with their DER.
    pub certificates: Vec<(Arc<Certificate>, Arc<[u8]>)>,
    /// What could not be read.
    pub errors: Vec<ItemError>,
    /// Nobody asked for this run: something moved in front of the source.
    pub unasked: bool,
    /// The source could not be read at all.
    pub failure: Option<Problem>,
    /// Locations seen, unchanged ones included.
    pub seen: u64,
    /// The cards in the readers; `None` from a source that has none, and from a run that could not look.
    pub cards: Option<CardsSeen>,
    /// End of the run.
    pub finished_at: Timestamp,
}

/// The cards in the readers of one source.
#[derive(Debug, Clone, Default)]
pub struct CardsSeen {
    /// Those that were read, each with the readers it is in.
    pub cards: Vec<FoundCard>,
    /// Readers with a card in them that is not read yet: what was in them may still be.
    pub unsettled: Vec<Arc<str>>,
    /// Those whose tries left were to be read and could not be: what was known of them holds.
    pub uncounted: BTreeSet<ChipSerial>,
    /// The readers were not watched without a break since the run before: when a card went is not known.
    pub interrupted: bool,
}

/// What to write, and what the next snapshot differs by.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Records that are new, or whose issuer became known.
    pub certificates: Vec<Arc<CertificateRecord>>,
    /// DER of the new ones.
    pub ders: HashMap<Fingerprint, Arc<[u8]>>,
    /// Locations not known before.
    pub appeared: Vec<Arc<Observation>>,
    /// Known locations with other contents, access or problems.
    pub changed: Vec<Arc<Observation>>,
    /// Locations that are no more.
    pub gone: Vec<Location>,
    /// Cards that came, went, or were read otherwise than before.
    pub cards: Vec<CardChange>,
    /// Source states, one per source that ran.
    pub sources: BTreeMap<SourceName, SourceState>,
}

impl Changes {
    /// Nothing but source states: no certificate, no location, no card moved.
    pub fn is_quiet(&self) -> bool {
        self.certificates.is_empty()
            && self.appeared.is_empty()
            && self.changed.is_empty()
            && self.gone.is_empty()
            && self.cards.is_empty()
    }
}

/// Compares what the sources gave with the inventory. `issuers` holds the signature verdicts reached since `before`.
pub fn reconcile(before: &Inventory, gathered: Vec<Gathered>, issuers: &HashMap<Fingerprint, IssuerLink>) -> Changes {
    let mut changes = Changes::default();
    let mut met: HashMap<Fingerprint, usize> = HashMap::new();
    for run in gathered {
        let mut cards = reconcile_cards::changes(before, &run);
        changes.cards.append(&mut cards.changes);
        changes.gone.append(&mut cards.renamed);
        for (facts, der) in run.certificates {
            let fingerprint = facts.fingerprint;
            if before.certificates.contains_key(&fingerprint) || met.contains_key(&fingerprint) {
                continue;
            }
            met.insert(fingerprint, changes.certificates.len());
            let issuer = issuers.get(&fingerprint).copied().unwrap_or(IssuerLink::Unknown);
            changes.certificates.push(Arc::new(CertificateRecord { facts, first_seen: run.finished_at, issuer }));
            changes.ders.insert(fingerprint, der);
        }
        for mut observation in run.observations {
            let Some(location) = cards.place_of(observation.location) else { continue };
            observation.location = location;
            place(before, observation, &mut changes);
        }
        let of_this_source =
            |location: &Location| before.observations.get(location).is_some_and(|known| known.source == run.source);
        changes.gone.extend(run.gone.into_iter().filter(of_this_source));
        let error_count = run.errors.len() as u64;
        let known = before.sources.get(&run.source);
        let state = SourceState {
            kind: run.kind,
            last_run: Some(run.finished_at),
            last_success: match &run.failure {
                None => Some(run.finished_at),
                Some(_) => known.and_then(|state| state.last_success),
            },
            seen: if run.failure.is_some() { known.map_or(0, |state| state.seen) } else { run.seen },
            failure: run.failure,
            errors: run.errors.into_iter().take(KEPT_ERRORS).collect(),
            error_count,
        };
        changes.sources.insert(run.source, state);
    }
    // A location that passes from one source to another is gone for the first only.
    let moved: HashSet<&Location> =
        changes.appeared.iter().chain(&changes.changed).map(|seen| &seen.location).collect();
    changes.gone.retain(|location| !moved.contains(location));
    for (fingerprint, link) in issuers {
        if let Some(record) = before.certificates.get(fingerprint).filter(|record| record.issuer != *link) {
            changes
                .certificates
                .push(Arc::new(CertificateRecord { issuer: *link, ..CertificateRecord::clone(record) }));
        }
    }
    changes
}

/// Files one observation under appeared, changed or neither.
fn place(before: &Inventory, mut observation: Observation, changes: &mut Changes) {
    let Some(known) = before.observations.get(&observation.location) else {
        changes.appeared.push(Arc::new(observation));
        return;
    };
    // What cannot be read any more is "not readable since", never "gone": the last contents stand beside the problem,
    // and without a stamp the next run tries again.
    if observation.contents.is_empty() && !observation.problems.is_empty() && !known.contents.is_empty() {
        observation.contents = Arc::clone(&known.contents);
        observation.stamp = None;
        observation.access = observation.access.or(known.access);
    }
    let same = Observation { read_at: known.read_at, ..observation.clone() } == **known;
    if !same {
        changes.changed.push(Arc::new(observation));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::certificate::KeyIds;
    use crate::domain::key::KeyAlgorithm;
    use crate::domain::observation::{Content, ContentKind, FilePath, FileStamp};
    use crate::domain::profile::Profile;
    use crate::domain::reading::Format;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn certificate(seed: u8) -> (Arc<Certificate>, Arc<[u8]>) {
        let facts = Certificate {
            fingerprint: Fingerprint([seed; 32]),
            spki: Fingerprint([seed; 32]),
            subject: "CN=x".into(),
            issuer: "CN=y".into(),
            serial_number: [seed].into(),
            not_before: NOW,
            not_after: NOW.plus_days(10),
            private_key_usage_not_after: None,
            key: KeyAlgorithm::Rsa(2048),
            signature_algorithm: "sha256WithRSAEncryption".into(),
            key_usage: None,
            extended_key_usage: [].into(),
            san: [].into(),
            is_ca: false,
            key_ids: KeyIds::default(),
            profile: Profile::default(),
        };
        (Arc::new(facts), [seed].into())
    }

    fn observation(name: u8, seeds: &[u8], problem: bool, touched: u8) -> Observation {
        let contents = seeds
            .iter()
            .enumerate()
            .map(|(index, seed)| Content {
                index: index as u32,
                format: Format::Pem,
                kind: ContentKind::Certificate(Fingerprint([*seed; 32])),
            })
            .collect();
        let problems = problem.then(|| Problem { reason: "malformed".into(), message: "x".into() });
        Observation {
            source: "s".into(),
            location: Location::File(FilePath([b'/', name].as_slice().into())),
            stamp: Some(FileStamp { device: 1, inode: 2, size: 3, modified: i64::from(touched), changed: 0 }),
            access: None,
            contents,
            problems: problems.into_iter().collect(),
            read_at: NOW.plus_seconds(i64::from(touched)),
        }
    }

    fn run(files: Vec<(u8, Vec<u8>, bool, u8)>, gone: Vec<u8>) -> Gathered {
        let certificates = files.iter().flat_map(|(_, seeds, ..)| seeds).map(|seed| certificate(*seed)).collect();
        let unique: BTreeMap<u8, (Vec<u8>, bool, u8)> =
            files.into_iter().map(|(name, seeds, problem, touched)| (name, (seeds, problem, touched))).collect();
        Gathered {
            source: "s".into(),
            kind: "file".into(),
            seen: unique.len() as u64,
            gone: gone
                .into_iter()
                .filter(|name| !unique.contains_key(name))
                .map(|name| Location::File(FilePath([b'/', name].as_slice().into())))
                .collect(),
            observations: unique
                .into_iter()
                .map(|(name, (seeds, problem, touched))| observation(name, &seeds, problem, touched))
                .collect(),
            certificates,
            finished_at: NOW,
            ..Gathered::default()
        }
    }

    fn files() -> impl Strategy<Value = Vec<(u8, Vec<u8>, bool, u8)>> {
        prop::collection::vec((0..6u8, prop::collection::vec(0..8u8, 0..3), any::<bool>(), 0..3u8), 0..8)
    }

    proptest! {
        #[test]
        fn the_same_run_twice_changes_nothing(first in files(), second in files(), gone in prop::collection::vec(0..6u8, 0..4)) {
            let none = HashMap::new();
            let empty = Inventory::default();
            let before = empty.clone().after(&reconcile(&empty, vec![run(first, vec![])], &none));
            let again = run(second, gone);
            let after = before.clone().after(&reconcile(&before, vec![again.clone()], &none));
            let quiet = reconcile(&after, vec![again], &none);
            // A location that is unreadable now keeps trying without a stamp, so only its contents are compared.
            prop_assert!(quiet.is_quiet(), "{quiet:?}");
        }

        #[test]
        fn nothing_found_is_ever_lost(first in files(), second in files()) {
            let none = HashMap::new();
            let empty = Inventory::default();
            let before = empty.clone().after(&reconcile(&empty, vec![run(first, vec![])], &none));
            let after = before.clone().after(&reconcile(&before, vec![run(second, vec![])], &none));
            for fingerprint in before.certificates.keys() {
                prop_assert!(after.certificates.contains_key(fingerprint));
            }
            for location in before.observations.keys() {
                prop_assert!(after.observations.contains_key(location));
            }
        }
    }

    #[test]
    fn unreadable_keeps_what_was_there() {
        let none = HashMap::new();
        let empty = Inventory::default();
        let before = empty.clone().after(&reconcile(&empty, vec![run(vec![(1, vec![7], false, 0)], vec![])], &none));
        let after = before.clone().after(&reconcile(&before, vec![run(vec![(1, vec![], true, 1)], vec![])], &none));
        let kept = after.observations.values().next().expect("still there");
        assert_eq!(kept.certificates().collect::<Vec<_>>(), [Fingerprint([7; 32])]);
        assert_eq!(kept.problems.len(), 1);
        assert_eq!(kept.stamp, None);
    }

    #[test]
    fn a_location_taken_over_by_another_source_is_not_gone() {
        let none = HashMap::new();
        let empty = Inventory::default();
        let before = empty.clone().after(&reconcile(&empty, vec![run(vec![(1, vec![7], false, 0)], vec![])], &none));
        let leaves = run(vec![], vec![1]);
        let mut takes = run(vec![(1, vec![7], false, 0)], vec![]);
        takes.source = "other".into();
        takes.observations.iter_mut().for_each(|observation| observation.source = "other".into());
        for order in [vec![leaves.clone(), takes.clone()], vec![takes, leaves]] {
            let after = before.clone().after(&reconcile(&before, order, &none));
            let sources: Vec<&str> = after.observations.values().map(|observation| &*observation.source).collect();
            assert_eq!(sources, ["other"]);
        }
    }

    #[test]
    fn a_failed_source_deletes_nothing_and_keeps_its_last_success() {
        let none = HashMap::new();
        let empty = Inventory::default();
        let before = empty.clone().after(&reconcile(&empty, vec![run(vec![(1, vec![7], false, 0)], vec![])], &none));
        let failure = Some(Problem { reason: "timeout".into(), message: "x".into() });
        let failed = Gathered { source: "s".into(), failure, finished_at: NOW.plus_days(1), ..Gathered::default() };
        let changes = reconcile(&before, vec![failed], &none);
        assert!(changes.is_quiet());
        let state = &changes.sources["s"];
        assert_eq!((state.last_success, state.last_run), (Some(NOW), Some(NOW.plus_days(1))));
        assert_eq!(state.seen, 1);
    }
}
