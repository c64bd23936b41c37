//! SQL and nothing else: the inventory, its history, findings and the audit trail, on SQLite or PostgreSQL.
//!
//! Every statement is one text for both engines (`$1` placeholders, BIGINT, blobs, `ON CONFLICT`); only the schema has places
//! where they differ, marked in `migrations/`. All changes go through [`Store::commit`], and a [`Commit`] begins with an event.
//!
//! A database is made only at the first start. What was made is remembered in `store.id` in the state folder, so that a
//! database that is gone, or is another one, is told from a first start and never replaced by an empty one.

mod address;
mod alerts;
mod audit;
mod cards;
mod claim;
mod commit;
mod ders;
mod error;
mod findings;
mod history;
mod load;
mod lock;
mod marker;
mod open;
mod packed;
mod revocation;
mod rows;
mod schema;
mod sqlite_file;
mod writer;

use std::sync::Arc;

use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction};

pub use address::Engine;
pub use alerts::{Carrier, DeliveryFilter, ListedDelivery, LoadedOutbox, OutboxChanges, Told};
pub use audit::{AuditFilter, AuditHead, AuditOrder, BrokenLink, ChainReport};
pub use commit::{Commit, CommitReceipt};
pub use error::StoreError;
pub use findings::{FindingFilter, FindingLife};
pub use history::{HeldKind, Interval};
pub use load::Snapshot;
pub use open::Opening;

use self::audit::Chain;
use self::claim::Claim;
use self::lock::Lock;
use self::writer::Writer;

/// An open database. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    /// What to call it in messages: a path, or a URL without password.
    place: Arc<str>,
    /// Writes: one connection on SQLite.
    writer: Writer,
    /// Reads.
    read: AnyPool,
    /// SQLite only: no other daemon uses the file.
    lock: Option<Arc<Lock>>,
    /// PostgreSQL only: no other daemon uses the database, once [`Store::claim`] said so.
    claim: Option<Claim>,
    /// It was looked through for damage when it was opened.
    checked: bool,
    node: Arc<str>,
    boot_id: Arc<str>,
}

impl Store {
    /// The engine behind it.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Path or URL, without password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The last migration applied.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        let failed = |source| self.failed("reading its schema", source);
        let mut connection = self.read.acquire().await.map_err(failed)?;
        Ok(schema::standing(&mut connection, self.engine, &self.place).await?.unwrap_or(0))
    }

    /// Looks for damage in the whole database: `PRAGMA quick_check` on SQLite, nothing on PostgreSQL, which has tools of its own.
    /// Opening does it up to 64 MiB, and this nothing more; beyond, call it in the background: it reads every page.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Sqlite if self.checked => Ok(()),
            Engine::Sqlite => {
                let failed = |source| self.failed("checking its integrity", source);
                let mut connection = self.read.acquire().await.map_err(failed)?;
                open::quick_check(&mut connection, &self.place).await
            }
            Engine::Postgres => Ok(()),
        }
    }

    /// Waits for what is under way and closes every connection. On SQLite this folds the write-ahead log into the file and lets
    /// another daemon open it.
    pub async fn close(&self) {
        self.read.close().await;
        self.writer.close().await;
        if let Some(claim) = &self.claim {
            claim.release().await;
        }
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }

    async fn begin<'c>(&self, connection: &'c mut AnyConnection) -> sqlx::Result<Transaction<'c, Any>> {
        // SQLite takes the write lock at once, so that waiting for it is done before anything is read.
        let statement = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        connection.begin_with(statement).await
    }

    /// What is the same in every event this program writes.
    fn chain(&self) -> Chain {
        Chain { node: Arc::clone(&self.node), boot_id: Arc::clone(&self.boot_id) }
    }

    fn failed(&self, during: &'static str, source: sqlx::Error) -> StoreError {
        StoreError::sort(self.engine, &self.place, during, source)
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { place: self.place.to_string(), what }
    }
}

/// Text as both engines keep it: PostgreSQL has no NUL in a text.
fn printable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}
