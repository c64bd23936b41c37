//! Gather: every source in its own task, none hiding another.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::SharedClock;
use crate::domain::inventory::Inventory;
use crate::domain::observation::Problem;
use crate::domain::reconcile::Gathered;
use crate::sources::Source;

/// How much longer than its own bound a source may take.
const GRACE: Duration = Duration::from_secs(30);

/// Starts every source. Each has its own bound; one more stands behind it for a disk that hangs in the kernel.
pub(super) fn begin(
    sources: &[Source],
    known: &Arc<Inventory>,
    clock: &SharedClock,
    timeout: Duration,
) -> JoinSet<Gathered> {
    let mut running = JoinSet::new();
    for source in sources {
        let (source, known, clock) = (source.clone(), Arc::clone(known), Arc::clone(clock));
        running.spawn(async move {
            match tokio::time::timeout(timeout + GRACE, source.gather(known, Arc::clone(&clock))).await {
                Ok(gathered) => gathered,
                Err(_) => Gathered {
                    source: source.name(),
                    kind: source.kind().into(),
                    failure: Some(Problem {
                        reason: "hung".into(),
                        message: "the source did not answer at all".into(),
                    }),
                    finished_at: clock.now(),
                    ..Gathered::default()
                },
            }
        });
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
