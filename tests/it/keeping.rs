//! The store, on both engines: what is committed is what is loaded, and nothing else ever is.

mod alerts;
mod crash;
mod damage;
mod disk;
mod lock;
mod records;
mod revocation;
mod tampering;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use vigie::config::StoreConfig;
use vigie::domain::audit_event::{Action, AuditOutcome};
use vigie::domain::finding::{Facts, FindingChanges, FindingKey, FindingRecord};
use vigie::domain::fingerprint::Fingerprint;
use vigie::domain::inventory::{Inventory, IssuerLink};
use vigie::domain::observation::Problem;
use vigie::domain::reconcile::{CardsSeen, Changes, Gathered, reconcile};
use vigie::store::{
    AuditFilter, AuditHead, AuditOrder, Commit, Engine, FindingFilter, FindingLife, HeldKind, Opening, Snapshot, Store,
    StoreError,
};

use self::records::{NOW, certificate, event, file, finding, gathered};
use crate::support::postgres::Postgres;

/// Opens the store at `url`, remembered in `folder`.
async fn open(url: &str, folder: &Path) -> Result<Store, StoreError> {
    let config = StoreConfig { url: url.to_owned(), password_file: None };
    let opening = Opening { state_dir: folder.to_owned(), node: "node-1".into(), boot_id: "boot-1".into(), now: NOW };
    Store::open(&config, opening).await
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}/vigie.db", folder.display())
}

#[tokio::test]
async fn one_story_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    story(&sqlite(folder.path()), folder.path(), Engine::Sqlite).await;
}

#[tokio::test]
async fn one_story_on_postgresql() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    story(&server.database().await, folder.path(), Engine::Postgres).await;
}

