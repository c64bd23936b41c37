//! National identifiers as checked types: FINESS, SIREN, SIRET, RPPS, RPPS rang, ADELI, card number.

pub mod check_digit;

use std::fmt;
use std::sync::Arc;

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The digits as printed, without spaces.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

identifier! {
    /// FINESS number.
    Finess
}
identifier! {
    /// SIREN number.
    Siren
}
identifier! {
    /// SIRET number.
    Siret
}
identifier! {
    /// RPPS rang.
    RppsRang
}
identifier! {
    /// Card number.
    CardNumber
}
