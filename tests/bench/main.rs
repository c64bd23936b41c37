//! `make bench`: what Vigie costs, as ratios to the floor and to the peers, measured side by side in one run.
//!
//! Settings: `VIGIE_BENCH_FILES` (certificates of the largest estate, 100000), `VIGIE_BENCH_IDLE` (seconds of idling, 10),
//! `VIGIE_BENCH_ENTRIES` (entries of the largest revocation list, 5000000), `VIGIE_BENCH_ONLY` (one part alone: `inventory`,
//! `alerts`, `daemon` or `crl`).
//! Files go below `target/tmp`, on a real disk.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at what it did not expect"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and its settings")]

mod alerts;
mod crl;
mod daemon;
mod estate;
#[path = "../it/support/made_pki.rs"]
mod made_pki;
mod report;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use vigie::clock::{Clock as _, SystemClock};
use vigie::config::{ScanConfig, StoreConfig};
use vigie::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use vigie::domain::finding::FindingChanges;
use vigie::domain::inventory::Inventory;
use vigie::domain::reconcile::reconcile;
use vigie::domain::time::Timestamp;
use vigie::pki::issuer_links::{Authorities, Known, issuer_links};
use vigie::policy::{self, Settings, synthetic};
use vigie::sources::file::FileSource;
use vigie::store::{Commit, Opening, Store};

use daemon::{Daemon, VIGIE};
use estate::Template;
use report::{at_least, at_most, heading, told};

/// What certmonger needs for `getcert list` of 400 (5.4 ms each) and idle: the peers' figures the goals stand on.
const GETCERT_LIST_MS: f64 = 400.0 * 5.4;
const CERTMONGER_IDLE_MIB: f64 = 15.9;

fn main() {
    if crl::child(&std::env::args().collect::<Vec<_>>()) {
        return;
    }
    let largest = setting("VIGIE_BENCH_FILES", 100_000).max(1_000);
    let now = SystemClock::new().now();
    let folder = tempfile::Builder::new().prefix("bench").tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let entries = setting("VIGIE_BENCH_ENTRIES", 5_000_000).max(1_000);
    let only = std::env::var("VIGIE_BENCH_ONLY").ok();
    let asked = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let (files, template) = (folder.path().join("files"), Template::new(now));
    if asked("inventory") {
        inventories(&template, &files, folder.path(), largest, now);
    }
    if asked("alerts") {
        alerts::figures(folder.path());
    }
    if asked("daemon") {
        let (few, one) = (folder.path().join("few"), folder.path().join("one"));
        template.write(&few, 0, 400);
        template.write(&one, 0, 1);
        template.write(&files, 0, largest);
        small_daemon(&folder.path().join("small"), &few);
        large_daemon(folder.path(), &files, &one, largest);
        heading("Binary");
        let size = std::fs::metadata(VIGIE).expect("the binary").len() as f64 / 1e6;
        at_most("P18", "stripped binary", size, 16.0, "MB");
    }
    if asked("crl") {
        crl::figures(folder.path(), entries);
    }
}

/// P8 to P10 over estates of growing size, and what is made of the largest.
fn inventories(template: &Template, files: &Path, folder: &Path, largest: usize, now: Timestamp) {
    let sizes: Vec<usize> =
        [1_000, 10_000, 100_000].into_iter().filter(|size| *size < largest).chain([largest]).collect();
    let mut costs = Vec::new();
    let mut written = 0;
    for size in &sizes {
        template.write(files, written, *size);
        written = *size;
        costs.push(inventory(files, *size, folder, now));
    }
    growth(&sizes, &costs);
    openssl(files, largest, costs.last().expect("a size"));
    signatures(template, files);
    judging(now);
}

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What one size of estate costs, in seconds.
struct Cost {
    scan: f64,
    whole: f64,
}

