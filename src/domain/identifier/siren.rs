//! SIREN numbers.

use super::{Checked, IdentifierKind, InvalidIdentifier, check_digit, identifier, parse_digits};
use crate::domain::profile::Environment;

identifier! {
    /// SIREN number of a legal person: 9 digits, Luhn.
    Siren
}

impl Siren {
    /// Spaces in `text` are removed; TEST numbers are held to their length.
    ///
    /// # Errors
    /// Another length, a character that is no digit, a wrong check digit.
    pub fn parse(text: &str, environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        parse_digits(IdentifierKind::Siren, text, environment, check_digit::siren)
            .map(|text| Checked::plain(Self(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn() {
        assert_eq!(Siren::parse("187 512 751", Environment::Production).expect("ANS").value.as_str(), "187512751");
        assert!(Siren::parse("187512752", Environment::Production).is_err());
        assert!(Siren::parse("187512752", Environment::Test).is_ok());
    }
}
