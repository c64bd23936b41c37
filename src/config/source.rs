//! `[[source]]`: where to look for certificates and cards besides what is declared.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::Span;
use super::problem::{Form, Problem, Thing};
use super::reader::{Found, Section};
use crate::domain::endpoint::Endpoint;
use crate::domain::observation::DECLARED_SOURCE;
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::person::DeclaredId;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// `[[source]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConfig {
    /// `kind = "file"`.
    File {
        /// Unique name.
        name: String,
        /// Files, folders or glob patterns (`*`, `?`, `**`).
        paths: Vec<PathBuf>,
    },
    /// `kind = "tls"`.
    Tls {
        /// Unique name.
        name: String,
        /// What to connect to.
        endpoints: Vec<Endpoint>,
    },
    /// `kind = "smart_card"`: every reader of the machine, so there is at most one.
    SmartCard {
        /// Unique name.
        name: String,
        /// How cards are read.
        settings: SmartCardConfig,
    },
}

impl SourceConfig {
    /// The unique name.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Tls { name, .. } | Self::SmartCard { name, .. } => name,
        }
    }
}

/// How CPx cards are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartCardConfig {
    /// Which cards are asked how many tries of the code are left.
    pub pin_counter: PinCounter,
    /// Time for a card to answer one exchange; after it the card is said to be mute. Real readers take a tenth of a second.
    pub answer_timeout: Duration,
    /// A PKCS#11 module whose public objects are read too, in a process of their own. None unless said.
    pub pkcs11_module: Option<PathBuf>,
    /// Time for that process; after it, it is killed.
    pub pkcs11_timeout: Duration,
}

impl Default for SmartCardConfig {
    fn default() -> Self {
        Self {
            pin_counter: PinCounter::Cps3,
            answer_timeout: Duration::from_secs(10),
            pkcs11_module: None,
            pkcs11_timeout: Duration::from_secs(30),
        }
    }
}

spelled! {
    /// Which cards are asked how many tries of the code are left. No code is ever sent, and no try ever used.
    PinCounter, "counter of the code" {
        /// None.
        Off = "off",
        /// CPS3, which says it as data.
        Cps3 = "cps3",
        /// CPS3, and CPS4 by a VERIFY without data: how every reader handles one is not known.
        Cps4 = "cps4",
    }
}

spelled! {
    /// Kinds of source.
    SourceKind, "source kind" {
        /// Files and folders.
        File = "file",
        /// TLS endpoints.
        Tls = "tls",
        /// Card readers.
        SmartCard = "smart_card",
    }
}

pub(super) fn read(sections: Vec<Section<'_>>) -> Vec<SourceConfig> {
    let mut met = Met::default();
    sections.into_iter().filter_map(|section| one(section, &mut met)).collect()
}

/// What the sources before this one took.
#[derive(Default)]
struct Met {
    names: BTreeMap<DeclaredId, Span>,
    swept: Vec<(PathBuf, Span)>,
    cards: Option<Span>,
}

fn one(section: Section<'_>, met: &mut Met) -> Option<SourceConfig> {
    let kind = section.need("kind", |found| {
        let kind = found.word()?;
        if kind == SourceKind::SmartCard {
            match met.cards {
                Some(first) => found.error(Problem::SecondCardSource { first: found.report.place(first) }),
                None => met.cards = Some(found.span),
            }
        }
        Some(kind)
    });
    let name = section.need("name", |found| name(found, &mut met.names)).map(|name| name.to_string());
    let source = match kind {
        Some(SourceKind::File) => section
            .need("paths", |found| paths(found, &mut met.swept))
            .and_then(|paths| Some(SourceConfig::File { name: name?, paths })),
        Some(SourceKind::Tls) => section
            .need("endpoints", |found| found.some(|item| item.parsed(Form::Endpoint)))
            .and_then(|endpoints| Some(SourceConfig::Tls { name: name?, endpoints })),
        Some(SourceKind::SmartCard) => {
            let settings = smart_card(&section);
            name.map(|name| SourceConfig::SmartCard { name, settings })
        }
        None => {
            // Without a kind, the keys of any may be meant: none is unknown.
            section.written(&[
                "paths",
                "endpoints",
                "pin_counter",
                "answer_timeout",
                "pkcs11_module",
                "pkcs11_timeout",
            ]);
            None
        }
    };
    section.finish();
    source
}

/// The paths of one source, none of them beneath those of another: each scan would take the files over from the other source.
fn paths(found: &Found<'_>, swept: &mut Vec<(PathBuf, Span)>) -> Option<Vec<PathBuf>> {
    let paths = found.some(Found::path)?;
    let clash = |path: &PathBuf| {
        let other = swept.iter().find(|(other, _)| covers(other, path) || covers(path, other))?;
        Some((path.clone(), other.1))
    };
    if let Some((path, first)) = paths.iter().find_map(clash) {
        found.error(Problem::OverlappingPaths { path, first: found.report.place(first) });
        return None;
    }
    swept.extend(paths.iter().map(|path| (path.clone(), found.span)));
    Some(paths)
}

/// Whatever `path` matches is beneath the folder `folder`, or is the same pattern. Two patterns that merely may meet are not told.
fn covers(folder: &Path, path: &Path) -> bool {
    let is_pattern = |part: &OsStr| part.as_encoded_bytes().iter().any(|byte| b"*?".contains(byte));
    let fixed: PathBuf = path.iter().take_while(|part| !is_pattern(part)).collect();
    folder == path || (!folder.iter().any(is_pattern) && fixed.starts_with(folder))
}

fn smart_card(section: &Section<'_>) -> SmartCardConfig {
    let default = SmartCardConfig::default();
    let seconds = Duration::from_secs;
    SmartCardConfig {
        pin_counter: section.get("pin_counter", Found::word).unwrap_or(default.pin_counter),
        answer_timeout: section
            .get("answer_timeout", |found| found.duration(seconds(1), seconds(300)))
            .unwrap_or(default.answer_timeout),
        pkcs11_module: section.get("pkcs11_module", Found::path),
        pkcs11_timeout: section
            .get("pkcs11_timeout", |found| found.duration(seconds(1), seconds(300)))
            .unwrap_or(default.pkcs11_timeout),
    }
}

fn name(found: &Found<'_>, seen: &mut BTreeMap<DeclaredId, Span>) -> Option<DeclaredId> {
    let name: DeclaredId = found.parsed(Form::Id)?;
    if name.as_str() == DECLARED_SOURCE {
        found.error(Problem::ReservedName);
        return None;
    }
    if let Some(first) = seen.get(&name) {
        let first = found.report.place(*first);
        found.error(Problem::DuplicateId { thing: Thing::Source, id: name.to_string(), first });
        return None;
    }
    seen.insert(name.clone(), found.span);
    Some(name)
}
