//! The schema: numbered migrations, applied once, each with its checksum.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::address::Engine;
use super::audit::{self, Chain};
use super::error::StoreError;
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::time::Timestamp;
use crate::pki::digest::sha256;

struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

/// Every migration ever shipped, in order. New ones go at the end; shipped ones are never edited.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", text: include_str!("../../migrations/0001_initial.sql") },
    Migration { version: 2, name: "alerts", text: include_str!("../../migrations/0002_alerts.sql") },
    Migration { version: 3, name: "revocation", text: include_str!("../../migrations/0003_revocation.sql") },
    Migration { version: 4, name: "cards", text: include_str!("../../migrations/0004_cards.sql") },
];

/// Marks a SQLite file as ours: `VGIE`. https://www.sqlite.org/fileformat2.html#application_id
pub(super) const APPLICATION_ID: u32 = 0x5647_4945;

const BOOKKEEPING: &str = "CREATE TABLE schema_migration (
  version    BIGINT   NOT NULL CONSTRAINT schema_migration_pk PRIMARY KEY,
  name       TEXT     NOT NULL,
  checksum   {{blob}} NOT NULL,
  applied_at BIGINT   NOT NULL
);";

/// The last schema this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The schema of the database: `None` when it holds no table at all. Refuses what is not ours or newer than we are.
pub(super) async fn standing(
    connection: &mut AnyConnection,
    engine: Engine,
    place: &str,
) -> Result<Option<i64>, StoreError> {
    let failed = |source| StoreError::sort(engine, place, "reading its schema", source);
    let foreign = |why: &str| StoreError::Foreign { place: place.to_owned(), why: why.to_owned() };
    // The catalogue is the one thing the engines do not name alike.
    let catalogue = match engine {
        Engine::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1"
        }
    };
    let rows = sqlx::query(catalogue).fetch_all(&mut *connection).await.map_err(failed)?;
    let tables = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>().map_err(failed)?;
    let Some(first) = tables.first() else { return Ok(None) };
    if !["meta", "schema_migration"].iter().all(|ours| tables.iter().any(|table| table == ours)) {
        return Err(foreign(&format!("it holds other tables, such as {first:?}")));
    }
    let product = sqlx::query("SELECT value FROM meta WHERE name = 'product'")
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    let product: Option<String> = product.map(|row| row.try_get(0)).transpose().map_err(failed)?;
    if product.as_deref() != Some("vigie") {
        return Err(foreign("it does not say that it is one"));
    }
    let rows = sqlx::query("SELECT version, checksum FROM schema_migration ORDER BY version")
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let mut last = 0;
    for row in rows {
        let version: i64 = row.try_get(0).map_err(failed)?;
        let checksum: Vec<u8> = row.try_get(1).map_err(failed)?;
        if version > known() {
            return Err(StoreError::Newer { place: place.to_owned(), found: version, known: known() });
        }
        let same = MIGRATIONS
            .iter()
            .any(|migration| migration.version == version && sha256(migration.text.as_bytes()).0 == *checksum);
        if !same {
            return Err(StoreError::Altered { place: place.to_owned(), version });
        }
        last = version;
    }
    Ok(Some(last))
}

/// Brings the schema from `from` (`None`: no table yet) to the last one, inside the transaction of the caller, with its event.
pub(super) async fn migrate(
    connection: &mut AnyConnection,
    engine: Engine,
    from: Option<i64>,
    chain: &Chain<'_>,
    now: Timestamp,
) -> sqlx::Result<()> {
    if from.is_none() {
        sqlx::raw_sql(AssertSqlSafe(text_for(engine, BOOKKEEPING))).execute(&mut *connection).await?;
    }
    let start = from.unwrap_or(0);
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > start) {
        sqlx::raw_sql(AssertSqlSafe(text_for(engine, migration.text))).execute(&mut *connection).await?;
        sqlx::query("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")
            .bind(migration.version)
            .bind(migration.name)
            .bind(sha256(migration.text.as_bytes()).0.to_vec())
            .bind(now.unix())
            .execute(&mut *connection)
            .await?;
    }
    if from.is_none() {
        for (name, value) in [("product", "vigie".to_owned()), ("created_at", now.to_string())] {
            sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2)")
                .bind(name)
                .bind(value)
                .execute(&mut *connection)
                .await?;
        }
    }
    if engine == Engine::Sqlite {
        let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}", known());
        sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *connection).await?;
    }
    let event = AuditEvent {
        at: now,
        actor: Actor::Daemon,
        origin: Origin::Internal,
        action: Action::Migrate,
        object: "database".to_owned(),
        outcome: AuditOutcome::Done,
        reason: Some(format!("schema {start} to {}", known())),
    };
    audit::append(connection, chain, &[event]).await?;
    Ok(())
}

/// The text of a migration as one engine takes it.
fn text_for(engine: Engine, text: &str) -> String {
    let (here, words) = match engine {
        Engine::Sqlite => {
            ("sqlite", [("{{blob}}", engine.blob()), ("{{id}}", "INTEGER"), ("{{clustered}}", " WITHOUT ROWID")])
        }
        Engine::Postgres => ("postgres", [("{{blob}}", engine.blob()), ("{{id}}", "BIGINT"), ("{{clustered}}", "")]),
    };
    let mut kept = true;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(only) = line.strip_prefix("-- only: ") {
            kept = only.trim() == here;
        } else if kept {
            let line = words.iter().fold(line.to_owned(), |line, (placeholder, word)| line.replace(placeholder, word));
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        assert!(MIGRATIONS.iter().zip(1..).all(|(migration, version)| migration.version == version));
    }

    #[test]
    fn each_engine_gets_its_own_words() {
        let text = "a {{blob}} {{id}}{{clustered}}\n-- only: sqlite\nb\n-- only: postgres\nc\n";
        assert_eq!(text_for(Engine::Sqlite, text), "a BLOB INTEGER WITHOUT ROWID\nb\n");
        assert_eq!(text_for(Engine::Postgres, text), "a BYTEA BIGINT\nc\n");
    }
}
