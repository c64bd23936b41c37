//! Gather: every source in its own task, none hiding another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::SharedClock;
use crate::domain::inventory::Inventory;
use crate::domain::observation::{Problem, SourceName};
use crate::domain::reconcile::Gathered;
use crate::sources::Source;

/// How much longer than its own bound a source may take.
const GRACE: Duration = Duration::from_secs(30);

/// Which sources are being read. A disk that hangs in the kernel holds its thread for as long as it hangs: the next run of that
/// source waits for it instead of hanging another thread, and the other sources go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<SourceName, Turn>>>);

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Turns {
    fn of(&self, source: &SourceName) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(Arc::clone(source)).or_default())
    }
}

/// Starts every source. Each has its own bound; one more stands behind it for a disk that hangs.
pub(super) fn begin(
    sources: &[Source],
    turns: &Turns,
    known: &Arc<Inventory>,
    clock: &SharedClock,
    timeout: Duration,
) -> JoinSet<Gathered> {
    let mut running = JoinSet::new();
    for source in sources {
        let (source, known, clock) = (source.clone(), Arc::clone(known), Arc::clone(clock));
        let turn = turns.of(&source.name());
        running.spawn(async move {
            match tokio::time::timeout(timeout + GRACE, run(&source, turn, known, Arc::clone(&clock))).await {
                Ok(Some(gathered)) => gathered,
                Ok(None) => failed(&source, "internal_error", "the source stopped in the middle", &clock),
                Err(_) => failed(&source, "hung", "the source did not answer at all", &clock),
            }
        });
    }
    running
}

/// One run in its turn. It is a task of its own: giving up the wait does not end it, and its turn lasts until it ends.
async fn run(source: &Source, turn: Turn, known: Arc<Inventory>, clock: SharedClock) -> Option<Gathered> {
    let turn = turn.lock_owned().await;
    let source = source.clone();
    let running = tokio::spawn(async move {
        let gathered = source.gather(known, clock).await;
        drop(turn);
        gathered
    });
    running.await.map_err(|error| tracing::error!(error = %error, "a source stopped in the middle")).ok()
}

fn failed(source: &Source, reason: &str, message: &str, clock: &SharedClock) -> Gathered {
    Gathered {
        source: source.name(),
        kind: source.kind().into(),
        failure: Some(Problem { reason: reason.into(), message: message.into() }),
        finished_at: clock.now(),
        ..Gathered::default()
    }
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
