//! What an IGC-Santé certificate says of itself: environment, gamme, offer, usage, structure, person, card.

use std::sync::Arc;

use serde::Serialize;

use super::offer::{Offer, UnknownWord, Usage, spelled};

use std::fmt;
use std::str::FromStr;

spelled! {
    /// Real or test hierarchy.
    Environment, "environment" {
        /// Issued under a production authority.
        Production = "production",
        /// Issued under a `TEST` authority, or with a product category of 0x80 and above.
        Test = "test",
    }
}

spelled! {
    /// Assurance level: which of the three roots.
    Gamme, "gamme" {
        /// AC RACINE IGC-SANTE ELEMENTAIRE.
        Elementaire = "elementaire",
        /// AC RACINE IGC-SANTE STANDARD.
        Standard = "standard",
        /// AC RACINE IGC-SANTE FORT.
        Fort = "fort",
    }
}

spelled! {
    /// Which of the two intermediates below each root.
    IgcDomain, "domain" {
        /// Legal persons.
        Organisations = "organisations",
        /// Natural persons.
        Personnes = "personnes",
    }
}

spelled! {
    /// What carries the key.
    Support, "support" {
        /// A CPx card.
        Card = "card",
        /// A file or keystore.
        Software = "software",
    }
}

spelled! {
    /// How the structure of a certificate is numbered (TRE_G07, first digit of Struct_IdNat).
    StructureScheme, "structure scheme" {
        /// Type 1: FINESS, juridique or géographique not told apart.
        Finess = "finess",
        /// Type 3.
        Siret = "siret",
        /// Type 2.
        Siren = "siren",
        /// Type 4: practice of an RPPS holder.
        RppsRang = "rpps_rang",
        /// Type 0: practice of an ADELI holder.
        Adeli = "adeli",
    }
}

spelled! {
    /// How the person of a certificate is numbered (TRE_G08, first digit of PS_IdNat).
    PersonScheme, "person scheme" {
        /// Type 8.
        Rpps = "rpps",
        /// Type 0.
        Adeli = "adeli",
        /// Type 3: FINESS, slash, number in the register of the structure.
        FinessRegister = "finess_register",
        /// Type 5: SIRET, slash, number in the register of the structure.
        SiretRegister = "siret_register",
    }
}

/// A structure number read off a certificate (the OU of ORG, SERV and CPE subjects).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct StructureRef {
    /// `None` for a type digit without a known meaning.
    pub scheme: Option<StructureScheme>,
    /// The number without its type digit.
    pub id: Arc<str>,
    /// Length and check digit are right; TEST identifiers are only held to the length.
    pub valid: bool,
}

/// A person number read off a certificate (the CN of person certificates).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PersonRef {
    /// `None` for a type digit without a known meaning.
    pub scheme: Option<PersonScheme>,
    /// The number without its type digit.
    pub id: Arc<str>,
}

/// The IGC-Santé reading of a certificate. Every field is `None` where the bytes do not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Profile {
    /// Production or test.
    pub environment: Option<Environment>,
    /// Which root.
    pub gamme: Option<Gamme>,
    /// Which intermediate.
    pub domain: Option<IgcDomain>,
    /// Card or software.
    pub support: Option<Support>,
    /// Product family. ORG and SERV cannot be told apart on a SIGN certificate: the declared offer is the truth.
    pub offer: Option<Offer>,
    /// What the key is for.
    pub usage: Option<Usage>,
    /// The structure in the OU.
    pub structure: Option<StructureRef>,
    /// The person in the CN.
    pub person: Option<PersonRef>,
    /// The ten digits of extension 1.2.250.1.71.1.2.3.
    pub card_number: Option<Arc<str>>,
    /// A card *de service*: issued to a post, with a pseudonym instead of a name (CGU 4.3).
    pub service_card: bool,
    /// The issuer and the product category disagree on the environment.
    pub contradictory_environment: bool,
}

impl Profile {
    /// Issued by one of the nine IGC-Santé authorities or their TEST twins.
    pub fn is_igc_sante(&self) -> bool {
        self.gamme.is_some()
    }
}
