//! Somebody edits the audit trail with the database's own tools: the walk along the chain names the place.

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use vigie::domain::audit_event::Action;
use vigie::pki::digest::sha256;
use vigie::store::{AuditFilter, AuditHead, AuditOrder, Commit, Store};

use super::records::{NOW, event};
use super::{open, sqlite};

/// A database with ten events; the first is the schema's.
async fn ten_events(folder: &Path) -> (Store, AuditHead) {
    let store = open(&sqlite(folder), folder).await.expect("opened");
    for number in 2..=10 {
        let told = event(Action::ScanRequested, &format!("object {number}"));
        store.commit(Commit::new(told), NOW).await.expect("committed");
    }
    let head = store.audit_head().await.expect("read");
    assert_eq!(head.seq, 10);
    (store, head)
}

async fn edit(folder: &Path, sql: &str) -> Result<(), sqlx::Error> {
    let path = folder.join("vigie.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.map(drop);
    connection.close().await?;
    done
}

const WITHOUT_TRIGGERS: &str = "DROP TRIGGER audit_event_keeps_update; DROP TRIGGER audit_event_keeps_delete; ";

#[tokio::test]
async fn accidents_are_refused_by_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = ten_events(folder.path()).await;
    for sql in ["UPDATE audit_event SET at = 0", "DELETE FROM audit_event WHERE seq = 10"] {
        let refused = edit(folder.path(), sql).await.expect_err(sql);
        assert!(refused.to_string().contains("append only"), "{refused}");
    }
    assert_eq!(store.verify_chain(None).await.expect("walked").broken, None);
}

#[tokio::test]
async fn every_edit_is_found_where_it_was_made() {
    let edits = [
        ("UPDATE audit_event SET object = 'other' WHERE seq = 4", 4),
        ("UPDATE audit_event SET at = at + 1 WHERE seq = 10", 10),
        ("UPDATE audit_event SET reason = '' WHERE seq = 5", 5),
        ("UPDATE audit_event SET node = 'node-2' WHERE seq = 1", 1),
        ("UPDATE audit_event SET actor = 'root' WHERE seq = 3", 3),
        ("UPDATE audit_event SET action = 'nothing' WHERE seq = 3", 3),
        ("UPDATE audit_event SET hash = zeroblob(32) WHERE seq = 6", 6),
        ("UPDATE audit_event SET hash = zeroblob(31) WHERE seq = 6", 6),
        ("UPDATE audit_event SET previous = zeroblob(32) WHERE seq = 7", 7),
        ("DELETE FROM audit_event WHERE seq = 1", 1),
        ("DELETE FROM audit_event WHERE seq = 5", 5),
        ("DELETE FROM audit_event WHERE seq = 5; UPDATE audit_event SET seq = seq - 1 WHERE seq > 5", 5),
        (
            "UPDATE audit_event SET seq = -4 WHERE seq = 4; UPDATE audit_event SET seq = 4 WHERE seq = 5; UPDATE audit_event SET seq = 5 WHERE seq = -4",
            4,
        ),
        (
            "INSERT INTO audit_event SELECT 11, at, boot_id, node, actor, origin, action, object, outcome, reason, previous, hash FROM audit_event WHERE seq = 10",
            11,
        ),
        (
            "INSERT INTO audit_event SELECT 0, at, boot_id, node, actor, origin, action, object, outcome, reason, previous, hash FROM audit_event WHERE seq = 1",
            1,
        ),
        (
            "INSERT INTO audit_event SELECT 12, at, boot_id, node, actor, origin, action, object, outcome, reason, hash, hash FROM audit_event WHERE seq = 10",
            11,
        ),
    ];
    for (sql, seq) in edits {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = ten_events(folder.path()).await;
        edit(folder.path(), &format!("{WITHOUT_TRIGGERS}{sql}")).await.expect(sql);
        let report = store.verify_chain(None).await.expect("walked");
        let broken = report.broken.unwrap_or_else(|| panic!("not found: {sql}"));
        assert_eq!(broken.seq, seq, "{sql}: {}", broken.why);
        assert_eq!(report.verified, seq - 1, "{sql}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_cut_or_rebuilt_chain_needs_the_head_that_was_noted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, head) = ten_events(folder.path()).await;

    // From event 8 on, rebuilt with the product's own canonical form: nothing inside tells.
    let page = AuditFilter { after: 7, order: AuditOrder::OldestFirst, ..AuditFilter::default() };
    let mut sql = WITHOUT_TRIGGERS.to_owned();
    let mut previous = None;
    for (mut chained, _) in store.audit(&page).await.expect("read") {
        chained.event.object = "rewritten".into();
        chained.previous = previous.unwrap_or(chained.previous);
        let hash = sha256(&chained.canonical());
        sql += &format!(
            "UPDATE audit_event SET object = 'rewritten', previous = x'{}', hash = x'{hash}' WHERE seq = {}; ",
            chained.previous, chained.seq
        );
        previous = Some(hash);
    }
    edit(folder.path(), &sql).await.expect("rewritten");
    assert_eq!(store.verify_chain(None).await.expect("walked").broken, None, "the chain alone cannot tell");
    assert_eq!(store.verify_chain(Some(head)).await.expect("walked").broken.expect("told").seq, 10);

    // The tail cut off, which is also what an older copy looks like.
    edit(folder.path(), "DELETE FROM audit_event WHERE seq > 8").await.expect("cut");
    assert_eq!(store.verify_chain(None).await.expect("walked").broken, None);
    assert_eq!(store.verify_chain(Some(head)).await.expect("walked").broken.expect("told").seq, 9);
}
