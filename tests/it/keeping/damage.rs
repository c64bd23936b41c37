//! Databases that must be refused: damaged, foreign, newer, missing, replaced. Never changed, never silently begun anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use vigie::domain::audit_event::Action;
use vigie::domain::inventory::Inventory;
use vigie::domain::reconcile::reconcile;
use vigie::store::{Commit, Snapshot, Store, StoreError};

use super::records::{NOW, event, file, gathered};
use super::{open, sqlite};
use crate::support::postgres::Postgres;

const CERTIFICATES: usize = 12;

/// A closed database with a dozen certificates.
async fn filled(folder: &Path) -> PathBuf {
    let store = open(&sqlite(folder), folder).await.expect("a first start");
    fill(&store).await;
    store.close().await;
    let path = folder.join("vigie.db");
    assert!(!folder.join("vigie.db-wal").exists(), "closing folds the log in");
    path
}

async fn fill(store: &Store) {
    let seeds: Vec<u8> = (0..12).collect();
    let files = seeds.iter().map(|seed| file(&format!("/{seed}.pem"), &[*seed])).collect();
    let changes = Arc::new(reconcile(&Inventory::default(), vec![gathered(NOW, files)], &Default::default()));
    let events: Vec<_> = (0..40).map(|_| event(Action::CertificateSeen, "sha256:00")).collect();
    let commit = Commit::new(event(Action::Scan, "source:s")).events(events).changes(changes);
    store.commit(commit, NOW).await.expect("committed");
}

/// Opening refuses with this reason, says which database it speaks of, and leaves the file as it is.
async fn refused(folder: &Path, path: &Path, reason: &str) {
    let before = fs::read(path).ok();
    let error = open(&sqlite(folder), folder).await.err().unwrap_or_else(|| panic!("{reason}: opened"));
    assert_eq!(error.reason(), reason, "{error}");
    assert!(error.to_string().contains(&*path.display().to_string()), "{error}");
    assert_eq!(fs::read(path).ok(), before, "{reason}: the file was changed");
}

async fn run_sql(path: &Path, sql: &str) {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await
        .expect("sqlite");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, path) = (folder.path(), folder.path().join("vigie.db"));
    for (bytes, reason) in [
        (Vec::new(), "store_not_a_database"),
        (b"SQLite".to_vec(), "store_not_a_database"),
        (b"# notes about the database\n".repeat(400), "store_not_a_database"),
    ] {
        fs::write(&path, bytes).expect("written");
        refused(folder, &path, reason).await;
    }
    fs::remove_file(&path).expect("removed");
    run_sql(&path, "PRAGMA application_id = 252006674; CREATE TABLE keys (id INTEGER)").await;
    refused(folder, &path, "store_foreign").await;
    run_sql(&path, "PRAGMA application_id = 0").await;
    refused(folder, &path, "store_foreign").await;
    // Somebody else's tables under our mark.
    run_sql(&path, &format!("PRAGMA application_id = {}", 0x5647_4945)).await;
    refused(folder, &path, "store_foreign").await;
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder in its place");
    refused(folder, &path, "store_not_a_database").await;
    assert!(!folder.join("store.id").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_later_or_other_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).expect("read");
    run_sql(&path, "PRAGMA user_version = 99").await;
    refused(folder.path(), &path, "store_newer").await;
    fs::write(&path, &whole).expect("restored");
    run_sql(&path, "INSERT INTO schema_migration VALUES (99, 'later', x'00', 0)").await;
    refused(folder.path(), &path, "store_newer").await;
    fs::write(&path, &whole).expect("restored");
    run_sql(&path, "UPDATE schema_migration SET checksum = x'00'").await;
    refused(folder.path(), &path, "store_altered").await;
    fs::write(&path, &whole).expect("restored");
    run_sql(&path, "UPDATE meta SET value = 'other' WHERE name = 'product'").await;
    refused(folder.path(), &path, "store_foreign").await;
    fs::write(&path, &whole).expect("restored");
    open(&sqlite(folder.path()), folder.path()).await.expect("as it was").close().await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_a_first_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(folder.path()).await;
    let kept = fs::read(&path).expect("read");
    fs::remove_file(&path).expect("removed");
    refused(folder.path(), &path, "store_missing").await;
    assert!(!path.exists(), "nothing was made in its place");

    // Another database of ours in its place is no better.
    let other = tempfile::tempdir().expect("a folder");
    let store = super::open(&sqlite(other.path()), other.path()).await.expect("another one");
    store.close().await;
    let mut bytes = fs::read(other.path().join("vigie.db")).expect("read");
    fs::write(&path, &bytes).expect("in its place");
    run_sql(&path, "DROP TRIGGER audit_event_keeps_update; UPDATE audit_event SET hash = zeroblob(32)").await;
    refused(folder.path(), &path, "store_replaced").await;

    // The log alone is not a first start either.
    fs::remove_file(&path).expect("removed");
    fs::remove_file(folder.path().join("store.id")).expect("forgotten");
    bytes.truncate(4096);
    fs::write(folder.path().join("vigie.db-wal"), &bytes).expect("written");
    refused(folder.path(), &path, "store_damaged").await;
    fs::remove_file(folder.path().join("vigie.db-wal")).expect("removed");

    // The backup comes back, or the administrator says that there was none.
    fs::write(&path, kept).expect("restored");
    let store = open(&sqlite(folder.path()), folder.path()).await.expect("restored");
    assert_eq!(store.load().await.expect("loaded").certificates.len(), CERTIFICATES);
    store.close().await;
}

