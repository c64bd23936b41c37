//! The difference between the inventory and what the sources just saw. Pure: the same input twice changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use super::found_card::{ChipSerial, FoundCard};
use super::inventory::{CertificateRecord, Inventory, IssuerLink, ItemError, SourceState};
use super::observation::{DECLARED_SOURCE, Location, Observation, Problem, SourceName};
use super::reading::Format;
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
    /// No run at all: what is let go because the configuration names it no more.
    pub retired: bool,
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
    let mut owners = Owners::of(&gathered);
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
            place(before, observation, &owners, &mut changes, &met);
        }
        // A declared place is the declaration's, whoever saw it last.
        let declared = *run.source == *DECLARED_SOURCE;
        let is_its = |location: &Location| {
            before.observations.get(location).is_some_and(|known| declared || known.source == run.source)
        };
        changes.gone.extend(run.gone.into_iter().filter(is_its));
        owners.took(&changes);
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
        if !run.retired {
            changes.sources.insert(run.source, state);
        }
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

/// Whose the places are. What several sources reach belongs to the one that found it, for as long as it is configured and finds it; what is declared
/// to the declaration, which leaves it to the others when it is declared no more.
struct Owners {
    /// What a source looked for and did not find.
    gone: HashSet<(SourceName, Location)>,
    /// What the runs before this one brought.
    taken: HashSet<Location>,
    /// Of what appeared and what changed so far, how much is in `taken`.
    seen: (usize, usize),
    several: bool,
}

impl Owners {
    fn of(runs: &[Gathered]) -> Self {
        let gone = runs.iter().flat_map(|run| run.gone.iter().map(|place| (Arc::clone(&run.source), place.clone())));
        Self { gone: gone.collect(), taken: HashSet::new(), seen: (0, 0), several: runs.len() > 1 }
    }

    fn took(&mut self, changes: &Changes) {
        if self.several {
            let new = changes.appeared.iter().skip(self.seen.0).chain(changes.changed.iter().skip(self.seen.1));
            self.taken.extend(new.map(|seen| seen.location.clone()));
            self.seen = (changes.appeared.len(), changes.changed.len());
        }
    }

    fn leave(&self, before: &Inventory, known: Option<&Observation>, now: &Observation) -> bool {
        let is_another = |known: &&Observation| {
            ![&*now.source, DECLARED_SOURCE].contains(&&*known.source) && *now.source != *DECLARED_SOURCE
        };
        let keeps = |known: &Observation| {
            before.sources.contains_key(&known.source)
                && !self.gone.contains(&(Arc::clone(&known.source), known.location.clone()))
        };
        self.taken.contains(&now.location) || known.filter(is_another).is_some_and(keeps)
    }
}

/// Files one observation under appeared, changed or neither.
fn place(
    before: &Inventory,
    mut observation: Observation,
    owners: &Owners,
    changes: &mut Changes,
    met: &HashMap<Fingerprint, usize>,
) {
    let known = before.observations.get(&observation.location);
    if owners.leave(before, known.map(AsRef::as_ref), &observation) {
        return;
    }
    let Some(known) = known else {
        changes.appeared.push(Arc::new(observation));
        return;
    };
    let is_authority = |fingerprint: &Fingerprint| {
        let new = met.get(fingerprint).and_then(|index| changes.certificates.get(*index));
        new.or_else(|| before.certificates.get(fingerprint)).is_some_and(|record| record.facts.is_ca)
    };
    // What cannot be read any more is "not readable since", never "gone": the last contents stand beside the problem,
    // and without a stamp the next run tries again.
    if hides(&observation) && lacks(known, &observation, &is_authority) {
        observation.contents = match observation.problems.iter().any(|problem| &*problem.reason == "not_pki") {
            // It was read to its end, and no key is in it.
            true => known.contents.iter().filter(|content| !content.kind.is_private_key()).cloned().collect(),
            false => Arc::clone(&known.contents),
        };
        observation.stamp = None;
        observation.access = observation.access.or(known.access);
    }
    let same = Observation { read_at: known.read_at, ..observation.clone() } == **known;
    if !same {
        changes.changed.push(Arc::new(observation));
    }
}

/// Something there could not be read that may be a certificate. A key that wants a password hides none, a store that wants one does.
fn hides(observation: &Observation) -> bool {
    let is_store = || observation.contents.iter().all(|content| content.format == Format::Pkcs12);
    observation.problems.iter().any(|problem| &*problem.reason != "needs_password" || is_store())
}

