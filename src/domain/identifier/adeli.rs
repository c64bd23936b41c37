//! ADELI numbers.

use super::{Bare, Checked, IdentifierKind, InvalidIdentifier, identifier};
use crate::domain::profile::Environment;

identifier! {
    /// ADELI number: 9 characters. The rule of its key was never published in a form that could be confirmed, so only the
    /// length is held.
    Adeli
}

impl Adeli {
    /// Spaces in `text` are removed. `environment` changes nothing.
    ///
    /// # Errors
    /// Another length, or characters other than letters and digits.
    pub fn parse(text: &str, _environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        Bare::new(IdentifierKind::Adeli, text).map(|bare| Checked::plain(Self(bare.into_arc())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_to_its_length() {
        for text in ["759900019", "2A 990001 9"] {
            assert!(Adeli::parse(text, Environment::Production).is_ok(), "{text}");
        }
        for text in ["75990001", "7599000190", "75-990001"] {
            assert!(Adeli::parse(text, Environment::Production).is_err(), "{text}");
        }
    }
}
