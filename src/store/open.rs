//! Opening a database: refuse first, write later.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Row};

use super::address::{Address, Engine, sqlite_url};
use super::audit::{self, Chain};
use super::error::StoreError;
use super::lock::Lock;
use super::marker::Marker;
use super::sqlite_file::{self, Standing};
use super::writer::Writer;
use super::{Store, schema};
use crate::config::StoreConfig;
use crate::domain::time::Timestamp;

/// Up to this size a SQLite file is checked whole before it is used; it takes about a tenth of a second.
const CHECKED_AT_OPEN: u64 = 64 << 20;

/// How long to wait for a connection, and for another program to let go of a SQLite file.
const PATIENCE: Duration = Duration::from_secs(10);

/// FULL: what was acknowledged survives a power cut. The size limit gives back the space of a log that one big scan filled.
/// `temp_store`: a statement of many rows keeps the pages it may have to put back in memory; in a file that is four times the
/// writes of the transaction itself.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY";
const SQLITE_READER: &str = "PRAGMA busy_timeout = 10000; PRAGMA query_only = ON";
/// `page_size`: rows that hold a certificate stand in the tree of their key, four to a page at least, and none spills over.
const SQLITE_FIRST: &str = "PRAGMA page_size = 16384; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// Who opens the database, and when.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Where `store.id` is kept.
    pub state_dir: PathBuf,
    /// The machine, written in every event.
    pub node: String,
    /// Its boot, as `/proc/sys/kernel/random/boot_id` gives it.
    pub boot_id: String,
    /// The wall clock, for what is written at the first start or with a new schema.
    pub now: Timestamp,
}

impl Store {
    /// Opens the database of `config`; makes it at the first start, and brings an older schema up to date.
    ///
    /// # Errors
    /// Whatever is damaged, foreign, newer, missing or replaced is refused before anything is written.
    pub async fn open(config: &StoreConfig, opening: Opening) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let mut marker = Marker::read(&opening.state_dir)?;
        let (engine, place, writer, read, lock, checked) = match Address::of(config)? {
            Address::Sqlite(path) => {
                let (writer, read, lock, checked) = sqlite(&path, &marker, &opening).await?;
                (Engine::Sqlite, path.display().to_string(), writer, read, Some(Arc::new(lock)), checked)
            }
            Address::Postgres { url, place } => {
                let pool = postgres(&url, &place, &marker).await?;
                (Engine::Postgres, place, Writer::Postgres(pool.clone()), pool, None, true)
            }
        };
        let store = Self {
            engine,
            place: place.into(),
            writer,
            read,
            lock,
            checked,
            node: opening.node.into(),
            boot_id: opening.boot_id.into(),
        };
        store.update(opening.now).await?;
        let genesis = store.genesis().await?;
        if marker.remembers(&store.place).is_none() {
            marker.remember(&store.place, genesis)?;
        }
        Ok(store)
    }

    /// Applies the migrations that are missing, all in one transaction.
    async fn update(&self, now: Timestamp) -> Result<(), StoreError> {
        let failed = |source| self.failed("updating its schema", source);
        let mut held = self.writer.hold().await.map_err(failed)?;
        let from = schema::standing(held.connection(), self.engine, &self.place).await?;
        if from != Some(schema::known()) {
            let chain = Chain { node: &self.node, boot_id: &self.boot_id };
            let mut transaction = self.begin(held.connection()).await.map_err(failed)?;
            schema::migrate(&mut transaction, self.engine, from, &chain, now).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
        }
        held.give_back();
        Ok(())
    }

    async fn genesis(&self) -> Result<crate::domain::fingerprint::Fingerprint, StoreError> {
        let failed = |source| self.failed("reading its first event", source);
        let mut connection = self.read.acquire().await.map_err(failed)?;
        let genesis = audit::hash_of(&mut connection, 1).await.map_err(failed)?;
        genesis.ok_or_else(|| self.damaged("its audit trail has no first event".to_owned()))
    }
}

/// Reads every page and compares what can be compared.
pub(super) async fn quick_check(connection: &mut AnyConnection, place: &str) -> Result<(), StoreError> {
    let failed = |source| StoreError::sort(Engine::Sqlite, place, "checking its integrity", source);
    let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut *connection).await.map_err(failed)?;
    let said: String = row.try_get(0).map_err(failed)?;
    if said != "ok" {
        return Err(StoreError::Damaged { place: place.to_owned(), what: said });
    }
    // Loading does not read the DER; that one is gone is to be known now and not years later, when it is asked for.
    let orphan = sqlx::query("PRAGMA foreign_key_check").fetch_optional(connection).await.map_err(failed)?;
    let Some(orphan) = orphan else { return Ok(()) };
    let table: String = orphan.try_get(0).map_err(failed)?;
    let what = format!("a row of {table} refers to one that is gone");
    Err(StoreError::Damaged { place: place.to_owned(), what })
}

