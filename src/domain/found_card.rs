//! A CPx card as a reader showed it: what its chip says without any code, and where it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use super::identifier::CardNumber;
use super::inventory::{Inventory, SourceState};
use super::observation::{Location, Problem, SourceName};
use super::offer::{Offer, UnknownWord, spelled};
use super::profile::{Environment, PersonRef, StructureRef};
use super::time::Timestamp;

spelled! {
    /// The chip, recognised by its ATR.
    CardGeneration, "card generation" {
        /// In use until 2021.
        Cps2ter = "CPS2ter",
        /// IAS-ECC.
        Cps3 = "CPS3",
        /// The same chip over the air: another application, fewer files.
        Cps3Contactless = "CPS3 contactless",
        /// ChipDoc.
        Cps4 = "CPS4",
        /// The historical bytes are those of the family, the generation is none of those.
        Unknown = "CPx",
    }
}

spelled! {
    /// Where the number of a card was read.
    NumberSource, "source of a card number" {
        /// Extension 1.2.250.1.71.1.2.3 of a certificate of the card.
        Certificate = "certificate",
        /// The label of the application, `CPS3v3-2900995235`.
        Label = "label",
    }
}

/// The serial number of the chip: the eight digits of EF.SN.ICC after the issuer's `8025000001`. It is not the number printed on
/// the card.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChipSerial(Arc<str>);

impl ChipSerial {
    /// Eight digits, or nothing.
    pub fn new(digits: &str) -> Option<Self> {
        (digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| Self(digits.into()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChipSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What names a card in locations and findings: its number and its chip. Prints as `2600301752@99213845`, without the number as
/// `@99213845`: two chips with one number stay two cards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardName {
    /// The number, where the card says it.
    pub number: Option<CardNumber>,
    /// The chip.
    pub chip: ChipSerial,
}

impl fmt::Display for CardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number.as_ref().map_or("", CardNumber::as_str);
        write!(f, "{number}@{}", self.chip)
    }
}

impl FromStr for CardName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownWord { what: "card", found: text.to_owned(), allowed: "NUMBER@CHIP".to_owned() };
        let (number, chip) = text.split_once('@').ok_or_else(unknown)?;
        let number = match number {
            "" => None,
            digits => {
                let read = CardNumber::parse(digits, Environment::Production).map_err(|_| unknown())?;
                Some(read.value)
            }
        };
        Ok(Self { number, chip: ChipSerial::new(chip).ok_or_else(unknown)? })
    }
}

/// The problem of a card whose chip serial number another card gives too.
pub const CHIP_TWICE: &str = "chip_twice";

/// Tries left of the holder's code (CGU 4.5.2: the third wrong one blocks the card).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeTries {
    /// 0: blocked.
    pub left: u8,
    /// Where the card says it.
    pub most: Option<u8>,
}

/// A certificate of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCertificate {
    /// As the card calls it: `Certificat d'Authentification CPS`.
    pub label: Arc<str>,
    /// In the inventory.
    pub fingerprint: Fingerprint,
}

/// A card, as last read. What its certificates say is in the inventory: [`CardFacts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCard {
    /// The number printed on it, where the card says it.
    pub number: Option<CardNumber>,
    /// Where that was read.
    pub number_from: Option<NumberSource>,
    /// The chip.
    pub chip: ChipSerial,
    /// The label of its application.
    pub label: Option<Arc<str>>,
    /// The chip's generation.
    pub generation: CardGeneration,
    /// Its certificates, in the order of the card.
    pub certificates: Arc<[CardCertificate]>,
    /// Tries left, where it was asked and said.
    pub tries: Option<CodeTries>,
    /// What could not be read of it.
    pub problems: Arc<[Problem]>,
    /// The source that saw it.
    pub source: SourceName,
    /// The readers it is in now; empty when it is in none.
    pub readers: Arc<[Arc<str>]>,
    /// The reader it was last in.
    pub last_reader: Arc<str>,
    /// First read by this database.
    pub first_seen: Timestamp,
    /// The last instant it was known to be in a reader. While it is in one, not kept up: now.
    pub last_seen: Timestamp,
    /// When it was read.
    pub read_at: Timestamp,
}

