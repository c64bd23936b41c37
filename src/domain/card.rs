//! Declared CPx cards.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::identifier::CardNumber;
use super::offer::{UnknownWord, spelled};
use super::person::DeclaredId;

spelled! {
    /// Card types of the CPx family (CGU 4.1).
    CardKind, "card kind" {
        /// Carte de professionnel de santé.
        Cps = "CPS",
        /// Carte de professionnel en formation.
        Cpf = "CPF",
        /// Carte de directeur d'établissement.
        Cde = "CDE",
        /// Carte de personnel d'établissement.
        Cpe = "CPE",
        /// Carte de directeur de structure autorisée.
        Cda = "CDA",
        /// Carte de personnel de structure autorisée.
        Cpa = "CPA",
    }
}

/// Who answers for a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardHolder {
    /// A nominative card.
    Person(DeclaredId),
    /// A CPE *de service*: bound to a post, and assigned to one person at a time (CGU 4.3).
    Service {
        /// The post or service.
        service: String,
        /// The person it is assigned to now.
        assigned_to: Option<DeclaredId>,
    },
}

/// A declared card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCard {
    /// The ten digits printed on the card.
    pub number: CardNumber,
    /// Its kind.
    pub kind: CardKind,
    /// Its holder.
    pub holder: CardHolder,
    /// The structure it was ordered for.
    pub structure: Option<DeclaredId>,
}