/// The last of the four: the file is small enough to have been looked through.
async fn sqlite(path: &Path, marker: &Marker, opening: &Opening) -> Result<(Writer, AnyPool, Lock, bool), StoreError> {
    let place = path.display().to_string();
    let Some(text) = path.to_str() else {
        return Err(StoreError::Url { url: place, why: "the path is not UTF-8".to_owned() });
    };
    // Before the lock, which is a file of ours beside it: what is refused here leaves the folder as it is.
    if matches!(sqlite_file::standing(path)?, Standing::Nothing) && marker.remembers(&place).is_some() {
        return Err(StoreError::Missing { place, marker: marker.path().to_owned() });
    }
    let lock = Lock::take(path)?;
    let checked = match sqlite_file::standing(path)? {
        Standing::Nothing => {
            first_start(path, &place, opening).await?;
            true
        }
        Standing::Ours { size } => inspect(text, &place, size, marker).await?,
    };
    let failed = |source| StoreError::sort(Engine::Sqlite, &place, "opening it", source);
    let options = options(&sqlite_url(text, "rw")).map_err(failed)?;
    let writer = Writer::sqlite(options.clone(), SQLITE_WRITER).await.map_err(failed)?;
    // No time-outs: they would wake an idle daemon up for nothing. Three, since loading reads three tables side by side.
    let read = AnyPoolOptions::new()
        .max_connections(3)
        .acquire_timeout(PATIENCE * 3)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql(SQLITE_READER).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(options);
    Ok((writer, read, lock, checked))
}

/// Makes the database beside its place, whole, then puts it there.
async fn first_start(path: &Path, place: &str, opening: &Opening) -> Result<(), StoreError> {
    let failed = |source| StoreError::sort(Engine::Sqlite, place, "making it", source);
    let new = sqlite_file::scaffold(path)?;
    let text = new.to_str().unwrap_or_default();
    let mut connection = connect(&sqlite_url(text, "rw")).await.map_err(failed)?;
    sqlx::raw_sql(SQLITE_FIRST).execute(&mut connection).await.map_err(failed)?;
    let chain = Chain { node: &opening.node, boot_id: &opening.boot_id };
    let mut transaction = connection.begin().await.map_err(failed)?;
    schema::migrate(&mut transaction, Engine::Sqlite, None, &chain, opening.now).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    sqlite_file::publish(&new, path)
}

/// Looks into an existing file over a read-only connection, which cannot change it. Tells whether it was looked through.
async fn inspect(path: &str, place: &str, size: u64, marker: &Marker) -> Result<bool, StoreError> {
    let small = size <= CHECKED_AT_OPEN;
    let failed = |source| StoreError::sort(Engine::Sqlite, place, "looking into it", source);
    let mut connection = connect(&sqlite_url(path, "ro")).await.map_err(failed)?;
    let result = async {
        if small {
            quick_check(&mut connection, place).await?;
        }
        if schema::standing(&mut connection, Engine::Sqlite, place).await?.is_none() {
            return Err(StoreError::Damaged { place: place.to_owned(), what: "it holds no table".to_owned() });
        }
        same(&mut connection, Engine::Sqlite, place, marker).await
    }
    .await;
    // The verdict is what matters; a read-only connection has nothing to lose when it closes.
    drop(connection.close().await);
    result.map(|()| small)
}

async fn postgres(url: &str, place: &str, marker: &Marker) -> Result<AnyPool, StoreError> {
    let failed = |source| StoreError::sort(Engine::Postgres, place, "connecting to it", source);
    let pool = AnyPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(url).map_err(failed)?)
        .await
        .map_err(failed)?;
    let mut connection = pool.acquire().await.map_err(failed)?;
    match schema::standing(&mut connection, Engine::Postgres, place).await? {
        None if marker.remembers(place).is_some() => {
            return Err(StoreError::Missing { place: place.to_owned(), marker: marker.path().to_owned() });
        }
        None => {}
        Some(_) => same(&mut connection, Engine::Postgres, place, marker).await?,
    }
    drop(connection);
    Ok(pool)
}

/// Refuses a database whose audit trail does not begin as the remembered one.
async fn same(connection: &mut AnyConnection, engine: Engine, place: &str, marker: &Marker) -> Result<(), StoreError> {
    let Some(known) = marker.remembers(place) else { return Ok(()) };
    let found = audit::hash_of(connection, 1)
        .await
        .map_err(|source| StoreError::sort(engine, place, "reading its first event", source))?;
    if found == Some(known) {
        return Ok(());
    }
    Err(StoreError::Replaced { place: place.to_owned(), marker: marker.path().to_owned() })
}

async fn connect(url: &str) -> sqlx::Result<AnyConnection> {
    options(url)?.connect().await
}

/// Statements are not logged: they are ours, and the long ones say nothing.
fn options(url: &str) -> sqlx::Result<AnyConnectOptions> {
    Ok(url.parse::<AnyConnectOptions>()?.disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the writer promises rests on these.
    #[tokio::test]
    async fn the_writer_is_set_up_as_it_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/vigie.db", folder.path().display());
        let opening = Opening {
            state_dir: folder.path().to_owned(),
            node: "n".into(),
            boot_id: "b".into(),
            now: Timestamp::from_unix(0),
        };
        let store = Store::open(&StoreConfig { url, password_file: None }, opening).await.expect("opened");
        let mut held = store.writer.hold().await.expect("a connection");
        let connection = held.connection();
        for (pragma, wanted) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA temp_store", 2),
            ("PRAGMA cache_size", -16_384),
            ("PRAGMA busy_timeout", 10_000),
        ] {
            let row = sqlx::query(pragma).fetch_one(&mut *connection).await.expect(pragma);
            assert_eq!(row.try_get::<i64, _>(0).expect(pragma), wanted, "{pragma}");
        }
        let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.expect("a mode");
        assert_eq!(row.try_get::<String, _>(0).expect("a mode"), "wal");
    }
}
