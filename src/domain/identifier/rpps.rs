//! RPPS numbers of health professionals, and the numbers of their practices.

use super::{Bare, Checked, IdentifierKind, InvalidIdentifier, check_digit, identifier, parse_digits};
use crate::domain::profile::Environment;

identifier! {
    /// RPPS number of a person: 11 digits, the last being the Luhn key; nothing else in it means anything.
    Rpps
}

identifier! {
    /// "RPPS rang" of a practice: the RPPS number of its holder, two digits of rank, and a key.
    RppsRang
}

/// Length of the RPPS number a practice number begins with.
const RPPS_LENGTH: usize = IdentifierKind::Rpps.length();

impl Rpps {
    /// Spaces in `text` are removed; TEST numbers are held to their length.
    ///
    /// # Errors
    /// Another length, a character that is no digit, a wrong check digit.
    pub fn parse(text: &str, environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        parse_digits(IdentifierKind::Rpps, text, environment, check_digit::rpps).map(|text| Checked::plain(Self(text)))
    }
}

impl RppsRang {
    /// Spaces in `text` are removed; TEST numbers are held to their length. The rule of the last digit is inferred from
    /// published numbers: all of them are Luhn-valid as a whole.
    ///
    /// # Errors
    /// Another length, a character that is no digit, a wrong check digit in the RPPS number or at the end.
    pub fn parse(text: &str, environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        let kind = IdentifierKind::RppsRang;
        let bare = Bare::new(kind, text)?;
        if environment == Environment::Production {
            bare.digits_only()?;
            bare.refuse_zeros()?;
            bare.checked_by(RPPS_LENGTH, check_digit::rpps)?;
            bare.checked_by(kind.length(), check_digit::rpps_rang)?;
        }
        Ok(Checked::plain(Self(bare.into_arc())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    #[test]
    fn the_key_of_a_person() {
        assert!(Rpps::parse("99700 234 190", Environment::Production).is_ok());
        let error = Rpps::parse("99700234191", Environment::Production).expect_err("a wrong key");
        assert_eq!(error.fault, Fault::CheckDigit { found: '1', wanted: '0', place: 11 });
        assert!(Rpps::parse("99700234191", Environment::Test).is_ok());
    }

    #[test]
    fn both_keys_of_a_practice() {
        for text in ["99700234190004", "99700343942006", "99700367909006"] {
            assert!(RppsRang::parse(text, Environment::Production).is_ok(), "{text}");
        }
        let fault = |text| RppsRang::parse(text, Environment::Production).expect_err(text).fault;
        assert_eq!(fault("99700234191004"), Fault::CheckDigit { found: '1', wanted: '0', place: 11 });
        assert_eq!(fault("99700234190005"), Fault::CheckDigit { found: '5', wanted: '4', place: 14 });
        assert!(RppsRang::parse("99700234190005", Environment::Test).is_ok());
    }
}
