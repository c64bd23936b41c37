//! Many rows with few statements: `INSERT … VALUES ($1,$2),($3,$4)…`, the form both engines take.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::{Stream, StreamExt};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::error::BoxDynError;
use sqlx::{Any, AnyConnection, Arguments, AssertSqlSafe, Executor};

/// Parameters of one statement: enough that the round trip to the worker does not show.
const PARAMETERS: usize = 1024;
/// The same where SQLite has to take numbered ones, which it finds by walking a list: the cost of a row grows with this.
const NUMBERED: usize = 128;

/// A statement whose middle repeats once per row.
pub(super) struct Repeated {
    /// Up to the first row.
    pub(super) head: &'static str,
    /// Parameters of one row.
    pub(super) columns: usize,
    /// After the last row.
    pub(super) tail: &'static str,
}

impl Repeated {
    /// Placeholders are `$1`… for both engines, but for rows on SQLite: there they are `?`, which it counts instead of looking up.
    fn text(&self, leading: usize, rows: usize, counted: bool) -> Arc<str> {
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 6);
        text.push_str(self.head);
        let mut parameter = leading;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..self.columns {
                parameter += 1;
                text.push_str(if column == 0 { "" } else { "," });
                if counted {
                    text.push('?');
                } else {
                    text.push('$');
                    text.push_str(&parameter.to_string());
                }
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text.into()
    }
}

/// Runs `statement` over all `items`, a batch at a time. The next batch is made while the database works on the last one.
/// `leading` is bound to `$1`… of `head`, in every batch; `fill` adds exactly the columns of one row. Returns the rows affected.
pub(super) async fn run<T>(
    connection: &mut AnyConnection,
    statement: &Repeated,
    leading: &[i64],
    items: &[T],
    mut fill: impl FnMut(&T, &mut AnyArguments) -> Result<(), BoxDynError>,
) -> sqlx::Result<u64> {
    let sqlite = connection.backend_name() == "SQLite";
    let counted = sqlite && leading.is_empty();
    let parameters = if sqlite && !counted { NUMBERED } else { PARAMETERS };
    let size = (parameters / statement.columns).max(1);
    let whole = if items.len() >= size { statement.text(leading.len(), size, counted) } else { "".into() };
    let mut batch = |rows: &[T]| -> sqlx::Result<(Arc<str>, bool, AnyArguments)> {
        let mut arguments = AnyArguments::default();
        arguments.reserve(leading.len() + rows.len() * statement.columns, 0);
        for value in leading {
            arguments.add(*value).map_err(sqlx::Error::Encode)?;
        }
        for row in rows {
            fill(row, &mut arguments).map_err(sqlx::Error::Encode)?;
        }
        let full = rows.len() == size;
        let text = if full { Arc::clone(&whole) } else { statement.text(leading.len(), rows.len(), counted) };
        // Odd sizes are not worth a place in the statement cache.
        Ok((text, full || rows.len() == 1, arguments))
    };
    let mut chunks = items.chunks(size);
    let mut next = chunks.next().map(&mut batch).transpose()?;
    let mut affected = 0;
    while let Some((text, persistent, arguments)) = next {
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
        let (done, prepared) = tokio::join!(
            biased;
            query.execute(&mut *connection),
            async { chunks.next().map(&mut batch).transpose() }
        );
        affected += done?.rows_affected();
        next = prepared?;
    }
    Ok(affected)
}

/// Keys that [`among`] is given at once, at most: another number is another statement to prepare.
pub(super) const KEYS: usize = 128;

/// The rows of one `select`, up to its `WHERE column`, where that column is one of `keys`; `fill` adds a key.
pub(super) async fn among<'c, K>(
    database: impl Executor<'c, Database = Any>,
    select: &str,
    keys: &[K],
    mut fill: impl FnMut(&K, &mut AnyArguments) -> Result<(), BoxDynError>,
) -> sqlx::Result<Vec<AnyRow>> {
    let places: Vec<String> = (1..=keys.len()).map(|place| format!("${place}")).collect();
    let text = format!("{select} IN ({})", places.join(","));
    let mut arguments = AnyArguments::default();
    for key in keys {
        fill(key, &mut arguments).map_err(sqlx::Error::Encode)?;
    }
    // Odd sizes are not worth a place in the statement cache.
    let persistent = keys.len() == 1 || keys.len() == KEYS;
    sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent).fetch_all(database).await
}

/// The next row of a long result. Polls instead of asking to be woken: the driver hands rows over one by one from another thread,
/// and waking this one up for each costs several times what the row does. For loading only; between rows other tasks still run.
pub(super) async fn next<S>(rows: &mut S) -> sqlx::Result<Option<AnyRow>>
where
    S: Stream<Item = sqlx::Result<AnyRow>> + Unpin,
{
    const POLLS: u32 = 256;
    let mut unwoken = Context::from_waker(Waker::noop());
    loop {
        for _ in 0..POLLS {
            if let Poll::Ready(row) = rows.poll_next_unpin(&mut unwoken) {
                return row.transpose();
            }
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}
