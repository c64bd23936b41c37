//! Numbers of CPx cards.

use super::{Bare, Checked, IdentifierKind, InvalidIdentifier, identifier};
use crate::domain::profile::Environment;

identifier! {
    /// Number of a CPx card: the ten digits printed on it (third line, says form F420), which extension
    /// 1.2.250.1.71.1.2.3 of its certificates repeats. It has no check digit.
    CardNumber
}

impl CardNumber {
    /// Spaces in `text` are removed. `environment` changes nothing: TEST cards are numbered alike.
    ///
    /// # Errors
    /// Anything but ten digits.
    pub fn parse(text: &str, _environment: Environment) -> Result<Checked<Self>, InvalidIdentifier> {
        let bare = Bare::new(IdentifierKind::CardNumber, text)?;
        bare.digits_only()?;
        bare.refuse_zeros()?;
        Ok(Checked::plain(Self(bare.into_arc())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_digits() {
        let number = CardNumber::parse("26 0030 1752", Environment::Production).expect("ten digits").value;
        assert_eq!(number.as_str(), "2600301752");
        for text in ["260030175", "26003017522", "260030175A", "0000000000", ""] {
            assert!(CardNumber::parse(text, Environment::Production).is_err(), "{text}");
        }
    }
}