/// First start, a scan, a quiet scan, a renewal, a file that goes and comes back, findings that open, change and close.
async fn story(url: &str, folder: &Path, engine: Engine) {
    let store = open(url, folder).await.expect("a first start");
    assert_eq!(store.engine(), engine);
    assert_eq!(store.schema().await.expect("a schema"), 4);
    let empty = store.load().await.expect("loaded");
    assert!(empty.certificates.is_empty() && empty.observations.is_empty() && empty.findings.is_empty());
    assert_eq!(empty.head.seq, 1, "the first event is the schema's");

    // A scan finds two files; a rule speaks of one of them.
    let none = HashMap::new();
    let mut inventory = Inventory::default();
    let odd = records::mixed(std::str::from_utf8(b"/c\n\xc3\xa9").expect("text"));
    let served = records::endpoint("tls://[::1]:8443", &[2]);
    let files = vec![file("/a.pem", &[1, 2]), file("/b.pem", &[2]), odd.clone(), served];
    let first = Arc::new(reconcile(&inventory, vec![gathered(NOW, files)], &none));
    inventory = inventory.after(&first);
    let opened =
        FindingChanges { opened: vec![finding("expiring", "certificate:dmp", "30d")], ..FindingChanges::default() };
    let commit = Commit::new(event(Action::Scan, "source:s"))
        .events([event(Action::FindingOpened, "certificate:dmp")])
        .changes(Arc::clone(&first))
        .findings(Arc::new(opened))
        .setting("jitter.scan", "17");
    let receipt = store.commit(commit, NOW).await.expect("committed");
    assert_eq!(receipt.seq, 3);
    assert_eq!(store.setting("jitter.scan").await.expect("read").as_deref(), Some("17"));
    assert_eq!(store.setting("jitter.crls").await.expect("read"), None);

    // The same again an hour later: one event, nothing else moves.
    let later = NOW.plus_seconds(3600);
    let again = vec![gathered(later, vec![file("/a.pem", &[1, 2]), file("/b.pem", &[2])])];
    let quiet = Arc::new(reconcile(&inventory, again, &none));
    assert!(quiet.is_quiet());
    inventory = inventory.after(&quiet);
    store.commit(Commit::new(event(Action::Scan, "source:s")).changes(quiet), later).await.expect("committed");

    // A day later: 1 is replaced by 3, b is gone, the finding is worse; 3 turns out to be signed by 2.
    let day = NOW.plus_days(1);
    let mut run = gathered(day, vec![file("/a.pem", &[3, 2])]);
    run.gone = vec![file("/b.pem", &[]).location];
    run.failure = None;
    let moved = Arc::new(reconcile(&inventory, vec![run], &none));
    inventory = inventory.after(&moved);
    let worse =
        FindingChanges { changed: vec![finding("expiring", "certificate:dmp", "15d")], ..FindingChanges::default() };
    let commit = Commit::new(event(Action::Scan, "source:s")).changes(moved).findings(Arc::new(worse));
    store.commit(commit, day).await.expect("committed");
    let links = HashMap::from([(certificate(3).0.fingerprint, IssuerLink::Issued(certificate(2).0.fingerprint))]);
    let signed = Arc::new(reconcile(&inventory, vec![], &links));
    inventory = inventory.after(&signed);
    store.commit(Commit::new(event(Action::Scan, "links")).changes(signed), day).await.expect("committed");

    // b comes back, the finding closes.
    let back = NOW.plus_days(2);
    let found = Arc::new(reconcile(&inventory, vec![gathered(back, vec![file("/b.pem", &[2])])], &none));
    inventory = inventory.after(&found);
    let key = finding("expiring", "certificate:dmp", "").key;
    let silent = FindingChanges { closed: vec![key], ..FindingChanges::default() };
    let commit = Commit::new(event(Action::Scan, "source:s")).changes(found).findings(Arc::new(silent));
    store.commit(commit, back).await.expect("committed");

    // A card comes, and goes.
    let mut cards = gathered(back, Vec::new());
    cards.source = "readers".into();
    cards.cards = Some(CardsSeen { cards: vec![records::card(back)], ..CardsSeen::default() });
    for seen in [cards.cards.clone(), Some(CardsSeen::default())] {
        let run = Gathered { cards: seen, ..cards.clone() };
        let moved = Arc::new(reconcile(&inventory, vec![run], &none));
        assert_eq!(moved.cards.len(), 1);
        inventory = inventory.after(&moved);
        store.commit(Commit::new(event(Action::CardInserted, "card:x")).changes(moved), back).await.expect("committed");
    }
    let last = store.commit(Commit::new(event(Action::Stop, "daemon")), back).await.expect("committed");

    // Everything stands after a restart.
    store.close().await;
    let store = open(url, folder).await.expect("a second start");
    let loaded = store.load().await.expect("loaded");
    same(&loaded, &inventory, &BTreeMap::new());
    assert_eq!(loaded.head, AuditHead { seq: last.seq, hash: last.head });
    assert_eq!(loaded.settings, BTreeMap::from([("jitter.scan".to_owned(), "17".to_owned())]));
    store.check_integrity().await.expect("whole");

    // Its DER, byte for byte.
    let (facts, der) = certificate(1);
    assert_eq!(store.der(&facts.fingerprint).await.expect("read"), Some(der));
    assert_eq!(store.der(&Fingerprint([9; 32])).await.expect("read"), None);

    // Where certificate 2 was, and what /b.pem held.
    let of = store.history(&certificate(2).0.fingerprint, loaded.observations.keys()).await.expect("read");
    let lives: Vec<_> = of.iter().map(|life| (life.location.to_string(), life.first_seen, life.last_seen)).collect();
    let wanted =
        [("/a.pem", NOW, None), ("/b.pem", NOW, Some(day)), ("tls://[::1]:8443", NOW, None), ("/b.pem", back, None)];
    assert_eq!(lives, wanted.map(|(place, from, to)| (place.to_owned(), from, to)));
    let held = store.history_of(&file("/a.pem", &[]).location).await.expect("read");
    assert!(held.iter().all(|life| life.kind == HeldKind::Certificate));
    let replaced = held.iter().find(|life| life.digest == Some(facts.fingerprint)).expect("what was there before");
    assert_eq!((replaced.first_seen, replaced.last_seen), (NOW, Some(day)));

    let mixed = store.history_of(&odd.location).await.expect("read");
    let kinds: Vec<_> = mixed.iter().map(|life| (life.kind, life.digest.is_some())).collect();
    let wanted = [
        (HeldKind::Crl, true),
        (HeldKind::Csr, true),
        (HeldKind::PrivateKey, false),
        (HeldKind::PrivateKey, true),
        (HeldKind::PublicKey, true),
    ];
    assert_eq!(kinds, wanted);

    // The finding with its whole life, and nothing open.
    let page = FindingFilter { after: 0, limit: 10, which: FindingLife::All };
    let all = store.findings(page).await.expect("read");
    let (id, record) = all.first().expect("one");
    assert_eq!((record.since, record.until), (NOW, Some(back)));
    assert_eq!(record.finding, finding("expiring", "certificate:dmp", "15d"));
    assert_eq!(store.findings(FindingFilter { after: *id, ..page }).await.expect("read"), []);
    assert_eq!(store.findings(FindingFilter { which: FindingLife::Open, ..page }).await.expect("read"), []);

    // The trail: in order, filtered, whole, and short of what was noted elsewhere when it is cut.
    let scans = AuditFilter { action: Some(Action::Scan), ..AuditFilter::default() };
    let seqs = |found: Vec<(vigie::domain::audit_event::ChainedEvent, Fingerprint)>| {
        found.into_iter().map(|(event, _)| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(store.audit(&scans).await.expect("read")), [7, 6, 5, 4, 2]);
    let page = AuditFilter { after: 2, limit: 2, order: AuditOrder::OldestFirst, ..AuditFilter::default() };
    assert_eq!(seqs(store.audit(&page).await.expect("read")), [3, 4]);
    let report = store.verify_chain(Some(loaded.head)).await.expect("walked");
    assert_eq!((report.verified, report.head, report.broken), (last.seq, loaded.head, None));
    let noted = AuditHead { seq: last.seq + 1, hash: last.head };
    assert!(store.verify_chain(Some(noted)).await.expect("walked").broken.is_some());

    // A refused change leaves nothing, not even its events: a certificate without its bytes.
    let orphan = Changes { certificates: vec![records::record(200)], ..Changes::default() };
    let commit = Commit::new(event(Action::CertificateSeen, "x")).changes(Arc::new(orphan)).setting("left", "over");
    let refused = store.commit(commit, back).await.expect_err("refused");
    assert_eq!(refused.reason(), "store_conflict");
    assert_eq!(store.audit_head().await.expect("read"), loaded.head);
    assert_eq!(store.setting("left").await.expect("read"), None);

    // What no engine agrees on: NUL in a text, and whatever a failing action says.
    let mut odd = event(Action::AccessDenied, "a\0b\u{1f4a9}\n\"");
    odd.outcome = AuditOutcome::Refused;
    odd.reason = Some("\u{202e}\0".into());
    store.commit(Commit::new(odd), back).await.expect("committed");
    assert_eq!(store.verify_chain(None).await.expect("walked").broken, None);
    store.close().await;
}

#[tokio::test]
async fn writers_of_one_postgresql_share_one_chain() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.database().await;
    let (one, two) =
        (open(&url, folder.path()).await.expect("opened"), open(&url, folder.path()).await.expect("opened"));
    let write = async |store: &Store, who: &str| {
        for number in 0..15 {
            let told = event(Action::ScanRequested, &format!("{who} {number}"));
            store.commit(Commit::new(told).setting(who, number.to_string()), NOW).await.expect("committed");
        }
    };
    tokio::join!(write(&one, "one"), write(&two, "two"));
    let report = one.verify_chain(None).await.expect("walked");
    assert_eq!((report.verified, report.broken), (31, None));

    // The server throws everybody out: the next commit finds its way back.
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    server.run(&url, kill).await;
    one.commit(Commit::new(event(Action::Scan, "after")), NOW).await.expect("committed");
    assert_eq!(two.audit_head().await.expect("read").seq, 32);
}

