//! What keeping costs: one commit of N new certificates with everything that goes with them, a reload, and a quiet commit.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at what it did not expect"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]
#![allow(dead_code, reason = "the records are shared with the tests")]

#[path = "../it/keeping/records.rs"]
mod records;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use vigie::config::StoreConfig;
use vigie::domain::audit_event::Action;
use vigie::domain::finding::FindingChanges;
use vigie::domain::inventory::Inventory;
use vigie::domain::observation::{Content, ContentKind, Location};
use vigie::domain::reading::Format;
use vigie::domain::reconcile::{Gathered, reconcile};
use vigie::store::{Commit, Opening, Store};

use records::{NOW, certificate, event, file, finding};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>10} {:>12} {:>10}",
        "certs", "commit s", "close s", "open s", "load s", "B/cert RSS", "quiet ms"
    );
    for count in [1_000_u32, 10_000, 100_000] {
        measure(count).await;
    }
}

async fn measure(count: u32) {
    let folder = tempfile::Builder::new().prefix("store-bench").tempdir_in(".").expect("a folder");
    let store = open(folder.path()).await;
    let (changes, findings, events) = input(count);
    let commit = Commit::new(event(Action::Scan, "source:s"))
        .events(events)
        .changes(Arc::clone(&changes))
        .findings(Arc::new(findings));
    let start = Instant::now();
    store.commit(commit, NOW).await.expect("committed");
    let committed = start.elapsed().as_secs_f64();
    drop(changes);
    let start = Instant::now();
    store.close().await;
    let closed = start.elapsed().as_secs_f64();

    let before = resident();
    let start = Instant::now();
    let store = open(folder.path()).await;
    let opened = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let snapshot = store.load().await.expect("loaded");
    let loaded = start.elapsed().as_secs_f64();
    let memory = resident().saturating_sub(before) / u64::from(count);
    assert_eq!(snapshot.certificates.len(), count as usize);
    assert_eq!(snapshot.observations.len(), count as usize);
    assert_eq!(snapshot.findings.len(), count as usize);

    let rounds = 100;
    let start = Instant::now();
    for _ in 0..rounds {
        store.commit(Commit::new(event(Action::Scan, "source:s")), NOW).await.expect("committed");
    }
    let quiet = start.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds);
    println!("{count:>8} {committed:>10.3} {closed:>10.3} {opened:>10.3} {loaded:>10.3} {memory:>12} {quiet:>10.2}");
    store.close().await;
}

async fn open(folder: &Path) -> Store {
    let config = StoreConfig { url: format!("sqlite://{}/vigie.db", folder.display()), password_file: None };
    let opening = Opening {
        state_dir: folder.to_owned(),
        node: "node-1".into(),
        boot_id: "b0f1c1de-0000-4000-8000-000000000000".into(),
        now: NOW,
    };
    Store::open(&config, opening).await.expect("opened")
}

/// As many certificates, files, findings and twice as many events.
fn input(
    count: u32,
) -> (Arc<vigie::domain::reconcile::Changes>, FindingChanges, Vec<vigie::domain::audit_event::AuditEvent>) {
    let mut run = Gathered {
        source: "s".into(),
        kind: "file".into(),
        finished_at: NOW,
        seen: count.into(),
        ..Gathered::default()
    };
    let mut findings = FindingChanges::default();
    let mut events = Vec::new();
    for seed in 0..count {
        let (facts, der) = certificate(seed);
        let mut seen = file(&format!("/srv/etablissement-{}/tls/service-{seed}.pem", seed % 100), &[]);
        let kind = ContentKind::Certificate(facts.fingerprint);
        seen.contents = [Content { index: 0, format: Format::Pem, kind }].into();
        let subject = format!("sha256:{}", facts.fingerprint);
        findings.opened.push(finding("undeclared", &subject, "x"));
        events.push(event(Action::CertificateSeen, &subject));
        events.push(event(Action::FindingOpened, &subject));
        assert!(matches!(seen.location, Location::File(_)));
        run.observations.push(seen);
        run.certificates.push((facts, der));
    }
    (Arc::new(reconcile(&Inventory::default(), vec![run], &HashMap::new())), findings, events)
}

/// Resident set in bytes, as the kernel counts it.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("statm");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}
