//! A structure: the legal person or practice that certificates and cards belong to.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::Serialize;

use super::identifier::{Finess, RppsRang, Siren, Siret};
use super::offer::{UnknownWord, spelled};
use super::person::DeclaredId;
use super::profile::{Environment, StructureRef, StructureScheme};

spelled! {
    /// Kinds of structure, as far as the FINESS notice of the ANS forms tells them apart.
    StructureKind, "structure kind" {
        /// Établissement hospitalier public.
        PublicHospital = "public_hospital",
        /// Centre de dialyse ou d'auto-dialyse.
        Dialysis = "dialysis",
        /// Établissement médico-social.
        MedicoSocial = "medico_social",
        /// Laboratoire de biologie médicale.
        Laboratory = "laboratory",
        /// Officine de pharmacie.
        Pharmacy = "pharmacy",
        /// Centre de santé.
        HealthCentre = "health_centre",
        /// Maison de santé.
        HealthHouse = "health_house",
        /// Établissement hospitalier privé non lucratif.
        PrivateNonProfit = "private_non_profit",
        /// Établissement sanitaire à but lucratif.
        PrivateForProfit = "private_for_profit",
        /// Cabinet libéral, known by its RPPS rang.
        Practice = "practice",
        /// Éditeur, hébergeur, intégrateur.
        Editor = "editor",
        /// Anything else.
        Other = "other",
    }
}

/// Which of the two FINESS numbers the notice of F413 wants on the certificates of the Ségur services (DMP, INSi).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinessRule {
    /// The number of the legal entity.
    Juridique,
    /// The number of the site.
    Geographique,
    /// The notice does not say.
    Either,
}

impl StructureKind {
    /// The rule of the notice for this kind.
    pub const fn finess_rule(self) -> FinessRule {
        match self {
            Self::PublicHospital | Self::Dialysis | Self::MedicoSocial => FinessRule::Juridique,
            Self::Laboratory
            | Self::Pharmacy
            | Self::HealthCentre
            | Self::HealthHouse
            | Self::PrivateNonProfit
            | Self::PrivateForProfit => FinessRule::Geographique,
            Self::Practice | Self::Editor | Self::Other => FinessRule::Either,
        }
    }
}

/// A declared structure. Identifiers are already checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Name used in the declaration.
    pub id: DeclaredId,
    /// Full name.
    pub name: String,
    /// Kind.
    pub kind: StructureKind,
    /// `test` relaxes the identifier checks, for structures of the TEST hierarchy.
    pub environment: Environment,
    /// FINESS of the legal entity.
    pub finess_juridique: Option<Finess>,
    /// FINESS of the sites.
    pub finess_geographique: Vec<Finess>,
    /// SIREN.
    pub siren: Option<Siren>,
    /// SIRET of the head office and other establishments.
    pub siret: Vec<Siret>,
    /// Practices of an RPPS holder.
    pub rpps_rang: Vec<RppsRang>,
    /// The day ANS received the *contrat d'adhésion*: it lasts a year from it and is renewed by itself for a year (contract 2.5).
    pub contract_date: Option<NaiveDate>,
}

impl Structure {
    /// The number read off a certificate is one of this structure's.
    pub fn owns(&self, found: &StructureRef) -> bool {
        let id = &*found.id;
        match found.scheme {
            Some(StructureScheme::Finess) => {
                self.finess_juridique.iter().chain(&self.finess_geographique).any(|finess| finess.as_str() == id)
            }
            Some(StructureScheme::Siret) => self.siret.iter().any(|siret| siret.as_str() == id),
            Some(StructureScheme::Siren) => {
                self.siren.iter().any(|siren| siren.as_str() == id)
                    || self.siret.iter().any(|siret| siret.as_str().get(..9) == Some(id))
            }
            Some(StructureScheme::RppsRang) => self.rpps_rang.iter().any(|rang| rang.as_str() == id),
            Some(StructureScheme::Adeli) | None => false,
        }
    }
}