/// P8 and P10 over `count` files.
fn inventory(files: &Path, count: usize, folder: &Path, now: Timestamp) -> Cost {
    heading(&format!("Inventory of {count} files (2 cores, warm cache)"));
    let clock = SystemClock::new();
    let nobody = Inventory::default();
    let bytes = estate::read_all(files);
    // Floor and scan alternate, so that what else the machine does falls on both.
    let (mut floor, mut scan, mut reconciled) = (f64::MAX, f64::MAX, f64::MAX);
    let (mut stored, mut loaded) = (f64::MAX, f64::MAX);
    let mut kept = None;
    for round in 0..3 {
        floor = floor.min(time(|| assert_eq!(estate::read_all(files), bytes)));
        let source = FileSource::new("files", &[files.to_owned()], HashSet::new(), ScanConfig::default());
        let start = Instant::now();
        let (gathered, stats) = source.sweep(&nobody, &clock);
        scan = scan.min(start.elapsed().as_secs_f64());
        assert_eq!((gathered.certificates.len(), stats.opened), (count, count as u64), "{:?}", gathered.errors.first());
        let start = Instant::now();
        let changes = Arc::new(reconcile(&nobody, vec![gathered], &HashMap::new()));
        let inventory = nobody.clone().after(&changes);
        reconciled = reconciled.min(start.elapsed().as_secs_f64());
        let name = format!("store-{count}-{round}");
        let (commit, load) = store(&folder.join(name), Arc::clone(&changes), now);
        (stored, loaded) = (stored.min(commit), loaded.min(load));
        kept = Some((source, inventory));
    }
    let whole = scan + reconciled + stored;
    let each = |seconds: f64| format!("{:.1} µs each", seconds / count as f64 * 1e6);
    told("read floor: open and read every file", &each(floor));
    told("scan and classify", &each(scan));
    told("reconcile", &each(reconciled));
    told("store, with one audit event a certificate", &each(stored));
    told("open the store and load it", &each(loaded));
    at_most("P8", "scan + classify + store ÷ read floor", whole / floor, 6.0, "×");
    told("scan + classify alone ÷ read floor", &format!("{:.2} ×", scan / floor));

    let (source, inventory) = kept.expect("a round");
    let (mut walk, mut again) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        walk = walk.min(time(|| assert_eq!(estate::walk_and_stat(files), count as u64)));
        let start = Instant::now();
        let (gathered, stats) = source.sweep(&inventory, &clock);
        again = again.min(start.elapsed().as_secs_f64());
        assert_eq!((gathered.observations.len(), stats.opened), (0, 0), "an unchanged file was opened");
    }
    told("walk + stat", &each(walk));
    at_most("P10", "rescan of unchanged files (none opened) ÷ walk + stat", again / walk, 1.5, "×");
    Cost { scan, whole }
}

/// Seconds to commit what a first scan found, as the engine does: one transaction, one event a certificate; and to load it again.
fn store(folder: &Path, changes: Arc<vigie::domain::reconcile::Changes>, now: Timestamp) -> (f64, f64) {
    std::fs::create_dir_all(folder).expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let config = StoreConfig { url: format!("sqlite://{}/vigie.db", folder.display()), password_file: None };
        let opening = Opening { state_dir: folder.to_owned(), node: "bench".into(), boot_id: "bench".into(), now };
        let certificates = changes.certificates.len();
        let store = Store::open(&config, opening.clone()).await.expect("opened");
        let event = |action, object: String| AuditEvent {
            at: now,
            actor: Actor::Scheduler,
            origin: Origin::Internal,
            action,
            object,
            outcome: AuditOutcome::Done,
            reason: None,
        };
        let start = Instant::now();
        let seen = changes.ders.keys().map(|found| event(Action::CertificateSeen, format!("sha256:{found}")));
        let commit = Commit::new(event(Action::Scan, "source:files".to_owned())).events(seen);
        let commit = commit.changes(changes).findings(Arc::new(FindingChanges::default()));
        store.commit(commit, now).await.expect("committed");
        let took = start.elapsed().as_secs_f64();
        store.close().await;
        let start = Instant::now();
        let store = Store::open(&config, opening).await.expect("opened again");
        assert_eq!(store.load().await.expect("loaded").certificates.len(), certificates);
        let loaded = start.elapsed().as_secs_f64();
        store.close().await;
        (took, loaded)
    })
}

fn growth(sizes: &[usize], costs: &[Cost]) {
    heading("Growth (1 is linear)");
    for ((smaller, before), (larger, after)) in sizes.iter().zip(costs).zip(sizes.iter().zip(costs).skip(1)) {
        let factor = *larger as f64 / *smaller as f64;
        let scan = after.scan / before.scan / factor;
        let whole = after.whole / before.whole / factor;
        told(&format!("scan, {smaller} → {larger}"), &format!("{scan:.2}"));
        at_most("", &format!("scan + reconcile + store, {smaller} → {larger}"), whole, 1.25, "×");
    }
}

/// P9 over a sample.
fn openssl(files: &Path, count: usize, cost: &Cost) {
    heading("Peers");
    let sample = estate::sample(files, 200, count);
    let took = time(|| {
        for path in &sample {
            let asked = ["x509", "-noout", "-subject", "-issuer", "-dates", "-fingerprint", "-sha256", "-in"];
            let said = Command::new("openssl").args(asked).arg(path).stdout(Stdio::null()).status();
            assert!(said.expect("openssl runs: apt-get install openssl").success());
        }
    });
    let (theirs, ours) = (took / sample.len() as f64, cost.whole / count as f64);
    told("an `openssl x509` loop", &format!("{:.2} ms each", theirs * 1e3));
    at_most("P9", "inventory ÷ that loop, a certificate", ours / theirs, 1.0 / 500.0, "×");
}

