//! What a request carries: its query, the id in its path, its body. What cannot be understood is a problem with a reason.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::Shared;
use super::access::note_refused_request;
use super::problem::ApiProblem;
use crate::engine::Caller;

/// Time for a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's body.
const BODY_BYTES: usize = 64 << 10;

/// The parameters after `?`. Every field of `T` is optional: it is by trying one parameter at a time that the wrong one is named.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// The query, or the body, of a request that has no parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}

/// The one segment of the path that names something.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ApiProblem::bad_request("the path is not UTF-8, percent-encoded"))
    }
}

/// A parameter out of a closed list, for `#[serde(default, deserialize_with = "word")]`: the error names the words allowed.
pub(super) fn word<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// The whole body, within its bounds of time and size.
pub(super) async fn body(body: Body) -> Result<Bytes, ApiProblem> {
    tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES))
        .await
        .map_err(|_| ApiProblem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body took too long"))?
        .map_err(|_| {
            ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than it may be")
        })
}

/// The JSON object of a body; nothing stands for an empty one. What cannot be understood is written down: whoever asks may change
/// things, and tried to.
pub(super) async fn object<T: DeserializeOwned>(
    shared: &Shared,
    caller: &Caller,
    path: &str,
    given: Body,
) -> Result<T, ApiProblem> {
    let read = async {
        let bytes = body(given).await?;
        let text = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes[..] };
        serde_json::from_slice(text).map_err(|error| ApiProblem::bad_request(format!("the body: {error}")))
    };
    read.await.inspect_err(|problem| note_refused_request(shared, caller, path, problem))
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiProblem> {
    serde_urlencoded::from_str(query).map_err(|error| {
        let alone = query.split('&').find_map(|pair| {
            let error = serde_urlencoded::from_str::<T>(pair).err()?;
            let name = serde_urlencoded::from_str::<Vec<(String, String)>>(pair).ok()?.into_iter().next()?.0;
            Some(format!("parameter {name:?}: {error}"))
        });
        ApiProblem::bad_request(alone.unwrap_or_else(|| format!("the query: {error}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Severity;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<usize>,
        #[serde(default, deserialize_with = "word")]
        severity: Option<Severity>,
    }

    #[test]
    fn the_wrong_parameter_is_named() {
        assert_eq!(parse::<Asked>("").expect("nothing"), Asked::default());
        let both = Asked { limit: Some(3), severity: Some(Severity::Warning) };
        assert_eq!(parse::<Asked>("severity=warning&limit=3").expect("both"), both);
        for (query, said) in [
            ("severity=info&limit=abc", "parameter \"limit\": "),
            ("limit=1&severity=foo", "one of info, warning, critical"),
            ("limit=1&colour=red", "unknown field `colour`"),
            ("limit=1&limit=2", "duplicate field `limit`"),
        ] {
            let problem = parse::<Asked>(query).expect_err(query);
            assert_eq!((problem.status, problem.reason), (400, "bad_request"));
            assert!(problem.detail.contains(said), "{query}: {}", problem.detail);
        }
        assert!(parse::<NoParameters>("a=b").is_err());
    }
}
