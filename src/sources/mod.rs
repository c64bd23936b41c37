//! Find certificates and cards. Adapters that never judge: each gives observations and, beside them, what it could not read.

pub mod anchors;
mod content;
pub mod declared;
pub mod file;
pub mod smart_card;
pub mod tls_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clock::SharedClock;
use crate::config::{Config, SourceConfig};
use crate::domain::inventory::Inventory;
use crate::domain::observation::{DECLARED_SOURCE, SourceName};
use crate::domain::reconcile::Gathered;
use declared::DeclaredSource;
use file::FileSource;
use tls_endpoint::TlsSource;

/// One configured source. Keep it between runs: a file source remembers what it need not open again.
#[derive(Debug, Clone)]
pub enum Source {
    /// The files and endpoints of the declaration.
    Declared(Arc<DeclaredSource>),
    /// Swept folders.
    File(Arc<FileSource>),
    /// Listed endpoints.
    Tls(Arc<TlsSource>),
}

impl Source {
    /// Every source of a configuration, the declaration first. Smart card sources have no adapter yet and are left out.
    pub fn all(config: &Config) -> Vec<Self> {
        let scan = config.scan;
        let declared = DeclaredSource::new(&config.declaration, scan);
        let owned = declared.paths();
        let configured = config.sources.iter().filter_map(|source| match source {
            SourceConfig::File { name, paths } => {
                Some(Self::File(Arc::new(FileSource::new(name, paths, owned.clone(), scan))))
            }
            SourceConfig::Tls { name, endpoints } => {
                Some(Self::Tls(Arc::new(TlsSource::new(name, endpoints.clone(), scan))))
            }
            SourceConfig::SmartCard { .. } => None,
        });
        let configured: Vec<Self> = configured.collect();
        std::iter::once(Self::Declared(Arc::new(declared))).chain(configured).collect()
    }

    /// Its name in the configuration; `declared` for the declaration.
    pub fn name(&self) -> SourceName {
        match self {
            Self::Declared(_) => DECLARED_SOURCE.into(),
            Self::File(source) => Arc::clone(source.name()),
            Self::Tls(source) => Arc::clone(source.name()),
        }
    }

    /// `declared`, `file` or `tls`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Declared(_) => DECLARED_SOURCE,
            Self::File(_) => "file",
            Self::Tls(_) => "tls",
        }
    }

    /// One run. Ends by itself at `scan.source_timeout`, except where the disk itself hangs: the caller holds a bound of its own.
    pub async fn gather(&self, known: Arc<Inventory>, clock: SharedClock) -> Gathered {
        match self {
            Self::Declared(source) => Arc::clone(source).gather(known, clock).await,
            Self::Tls(source) => source.gather(&known, clock.as_ref()).await,
            Self::File(source) => {
                let (sweeping, sweep_clock) = (Arc::clone(source), Arc::clone(&clock));
                let swept = tokio::task::spawn_blocking(move || sweeping.gather(&known, sweep_clock.as_ref()));
                swept.await.unwrap_or_else(|_| Gathered {
                    source: self.name(),
                    kind: self.kind().into(),
                    failure: Some(content::internal_error()),
                    finished_at: clock.now(),
                    ..Gathered::default()
                })
            }
        }
    }
}

/// What sources that are no longer configured left behind, as runs that find it gone. Empty once reconciled.
pub fn retired(known: &Inventory, configured: &[Source], clock: &SharedClock) -> Vec<Gathered> {
    let names: BTreeSet<SourceName> = configured.iter().map(Source::name).collect();
    let mut left: BTreeMap<SourceName, Gathered> = BTreeMap::new();
    for observation in known.observations.values().filter(|observation| !names.contains(&observation.source)) {
        let run = left.entry(Arc::clone(&observation.source)).or_insert_with(|| Gathered {
            source: Arc::clone(&observation.source),
            kind: known.sources.get(&observation.source).map(|state| Arc::clone(&state.kind)).unwrap_or_default(),
            finished_at: clock.now(),
            ..Gathered::default()
        });
        run.gone.push(observation.location.clone());
    }
    left.into_values().collect()
}
