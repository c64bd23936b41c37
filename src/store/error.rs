//! What can go wrong with the database, told apart as far as the cure differs.

use std::path::PathBuf;

use super::address::Engine;

/// Why the store could not do what it was asked. Nothing was changed, unless [`StoreError::Unreachable`] says the answer was lost.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL cannot be used.
    #[error("store.url {url:?} cannot be used: {why}")]
    Url {
        /// The URL without any password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file beside the database could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There was a database here before, and now there is none.
    #[error(
        "the database {place} is gone although {marker} remembers it: restore it from a backup, or remove {marker} to begin with an empty one",
        marker = marker.display()
    )]
    Missing {
        /// The database.
        place: String,
        /// The file that remembers it.
        marker: PathBuf,
    },
    /// Another database stands where ours was.
    #[error(
        "the database {place} is not the one {marker} remembers (its audit trail begins with another event): put the right one back, or remove {marker} to accept this one",
        marker = marker.display()
    )]
    Replaced {
        /// The database.
        place: String,
        /// The file that remembers the other one.
        marker: PathBuf,
    },
    /// The file is no database at all.
    #[error(
        "{place} is not a database: {why}; it was left as it is: restore the database from a backup, or name another file in store.url"
    )]
    NotADatabase {
        /// The file.
        place: String,
        /// What was seen instead.
        why: String,
    },
    /// A database, and not one of this program.
    #[error("{place} is not a vigie database: {why}; it was left as it is: name another database in store.url")]
    Foreign {
        /// The database.
        place: String,
        /// What was seen instead.
        why: String,
    },
    /// Written by a later version of this program.
    #[error(
        "the database {place} has schema {found} and this program knows up to {known}: run the version that wrote it, or a later one"
    )]
    Newer {
        /// The database.
        place: String,
        /// Schema of the database.
        found: i64,
        /// Last schema this program knows.
        known: i64,
    },
    /// A migration that was applied is not the one this program has.
    #[error("the database {place} was made with another text of migration {version}: run the version that made it")]
    Altered {
        /// The database.
        place: String,
        /// Number of the migration.
        version: i64,
    },
    /// The database contradicts itself.
    #[error(
        "the database {place} is damaged: {what}; it was left as it is: stop the daemon, keep a copy of the file, restore a backup"
    )]
    Damaged {
        /// The database.
        place: String,
        /// What was found.
        what: String,
    },
    /// No space left.
    #[error(
        "no space left for the database {place} while {during}: nothing was written; it resumes by itself when there is space"
    )]
    Full {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
    },
    /// The database cannot be written.
    #[error(
        "the database {place} is read-only while {during}: give the daemon's user the right to write it and its folder"
    )]
    ReadOnly {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
    },
    /// Somebody else holds it.
    #[error("the database {place} is locked by another program while {during}: nothing was written; try again")]
    Locked {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
    },
    /// Another daemon has it open.
    #[error(
        "the database {place} is in use by another vigie{process}: two would overwrite each other; stop that one, or name another file in store.url ({lock} is locked)",
        process = if holder.is_empty() { String::new() } else { format!(" (process {holder})") },
        lock = lock.display()
    )]
    InUse {
        /// The database.
        place: String,
        /// Number of the process that holds it, empty when it did not say.
        holder: String,
        /// The file it holds locked.
        lock: PathBuf,
    },
    /// Another daemon has this PostgreSQL database.
    #[error(
        "the database {place} is used by another daemon{session}: stop it, or give this one a database of its own",
        session = if holder.is_empty() { String::new() } else { format!(" ({holder})") }
    )]
    Claimed {
        /// The database.
        place: String,
        /// What the session that holds the lock calls itself, empty when it did not say.
        holder: String,
    },
    /// No connection, or it broke.
    #[error("the database {place} cannot be reached while {during}: {source}")]
    Unreachable {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// Another writer was there first, or the change contradicts what is stored.
    #[error("the database {place} refused a change while {during}: {what}")]
    Conflict {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
        /// What contradicts.
        what: String,
    },
    /// Anything else the database said.
    #[error("the database {place} failed while {during}: {source}")]
    Database {
        /// The database.
        place: String,
        /// What was being done.
        during: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Url { .. } => "store_url",
            Self::Io { .. } => "store_io",
            Self::Missing { .. } => "store_missing",
            Self::Replaced { .. } => "store_replaced",
            Self::NotADatabase { .. } => "store_not_a_database",
            Self::Foreign { .. } => "store_foreign",
            Self::Newer { .. } => "store_newer",
            Self::Altered { .. } => "store_altered",
            Self::Damaged { .. } => "store_damaged",
            Self::Full { .. } => "store_full",
            Self::ReadOnly { .. } => "store_read_only",
            Self::Locked { .. } => "store_locked",
            Self::InUse { .. } | Self::Claimed { .. } => "store_in_use",
            Self::Unreachable { .. } => "store_unreachable",
            Self::Conflict { .. } => "store_conflict",
            Self::Database { .. } => "store_failed",
        }
    }

    /// The database, or the file beside it, as a person knows it; never with a password.
    pub fn place(&self) -> String {
        match self {
            Self::Url { url, .. } => url.clone(),
            Self::Io { path, .. } => path.display().to_string(),
            Self::Missing { place, .. }
            | Self::Replaced { place, .. }
            | Self::NotADatabase { place, .. }
            | Self::Foreign { place, .. }
            | Self::Newer { place, .. }
            | Self::Altered { place, .. }
            | Self::Damaged { place, .. }
            | Self::Full { place, .. }
            | Self::ReadOnly { place, .. }
            | Self::Locked { place, .. }
            | Self::InUse { place, .. }
            | Self::Claimed { place, .. }
            | Self::Unreachable { place, .. }
            | Self::Conflict { place, .. }
            | Self::Database { place, .. } => place.clone(),
        }
    }

    /// Sorts a driver error by its cure.
    pub(super) fn sort(engine: Engine, place: &str, during: &'static str, source: sqlx::Error) -> Self {
        let place = place.to_owned();
        let Some(error) = source.as_database_error() else {
            return match source {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => Self::Unreachable { place, during, source },
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                    Self::Damaged { place, what: source.to_string() }
                }
                source => Self::Database { place, during, source },
            };
        };
        let what = error.message().to_owned();
        let code = error.code().unwrap_or_default().into_owned();
        match engine {
            // https://www.sqlite.org/rescode.html; the low byte is the primary code.
            // IOERR_SHMSIZE (4874): the index of the write-ahead log could not grow, for which SQLite has no code of its own.
            Engine::Sqlite if code == "4874" => Self::Full { place, during },
            Engine::Sqlite => match code.parse::<u32>().map_or(0, |code| code & 0xff) {
                5 | 6 => Self::Locked { place, during },
                8 => Self::ReadOnly { place, during },
                11 => Self::Damaged { place, what },
                13 => Self::Full { place, during },
                14 => Self::Unreachable { place, during, source },
                19 => Self::Conflict { place, during, what },
                26 => Self::NotADatabase { place, why: what },
                _ => Self::Database { place, during, source },
            },
            // PostgreSQL manual, appendix A.
            Engine::Postgres => match code.as_bytes() {
                b"53100" => Self::Full { place, during },
                b"25006" => Self::ReadOnly { place, during },
                b"55P03" => Self::Locked { place, during },
                b"XX001" | b"XX002" => Self::Damaged { place, what },
                [b'0', b'8', ..] | [b'2', b'8', ..] | [b'5', b'7', b'P', ..] | b"53300" => {
                    Self::Unreachable { place, during, source }
                }
                [b'2', b'3', ..] | [b'4', b'0', ..] => Self::Conflict { place, during, what },
                _ => Self::Database { place, during, source },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, AssertSqlSafe, Connection};

    use super::*;
    use crate::store::address::sqlite_url;

    /// What the engine itself says, sorted.
    #[tokio::test]
    async fn each_cure_has_its_reason() {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        std::fs::write(&path, b"").expect("made");
        let path = path.to_str().expect("text");
        let connect = async |mode: &str| AnyConnection::connect(&sqlite_url(path, mode)).await.expect("connected");
        let reason = async |connection: &mut AnyConnection, sql: &str| {
            let failed = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.expect_err(sql);
            StoreError::sort(Engine::Sqlite, "x", "testing", failed).reason()
        };
        let (mut one, mut two) = (connect("rw").await, connect("rw").await);
        let begin = "PRAGMA busy_timeout = 0; CREATE TABLE t (a BIGINT PRIMARY KEY, b BLOB); BEGIN IMMEDIATE";
        sqlx::raw_sql(begin).execute(&mut one).await.expect("begun");
        assert_eq!(reason(&mut two, "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE").await, "store_locked");
        sqlx::raw_sql("INSERT INTO t VALUES (1, NULL); COMMIT").execute(&mut one).await.expect("committed");
        assert_eq!(reason(&mut one, "INSERT INTO t VALUES (1, NULL)").await, "store_conflict");
        let big = "PRAGMA max_page_count = 4; INSERT INTO t VALUES (2, zeroblob(100000))";
        assert_eq!(reason(&mut one, big).await, "store_full");
        let mut reader = connect("ro").await;
        assert_eq!(reason(&mut reader, "INSERT INTO t VALUES (3, NULL)").await, "store_read_only");
        assert_eq!(reason(&mut one, "SELECT nothing").await, "store_failed");
        let gone = AnyConnection::connect("sqlite:///nowhere/x.db?mode=rw").await.map(drop).expect_err("gone");
        assert_eq!(StoreError::sort(Engine::Sqlite, "x", "testing", gone).reason(), "store_unreachable");
    }
}
