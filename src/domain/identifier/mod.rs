//! National identifiers as checked types: FINESS, SIREN, SIRET, RPPS, RPPS rang, ADELI, card number.
//!
//! A value of one of these types has the right length, alphabet and check digit, except that identifiers of the TEST
//! hierarchy are held to their length alone: ANS gives them letters and keys that no real number has.

mod adeli;
mod card_number;
pub mod check_digit;
mod finess;
mod rpps;
mod siren;
mod siret;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

pub use adeli::Adeli;
pub use card_number::CardNumber;
pub use finess::Finess;
pub use rpps::{Rpps, RppsRang};
pub use siren::Siren;
pub use siret::Siret;

use super::offer::{UnknownWord, spelled};
use super::profile::Environment;

/// A checked value, and what is odd about it without being wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// The identifier.
    pub value: T,
    /// Why a person should look at it again.
    pub warning: Option<IdentifierWarning>,
}

impl<T> Checked<T> {
    const fn plain(value: T) -> Self {
        Self { value, warning: None }
    }
}

/// What is odd about an accepted identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierWarning {
    /// An establishment in Monaco, whose number may carry letters and has no check digit.
    #[error("a SIRET of Monaco has no check digit: compare it with the register")]
    MonacoSiret,
}

spelled! {
    /// The families of identifiers.
    IdentifierKind, "identifier kind" {
        /// FINESS, juridique or géographique.
        Finess = "finess",
        /// SIREN.
        Siren = "siren",
        /// SIRET.
        Siret = "siret",
        /// RPPS.
        Rpps = "rpps",
        /// Practice of an RPPS holder.
        RppsRang = "rpps_rang",
        /// ADELI.
        Adeli = "adeli",
        /// Number of a CPx card.
        CardNumber = "card_number",
    }
}

impl IdentifierKind {
    /// The name people use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finess => "FINESS",
            Self::Siren => "SIREN",
            Self::Siret => "SIRET",
            Self::Rpps => "RPPS",
            Self::RppsRang => "RPPS-rang",
            Self::Adeli => "ADELI",
            Self::CardNumber => "card",
        }
    }

    /// Number of characters, spaces not counted.
    pub const fn length(self) -> usize {
        match self {
            Self::Finess | Self::Siren | Self::Adeli => 9,
            Self::CardNumber => 10,
            Self::Rpps => 11,
            Self::Siret | Self::RppsRang => 14,
        }
    }
}

/// Text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} number {found:?}: {fault}", .kind.name())]
pub struct InvalidIdentifier {
    /// What it should have been.
    pub kind: IdentifierKind,
    /// The text without its spaces, cut at 40 characters.
    pub found: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with an identifier. Places count from 1, spaces not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing but spaces.
    #[error("empty")]
    Empty,
    /// Too short or too long.
    #[error("{found} characters where {wanted} are wanted")]
    Length {
        /// Characters given.
        found: usize,
        /// Characters wanted.
        wanted: usize,
    },
    /// A character that cannot stand there.
    #[error("{found:?} cannot stand at place {place}")]
    Character {
        /// The character.
        found: char,
        /// Where.
        place: usize,
    },
    /// The check digit does not fit the digits before it: one of them, or the check digit, is mistyped.
    #[error("check digit {found} at place {place} where the digits before it want {wanted}")]
    CheckDigit {
        /// The digit given.
        found: char,
        /// The digit that would fit.
        wanted: char,
        /// Where.
        place: usize,
    },
    /// An establishment of La Poste whose digits do not sum to a multiple of five.
    #[error("the digits of a La Poste establishment sum to a multiple of 5")]
    LaPosteSum,
    /// Zeros only: a placeholder.
    #[error("zeros only")]
    Zeros,
}