#[test]
fn any_commits_load_as_they_were_on_sqlite() {
    let mut case = 0;
    let folder = tempfile::tempdir().expect("a folder");
    any_commits(16, async || {
        case += 1;
        let folder = folder.path().join(case.to_string());
        std::fs::create_dir(&folder).expect("a folder");
        open(&sqlite(&folder), &folder).await.expect("opened")
    });
}

#[test]
fn any_commits_load_as_they_were_on_postgresql() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    any_commits(6, async || open(&server.database().await, folder.path()).await.expect("opened"));
}

/// One scan of a few files: name, certificates, whether something in it could not be read.
type Files = Vec<(u8, Vec<u8>, bool)>;

/// Whatever is scanned, judged and committed, a reload gives the memory's state and the chain holds.
fn any_commits(cases: u32, mut open: impl AsyncFnMut() -> Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let files = prop::collection::vec((0..6_u8, prop::collection::vec(0..9_u8, 0..4), any::<bool>()), 0..8);
    let gone = prop::collection::vec(0..6_u8, 0..3);
    let judged = prop::collection::btree_map(0..5_u8, 0..3_u8, 0..5);
    let steps = prop::collection::vec((files, gone, judged), 1..7);
    // The cases are drawn with a fixed seed: the same ones on every machine.
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    for _ in 0..cases {
        let steps = steps.new_tree(&mut runner).expect("a case").current();
        runtime.block_on(async {
            let store = open().await;
            let mut inventory = Inventory::default();
            let mut open_findings = BTreeMap::new();
            for (index, (files, gone, judged)) in steps.iter().enumerate() {
                let now = NOW.plus_seconds(i64::try_from(index).expect("small") / 2);
                let changes = Arc::new(reconcile(&inventory, vec![scan(now, files, gone)], &HashMap::new()));
                inventory = inventory.after(&changes);
                let findings = judge(&mut open_findings, judged, now);
                let commit = Commit::new(event(Action::Scan, "source:s"))
                    .events((0..index).map(|_| event(Action::FindingChanged, "x")))
                    .changes(changes)
                    .findings(Arc::new(findings))
                    .setting("last", index.to_string());
                store.commit(commit, now).await.expect("committed");
                let loaded = store.load().await.expect("loaded");
                same(&loaded, &inventory, &open_findings);
                histories(&store, &inventory).await;
            }
            assert_eq!(store.verify_chain(None).await.expect("walked").broken, None);
            store.close().await;
        });
    }
}

