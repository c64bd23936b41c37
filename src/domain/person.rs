//! Persons of the register and the mandates they hold. The register knows them by id; names stay out of logs and the audit.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::identifier::CardNumber;
use super::offer::{Offer, UnknownWord, Usage, spelled};

/// The name an administrator gives to a structure, person or certificate: 1 to 64 of `a-z A-Z 0-9 . _ -`, first a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DeclaredId(Arc<str>);

impl DeclaredId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeclaredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?} (1 to 64 letters without accent, digits, '.', '_' or '-', first a letter or digit)")]
pub struct InvalidId(String);

impl FromStr for DeclaredId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if first && rest && text.len() <= 64 { Ok(Self(text.into())) } else { Err(InvalidId(text.to_owned())) }
    }
}

/// A person of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name used in the declaration; the only one that reaches logs, metrics and the audit.
    pub id: DeclaredId,
    /// Civil name, for forms and pages.
    pub name: Option<String>,
    /// Mail addresses, at least one for anybody who is to be warned.
    pub mails: Vec<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// The card this person signs in to the portal with.
    pub card: Option<CardNumber>,
    /// The editor or other firm this person works for, when not of the house.
    pub firm: Option<String>,
    /// Account on this machine, by name or number: who acts over the socket is this person of the register.
    pub login: Option<String>,
}

spelled! {
    /// What a mandate lets its holder do.
    Role, "role" {
        /// Représentant légal.
        RepresentantLegal = "representant_legal",
        /// Mandataire named by the représentant légal.
        Mandataire = "mandataire",
        /// Administrateur technique: requests, withdraws, revokes and follows certificates.
        AdministrateurTechnique = "administrateur_technique",
        /// Somebody to warn, without rights on the portal.
        Contact = "contact",
    }
}

/// A pair of offer and usage, written `ORG/AUTH_CLI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferUsage {
    /// The offer.
    pub offer: Offer,
    /// The usage, one of [`Offer::usages`].
    pub usage: Usage,
}

impl fmt::Display for OfferUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.offer, self.usage)
    }
}

/// A declared mandate: who may do what for which structure, since and until when, on which paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Holder.
    pub person: DeclaredId,
    /// For whom.
    pub structure: DeclaredId,
    /// As what.
    pub role: Role,
    /// The offers and usages of an administrateur technique; empty means every one.
    pub offers: Vec<OfferUsage>,
    /// Domains, servers or mail domains the F413 restricts the mandate to; empty means no restriction.
    pub perimeter: Vec<String>,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day, included; `None` while open-ended.
    pub until: Option<NaiveDate>,
    /// The paper it stands on, such as `F413 of 2026-03-01`.
    pub source: Option<String>,
}
