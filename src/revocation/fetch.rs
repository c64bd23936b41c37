//! One list from its addresses: the first that gives it, within a time that grows with what comes.

use std::future::Future;
use std::time::Duration;

use super::error::FetchError;
use super::gate::{Gate, Scheme};
use super::resolve::Resolve;
use super::spool::Spool;
use super::{http, ldap};
use crate::clock::Clock;
use crate::config::RevocationConfig;
use crate::domain::crl::Validators;

/// Addresses of one list that are tried.
pub(super) const MAX_ADDRESSES: usize = 3;
/// Bytes a second below which nobody waits longer.
const LEAST_RATE: u64 = 64 << 10;

/// What fetching needs to know.
pub(super) struct Context<'a> {
    pub(super) config: &'a RevocationConfig,
    pub(super) gate: &'a Gate,
    pub(super) resolver: &'a dyn Resolve,
    pub(super) clock: &'a dyn Clock,
    /// Caches on the way are not to answer by themselves.
    pub(super) late: bool,
}

/// What an address gave.
#[derive(Debug)]
pub(super) enum Reply {
    /// What it gave before.
    Unchanged,
    /// A body, which is in the spool.
    Body(Validators),
}

/// Until when an answer may come.
pub(super) struct Deadline {
    base: Duration,
    spent: Duration,
}

impl Deadline {
    pub(super) const fn new(context: &Context<'_>) -> Self {
        Self { base: context.config.timeout, spent: Duration::ZERO }
    }

    /// Waits for the next step, as long as what was received allows.
    pub(super) async fn within<T>(
        &mut self,
        received: u64,
        host: &str,
        step: impl Future<Output = T>,
    ) -> Result<T, FetchError> {
        let allowed = self.base + Duration::from_secs(received / LEAST_RATE);
        let left = allowed.saturating_sub(self.spent);
        let late = || FetchError::Timeout { host: host.to_owned(), received, seconds: http::seconds(allowed) };
        if left.is_zero() {
            return Err(late());
        }
        let began = tokio::time::Instant::now();
        let done = tokio::time::timeout(left, step).await;
        self.spent += began.elapsed();
        done.map_err(|_| late())
    }
}

/// Asks one address. `known` are the validators it gave last.
pub(super) async fn one(
    text: &str,
    known: Option<&Validators>,
    context: &Context<'_>,
    spool: &mut Spool,
) -> Result<Reply, FetchError> {
    let address = context.gate.address(text)?;
    let began = context.clock.monotonic();
    let reply = match address.scheme {
        Scheme::Http | Scheme::Https => http::get(&address, known, context, spool).await,
        Scheme::Ldap | Scheme::Ldaps => ldap::get(&address, context, spool).await,
    };
    let took = context.clock.monotonic().saturating_sub(began);
    match &reply {
        Ok(Reply::Unchanged) => tracing::debug!(url = address.as_str(), ?took, "the list is unchanged"),
        Ok(Reply::Body(_)) => tracing::debug!(url = address.as_str(), ?took, bytes = spool.received(), "a list came"),
        Err(error) => tracing::debug!(url = address.as_str(), ?took, error = %error, "no list came"),
    }
    reply
}
