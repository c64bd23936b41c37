//! The order of the entries, made beside the walk where a second core is there for it.

use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::buckets::{BUCKETS, Buckets, Order, Packed};

/// Entries handed over at a time: fewer than that are not worth a thread.
const BATCH: usize = 8192;
/// Batches, and sorted buckets, that may wait.
const WAITING: usize = 2;
/// One bucket of so many is sorted by whoever takes them all, who has other work with each; the others beside it.
const SHARE: usize = 3;

/// Takes entries in any order and gives them in that of their fingerprints.
pub struct Sorter {
    batch: Vec<Packed>,
    work: Work,
}

enum Work {
    /// Too few entries so far to tell.
    Open,
    Here(Box<Buckets>),
    Beside {
        batches: SyncSender<Vec<Packed>>,
        /// All buckets, once no batch is to come.
        dealt: Receiver<Arc<Buckets>>,
        sorted: Receiver<Vec<Packed>>,
    },
}

impl Sorter {
    pub const fn new() -> Self {
        Self { batch: Vec::new(), work: Work::Open }
    }

    #[inline]
    pub fn add(&mut self, entry: Packed) {
        if self.batch.len() == BATCH {
            self.hand_over();
        }
        self.batch.push(entry);
    }

    #[cold]
    fn hand_over(&mut self) {
        let batch = mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        if let Work::Open = self.work {
            self.work = beside().unwrap_or_else(|| Work::Here(Box::default()));
        }
        match &mut self.work {
            Work::Open => {}
            Work::Here(buckets) => buckets.add(&batch),
            // A thread that is gone is seen at the end: its entries are missing.
            Work::Beside { batches, .. } => drop(batches.send(batch)),
        }
    }

    /// Gives the entries in the order of their fingerprints, some at a time. Those of one fingerprint stay in the order they came in.
    pub fn sorted<E>(self, each: &mut dyn FnMut(&[Packed]) -> Result<(), E>) -> Result<(), E> {
        let mut order = Order::default();
        let mut buckets = match self.work {
            Work::Open => Box::default(),
            Work::Here(buckets) => buckets,
            Work::Beside { batches, dealt, sorted } => {
                drop(batches.send(self.batch));
                drop(batches);
                let Ok(buckets) = dealt.recv() else { return Ok(()) };
                return (0..BUCKETS).try_for_each(|bucket| {
                    if is_ours(bucket) {
                        buckets.sort(bucket, &mut order);
                        return each(&order.sorted);
                    }
                    sorted.recv().map_or(Ok(()), |bucket| each(&bucket))
                });
            }
        };
        buckets.add(&self.batch);
        (0..BUCKETS).try_for_each(|bucket| {
            buckets.sort(bucket, &mut order);
            each(&order.sorted)
        })
    }
}

const fn is_ours(bucket: usize) -> bool {
    bucket.is_multiple_of(SHARE)
}

/// A thread for it; `None` where the system has no thread or no core.
fn beside() -> Option<Work> {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return None;
    }
    let (batches, coming) = sync_channel::<Vec<Packed>>(WAITING);
    let (deal, dealt) = sync_channel(1);
    let (ready, sorted) = sync_channel::<Vec<Packed>>(WAITING);
    let sorting = move || {
        let mut buckets = Buckets::default();
        while let Ok(batch) = coming.recv() {
            buckets.add(&batch);
        }
        let buckets = Arc::new(buckets);
        drop(deal.send(Arc::clone(&buckets)));
        for bucket in (0..BUCKETS).filter(|bucket| !is_ours(*bucket)) {
            let mut order = Order::default();
            buckets.sort(bucket, &mut order);
            // Nobody takes them when the list was refused.
            if ready.send(order.sorted).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("vigie-index".to_owned()).spawn(sorting).ok()?;
    Some(Work::Beside { batches, dealt, sorted })
}
