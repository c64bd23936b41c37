//! One daemon for one PostgreSQL database: an advisory lock that lives and ends with a connection of its own. SQLite has a file for
//! it ([`super::lock`]). Two daemons would each decide from their own memory, and send everything twice.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};
use tokio::sync::Mutex;

use super::Store;
use super::error::StoreError;

/// The lock: "vigie" in ASCII. It counts within one database.
const KEY: i64 = 0x0076_6967_6965;
/// Between two tries to get it.
const AGAIN: Duration = Duration::from_millis(200);

/// The connection the lock lives with. Cloning shares it.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<Mutex<Option<AnyConnection>>>);

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

impl Claim {
    /// Lets go.
    pub(super) async fn release(&self) {
        let held = self.0.lock().await.take();
        if let Some(connection) = held
            && let Err(error) = connection.close().await
        {
            tracing::debug!(error = %error, "the connection of the lock did not close well");
        }
    }
}

impl Store {
    /// Makes sure that this daemon is the only one of its database. Asked at the start, where a daemon that was killed a moment ago may
    /// still hold it for `patience`, and before anything is sent: the server may have been started again since, and another daemon
    /// have been faster.
    ///
    /// # Errors
    /// Another one is, or the database does not answer.
    pub async fn claim(&self, patience: Duration) -> Result<(), StoreError> {
        let Some(claim) = &self.claim else { return Ok(()) };
        let failed = |source| self.failed("claiming it", source);
        let mut held = claim.0.lock().await;
        if let Some(connection) = held.as_mut() {
            if connection.ping().await.is_ok() {
                return Ok(());
            }
            tracing::warn!(store = %self.place, "the connection that holds the lock of the database was lost");
            *held = None;
        }
        let mut connection = self.read.acquire().await.map_err(failed)?.detach();
        let mut left = patience;
        loop {
            if lock(&mut connection, &self.node).await.map_err(failed)? {
                *held = Some(connection);
                return Ok(());
            }
            if left.is_zero() {
                let holder = holder(&mut connection).await.map_err(failed)?;
                return Err(StoreError::Claimed { place: self.place.to_string(), holder });
            }
            tokio::time::sleep(AGAIN).await;
            left = left.saturating_sub(AGAIN);
        }
    }
}

/// For PostgreSQL alone, as everything here. A host that vanishes must not hold the lock for the two hours TCP takes to notice.
async fn lock(connection: &mut AnyConnection, node: &str) -> sqlx::Result<bool> {
    const NAMED: &str =
        "SELECT set_config('application_name', $1, false), set_config('tcp_keepalives_idle', '30', false)";
    sqlx::query(NAMED).bind(format!("vigie on {node}")).execute(&mut *connection).await?;
    let row = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END")
        .bind(KEY)
        .fetch_one(&mut *connection)
        .await?;
    Ok(row.try_get::<i32, _>(0)? == 1)
}

/// What the session that has it calls itself; empty when it is gone by now, or is somebody else's.
async fn holder(connection: &mut AnyConnection) -> sqlx::Result<String> {
    const HOLDER: &str = "SELECT COALESCE(MIN(pg_stat_activity.application_name), '') FROM pg_locks JOIN pg_stat_activity ON pg_stat_activity.pid = pg_locks.pid WHERE pg_locks.locktype = 'advisory' AND pg_locks.granted AND pg_stat_activity.datname = current_database() AND (CAST(pg_locks.classid AS BIGINT) << 32) + CAST(pg_locks.objid AS BIGINT) = $1";
    sqlx::query(HOLDER).bind(KEY).fetch_one(connection).await?.try_get(0)
}
