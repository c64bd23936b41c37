//! What handlers make their answers with: the words, the thread beside the loop, the database that does not answer.

use axum::http::StatusCode;
use serde::Deserialize;

use super::asked::word;
use super::problem::ApiProblem;
use crate::domain::lang::Lang;
use crate::engine::snapshot::Snapshot;
use crate::locale::Texts;
use crate::store::StoreError;

/// Query of anything that answers in words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InWords {
    #[serde(default, deserialize_with = "word")]
    pub(super) lang: Option<Lang>,
}

/// The language asked for, or the configured one.
pub(super) fn texts(snapshot: &Snapshot, asked: Option<Lang>) -> Texts {
    Texts::new(asked.unwrap_or(snapshot.config.lang))
}

/// Runs what may take a while beside the loop that answers everybody.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiProblem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "a request could not be answered");
        ApiProblem::internal()
    })
}

/// A database that does not answer, as the client sees it.
pub(super) fn store_problem(error: &StoreError) -> ApiProblem {
    tracing::error!(error = %error, reason = error.reason(), "the database did not answer a request");
    ApiProblem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the database does not answer; the log says why",
    )
}