/// Something is missing that was there, and nothing came in its stead.
fn lacks(known: &Observation, now: &Observation, is_authority: &dyn Fn(&Fingerprint) -> bool) -> bool {
    if now.contents.is_empty() {
        return !known.contents.is_empty();
    }
    let (before, after): (HashSet<_>, HashSet<_>) = (known.certificates().collect(), now.certificates().collect());
    let went: Vec<_> = before.difference(&after).collect();
    let mut came = after.difference(&before);
    let leaf_went = went.iter().any(|fingerprint| !is_authority(fingerprint));
    !went.is_empty() && !came.any(|fingerprint| !leaf_went || !is_authority(fingerprint))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::certificate::KeyIds;
    use crate::domain::key::KeyAlgorithm;
    use crate::domain::observation::{Content, ContentKind, FilePath, FileStamp};
    use crate::domain::profile::Profile;
    use crate::domain::reading::KeyFacts;

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
            is_ca: seed >= 100,
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

    fn after(before: &Inventory, runs: Vec<Gathered>) -> Inventory {
        before.clone().after(&reconcile(before, runs, &HashMap::new()))
    }

    fn of(source: &str, mut run: Gathered) -> Gathered {
        run.source = source.into();
        run.observations.iter_mut().for_each(|observation| observation.source = source.into());
        run
    }

    fn held(inventory: &Inventory) -> Vec<u8> {
        inventory.observations.values().flat_map(|seen| seen.certificates()).map(|found| found.0[0]).collect()
    }

    #[test]
    fn what_cannot_be_read_in_part_keeps_what_was_there() {
        const AUTHORITY: u8 = 100;
        // Before; what can be read now, beside a problem; what is held then.
        let cases: [(&[u8], &[u8], &[u8]); 8] = [
            (&[7, AUTHORITY], &[AUTHORITY], &[7, AUTHORITY]),
            (&[7, AUTHORITY], &[7], &[7, AUTHORITY]),
            (&[7, 8], &[8], &[7, 8]),
            (&[7, AUTHORITY], &[9], &[9]),
            (&[7, AUTHORITY], &[9, AUTHORITY], &[9, AUTHORITY]),
            // An authority is no successor of a certificate, only of another authority.
            (&[7, AUTHORITY], &[101], &[7, AUTHORITY]),
            (&[AUTHORITY], &[101], &[101]),
            (&[7], &[7, 8], &[7, 8]),
        ];
        for (before, now, wanted) in cases {
            let known = after(&Inventory::default(), vec![run(vec![(1, before.to_vec(), false, 0)], vec![])]);
            let known = after(&known, vec![run(vec![(1, now.to_vec(), true, 1)], vec![])]);
            assert_eq!(held(&known), wanted, "{before:?} then {now:?}");
            // Read whole, it holds what it holds.
            let known = after(&known, vec![run(vec![(1, now.to_vec(), false, 2)], vec![])]);
            assert_eq!(held(&known), now, "{before:?} then {now:?}");
        }
    }

    #[test]
    fn a_key_that_wants_a_password_hides_no_certificate_and_a_store_does() {
        for (format, wanted) in [(Format::Pem, &[][..]), (Format::Pkcs12, &[7])] {
            let known = after(&Inventory::default(), vec![run(vec![(1, vec![7], false, 0)], vec![])]);
            let mut locked = run(vec![(1, vec![], true, 1)], vec![]);
            let key = Box::new(KeyFacts { spki: None, key: None, encrypted: true });
            locked.observations[0].contents = [Content { index: 0, format, kind: ContentKind::PrivateKey(key) }].into();
            locked.observations[0].problems = [Problem { reason: "needs_password".into(), message: "x".into() }].into();
            assert_eq!(held(&after(&known, vec![locked])), wanted, "{format:?}");
        }
    }

    #[test]
    fn an_emptied_file_keeps_its_certificate_and_no_key() {
        let mut first = run(vec![(1, vec![7], false, 0)], vec![]);
        let key = Box::new(KeyFacts { spki: None, key: None, encrypted: false });
        let key = Content { index: 1, format: Format::Pem, kind: ContentKind::PrivateKey(key) };
        first.observations[0].contents = [first.observations[0].contents[0].clone(), key].into();
        let known = after(&Inventory::default(), vec![first]);
        let mut emptied = run(vec![(1, vec![], true, 1)], vec![]);
        emptied.observations[0].problems = [Problem { reason: "not_pki".into(), message: "x".into() }].into();
        let known = after(&known, vec![emptied]);
        assert_eq!(held(&known), [7]);
        assert_eq!(known.observations.values().flat_map(|seen| seen.private_keys()).count(), 0);
    }

    #[test]
    fn a_declared_place_is_gone_whoever_saw_it_last() {
        let swept = after(&Inventory::default(), vec![of("files", run(vec![(1, vec![7], false, 0)], vec![]))]);
        assert!(after(&swept, vec![of("other", run(vec![], vec![1]))]).observations.len() == 1);
        assert!(after(&swept, vec![of(DECLARED_SOURCE, run(vec![], vec![1]))]).observations.is_empty());
    }

    #[test]
    fn what_two_sources_reach_is_the_first_ones() {
        let seen = |source, touched| of(source, run(vec![(1, vec![7], false, touched)], vec![]));
        let owner = |inventory: &Inventory| inventory.observations.values().next().map(|seen| seen.source.to_string());
        let known = after(&Inventory::default(), vec![seen("a", 0), seen("b", 0)]);
        assert_eq!(owner(&known).as_deref(), Some("a"));
        assert!(reconcile(&known, vec![seen("a", 0), seen("b", 0)], &HashMap::new()).is_quiet());
        // Nothing new to the first one, which therefore says nothing.
        assert!(reconcile(&known, vec![of("a", run(vec![], vec![])), seen("b", 0)], &HashMap::new()).is_quiet());
        let known = after(&known, vec![of("a", run(vec![], vec![1])), seen("b", 0)]);
        assert_eq!(owner(&known).as_deref(), Some("b"));
        // And stays that one's, whoever comes first.
        let known = after(&known, vec![seen("a", 1), seen("b", 1)]);
        assert_eq!(owner(&known).as_deref(), Some("b"));
        assert!(reconcile(&known, vec![seen("a", 2)], &HashMap::new()).is_quiet());
        let mut known = known;
        known.sources.remove("b");
        assert_eq!(owner(&after(&known, vec![seen("a", 2)])).as_deref(), Some("a"), "b is configured no more");
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
