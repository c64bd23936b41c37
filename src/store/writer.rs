//! The connections that write, and what becomes of one on which something failed.
//!
//! SQLite ends a transaction by itself on a full disk, a failed write and some more (<https://www.sqlite.org/lang_transaction.html>,
//! "Response To Errors Within A Transaction"). The driver counts transactions on its own and does not notice: on that connection
//! every later one would be refused. So a connection on which anything failed is never used again.

use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard};

/// Where a connection to write with comes from. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) enum Writer {
    /// One connection, opened again when it was given up.
    Sqlite(Arc<SqliteWriter>),
    /// Any of the pool, which tests them itself, coming back and going out.
    Postgres(AnyPool),
}

/// The one connection that writes to a SQLite file.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    options: AnyConnectOptions,
    /// Run on every new connection. Not in a pool: it tries again for half a minute when they fail, and then hides why.
    pragmas: &'static str,
    slot: Mutex<Slot>,
}

#[derive(Debug)]
pub(super) enum Slot {
    Idle(AnyConnection),
    /// In use, or not opened since the last one was given up.
    Empty,
    Closed,
}

/// A connection to write with, alone on SQLite. Dropped, it is given up: whoever was writing left in the middle.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Sqlite(AnyConnection, MutexGuard<'a, Slot>),
    Postgres(PoolConnection<Any>),
}

impl Writer {
    /// Opens the connection of a SQLite file.
    pub(super) async fn sqlite(options: AnyConnectOptions, pragmas: &'static str) -> sqlx::Result<Self> {
        let writer = SqliteWriter { options, pragmas, slot: Mutex::new(Slot::Empty) };
        let connection = writer.connect().await?;
        *writer.slot.lock().await = Slot::Idle(connection);
        Ok(Self::Sqlite(Arc::new(writer)))
    }

    /// Waits for a connection, and opens it where there is none.
    pub(super) async fn hold(&self) -> sqlx::Result<Held<'_>> {
        match self {
            Self::Postgres(pool) => pool.acquire().await.map(Held::Postgres),
            Self::Sqlite(writer) => {
                let mut slot = writer.slot.lock().await;
                let connection = match std::mem::replace(&mut *slot, Slot::Empty) {
                    Slot::Idle(connection) => connection,
                    Slot::Empty => writer.connect().await?,
                    Slot::Closed => {
                        *slot = Slot::Closed;
                        return Err(sqlx::Error::PoolClosed);
                    }
                };
                Ok(Held::Sqlite(connection, slot))
            }
        }
    }

    /// Waits for what is being written, then closes for good.
    pub(super) async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(writer) => {
                let was = std::mem::replace(&mut *writer.slot.lock().await, Slot::Closed);
                if let Slot::Idle(connection) = was {
                    told(connection.close().await);
                }
            }
        }
    }
}

impl SqliteWriter {
    async fn connect(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = self.options.connect().await?;
        sqlx::raw_sql(self.pragmas).execute(&mut connection).await?;
        Ok(connection)
    }
}

impl Held<'_> {
    /// The connection.
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        match self {
            Self::Sqlite(connection, _) => connection,
            Self::Postgres(connection) => connection,
        }
    }

    /// All went well: the next writer takes the same connection.
    pub(super) fn give_back(self) {
        match self {
            Self::Sqlite(connection, mut slot) => *slot = Slot::Idle(connection),
            Self::Postgres(connection) => drop(connection),
        }
    }

    /// Something failed: what was begun is undone when this returns, and the next writer does not get this connection on SQLite.
    pub(super) async fn give_up(self) {
        match self {
            // The slot is let go last: two writers would wait for each other's lock.
            Self::Sqlite(connection, _slot) => told(connection.close().await),
            Self::Postgres(connection) => drop(connection),
        }
    }
}

/// A connection that does not close well is gone all the same; its own error was told before.
fn told(closed: sqlx::Result<()>) {
    if let Err(error) = closed {
        tracing::debug!(error = %error, "a connection to the database did not close well");
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use crate::config::StoreConfig;
    use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
    use crate::domain::time::Timestamp;
    use crate::store::{Commit, Opening, Store};

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn commit(value: &str) -> Commit {
        let event = AuditEvent {
            at: NOW,
            actor: Actor::Daemon,
            origin: Origin::Internal,
            action: Action::Scan,
            object: "o".into(),
            outcome: AuditOutcome::Done,
            reason: None,
        };
        Commit::new(event).setting("x", value)
    }

    async fn pragma(store: &Store, text: &'static str) -> i64 {
        let mut held = store.writer.hold().await.expect("a connection");
        let row = sqlx::query(text).fetch_one(held.connection()).await.expect(text);
        held.give_back();
        row.try_get(0).expect("a number")
    }

    /// SQLite's own limit stands for the disk's: it ends the transaction with the same code, and holds for one connection.
    #[tokio::test]
    async fn after_a_full_database_the_next_commit_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/vigie.db", folder.path().display());
        let state_dir = folder.path().to_owned();
        let opening = Opening { state_dir, node: "n".into(), boot_id: "b".into(), now: NOW };
        let store = Store::open(&StoreConfig { url, password_file: None }, opening).await.expect("opened");
        store.commit(commit("small"), NOW).await.expect("committed");
        for _ in 0..3 {
            // As many pages as there are: not one more.
            assert!(pragma(&store, "PRAGMA max_page_count = 1").await < 1000);
            let refused = store.commit(commit(&"big".repeat(500_000)), NOW).await.expect_err("full");
            assert_eq!(refused.reason(), "store_full", "{refused}");
            assert_eq!(store.setting("x").await.expect("read").as_deref(), Some("small"));
        }
        store.commit(commit("again"), NOW).await.expect("there is space again");
        assert_eq!(pragma(&store, "PRAGMA synchronous").await, 2, "a new connection promises what the first one did");
        let report = store.verify_chain(None).await.expect("walked");
        assert_eq!((report.verified, report.broken), (3, None));
        store.close().await;
        let refused = store.commit(commit("late"), NOW).await.expect_err("closed is closed");
        assert_eq!(refused.reason(), "store_unreachable");
    }
}
