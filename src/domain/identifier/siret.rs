//! SIRET numbers.

use super::{
    Bare, Checked, Fault, IdentifierKind, IdentifierWarning, InvalidIdentifier, Siren, check_digit, identifier,
};
use crate::domain::profile::Environment;

identifier! {
    /// SIRET number of an establishment: SIREN and 5 digits, Luhn over the 14. Establishments of La Poste follow a rule of
    /// their own, and those of Monaco may carry letters.
    Siret
}

/// SIREN of La Poste: so many establishments that Luhn-valid numbers ran out. Their digits sum to a multiple of 5; the
/// head office kept its Luhn-valid number.
const LA_POSTE: &str = "356000000";

impl Siret {
    /// Spaces in `text` are removed; TEST numbers are held to their length. A number of Monaco (`MONACOCONFO001`) comes
    /// with a warning.
    ///
    /// # Errors
    /// Another length, a character that is no digit, a wrong check digit.
    pub fn parse(text: &str, environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        let bare = Bare::new(IdentifierKind::Siret, text)?;
        if environment == Environment::Test {
            return Ok(Checked::plain(Self(bare.into_arc())));
        }
        if bare.text.starts_with("MONACO") {
            let warning = Some(IdentifierWarning::MonacoSiret);
            return Ok(Checked { value: Self(bare.into_arc()), warning });
        }
        bare.digits_only()?;
        bare.refuse_zeros()?;
        if bare.text.starts_with(LA_POSTE) {
            if !check_digit::siret(&bare.text) {
                return Err(bare.fault(Fault::LaPosteSum));
            }
        } else {
            bare.checked_by(IdentifierKind::Siret.length(), check_digit::siret)?;
        }
        Ok(Checked::plain(Self(bare.into_arc())))
    }

    /// An establishment of this legal person.
    pub fn belongs_to(&self, siren: &Siren) -> bool {
        self.as_str().starts_with(siren.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        Siret::parse(text, Environment::Production).expect_err(text).fault
    }

    #[test]
    fn real_numbers() {
        for text in ["187 512 751 00020", "18751275100020", "187\u{a0}512\u{202f}751 00020"] {
            let checked = Siret::parse(text, Environment::Production).expect(text);
            assert_eq!((checked.value.as_str(), checked.warning), ("18751275100020", None));
        }
        assert_eq!(fault("18751275100021"), Fault::CheckDigit { found: '1', wanted: '0', place: 14 });
        assert_eq!(fault("1875127510002"), Fault::Length { found: 13, wanted: 14 });
        assert_eq!(fault("1875127510002O"), Fault::Character { found: 'O', place: 14 });
    }

    #[test]
    fn la_poste_has_its_own_rule() {
        for text in ["35600000000048", "35600000049837"] {
            assert!(Siret::parse(text, Environment::Production).is_ok(), "{text}");
        }
        assert_eq!(fault("35600000049838"), Fault::LaPosteSum);
    }

    #[test]
    fn monaco_is_accepted_with_a_warning() {
        let checked = Siret::parse("MONACOCONFO001", Environment::Production).expect("Monaco");
        assert_eq!(checked.warning, Some(IdentifierWarning::MonacoSiret));
        assert_eq!(fault("PARISXCONFO001"), Fault::Character { found: 'P', place: 1 });
    }

    #[test]
    fn test_numbers_are_held_to_their_length() {
        for text in ["00000000077081", "00000000077082", "0000000007708B"] {
            assert!(Siret::parse(text, Environment::Test).is_ok(), "{text}");
        }
        assert!(Siret::parse("0000000007708", Environment::Test).is_err());
        assert!(Siret::parse("0000000007708-", Environment::Test).is_err());
    }
}
