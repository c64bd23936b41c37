//! FINESS numbers.

use super::{Bare, Checked, IdentifierKind, InvalidIdentifier, check_digit, identifier};
use crate::domain::profile::Environment;

identifier! {
    /// FINESS number of a legal entity (*juridique*) or a site (*géographique*): 9 characters, department first (`2A` and
    /// `2B` in Corsica), Luhn key last after reading `2A` as 21 and `2B` as 22.
    Finess
}

impl Finess {
    /// Spaces in `text` are removed, so that `75 071 218 4` as the register prints it will do. TEST numbers
    /// (`0B0057881`) are held to their length.
    ///
    /// # Errors
    /// Another length, a letter outside a Corsican department, a wrong check digit.
    pub fn parse(text: &str, environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        let kind = IdentifierKind::Finess;
        let bare = Bare::new(kind, text)?;
        if environment == Environment::Production {
            let corsican = bare.text.starts_with("2A") || bare.text.starts_with("2B");
            bare.refuse_character(|place, c| c.is_ascii_digit() || (place == 2 && corsican))?;
            bare.refuse_zeros()?;
            bare.checked_by(kind.length(), check_digit::finess)?;
        }
        Ok(Checked::plain(Self(bare.into_arc())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    fn fault(text: &str) -> Fault {
        Finess::parse(text, Environment::Production).expect_err(text).fault
    }

    #[test]
    fn mainland_and_corsica() {
        for text in ["750712184", "75 071 218 4", "590780193", "2A0000014", "2b 000 002 0"] {
            assert!(Finess::parse(text, Environment::Production).is_ok(), "{text}");
        }
        assert_eq!(fault("750712185"), Fault::CheckDigit { found: '5', wanted: '4', place: 9 });
        assert_eq!(fault("2C0000014"), Fault::Character { found: 'C', place: 2 });
        assert_eq!(fault("75A712184"), Fault::Character { found: 'A', place: 3 });
        assert_eq!(fault("7507121840"), Fault::Length { found: 10, wanted: 9 });
    }

    #[test]
    fn test_numbers_are_held_to_their_length() {
        for text in ["0B0057881", "0B0073160", "0B0062640"] {
            assert!(Finess::parse(text, Environment::Test).is_ok(), "{text}");
            assert_eq!(fault(text), Fault::Character { found: 'B', place: 2 });
        }
        assert!(Finess::parse("0B005788", Environment::Test).is_err());
    }
}