/// Declares an identifier type over its bare characters.
macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) std::sync::Arc<str>);

        impl $name {
            /// The characters as printed, without spaces.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
use identifier;

/// The text of an identifier without its spaces (of any width: numbers are pasted from documents), in capitals.
struct Bare {
    kind: IdentifierKind,
    text: String,
}

impl Bare {
    /// Non-empty, letters and digits only, of the right length.
    fn new(kind: IdentifierKind, text: &str) -> Result<Self, InvalidIdentifier> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let bare = Self { kind, text };
        let found = bare.text.chars().count();
        if found == 0 {
            return Err(bare.fault(Fault::Empty));
        }
        bare.refuse_character(|_, c| c.is_ascii_alphanumeric())?;
        if found != kind.length() {
            return Err(bare.fault(Fault::Length { found, wanted: kind.length() }));
        }
        Ok(bare)
    }

    /// The first character that `allowed` refuses at its place (from 1) is the fault.
    fn refuse_character(&self, allowed: impl Fn(usize, char) -> bool) -> Result<(), InvalidIdentifier> {
        match self.text.chars().enumerate().map(|(at, c)| (at + 1, c)).find(|(place, c)| !allowed(*place, *c)) {
            None => Ok(()),
            Some((place, found)) => Err(self.fault(Fault::Character { found, place })),
        }
    }

    fn digits_only(&self) -> Result<(), InvalidIdentifier> {
        self.refuse_character(|_, c| c.is_ascii_digit())
    }

    fn refuse_zeros(&self) -> Result<(), InvalidIdentifier> {
        if self.text.bytes().all(|byte| byte == b'0') { Err(self.fault(Fault::Zeros)) } else { Ok(()) }
    }

    /// Holds the first `length` characters, whose last is the check digit, to `check`.
    fn checked_by(&self, length: usize, check: fn(&str) -> bool) -> Result<(), InvalidIdentifier> {
        let head = self.text.get(..length).unwrap_or(&self.text);
        if check(head) {
            return Ok(());
        }
        let mut body = head.to_owned();
        let found = body.pop().unwrap_or_default();
        // Every digit moves a Luhn sum by another amount modulo 10, so one always fits.
        let wanted = ('0'..='9').find(|digit| check(&format!("{body}{digit}"))).unwrap_or('?');
        Err(self.fault(Fault::CheckDigit { found, wanted, place: length }))
    }

    fn fault(&self, fault: Fault) -> InvalidIdentifier {
        InvalidIdentifier { kind: self.kind, found: self.text.chars().take(40).collect(), fault }
    }

    fn into_arc(self) -> Arc<str> {
        self.text.into()
    }
}

/// The common case: digits only, a check digit over the whole, relaxed to the length for TEST.
fn parse_digits(
    kind: IdentifierKind,
    text: &str,
    environment: Environment,
    check: fn(&str) -> bool,
) -> Result<Arc<str>, InvalidIdentifier> {
    let bare = Bare::new(kind, text)?;
    if environment == Environment::Production {
        bare.digits_only()?;
        bare.refuse_zeros()?;
        bare.checked_by(kind.length(), check)?;
    }
    Ok(bare.into_arc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_name_kind_text_and_fault() {
        for (text, said) in [
            (" ", r#"SIREN number "": empty"#),
            ("187 512 75", r#"SIREN number "18751275": 8 characters where 9 are wanted"#),
            ("187.512.751", r#"SIREN number "187.512.751": '.' cannot stand at place 4"#),
            ("18751275O", r#"SIREN number "18751275O": 'O' cannot stand at place 9"#),
            ("187512752", r#"SIREN number "187512752": check digit 2 at place 9 where the digits before it want 1"#),
            ("000000000", r#"SIREN number "000000000": zeros only"#),
        ] {
            let error = Siren::parse(text, Environment::Production).expect_err(text);
            assert_eq!(error.to_string(), said);
        }
    }

    #[test]
    fn found_text_is_bounded() {
        let error = Siren::parse(&"9".repeat(10_000), Environment::Production).expect_err("too long");
        assert_eq!(error.found.len(), 40);
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_what_it_accepts(text in "\\PC{0,20}|[0-9AB ]{8,18}") {
            for environment in Environment::ALL.iter().copied() {
                let accepted = [
                    Finess::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    Siren::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    Siret::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    Rpps::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    RppsRang::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    Adeli::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                    CardNumber::parse(&text, environment).map(|checked| checked.value.as_str().to_owned()),
                ];
                let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                for value in accepted.into_iter().flatten() {
                    prop_assert_eq!(value, bare.to_ascii_uppercase());
                }
            }
        }
    }
}