fn scan(now: vigie::domain::time::Timestamp, files: &Files, gone: &[u8]) -> Gathered {
    let unique: BTreeMap<u8, &(u8, Vec<u8>, bool)> = files.iter().map(|file| (file.0, file)).collect();
    let observations = unique
        .values()
        .map(|(name, seeds, problem)| {
            let mut seen = file(&format!("/{name}"), seeds);
            if *problem {
                seen.problems = [Problem { reason: "malformed".into(), message: "x".into() }].into();
            }
            seen
        })
        .collect();
    let mut run = gathered(now, observations);
    run.gone = gone
        .iter()
        .filter(|name| !unique.contains_key(name))
        .map(|name| file(&format!("/{name}"), &[]).location)
        .collect();
    run
}

/// Compares with what is open and applies the difference to it.
fn judge(
    open: &mut BTreeMap<FindingKey, FindingRecord>,
    judged: &BTreeMap<u8, u8>,
    now: vigie::domain::time::Timestamp,
) -> FindingChanges {
    let is: BTreeMap<FindingKey, _> = judged
        .iter()
        .map(|(subject, step)| finding("expiring", &format!("certificate:{subject}"), &step.to_string()))
        .map(|finding| (finding.key.clone(), finding))
        .collect();
    let mut changes = FindingChanges::default();
    changes.closed.extend(open.keys().filter(|key| !is.contains_key(*key)).cloned());
    open.retain(|key, _| is.contains_key(key));
    for (key, finding) in is {
        match open.get_mut(&key) {
            Some(known) if known.finding == finding => {}
            Some(known) => {
                known.finding = finding.clone();
                changes.changed.push(finding);
            }
            None => {
                open.insert(key, FindingRecord { finding: finding.clone(), since: now, until: None });
                changes.opened.push(finding);
            }
        }
    }
    changes
}

fn same(loaded: &Snapshot, inventory: &Inventory, findings: &BTreeMap<FindingKey, FindingRecord>) {
    assert_eq!(loaded.certificates, *inventory.certificates);
    assert_eq!(loaded.observations, *inventory.observations);
    assert_eq!(loaded.cards, *inventory.cards);
    assert_eq!(loaded.sources, inventory.sources);
    let plain = |records: &BTreeMap<FindingKey, FindingRecord>| -> Vec<(String, Facts, FindingRecord)> {
        let facts = |record: &FindingRecord| record.finding.facts.clone();
        records.iter().map(|(key, record)| (key.subject.to_string(), facts(record), record.clone())).collect()
    };
    assert_eq!(plain(&loaded.findings), plain(findings));
}

/// At every location the open intervals are exactly the certificates it holds.
async fn histories(store: &Store, inventory: &Inventory) {
    for (location, observation) in inventory.observations.iter() {
        let history = store.history_of(location).await.expect("read");
        let mut open: Vec<_> =
            history.iter().filter(|life| life.last_seen.is_none()).filter_map(|life| life.digest).collect();
        let mut held: Vec<_> = observation.certificates().collect();
        open.sort_unstable();
        held.sort_unstable();
        held.dedup();
        assert_eq!(open, held, "{location}");
        assert!(history.iter().all(|life| life.last_seen.is_none_or(|end| end >= life.first_seen)));
    }
}