#[tokio::test]
async fn a_start_cut_short_is_a_first_start_again() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("vigie.db.new"), b"half a data").expect("written");
    let path = filled(folder.path()).await;
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).expect("listed").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["store.id", "vigie.db", "vigie.db.lock"]);
}

#[tokio::test]
async fn certificates_without_their_bytes_are_told_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(folder.path()).await;
    run_sql(&path, "PRAGMA foreign_keys = OFF; DELETE FROM certificate_der WHERE fingerprint = (SELECT MAX(fingerprint) FROM certificate_der)").await;
    refused(folder.path(), &path, "store_damaged").await;
}

#[tokio::test]
async fn truncated_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).expect("read");
    for part in 1..20 {
        fs::write(&path, &whole[..whole.len() * part / 20]).expect("cut");
        let error =
            open(&sqlite(folder.path()), folder.path()).await.err().unwrap_or_else(|| panic!("{part}/20 opened"));
        assert!(["store_damaged", "store_not_a_database"].contains(&error.reason()), "{part}/20: {error}");
        assert_eq!(fs::metadata(&path).expect("there").len() as usize, whole.len() * part / 20);
    }
}

#[tokio::test]
async fn a_flipped_bit_never_empties_the_inventory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).expect("read");
    // Numerical Recipes' generator: the same places on every machine.
    let mut state = 20_261_121_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let (mut refused, mut opened) = (0, 0);
    for _ in 0..200 {
        // Most of a page is empty: only bytes that say something.
        let (place, bit) = loop {
            let place = draw() % whole.len();
            if whole[place] != 0 {
                break (place, draw() % 8);
            }
        };
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << bit;
        fs::write(&path, &damaged).expect("written");
        let loaded = match open(&sqlite(folder.path()), folder.path()).await {
            Ok(store) => {
                let loaded = used(&store).await;
                store.close().await;
                loaded
            }
            Err(error) => Err(error),
        };
        match loaded {
            Ok(snapshot) => {
                opened += 1;
                assert_eq!(snapshot.certificates.len(), CERTIFICATES, "byte {place} bit {bit}");
                assert_eq!(snapshot.observations.len(), CERTIFICATES, "byte {place} bit {bit}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(fs::read(&path).expect("read"), damaged, "byte {place} bit {bit}: {error}");
            }
        }
    }
    // The rest is unused space and what people read beside the packed facts.
    assert!(refused > 25 && opened > 25, "{refused} refused, {opened} opened");
}

/// Everything in the database, used: the inventory, every certificate's bytes, the whole trail.
async fn used(store: &Store) -> Result<Snapshot, StoreError> {
    let snapshot = store.load().await?;
    let all: Vec<_> = snapshot.certificates.keys().copied().collect();
    store.ders(&all).await?;
    let report = store.verify_chain(None).await?;
    match report.broken {
        None => Ok(snapshot),
        Some(broken) => Err(StoreError::Damaged { place: store.place().to_owned(), what: broken.why }),
    }
}

#[tokio::test]
async fn postgresql_is_held_to_the_same() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    let run = async |url: &str, sql: &str| {
        let mut connection = PgConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.map(drop)
    };
    let reason = async |url: &str| open(url, folder.path()).await.map(drop).expect_err("refused").reason();
    let foreign = server.database().await;
    run(&foreign, "CREATE TABLE keys (id BIGINT)").await.expect("a table");
    assert_eq!(reason(&foreign).await, "store_foreign");

    let url = server.database().await;
    let store = open(&url, folder.path()).await.expect("a first start");
    fill(&store).await;
    store.close().await;
    for change in ["UPDATE audit_event SET at = 0", "DELETE FROM audit_event", "TRUNCATE audit_event"] {
        assert!(run(&url, change).await.is_err(), "{change}");
    }
    run(&url, "INSERT INTO schema_migration VALUES (99, 'later', '', 0)").await.expect("a row");
    assert_eq!(reason(&url).await, "store_newer");
    run(&url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.expect("emptied");
    assert_eq!(reason(&url).await, "store_missing");
    assert_eq!(reason("postgres://vigie@localhost/d?host=/nowhere").await, "store_unreachable");
}
