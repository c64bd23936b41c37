//! Find certificates and cards. Adapters that never judge: each gives observations and, beside them, what it could not read.

pub mod anchors;
mod content;
pub mod declared;
pub mod file;
pub mod secret;
pub mod smart_card;
pub mod tls_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clock::SharedClock;
use crate::config::{Config, SourceConfig};
use crate::domain::found_card::FoundCard;
use crate::domain::inventory::Inventory;
use crate::domain::observation::{DECLARED_SOURCE, Location, Observation, SourceName};
use crate::domain::reconcile::{CardsSeen, Gathered};
use declared::DeclaredSource;
use file::FileSource;
use smart_card::SmartCardSource;
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
    /// Card readers.
    SmartCard(Arc<SmartCardSource>),
}

impl Source {
    /// Every source of a configuration, the declaration first. The one of `before` that watches readers goes on watching,
    /// whatever it is called and told now: a new one would read every card again.
    pub fn all(config: &Config, before: &[Self], clock: &SharedClock) -> Vec<Self> {
        let scan = config.scan;
        let declared = DeclaredSource::new(&config.declaration, scan);
        let (owned, served) = (declared.paths(), declared.endpoints().to_vec());
        let configured = config.sources.iter().map(|source| match source {
            SourceConfig::File { name, paths } => {
                Self::File(Arc::new(FileSource::new(name, paths, owned.clone(), scan)))
            }
            SourceConfig::Tls { name, endpoints } => {
                let others = endpoints.iter().filter(|endpoint| !served.iter().any(|served| **served == **endpoint));
                Self::Tls(Arc::new(TlsSource::new(name, others.cloned().collect(), scan)))
            }
            SourceConfig::SmartCard { name, settings } => {
                let new = || SmartCardSource::new(name, settings.clone(), Arc::clone(clock));
                let watching = before.iter().find_map(Self::smart_card);
                let source = watching.map_or_else(new, |watching| watching.renewed(name, settings.clone()));
                Self::SmartCard(Arc::new(source))
            }
        });
        let configured: Vec<Self> = configured.collect();
        std::iter::once(Self::Declared(Arc::new(declared))).chain(configured).collect()
    }

    /// The readers, of a source that watches some.
    pub const fn smart_card(&self) -> Option<&Arc<SmartCardSource>> {
        match self {
            Self::SmartCard(source) => Some(source),
            _ => None,
        }
    }

    /// Its name in the configuration; `declared` for the declaration.
    pub fn name(&self) -> SourceName {
        match self {
            Self::Declared(_) => DECLARED_SOURCE.into(),
            Self::File(source) => Arc::clone(source.name()),
            Self::Tls(source) => Arc::clone(source.name()),
            Self::SmartCard(source) => Arc::clone(source.name()),
        }
    }

    /// `declared`, `file`, `tls` or `smart_card`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Declared(_) => DECLARED_SOURCE,
            Self::File(_) => "file",
            Self::Tls(_) => "tls",
            Self::SmartCard(_) => "smart_card",
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
                swept.await.unwrap_or_else(|_| self.failed(&clock))
            }
            Self::SmartCard(source) => {
                let looking = Arc::clone(source);
                tokio::task::spawn_blocking(move || looking.gather()).await.unwrap_or_else(|_| self.failed(&clock))
            }
        }
    }

    fn failed(&self, clock: &SharedClock) -> Gathered {
        Gathered {
            source: self.name(),
            kind: self.kind().into(),
            failure: Some(content::internal_error()),
            finished_at: clock.now(),
            ..Gathered::default()
        }
    }
}

/// What sources that are no longer configured left behind, and the declaration what it names no more, as runs that find it gone: once the others have
/// looked, who may have it now. Empty once reconciled. Cards stay with the readers:
/// while any are watched, under whatever name, what is in them is for the next look to say.
pub fn retired(known: &Inventory, configured: &[Source], clock: &SharedClock) -> Vec<Gathered> {
    let names: BTreeSet<SourceName> = configured.iter().map(Source::name).collect();
    let readers_are_watched = configured.iter().any(|source| source.smart_card().is_some());
    let is_left = |observation: &&Arc<Observation>| {
        let stays = readers_are_watched && matches!(observation.location, Location::Card(_));
        !stays && !names.contains(&observation.source)
    };
    let leaving = |source: SourceName, kind: Arc<str>| Gathered {
        source,
        kind,
        retired: true,
        finished_at: clock.now(),
        ..Gathered::default()
    };
    let mut left: BTreeMap<SourceName, Gathered> = BTreeMap::new();
    for observation in known.observations.values().filter(is_left) {
        let kind = || known.sources.get(&observation.source).map(|state| Arc::clone(&state.kind)).unwrap_or_default();
        let name = &observation.source;
        let run = left.entry(Arc::clone(name)).or_insert_with(|| leaving(Arc::clone(name), kind()));
        run.gone.push(observation.location.clone());
    }
    let is_orphan =
        |card: &&Arc<FoundCard>| !readers_are_watched && !names.contains(&card.source) && !card.readers.is_empty();
    for card in known.cards.values().filter(is_orphan) {
        let name = &card.source;
        let run = left.entry(Arc::clone(name)).or_insert_with(|| leaving(Arc::clone(name), "smart_card".into()));
        // Nobody watches it any more, which is not to say that it went just now.
        run.cards = Some(CardsSeen { interrupted: true, ..CardsSeen::default() });
    }
    for source in configured {
        if let Source::Declared(declared) = source {
            let gone = declared.no_longer_declared(known);
            if !gone.is_empty() {
                left.entry(source.name()).or_insert_with(|| leaving(source.name(), source.kind().into())).gone = gone;
            }
        }
    }
    left.into_values().collect()
}
