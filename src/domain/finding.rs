//! A finding: one rule, one subject, and the facts a person needs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::identifier::CardNumber;
use super::observation::Location;
use super::offer::{UnknownWord, spelled};
use super::person::DeclaredId;
use super::time::Timestamp;

spelled! {
    /// How much a finding matters. Ordered.
    Severity, "severity" {
        /// Good to know.
        Info = "info",
        /// Somebody should act, and there is time.
        Warning = "warning",
        /// A service stops, or a renewal becomes impossible.
        Critical = "critical",
    }
}

/// What a finding is about. Prints as `kind:name`, except a location, which prints as itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A declared certificate, by id: `certificate:dmp`.
    Declared(DeclaredId),
    /// A certificate that was found: `sha256:…`.
    Found(Fingerprint),
    /// A public key: `spki:…`.
    Key(Fingerprint),
    /// A file or endpoint.
    Location(Location),
    /// A declared structure: `structure:chex`.
    Structure(DeclaredId),
    /// A source: `source:tls-folders`.
    Source(Arc<str>),
    /// A revocation list, by its first address: `crl:http://…`.
    Crl(Arc<str>),
    /// A CPx card, by its number: `card:2600301752`.
    Card(CardNumber),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared(id) => write!(f, "certificate:{id}"),
            Self::Found(fingerprint) => write!(f, "sha256:{fingerprint}"),
            Self::Key(fingerprint) => write!(f, "spki:{fingerprint}"),
            Self::Location(location) => fmt::Display::fmt(location, f),
            Self::Structure(id) => write!(f, "structure:{id}"),
            Self::Source(name) => write!(f, "source:{name}"),
            Self::Crl(address) => write!(f, "crl:{address}"),
            Self::Card(number) => write!(f, "card:{number}"),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Stable across ticks: the same trouble tomorrow has the same key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// The rule's code.
    pub code: Cow<'static, str>,
    /// [`Subject`] as printed, then ` @ ` and a place where one subject can have the same trouble in several.
    pub subject: Arc<str>,
}

/// Named facts of a finding, in the order the rule gives them. Values never depend on `now`: a day passing is not a change.
pub type Facts = Vec<(Cow<'static, str>, String)>;

/// What one rule says about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule and subject.
    pub key: FindingKey,
    /// How much it matters now.
    pub severity: Severity,
    /// What a text of this rule needs.
    pub facts: Facts,
}

impl Finding {
    /// A finding of rule `code` about `subject`.
    pub fn new(code: &'static str, severity: Severity, subject: &Subject) -> Self {
        let key = FindingKey { code: Cow::Borrowed(code), subject: subject.to_string().into() };
        Self { key, severity, facts: Vec::new() }
    }

    /// Tells findings of the same subject apart by place.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.key.subject = format!("{} @ {place}", self.key.subject).into();
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.facts.push((Cow::Borrowed(name), value.to_string()));
        self
    }

    /// The value of a fact.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A finding with its life: kept after it closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRecord {
    /// The finding as last judged.
    pub finding: Finding,
    /// First judged.
    pub since: Timestamp,
    /// No longer true from this instant; `None` while open.
    pub until: Option<Timestamp>,
}

/// What a new judgement changes in the open findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingChanges {
    /// New.
    pub opened: Vec<Finding>,
    /// Still true, with another severity or other facts.
    pub changed: Vec<Finding>,
    /// No longer true.
    pub closed: Vec<FindingKey>,
}

impl FindingChanges {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.changed.is_empty() && self.closed.is_empty()
    }
}