impl FoundCard {
    /// Its name.
    pub fn name(&self) -> CardName {
        CardName { number: self.number.clone(), chip: self.chip.clone() }
    }

    /// Where its certificates are.
    pub fn location(&self) -> Location {
        Location::Card(Arc::new(self.name()))
    }

    /// The certificates of both say a number, and not the same: two cards, whatever their chips say.
    pub fn is_another_than(&self, other: &Self) -> bool {
        let by_certificate = |card: &Self| card.number_from == Some(NumberSource::Certificate);
        by_certificate(self) && by_certificate(other) && self.number != other.number
    }

    /// The third wrong code was given.
    pub fn is_blocked(&self) -> bool {
        self.tries.is_some_and(|tries| tries.left == 0)
    }

    /// Not seen since this instant; `None` while a source that works sees it.
    pub fn not_seen_since(&self, source: Option<&SourceState>) -> Option<Timestamp> {
        if self.readers.is_empty() {
            return Some(self.last_seen);
        }
        match source {
            Some(state) if state.failure.is_none() => None,
            Some(state) => Some(state.last_success.map_or(self.last_seen, |success| success.max(self.last_seen))),
            None => Some(self.last_seen),
        }
    }
}

/// What the certificates of a card say of it together.
#[derive(Debug, Clone, Default)]
pub struct CardFacts<'a> {
    /// Its certificates, with the card's own names for them.
    pub certificates: Vec<(&'a CardCertificate, &'a Certificate)>,
    /// CPS, CPF, CDE/CPE or CDA/CPA (TRE_G02): director and staff cards share a type.
    pub family: Option<Offer>,
    /// A card *de service*, with a pseudonym for a name (CGU 4.3).
    pub service: bool,
    /// Production or TEST.
    pub environment: Option<Environment>,
    /// The holder's structure.
    pub structure: Option<&'a StructureRef>,
    /// The holder, by number.
    pub person: Option<&'a PersonRef>,
    /// The end of the card: the earliest end of its certificates, and the certificate that says it. No end is read off the chip
    /// itself, and none is ever reckoned from the age of the card: a CPS3 lasts three years, a CPS4 six.
    pub end: Option<(Timestamp, &'a CardCertificate)>,
    /// The first day of its certificates: about when the card was made.
    pub begun: Option<Timestamp>,
}

impl Inventory {
    /// What the certificates of a card say of it.
    pub fn card_facts<'a>(&'a self, card: &'a FoundCard) -> CardFacts<'a> {
        let mut facts = CardFacts::default();
        for held in card.certificates.iter() {
            let Some(record) = self.certificate(&held.fingerprint) else { continue };
            let certificate = &*record.facts;
            let profile = &certificate.profile;
            facts.certificates.push((held, certificate));
            facts.family = facts.family.or(profile.offer.filter(|offer| !offer.is_software()));
            facts.service |= profile.service_card;
            facts.environment = facts.environment.or(profile.environment);
            facts.structure = facts.structure.or(profile.structure.as_ref());
            facts.person = facts.person.or(profile.person.as_ref());
            if facts.end.is_none_or(|(end, _)| certificate.end() < end) {
                facts.end = Some((certificate.end(), held));
            }
            facts.begun = Some(facts.begun.map_or(certificate.not_before, |begun| begun.min(certificate.not_before)));
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for text in ["2600301752@99213845", "@99213845"] {
            assert_eq!(text.parse::<CardName>().expect("a name").to_string(), text);
        }
        for text in ["", "2600301752", "2600301752@", "1@99213845", "2600301752@9921384", "2600301752@9921384x"] {
            assert!(text.parse::<CardName>().is_err(), "{text}");
        }
    }
}