/// What knowing the issuer of a new certificate costs. The signatures here do not hold, which takes as long to see.
fn signatures(template: &Template, files: &Path) {
    let source = FileSource::new("files", &[files.join("0000")], HashSet::new(), ScanConfig::default());
    let found = source.gather(&Inventory::default(), &SystemClock::new()).certificates;
    let children: Vec<Known> = found.into_iter().map(|(facts, der)| Known { facts, der }).collect();
    let authorities = Authorities::new([template.authority()]);
    let took = (0..3).map(|_| time(|| assert_eq!(issuer_links(&children, &authorities, 1).len(), children.len())));
    let each = took.fold(f64::MAX, f64::min) / children.len() as f64;
    told("issuer found by signature, RSA 2048, once a certificate", &format!("{:.1} µs each", each * 1e6));
}

fn judging(now: Timestamp) {
    heading("Judging 100000 made-up certificates, a quarter of them declared");
    let inventory = synthetic::inventory(100_000, now);
    let settings = Settings::default();
    let mut findings = 0;
    let took =
        (0..3).map(|_| time(|| findings = policy::evaluate(&inventory, &settings, now).len())).fold(f64::MAX, f64::min);
    told("findings", &findings.to_string());
    at_most("", "evaluate, every rule", took, 1.0, "s");
}

/// P12 to P15 with 400 certificates.
fn small_daemon(folder: &Path, files: &Path) {
    heading("The daemon with 400 certificates");
    let daemon = Daemon::start(folder, files);
    daemon.scanned();
    daemon.stop();
    // As it is day after day: started with everything known.
    let daemon = Daemon::start(folder, files);
    daemon.scanned();
    // Threads that blocked on files linger for ten seconds; what is measured is the time after them.
    std::thread::sleep(Duration::from_secs(11));
    let before = daemon.spent();
    let idle = setting("VIGIE_BENCH_IDLE", 10);
    std::thread::sleep(Duration::from_secs(idle as u64));
    let after = daemon.spent();
    let resident = daemon.resident() as f64 / f64::from(1 << 20);
    at_most("P13", "idle RSS ÷ certmonger's", resident / CERTMONGER_IDLE_MIB, 1.0, "×");
    told("idle RSS", &format!("{resident:.1} MiB"));
    at_most("P14", &format!("CPU ticks in {idle} idle seconds"), (after.0 - before.0) as f64, 1.0, "ticks");
    // A thread that ended meanwhile takes its count with it.
    let wakes = after.1.saturating_sub(before.1) as f64 / idle as f64;
    at_most("P14", "wake-ups a second", wakes, 1.0, "/s");

    let took = (0..20).map(|_| daemon.command(&["list", "--json"]).as_secs_f64() * 1e3).sum::<f64>() / 20.0;
    told("vigie list --json, a whole process", &format!("{took:.1} ms"));
    at_most("P12", "that ÷ `getcert list`", took / GETCERT_LIST_MS, 1.0 / 100.0, "×");

    let (mut health, mut status, mut p99) = (0.0, 0.0, Duration::MAX);
    for _ in 0..3 {
        let time = Duration::from_secs(1);
        health = daemon.rate("/healthz", 16, time).0.max(health);
        let (rate, slowest) = daemon.rate("/api/v1/status", 16, time);
        (status, p99) = (rate.max(status), slowest.min(p99));
    }
    told("/healthz, 16 connections", &format!("{health:.0} /s"));
    told("/api/v1/status, 16 connections", &format!("{status:.0} /s"));
    at_least("P15", "/api/v1/status ÷ /healthz", status / health, 0.6, "×");
    at_most("P15", "99 of 100 answers within", p99.as_secs_f64() * 1e3, 1.0, "ms");
    daemon.stop();
}

/// P11 and the time to be ready.
fn large_daemon(folder: &Path, files: &Path, one: &Path, count: usize) {
    heading(&format!("The daemon with {count} certificates"));
    let large = folder.join("large");
    let daemon = Daemon::start(&large, files);
    let took = daemon.scanned();
    told("first scan, from an empty database", &format!("{:.2} s", took.as_secs_f64()));
    told("RSS after it", &format!("{:.1} MiB", daemon.resident() as f64 / f64::from(1 << 20)));
    daemon.stop();

    let nearly_none = Daemon::start(&folder.join("little"), one);
    nearly_none.scanned();
    nearly_none.stop();
    let nearly_none = Daemon::start(&folder.join("little"), one);
    nearly_none.scanned();
    let floor = nearly_none.resident();
    nearly_none.stop();

    let daemon = Daemon::start(&large, files);
    at_most("", "READY after a restart", daemon.ready.as_secs_f64(), 1.0, "s");
    let start = Instant::now();
    assert!(daemon.status().contains("\"declared\":0"));
    told("first status after it", &format!("{:.2} ms", start.elapsed().as_secs_f64() * 1e3));
    told("the scan after it", &format!("{:.2} s", daemon.scanned().as_secs_f64()));
    let each = (daemon.resident().saturating_sub(floor)) as f64 / count as f64;
    at_most("P11", "RSS a tracked certificate, over that with one", each, 1024.0, "B");
    daemon.stop();
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
