//! Gather: every source in its own task, none hiding another.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::inventory::Inventory;
use crate::domain::reconcile::Gathered;
use crate::sources::Source;

/// Starts every configured source.
pub(super) fn begin(config: &Arc<Config>, known: &Arc<Inventory>, clock: &SharedClock) -> JoinSet<Gathered> {
    let mut running = JoinSet::new();
    for source in Source::all(config) {
        let (known, clock) = (Arc::clone(known), Arc::clone(clock));
        running.spawn(async move { source.gather(known, clock).await });
    }
    running
}

/// Waits for the next source to end and takes with it those that ended meanwhile.
pub(super) async fn next(running: &mut JoinSet<Gathered>) -> Option<Vec<Gathered>> {
    let mut ended = Vec::new();
    let mut take = |result: Result<Gathered, tokio::task::JoinError>| match result {
        Ok(gathered) => ended.push(gathered),
        // The source reports its own trouble as data; a panic that still gets here is told, and costs that source this run.
        Err(error) => tracing::error!(error = %error, "a source stopped in the middle"),
    };
    take(running.join_next().await?);
    while let Some(result) = running.try_join_next() {
        take(result);
    }
    Some(ended)
}
